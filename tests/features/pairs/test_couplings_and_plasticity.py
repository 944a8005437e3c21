"""Weights of couplings that learn: against a twin in plain loops, where Oja and BCM end, and what can be done to them."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.couplings import Linear

pytestmark = pytest.mark.usefixtures("more_partitions")
DT, MIXED = 0.1, bs.Uniform(-1.0, 2.0)


class Bounded(bs.RatePlasticity):
    """A rule with bounds, a shared expression, and two variables of the target that depend on each other."""

    equations = """
        gap = post - slow
        dw/dt = eta*(pre*gap - decay*w*fast)
        dslow/dt = (fast - slow)/tau
        dfast/dt = (post - fast)/(0.1*tau)
    """
    bounds = ("w_min", "2*w_max")
    eta: float = bs.parameter(3e-6, "weight/ms/Hz**2", "rate of learning")
    decay: float = bs.parameter(1.0, "Hz/weight", "strength of the decay")
    tau: float = bs.parameter(20.0, "ms", "time constant", above=0.0)
    w_min: float = bs.parameter(-3.0, "weight", "lower bound")
    w_max: float = bs.parameter(1.5, "weight", "half of the upper bound")
    slow: float = bs.initial(5.0, "Hz", "slow mean")
    fast: float = bs.initial("2*decay*w_max", "Hz", "fast mean")


def slopes(rule, w, pre, post, traces):
    """Return dw/dt, and the derivatives of the variables of a target."""
    if isinstance(rule, bs.Oja):
        return rule.eta * post * (pre - rule.alpha * post * w), {}
    if isinstance(rule, bs.BCM):
        theta = traces["theta"]
        return rule.eta * pre * post * (post - theta), {"theta": (post**2 / rule.r_0 - theta) / rule.tau}
    slow, fast = traces["slow"], traces["fast"]
    change = rule.eta * (pre * (post - slow) - rule.decay * w * fast)
    return change, {"slow": (fast - slow) / rule.tau, "fast": (post - fast) / (0.1 * rule.tau)}


class Twin:
    """A population of Linear units that are connected to each other, step by step in plain loops."""

    def __init__(self, pairs, start, drive, rule, order):
        self.r, self.drive, self.rule, self.order = [start], drive, rule, order
        self.pre, self.post, self.w, self.delays = pairs
        self.traces = [rule.begin() for _ in start]

    def given(self, cell, step, late):
        """Return what a cell gives during a step; before 0 it is what it gives at 0."""
        if step < 0:
            return self.r[0][cell]
        if self.order == 1:
            return self.r[step][cell]
        if late:
            return 0.5 * (self.r[step][cell] + self.r[step + 1][cell])
        return self.r[step][cell] if step == 0 else 1.5 * self.r[step][cell] - 0.5 * self.r[step - 1][cell]

    def step(self):
        """Take one step."""
        now, rule, half = len(self.r) - 1, self.rule, 0.5 * DT * (self.order == 2)
        low, high = (
            limit if limit is not None else sign * np.inf for limit, sign in zip(rule.limits(), (-1, 1), strict=True)
        )
        total, w, own = np.zeros(len(self.r[0])), self.w.copy(), [self.given(j, now, False) for j in range(len(self.r[0]))]
        middle = []
        for traces, post in zip(self.traces, own, strict=True):
            change = slopes(rule, 0.0, 0.0, post, traces)[1]
            middle.append({name: value + half * change[name] for name, value in traces.items()})
        for k, (i, j) in enumerate(zip(self.pre, self.post, strict=True)):
            pre = self.given(i, now - self.delays[k], self.delays[k] > 0)
            between = min(max(w[k] + half * slopes(rule, w[k], pre, own[j], self.traces[j])[0], low), high)
            total[j] += between * pre
            self.w[k] = min(max(w[k] + DT * slopes(rule, between, pre, own[j], middle[j])[0], low), high)
        for j in {*self.post}:
            change = slopes(rule, 0.0, 0.0, own[j], middle[j])[1]
            self.traces[j] = {name: value + DT * change[name] for name, value in self.traces[j].items()}
        end = 0.1 * (total + self.drive)
        self.r.append(end + (self.r[-1] - end) * np.exp(-DT / 10.0))


RULES = [bs.Oja(eta=1e-4, alpha=0.2), bs.BCM(eta=3e-6, r_0=15.0, tau=50.0), Bounded(eta=2e-3)]
DELAYS = [0.0, 0.5, bs.Uniform(0.1, 1.5)]


def recurrent(rule, delay, order, weight=MIXED, n=9):
    """Return a network of units that are connected to each other, with a rule."""
    units = bs.Population(
        n, Linear(drive=np.linspace(50.0, 300.0, n)), name="units", initial={"r": np.linspace(30.0, 2.0, n)}
    )
    net = bs.Network(seed=4)
    given = {"weight": weight, "delay": delay, "synapse": bs.RateConnection(order=order), "plasticity": rule}
    net.connect(units, units[1:], bs.FixedProbability(0.5), name="wires", **given)
    return net


@pytest.mark.slow_but("BCM-delays", "delays-2")
@pytest.mark.thorough_but("BCM-delays-2")
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("delay", DELAYS, ids=["at once", "delayed", "delays"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_against_the_twin(rule, delay, order):
    """Weights, rates and variables of the targets after each of 3 x 100 steps, to rounding: sums have another order."""
    net, steps = recurrent(rule, delay, order), 100
    table = net.synapses("wires")
    units = net.populations["units"]
    pairs = (
        table.pre.tolist(),
        (table.post + 1).tolist(),
        table.weight.copy(),
        np.rint(table.delay / DT).astype(int).tolist(),
    )
    twin = Twin(pairs, units.initial["r"].copy(), units.model.drive, rule, order)
    sim = bs.Simulation(net, seed=1, threads=1 + order)
    for _ in range(3):
        result = sim.run(steps * DT)
        for _ in range(steps):
            twin.step()
        found = sim.synapses("wires", traces=True)
        assert np.allclose(found.weight, twin.w, rtol=1e-12, atol=1e-12)
        assert np.allclose(result.state.variables["units"]["r"], twin.r[-1], rtol=1e-12)
        for name in rule.initials:
            expected = [twin.traces[j][name] for j in twin.post]
            assert np.allclose(found.columns[name], expected, rtol=1e-12), name
    assert np.abs(found.weight - table.weight).max() > 0.1
    if isinstance(rule, Bounded):
        assert np.isin([-3.0, 3.0], found.weight).any()


@pytest.mark.parametrize("order", [1, 2])
def test_the_order_is_that_of_the_coupling(order):
    """Weights that change within a few ms: their error falls by 2 with each half of dt, or by 4."""
    ends = []
    for dt in (0.1, 0.05, 0.025, 0.0125):
        sim = bs.Simulation(recurrent(bs.Oja(eta=1e-4, alpha=0.2), 0.0, order), dt=dt, seed=1)
        sim.run(20.0)
        ends.append(sim.synapses("wires").weight)
    steps = [np.abs(a - b).max() for a, b in zip(ends, ends[1:], strict=False)]
    for a, b in zip(steps, steps[1:], strict=False):
        assert a / b == pytest.approx(2**order, rel=0.1), steps


def driven(mixed, slope, rule, weight):
    """Return a network of sources that follow sums of two sines of 20 and 40 Hz, and of one linear target; and the wires.

    Rates follow their input within 0.1 ms; so they are smaller by 6e-4 at 40 Hz, and by 2e-4 at 20 Hz.
    """
    n = len(mixed)
    sources = bs.Population(n, Linear(slope=1.0, tau=DT), name="sources")
    target = bs.Population(1, Linear(slope=slope, tau=DT), name="target")
    net = bs.Network(seed=1)
    for k, column in enumerate(np.transpose(mixed)):
        for i in range(n):
            net.stimulate(sources[[i]], bs.CurrentInput(f"{column[i]}*sin(2*pi*{20 * (k + 1)}*t/1000)"))
    wires = net.connect(sources, target, bs.AllToAll(), weight=weight, synapse=bs.RateConnection(), plasticity=rule)
    return net, sources, wires


def test_oja_finds_the_first_principal_component():
    """The mean over a period of 50 ms of the weights, which follow the inputs.

    Relative to them the ripple is eta*slope*variance*50 ms/(2 pi), 1 %, and what is left of it in the mean is its square.
    With the lag of the rates behind their inputs this is below 1e-3.
    """
    mixed, slope, alpha = np.array([[9.0, 2.0], [6.0, -4.0], [-3.0, 5.0]]), 0.2, 0.8
    second = mixed @ mixed.T / 2
    values, vectors = np.linalg.eigh(second)
    rule = bs.Oja(eta=1e-3 / (slope * values[-1]), alpha=alpha)
    net, sources, wires = driven(mixed, slope, rule, np.array([[1.0], [0.2], [0.5]]))
    record = [bs.WeightTrace(wires, every=0.1, start=20_000.0), bs.Trace(sources, "r", start=20_000.0)]
    result = bs.simulate(net, 20_050.0, seed=1, record=record)
    rates = result.traces["sources", "r"].values[1:]
    assert np.allclose(rates.T @ rates / len(rates), second, rtol=2e-3, atol=0.1)
    w = result.weights[wires].values[1:].mean(axis=0)
    first = vectors[:, -1] * np.sign(vectors[:, -1] @ w)
    assert np.linalg.norm(w) == pytest.approx(1.0 / np.sqrt(alpha * slope), rel=1e-3)
    assert np.allclose(w / np.linalg.norm(w), first, atol=1e-3)
    assert values[-1] < 6 * values[-2]  # so it had something to find


@pytest.mark.thorough
class TestBCM:
    def settled(self, patterns, period=20.0, duration=40_000.0):
        """Return the rate of the target for each pattern in turn, after learning, and its threshold."""
        n = len(patterns[0])
        sources = bs.Population(n, Linear(slope=1.0, tau=DT), name="sources")
        target = bs.Population(1, Linear(slope=0.2, tau=DT), name="target")
        net = bs.Network(seed=1)
        shown = np.tile(np.repeat(patterns, round(period), axis=0), (round(duration / period / len(patterns)) + 1, 1))
        net.stimulate(sources, bs.CurrentInput(bs.TimedArray(shown, dt=1.0)))
        rule = bs.BCM(eta=6e-6, r_0=5.0, tau=400.0)
        start = np.linspace(1.0, 1.4, n)[:, None]
        wires = net.connect(sources, target, bs.AllToAll(), weight=start, synapse=bs.RateConnection(), plasticity=rule)
        last = period * len(patterns)
        record = [bs.Trace(target, "r", start=duration), bs.WeightTrace(wires, "theta", every=1.0, start=duration)]
        result = bs.simulate(net, duration + last, seed=1, record=record)
        rates = result.traces["target", "r"].values[:-1, 0].reshape(len(patterns), -1)
        assert np.ptp(rates[:, 20:-1], axis=1).max() < 0.3  # within 2 ms the rate follows another pattern
        return rates[:, 20:-1].mean(axis=1), result.weights[wires, "theta"].values[:, 0]

    def test_with_one_pattern_it_ends_at_r_0(self):
        rates, theta = self.settled([[10.0, 4.0]])
        assert rates == pytest.approx([5.0], rel=1e-6)
        assert theta == pytest.approx(5.0, rel=1e-6)

    def test_of_two_patterns_it_selects_one(self):
        """With 2*r_0, to the ripple of the threshold within a period: 20 of 400 ms, 5 %."""
        rates, theta = self.settled([[10.0, 3.0], [2.0, 9.0]])
        assert np.sort(rates) == pytest.approx([0.0, 10.0], abs=0.5)
        assert theta.mean() == pytest.approx(10.0, rel=0.05)


def learning(rule=bs.BCM(eta=3e-8, tau=50.0), delay=0.5, order=2):  # noqa: B008 - frozen
    return lambda: recurrent(rule, delay, order, n=30)


@pytest.mark.thorough
@pytest.mark.parametrize("build", [learning(), learning(RULES[2], bs.Uniform(0.1, 1.5)), learning(RULES[0], 0.0, 1)])
def test_the_same_bits_in_every_way(build):
    bs.testing.check_bits(build, duration=20.0)


@pytest.mark.thorough
def test_in_single_precision_small_steps_are_not_lost():
    """Steps of 1e-9 of a weight add up, though a float32 of it would stay as it is."""
    found = []
    for precision in ("double", "single"):
        sim = bs.Simulation(recurrent(bs.Oja(eta=1e-10), 0.0, 2), seed=1, precision=precision)
        sim.run(100.0)
        found.append(sim.synapses("wires").weight - sim.network.synapses("wires").weight)
    assert np.abs(found[0]).max() > 1e-7
    assert np.allclose(*found, rtol=1e-3)


class TestBetweenPieces:
    def sim(self, **options):
        return bs.Simulation(recurrent(RULES[1], 0.5, 2), seed=1, **options)

    def test_weights_are_set_and_frozen(self):
        sim, wires = self.sim(), "wires"
        sim.run(5.0)
        w = np.linspace(0.0, 1.0, len(sim.synapses(wires)))
        sim.set(wires, w=w, theta=7.0, learning=False)
        sim.run(5.0)
        assert np.array_equal(sim.synapses(wires).weight, w)
        assert (sim.synapses(wires, traces=True).columns["theta"] != 7.0).all()  # variables of the targets go on
        sim.set(wires, learning=True)
        sim.run(5.0)
        assert (sim.synapses(wires).weight != w).any()
        sim.reset()
        assert np.array_equal(sim.synapses(wires).weight, sim.network.synapses(wires).weight)
        assert (sim.synapses(wires, traces=True).columns["theta"] == 0.0).all()

    def test_weights_that_are_set_act_as_those_at_the_start(self):
        first = bs.Simulation(recurrent(RULES[1], 0.5, 2, weight=1.25), seed=1)
        second = self.sim()
        second.set("wires", weight=1.25)
        assert np.array_equal(*(sim.run(5.0).state.variables["units"]["r"] for sim in (first, second)))
        assert np.array_equal(*(sim.synapses("wires").weight for sim in (first, second)))

    def test_pairs_come_and_go(self):
        sim = self.sim()
        sim.run(5.0)
        before = sim.synapses("wires", traces=True)
        sim.rewire("wires", remove=before.pre == 0, pre=[1, 2], post=[0, 0], weight=0.5)
        table = sim.synapses("wires", traces=True)
        kept = before.weight[before.pre != 0]
        assert np.isin(kept, table.weight).all()
        assert (table.weight == 0.5).sum() == 2
        assert np.isin(table.columns["theta"], [*before.columns["theta"], 0.0]).all()
        sim.run(5.0)
        assert not np.isin(kept, sim.synapses("wires").weight).any()

    def test_a_checkpoint_has_weights_and_variables(self, tmp_path):
        sim = self.sim()
        sim.run(5.0)
        sim.set("wires", learning=False)
        sim.run(1.0)
        sim.save(tmp_path / "run.ckpt")
        loaded = bs.Simulation.load(recurrent(RULES[1], 0.5, 2), tmp_path / "run.ckpt", threads=2)
        for one in (sim, loaded):
            one.run(1.0)
            one.set("wires", learning=True)
            one.run(3.0)
        a, b = (one.synapses("wires", traces=True) for one in (sim, loaded))
        assert np.array_equal(a.weight, b.weight)
        assert np.array_equal(a.columns["theta"], b.columns["theta"])

    def test_weights_are_recorded(self):
        net = recurrent(RULES[1], 0.5, 2)
        record = [bs.WeightTrace("wires", every=1.0), bs.WeightTrace("wires", "theta", synapses=[3, 0], every=1.0)]
        sim = bs.Simulation(net, seed=1, record=record, threads=2)
        result = sim.run(4.0)
        now = sim.synapses("wires", traces=True)
        assert np.array_equal(result.weights["wires"].values[-1], now.weight)
        assert np.array_equal(result.weights["wires", "theta"].values[-1], now.columns["theta"][[3, 0]])
        assert np.array_equal(result.weights["wires"].values[0], net.synapses("wires").weight)
        again = bs.Simulation(net, seed=1)
        again.run(2.0)
        assert np.array_equal(result.weights["wires"].values[2], again.synapses("wires").weight)

    def test_mistakes(self):
        sim = self.sim()
        for values, message in (
            ({"thetta": 1.0}, "cannot set 'thetta'; did you mean 'theta'?"),
            ({"w": [1.0, 2.0]}, "w must be a number or an array of"),
            ({"theta": np.nan}, "theta must be finite"),
            ({"learning": 2}, "learning"),
        ):
            with pytest.raises((ValueError, TypeError), match=message):
                sim.set("wires", **values)
        with pytest.raises(ValueError, match="is a coupling"):
            sim.normalise("wires", 3.0)
        sim = bs.Simulation(recurrent(RULES[2], 0.5, 2), seed=1)
        with pytest.raises(ValueError, match="w must be at most 3"):
            sim.set("wires", w=5.0)


def test_weights_that_grow_without_limit_are_an_error():
    sim = bs.Simulation(recurrent(bs.Oja(eta=1.0, alpha=0.0), 0.0, 2), seed=1)
    with pytest.raises(ValueError, match="wires: by Oja.* from . to . is no longer a finite number"):
        sim.run(1000.0)


def test_the_estimate_knows_the_bytes():
    units = bs.Population(500, bs.RateUnit(), name="units")
    net = bs.Network(seed=1)
    net.connect(
        units, units, bs.FixedProbability(0.2), weight=0.1, synapse=bs.RateConnection(), plasticity=bs.Oja(), name="w"
    )
    sim = bs.Simulation(net, seed=1)
    row = next(row for row in net.estimate().rows if row[0] == "w")
    synapses = sim._run.synapses
    assert row[2] == pytest.approx(synapses.others.nbytes + sum(kind.nbytes for kind in synapses.kinds), rel=0.05)
