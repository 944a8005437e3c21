"""Built-in rules through the engine: windows, curves and amplitudes by their formulas and tables, networks by the twin."""

import numpy as np
import pytest

import brainsim as bs
from tests.features.plasticity.test_models import CHANGES
from tests.helpers.plasticity.kicked import Kicked, change

LAGS = np.array([-50.0, -10.0, -0.1, 0.0, 0.1, 7.3, 50.0])


@pytest.mark.slow_but("additive")
@pytest.mark.thorough_but("additive")
@pytest.mark.parametrize("dependence", CHANGES)
def test_window_of_one_pair(dependence):
    rule = bs.STDP(weight_dependence=dependence, tau_minus=33.0, w_max=2.0, mu=0.3, w_0=0.5)
    up, down = CHANGES[dependence](rule, 0.4)
    expected = np.where(LAGS > 0, up * np.exp(-np.abs(LAGS) / 20.0), -down * np.exp(-np.abs(LAGS) / 33.0)) * (LAGS != 0)
    found = change(rule, [[99.0]] * LAGS.size, [[100.0 + lag] for lag in LAGS], weight=0.4)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


# the changes by 60 pairs at each rate [Hz], of names and lags [ms]
RATES = [0.1, 10, 20, 30, 40, 50]
CURVES = {
    ("visual cortex, all, full", 10.0): [0.0, 0.1321, 0.2470, 0.3707, 0.5337, 0.7409],
    ("visual cortex, all, full", -10.0): [-0.3122, -0.3336, -0.3516, -0.2047, 0.1548, 0.7272],
    ("visual cortex, all, minimal", 10.0): [0.0, 0.1186, 0.2278, 0.3554, 0.5321, 0.7627],
    ("visual cortex, all, minimal", -10.0): [-0.3166, -0.3322, -0.3417, -0.1892, 0.1737, 0.7492],
    ("visual cortex, nearest, full", 10.0): [0.0, 0.1036, 0.3232, 0.4672, 0.5603, 0.6243],
    ("visual cortex, nearest, full", -10.0): [-0.2943, -0.4113, -0.3382, -0.0852, 0.2598, 0.6193],
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", [name for name, lag in CURVES if lag > 0])
def test_frequency_curves_of_triplets(name):
    """Sixty pairs at each rate; a pair of cells for each rate and lag."""
    pre, post, printed = [], [], []
    for lag in (10.0, -10.0):
        for rate, expected in zip(RATES[1:], CURVES[name, lag][1:], strict=True):
            times = 20.0 + round(1000.0 / rate, 1) * np.arange(60)
            pre.append(times)
            post.append(times + lag + 1.0)
            printed.append(expected)
    np.testing.assert_allclose(change(bs.TripletSTDP.published(name), pre, post), printed, atol=1e-3)


@pytest.mark.thorough
def test_slow_pairs_of_visual_cortex():
    """One pair every ten seconds, on a grid of 1 ms."""
    times = 20.0 + 10_000.0 * np.arange(60)
    for name in sorted({name for name, _ in CURVES}):
        lags = (10.0, -10.0)
        found = change(bs.TripletSTDP.published(name), [times] * 2, [times + lag + 1.0 for lag in lags], dt=1.0)
        np.testing.assert_allclose(found, [CURVES[name, lag][0] for lag in lags], atol=1e-3)


# offsets of the source's and of the target's spikes in each of 60 groups, a second apart [ms], and the change
HIPPOCAMPUS = {
    "hippocampus, all, full": [(([0], [10]), 0.2018), (([0], [-10]), -0.1037)],
    "hippocampus, nearest, full": [(([0], [10]), 0.1522), (([0], [-10]), -0.1338)],
    "hippocampus, nearest, minimal": [(([0], [10]), 0.1522), (([0], [-10]), -0.1338)],
    "hippocampus, all, minimal": [
        (([0], [10]), 0.1754),
        (([0], [-10]), -0.1561),
        *((([-a, b], [0]), after) for a, b, after in ((5, 5, 0.055), (10, 10, 0.019), (15, 5, -0.051), (5, 15, 0.102))),
        *((([0], [-a, b]), after) for a, b, after in ((5, 5, 0.333), (10, 10, 0.180), (5, 15, 0.068), (15, 5, 0.318))),
    ],
}


@pytest.mark.thorough_but("[hippocampus, all, full]")
@pytest.mark.parametrize("name", HIPPOCAMPUS)
def test_pairs_and_triplets_of_hippocampus(name):
    begin = 20.0 + 1000.0 * np.arange(60)
    groups = [part for part, _ in HIPPOCAMPUS[name]]
    pre, post = ([np.sort(np.add.outer(begin, part[end]).ravel()) for part in groups] for end in (0, 1))
    found = change(bs.TripletSTDP.published(name), pre, [times + 1.0 for times in post], dt=1.0)
    np.testing.assert_allclose(found, [after for _, after in HIPPOCAMPUS[name]], atol=1e-3)


def test_after_a_pause_the_first_spike_is_that_of_a_rested_synapse():
    rule = bs.TsodyksMarkram(U=0.5, tau_rec=100.0, tau_fac=50.0)
    pairs = Kicked(rule, [[10.0, 20.0, 90_000.0]], [[]], dt=0.5, synapse=bs.Exponential(tau=2.0), model=bs.LIF(v_th=1e6))
    pairs.run_to(12.0)
    first = pairs.sim.state["post"]["v"][0]
    pairs.run_to(90_002.0)
    assert abs(pairs.sim.state["post"]["v"][0] - first) < 1e-12
