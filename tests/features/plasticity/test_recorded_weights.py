"""Recording of weights: what is read is what `Simulation.synapses` reads, and reading changes no bit."""

import numpy as np
import pytest

import brainsim as bs
from tests.helpers.plasticity.kicked import Kicked

pytestmark = pytest.mark.usefixtures("more_partitions")


class Held(bs.Plasticity):
    """Has a variable for each synapse that relaxes between spikes."""

    equations = "dx/dt = -x/tau\ndy/dt = -y/tau\ndu/dt = -u/slow"
    on_pre = "w = w - a*y; u = u + y; x = x + 1"
    on_post = "w = w + a*x*(1 + 0.1*u); u = u - 0.1*u; y = y + 1"
    bounds = ("0", "w_max")
    tau: float = bs.parameter(20.0, "ms", "time constant of the traces", above=0.0)
    slow: float = bs.parameter(35.0, "ms", "time constant of u", above=0.0)
    a: float = bs.parameter(0.01, "weight", "change")
    w_max: float = bs.parameter(1.0, "weight", "upper bound")
    x: float = bs.initial(0.0, "", "trace of the source")
    y: float = bs.initial(0.0, "", "trace of the target")
    u: float = bs.initial(0.0, "", "memory of the synapse")


RULES = {
    "additive": bs.STDP(a_plus=0.05, a_minus=0.06, w_max=1.0),
    "short": bs.TsodyksMarkram(),
    "held": Held(),
    "calcium": bs.CalciumPlasticity(w_0=0.1, b=8.0),
    "reward": bs.DopamineSTDP(w_max=1.0),
    "differing": bs.STDP(a_plus=bs.Uniform(0.01, 0.1), a_minus=0.06, w_max=1.0),
}


def network(rule, synapse=None, dendritic=0.0):
    net = bs.Network(seed=3)
    cells = bs.Population(40, bs.LIF(), name="cells")
    wires = net.connect(
        cells[:30],
        cells,
        bs.FixedIndegree(8),
        weight=bs.Uniform(0.2, 0.8),
        delay=bs.Uniform(1.0, 3.0),
        synapse=synapse or bs.Delta(),
        plasticity=rule,
        dendritic_delay=dendritic,
    )
    net.stimulate(cells, bs.PoissonInput(rate=20_000.0, weight=0.15, synapse=bs.Delta()))
    return net, wires


def bits(result):
    state = result.state
    return {
        "spikes": result.spikes["cells"].times.tobytes() + result.spikes["cells"].ids.tobytes(),
        "v": state.variables["cells"]["v"].tobytes(),
        "extra": {name: values.tobytes() for name, values in state.extra.items()},
    }


@pytest.mark.thorough_but("calcium-synapse")
@pytest.mark.parametrize(
    ("name", "synapse", "dendritic"),
    [(name, None, 0.7) for name in ("held", "short", "calcium", "reward", "differing")]
    + [(name, bs.Exponential(tau=3.0), "all") for name in ("additive", "calcium")],
)
def test_samples_are_what_is_read_between_pieces(name, synapse, dendritic):
    net, wires = network(RULES[name], synapse, dendritic)
    sim = bs.Simulation(net, seed=5, threads=1)
    tables = [sim.synapses(wires)]
    for _ in range(5):
        sim.run(20.0)
        tables.append(sim.synapses(wires))
    variables = ["w", *tables[0].columns]
    variables = [v for v in variables if v not in RULES[name].per_synapse]
    chosen, bins = [5, 3, 200, 319], [-100.0, 0.3, 0.5, 100.0]
    record = [bs.WeightTrace(wires, v, synapses=chosen, every=20.0, bins=bins) for v in variables]
    for threads in (1, 3):
        result = bs.simulate(net, 100.0, seed=5, threads=threads, record=record)
        for v in variables:
            got = result.weights[wires, v]
            expected = np.array([(t.weight if v == "w" else t.columns[v]) for t in tables])
            np.testing.assert_array_equal(got.times, np.arange(6) * 20.0)
            np.testing.assert_array_equal(got.values, expected[:, chosen])
            np.testing.assert_array_equal(got.counts, [np.histogram(row, got.edges)[0] for row in expected])
            np.testing.assert_array_equal(got.pre, tables[0].pre[got.synapses])
            np.testing.assert_array_equal(got.post, tables[0].post[got.synapses])
        assert np.ptp(result.weights[wires].values if name != "short" else 1.0 * result.weights[wires, variables[-1]].values)


@pytest.mark.parametrize("dendritic", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("synapse", [bs.Delta(), bs.Exponential()], ids=repr)
def test_a_sample_is_the_synapse_as_its_target_feels_it(synapse, dendritic):
    """A spike of the source is seen when it arrives at the target, of the target after twice the dendritic part."""
    for pre, post, at in ((20.0, 9.0, 23.0 if synapse == bs.Exponential() else 22.9), (9.0, 20.0, 20.0 + 2 * dendritic)):
        pairs = Kicked(bs.STDP(), [[pre]], [[post]], delay=3.0, dendritic_delay=dendritic, synapse=synapse, weight=0.5)
        samples = bs.simulate(pairs.net, 30.0, seed=1, record=bs.WeightTrace("loop", every=0.1)).weights["loop"]
        assert samples.times[samples.values[:, 0] != 0.5][0] == pytest.approx(at)
        pairs.run_to(round(at - 0.1, 1))
        assert pairs.table().weight[0] == 0.5
        assert pairs.run_to(at)[0] == samples.values[-1, 0]


def test_a_projection_is_found_by_its_name():
    net, wires = network(RULES["additive"])
    trace = bs.WeightTrace(wires.name, synapses=3, every=1.0)
    assert repr(trace).startswith(f"WeightTrace({wires.name!r}, 'w', synapses=3")
    by_name, by_itself = (bs.simulate(net, 2.0, seed=1, record=one) for one in (trace, bs.WeightTrace(wires, "w", 3, 1.0)))
    assert by_name.weights[wires] == by_itself.weights[wires]
    assert str(net.estimate(duration=100.0, record=[trace])) == str(
        net.estimate(duration=100.0, record=[bs.WeightTrace(wires, "w", 3, 1.0)])
    )
    with pytest.raises(bs.MissingName, match=r"simulate.record: WeightTrace: no projection 'wire' in this network"):
        bs.simulate(net, 1.0, record=bs.WeightTrace("wire"))


def test_weights_that_were_set_are_the_first_sample():
    net, wires = network(RULES["additive"])
    sim = bs.Simulation(net, seed=5, record=bs.WeightTrace(wires, synapses=None, every=10.0))
    sim.set(wires, w=0.25)
    values = sim.run(10.0).weights[wires].values
    assert values.shape == (2, 320)
    assert (values[0] == 0.25).all()


def test_what_is_chosen():
    net, wires = network(RULES["additive"])
    got = [
        bs.simulate(net, 1.0, seed=seed, threads=threads, record=bs.WeightTrace(wires, synapses=50)).weights[wires]
        for seed, threads in ((1, 1), (2, 3))
    ]
    np.testing.assert_array_equal(got[0].synapses, got[1].synapses)
    assert np.unique(got[0].synapses).size == 50
    few = bs.simulate(net, 1.0, seed=1, record=bs.WeightTrace(wires, synapses=0, bins=4)).weights[wires]
    assert few.values.shape == (1, 0)
    assert few.counts.sum() == 320
    np.testing.assert_array_equal(few.edges, [0.0, 0.25, 0.5, 0.75, 1.0])


@pytest.mark.thorough
def test_saved_and_loaded(tmp_path):
    net, wires = network(RULES["held"])
    record = [bs.WeightTrace(wires, synapses=3, every=10.0, bins=5), bs.WeightTrace(wires, "u", synapses=2, every=5.0)]
    result = bs.simulate(net, 30.0, seed=5, record=record)
    back = bs.Result.load(result.save(tmp_path / "run.npz"))
    assert dict(back.weights) == dict(result.weights)
    assert back.weights["cells[0:30]->cells", "u"].unit == ""
    assert "\nweights: cells[0:30]->cells.w: 3 synapses\n" in repr(back)
    assert result.weights[wires] != result.weights[wires, "u"]


class TestMistakes:
    def test_of_the_request(self):
        _, wires = network(RULES["additive"])
        for changes, message in [
            ({"projection": 3}, "must be what Network.connect returned, or its name"),
            ({"variable": 3}, "WeightTrace.variable"),
            ({"every": 0.0}, "WeightTrace.every: must be > 0 ms"),
            ({"synapses": -1}, "WeightTrace.synapses: must be >= 0"),
            ({"synapses": [0.5]}, "WeightTrace.synapses: must be whole numbers"),
            ({"bins": 0}, "WeightTrace.bins: must be >= 1"),
            ({"bins": [1.0, 0.0]}, "increasing order"),
        ]:
            with pytest.raises((TypeError, ValueError), match=message):
                bs.WeightTrace(**{"projection": wires} | changes)

    def test_of_the_run(self):
        net, wires = network(RULES["held"])
        cells = net.populations["cells"]
        static = net.connect(cells, cells, bs.OneToOne(), weight=0.1, delay=1.0, synapse=bs.Delta())
        _, foreign = network(RULES["held"])
        for trace, message in [
            (bs.WeightTrace(static), "has no plasticity, so its weights do not change"),
            (bs.WeightTrace(foreign), "is not in the network"),
            (bs.WeightTrace(wires, "v"), "Held has no variable 'v'; available: w, u, x, y"),
            (bs.WeightTrace(wires, "u", bins=3), "give the edges of the bins"),
            (bs.WeightTrace(wires, every=0.01), "every must be at least dt"),
            (bs.WeightTrace(wires, synapses=[320]), "must be below the number of synapses of 'cells.0:30.->cells', 320"),
            ([bs.WeightTrace(wires), bs.WeightTrace(wires, every=5.0)], "another WeightTrace records this"),
        ]:
            with pytest.raises(ValueError, match=message):
                bs.simulate(net, 1.0, record=trace)

    def test_of_looking_up(self):
        net, wires = network(RULES["held"])
        result = bs.simulate(net, 1.0, record=bs.WeightTrace(wires))
        for key, message in [("cels", "has no weights of 'cels'"), ((wires, "u"), "has no 'u' of")]:
            with pytest.raises(bs.MissingName, match=message):
                result.weights[key]
        with pytest.raises(bs.MissingName, match="WeightTrace"):
            bs.simulate(net, 1.0).weights[wires]


@pytest.mark.parametrize("bins", [None, 5])
def test_a_piece_in_which_no_sample_falls_has_none(bins):
    net, wires = network(RULES["additive"])
    sim = bs.Simulation(net, seed=1, record=bs.WeightTrace(wires, synapses=3, every=10.0, bins=bins))
    sim.run(15.0)
    none = sim.run(2.0).weights[wires]
    assert none.values.shape == (0, 3)
    assert none.counts.shape == (0, bins or 0)
    assert sim.result().weights[wires].times.tolist() == [0.0, 10.0]


@pytest.mark.parametrize(
    ("window", "times"), [((None, 25.0), [0, 10, 20, 25]), ((15.0, 30.0), [20, 30]), ((12.0, 18.0), [18])]
)
def test_there_is_a_sample_at_stop(window, times):
    start, stop = window
    net, wires = network(RULES["additive"])
    trace = bs.WeightTrace(wires, synapses=3, every=10.0, start=start, stop=stop)
    weights = bs.simulate(net, 40.0, seed=1, record=trace).weights[wires]
    assert weights.times.tolist() == times
    sim = bs.Simulation(net, seed=1, record=trace)
    sim.run(stop)
    assert np.array_equal(weights.values[-1], sim.synapses(wires).weight[weights.synapses])
    assert sim.result().weights[wires] == weights
