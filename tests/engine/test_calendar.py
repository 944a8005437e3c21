"""The calendar of what is due: order, blocks that come back, growth, and memory that follows what is under way."""

import numba
import numpy as np
import pytest

import brainsim as bs
from brainsim.engine import delivery
from brainsim.engine.assembly import LENGTH_BITS


@numba.njit
def file_spike(source, slot, rows, calendar):
    return delivery.file_spike(source, 0, slot, 0, rows, None, calendar)


@numba.njit
def deliver(slot, rows, calendar, state):
    delivery.deliver(slot, 0, rows, None, calendar, state)


def rows(delays, weighted):
    """Rows of one source for each list of delays, one synapse a segment; segment k goes to place k."""
    n = [len(some) for some in delays]
    total = sum(n)
    piece = np.array([k << LENGTH_BITS | 1 for k in range(total)], np.int64)
    shared = np.arange(total) + 1.0 if weighted else np.zeros(0)
    own = np.zeros(0, np.float32) if weighted else np.arange(total, dtype=np.float32) + 1.0
    return delivery.Rows(
        np.concatenate([[0], np.cumsum(n)]),
        1,
        piece,
        np.concatenate(delays).astype(np.uint16),
        shared,
        np.zeros(1, np.int64),
        np.arange(total, dtype=np.uint16),
        own,
    )


@pytest.mark.parametrize("weighted", [True, False], ids=["shared weights", "weights of their own"])
def test_everything_comes_when_it_is_due_and_blocks_come_back(weighted):
    """Random spikes over many turns of the ring, against a list; the store grows on the way."""
    rng = np.random.default_rng(1)
    table = rows([rng.integers(1, 6, size) for size in (0, 1, 90, 700)], weighted)
    calendar, state = delivery.new_calendar(6, 2, weighted, np.float64), np.zeros(800)
    expected, grown = np.zeros((60, 800)), 0
    for step in range(50):
        for source in rng.integers(0, 4, rng.integers(0, 4)):
            while file_spike(source, step % 6, table, calendar) == delivery.CALENDAR_FULL:
                calendar = delivery.grown_calendar(calendar)
                grown += 1
            segments = np.arange(table.first[source], table.first[source + 1])
            expected[step + table.delay[segments], segments] += segments + 1.0
        state[:] = 0.0
        deliver((step + 1) % 6, table, calendar, state)
        assert np.array_equal(state, expected[step + 1])
    assert grown >= 2
    for step in range(50, 56):
        deliver((step + 1) % 6, table, calendar, state)
    assert calendar.free[1] == len(calendar.piece)
    chain, block = set(), int(calendar.free[0])
    for _ in range(len(calendar.piece)):
        chain.add(block)
        block = int(calendar.following[block])
    assert chain == set(range(len(calendar.piece)))


def test_segments_are_delivered_in_the_order_in_which_they_were_filed():
    """Sums of floats depend on their order: 300 segments of one slot, over three blocks, onto one place."""
    weights = np.random.default_rng(2).normal(size=300) * 10.0 ** np.random.default_rng(3).integers(-8, 8, 300)
    table = rows([[1]] * 300, True)._replace(weight=weights, targets=np.zeros(300, np.uint16))
    calendar, state, total = delivery.new_calendar(2, 8, True, np.float64), np.zeros(1), 0.0
    for source in range(300):
        assert file_spike(source, 0, table, calendar) == delivery.FILED
        total += weights[source]
    deliver(1, table, calendar, state)
    assert state[0] == total


def test_memory_follows_what_is_under_way():
    """5,000 cells that fire at once, over and over, with delays of 100 ms: one volley is under way, in a thousand slots."""
    times = np.arange(1.0, 400.0, 100.0)
    train = bs.SpikeTrains(np.repeat(times, 5000), np.tile(np.arange(5000), times.size))
    sources = bs.Population(5000, train, name="sources")
    cells = bs.Population(5000, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.connect(sources, cells, bs.OneToOne(), weight=16.0, delay=100.0, synapse=bs.Delta())
    sim = bs.Simulation(net, dt=0.1, seed=1, threads=1)
    spikes = sim.run(500.0).spikes["cells"]
    assert np.array_equal(np.unique(spikes.times), times + 100.0)
    assert len(spikes) == 5000 * times.size
    assert sum(array.nbytes for array in sim._partitions[0].calendar) < 1_000_000
