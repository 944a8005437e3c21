"""A trained `bs.learn.SpikingNetwork` as an ordinary network: a precise simulation has the spikes of the trainer."""

import numpy as np
import pytest

import brainsim as bs
from tests.learn.spiking_nets import KINDS, assert_same_in_the_engine, assert_same_spikes, network

pytestmark = pytest.mark.thorough_but("[plain]")

ONCE = [kind for kind in KINDS if kind != "equal times"]  # whose cells fire at most once in a step


@pytest.mark.parametrize("kind", ONCE)
def test_the_same_spikes(kind):
    net, X, _ = network(seed=2, **KINDS[kind])
    for k in (0, 3):
        _, result = assert_same_in_the_engine(net, X, k)
        assert len(result.spikes["hidden0"]) > 5
    off = result.spikes["hidden0"].times / net.dt
    assert (np.abs(off - np.rint(off)) > 1e-3).any()


def test_cells_that_fire_twice_in_a_step_are_named():
    net, X, _ = network(seed=2, **KINDS["equal times"])
    with pytest.raises(ValueError, match=r"cell 1 of 'hidden1' fires twice within dt = 1 ms"):
        bs.simulate(net.to_network(X[0]), 60.0, dt=1.0, precise=True)


@pytest.mark.parametrize(("t_ref", "beta"), [(0.0, 0.0), (3.0, 0.2)])
def test_spikes_at_the_ends_of_steps_are_those_of_an_ordinary_simulation(t_ref, beta):
    _, X, y = network(seed=2)
    X = [(np.rint(times), ids) for times, ids in X]
    layer = bs.learn.Layer(
        8, recurrent=True, t_ref=t_ref, beta=beta, delay=2.0, recurrent_delay=3.0, weight=(1.4, 0.6), v_reset=-0.1
    )
    options = {"gradient": "surrogate", "duration": 60.0, "epochs": 1, "validation": 0.0}
    net = bs.learn.SpikingNetwork(layer, **options).fit(X, y)
    _, result = assert_same_in_the_engine(net, X, 1, precise=False)
    times = result.spikes["hidden0"].times
    assert np.array_equal(times, np.rint(times))
    assert times.size > 5


def test_after_training():
    rng = np.random.default_rng(1)
    X, y = rng.uniform(0.0, 30.0, (40, 5)), rng.integers(0, 3, 40)
    layer = bs.learn.Layer(12, recurrent=True, learns=("tau_m", "tau_s", "delay"), weight=(1.5, 0.8))
    net = bs.learn.SpikingNetwork(layer, epochs=3, duration=60.0, learning_rate=0.02).fit(X, y)
    for k in range(5):
        assert_same_in_the_engine(net, X, k)


def test_it_is_an_ordinary_network():
    net, X, _ = network(seed=2, **KINDS["recurrent"])
    ordinary = net.to_network(X[0])
    assert [p.name for p in ordinary.projections] == [
        "input -> hidden0", "hidden0 -> hidden0", "hidden0 -> hidden1", "hidden1 -> readout",
    ]  # fmt: skip
    assert [type(p.model).__name__ for p in ordinary.populations.values()] == ["SpikeTrains", "LIF", "LIF", "LI"]
    sim = bs.Simulation(ordinary, dt=0.25, precise=True)
    first = sim.run(60.0)
    assert_same_spikes(first.spikes["hidden1"], net.activity(X, 0)["hidden1"], 1e-11)  # whatever the time step
    table = sim.synapses("hidden0 -> hidden1")
    order = np.lexsort((table.post, table.pre))
    assert np.array_equal(table.weight[order], net.parts()["weight", 1].ravel())
    assert np.array_equal(first.spikes["input"].counts(), net.activity(X, 0)["input"].counts())


def test_what_is_changed_in_it_acts_as_in_the_trainer():
    net, X, _ = network(seed=2, **KINDS["all"])
    ordinary, before = net.to_network(X[0]), net.activity(X, 0)
    quiet, heard = np.arange(3), np.arange(3, 8)
    ordinary.stimulate(ordinary.populations["hidden0"][quiet], bs.CurrentInput(-1e6), name="silence")
    sim = bs.Simulation(ordinary, dt=1.0, precise=True)
    table = sim.synapses("input -> hidden0")
    sim.set("input -> hidden0", weight=np.where(table.pre < 2, 0.0, table.weight))
    sim.set("hidden1", tau_m=12.0, c_m=12.0)
    parts = net.parts()
    parts["weight", 0][:2], parts["tau_m", 1][...] = 0.0, 12.0
    parts["weight", 1][quiet], parts["recurrent", 0][quiet] = 0.0, 0.0
    result, wanted = sim.run(60.0), net.activity(X, 0)
    assert wanted["hidden1"] != before["hidden1"]
    assert_same_spikes(result.spikes["hidden1"], wanted["hidden1"], 1e-11)
    found, own = result.spikes["hidden0"], wanted["hidden0"]
    assert np.array_equal(np.sort(found.times[np.isin(found.ids, heard)]), found.times)
    np.testing.assert_allclose(np.sort(found.times), own.times[np.isin(own.ids, heard)], rtol=0.0, atol=1e-11)
