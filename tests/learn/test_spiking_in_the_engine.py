"""A trained `bs.learn.SpikingNetwork` as an ordinary network: the same spikes to the bit, sample by sample."""

import numpy as np
import pytest

import brainsim as bs
from tests.learn.spiking_nets import KINDS, assert_continues, assert_same_in_the_engine, network


def on_grid(kind):
    net, X, y = network(seed=2, **KINDS[kind])
    late = {"delay": 2.0, "recurrent_delay": 3.0, "weight": (1.4, 0.6)}
    layers = [
        bs.learn.Layer(layer.n, recurrent=layer.recurrent, t_ref=layer.t_ref, beta=layer.beta, **late)
        for layer in net.hidden
    ]
    other = bs.learn.SpikingNetwork(layers, gradient="surrogate", duration=60.0, epochs=1, validation=0.0, seed=3)
    return other.fit(X, y), X, y


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bits(kind):
    net, X, _ = network(seed=2, **KINDS[kind])
    for k in (0, 3):
        _, result = assert_same_in_the_engine(net, X, k)
        assert len(result.spikes["hidden0"]) > 5
    off = result.spikes["hidden0"].times / net.dt
    assert (np.abs(off - np.rint(off)) > 1e-3).any()


@pytest.mark.parametrize("kind", ["plain", "all"])
def test_the_same_bits_on_the_grid(kind):
    net, X, _ = on_grid(kind)
    _, result = assert_same_in_the_engine(net, X, 1)
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
    sim = bs.Simulation(ordinary, dt=1.0, threads=1)
    first = sim.run(60.0)
    table = sim.synapses("hidden0 -> hidden1")
    order = np.lexsort((table.post, table.pre))
    np.testing.assert_allclose(table.weight[order], net.parts()["weight", 1].ravel(), rtol=1e-6)
    sim.reset()
    halves = sim.run(25.0).spikes["hidden1"].times, sim.run(35.0).spikes["hidden1"].times
    assert np.array_equal(np.concatenate(halves), first.spikes["hidden1"].times)
    sim.reset()
    assert sim.run(60.0).spikes["hidden0"] == first.spikes["hidden0"]
    assert np.array_equal(first.spikes["input"].counts(), net.activity(X, 0)["input"].counts())


MISTAKES = {
    "threads": ({"threads": 2}, "a network of SpikingNetwork.to_network runs on one thread; write threads=1"),
    "precision": ({"threads": 1, "precision": "single"}, "a network of SpikingNetwork.to_network needs 'double'"),
    "duration": ({"threads": 1, "duration": 61.0}, "the sample of a network of SpikingNetwork.to_network ends at 60 ms"),
    "dt": ({"dt": 0.1, "threads": 1}, "the network was trained with dt = 1 ms .got 0.1.; write dt=1"),
}


@pytest.mark.usefixtures("more_partitions")
@pytest.mark.parametrize(("options", "said"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(options, said):
    net, X, _ = network(seed=2)
    with pytest.raises(ValueError, match=said):
        bs.simulate(net.to_network(X[0]), **{"dt": 1.0, "duration": 60.0} | options)


@pytest.mark.parametrize("kind", ["all", "refractory", "currents", "plain"])
def test_it_continues_from_a_saved_state(kind, tmp_path):
    net, X, _ = network(seed=2, **KINDS[kind])
    assert_continues(net, X[0], tmp_path)


def test_inputs_may_change_on_the_way():
    net, X, _ = network(seed=2, **KINDS["all"])
    ordinary = net.to_network(X[0])
    more = bs.CurrentInput(0.0)
    ordinary.stimulate(ordinary.populations["hidden0"], more)
    whole = bs.simulate(ordinary, 60.0, dt=1.0, threads=1, seed=1)
    sim = bs.Simulation(ordinary, dt=1.0, threads=1, seed=1)
    first = sim.run(20.0).spikes["hidden0"].times
    sim.set(more, amplitude=0.0)  # nothing new, but the operators are built again
    both = np.concatenate([first, sim.run(40.0).spikes["hidden0"].times])
    assert np.array_equal(both, whole.spikes["hidden0"].times)
