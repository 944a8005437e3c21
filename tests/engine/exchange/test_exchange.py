"""Spikes exchanged by other means than shared memory: the time loop comes back to Python at the end of each slice."""

import functools
import threading

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.exchange.threads import Exchange
from brainsim.engine.partition import PartitionFailedError, Shared
from brainsim.engine.program import EXCHANGED, Phase
from brainsim.jit.records import Context, by_address

pytestmark = pytest.mark.usefixtures("more_partitions")


class Messages(Exchange):
    """Each partition writes lists of its own, which are copied to the others after the slice, as messages would be."""

    def __init__(self, layout, capacity, slice_steps):
        super().__init__(layout, capacity, slice_steps)
        # what is read is not what is written
        self.spikes, self.ends = self.written.copy(), self.written_ends.copy()
        self.meeting = threading.Barrier(layout.partitions)
        self.exchanges = 0

    def calls(self, partition):
        return [(Phase.EXCHANGE, 0, leave, Context(unused=0))]

    def exchange(self, partition):
        for received, mine in ((self.spikes, self.written), (self.ends, self.written_ends)):
            received[partition.index] = mine[partition.index]
        self.exchanges += partition.number == 0
        try:
            self.meeting.wait(timeout=60)
        except threading.BrokenBarrierError:
            raise PartitionFailedError("another partition of the run failed") from None

    def reset(self):
        self.meeting.reset()

    def abort(self):
        self.meeting.abort()


@by_address
def leave(unused_, progress_):
    return EXCHANGED


def network():
    exc = bs.Population(60, bs.LIF(), name="exc", initial={"v": bs.Uniform(-65.0, -50.0)})
    inh = bs.Population(30, bs.LIF(), name="inh")
    net = bs.Network(seed=1)
    net.connect(exc, exc + inh, bs.FixedProbability(0.2), weight=0.5, delay=bs.Uniform(0.4, 2.0), synapse=bs.Delta())
    net.connect(inh, exc, bs.FixedProbability(0.3), weight=-0.5, delay=1.0, synapse=bs.Delta())
    net.stimulate(exc, bs.PoissonInput(rate=9000.0, weight=0.2, synapse=bs.Delta()))
    return net


def spikes_of(result):
    return [(train.times.tobytes(), train.ids.tobytes()) for train in result.spikes.values()]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_spikes_by_messages(threads, monkeypatch):
    expected = bs.simulate(network(), 200.0, seed=2, threads=1)
    assert len(expected.spikes["exc"]) > 100
    monkeypatch.setattr("brainsim.engine.run.Shared", functools.partial(Shared, exchange=Messages))
    sim = bs.Simulation(network(), seed=2, threads=threads)
    assert spikes_of(sim.run(200.0)) == spikes_of(expected)
    exchange = sim._run.shared.exchange
    assert exchange.exchanges == 500  # slices of 0.4 ms
    assert np.array_equal(exchange.spikes, exchange.written)
    sim.reset()
    sim.run(77.7)
    sim.run(122.3)
    assert spikes_of(sim.result()) == spikes_of(expected)


def test_a_partition_that_fails_ends_the_others(monkeypatch):
    monkeypatch.setattr("brainsim.engine.run.Shared", functools.partial(Shared, exchange=Messages))
    sim = bs.Simulation(network(), seed=2, threads=3)
    sim.run(10.0)
    monkeypatch.setattr(Messages, "exchange", fails_in_the_second(Messages.exchange))
    with pytest.raises(OSError, match="no route"):
        sim.run(10.0)
    with pytest.raises(RuntimeError, match="failed half-way"):
        sim.run(10.0)


def fails_in_the_second(exchange):
    def failing(self, partition):
        if partition.number == 1:
            raise OSError("no route")
        exchange(self, partition)

    return failing
