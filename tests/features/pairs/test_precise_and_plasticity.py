"""Rules of plasticity at exact times: pairs of spikes, all rules against the slow twin, NEST, and what a rule reads."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import brainsim as bs
from brainsim.features.plasticity.clock import PARTS
from tests.helpers.plasticity import learning_rules as own
from tests.helpers.plasticity.plastic_networks import differences, parameters_of

DURATION, DELAY = 400.0, 1.234
MICROSECOND = 1e-3  # ms
STEPS = (0.1, 0.5, 0.05)


@dataclass
class Told:
    """Sources and targets that fire at listed times between the points of the grid, all to all.

    Targets are driven by jumps that reach them 1 ms after their own listed spikes; they are refractory for 1 ms.
    """

    rule: object
    dt: float = 0.1
    dendritic: object = 0.0
    weight: object = 0.5
    synapse: object = None
    model: object = None
    duration: float = DURATION

    def __post_init__(self):
        rng = np.random.default_rng(3)
        # no two of 80 spikes come at one time, and a source may fire twice within a step
        times = np.sort(rng.choice(np.arange(1, int(self.duration / MICROSECOND)), 200, replace=False)) * MICROSECOND
        times = np.round(times, 3)
        sources = bs.Population(6, bs.SpikeTrains(times[::2], rng.integers(0, 6, 100)), name="sources")
        drive = bs.Population(3, bs.SpikeTrains(times[1::2], rng.integers(0, 3, 100)), name="drive")
        self.targets = bs.Population(3, self.model or bs.LIF(t_ref=1.0), name="targets")
        self.net = bs.Network(seed=1)
        self.net.connect(drive, self.targets, bs.OneToOne(), weight=200.0, delay=1.0, synapse=bs.Delta())
        self.wires = self.net.connect(
            sources,
            self.targets,
            bs.AllToAll(),
            weight=self.weight,
            delay=DELAY,
            dendritic_delay=self.dendritic,
            synapse=self.synapse or bs.Exponential(tau=5.0),
            plasticity=self.rule,
        )
        self.sim = bs.Simulation(self.net, dt=self.dt, seed=1, precise=True, threads=1)

    def run(self):
        """Run, and return (SynapseTable at the start, at the end, the Result)."""
        before = self.sim.synapses(self.wires)
        result = self.sim.run(self.duration)
        assert len(result.spikes["targets"]) > 60
        return before, self.sim.synapses(self.wires), result


def trains(result, name):
    spikes = result.spikes[name]
    return [spikes.times[spikes.ids == k] for k in range(spikes.n)]


def by_pairs(pre, post, axonal, dendritic, pairing, w=0.5, w_max=1.0, a_plus=0.05, a_minus=0.06, tau=20.0):
    """Return the weight after spikes at real times: a sum over pairs, as the definition of the rule says."""
    events = sorted([(t + axonal, True) for t in pre] + [(t + dendritic, False) for t in post])
    before = {True: [], False: []}
    for time, of_source in events:
        if time > DURATION - dendritic:
            break
        others = before[not of_source][-1:] if pairing == "nearest" else before[not of_source]
        pairs = sum(np.exp((other - time) / tau) for other in others)
        w = max(w - a_minus * w_max * pairs, 0.0) if of_source else min(w + a_plus * w_max * pairs, w_max)
        before[of_source].append(time)
    return w


@pytest.mark.thorough_only("[0.3-nearest", "[0.0-all]", "[0.0-nearest]")
@pytest.mark.parametrize("pairing", ["all", "nearest"])
@pytest.mark.parametrize("dendritic", [0.0, 0.3, "all"])
def test_pairs_of_spikes(pairing, dendritic):
    """The weight is that of the sum over all pairs to 1e-12, for any dt."""
    rule, found = bs.STDP(a_plus=0.05, a_minus=0.06, pairing=pairing), []
    for dt in STEPS:
        before, after, result = Told(rule, dt, dendritic).run()
        pre, post = trains(result, "sources"), trains(result, "targets")
        between = np.concatenate(post) / dt
        assert np.mean(np.abs(between - np.rint(between)) > 1e-4) > 0.9
        delay = before.delay[0]
        of = delay if dendritic == "all" else dendritic
        expected = [by_pairs(pre[i], post[j], delay - of, of, pairing) for i, j in zip(after.pre, after.post, strict=True)]
        np.testing.assert_allclose(after.weight, expected, atol=1e-12, rtol=0)
        found.append(after.weight)
    assert np.ptp(found[0]) > 0.3
    for weights in found[1:]:
        np.testing.assert_allclose(weights, found[0], atol=1e-12, rtol=0)


def steady(**parameters):
    """Return a rule of calcium without noise, whose drift between two events is so slow that its method does not matter."""
    return bs.CalciumPlasticity(sigma=0.0, tau=1e11, gamma_p=3e10, gamma_d=2e10, w_0=0.25, **parameters)


RULES = {
    "presynaptic": bs.STDP(pairing="presynaptic"),
    "reduced": bs.STDP(pairing="reduced", weight_dependence="gutig", mu=0.4),
    "power law": bs.STDP.published("Morrison 2007", w_0=0.3),
    "triplets": bs.TripletSTDP.published("hippocampus, all, full"),
    "nearest triplets": bs.TripletSTDP.published("visual cortex, nearest, full"),
    "inhibition": bs.VogelsSTDP(eta=0.02, w_max=1.0),
    "short term": bs.TsodyksMarkram.published("facilitating, Tsodyks 1998", states="three"),
    "two": (bs.TsodyksMarkram(tau_fac=30.0), bs.STDP(a_plus=0.05)),
    "of each synapse": bs.STDP(tau_plus=bs.Uniform(10.0, 30.0), a_minus=bs.Uniform(0.01, 0.02)),
    "resources of each": bs.TsodyksMarkram(U=bs.Uniform(0.1, 0.6), tau_fac=100.0),
    "calcium": steady(),
    "rich": own.Rich(top=1.0),
    "counting": own.Counting(),
    "one end": own.OnlyPost(),
}


@pytest.mark.thorough
@pytest.mark.parametrize("dendritic", [0.0, 0.3, "all"])
@pytest.mark.parametrize("name", RULES)
def test_the_slow_twin_in_steps_of_a_microsecond(name, dendritic, monkeypatch):
    """All spikes are at whole microseconds, so a twin on that grid has the times of the run."""
    monkeypatch.setattr("brainsim.features.plasticity.part.PERIOD", 64)
    told = Told(RULES[name], 0.5, dendritic, weight=0.3)
    before, after, result = told.run()
    parameters = parameters_of(told.sim, told.wires)
    fine = SimpleNamespace(spikes=result.spikes, dt=MICROSECOND, stop=result.stop, seed=result.seed, traces=result.traces)
    found = differences(told.wires, fine, before, after, parameters=parameters)
    assert max(found.values()) < 1e-12, found


@pytest.mark.thorough
@pytest.mark.parametrize("case", json.loads((Path(__file__).parents[2] / "data" / "precise_stdp.json").read_text()))
def test_the_weights_of_nest(case):
    """NEST takes presynaptic spikes at the end of their steps, so they are on its grid here; those of the cell are exact."""
    synapse = bs.Delta() if case["model"] == "iaf_psc_delta_ps" else bs.Exponential(tau=2.0)
    source = bs.Population(1, bs.SpikeTrains(case["pre"], np.zeros(len(case["pre"]), int)), name="source")
    cell, net = bs.Population(1, bs.LIF(), name="cell"), bs.Network(seed=1)
    jumps = {"a_plus": case["lambda"], "a_minus": case["alpha"] * case["lambda"], "w_max": case["w_max"]}
    wires = net.connect(
        source,
        cell,
        bs.OneToOne(),
        weight=case["w0"],
        delay=case["delay"],
        dendritic_delay="all",
        synapse=synapse,
        plasticity=bs.STDP(tau_plus=case["tau"], tau_minus=20.0, **jumps),
    )
    net.stimulate(cell, bs.CurrentInput(case["current"]))
    sim, found = bs.Simulation(net, seed=1, precise=True), []
    for time in case["pre"]:
        sim.run(round(time + case["delay"] - sim.time, 1))
        found.append(sim.synapses(wires).weight[0])
    sim.run(case["duration"] - sim.time)
    np.testing.assert_allclose(sim.result().spikes["cell"].times, case["post"], atol=1e-9, rtol=0)
    np.testing.assert_allclose(found, case["weights"], rtol=1e-11)


def test_a_spike_that_its_event_makes_is_no_pair():
    """The source makes the target fire at once: on_pre acts first, and reads the traces as they were before."""
    for dt in STEPS:
        source = bs.Population(1, bs.SpikeTrains([3.1416, 14.2071], [0, 0]), name="source")
        target, net = bs.Population(1, bs.LIF(), name="target"), bs.Network(seed=1)
        rule = bs.STDP(a_plus=0.1, a_minus=0.2, w_max=100.0)
        wires = net.connect(source, target, bs.OneToOne(), weight=50.0, delay=0.777, synapse=bs.Delta(), plasticity=rule)
        sim = bs.Simulation(net, dt=dt, seed=1, precise=True)
        spikes = sim.run(20.0).spikes["target"].times
        np.testing.assert_allclose(spikes, [3.9186, 14.9841], atol=1e-12)
        gap = np.exp(-(14.2071 - 3.1416) / 20.0)
        # the second spike of the source depresses by the first one of the target, that of the target pairs with the first
        np.testing.assert_allclose(sim.synapses(wires).weight, 50.0 - 20.0 * gap + 10.0 * gap, atol=1e-11)


class ReadsTheTarget(bs.Plasticity):
    """Notes v of the target at both events."""

    dimensions = False
    on_pre = "before = v_post"
    on_post = "after = v_post; w = w - v_post"
    before: float = bs.initial(0.0, "mV", "v when a spike arrives")
    after: float = bs.initial(0.0, "mV", "v when the target has fired")


@pytest.mark.thorough_only("[0.1", "[0.5]")
@pytest.mark.parametrize("dt", STEPS)
def test_v_is_read_at_the_moment_of_a_spike(dt):
    tau, drive = 20.0, 40.0  # mV

    def v(since):
        return -65.0 + drive * (1.0 - np.exp(-since / tau))

    cell, net = bs.Population(1, bs.LIF(t_ref=0.321, v_reset=-63.0), name="cell", initial={"v": -65.0}), bs.Network(seed=1)
    source = bs.Population(1, bs.SpikeTrains([2.34567], [0]), name="source")
    options = {"weight": 1e-9, "delay": 1.11111, "synapse": bs.Delta(), "plasticity": ReadsTheTarget()}
    wires = net.connect(source, cell, bs.OneToOne(), **options)
    net.stimulate(cell, bs.CurrentInput(drive * 200.0 / tau))
    sim = bs.Simulation(net, dt=dt, seed=1, precise=True)
    sim.run(5.0)
    np.testing.assert_allclose(sim.synapses(wires).columns["before"], v(2.34567 + 1.11111), atol=1e-12)
    result = sim.run(10.0)
    np.testing.assert_allclose(result.spikes["cell"].times, -tau * np.log(1.0 - 15.0 / drive), atol=1e-9)
    table = sim.synapses(wires, traces=True)
    assert table.columns["after"][0] == -63.0
    assert table.weight[0] == pytest.approx(63.0)


@pytest.mark.thorough
def test_what_arrives_is_what_the_rule_sends():
    """Depressing synapses bring the amounts that follow from the real intervals, at their real times."""
    times, (U, tau_rec, tau_fac) = np.array([1.2345, 4.0001, 4.0502, 9.87, 20.0]), (0.4, 60.0, 30.0)
    u, resources, last, sent = 0.0, 1.0, 0.0, []
    for time in times:
        u, resources = u * np.exp((last - time) / tau_fac), 1.0 - (1.0 - resources) * np.exp((last - time) / tau_rec)
        u, last = u + U * (1.0 - u), time
        sent.append(1000.0 * u * resources)
        resources -= u * resources

    def v(weight, rule):
        cell, net = bs.Population(1, bs.LIF(v_th=1e3), name="cell"), bs.Network(seed=1)
        own_sources = np.arange(5) if rule is None else np.zeros(5, int)
        source = bs.Population(int(own_sources.max()) + 1, bs.SpikeTrains(times, own_sources), name="source")
        pairs, synapse = bs.AllToAll() if rule else bs.FromArrays(own_sources, np.zeros(5, int)), bs.Exponential(tau=2.0)
        net.connect(source, cell, pairs, weight=weight, delay=0.77, synapse=synapse, plasticity=rule)
        return bs.simulate(net, 30.0, seed=1, precise=True, record=bs.Trace(cell, "v")).traces["cell", "v"].values

    found = v(1000.0, bs.TsodyksMarkram(U=U, tau_rec=tau_rec, tau_fac=tau_fac))
    assert np.ptp(found) > 1.0
    np.testing.assert_allclose(found, v(np.array(sent), None), atol=1e-12)


def test_lists_are_emptied_and_weights_are_those_of_all_pairs(monkeypatch):
    """Synapses that catch up every 64 steps, of sources that are often silent for longer, have the same weights."""
    rule = bs.STDP(a_plus=0.05, a_minus=0.06, pairing="nearest")
    _, expected, _ = Told(rule, dendritic=0.3).run()
    monkeypatch.setattr("brainsim.features.plasticity.part.PERIOD", 64)
    told = Told(rule, dendritic=0.3)
    _, found, result = told.run()
    np.testing.assert_allclose(found.weight, expected.weight, atol=1e-12, rtol=0)
    (kind,) = (kind for kind in told.sim._run.synapses.kinds if kind.called)
    (part,) = kind.parts.values()
    assert part.context["post_number"] < 0.1 * len(result.spikes["targets"])


@pytest.mark.parametrize("dendritic", [0.0, 0.125])
@pytest.mark.parametrize("reads", [False, True])
def test_spikes_just_after_the_point_up_to_which_synapses_have_caught_up_are_seen(reads, dendritic, monkeypatch):
    """Targets fire some parts of 4e-12 ms around what synapses have seen when all catch up at 6.4 ms, or are set."""
    monkeypatch.setattr("brainsim.features.plasticity.part.PERIOD", 1 << 15 if reads else 64)
    cell, part, net = bs.LIF(), 1e-9 / PARTS, bs.Network(seed=1)
    late = np.linspace(-16.0, 48.0, 257)
    n, at, tau = late.size, 6.4 - 2 * dendritic + part * late, cell.tau_m
    jump = 0.5 * np.exp(-(at - 3.15) / tau)  # what is left of the first spike of its source
    current = (cell.v_th - cell.v_rest - jump) * cell.c_m / tau / -np.expm1(-at / tau)
    sources = bs.Population(n, bs.SpikeTrains(np.repeat([3.0, 9.0], n), np.tile(np.arange(n), 2)), name="sources")
    targets = bs.Population(n, cell, name="targets")
    net.stimulate(targets, bs.CurrentInput(current))
    rule = bs.STDP(a_plus=0.05, a_minus=0.06, tau_plus=20.0, tau_minus=20.0, w_max=1.0)
    given = {"weight": 0.5, "delay": 0.15, "synapse": bs.Delta(), "plasticity": rule}
    wires = net.connect(sources, targets, bs.OneToOne(), dendritic_delay=dendritic, **given)
    sim = bs.Simulation(net, seed=1, precise=True)
    sim.run(6.4)
    if reads:
        sim.set(wires, weight=sim.synapses(wires).weight)
    sim.run(3.6)
    fired = sim.result().spikes["targets"]
    found = (fired.times[np.argsort(fired.ids)] - 6.4 + 2 * dendritic) / part
    np.testing.assert_allclose(found, late, atol=0.1, rtol=0)
    expected = 0.5 + 0.05 * np.exp(-3.25 / 20.0) - 0.06 * np.exp(-2.75 / 20.0)
    np.testing.assert_allclose(sim.synapses(wires).weight, expected, atol=1e-11, rtol=0)


def test_recorded_weights_and_traces():
    """As of the points of the grid, also between two spikes; recording changes no bit."""
    rule, dendritic = bs.STDP(a_plus=0.05, a_minus=0.06), 0.333
    _, expected, _ = Told(rule, dendritic=dendritic).run()
    told = Told(rule, dendritic=dendritic)
    record = [bs.WeightTrace(told.wires, name, every=7.3) for name in ("w", "x", "y")]
    told.sim = bs.Simulation(told.net, dt=0.1, seed=1, precise=True, threads=1, record=record)
    _, found, result = told.run()
    assert np.array_equal(found.weight, expected.weight)
    pre, post = trains(result, "sources"), trains(result, "targets")
    axonal, last = DELAY - dendritic, {name: result.weights[told.wires, name] for name in "xy"}
    for k, time in enumerate(last["x"].times):
        for synapse, (i, j) in enumerate(zip(found.pre, found.post, strict=True)):
            at = {"x": pre[i] + axonal, "y": post[j] + dendritic}
            for name, times in at.items():
                gone = time - dendritic - times
                trace = np.exp(-gone[gone > 0] / 20.0).sum()
                assert last[name].values[k, synapse] == pytest.approx(trace, rel=1e-11, abs=1e-12)
    weights = result.weights[told.wires].values
    assert np.ptp(weights[:, 0]) > 0.1
    np.testing.assert_array_equal(weights[0], 0.5)


@pytest.mark.thorough
def test_weights_add_up_to_their_total():
    found = []
    for pieces in (1, 4):
        told = Told(bs.STDP(a_plus=0.05, a_minus=0.06), weight=bs.Uniform(0.1, 0.3))
        for _ in range(pieces):
            told.sim.run(100.0 / pieces)
        told.sim.normalise(told.wires, 2.0)
        table = told.sim.synapses(told.wires)
        np.testing.assert_allclose(np.bincount(table.post, table.weight), 2.0, rtol=1e-12)
        told.sim.run(100.0)
        found.append(told.sim.synapses(told.wires).weight)
    assert np.array_equal(*found)
    assert np.ptp(found[0]) > 0.1


def test_scaling_counts_spikes_up_to_their_real_times():
    told = Told(bs.STDP(a_plus=0.0, a_minus=0.0))
    net, every = told.net, 20.0
    rule = bs.Scaling(30.0, tau=100.0, beta=1.0, every=every)
    wires = net.connect(
        net.populations["sources"],
        told.targets,
        bs.AllToAll(),
        weight=0.5,
        delay=DELAY,
        synapse=bs.Exponential(tau=5.0),
        plasticity=bs.STDP(a_plus=0.0, a_minus=0.0),
        homeostasis=rule,
        name="scaled",
    )
    sim = bs.Simulation(net, seed=1, precise=True)
    spikes, rate, weight = trains(sim.run(DURATION), "targets")[0], 30.0, 0.5
    for k in range(int(DURATION / every)):
        number = np.count_nonzero((spikes > k * every) & (spikes <= (k + 1) * every))
        kept = np.exp(-every / rule.tau)
        rate = rate * kept + (1.0 - kept) * number / (every / 1000.0)
        weight = min(weight * np.exp((rule.goal - rate) * every / 1000.0), 1.0)
    table = sim.synapses(wires)
    np.testing.assert_allclose(table.weight[table.post == 0], weight, rtol=1e-12)
    assert 0.0 < weight < 0.9


class Fades(bs.Plasticity):
    """A variable of each synapse that decays."""

    equations = "dx/dt = -x/tau"
    on_pre = "x = x + 0*w"
    tau: float = bs.parameter(20.0, "ms", "time constant", above=0.0)
    x: float = bs.initial(1.0, "", "what decays")


def test_a_synapse_is_read_while_a_spike_is_under_way_to_it():
    """It has decayed up to now, and the spike, which arrives at 10.1234 ms, has done nothing yet."""
    source, cell = bs.Population(1, bs.SpikeTrains([[3.1234]]), name="source"), bs.Population(1, bs.LIF(), name="cell")
    net = bs.Network(seed=1)
    wires = net.connect(source, cell, bs.AllToAll(), weight=0.1, delay=7.0, synapse=bs.Delta(), plasticity=Fades())
    sim = bs.Simulation(net, dt=0.5, precise=True, progress=False)
    for now in (2.0, 4.0, 9.5, 10.0, 10.5, 15.0):
        sim.run(now - sim.time)
        assert sim.synapses(wires).columns["x"] == pytest.approx(np.exp(-now / 20.0), rel=1e-12), now
