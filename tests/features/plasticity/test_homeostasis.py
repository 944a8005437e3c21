"""Homeostasis: normalisation and scaling of weights, and thresholds that hold a rate, by their laws and to the bit."""

import warnings

import numpy as np
import pytest

import brainsim as bs
from tests.features.plasticity.test_recorded_weights import RULES, bits

pytestmark = pytest.mark.usefixtures("more_partitions")

STILL = bs.STDP(a_plus=0.0, a_minus=0.0, w_max=1000.0)


def network(homeostasis, rule=RULES["held"], n=40, rate=20_000.0, weight=None):
    net = bs.Network(seed=3)
    cells = bs.Population(n, bs.LIF(), name="cells")
    wires = net.connect(
        cells,
        cells,
        bs.FixedTotal(10 * n),  # also several between two cells, and targets with none
        weight=weight or bs.Uniform(0.1, 0.3),
        delay=bs.Uniform(1.0, 3.0),
        synapse=bs.Delta(),
        plasticity=rule,
        dendritic_delay=0.4 if rule else None,
        homeostasis=homeostasis,
        name="wires",
    )
    net.stimulate(cells, bs.PoissonInput(rate=rate, weight=0.15, synapse=bs.Delta()))
    return net, wires


def sums(table, by="target"):
    ids, n = (table.post, table.n_post) if by == "target" else (table.pre, table.n_pre)
    found = np.bincount(ids, table.weight, minlength=n)
    return found[np.bincount(ids, minlength=n) > 0]


@pytest.mark.thorough_only("[held-target")
@pytest.mark.parametrize(("name", "by"), [("held", "target"), ("additive", "source")])
def test_sums_are_the_total(name, by):
    net, wires = network(bs.Normalisation(1.5, every=20.0, by=by), RULES[name])
    sim = bs.Simulation(net, seed=5, threads=2)
    sim.run(19.9)
    assert np.abs(sums(sim.synapses(wires), by) - 1.5).max() > 0.01
    sim.run(0.1)
    np.testing.assert_allclose(sums(sim.synapses(wires), by), 1.5, rtol=1e-12)
    sim.run(10.0)
    assert np.abs(sums(sim.synapses(wires), by) - 1.5).max() > 1e-6
    whole = bs.Simulation(net, seed=5, threads=1)  # with no other reason to stop at 20 ms
    whole.run(30.0)
    np.testing.assert_array_equal(whole.synapses(wires).weight, sim.synapses(wires).weight)


def test_the_weights_of_each_projection_have_a_sum_of_their_own():
    """Although they leave the same sources for the same targets, next to others that have one weight and do not learn."""
    net, wires = network(bs.Normalisation(1.5, every=5.0))
    cells = net.populations["cells"]
    given = {"weight": bs.Uniform(0.1, 0.3), "delay": 1.5, "synapse": bs.Delta()}
    more = {"plasticity": RULES["held"], "homeostasis": bs.Normalisation(0.7, every=5.0), "dendritic_delay": 0.4}
    others = net.connect(cells, cells, bs.FixedTotal(300), name="others", **given, **more)
    net.connect(cells, cells, bs.AllToAll(), name="still", **given | {"weight": 0.001})
    sim = bs.Simulation(net, seed=5, threads=1)
    sim.run(5.0)
    np.testing.assert_allclose(sums(sim.synapses(wires)), 1.5, rtol=1e-12)
    np.testing.assert_allclose(sums(sim.synapses(others)), 0.7, rtol=1e-12)


def test_a_sample_at_the_time_of_normalisation_comes_after_it():
    net, wires = network(bs.Normalisation(1.5, every=10.0), RULES["held"])
    got = bs.simulate(net, 20.0, seed=5, record=bs.WeightTrace(wires, synapses=None, every=10.0)).weights[wires]
    found = np.bincount(got.post, got.values[1], minlength=40)
    np.testing.assert_allclose(found[np.bincount(got.post, minlength=40) > 0], 1.5, rtol=1e-12)


def test_called_directly():
    net, wires = network(None)
    sim = bs.Simulation(net, seed=5)
    sim.run(30.0)
    before = sim.synapses(wires)
    sim.normalise(wires, 0.9)
    after = sim.synapses(wires)
    np.testing.assert_allclose(after.weight * np.bincount(before.post, before.weight)[before.post], 0.9 * before.weight)
    # what relaxes between spikes is read as of the end of the step if all synapses were brought up to date
    np.testing.assert_allclose(after.columns["u"], before.columns["u"], rtol=0.1 / 35.0)
    with pytest.warns(UserWarning, match=r"wires: the bounds of Held\(\) keep the weights of \d+ of 40 sources"):
        sim.normalise("wires", np.arange(1.0, 41.0), by="source")
    limited = sim.synapses(wires)
    assert limited.weight.max() == 1.0  # the bound of the rule
    full = np.isin(limited.pre, limited.pre[limited.weight == 1.0])
    np.testing.assert_allclose(np.bincount(limited.pre, limited.weight)[limited.pre][~full], limited.pre[~full] + 1.0)
    sim.reset()
    assert sim.synapses(wires).weight.max() <= np.float32(0.3)
    assert bits(sim.run(30.0)) == bits(bs.simulate(net, 30.0, seed=5))


@pytest.mark.parametrize("change", ["set", "normalise", "learning"])
def test_what_changes_weights_leaves_earlier_states_alone(change):
    """A state copies the synapses only when they are about to change."""
    net, wires = network(None)
    sim = bs.Simulation(net, seed=5)
    expected = bits(sim.run(10.0))["extra"]
    sim.reset()
    state = sim.run(10.0).state
    if change == "normalise":
        sim.normalise(wires, 2.0)
    else:
        sim.set(wires, **({"w": 0.0} if change == "set" else {"learning": False}))
    assert {name: values.tobytes() for name, values in state.extra.items()} == expected


class Both(bs.Plasticity):
    """Has weights of both signs."""

    on_pre = "w = w + step"
    bounds = ("-1", "1")
    dimensions = False
    step: float = bs.parameter(0.01, "weight", "change")


def test_weights_of_the_other_sign_stay():
    net, wires = network(None, Both(), weight=0.2)
    sim = bs.Simulation(net, seed=5)
    sim.normalise(wires, -2.0)
    assert (sim.synapses(wires).weight == 0.2).all()


@pytest.mark.parametrize("by", ["target", "source"])
def test_a_total_beyond_the_bounds_is_told_once(by):
    """With two sources, three targets and w_max = 1, the weights onto a target add up to at most 2."""
    net, (a, b) = bs.Network(seed=1), (bs.Population(n, bs.LIF(), name=name) for n, name in ((2, "a"), (3, "b")))
    options = {"weight": 0.5, "delay": 1.0, "synapse": bs.Delta(), "plasticity": bs.STDP(), "name": "p"}
    net.connect(a, b, bs.AllToAll(), **options)
    n, most = {"target": (3, 2.0), "source": (2, 3.0)}[by]
    for threads in (1, 2):
        sim = bs.Simulation(net, seed=2, threads=threads)
        expected = (
            rf"p: the bounds of STDP\(\) keep the weights of 1 of {n} {by}s from the total .* gets {most:g} instead of 10$"
        )
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a total that is just reached is none to warn of
            sim.normalise("p", most, by=by)
        with pytest.warns(UserWarning, match=expected):
            sim.normalise("p", [10.0, *[most / 2] * (n - 1)], by=by)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            sim.normalise("p", 10.0, by=by)
    homeostasis = bs.Normalisation(10.0, every=1.0, by=by)
    other = bs.Network(seed=1)
    other.connect(a, b, bs.AllToAll(), homeostasis=homeostasis, **options)
    with pytest.warns(UserWarning, match=f"keep the weights of {n} of {n} {by}s") as told:
        bs.simulate(other, 5.0, seed=2)
    assert len(told) == 1


def test_frozen_weights_are_not_normalised():
    net, wires = network(bs.Normalisation(1.5, every=10.0))
    sim = bs.Simulation(net, seed=5)
    before = sim.synapses(wires).weight
    sim.set(wires, learning=False)
    sim.run(30.0)
    np.testing.assert_array_equal(sim.synapses(wires).weight, before)


class TestScaling:
    def test_ratios_stay_and_the_factor_is_that_of_the_spikes(self):
        h = bs.Scaling(20.0, tau=80.0, beta=0.5, every=5.0)
        net, wires = network(h, STILL)
        sim = bs.Simulation(net, seed=5, threads=2)
        before = sim.synapses(wires)
        spikes = sim.run(200.0).spikes["cells"]
        after = sim.synapses(wires)
        r, log_factor, d = np.full(40, 20.0), np.zeros(40), np.exp(-5.0 / 80.0)
        for k in range(40):
            mine = (spikes.times > 5.0 * k + 1e-6) & (spikes.times < 5.0 * k + 5.0 + 1e-6)
            r = r * d + (1 - d) * np.bincount(spikes.ids[mine], minlength=40) / 0.005
            log_factor += 0.5 * (20.0 - r) * 0.005
        np.testing.assert_allclose(after.weight / before.weight, np.exp(log_factor)[after.post], rtol=1e-12)
        assert np.ptp(log_factor) > 0.01

    def test_rates_reach_the_goal(self):
        """The drive alone gives 3 Hz; the weights from the source, all alike at first, bring each cell to 12 Hz."""
        net = bs.Network(seed=1)
        cells, source = bs.Population(20, bs.LIF(), name="cells"), bs.Population(100, bs.Poisson(rate=30.0), name="source")
        wires = net.connect(
            source,
            cells,
            bs.AllToAll(),
            weight=0.05,
            delay=1.0,
            synapse=bs.Delta(),
            plasticity=STILL,
            homeostasis=bs.Scaling(12.0, tau=2000.0, beta=0.03, every=50.0),
        )
        net.stimulate(cells, bs.PoissonInput(rate=1000.0, weight=np.linspace(0.2, 0.5, 20), synapse=bs.Delta()))
        sim = bs.Simulation(net, seed=2)
        early = sim.run(2000.0).spikes["cells"].rate()
        sim.run(38_000.0)
        late = sim.run(60_000.0).spikes["cells"]
        assert early < 4.0
        np.testing.assert_allclose(late.rate(), 12.0, rtol=0.01)
        np.testing.assert_allclose(late.counts() / 60.0, 12.0, rtol=0.05)
        assert np.ptp(sim.synapses(wires).weight) > 0.02


@pytest.mark.thorough
def test_the_law_of_a_threshold_that_holds_a_rate():
    """N/T - rho_0 = (theta(T) - theta(0))/(eta T)."""
    net = bs.Network(seed=1)
    cells = bs.Population(30, bs.HomeostaticLIF(rho_0=bs.Uniform(2.0, 20.0), eta=0.2), name="cells")
    net.stimulate(cells, bs.CurrentInput(np.linspace(200.0, 600.0, 30)))
    net.stimulate(cells, bs.PoissonInput(rate=5000.0, weight=0.3, synapse=bs.Delta()))
    sim = bs.Simulation(net, seed=2)
    model = sim.state["cells"]["theta"].copy()
    result = sim.run(5000.0)
    rho = (model - sim.state["cells"]["theta"] + 0.2 * result.spikes["cells"].counts()) / (0.2 * 5.0)
    assert rho.min() > 2.0
    assert rho.max() < 20.0
    for seconds in (40.0, 60.0):
        theta = sim.state["cells"]["theta"].copy()
        spikes = sim.run(1000.0 * seconds).spikes["cells"]
        moved = (sim.state["cells"]["theta"] - theta) / (0.2 * seconds)
        np.testing.assert_allclose(spikes.counts() / seconds - rho, moved, atol=1e-9)
    np.testing.assert_allclose(spikes.counts() / 60.0, rho, rtol=0.05)


class TestMistakes:
    def test_of_the_values(self):
        for make, message in [
            (lambda: bs.Normalisation(0.0), "Normalisation.total: must be a number, or one for each cell, and not 0"),
            (lambda: bs.Normalisation(1.0, every=0.0), "Normalisation.every: must be > 0 ms"),
            (lambda: bs.Normalisation(1.0, by="targets"), "must be 'target' or 'source' .*'target'"),
            (lambda: bs.Scaling(-1.0), "Scaling.goal: must be >= 0 Hz"),
            (lambda: bs.Scaling(5.0, tau=0.0), "Scaling.tau: must be > 0 ms"),
        ]:
            with pytest.raises(ValueError, match=message):
                make()

    def test_of_connect(self):
        for homeostasis, rule, error, message in [
            (bs.Normalisation, STILL, TypeError, "must be Normalisation.*got the class Normalisation"),
            (3.0, STILL, TypeError, "must be Normalisation"),
            (bs.Scaling(5.0), None, ValueError, "needs weights that can change; give"),
            (bs.Scaling(5.0), bs.TsodyksMarkram(), ValueError, "and TsodyksMarkram.. does not change them"),
            (bs.Normalisation(-5.0), STILL, ValueError, r"Normalisation.total: must be > 0, as the weights are, .*got -5"),
            (bs.Normalisation([1.0, 2.0]), STILL, ValueError, "one for each target, 40 .got 2 numbers"),
        ]:
            with pytest.raises(error, match=message):
                network(homeostasis, rule)

    def test_of_normalise(self):
        net, wires = network(None)
        sim = bs.Simulation(net, seed=5)
        for arguments, message in [
            ({"total": 0.0}, "Simulation.normalise.total"),
            ({"total": 1.0, "by": "cell"}, "Simulation.normalise.by"),
            ({"total": [1.0]}, "one for each target, 40"),
            (
                {"total": -1.0},
                r"Simulation.normalise.total: must be > 0, as the weights are, by the bounds of Held\(\) .got -1",
            ),
        ]:
            with pytest.raises(ValueError, match=message):
                sim.normalise(wires, **arguments)
        with pytest.raises(bs.MissingName, match="Simulation.normalise: no projection 'wire'"):
            sim.normalise("wire", 1.0)

    def test_a_state_belongs_to_its_homeostasis(self):
        state = bs.simulate(network(bs.Normalisation(1.5))[0], 1.0, seed=5).state
        with pytest.raises(ValueError, match="projection 'wires'"):
            bs.simulate(network(bs.Normalisation(1.6))[0], 1.0, state=state)
