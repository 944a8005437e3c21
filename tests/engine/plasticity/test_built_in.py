"""Built-in rules through the engine: windows, curves and amplitudes by their formulas and tables, networks by the twin."""

import itertools

import numpy as np
import pytest

import brainsim as bs
from brainsim.models.plasticity.pair import PAIRING
from tests.engine.plasticity.test_networks import check, network
from tests.helpers.plasticity.kicked import Kicked, change
from tests.models.test_plasticity import CHANGES, CURVES, RATES

LAGS = np.array([-50.0, -10.0, -0.1, 0.0, 0.1, 7.3, 50.0])


def pairs(how, pairing):
    return bs.STDP(weight_dependence=how, pairing=pairing, mu=0.4, w_0=0.8, w_max=2.0, a_plus=0.02, a_minus=0.03)


RULES = [
    *(pairs(how, "all") for how in CHANGES),
    *(pairs("additive", pairing) for pairing in PAIRING[1:]),
    # the other combinations: each has functions of its own to compile
    *(pytest.param(pairs(*both), marks=pytest.mark.slow) for both in itertools.product(tuple(CHANGES)[1:], PAIRING[1:])),
    bs.TripletSTDP(),
    bs.TripletSTDP(pairing="nearest"),
    bs.VogelsSTDP(rho_0=20.0),
    bs.TsodyksMarkram(tau_fac=100.0),
    bs.TsodyksMarkram(states="three"),
]


@pytest.mark.parametrize("dependence", CHANGES)
def test_window_of_one_pair(dependence):
    rule = bs.STDP(weight_dependence=dependence, tau_minus=33.0, w_max=2.0, mu=0.3, w_0=0.5)
    up, down = CHANGES[dependence](rule, 0.4)
    expected = np.where(LAGS > 0, up * np.exp(-np.abs(LAGS) / 20.0), -down * np.exp(-np.abs(LAGS) / 33.0)) * (LAGS != 0)
    found = change(rule, [[99.0]] * LAGS.size, [[100.0 + lag] for lag in LAGS], weight=0.4)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_networks_against_the_twin(rule):
    check(*network(rule, dendritic=0.5))


def test_short_term_plasticity_of_synapses_that_differ():
    """Tsodyks, Uziel and Markram (2000) draw all three parameters for each synapse."""
    rule = bs.TsodyksMarkram(U=bs.Uniform(0.1, 0.9), tau_rec=bs.Uniform(100.0, 900.0), tau_fac=bs.Uniform(0.0, 900.0))
    check(*network(rule, dendritic=0.5))


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


@pytest.mark.parametrize("name", HIPPOCAMPUS)
def test_pairs_and_triplets_of_hippocampus(name):
    begin = 20.0 + 1000.0 * np.arange(60)
    groups = [part for part, _ in HIPPOCAMPUS[name]]
    pre, post = ([np.sort(np.add.outer(begin, part[end]).ravel()) for part in groups] for end in (0, 1))
    found = change(bs.TripletSTDP.published(name), pre, [times + 1.0 for times in post], dt=1.0)
    np.testing.assert_allclose(found, [after for _, after in HIPPOCAMPUS[name]], atol=1e-3)


# as printed, at 20 Hz
AMPLITUDES = {
    "depressing, Tsodyks 1998": [0.5, 0.265146734, 0.154834618, 0.103020301, 0.078682777, 0.067251281],
    "facilitating, Tsodyks 1998": [0.03, 0.05532683, 0.07573619, 0.09177738, 0.10427856, 0.11406025],
    "working memory, Mongillo 2008": [0.19, 0.28871352, 0.30057128, 0.27399445, 0.2461499],
}


class Still(bs.Neuron):
    """A cell whose potential is the sum of what has arrived."""

    equations = "dv/dt = 0*I/c_m"
    c_m: float = bs.parameter(1.0, "pF", "capacitance")
    v: float = bs.initial(0.0, "mV", "potential")


@pytest.mark.parametrize("name", AMPLITUDES)
def test_amplitudes_of_short_term_plasticity(name):
    """Each is the jump of a potential that does not decay, and follows from the recursion of Maass and Markram (2002)."""
    rule, times = bs.TsodyksMarkram.published(name), 10.0 + np.arange(40) * 50.0
    source, target = bs.Population(1, bs.SpikeTrains({0: times}), name="source"), bs.Population(1, Still(), name="target")
    net = bs.Network(seed=1)
    net.connect(source, target, bs.OneToOne(), weight=1.0, delay=1.0, synapse=bs.Delta(), plasticity=rule)
    record = bs.Trace(target, "v", every=1.0)
    v = bs.simulate(net, times[-1] + 5.0, seed=1, record=record).traces["target", "v"].values[:, 0]
    found = np.diff(v)[np.rint(times).astype(int)]
    x, u, expected = 1.0, rule.U, [rule.U]
    for _ in times[1:]:
        x = 1 + (x - x * u - 1) * np.exp(-50.0 / rule.tau_rec)
        u = rule.U + u * (1 - rule.U) * (np.exp(-50.0 / rule.tau_fac) if rule.tau_fac else 0.0)
        expected.append(u * x)
    # the potential is a sum of up to 40 of them, so its last digits are not those of an amplitude
    np.testing.assert_allclose(found, expected, atol=1e-14, rtol=1e-12)
    np.testing.assert_allclose(found[: len(AMPLITUDES[name])], AMPLITUDES[name], atol=6e-9)


@pytest.mark.filterwarnings("error")  # what is not given, such as the delay of a modulator, is not rounded aloud
def test_facilitation_at_70_hz_rises_and_then_falls():
    """Figure 1C of the publication: the largest amplitude is that of spike 7."""
    rule, dt = bs.TsodyksMarkram.published("facilitating, Tsodyks 1998"), 1000.0 / 70.0 / 50.0  # so spikes are on the grid
    times = 50.0 * dt * np.arange(1, 601)
    source, target = bs.Population(1, bs.SpikeTrains({0: times}), name="source"), bs.Population(1, Still(), name="target")
    net = bs.Network(seed=1)
    net.connect(source, target, bs.OneToOne(), weight=1.0, delay=dt, synapse=bs.Delta(), plasticity=rule)
    v = bs.simulate(net, times[-1] + 2.0, dt=dt, seed=1, record=bs.Trace(target, "v")).traces["target", "v"].values[:, 0]
    arrived = np.rint(times / dt).astype(int) + 1
    found = v[arrived] - v[arrived - 1]
    assert np.argmax(found) == 6
    assert found[6] == pytest.approx(0.11505, abs=5e-6)
    recovery, facilitation = np.exp(-1000.0 / 70.0 / rule.tau_rec), np.exp(-1000.0 / 70.0 / rule.tau_fac)
    u = rule.U / (1.0 - (1.0 - rule.U) * facilitation)
    steady = u * (1.0 - recovery) / (1.0 - (1.0 - u) * recovery)
    assert steady == pytest.approx(0.0955198, abs=5e-8)
    assert found[-1] == pytest.approx(steady, rel=1e-11)  # the potential is the sum of 600 of them


def test_after_a_pause_the_first_spike_is_that_of_a_rested_synapse():
    rule = bs.TsodyksMarkram(U=0.5, tau_rec=100.0, tau_fac=50.0)
    pairs = Kicked(rule, [[10.0, 20.0, 90_000.0]], [[]], dt=0.5, synapse=bs.Exponential(tau=2.0), model=bs.LIF(v_th=1e6))
    pairs.run_to(12.0)
    first = pairs.sim.state["post"]["v"][0]
    pairs.run_to(90_002.0)
    assert abs(pairs.sim.state["post"]["v"][0] - first) < 1e-12
