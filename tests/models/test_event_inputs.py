"""Listed events: the bits of spikes that are sent to arrive at their times."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.mistakes import mistakes

DELTA = bs.Delta()


def cells_of(n=12):
    return bs.Population(n, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -51.0)})


def drawn(k=300, n=12, seed=1):
    rng = np.random.default_rng(seed)
    times, ids, weights = rng.integers(6, 500, k) / 10.0, rng.integers(0, n, k), rng.uniform(0.5, 4.0, k)
    return times, ids, weights


@pytest.mark.parametrize(
    ("synapse", "scale"), [(DELTA, 1.0), (bs.Exponential(tau=2.0), 150.0), (bs.ExponentialConductance(), 1.0)]
)
def test_they_are_spikes_that_arrive(synapse, scale):
    """Each event has a source of its own, whose spike is under way for half a millisecond."""
    times, ids, weights = drawn()
    weights = (weights * scale).astype(np.float32).astype(float)  # as they are stored
    order = np.argsort(times, kind="stable")
    cells, net = cells_of(), bs.Network(seed=1)
    sources = bs.Population(300, bs.SpikeTrains(times[order] - 0.5, np.arange(300)), name="sources")
    pairs = bs.FromArrays(np.arange(300), ids[order])
    net.connect(sources, cells, pairs, weight=weights[order], delay=0.5, synapse=synapse)
    net.connect(cells, cells, bs.FixedIndegree(3), weight=0.25, delay=1.0, synapse=DELTA)
    expected = bs.simulate(net, 50.0, seed=2)

    listed = bs.Network(seed=1)
    listed.stimulate(cells, bs.EventInput(times=times, ids=ids, weight=weights, synapse=synapse))
    listed.connect(cells, cells, bs.FixedIndegree(3), weight=0.25, delay=1.0, synapse=DELTA)
    for threads in (1, 2):
        sim = bs.Simulation(listed, seed=2, threads=threads)
        for piece in (11.1, 0.1, 30.0, 8.8):
            sim.run(piece)
            if piece == 0.1:
                sim = bs.Simulation(listed, state=sim.result().state, threads=3 - threads)
        found = sim.result()
        later = expected.spikes["cells"].times > 11.25
        assert later.sum() > 10
        assert found.spikes["cells"].times.tolist() == expected.spikes["cells"].times[later].tolist()
        assert np.allclose(found.state["cells"]["v"], expected.state["cells"]["v"], rtol=0.0, atol=1e-9)
        sim.reset()
        assert sim.run(38.8).spikes == found.spikes


def test_events_that_are_set_later(tmp_path):
    cells, net = cells_of(2), bs.Network(seed=1)
    net.stimulate(cells[1], bs.EventInput(times=[3.0], ids=[0], weight=50.0, synapse=DELTA), name="events")
    sim = bs.Simulation(net, seed=1)
    sim.run(10.0)
    sim.set("events", times=[4.0, 12.0, 30.0], ids=[0, 0, 0])
    path = sim.save(tmp_path / "run.ckpt")
    for one in (sim, bs.Simulation.load(net, path)):
        one.run(15.0)
        one.run(10.0)
        spikes = one.result().spikes["cells"]
        assert (spikes.times.tolist(), spikes.ids.tolist()) == ([3.0, 12.0, 30.0], [1, 1, 1])


def event(**given):
    return bs.EventInput(**{"times": [1.0, 2.0], "ids": [0, 1], "weight": 1.0, "synapse": DELTA} | given)


test_mistakes = mistakes(
    (lambda: event(times=[0.0, 1.0]), ValueError, "EventInput.times: must be > 0 ms"),
    (lambda: event(times=[[1.0, 2.0]]), ValueError, "EventInput.times: must be a list of times"),
    (lambda: event(ids=[0]), ValueError, "EventInput.ids: must have as many elements as times, 2"),
    (lambda: event(ids=[0, -1]), ValueError, "EventInput.ids"),
    (lambda: event(weight=[1.0]), ValueError, "EventInput.weight: must be one number or one for each of 2 events"),
    (lambda: event(weight=bs.Uniform(0.0, 1.0)), ValueError, "EventInput.weight: must be one number or one for each"),
    (
        lambda: event(weight=-1.0, synapse=bs.ExponentialConductance()),
        ValueError,
        "EventInput.weight: a conductance cannot be negative",
    ),
    (lambda: event(synapse=bs.GapJunction()), TypeError, "EventInput.synapse: GapJunction acts without spikes"),
    (
        lambda: bs.Network(seed=1).stimulate(cells_of(1), event()),
        ValueError,
        "EventInput.ids: 1 is beyond 'cells', which has 1 cells",
    ),
)
