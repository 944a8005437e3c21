"""Graupner and Brunel's rule: published changes of weights by protocols of pairs, and its parts one by one."""

import math

import numpy as np
import pytest

import brainsim as bs

# of the publication: time that calcium comes after a presynaptic spike [ms], part of the synapses that begin at rho = 0
DELAYS = {
    "DP": 13.7,
    "DPD": 4.6,
    "DPD'": 2.2,
    "P": 0.0,
    "D": 0.0,
    "D'": 0.0,
    "hippocampal slices": 18.8008,
    "hippocampal cultures": 10.0,
    "cortical slices": 4.6098,
}
BETA = {"hippocampal slices": 0.7}
BURST = 11.5  # ms: between the spikes of a pair of the target
FIRST = 50.0  # ms

# set, times of the target after the source [ms], pairs, rate [Hz], what they make of the weight; the theory, which the
# authors' own simulations confirm
PAIRS_AT_1_HZ = {
    "DP": {-40: 0.8514, -20: 0.7643, -10: 0.8818, 0: 1.0079, 10: 1.2214, 20: 1.1722, 40: 1.0849},
    "P": {-20: 1.0983, 0: 1.2376, 20: 1.0983},
    "D": {-10: 1.0, 0: 0.6371, 10: 1.0},
    "DPD'": {-10: 0.7714, 0: 1.0412, 20: 0.9003},
    "D'": {-10: 0.7192, 20: 0.8681},
}
AT_1_HZ = [(name, (lag,), 60, 1.0, after) for name, lags in PAIRS_AT_1_HZ.items() for lag, after in lags.items()]
HIPPOCAMPUS = [
    *(("hippocampal slices", (lag,), 200, 5.0, after) for lag, after in {-20: 0.8232, 10: 0.7286}.items()),
    *(
        ("hippocampal slices", (lag, lag + BURST), n, 5.0, after)
        for lag, n, after in ((-20, 100, 0.8420), (0, 100, 1.5648), (10, 100, 1.5455), (20, 100, 0.7068), (10, 30, 1.1938))
    ),
]
CORTEX = [
    ("cortical slices", (lag,), 75, rate, after)
    for rate, both in {0.1: (0.6908, 1.0613), 20.0: (0.6349, 1.2530), 30.0: (1.1863, 1.1917), 40.0: (1.5851, 1.5526)}.items()
    for lag, after in zip((-10, 10), both, strict=True)
]
TABLE = [*AT_1_HZ, *HIPPOCAMPUS, *CORTEX]


def shares_above(rule, delay, lags, period):
    """Return the shares of the time for which periodic calcium is above th_d and above th_p."""
    jumps = sorted([(delay % period, rule.c_source), *((lag % period, rule.c_target) for lag in lags)])
    c = sum(size * math.exp(-(period - t) / rule.tau_ca) for t, size in jumps) / (1.0 - math.exp(-period / rule.tau_ca))
    now, above = 0.0, [0.0, 0.0]
    for t, size in (*jumps, (period, 0.0)):
        for k, threshold in enumerate((rule.th_d, rule.th_p)):
            above[k] += min(t - now, rule.tau_ca * math.log(max(c / threshold, 1.0)))
        c, now = c * math.exp(-(t - now) / rule.tau_ca) + size, t
    return above[0] / period, above[1] / period


def theory(name, lags, pairs, rate):
    """Return the mean weight after a protocol relative to that before, without the drift to the stable states (methods)."""
    rule, beta, duration = bs.CalciumPlasticity.published(name), BETA.get(name, 0.5), pairs * 1000.0 / rate
    above_d, above_p = shares_above(rule, DELAYS[name], lags, 1000.0 / rate)
    down, up = rule.gamma_d * above_d, rule.gamma_p * above_p
    if down + up == 0.0:
        return 1.0
    mean, kept = up / (up + down), math.exp(-duration * (up + down) / rule.tau)
    size = math.sqrt(rule.sigma**2 * (above_d + above_p) / (up + down) * (1.0 - kept**2))
    high = [(1.0 + math.erf((mean - 0.5 + (start - mean) * kept) / size)) / 2.0 for start in (0.0, 1.0)]
    return relative(rule, beta, *high)


def relative(rule, beta, up, stay):
    """Return the mean weight relative to that before; `up` of the low and `stay` of the high synapses end high."""
    high = up * beta + stay * (1.0 - beta)
    return (1.0 - high + rule.b * high) / (beta + (1.0 - beta) * rule.b)


def simulated(points, n=1000, dt=0.1, seed=1):
    """Return the mean weight after each protocol relative to that before, from n synapses that begin low and n high."""
    trains = [FIRST + np.arange(pairs) * round(1000.0 / rate, 1) for _, _, pairs, rate, *_ in points]
    fired = [np.sort(np.add.outer(t, lags).ravel()) for t, (_, lags, *_) in zip(trains, points, strict=True)]
    sources = bs.Population(len(points), bs.SpikeTrains(trains), name="sources")
    kicks = bs.Population(len(points), bs.SpikeTrains([t - dt for t in fired]), name="kicks")
    cells = bs.Population(len(points), bs.LIF(t_ref=1.0), name="cells")
    net, names = bs.Network(seed=1), [name for name, *_ in points]
    net.connect(kicks, cells, bs.OneToOne(), weight=100.0, delay=dt, synapse=bs.Delta())
    start = np.repeat([0.0, 1.0], n)
    for name in dict.fromkeys(names):
        which, rule = np.flatnonzero(np.array(names) == name), bs.CalciumPlasticity.published(name, w_0=1e-6)
        net.connect(
            sources,
            cells,
            bs.FromArrays(np.repeat(which, 2 * n), np.repeat(which, 2 * n)),
            weight=1e-6 * np.tile(1.0 + (rule.b - 1.0) * start, which.size),
            delay=max(dt, dt * round(DELAYS[name] / dt)),
            synapse=bs.Delta(),
            plasticity=rule,
            name=name,
        )
    sim = bs.Simulation(net, dt=dt, seed=seed)
    spikes = sim.run(math.ceil(max(t[-1] for t in trains)) + 200.0).spikes["cells"].per_cell()
    assert all(np.allclose(a, b, rtol=0, atol=0.51 * dt) for a, b in zip(spikes, fired, strict=True))
    found = {}
    for name in dict.fromkeys(names):
        high = (sim.synapses(name).columns["rho"] > 0.5).reshape(-1, 2, n).mean(axis=2)
        rule, beta = bs.CalciumPlasticity.published(name), BETA.get(name, 0.5)
        which = (k for k, other in enumerate(names) if other == name)
        found |= {k: relative(rule, beta, *parts) for k, parts in zip(which, high, strict=True)}
    return [found[k] for k in range(len(points))]


@pytest.mark.parametrize("point", TABLE, ids=str)
def test_the_theory_gives_the_table(point):
    *protocol, printed = point
    assert theory(*protocol) == pytest.approx(printed, abs=6e-5)


# the sets without printed values, in whose place the theory stands
OTHERS = [
    *(("DPD", (lag,), 60, 1.0) for lag in (-40, -10, 0, 10, 40)),
    *(("hippocampal cultures", (lag,), 60, 1.0) for lag in (-20, 0, 10, 30)),
]


@pytest.mark.thorough
def test_pairs_at_1_hz():
    points = [*AT_1_HZ, *((*point, theory(*point)) for point in OTHERS)]
    np.testing.assert_allclose(simulated(points), [after for *_, after in points], rtol=0, atol=0.05)


@pytest.mark.thorough
def test_pairs_and_bursts_of_hippocampal_slices():
    np.testing.assert_allclose(simulated(HIPPOCAMPUS), [after for *_, after in HIPPOCAMPUS], rtol=0, atol=0.05)


def test_rates_of_cortical_slices():
    points = [point for point in CORTEX if point[3] > 1.0]
    np.testing.assert_allclose(simulated(points), [after for *_, after in points], rtol=0, atol=0.05)


def integrated(name, lag, pairs, rate, drift, n=2000, h=0.5):
    """Return the mean weight relative to that before by small steps of the equation, with `drift` times its cubic term."""
    rule, rng, results = bs.CalciumPlasticity.published(name), np.random.default_rng(1), []
    grid, first = np.arange(0.0, 300.0, h), max(-lag, 0.0)
    c = np.zeros(grid.size)
    for time, size in ((first + DELAYS[name], rule.c_source), (first + lag, rule.c_target)):
        c += np.where(grid >= time, size * np.exp(-(grid - time) / rule.tau_ca), 0.0)
    above = [(float(now > rule.th_p), float(now > rule.th_d)) for now in c if now > rule.th_d]
    pause = (1000.0 / rate - h * len(above)) / 20
    for rho in (np.zeros(n), np.ones(n)):
        for _ in range(pairs):
            for p, d in above:
                slope = rule.gamma_p * (1.0 - rho) * p - rule.gamma_d * rho * d - drift * rho * (1.0 - rho) * (0.5 - rho)
                rho = rho + h / rule.tau * slope + rule.sigma * math.sqrt(h / rule.tau * (p + d)) * rng.normal(size=n)
            for _ in range(20):
                rho = rho - drift * pause / rule.tau * rho * (1.0 - rho) * (0.5 - rho)
        results.append(np.mean(rho > 0.5))
    return relative(rule, BETA.get(name, 0.5), *results)


@pytest.mark.thorough
def test_slow_pairs_of_cortical_slices():
    """They take twice the time constant of the drift to the stable states, which the printed values leave out."""
    slow = [point for point in CORTEX if point[3] < 1.0]
    # without the drift, which leaves synapses near the border; 2,000 of each
    assert [integrated("cortical slices", *lags, 75, 0.1, 0.0) for _, lags, *_ in slow] == pytest.approx(
        [after for *_, after in slow], abs=0.05
    )
    found = simulated(slow, dt=0.2)  # the times of these are multiples of 0.2 ms
    assert found == pytest.approx([integrated("cortical slices", *lags, 75, 0.1, 1.0) for _, lags, *_ in slow], abs=0.05)
    assert found[0] > slow[0][-1] + 0.05


def efficacies(rule, lag, *, pairs, rate, start=0.0, n=50, seed=1):
    """Return rho of n synapses after pairs of spikes: the target `lag` ms after the source."""
    times = FIRST + np.arange(pairs) * 1000.0 / rate
    source = bs.Population(1, bs.SpikeTrains([times]), name="source")
    kick = bs.Population(1, bs.SpikeTrains([times + lag - 0.1]), name="kick")  # the target fires 0.1 ms later
    cells = bs.Population(n, bs.LIF(t_ref=1.0), name="cells")
    net = bs.Network(seed=1)
    options = {"delay": 0.1, "synapse": bs.Delta()}
    wires = net.connect(source, cells, bs.AllToAll(), weight=1e-6, plasticity=rule, **options)
    net.connect(kick, cells, bs.AllToAll(), weight=100.0, **options)
    sim = bs.Simulation(net, seed=seed, spikes=False)
    sim.set(wires, rho=start)
    sim.run(float(np.ceil(times[-1] + 200.0)))
    return sim.synapses(wires).columns["rho"]


def test_without_noise_it_is_the_integral_over_time():
    rule = bs.CalciumPlasticity(sigma=0.0, w_0=1e-6)
    found = efficacies(rule, 7.0, pairs=5, rate=20.0, start=0.3, n=2)
    dt, rho, c = 0.001, 0.3, 0.0
    steps = round((np.ceil(FIRST + 200.0) + 200.0) / dt)
    # the source's spikes are at the synapse after 0.1 ms, those of the target at once
    jumps = {}
    for k in range(5):
        for time, size in ((FIRST + 50.0 * k + 0.1, 1.0), (FIRST + 50.0 * k + 7.0, 2.0)):
            jumps[round(time / dt)] = jumps.get(round(time / dt), 0.0) + size
    for step in range(steps):
        c += jumps.get(step, 0.0)
        slope = -rho * (1 - rho) * (0.5 - rho) + 321.808 * (1 - rho) * (c > 1.3) - 200.0 * rho * (c > 1.0)
        rho += dt * slope / 150_000.0
        c *= 1.0 - dt / 20.0
    assert found == pytest.approx(rho, abs=2e-5)


def test_random_numbers_are_of_the_synapse_and_the_seed():
    rule = bs.CalciumPlasticity(w_0=1e-6)
    one, again, other = (efficacies(rule, 5.0, pairs=3, rate=10.0, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert np.unique(one).size == 50
    assert not np.intersect1d(one, other).size


def connected(rule, **options):
    a, b = bs.Population(2, bs.Poisson(rate=50.0), name="a"), bs.Population(3, bs.LIF(), name="b")
    net = bs.Network(seed=1)
    given = {"weight": 1.0, "delay": 1.0, "synapse": bs.Delta(), "plasticity": rule, "name": "wires"} | options
    net.connect(a, b, bs.AllToAll(), **given)
    return net


class TestTheWeightAndTheEfficacy:
    @pytest.mark.thorough_but("double")
    @pytest.mark.parametrize("precision", ["double", "single"])
    @pytest.mark.parametrize("weight", [0.3, 0.45, 0.9, bs.Uniform(0.3, 0.9), np.linspace(0.3, 0.9, 6).reshape(2, 3)])
    def test_the_weight_says_where_the_efficacy_begins(self, weight, precision):
        rule, net, pairs = bs.CalciumPlasticity(w_0=0.3, b=3.0), bs.Network(seed=1), bs.AllToAll()
        if np.ndim(weight):
            pairs, weight = bs.FromArrays(np.repeat([0, 1], 3), np.tile([0, 1, 2], 2)), weight.ravel()
        a, b = bs.Population(2, bs.Poisson(rate=50.0), name="a"), bs.Population(3, bs.LIF(), name="b")
        net.connect(a, b, pairs, weight=weight, delay=1.0, synapse=bs.Delta(), plasticity=rule, name="wires")
        sim, described = bs.Simulation(net, seed=2, precision=precision), net.synapses("wires")
        table, close = sim.synapses("wires"), 1e-15 if precision == "double" else 1e-6
        np.testing.assert_allclose(table.weight, described.weight, rtol=close)
        np.testing.assert_allclose(table.columns["rho"], (described.weight / 0.3 - 1.0) / 2.0, atol=10 * close)
        sim.run(300.0)
        sim.reset()
        np.testing.assert_array_equal(sim.synapses("wires").columns["rho"], table.columns["rho"])

    def test_each_is_set_by_the_other(self):
        sim = bs.Simulation(connected(bs.CalciumPlasticity(tau=1e12)), seed=2)  # nothing moves without spikes
        sim.run(300.0)
        sim.set("wires", weight=3.0)
        assert np.allclose(sim.synapses("wires").columns["rho"], 0.5)
        sim.run(300.0)
        assert np.allclose(sim.synapses("wires").weight, 3.0, rtol=1e-3)
        sim.set("wires", learning=False)
        sim.set("wires", rho=np.linspace(0.0, 1.0, 6))
        assert np.allclose(sim.synapses("wires").weight, np.linspace(1.0, 5.0, 6))
        sim.set("wires", w=sim.synapses("wires").weight)  # what is read can be set

    def test_new_synapses_begin_with_their_weight(self):
        sim = bs.Simulation(connected(bs.CalciumPlasticity()), seed=2)
        sim.rewire("wires", remove=[0, 1], pre=[0], post=[0], weight=4.0)
        table = sim.synapses("wires")
        assert table.columns["rho"].tolist() == [0.75, 0.0, 0.0, 0.0, 0.0]
        assert table.weight.tolist() == [4.0, 1.0, 1.0, 1.0, 1.0]

    @pytest.mark.parametrize(
        ("rule", "options", "message"),
        [
            (
                {},
                {"weight": 0.3},
                "connect.weight: must be from 1 to 5, the weights at rho = 0 and 1 of CalciumPlasticity, in",
            ),
            ({}, {"weight": 5.1}, r"in which w = w_0\*\(1 \+ \(b - 1\)\*rho\) .got 5.1"),
            ({}, {"weight": bs.Normal(3.0, 1.0)}, "must be from 1 to 5"),
            ({"w_0": -1.0}, {"weight": -6.0}, "must be from -5 to -1"),
            ({"w_0": bs.Uniform(0.5, 1.0)}, {"weight": 0.7}, "must be from 1 to 2.5"),
            ({}, {"initial": {"rho": 1.0}}, r"connect.initial\['rho'\]: begins with connect.*weight=.*leave it out"),
            ({}, {"homeostasis": bs.Normalisation(5.0)}, "connect.homeostasis: cannot multiply the weights of Calcium"),
            ({"w_0": 0.0}, {}, "CalciumPlasticity: w_0 != 0 must hold"),
        ],
    )
    def test_mistakes(self, rule, options, message):
        with pytest.raises(ValueError, match=message):
            connected(bs.CalciumPlasticity(**rule), **options)

    def test_mistakes_between_pieces(self):
        sim = bs.Simulation(connected(bs.CalciumPlasticity()), seed=2)
        with pytest.raises(ValueError, match="w and rho belong together, w = .*; set one of them"):
            sim.set("wires", w=1.0, rho=0.0)
        with pytest.raises(ValueError, match="Simulation.normalise: cannot multiply"):
            sim.normalise("wires", 5.0)

    @pytest.mark.thorough
    def test_a_rule_of_ones_own_that_cannot_be_inverted(self):
        class Squared(bs.Plasticity):
            between = "q = q + elapsed/tau; w = w_0*(1 + q**2)"
            on_pre = "q = q*0.9"
            tau: float = bs.parameter(1000.0, "ms", "time constant")
            w_0: float = bs.parameter(2.0, "weight", "weight at q = 0")
            q: float = bs.initial(1.0, "", "of the synapse")

        with pytest.raises(ValueError, match=r"weight: must be 4, with which w = w_0\*.* of Squared begins .got 1.0"):
            connected(Squared())
        sim = bs.Simulation(connected(Squared(), weight=4.0), seed=2)
        assert sim.synapses("wires").weight.tolist() == [4.0] * 6
        with pytest.raises(ValueError, match=r"w follows from w = w_0\*.*; set q instead"):
            sim.set("wires", w=1.0)
