"""What is set between two runs is checked as a whole before anything changes."""

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
    with pytest.raises(ValueError, match=r"cannot set 'q'; available: w, c, learning, n$"):
        sim.set(loop, q=1.0)
    assert sim.modulator(loop) == 0.0
    with pytest.raises(ValueError, match="n"):
        sim.set(loop, n=np.inf, w=0.3)
    assert np.all(sim.synapses(loop).weight == 0.1)
