"""Each check of `brainsim.testing` fails for a class that breaks the property, and says which one."""

import dataclasses
import itertools
import math
import types

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.loop.program import Operator, Phase
from brainsim.engine.operators.registry import OPERATORS, register_operator
from brainsim.jit.decorators import kernel
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.models.inputs import Input
from brainsim.rng.hashing import uniform
from brainsim.testing import (
    check_distribution,
    check_input,
    check_neuron,
    check_plasticity,
    check_rule,
    check_synapse,
    descriptions,
    neurons,
)
from brainsim.testing import synapses as of_synapses

pytestmark = pytest.mark.filterwarnings("ignore:.*a variable ran away")
COUNT = itertools.count()


class Leaky(bs.Neuron):
    """A sound model."""

    dimensions = False
    equations = "dv/dt = -v/tau + I/c"
    threshold = "v >= 15"
    reset = "v = 0"
    refractory = "t_ref"
    tau: bs.values.Value = bs.parameter(20.0, "ms", "time constant", above=0.0)
    c: bs.values.Value = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    t_ref: bs.values.Value = bs.parameter(2.0, "ms", "refractory time", at_least=0.0)
    v: float = bs.initial(0.0, "mV", "membrane potential")


class Silent(Leaky):
    """Never fires."""

    threshold = "v >= 1e9"


class Explosive(Leaky):
    """Becomes NaN at its first spike."""

    reset = "v = sqrt(-v)"


class Fickle(Leaky):
    """Another model each time it is made."""

    def __init__(self, **values):
        super().__init__(**{"tau": 20.0 + next(COUNT) % 7} | values)


class Averaging(Leaky):
    """Cells do not have their own parameters."""

    def __init__(self, **values):
        super().__init__(**{name: float(np.mean(value)) for name, value in values.items()})


class Wide(Leaky):
    """Rounds to something else in single precision."""

    threshold = "v + 1e8 - 1e8 >= 15"


class Unread(Leaky):
    """Has a parameter without effect."""

    gain: float = bs.parameter(1.0, "", "what nothing reads")


NEURONS = [
    (Unread, "read", {}, "Unread: no text of the class reads gain"),
    (Silent, "alive", {}, "Silent: must fire under a current of 100 pA"),
    (Explosive, "alive", {"current": 400.0}, "Explosive: v must stay finite under a current of 400 pA"),
    (Explosive, "extreme", {"current": 400.0}, "Explosive: v must not become NaN under a current of 1200 pA"),
    (Fickle, "bits", {"current": 400.0}, "Fickle: spikes of 'cells'.* must have the same bits if everything is made again"),
    (Averaging, "cells", {"current": 400.0}, "Averaging: a cell with the defaults must behave as if all cells had them"),
    (Wide, "single", {"current": 400.0}, "Wide: must fire as often in single precision as in double"),
]


@pytest.mark.thorough_but("[Silent-", "[Fickle-")
@pytest.mark.parametrize(("kind", "only", "options", "message"), NEURONS)
def test_neurons(kind, only, options, message):
    with pytest.raises(AssertionError, match=message):
        check_neuron(kind, only=[only], **options)


def test_neurons_that_do_not_reset(monkeypatch):
    """A text cannot break this, so the check is told of another reset and of a longer refractory time."""
    cells = neurons._Cells(Leaky(), Leaky, 400.0, 0.1)
    result, traces = cells.run()
    monkeypatch.setattr(cells, "run", lambda **options: (result, traces | {"v": traces["v"] + 1.0}))
    with pytest.raises(AssertionError, match="Leaky: v must be 0 after a spike, as the reset says"):
        neurons._check_reset(cells)
    at = np.rint(result.spikes["cells"].times / 0.1).astype(int)
    with pytest.raises(AssertionError, match="no spike may come within the refractory time"):
        neurons._check_refractory(cells, 1000, at, result.spikes["cells"].ids, traces)
    with pytest.raises(AssertionError, match="v must not move while the cell is refractory"):
        neurons._check_refractory(cells, 25, at, result.spikes["cells"].ids, traces)


class Idle(bs.Synapse):
    """Has a current that never flows."""

    dimensions = False
    weight_unit = "pA"
    arrival = "g = g + w"
    equations = "dg/dt = -g/tau"
    current = "g*0"
    tau: float = bs.parameter(5.0, "ms", "time constant", above=0.0)


class Saturating(Idle):
    """Takes no account of the weight."""

    current = "where(g > 1e-9, 40, 0)"


class Blowing(Idle):
    """Becomes NaN at large weights."""

    current = "g*where(g > 1e4, sqrt(-g), 1)"


SYNAPSES = [
    (Idle, "acts", "Idle: events of weight 40 must move v"),
    (Saturating, "weight", "Saturating: twice the weight must move v more"),
    (
        type("Wasteful", (Idle,), {"gain": bs.parameter(1.0, "", "unread")}),
        "read",
        "Wasteful: no text of the class reads gain",
    ),
    (Blowing, "extreme", "Blowing: .* must not become NaN under events of weight 40000"),
]


@pytest.mark.thorough_but("[Idle-")
@pytest.mark.parametrize(("kind", "only", "message"), SYNAPSES)
def test_synapses(kind, only, message):
    with pytest.raises(AssertionError, match=message):
        check_synapse(kind, only=[only])


class Inert(bs.Plasticity):
    """Changes nothing."""

    equations = "dx/dt = -x/tau"
    on_pre = "w = w; x = x + 1"
    on_post = "w = w + 0*x"
    tau: float = bs.parameter(20.0, "ms", "time constant", above=0.0)
    x: float = bs.initial(0.0, "", "trace")


class Unitless(Inert):
    """Its units are not checked."""

    dimensions = False
    on_post = "w = w + 0.1*x"


PLASTICITY = [
    (
        type("Wasteful", (Inert,), {"gain": bs.parameter(1.0, "", "unread")}),
        "read",
        "Wasteful: no text of the class reads gain",
    ),
    (Inert, "learns", "Inert: spikes must change weights or variables of synapses, or what arrives"),
    (Unitless, "units", "Unitless: dimensions must be True"),
]


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "only", "message"), PLASTICITY)
def test_plasticity(kind, only, message):
    with pytest.raises(AssertionError, match=message):
        check_plasticity(kind, only=[only])


@pytest.mark.thorough
def test_plasticity_whose_bounds_are_not_kept_or_that_reading_changes(monkeypatch):
    """The engine keeps bounds and reads copies; so the check is shown other bounds, and a reader that writes."""
    learning = of_synapses._Learning(bs.STDP(), None, None, None, {})
    learning.high = 0.1
    with pytest.raises(AssertionError, match="STDP: w must be at most 0.1, its bound"):
        of_synapses._check_bounds(learning)
    columns = learning.columns

    def write(sim):
        sim.set("wires", w=0.3)
        return columns(sim)

    readers = iter([write, *[columns] * 4])
    monkeypatch.setattr(learning, "columns", lambda sim: next(readers)(sim))
    with pytest.raises(AssertionError, match="STDP: to read the synapses must not change w"):
        of_synapses._check_reading(learning)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Push(Input):
    """Moves v; broken in the way that `how` says."""

    over_time = {"amount": "mV"}  # noqa: RUF012
    amount: float = 1.0
    how: str = ""
    start: float | None = None
    stop: float | None = None

    def check(self, view):
        if self.how != "shape":
            super().check(view)

    @property
    def observed(self):
        return ("amount", "mV") if self.how != "unit" else ("other", "pA")


class Pushes(Operator):
    """Acts as `how` says."""

    inputs = (Push,)

    @classmethod
    def build(cls, partition):
        found = cls.own_inputs(partition.layout)
        if not found:
            return None
        given, layout = found[0].input, partition.layout
        v, _ = partition.variable("cells", "v")
        amount = float(np.mean(given.amount)) * (given.how != "idle")
        if given.how == "partitions":
            amount *= 1 + partition.number
        late = given.start is not None and given.how != "window"
        first = 0 if not late else round(given.start / layout.dt)
        last = 2**62 if given.stop is None or given.how == "window" else round(given.stop / layout.dt)
        return cls(Context(v=v, amount=amount, first=first, last=last))

    def __init__(self, context):
        self.context = context

    def calls(self):
        return [(Phase.AFTER_UPDATE, 0, push, self.context)]

    @classmethod
    def expected_bytes(cls, layout):
        return sum(-1e6 for stimulus in cls.own_inputs(layout) if stimulus.input.how == "bytes")


@by_address
def push(push_, progress_):
    c, p = record_at(push_), record_at(progress_)
    v = array_of(c.v)
    if c.first < p.step <= c.last:
        for k in range(v.size):
            v[k] += 0.01 * c.amount
    return 0


INPUTS = [
    ("idle", "acts", "Push: must act on its cells"),
    ("window", "window", "Push: must not act before its start"),
    ("shape", "shape", "Push: amount must be refused if it has 8 values for 7 cells"),
    ("bytes", "estimate", "Push: expected_bytes of its operator must not be negative"),
    ("partitions", "bits", "Push: v of 'cells' must have the same bits on 2 threads as on one"),
]


@pytest.mark.parametrize(("how", "only", "message"), INPUTS)
@pytest.mark.usefixtures("unregistered")
def test_inputs(how, only, message):
    register_operator(Pushes)
    with pytest.raises(AssertionError, match=message):
        check_input(Push(how=how), only=[only])


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Phased(Input):
    """Moves v by what grows in each step."""

    start: float | None = None
    stop: float | None = None

    def check(self, view):
        pass


class Phases(Operator):
    """Forgets the phase when it is built again."""

    depends_on = "inputs"
    inputs = (Phased,)

    def __init__(self, partition, inputs):
        self.context = Context(v=partition.variable("cells", "v")[0], phase=0)
        super().__init__([(Phase.AFTER_UPDATE, 0, move_on, self.context)])


class KeptPhases(Phases):
    """Takes the phase over."""

    def continue_from(self, old):
        self.context["phase"] = old.context["phase"]


@by_address
def move_on(phases_, progress_):
    c = record_at(phases_)
    v = array_of(c.v)
    c.phase += 1
    for k in range(v.size):
        v[k] += 1e-5 * c.phase
    return 0


@pytest.mark.usefixtures("unregistered")
def test_an_input_that_begins_anew_when_another_is_set():
    register_operator(KeptPhases)
    check_input(Phased(), only=["set"])
    OPERATORS.remove(KeptPhases)
    register_operator(Phases)
    with pytest.raises(
        AssertionError, match=r"Phased: must go on when another input is set; its operator needs continue_from"
    ):
        check_input(Phased(), only=["set"])


@pytest.mark.parametrize(
    ("unit", "values", "state", "message"),
    [
        ("nA", 0.0, 0.0, "a Trace must be in 'pA', as observed says"),
        ("pA", np.nan, 0.0, "a Trace of it must be finite"),
        ("pA", 0.0, 1.0, "recording must not change a bit"),
    ],
)
def test_inputs_whose_trace_is_not_what_they_say(monkeypatch, unit, values, state, message):
    driven = descriptions._Driven(bs.CurrentInput(300.0), bs.LIF(), 0.1)
    trace = types.SimpleNamespace(values=np.array([values]), unit=unit)
    found = iter([({"v": np.zeros(1)}, trace), ({"v": np.full(1, state)}, None)])
    monkeypatch.setattr(driven, "run", lambda net, **options: next(found))
    with pytest.raises(AssertionError, match=f"CurrentInput: {message}"):
        descriptions._check_trace(driven)


@dataclasses.dataclass(frozen=True, repr=False)
class Random(bs.Rule):
    """Draws pairs; broken in the way that `how` says."""

    how: str = ""

    def draw(self, n_pre, n_post, seed):
        rng = np.random.default_rng(None if self.how == "seed" else seed)
        pairs = rng.permutation(n_pre * n_post)[:100]
        pre, post = np.divmod(pairs, n_post)
        if self.how == "multapses":
            pre, post = np.repeat(pre[:50], 2), np.repeat(post[:50], 2)
        if self.how == "autapses":
            post[0] = pre[0] % n_post
        return pre, post

    def expected(self, n_pre, n_post, shared=0):
        return 160.0 if self.how == "expected" else 100.0


@dataclasses.dataclass(frozen=True, repr=False)
class NotItself(Random):
    """Says that no cell is connected to itself."""

    autapses = False


RULES = [
    (Random("expected"), "expected", "expected says 160 synapses, but networks have 100 on average"),
    (Random("multapses"), "flags", "no pair may be connected twice"),
    (NotItself("autapses"), "flags", "no cell may be connected to itself"),
    (Random("seed"), "seed", "must give the same pairs when the network is made again"),
    (Random("seed"), "bits", "pre of 'wires'.* must have the same bits"),
]


@pytest.mark.parametrize(("rule", "only", "message"), RULES)
def test_rules(rule, only, message):
    with pytest.raises(AssertionError, match=message):
        check_rule(rule, only=[only])


@kernel
def even(bits, a, b):
    return a + b * uniform(bits)


@kernel
def not_a_number(bits, a, b):
    return math.inf


class _Even(bs.values.Distribution):
    """Uniform from a to a + b; what it says is broken in subclasses."""

    sampler = even

    @property
    def support(self):
        return self.a, self.a + self.b

    def integrals(self, low, high):
        return bs.Uniform(self.a, self.a + self.b).integrals(low, high)


def even_that(**attributes):
    names = {"__annotations__": {"a": float, "b": float}, "__module__": __name__} | attributes
    return dataclasses.dataclass(frozen=True, repr=False)(type("Even", (_Even,), names))(2.0, 3.0)


def integrals_times(mass, mean):
    def integrals(self, low, high):
        inside, moment = _Even.integrals(self, low, high)
        return mass * inside, mean * moment

    return integrals


def reaching(end):
    """Return the integrals of a uniform distribution that ends elsewhere."""
    return lambda self, low, high: bs.Uniform(self.a, self.a + end).integrals(low, high)


DISTRIBUTIONS = [
    (even_that(sampler=not_a_number, support=(0.0, math.inf)), "support", "values must be finite"),
    (even_that(support=(0.0, 3.0)), "support", "support is 0 to 3, but values are 2.0"),
    (even_that(integrals=integrals_times(0.5, 1.0)), "mass", r"mass\(-inf, inf\) must be 1 \(got 0.5\)"),
    (even_that(integrals=reaching(4.0)), "mass", r"mass says that 0.0\d* of the values are up to 2.\d*, but 0.01 are"),
    (even_that(integrals=integrals_times(1.0, 1.1)), "mean", "mean says 3.85, but values are 3.[45]"),
    (even_that(integrals=reaching(0.5)), "clip", "no values are where half of them are"),
]


@pytest.mark.parametrize(("distribution", "only", "message"), DISTRIBUTIONS, ids=str)
def test_distributions(distribution, only, message):
    check_distribution(even_that(), only=[only])
    with pytest.raises(AssertionError, match=message):
        check_distribution(distribution, only=[only])


def test_a_rule_that_fits_between_populations_alone_is_not_tried_within_one():
    check_rule(bs.FromArrays([0, 1, 2], [50, 3, 60]), sizes=(36, 64), only=["expected"])


@pytest.mark.thorough
@pytest.mark.usefixtures("unregistered")
def test_what_is_sound_passes():
    register_operator(Pushes)
    check_neuron(Leaky, current=400.0)
    check_input(Push(), only=["acts", "window", "shape", "estimate", "bits"])
    check_rule(Random())


@pytest.mark.parametrize(
    ("check", "thing", "message"),
    [
        (check_neuron, bs.Delta, "check_neuron.model: must be a Neuron, or a class of them"),
        (check_synapse, bs.LIF(), "check_synapse.synapse: must be a Synapse"),
        (check_plasticity, 3, "check_plasticity.rule: must be a Plasticity"),
        (check_input, bs.AllToAll(), "check_input.given: must be a Input"),
        (check_rule, None, "check_rule.rule: must be a Rule"),
    ],
)
def test_what_cannot_be_checked(check, thing, message):
    with pytest.raises(TypeError, match=message):
        check(thing)


def test_unknown_properties():
    with pytest.raises(ValueError, match=r"only: there is no property 'bit'; did you mean 'bits'\?; there are alive, extr"):
        check_neuron(Leaky, only=["bit"])
