"""What a simulation changes of a trained `bs.learn.SpikingNetwork` acts: weights, synapses, parameters, silenced cells."""

import copy
import dataclasses

import numpy as np
import pytest

import brainsim as bs
from brainsim.learn.spiking.samples import inputs_of
from tests.learn.spiking_nets import KINDS, network
from tests.learn.test_model_layers import of_kind


def simulation(net, x):
    return bs.Simulation(net.to_network(x), dt=net.dt, threads=1, seed=1)


def assert_same(result, spikes, chosen=None):
    for name, wanted in spikes.items():
        if name != "input":
            here = np.ones(len(wanted), bool) if chosen is None or name not in chosen else np.isin(wanted.ids, chosen[name])
            assert np.array_equal(result.spikes[name].ids, wanted.ids[here]), name
            assert np.array_equal(result.spikes[name].times, wanted.times[here]), name


def differ(one, other):
    return any(one[name] != other[name] for name in one)


PLACES = [("input", "hidden0"), ("hidden0", "hidden0"), ("hidden0", "hidden1")]


@pytest.mark.parametrize(
    ("kind", "place"), [("all", place) for place in PLACES] + [("plain", PLACES[0]), ("count", PLACES[2])]
)
def test_weights_that_are_set_and_synapses_that_are_removed(kind, place):
    net, X, _ = network(seed=2, **{"recurrent": True} | KINDS[kind])
    name, part = " -> ".join(place), ("recurrent" if place[0] == place[1] else "weight", int(place[1][-1]))
    other = copy.deepcopy(net)
    weight = other.parts()[part]
    whole = net.activity(X, 0)

    sim = simulation(net, X[0])
    table = sim.synapses(name)
    gone = np.flatnonzero(table.pre < 3)
    sim.rewire(name, remove=gone)
    weight[:3] = 0.0
    assert differ(other.activity(X, 0), whole)
    assert_same(sim.run(60.0), other.activity(X, 0))

    sim.reset()
    assert_same(sim.run(60.0), whole)

    sim.reset()
    sim.set(name, weight=np.where(table.pre < 3, 0.0, table.weight))
    assert_same(sim.run(60.0), other.activity(X, 0))

    sim.reset()
    sim.set(name, weight=0.0)
    weight[...] = 0.0
    assert_same(sim.run(60.0), other.activity(X, 0))


@pytest.mark.parametrize("kind", ["all", "refractory"])
def test_a_change_on_the_way_keeps_what_is_under_way(kind):
    net, X, _ = network(seed=2, **KINDS[kind])
    whole, sim = simulation(net, X[0]).run(60.0), simulation(net, X[0])
    first = sim.run(23.0).spikes["hidden1"]
    sim.set("input -> hidden0", weight=sim.synapses("input -> hidden0").weight)  # nothing new, but all is built again
    late = sim.run(37.0).spikes["hidden1"]
    assert len(whole.spikes["hidden1"]) > 2
    assert np.array_equal(np.concatenate([first.times, late.times]), whole.spikes["hidden1"].times)
    sim.reset()
    sim.run(6.0)
    sim.rewire("input -> hidden0", remove=np.arange(len(sim.synapses("input -> hidden0"))))
    late, after = sim.run(54.0).spikes["hidden0"], whole.spikes["hidden0"].times > 6.0
    assert len(late) < 0.8 * after.sum()


def test_a_synapse_may_come_back_with_its_delay():
    net, X, _ = network(seed=2, **KINDS["recurrent"])
    sim, name = simulation(net, X[0]), "hidden0 -> hidden1"
    table = sim.synapses(name)
    sim.rewire(name, remove=np.arange(6))
    back = {"pre": table.pre[:6], "post": table.post[:6], "weight": table.weight[:6]}
    with pytest.raises(ValueError, match=r"a new synapse of 'hidden0 -> hidden1' needs the delay of the trained network; "):
        sim.rewire(name, **back, delay=table.delay[:6] + 1.0)
    sim.rewire(name, **back, delay=table.delay[:6])
    assert_same(sim.run(60.0), net.activity(X, 0))


@pytest.mark.parametrize("kind", ["adaptive", "first"])
def test_parameters_that_are_set(kind):
    net, X, _ = network(seed=2, **KINDS[kind])
    for what, value in {"tau_m": 12.0, "tau_a": 20.0, "beta": 0.6}.items():
        other, sim = copy.deepcopy(net), simulation(net, X[0])
        sim.set("hidden0", **{what: value})
        other.parts()[what, 0][...] = value
        assert differ(other.activity(X, 0), net.activity(X, 0)), what
        assert_same(sim.run(60.0), other.activity(X, 0))
    sim.reset()
    assert_same(sim.run(60.0), net.activity(X, 0))
    with pytest.raises(ValueError, match="v_reset < v_th"):
        sim.set("hidden0", v_reset=60.0)


def twin(net, X, y, layer):
    """Return a network with another first layer, and all that was learned of the one that is given."""
    other = bs.learn.SpikingNetwork(**net.get_params() | {"hidden": (layer, *net.hidden[1:])})
    other._begin(inputs_of(X, "X"), y, "fit")
    for key, part in other.parts().items():
        part[...] = net.parts().get(key, part)
    return other


def test_the_threshold_and_the_reset_value():
    net, X, y = network(seed=2, **KINDS["refractory"])
    other = twin(net, X, y, dataclasses.replace(net.hidden[0], v_th=1.4, v_reset=-0.5))
    sim = simulation(net, X[0])
    sim.set("hidden0", v_th=1.4, v_reset=-0.5)
    assert differ(other.activity(X, 0), net.activity(X, 0))
    assert_same(sim.run(60.0), other.activity(X, 0))


def test_parameters_and_weights_of_models():
    net, X, y = of_kind("linear")
    sim, name = simulation(net, X[0]), "hidden0 -> hidden0"
    table = sim.synapses(name)
    sim.set("hidden0", tau_m=12.0, beta=0.5)
    sim.rewire(name, remove=np.arange(10))
    layer = net.hidden[0]
    model = type(layer.model)(tau_m=12.0, beta=0.5)
    delays = {"delay": layer.delay, "recurrent_delay": layer.recurrent_delay}
    other = twin(net, X, y, bs.learn.ModelLayer(8, model, recurrent=True, **delays))
    other.parts()["recurrent", 0][table.pre[:10], table.post[:10]] = 0.0
    assert differ(other.activity(X, 0), net.activity(X, 0))
    assert_same(sim.run(60.0), other.activity(X, 0))


def test_parameters_of_models_that_were_learned():
    net, X, y = of_kind("linear")
    layer = net.hidden[0]
    delays = {"delay": layer.delay, "recurrent_delay": layer.recurrent_delay}
    net = twin(net, X, y, bs.learn.ModelLayer(8, layer.model, recurrent=True, learns=("tau_m", "tau_s"), **delays))
    net.parts()["tau_m", 0][...] = 15.0
    sim, other = simulation(net, X[0]), copy.deepcopy(net)
    sim.set("hidden0", tau_m=10.0)  # learned
    other.parts()["tau_m", 0][...] = 10.0
    assert differ(other.activity(X, 0), net.activity(X, 0))
    assert_same(sim.run(60.0), other.activity(X, 0))
    sim.reset()
    assert_same(sim.run(60.0), net.activity(X, 0))
    sim.reset()
    sim.set("hidden0", beta=0.5)  # not learned
    model = type(layer.model)(beta=0.5)
    other = twin(net, X, y, bs.learn.ModelLayer(8, model, recurrent=True, learns=("tau_m", "tau_s"), **delays))
    assert differ(other.activity(X, 0), net.activity(X, 0))
    assert_same(sim.run(60.0), other.activity(X, 0))


@pytest.mark.parametrize("kind", ["all", "count", "currents", "currents without rest"])
def test_silenced_cells_send_nothing(kind):
    net, X, _ = network(seed=2, **KINDS[kind])
    net.parts()["weight", 0][...] *= 40.0 if kind == "count" else 1.0  # they cross their threshold within a step
    quiet, heard = np.arange(5), np.arange(5, 8)
    ordinary, other = net.to_network(X[0]), copy.deepcopy(net)
    ordinary.stimulate(ordinary.populations["hidden0"][quiet], bs.VoltageClamp(0.0), name="silence")
    parts = other.parts()
    parts["weight", 1][quiet] = 0.0
    if ("recurrent", 0) in parts:
        parts["recurrent", 0][quiet] = 0.0
    whole, wanted = net.activity(X, 0), other.activity(X, 0)
    assert differ(wanted, whole)
    sim = bs.Simulation(ordinary, dt=1.0, threads=1, seed=1)
    assert_same(sim.run(60.0), wanted, {"hidden0": heard})
    sim.reset()
    sim.set("silence", start=59.0)
    result = sim.run(59.0)
    for name in ("hidden0", "hidden1"):
        assert np.array_equal(result.spikes[name].times, whole[name].times[whole[name].times <= 59.0])


def test_weights_onto_currents_are_refused_with_the_way():
    net, X, _ = network(seed=2, **KINDS["currents without rest"])
    sim = simulation(net, X[0])
    for change in (lambda: sim.set("input -> hidden0", weight=0.0), lambda: sim.rewire("input -> hidden0", remove=[0])):
        with pytest.raises(ValueError, match=r"sim.set\('currents', amplitude=...\), or the weights in net.parts\(\)"):
            change()
    assert_same(sim.run(60.0), net.activity(X, 0))
    sim.reset()
    sim.set("currents", amplitude=np.zeros((60, 8)))
    assert len(sim.run(60.0).spikes["hidden0"]) == 0
    net, X, _ = network(seed=2, **KINDS["currents"])  # with a refractory time the operator computes the currents
    sim, other = simulation(net, X[0]), copy.deepcopy(net)
    sim.set("input -> hidden0", weight=0.3)
    other.parts()["weight", 0][...] = 0.3
    assert_same(sim.run(60.0), other.activity(X, 0))
