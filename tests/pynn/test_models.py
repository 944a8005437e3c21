"""Each model of PyNN against the same model of brainsim, or against its formula."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import brainsim as bs

pytestmark = pytest.mark.thorough_but("always_fire")

EXC, INH = [5.0, 7.0, 40.0], [20.0, 22.0]


def run_pynn(sim, cell, weights, variables=("v",)):
    """Return what a cell of PyNN does with a few spikes, and the time of its own."""
    cells = sim.Population(1, cell)
    for times, weight, receptor in zip((EXC, INH), weights, ("excitatory", "inhibitory"), strict=True):
        source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
        synapse = sim.StaticSynapse(weight=weight, delay=1.0)
        sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type=receptor)
    cells.record(["spikes", *variables])
    sim.run(60.0)
    found = cells.get_data().segments[0]
    return [found.filter(name=name)[0].magnitude[:, 0] for name in variables], found.spiketrains[0].magnitude


def run_brainsim(model, synapses, weights, variables=("v",), start=None, current=0.0):
    cells = bs.Population(1, model, name="cells", initial=start or {})
    net = bs.Network(seed=1)
    for times, weight, synapse in zip((EXC, INH), weights, synapses, strict=True):
        source = bs.Population(1, bs.SpikeTrains([times]), name=f"source {times[0]}")
        net.connect(source, cells, bs.AllToAll(), weight=weight, delay=1.0, synapse=synapse)
    net.stimulate(cells, bs.CurrentInput(current))
    result = bs.simulate(net, 60.0, seed=1, record=[bs.Trace(cells, name) for name in variables])
    return [result.traces["cells", name].values[:, 0] for name in variables], result.spikes["cells"].times


def currents(kind):
    return [kind(tau=tau, name=name) for tau, name in ((3.0, "exc"), (7.0, "inh"))]


def conductances(kind):
    return [kind(tau=tau, e_rev=e, name=name) for tau, e, name in ((3.0, 0.0, "exc"), (7.0, -80.0, "inh"))]


TAUS = {"tau_syn_E": 3.0, "tau_syn_I": 7.0}
REVERSAL = {"e_rev_E": 0.0, "e_rev_I": -80.0}
LEAKY = {
    "cm": 0.25,
    "tau_m": 15.0,
    "v_rest": -62.0,
    "v_thresh": -50.0,
    "v_reset": -68.0,
    "tau_refrac": 2.0,
    "i_offset": 0.19,
}
LIF = bs.LIF(c_m=250.0, tau_m=15.0, v_rest=-62.0, v_th=-50.0, v_reset=-68.0, t_ref=2.0)
ADEX = {"c_m": 281.0, "g_l": 281.0 / 9.3667, "v_peak": -40.0, "t_ref": 0.1}
SFA = {"c_m": 1000.0, "g_l": 50.0, "v_rest": -65.0, "v_th": -50.0, "v_reset": -65.0, "t_ref": 0.1}
SFA |= {"tau_sfa": 100.0, "e_sfa": -75.0, "q_sfa": 15.0, "tau_rr": 2.0, "e_rr": -75.0, "q_rr": 3000.0}
# cell of PyNN: its parameters, the weights of both receptors in nA, uS or mV, the model and the synapses of brainsim, its
# initial values and the current [pA] there, and how well the potentials agree [mV]: receptors in brainsim decay exactly,
# variables of a cell by the method of the cell
CASES = {
    "IF_curr_exp": (LEAKY | TAUS, (0.5, -0.3), LIF, currents(bs.Exponential), {"v": -65.0}, 190.0, 1e-9),
    "IF_curr_alpha": (LEAKY | TAUS, (0.5, -0.3), LIF, currents(bs.Alpha), {"v": -65.0}, 190.0, 1e-9),
    "IF_curr_delta": (LEAKY, (5.0, -3.0), LIF, [bs.Delta(), bs.Delta()], {"v": -65.0}, 190.0, 1e-9),
    "IF_cond_exp": (
        LEAKY | TAUS | REVERSAL,
        (0.02, 0.03),
        LIF,
        conductances(bs.ExponentialConductance),
        {"v": -65.0},
        190.0,
        1e-9,
    ),
    "IF_cond_alpha": (
        LEAKY | TAUS | REVERSAL,
        (0.02, 0.03),
        LIF,
        conductances(bs.AlphaConductance),
        {"v": -65.0},
        190.0,
        1e-9,
    ),
    "IF_cond_exp_gsfa_grr": (
        TAUS | REVERSAL | {"i_offset": 0.9},
        (0.02, 0.03),
        bs.SFALIF(**SFA),
        conductances(bs.ExponentialConductance),
        {"v": -65.0},
        900.0,
        1e-9,
    ),
    "EIF_cond_exp_isfa_ista": (
        TAUS | REVERSAL | {"i_offset": 0.8},
        (0.02, 0.03),
        bs.AdEx(**ADEX),
        conductances(bs.ExponentialConductance),
        {"v": -70.6},
        800.0,
        1e-3,
    ),
    "EIF_cond_alpha_isfa_ista": (
        TAUS | REVERSAL | {"i_offset": 0.8},
        (0.02, 0.03),
        bs.AdEx(**ADEX),
        conductances(bs.AlphaConductance),
        {"v": -70.6},
        800.0,
        1e-3,
    ),
    "HH_cond_exp": (
        TAUS | REVERSAL,
        (0.02, 0.03),
        bs.TraubMiles(c_m=200.0, g_na=20000.0, g_k=6000.0, g_l=10.0, v_t=-63.0, e_na=50.0, e_k=-90.0, e_l=-65.0),
        conductances(bs.ExponentialConductance),
        {"v": -65.0, "m": 0.0, "h": 1.0, "n": 0.0},
        0.0,
        0.05,
    ),
    "Izhikevich": (
        {"i_offset": 0.01},
        (5.0, -3.0),
        bs.Izhikevich(d=2.0),
        [bs.Delta(), bs.Delta()],
        {"v": -70.0, "u": -14.0},
        10.0,
        1e-9,
    ),
}


@pytest.mark.slow_but("[IF_curr", "[IF_cond_alpha]", "[IF_cond_exp]")
@pytest.mark.parametrize("name", CASES)
def test_cells_do_what_those_of_brainsim_do(sim, name):
    given, weights, model, synapses, start, current, close = CASES[name]
    [v], spikes = run_pynn(sim, getattr(sim, name)(**given), weights)
    factor = 1.0 if isinstance(synapses[0], bs.Delta) else 1000.0
    [expected], times = run_brainsim(model, synapses, [factor * w for w in weights], start=start, current=current)
    assert spikes.tolist() == times.tolist()
    assert_allclose(v, expected, atol=close)


def test_units_of_what_is_recorded(sim):
    cell = sim.EIF_cond_exp_isfa_ista(i_offset=1.0, tau_syn_E=2.0)
    [conductance, adaptation], spikes = run_pynn(sim, cell, (0.02, 0.03), ("gsyn_exc", "w"))
    assert conductance[59:62].tolist() == pytest.approx([0.0, 0.02, 0.02 * np.exp(-0.05)], rel=1e-6)
    at = int(round(spikes[0] / 0.1))
    assert adaptation[at] - adaptation[at - 1] == pytest.approx(0.0805, abs=1e-3)


def test_receptors_by_name(sim):
    cell = sim.PointNeuron(
        sim.LIF(v_thresh=0.0), slow=sim.BetaPSR(tau_rise=2.0, tau_decay=9.0), fast=sim.ExpPSR(tau_syn=2.0)
    )
    cells, source = sim.Population(1, cell), sim.Population(1, sim.SpikeSourceArray(spike_times=[4.0]))
    for name in ("slow", "fast"):
        sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.01, delay=1.0), receptor_type=name)
    cells.record(["slow.gsyn", "fast.gsyn"])
    sim.run(20.0)
    slow, fast = (cells.get_data().segments[0].filter(name=f"{n}.gsyn")[0].magnitude[:, 0] for n in ("slow", "fast"))
    assert slow.max() == pytest.approx(0.01, rel=1e-3)
    assert slow.argmax() == 50 + round(10 * 2.0 * 9.0 / 7.0 * np.log(4.5))
    assert fast[60] == pytest.approx(0.01 * np.exp(-0.5))


def test_spikes_of_a_stochastic_threshold(sim):
    cell = sim.GIF_cond_exp(
        **{"v_rest": -55.0, "v_reset": -55.0, "v_t_star": -53.0, "delta_v": 2.0, "lambda0": 100.0, "tau_refrac": 4.0},
        **{"a_eta": (0.0, 0.0), "tau_eta": (5.0, 20.0), "a_gamma": (0.0,), "tau_gamma": (30.0,)},
    )
    cells = sim.Population(50, cell, initial_values={"v": -55.0})
    cells.record("spikes")
    sim.run(2000.0)
    assert cells.mean_spike_count() / 2.0 == pytest.approx(1000.0 / (4.0 + 10.0 * np.e), rel=0.05)


def test_what_spikes_leave_of_currents_and_thresholds(sim):
    cell = sim.GIF_cond_exp(
        v_t_star=-60.0,
        delta_v=1e-6,
        i_offset=0.5,
        a_eta=[(0.1, 0.2)],
        tau_eta=(10.0, 20.0),
        a_gamma=[(3.0,)],
        tau_gamma=(50.0,),
    )
    cells = sim.Population(1, cell)
    cells.record(["spikes", "i_eta", "v_t"])
    sim.run(30.0)
    found = cells.get_data().segments[0]
    eta, gamma = (found.filter(name=name)[0].magnitude[:, 0] for name in ("i_eta", "v_t"))
    at = int(round(found.spiketrains[0].magnitude[0] / 0.1))
    assert eta[at - 1 : at + 2].tolist() == pytest.approx([0.0, 0.3, 0.1 * np.exp(-0.01) + 0.2 * np.exp(-0.005)])
    assert gamma[at - 1 : at + 2].tolist() == pytest.approx([-60.0, -57.0, -60.0 + 3.0 * np.exp(-0.002)])


class TestSources:
    @pytest.mark.parametrize("rate", [50.0, 1500.0])
    def test_poisson_trains(self, sim, rate):
        """At both rates, of which the higher one is drawn as a list, counts are those of a Poisson process."""
        sources = sim.Population(200, sim.SpikeSourcePoisson(rate=rate, start=20.0, duration=400.0))
        sources.record("spikes")
        for _ in range(5):
            sim.run(100.0)
        trains = [train.magnitude for train in sources.get_data().segments[0].spiketrains]
        counts, expected = np.array([train.size for train in trains]), 0.4 * rate
        assert counts.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / 200))
        assert counts.var(ddof=1) / expected == pytest.approx(1.0, abs=4 * np.sqrt(2 / 199))
        assert min(train[0] for train in trains) > 20.0
        assert max(train[-1] for train in trains) <= 420.0

    def test_a_run_in_pieces_has_the_same_trains(self, sim):
        def trains(cuts):
            sim.setup(timestep=0.1, rng_seed=3)
            sources = sim.Population(5, sim.SpikeSourcePoisson(rate=[10.0, 100.0, 300.0, 1000.0, 20_000.0]))
            sources.record("spikes")
            for _ in range(cuts):
                sim.run(210.0 / cuts)
            return [train.magnitude.tolist() for train in sources.get_data().segments[0].spiketrains]

        assert trains(1) == trains(7)
        sim.reset()

    def test_dead_times_and_gamma_processes(self, sim):
        dead = sim.Population(100, sim.SpikeSourcePoissonRefractory(rate=80.0, tau_refrac=5.0))
        gamma = sim.Population(100, sim.SpikeSourceGamma(alpha=4, beta=200.0))
        for sources in (dead, gamma):
            sources.record("spikes")
        sim.run(3000.0)
        intervals = [
            np.concatenate([np.diff(t.magnitude) for t in s.get_data().segments[0].spiketrains]) for s in (dead, gamma)
        ]
        assert intervals[0].mean() == pytest.approx(12.5, rel=0.02)
        assert intervals[0].min() > 5.0
        assert intervals[1].mean() == pytest.approx(20.0, rel=0.02)
        assert intervals[1].std() / intervals[1].mean() == pytest.approx(0.5, rel=0.03)

    def test_gamma_processes_that_change(self, sim):
        def counts(cuts):
            sim.setup(timestep=0.1)
            cell = sim.SpikeSourceInhGamma(a=[3.0, 3.0], b=[0.01, 0.005], tbins=[0.0, 1500.0], start=100.0, duration=2000.0)
            sources = sim.Population(60, cell)
            sources.record("spikes")
            for _ in range(cuts):
                sim.run(3000.0 / cuts)
            return [train.magnitude for train in sources.get_data().segments[0].spiketrains]

        trains = counts(1)
        early = np.concatenate([np.diff(train[train < 1500.0]) for train in trains])
        late = np.concatenate([np.diff(train[train > 1500.0]) for train in trains])
        assert early.mean() == pytest.approx(30.0, rel=0.05)
        assert late.mean() == pytest.approx(15.0, rel=0.05)
        assert [x.std() / x.mean() for x in (early, late)] == pytest.approx([3.0**-0.5] * 2, rel=0.06)
        assert min(train[0] for train in trains) > 100.0
        assert max(train[-1] for train in trains) <= 2100.0
        assert [train.tolist() for train in counts(4)] == [train.tolist() for train in trains]

    @pytest.mark.parametrize(("start", "duration"), [(1.0, 2.0), (0.0, 3.0), (0.3, 0.1)])
    def test_gamma_processes_that_always_fire(self, sim, start, duration):
        """A source that fires in each step begins with the step that begins with it."""
        cell = sim.SpikeSourceInhGamma(a=[1.0], b=[1e-6], tbins=[0.0], start=start, duration=duration)
        sources = sim.Population(2, cell)
        sources.record("spikes")
        sim.run(5.0)
        steps = np.arange(round(start / 0.1) + 1, round((start + duration) / 0.1) + 1)
        for train in sources.get_data().segments[0].spiketrains:
            assert_allclose(train.magnitude, 0.1 * steps)


PRE, POST = np.array([10.0, 30.0, 52.0, 71.0]), np.array([12.0, 33.0, 50.0, 75.0])
DEPENDENCES = {
    "AdditiveWeightDependence": (lambda w: 0.02, lambda w: 0.02, {}),
    "MultiplicativeWeightDependence": (lambda w: 0.02 - w, lambda w: w - 0.002, {}),
    "AdditivePotentiationMultiplicativeDepression": (lambda w: 0.02, lambda w: w - 0.002, {}),
    "GutigWeightDependence": (
        lambda w: 0.02 * (1 - w / 0.02) ** 0.3,
        lambda w: 0.02 * ((w - 0.002) / 0.02) ** 0.6,
        {"mu_plus": 0.3, "mu_minus": 0.6},
    ),
}


def pairs(sim, dependence, fraction=1.0, delay=0.5):
    """Return the weight after the spikes `PRE` and `POST` of a synapse."""
    source, kick = (sim.Population(1, sim.SpikeSourceArray(spike_times=times)) for times in (PRE, POST - 0.1))
    cell = sim.Population(1, sim.IF_curr_delta(tau_refrac=2.0))
    sim.Projection(kick, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=100.0, delay=0.1))
    rule = sim.SpikePairRule(tau_plus=15.0, tau_minus=25.0, A_plus=0.05, A_minus=0.04)
    stdp = sim.STDPMechanism(rule, dependence, weight=0.01, delay=delay, dendritic_delay_fraction=fraction)
    wire = sim.Projection(source, cell, sim.AllToAllConnector(), stdp)
    cell.record("spikes")
    sim.run(90.0)
    assert cell.get_data().segments[0].spiketrains[0].magnitude.tolist() == pytest.approx(POST)
    return wire.get("weight", "list", with_address=False)[0]


@pytest.mark.slow_but("[AdditiveW")
@pytest.mark.parametrize("name", DEPENDENCES)
def test_pairs_of_spikes(sim, name):
    up, down, more = DEPENDENCES[name]
    found = pairs(sim, getattr(sim, name)(w_min=0.002, w_max=0.02, **more), delay=0.1)
    w = 0.01
    for t, is_pre in sorted([(t, True) for t in PRE] + [(t + 0.1, False) for t in POST]):  # at the synapse
        lags = t - (POST + 0.1 if is_pre else PRE)
        trace = np.exp(-lags[lags > 0] / (25.0 if is_pre else 15.0)).sum()
        w += -0.04 * trace * down(w) if is_pre else 0.05 * trace * up(w)
        w = min(max(w, 0.002), 0.02)
    assert found == pytest.approx(w, rel=1e-9)


def test_where_the_delay_is(sim):
    found = []
    for fraction in (0.0, 0.5, 1.0):
        sim.setup(timestep=0.1)
        found.append(pairs(sim, sim.AdditiveWeightDependence(w_max=0.02), fraction, delay=1.0))
    assert found[0] > found[1] > found[2]  # the later the source is at the synapse, the closer its pairs are


def test_short_term_plasticity(sim):
    times = np.arange(5.0, 100.0, 10.0)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    cell = sim.Population(1, sim.IF_curr_exp(v_thresh=1e3, tau_syn_E=3.0))
    synapse = sim.TsodyksMarkramSynapse(weight=1.0, U=0.4, tau_rec=100.0, tau_facil=50.0, delay=1.0)
    sim.Projection(source, cell, sim.AllToAllConnector(), synapse)
    cell.record("isyn_exc")
    sim.run(110.0)
    current = cell.get_data().segments[0].analogsignals[0].magnitude[:, 0]
    jumps = [current[k] - current[k - 1] * np.exp(-0.1 / 3.0) for k in np.rint(times / 0.1).astype(int) + 10]
    x, y, u, expected = 1.0, 0.0, 0.0, []
    for k in range(times.size):
        if k:  # x recovers from what is inactive, y decays with the time constant of the receptor
            z = (1.0 - x - y) * np.exp(-0.1) + y * 100.0 / (100.0 - 3.0) * (np.exp(-0.1) - np.exp(-10.0 / 3.0))
            y, u = y * np.exp(-10.0 / 3.0), u * np.exp(-10.0 / 50.0)
            x = 1.0 - y - z
        u += 0.4 * (1.0 - u)
        expected.append(u * x)
        x, y = x - u * x, y + u * x
    assert jumps == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("kind", "given", "mean"), [
    ("SimpleStochasticSynapse", {"p": 0.3}, 0.3),
    ("StochasticTsodyksMarkramSynapse", {"U": 0.4, "tau_rec": 1.0}, 0.4),
    ("MultiQuantalSynapse", {"U": 0.4, "tau_rec": 1.0, "n": 5}, 0.4),
])  # fmt: skip
def test_synapses_that_transmit_at_random(sim, kind, given, mean):
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=np.arange(5.0, 505.0, 10.0)))
    cells = sim.Population(100, sim.IF_curr_delta(v_thresh=1e3, tau_m=1.0))
    synapse = getattr(sim, kind)(weight=1.0, delay=1.0, **given)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse)
    cells.record("v")
    sim.run(510.0)
    peaks = cells.get_data().segments[0].analogsignals[0].magnitude[60::100] + 65.0
    assert peaks.mean() == pytest.approx(mean, abs=0.03)
    levels = np.unique(np.round(peaks, 1))
    assert levels.tolist() == ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0] if kind == "MultiQuantalSynapse" else [0.0, 1.0])


def test_gap_junctions_conduct_both_ways(sim):
    cells = sim.Population(2, sim.IF_curr_exp(v_thresh=100.0, tau_m=20.0, cm=1.0), initial_values={"v": [-60.0, -70.0]})
    sim.Projection(cells[:1], cells[1:], sim.AllToAllConnector(), sim.ElectricalSynapse(weight=0.05))
    cells.record("v")
    sim.run(10.0)
    v = cells.get_data().segments[0].analogsignals[0].magnitude
    assert v[100] == pytest.approx(-65.0 + np.array([5.0, -5.0]) * np.exp(-10.0 * (1 / 20.0 + 2 * 0.05)), abs=1e-3)


def test_inhibition_that_holds_a_rate(sim):
    sources = sim.Population(40, sim.SpikeSourcePoisson(rate=20.0))
    cells = sim.Population(5, sim.IF_cond_exp(i_offset=1.2))
    rule = sim.STDPMechanism(sim.Vogels2011Rule(eta=1e-3, rho=10.0), sim.AdditiveWeightDependence(w_max=0.2), delay=1.0)
    sim.Projection(sources, cells, sim.AllToAllConnector(), rule, receptor_type="inhibitory")
    cells.record("spikes")
    sim.run(5000.0)
    last = [np.sum(train.magnitude > 3000.0) for train in cells.get_data().segments[0].spiketrains]
    assert np.mean(last) / 2.0 == pytest.approx(10.0, rel=0.3)
