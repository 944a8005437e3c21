"""The slow twin of synapses that learn: one synapse at a time, event by event, each spike dealt with when it is there.

It reads the texts of a rule on its own (`eval`, scalars of NumPy) and knows nothing of the parser, the code and the lists of
the engine. Times are in steps, on the clock of the synapse: a presynaptic spike is there after the axonal delay, a
postsynaptic one after the dendritic delay.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from tests.helpers.plasticity.plastic_shared import ARRIVAL, ARRIVAL_AGAIN, BETWEEN, RETURN

FUNCTIONS = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "tanh": np.tanh,
    "min": np.minimum,
    "max": np.maximum,
    "clip": np.clip,
    "where": np.where,
    "floor": np.floor,
}
RANDOM = ("rand", "randn", "binomial")
ALLOWED = {"__builtins__": {}} | FUNCTIONS
TINY = 1e-300  # in place of a time constant of 0: what decays with it is at its limit at once


@dataclass(frozen=True)
class Rule:
    """The texts of a rule, as in a class derived from `brainsim.Plasticity`, and its numbers.

    Attributes
    ----------
    equations, on_pre, on_post, amplitude : str
    bounds : tuple of str
        Lower and upper limit of w; "" is none.
    parameters : dict of str to float
    initials : dict of str to float or str
        Of all variables but w; an expression of parameters is a str.
    on_step, step_condition : str
        What happens in each step of the target in which the condition holds.
    late : dict of str to str
        Variables that follow the target -> how much later they are read [ms].
    between, on_modulator : str
        What happens from one event of a synapse to the next, and at a spike of a modulating cell.
    """

    equations: str = ""
    on_pre: str = ""
    on_post: str = ""
    amplitude: str = "w"
    bounds: tuple = ("", "")
    parameters: dict = field(default_factory=dict)
    initials: dict = field(default_factory=dict)
    on_step: str = ""
    step_condition: str = ""
    late: dict = field(default_factory=dict)
    between: str = ""
    on_modulator: str = ""


def rule_of(plasticity):
    """Return the Rule of a `brainsim.Plasticity`; parameters that differ between synapses are given to `Synapse`."""
    parameters = {name: getattr(plasticity, name) for name in plasticity.parameters}
    initials = {name: getattr(plasticity, name, spec.default) for name, spec in plasticity.initials.items()}
    # those that differ between synapses are variables of each, and given to `Synapse`
    initials |= {name: value for name, value in plasticity.initial.items() if isinstance(value, float)}
    texts = {name: text for name, text in plasticity.texts().items() if name in Rule.__dataclass_fields__}
    return Rule(**texts, parameters=parameters, initials=initials)


class Synapse:
    """One synapse.

    Parameters
    ----------
    rule : Rule
    w : float
        Weight at the start.
    dt : float
        Step [ms].
    axonal, dendritic : int
        Delays [steps].
    parameters, variables : dict of str to float, optional
        Parameters and initial values that are this synapse's own.
    target : Target, optional
        The target cell, if the rule reads its variables.
    draws : plastic_shared.Draws, optional
        Its random numbers, if there are any.
    modulator : plastic_shared.Modulator, optional
        That of the projection, if there is one.
    """

    def __init__(
        self, rule, w, *, dt, axonal=0, dendritic=0, parameters=None, variables=None, target=None, draws=None, modulator=None
    ):
        known = with_shared(rule.equations, rule.parameters | (parameters or {}))
        self.on_pre, self.on_post = assignments(rule.on_pre), assignments(rule.on_post)
        self.on_step, self.target = assignments(rule.on_step), target
        self.between, self.draws, self.modulator = assignments(rule.between), draws, modulator
        self.functions = draws.functions() if draws else {}
        self.dt, self.then, self.first = dt, 0, random_calls(rule)
        self.amplitude = compiled(rule.amplitude)
        self.pre_traces = traces(rule, self.on_pre, self.on_post)
        self.post_traces = traces(rule, self.on_post, self.on_pre)
        self.axonal, self.dendritic, self.arrived, self.returned = axonal, dendritic, -1, -1
        known |= {"dt": dt} if rule.on_step else {}
        following = followers(rule)
        starts = {
            name: evaluated(start, known)
            for name, start in rule.initials.items()
            if name not in following and "_post" not in str(start)
        }
        starts |= {name: np.float64(value) for name, value in (variables or {}).items()} | {"w": np.float64(w)}
        self.values = known | starts
        self.largest = {name: abs(value) for name, value in starts.items()}  # what each was at most, in the run so far
        # a trace relaxes from time 0 of its cell on
        born = dict.fromkeys(self.pre_traces, axonal) | dict.fromkeys(self.post_traces, dendritic)
        self.since = {name: born.get(name, 0) for name in starts}
        self.limits = tuple(evaluated(text, known) if text else None for text in rule.bounds)
        self.decays = {
            name: decay(name, code, known, dt)
            for name, code in derivatives(rule.equations)
            if name not in following and name != "w" and not (modulator and name == modulator.name)
        }
        self.drive = drive_of(rule, known, modulator)
        self.learning, self.delivered = True, []
        self.tied, self.before = None, {}  # the time that was dealt with last, and the presynaptic traces before it

    def run(self, pre, post, until, ahead=0):
        """Deal with all that happens up to a time of the synapse's clock, which belongs to it.

        Parameters
        ----------
        pre, post : sequence of int
            Steps at which the two cells fire, all of them in each call.
        until : int
        ahead : int
            How many steps further presynaptic spikes are dealt with, because the cell takes them before it gets there.
        """
        arrivals = Counter(step for k in pre if self.arrived < (step := k + self.axonal) <= until + ahead)
        returns = Counter(step for k in post if self.returned < (step := k + self.dendritic) <= until)
        returns = returns if self.on_post else Counter()  # otherwise the synapse takes no notice
        steps = self.target.steps_above if self.target else ()
        above = Counter(step for k in steps if self.returned < (step := k + self.dendritic) <= until)
        for step in sorted(arrivals.keys() | returns.keys() | above.keys()):
            self.relax(step, "end" if arrivals[step] else "return")
            together(self, arrivals[step], returns[step], step, above[step])
        self.relax(until, "end")
        self.arrived, self.returned = max(self.arrived, until + ahead), max(self.returned, until)

    def relax(self, step, where):
        """Let w and all variables change up to a step; `where` is the place in the engine's text, for random numbers."""
        if self.drive and step > self.then:
            name, gain, offset = self.drive
            driven = self.modulator.driven(self.then, step, self.decays[name][0], gain, offset, self.dt)
            self.set_weight(self.values["w"] + self.values[name] * driven)
        self.decay(step)
        if self.between and step > self.then:
            self.draws and self.draws.begin(step, BETWEEN, self.first[where])
            self.values["elapsed"] = np.float64((step - self.then) * self.dt)
            self.act(self.between)
        self.then = max(self.then, step)
        if self.modulator:
            self.values[self.modulator.name] = self.modulator.at(step)

    def decay(self, step):
        """Let all variables decay up to a step."""
        for name, (slope, limit) in self.decays.items():
            if step > self.since[name]:
                moved = (self.values[name] - limit) * np.exp(slope * (step - self.since[name]))
                self.values[name], self.since[name] = limit + moved, step

    def act(self, text):
        """Carry out assignments one after the other; the weight stays within its bounds, or as it is if not learning."""
        for name, code in text:
            value = evaluated(code, self.values | self.functions)
            if name != "w":
                self.values[name] = value
            else:
                self.set_weight(value)
            self.largest[name] = max(self.largest.get(name, 0.0), abs(self.values[name]))

    def set_weight(self, value):
        """Let w be a value, or its nearer bound, or as it is if it does not learn."""
        if self.learning:
            low, high = self.limits
            value = value if low is None else max(value, low)
            self.values["w"] = value if high is None else min(value, high)

    def deliver(self, step):
        """Note what the cell gets and when, in steps of its own clock."""
        self.delivered.append((step + self.dendritic, float(evaluated(self.amplitude, self.values))))


def together(synapse, arrivals, returns, step, above=0):
    """Deal with all spikes that are at the synapse at one time, and with a step of the target that begins then.

    If a presynaptic and a postsynaptic spike reach the synapse at the same time, on_pre acts first, then on_post, then
    on_step, and all read the traces as they were before. What arrives at the cell is evaluated after on_pre. An arrival
    finds the target's own variables as they were a step before.
    """
    if synapse.tied != step:
        synapse.tied, synapse.before = step, {name: synapse.values[name] for name in synapse.pre_traces}
    if synapse.target:
        synapse.values |= synapse.target.at(step - synapse.dendritic, own=step - synapse.dendritic - 1)
    for k in range(arrivals):
        synapse.draws and synapse.draws.begin(step, ARRIVAL_AGAIN if k else ARRIVAL, synapse.first["arrival"])
        synapse.act(synapse.on_pre)
        synapse.deliver(step)
    after = {name: synapse.values[name] for name in synapse.pre_traces}
    synapse.values |= synapse.before
    if synapse.target:
        synapse.values |= synapse.target.at(step - synapse.dendritic, own=step - synapse.dendritic)
    old = {name: synapse.values[name] for name in synapse.post_traces}
    for _ in range(returns):
        synapse.draws and synapse.draws.begin(step, RETURN, synapse.first["on_post"])
        synapse.act(synapse.on_post)
    if synapse.target and above:
        new = {name: synapse.values[name] for name in synapse.post_traces}
        synapse.values |= old | synapse.target.at(step - synapse.dendritic, own=step - synapse.dendritic)
        synapse.act(synapse.on_step)
        synapse.values |= new
    synapse.values |= after


def followers(rule):
    """Return the variables that relax towards something of the target."""
    return {name for name, code in derivatives(rule.equations) if any(read.endswith("_post") for read in code.co_names)}


class Target:
    """A target cell whose variables a rule reads: what follows them, step by step.

    Parameters
    ----------
    rule : Rule
    variables : dict of str to ndarray
        ``v_post`` and so on at the steps 0, 1, ...
    spikes : sequence of int
        Steps at which it fires.
    dt : float
    parameters : dict of str to float, optional
        Parameters other than those of the rule.

    Attributes
    ----------
    steps_above : list of int
        Steps, from the first on, at whose beginning the condition of the rule holds.
    """

    def __init__(self, rule, variables, spikes, dt, parameters=None):
        known = with_shared(rule.equations, rule.parameters | (parameters or {}))
        self.variables, codes = variables, dict(derivatives(rule.equations))
        self.late = {name: round(float(evaluated(text, known)) / dt) for name, text in rule.late.items()}
        now = known | self.own(0)
        self.values = {name: [evaluated(rule.initials[name], now)] for name in followers(rule)}
        jumps = [(name, code) for name, code in assignments(rule.on_post) if name in self.values]
        fired = Counter(spikes)
        for k in range(len(next(iter(variables.values())))):
            now = known | self.own(k) | {name: values[-1] for name, values in self.values.items()}
            for name, code in jumps * fired[k]:
                now[name] = evaluated(code, now)
            for name, values in self.values.items():
                at_zero = evaluated(codes[name], now | {name: 0.0})
                slope = evaluated(codes[name], now | {name: 1.0}) - at_zero
                limit = -at_zero / slope
                values.append(limit + (now[name] - limit) * np.exp(slope * dt))
        steps = range(1, len(self.variables["v_post"]))
        met = compiled(rule.step_condition) if rule.step_condition else None
        self.steps_above = [k for k in steps if met and evaluated(met, known | self.at(k, own=k))]

    def own(self, step):
        """Return the variables of the cell at a step."""
        return {name: np.float64(values[max(step, 0)]) for name, values in self.variables.items()}

    def at(self, step, own):
        """Return what is read at a step: what follows the cell, and the cell's variables as of the step `own`."""
        found = {n: values[min(max(step - self.late.get(n, 0), 0), len(values) - 1)] for n, values in self.values.items()}
        return found | self.own(min(own, len(self.variables["v_post"]) - 1))


def random_calls(rule):
    """Return the number of the first random number at each place: the engine counts them in the order of its text."""

    def number(text):
        return sum(name in RANDOM for _, code in assignments(text) for name in code.co_names)

    between, posts = number(rule.between), bool(rule.on_post or rule.on_step)
    end = between + number(rule.on_post) if posts else 0
    return {"return": 0, "on_post": between, "end": end, "arrival": end + between}


def drive_of(rule, known, modulator):
    """Return (variable, gain, offset) if ``dw/dt = variable*(gain*modulator + offset)``, else None."""
    for name, code in derivatives(rule.equations):
        if name == "w":
            (variable,) = set(code.co_names) - known.keys() - {modulator.name}
            offset = evaluated(code, known | {variable: 1.0, modulator.name: 0.0})
            return variable, evaluated(code, known | {variable: 1.0, modulator.name: 1.0}) - offset, offset
    return None


# -- the texts -------------------------------------------------------------------------------------------------------------


@lru_cache
def lines(text):
    """Return the statements of a text as (left, operator, right)."""
    parts = [part.strip() for line in text.splitlines() for part in line.split("#")[0].split(";")]
    return [re.fullmatch(r"(.*?)\s*([-+*/]?=)\s*(.*)", part).groups() for part in parts if part]


@lru_cache
def compiled(text):
    return compile(text.strip(), text, "eval")


def evaluated(expression, values):
    """Return the value of a text, of a compiled one, or of a number."""
    if isinstance(expression, str):
        expression = compiled(expression)
    if isinstance(expression, int | float):
        return np.float64(expression)
    return np.float64(eval(expression, ALLOWED, values))


def assignments(text):
    """Return the assignments of a text as (name, code), in its order."""
    return [(name, compiled(right if how == "=" else f"{name} {how[0]} ({right})")) for name, how, right in lines(text)]


def derivatives(text):
    """Return (name, code of the derivative) of each differential equation."""
    found = [(re.fullmatch(r"d(\w+)\s*/\s*dt", left), right) for left, _, right in lines(text)]
    return [(match.group(1), compiled(right)) for match, right in found if match]


def with_shared(equations, parameters):
    """Return the parameters, pi, and the lines ``name = ...`` of the equations, which are made of them."""
    known = {"pi": np.pi} | parameters
    for left, _, right in lines(equations):
        if "/" not in left:
            known[left] = evaluated(right, known)
    return known


def decay(name, code, parameters, dt):
    """Return the change of the logarithm of the distance to the limit per step, and the limit, of a linear equation."""
    known = {key: value or TINY for key, value in parameters.items()}
    at_zero = evaluated(code, known | {name: 0.0})
    slope = evaluated(code, known | {name: 1.0}) - at_zero
    return slope * dt, -at_zero / slope if at_zero else 0.0


def traces(rule, own, other):
    """Return the variables that are assigned in one of the texts only, from parameters and from each other."""
    found = {name for name, _ in own} - {name for name, _ in other} - {"w"}
    while True:
        shared = {left for left, *_ in lines(rule.equations)}
        known = found | rule.parameters.keys() | FUNCTIONS.keys() | shared | {"pi"}
        left = found - {name for name, code in own if not set(code.co_names) <= known}
        if left == found:
            return left
        found = left
