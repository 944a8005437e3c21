"""The events of a step at exact times: when they are due, in which order they come, and that there is room for them."""

from fractions import Fraction

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.synapses.delivery import steps_and_lag
from brainsim.equations.crossing import SAME
from brainsim.features.precise import operator
from brainsim.features.precise.kernels import _sort
from brainsim.features.precise.operator import Precise
from brainsim.jit.decorators import kernel


@kernel
def due(delays, lags, ticks, tick, dt, steps, early):
    for k in range(delays.size):
        steps[k], early[k] = steps_and_lag(delays[k], lags[k], ticks, tick, dt)


@kernel
def sort(order, count, lags):
    return _sort(order, count, lags)


@pytest.mark.parametrize("dt", [0.1, 0.3, 1.0])
def test_a_spike_arrives_after_its_delay_and_never_in_the_step_in_which_it_is_sent(dt):
    """At the end of a step if rounding may have moved it beyond; a delay of whole steps needs no rounding."""
    ticks, rng = round(dt / 1e-9), np.random.default_rng(1)
    tick, lags = dt / ticks, np.append(dt * rng.random(200), dt - SAME * np.array([0.0, 0.01, 0.5, 0.99, 1.0, 1.01, 5.0]))
    delays = np.concatenate([ticks * np.arange(1, 6), ticks + rng.integers(1, 5 * ticks, 20), [ticks + 1, 2 * ticks - 1]])
    delays, lags = (grid.ravel() for grid in np.meshgrid(delays, lags))
    steps, early = np.zeros(delays.size, np.int64), np.zeros(delays.size)
    due(delays, lags, ticks, tick, dt, steps, early)
    assert steps.min() == 1
    assert 0.0 <= early.min() <= early.max() < dt + 1e-15
    whole = delays % ticks == 0
    np.testing.assert_array_equal(steps[whole], delays[whole] // ticks)
    np.testing.assert_array_equal(early[whole], lags[whole])
    for k in np.flatnonzero(~whole):
        exact = Fraction(int(delays[k]), ticks) * Fraction(dt) - Fraction(lags[k])
        assert abs(steps[k] * Fraction(dt) - Fraction(early[k]) - exact) <= SAME * 1.001
        assert early[k] < dt - SAME


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 100, 333])
def test_segments_that_come_at_one_time_keep_the_order_in_which_they_were_filed(count):
    rng = np.random.default_rng(count)
    lags, filed = rng.integers(0, 1 + count // 6, 1000) / 8, rng.permutation(1000)[:count]
    order = np.zeros(2 * max(count, 1), np.int64)
    order[:count] = filed
    first = sort(order, count, lags)
    np.testing.assert_array_equal(order[first : first + count], filed[np.argsort(-lags[filed], kind="stable")])


@pytest.mark.thorough
def test_there_is_room_to_sort_the_segments_of_each_step(monkeypatch):
    """There is room for 20 segments, and for 2,000 events of theirs; 30 segments, few as their events are, need more.

    A list has two halves: 30 segments would fit into it, but not into one of them.
    """
    monkeypatch.setattr(operator, "FIRST_EVENTS", 20)
    net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")
    first = bs.Population(20, bs.SpikeTrains(20 * [1.05], np.arange(20)), name="first")
    others = bs.Population(30, bs.SpikeTrains(30 * [2.05], np.arange(30)), name="others")
    net.connect(first, cells, bs.AllToAll(), weight=0.01, delay=1.0, synapse=bs.Delta())
    net.connect(others, cells[:30], bs.OneToOne(), weight=20.0, delay=1.5, synapse=bs.Delta())
    sim = bs.Simulation(net, seed=1, precise=True, threads=1)
    room = []
    for end in (2.5, 10.0):
        spikes = sim.run(end - sim.time).spikes["cells"]
        (events,) = (partition.operator(Precise).events for partition in sim._run.partitions)
        room.append(events["order"].size)
        assert room[-1] >= 2 * events["most_segments"]
    assert 30 < room[0] == 2 * 20 < 2 * 30 <= room[1]
    assert sorted(spikes.ids) == list(range(30))
    np.testing.assert_allclose(spikes.times, 3.55, atol=1e-12, rtol=0)
