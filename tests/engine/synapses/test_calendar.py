"""The calendar of what is due: order, blocks that come back, growth, and memory that follows what is under way."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.loop.program import CALENDAR_FULL, CONTINUE, new_progress
from brainsim.engine.synapses.calendar import BLOCK, calendar_fields, calendar_room, clear_calendar
from brainsim.engine.synapses.delivery import deliver, file_pending, file_slice
from brainsim.engine.synapses.kinds.kind import PER_SYNAPSE, SHARED
from brainsim.engine.synapses.segments import LENGTH_BITS, START_BITS
from brainsim.jit.records import Context, call
from tests.helpers.records import calendar_bytes

MOST = 500  # spikes in a step


class Filing:
    """The synapses of one source for each list of delays, one synapse a segment, onto places of a state of their own.

    Segment k goes to place k, and has the weight k + 1.
    """

    def __init__(self, delays, weighted, slots, blocks):
        n = [len(some) for some in delays]
        total = sum(n)
        self.spikes, self.ends = np.zeros(2 * MOST, np.int32), np.zeros(2 * 8, np.int32)
        self.progress = new_progress(0, 1, 1, 8, self.spikes, self.ends)
        state = np.zeros(total)
        self.synapses = Context(
            partition=0,
            partitions=1,
            first=np.concatenate([[0], np.cumsum(n)]),
            piece=np.arange(total) << START_BITS | (SHARED if weighted else PER_SYNAPSE) << LENGTH_BITS | 1,
            delay=np.concatenate(delays).astype(np.uint16),
            weight=np.arange(total) + 1.0 if weighted else np.zeros(0),
            targets=np.arange(total, dtype=np.uint16),
            weights=np.zeros(0, np.float32) if weighted else np.arange(total, dtype=np.float32) + 1.0,
            state=state,
            here=state,
            all_spikes=self.spikes,
            all_ends=self.ends,
            lists=1,
            list_room=MOST,
            ends_room=8,
            **calendar_fields(slots, weighted, np.float64, blocks),
        )
        clear_calendar(self.synapses)

    def file(self, step, sources):
        """File spikes at a step, which is the end of a slice of one step; return what is full."""
        self.spikes[: len(sources)], self.ends[0] = sources, len(sources)
        self.progress["slice_start"], self.progress["slice_steps"] = step - 1, 1
        return self._call(file_slice)

    def deliver(self, step):
        """Return the state after what is due at the step, filed with a delay of the steps since the spike plus one."""
        self.progress["step"] = step
        self.synapses["state"][:] = 0.0
        self._call(deliver)
        return self.synapses["state"]

    def _call(self, function):
        address = function.address(self.synapses.kind, self.progress.kind)
        return call(address, self.synapses.address, self.progress.address)

    def check_that_all_blocks_are_free(self):
        blocks = self.synapses["following"].size
        assert self.synapses["free_blocks"] == blocks
        chain, block = set(), int(self.synapses["free_block"])
        for _ in range(blocks):
            chain.add(block)
            block = int(self.synapses["following"][block])
        assert chain == set(range(blocks))


@pytest.mark.parametrize("weighted", [True, False], ids=["shared weights", "weights of their own"])
def test_everything_comes_when_it_is_due_and_blocks_come_back(weighted):
    """Random spikes over many turns of the ring, against a list; the store grows on the way, in the midst of a slice."""
    rng = np.random.default_rng(1)
    filing = Filing([rng.integers(1, 6, size) for size in (0, 1, 90, 700)], weighted, slots=6, blocks=2)
    first, delay = filing.synapses["first"], filing.synapses["delay"]
    expected, grown, resumed = np.zeros((60, 791)), 0, 0
    for step in range(50):
        sources = rng.integers(0, 4, rng.integers(0, 4))
        filing.progress["filed"] = 0
        while status := filing.file(step, sources):
            assert status == CALENDAR_FULL
            calendar_room(filing.synapses).make()
            grown += 1
            resumed += filing.progress["filed"] > 0
        assert filing.progress["filed"] == len(sources)
        for source in sources:
            segments = np.arange(first[source], first[source + 1])
            expected[step + delay[segments], segments] += segments + 1.0
        assert np.array_equal(filing.deliver(step), expected[step + 1])
    assert grown >= 2
    assert resumed >= 1
    for step in range(50, 56):
        assert np.array_equal(filing.deliver(step), expected[step + 1])
    filing.check_that_all_blocks_are_free()


def test_spikes_of_a_slice_are_filed_in_the_order_of_steps_under_the_steps_at_which_they_were():
    """A slice of five steps, of which some have no spike."""
    filing = Filing([[5], [6], [7]], True, slots=8, blocks=8)
    filing.spikes[:4], filing.ends[:5] = [2, 0, 1, 0], [1, 1, 2, 2, 4]  # spikes at the steps 11, 13 and, of two, 15
    filing.progress["slice_start"], filing.progress["slice_steps"] = 10, 5
    assert filing._call(file_slice) == CONTINUE
    found = {step + 1: filing.deliver(step).tolist() for step in range(15, 23)}
    due = {18: [1.0, 0.0, 3.0], 20: [1.0, 0.0, 0.0], 21: [0.0, 2.0, 0.0]}
    assert found == {step: due.get(step, [0.0] * 3) for step in range(16, 24)}
    filing.check_that_all_blocks_are_free()


def test_segments_are_delivered_in_the_order_in_which_they_were_filed():
    """Sums of floats depend on their order: 300 segments of one slot, over three blocks, onto one place."""
    weights = np.random.default_rng(2).normal(size=300) * 10.0 ** np.random.default_rng(3).integers(-8, 8, 300)
    filing, total = Filing([[1]] * 300, True, slots=2, blocks=8), 0.0
    filing.synapses["weight"], filing.synapses["targets"] = weights, np.zeros(300, np.uint16)
    assert filing.file(0, np.arange(300)) == CONTINUE
    for weight in weights:
        total += weight
    assert filing.deliver(0)[0] == total
    assert total != weights[::-1].cumsum()[-1]


@pytest.mark.parametrize("number", [BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK - 1, 3 * BLOCK])
def test_as_many_blocks_come_back_as_a_step_has_filled(number):
    filing = Filing([[1] * number], True, slots=2, blocks=8)
    assert filing.file(0, [0]) == CONTINUE
    assert filing.synapses["free_blocks"] == 8 - -(-number // BLOCK)
    assert filing.deliver(0).sum() == number * (number + 1) / 2
    filing.check_that_all_blocks_are_free()


def test_of_spikes_of_the_past_only_what_is_still_to_come_is_filed():
    """As a state that is restored at step 20 holds them; filing continues where it stopped, after room was made."""
    rng = np.random.default_rng(4)
    filing = Filing([rng.integers(1, 6, size) for size in (30, 90, 700)], False, slots=6, blocks=2)
    first, delay = filing.synapses["first"], filing.synapses["delay"]
    steps, sources = np.sort(rng.integers(15, 21, 40)), rng.integers(0, 3, 40).astype(np.int32)
    pending = Context(steps=steps, sources=sources, now=20, done=0)
    address, grown = file_pending.address(filing.synapses.kind, pending.kind), 0
    while call(address, filing.synapses.address, pending.address) == CALENDAR_FULL:
        assert pending["done"] < 40
        calendar_room(filing.synapses).make()
        grown += 1
    assert pending["done"] == 40
    assert grown >= 2
    expected = np.zeros((30, 820))
    for step, source in zip(steps, sources, strict=True):
        segments = np.arange(first[source], first[source + 1])
        np.add.at(expected, (step + delay[segments], segments), segments + 1.0)
    for step in range(21, 27):
        assert np.array_equal(filing.deliver(step), expected[step + 1])
    filing.check_that_all_blocks_are_free()


@pytest.mark.thorough
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
    assert calendar_bytes(sim) < 1_000_000
