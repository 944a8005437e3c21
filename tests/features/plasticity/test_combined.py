"""Two rules on one synapse: the weight is that of the one, what is delivered of it is that of the other."""

import copy
import pickle

import numpy as np
import pytest

import brainsim as bs
from brainsim.features.plasticity.combined import combine
from tests.features.plasticity.test_networks import network
from tests.features.plasticity.test_own_rules import IMMOVABLE
from tests.helpers.plasticity.kicked import Kicked

TIRED = {"U": 0.4, "tau_rec": 60.0, "tau_fac": 30.0}
PAIRS = {"a_plus": 0.1, "a_minus": 0.12, "w_max": 2.0}
BOTH = (bs.TsodyksMarkram(**TIRED), bs.STDP(**PAIRS))


def trains(rng, number):
    """Return times of spikes of both cells [ms], none of which meet at the synapse."""
    return [np.sort(rng.choice(np.arange(4, 390, 2), number, replace=False)) / 2.0 + shift for shift in (0.0, 0.3)]


@pytest.mark.thorough
def test_a_loop_written_by_hand():
    """The synaptic current of every step, with a delay of which a part is dendritic."""
    pre, post = trains(np.random.default_rng(1), 60)
    axonal, dendritic, tau = 1.0, 0.5, 5.0
    pairs = Kicked(BOTH, [pre], [post], delay=axonal + dendritic, dendritic_delay=dendritic, model=IMMOVABLE)
    sim = bs.Simulation(pairs.net, seed=1, threads=1, progress=False, record=bs.Trace(pairs.cells, "exponential.i"))
    sim.run(200.0)
    w, u, resources, x, y, before = 1.0, 0.0, 1.0, 0.0, 0.0, 0.0
    arrivals = []
    for time, of_source in sorted([(t + axonal, True) for t in pre] + [(t + dendritic, False) for t in post]):
        passed, before = time - before, time
        x, y, u = x * np.exp(-passed / 20.0), y * np.exp(-passed / 20.0), u * np.exp(-passed / 30.0)
        resources = 1.0 - (1.0 - resources) * np.exp(-passed / 60.0)
        if of_source:
            w, x, u = max(w - 0.12 * 2.0 * y, 0.0), x + 1.0, u + 0.4 * (1.0 - u)
            arrivals.append((time + dendritic, w * u * resources))
            resources -= u * resources
        else:
            w, y = min(w + 0.1 * 2.0 * x, 2.0), y + 1.0
    trace = sim.result().traces["post", "exponential.i"]
    expected = [sum(a * np.exp((t - time) / tau) for t, a in arrivals if t <= time + 1e-9) for time in trace.times]
    assert len(arrivals) > 50
    assert np.allclose(trace.values[:, 0], expected, rtol=1e-11, atol=1e-12)


@pytest.mark.thorough
def test_each_rule_alone_has_the_same_bits():
    pre, post = trains(np.random.default_rng(2), 60)
    found = []
    for rule in (BOTH, BOTH[::-1], *BOTH):
        pairs = Kicked(rule, [pre], [post], model=IMMOVABLE)
        pairs.run_to(150.0)
        table = pairs.sim.synapses(pairs.loop, traces=True)
        found.append({"w": table.weight} | table.columns)
    both, reverse, tired, learning = found
    assert both == reverse
    assert both["w"] == learning["w"] != 1.0
    for rule, alone in zip(BOTH, (tired, learning), strict=True):
        for name in alone.keys() - {"w"}:
            assert both[f"{type(rule).__name__}_{name}"] == alone[name]


@pytest.mark.thorough
def test_names_begin_with_the_class():
    pairs = Kicked(BOTH, [[5.0]], [[8.0]], model=IMMOVABLE)
    assert repr(pairs.loop.plasticity) == repr(BOTH)
    pairs.sim.set("loop", w=1.5)
    trace = bs.WeightTrace("loop", "TsodyksMarkram_x", every=1.0)
    x = bs.simulate(pairs.net, 10.0, seed=1, record=trace).weights["loop", "TsodyksMarkram_x"].values
    assert x.min() == 1.0 - TIRED["U"]
    with pytest.raises(ValueError, match=r"TsodyksMarkram and STDP has no variable 'x'; available: .*TsodyksMarkram_x"):
        Kicked(BOTH, [[5.0]], [[8.0]]).loop.plasticity.starting({"x": 0.5}, "initial")


def test_a_rule_is_rebuilt_from_its_two():
    rule = combine((bs.TsodyksMarkram(U=bs.Uniform(0.1, 0.5)), bs.VogelsSTDP(sign=-1).starting({"y": 0.5}, "here")), "here")
    assert rule.sign == -1
    assert rule.initial == {"VogelsSTDP_y": 0.5}
    for other in (pickle.loads(pickle.dumps(rule)), copy.copy(rule), copy.deepcopy(rule)):
        assert other == rule
        assert other.initial == rule.initial


class Named(bs.Plasticity):
    """All that a rule may name: lines of parameters, names that are only in `between`, and what the other has too."""

    equations = """
        rate = 1/tau  # which begins with no letter of x
        dx/dt = (x_rest - x)*rate
    """
    between = "kept = exp(-elapsed/tau); q = q*kept"
    on_pre = "x = x + 1; w = w + 0.01*q*size; q += 1"
    bounds = ("0", "2*size")
    conditions = ("x_rest < 1",)
    tau: float = bs.parameter(20.0, "ms", "time constant", above=0.0)
    x_rest: float = bs.parameter(0.5, "", "limit of x")
    size: float = bs.parameter(1.0, "weight", "about what weights are")
    x: float = bs.initial("2*x_rest", "", "trace of the source")
    q: float = bs.initial(0.0, "", "of the synapse")


def test_texts_with_names_of_their_own():
    hidden = type("_Named", (Named,), {})
    assert "Named_q" in combine((hidden(), bs.QuantalRelease()), "here").plasticity_equations.variables
    rule = combine((Named(tau=5.0), bs.QuantalRelease()), "here")
    assert rule.texts()["equations"].splitlines()[1] == "dNamed_x/dt = (Named_x_rest - Named_x)*Named_rate"
    assert rule.texts()["between"].splitlines()[0] == "Named_kept = exp(-elapsed/Named_tau); Named_q = Named_q*Named_kept"
    assert rule.bound_texts() == ("0", "2*Named_size")
    assert (rule.conditions[0], rule.conditions[-1]) == ("QuantalRelease_U <= 1", "Named_x_rest < 1")
    assert rule.initials["Named_x"].default == "2*Named_x_rest"


class Limited(bs.Plasticity):
    on_pre = "q = 1 - q"
    amplitude = "w*q"
    bounds = ("0", "")
    q: float = bs.initial(0.0, "", "of the source")


class Idle(bs.Plasticity):
    on_pre = "q = 1 - q"
    q: float = bs.initial(0.0, "", "of the source")


class Limited_Idle(bs.Plasticity):  # noqa: N801 - its names begin as those of Limited may
    on_pre = "w = w*by"
    by: float = bs.parameter(1.5, "", "factor")


class Limited_(Limited):  # noqa: N801
    amplitude = "w*Idle_by"
    bounds = ("", "")
    Idle_by: float = bs.parameter(0.5, "", "factor")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            (bs.STDP(), bs.VogelsSTDP()),
            r"STDP\(\) and VogelsSTDP\(\) both change w, and a synapse has one rule that changes w",
        ),
        (
            [bs.TsodyksMarkram(), bs.QuantalRelease()],
            "both leave w as it is, and a synapse has one rule that changes what is",
        ),
        ((bs.STDP(),), r"must be one rule, or two: .*got \[STDP\(\)\]"),
        ((bs.QuantalRelease(), combine(BOTH, "here")), "must be one rule, or two"),
        ((bs.STDP(), Idle()), "Idle.* changes neither w nor what is delivered of it"),
        ((type("Limited", (Limited_,), {})(), Limited_Idle()), "the two rules would both have 'Limited_Idle_by', since"),
        ((bs.STDP(), Limited()), "Limited.bounds limit w, which STDP changes"),
    ],
)
def test_pairs_that_make_no_sense(rules, message):
    with pytest.raises(ValueError, match="^Network.connect.plasticity: .*" + message):
        network(rules)
