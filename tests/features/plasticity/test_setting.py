"""What is set between two runs is checked as a whole before anything changes."""

import copy

import numpy as np
import pytest

import brainsim as bs


def learning(rule, weight=0.1):
    cells = bs.Population(20, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    options = {"delay": 1.5, "synapse": bs.Delta(), "plasticity": rule}
    loop = net.connect(cells, cells, bs.FixedIndegree(5), weight=weight, name="loop", **options)
    return bs.Simulation(net, seed=1), loop


@pytest.mark.thorough
def test_bounds_that_differ_between_synapses():
    sim, loop = learning(bs.STDP(w_max=bs.Uniform(0.5, 1.0)))
    sim.set(loop, w=0.5)
    with pytest.raises(ValueError, match=r"'loop': w must be at most 0\.\d+, by the bounds of the rule \(got 0.9\)"):
        sim.set(loop, w=0.9)
    with pytest.raises(ValueError, match=r"w must be at least 0, by the bounds of the rule \(got -0.1\)"):
        sim.set(loop, w=np.where(np.arange(100) == 7, -0.1, 0.2))
    assert np.all(sim.synapses(loop).weight == 0.5)


def test_nothing_changes_if_one_value_is_wrong():
    sim, loop = learning(bs.DopamineSTDP(w_max=1.0))
    with pytest.raises(ValueError, match="w must be at most 1"):
        sim.set(loop, n=0.5, w=2.0)
    with pytest.raises(ValueError, match="delays of a projection with plasticity cannot be set, since its traces"):
        sim.set(loop, delay=2.0)
    with pytest.raises(ValueError, match=r"cannot set 'q'; available: w, c, learning, n, c_plus, .*, w_max$"):
        sim.set(loop, q=1.0)
    assert sim.modulator(loop) == 0.0
    with pytest.raises(ValueError, match="n"):
        sim.set(loop, n=np.inf, w=0.3)
    assert np.all(sim.synapses(loop).weight == 0.1)


def test_a_reset_may_keep_what_was_learned():
    sim, loop = learning(bs.STDP(w_max=1.0))
    sim.set(loop, weight=np.linspace(0.2, 0.7, 100))
    sim.state["cells"]["v"][:] = -51.0
    sim.reset(keep_weights=True)
    assert (sim.time, sim.state["cells"]["v"][0]) == (0.0, -65.0)
    assert np.array_equal(sim.synapses(loop).weight, np.linspace(0.2, 0.7, 100))
    sim.reset()
    assert np.all(sim.synapses(loop).weight == 0.1)
    with pytest.raises(TypeError, match="Simulation.reset.keep_weights: must be True or False"):
        sim.reset(keep_weights="yes")


class Jumps(bs.Plasticity):
    """A weight that changes by a at each spike, a number for all synapses."""

    equations = "dx/dt = -x/tau"
    on_pre = "w = w + a*x; x = x + 1"
    on_post = "w = w - a*x"
    bounds = ("0", "w_max")
    tau: float = bs.parameter(20.0, "ms", "time constant", above=0.0)
    a: float = bs.parameter(0.01, "weight", "change", at_least=0.0)
    w_max: float = bs.parameter(5.0, "weight", "upper bound")
    x: float = bs.initial(0.0, "", "recent spikes of the source")


class JumpsOfEach(bs.Plasticity):
    """The same rule with a variable, a, of each synapse, which could always be set."""

    equations, bounds = Jumps.equations, Jumps.bounds
    on_pre, on_post = f"a = a + 0*w; {Jumps.on_pre}", Jumps.on_post  # which makes it one of each synapse
    tau: float = bs.parameter(20.0, "ms", "time constant", above=0.0)
    w_max: float = bs.parameter(5.0, "weight", "upper bound")
    a: float = bs.initial(0.01, "weight", "change")
    x: float = bs.initial(0.0, "", "recent spikes of the source")


def driven(rule):
    cells, net = bs.Population(20, bs.LIF(), name="cells"), bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(np.linspace(350.0, 500.0, 20)))
    options = {"delay": 1.5, "synapse": bs.Delta(), "plasticity": rule}
    return net, net.connect(cells, cells, bs.FixedIndegree(5), weight=0.3, name="loop", **options)


def test_a_parameter_of_a_rule_is_set_as_a_variable_of_each_synapse_would_be():
    found = []
    for rule in (Jumps(), JumpsOfEach()):
        net, loop = driven(rule)
        sim = bs.Simulation(net, seed=1, progress=False)
        sim.run(60.0)
        sim.set(loop, a=0.1)
        sim.run(60.0)
        sim.set(loop, a=0.0)
        held = sim.synapses(loop).weight
        sim.run(30.0)
        assert np.array_equal(sim.synapses(loop).weight, held)
        found.append(held)
    assert np.array_equal(*found)
    net, loop = driven(Jumps())
    sim = bs.Simulation(net, seed=1, progress=False)
    sim.run(150.0)
    assert not np.allclose(sim.synapses(loop).weight, held)


def test_a_parameter_that_was_set_is_part_of_the_state_and_reset_takes_it_back(tmp_path):
    net, loop = driven(Jumps())
    first = bs.Simulation(net, seed=1, progress=False)
    first.run(60.0)
    before = first.digest()
    first.set(loop, a=0.1)
    state = first.run(20.0).state
    first.save(tmp_path / "point.npz")
    others = [bs.Simulation(net, seed=1, state=state, progress=False), bs.Simulation.load(net, tmp_path / "point.npz")]
    others += [copy.deepcopy(first), first.continue_with(net)]
    first.set(loop, a=0.02)  # which a copy does not see
    others[2].set(loop, a=0.1)
    first.set(loop, a=0.1)
    weights = [sim.synapses(loop).weight for sim in (first, *others) if sim.run(50.0)]
    assert all(np.array_equal(weights[0], others) for others in weights[1:])
    first.reset()
    first.run(60.0)
    assert first.digest() == before


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"tau": 30.0}, r"'loop': tau of Jumps cannot be set in a run, since it says how a variable relaxes between spikes"),
        ({"a": -0.1}, r"'loop': a: must be >= 0 \(got -0.1\)"),
        ({"a": [0.1, 0.2]}, r"'loop': a: must be one number \(got an array of shape \(2,\)\)"),
        ({"a": "much"}, r"'loop': a: must be a number in the unit of the weight \(got 'much'\)"),
        ({"w_max": 0.01}, r"'loop': w_max: w must be at most 0.01, by the bounds of the rule"),
        ({"w_max": -1.0}, r"Jumps.bounds: the lower bound of w, 0 = 0, must be below the upper one, w_max = -1"),
        ({"b": 1.0}, r"cannot set 'b'; available: w, learning, a, w_max$"),
    ],
)
def test_mistakes_in_parameters(values, error):
    net, loop = driven(Jumps())
    sim = bs.Simulation(net, seed=1, progress=False)
    with pytest.raises((TypeError, ValueError), match=error):
        sim.set(loop, **values)
    sim.set(loop, w_max=0.5, w=0.4)
    with pytest.raises(ValueError, match="at most 0.5"):
        sim.set(loop, w=1.0)
