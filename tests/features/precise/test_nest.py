"""Exact spike times against NEST 3.10: iaf_psc_delta_ps, iaf_psc_exp_ps and iaf_psc_alpha_ps, at its resolution 0.1 ms.

The cells have tau_m = 20 ms, C_m = 200 pF, t_ref = 2 ms, E_L = V_reset = -65 mV and V_th = -50 mV; excitatory currents have
a time constant of 2 ms, inhibitory ones of 5 ms. `data/precise_nest.npz` holds what the networks are made of and what NEST
answered: all spikes of the single cells, and of the networks the number of spikes of each cell in a second, and the spikes
of the last 50 ms, which follow from all before.
"""

from pathlib import Path

import numpy as np
import pytest

import brainsim as bs

DATA = np.load(Path(__file__).parents[2] / "data" / "precise_nest.npz")
TOLERANCE = 1e-9  # ms
STEPS = (0.1, 0.5, 0.05)
SYNAPSES = {
    "delta": lambda tau: bs.Delta(),
    "exp": lambda tau: bs.Exponential(tau=tau),
    "alpha": lambda tau: bs.Alpha(tau=tau),
}
SINGLE = {"delta": (4.0, -2.5), "exp": (400.0, -100.0), "alpha": (400.0, -100.0)}
RECURRENT = {"delta": (0.25, -0.75), "exp": (20.0, -60.0), "alpha": (12.0, -30.0)}


@pytest.mark.parametrize("dt", STEPS)
def test_a_constant_current(dt):
    net = bs.Network(seed=1)
    net.stimulate(bs.Population(1, bs.LIF(), name="cell"), bs.CurrentInput(400.0))
    found = bs.simulate(net, 200.0, dt=dt, seed=1, precise=True).spikes["cell"].times
    np.testing.assert_allclose(found, DATA["single_dc"], atol=TOLERANCE, rtol=0)


@pytest.mark.thorough_but("[delta-")
@pytest.mark.parametrize("dt", STEPS)
@pytest.mark.parametrize("kind", SYNAPSES)
def test_listed_spikes(kind, dt):
    cell, net = bs.Population(1, bs.LIF(), name="cell"), bs.Network(seed=1)
    for positive, weight, tau in zip((True, False), SINGLE[kind], (2.0, 5.0), strict=True):
        times = DATA["train"][DATA["positive"] == positive]
        train = bs.Population(1, bs.SpikeTrains(times, np.zeros(times.size, int)), name=f"train {positive}")
        net.connect(train, cell, bs.AllToAll(), weight=weight, delay=1.0, synapse=SYNAPSES[kind](tau))
    net.stimulate(cell, bs.CurrentInput(150.0))
    result = bs.simulate(net, 200.0, dt=dt, seed=1, precise=True)
    np.testing.assert_allclose(result.spikes["cell"].times, DATA[f"single_{kind}"], atol=TOLERANCE, rtol=0)
    np.testing.assert_allclose(result.spikes["train True"].times, DATA["train"][DATA["positive"]], atol=1e-12, rtol=0)


@pytest.mark.thorough_but("[delta-", "[exp-")
@pytest.mark.parametrize("dt", STEPS)
@pytest.mark.parametrize("kind", SYNAPSES)
def test_a_network_of_100_cells(kind, dt):
    cells, net = bs.Population(100, bs.LIF(), name="cells", initial={"v": DATA["v"]}), bs.Network(seed=1)
    excitatory = DATA["pre"] < 80
    for which, weight, tau in zip((excitatory, ~excitatory), RECURRENT[kind], (2.0, 5.0), strict=True):
        pairs = bs.FromArrays(DATA["pre"][which], DATA["post"][which])
        delay = 0.5 * DATA["half_ms"][which]
        net.connect(cells, cells, pairs, weight=weight, delay=delay, synapse=SYNAPSES[kind](tau), name=f"{weight}")
    net.stimulate(cells, bs.CurrentInput(DATA["current"]))
    spikes = bs.simulate(net, 1000.0, dt=dt, seed=1, precise=True).spikes["cells"]
    assert np.array_equal(np.bincount(spikes.ids, minlength=100), DATA[f"{kind}_count"])
    late = spikes.times > 950.0
    order = np.lexsort((spikes.times[late], spikes.ids[late]))
    assert np.array_equal(spikes.ids[late][order], DATA[f"{kind}_ids"])
    np.testing.assert_allclose(spikes.times[late][order], DATA[f"{kind}_times"], atol=TOLERANCE, rtol=0)
