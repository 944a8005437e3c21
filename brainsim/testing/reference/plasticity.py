"""Plasticity in plain NumPy: what each event does to a synapse that learns. See `docs/semantics.md`.

Times are in steps on the clock of the synapse: a spike of the source is there after the axonal part of the delay, one of the
target after the dendritic part.
"""

import ast

import numpy as np

from brainsim.testing.reference.cells import random_calls
from brainsim.testing.reference.equations import (
    Scope,
    assignments_of,
    equations_of,
    evaluate,
    linear_in,
    names_in,
    parse,
    renamed,
)

ACTIONS = ("on_pre", "on_post", "on_step", "between")
ARRIVAL, RETURN, BETWEEN, AGAIN = range(4)  # what happens at a time, by which random numbers differ
TINY = 1e-300  # in place of a time constant of 0: what decays with it is at its limit at once


class Rule:
    """The texts of a rule as trees, the values of its parameters, and of its variables at the start (numbers or trees)."""

    def __init__(self, texts, parameters, initials):
        texts = {"amplitude": "w", "bounds": ("", ""), "late": {}} | texts
        self.parameters = parameters
        self.initials = {name: parse(value) if isinstance(value, str) else value for name, value in initials.items()}
        self.derivatives, self.lines = equations_of(texts["equations"])
        self.on_pre, self.on_post, self.on_step, self.between, self.on_modulator = (
            assignments_of(texts.get(k, "")) for k in (*ACTIONS, "on_modulator")
        )
        self.amplitude = parse(texts["amplitude"])
        self.condition = parse(texts["step_condition"]) if texts.get("step_condition") else None
        self.bounds = [parse(text) if text.strip() else None for text in texts["bounds"]]
        self.late = {name: parse(text) for name, text in texts["late"].items()}
        self.modulator = self.on_modulator[0][0] if self.on_modulator else None
        self.pre_traces, self.post_traces = self._traces(self.on_pre, self.on_post), self._traces(self.on_post, self.on_pre)
        read = {name: names_in(tree) for name, tree in self.derivatives.items()}
        self.followers = [name for name in read if any(other.endswith("_post") for other in read[name])]
        self.first = self._first_numbers()

    def _traces(self, own, other):
        """Return what only one end assigns, from parameters and other such variables: it is kept once for each cell."""
        found = {name for name, _ in own} - {name for name, _ in other} - {"w"}
        known = self.parameters.keys() | self.lines.keys() | {"pi"}
        while left := {name for name, tree in own if name in found and not names_in(tree) <= found | known}:
            found -= left
        return found

    def _first_numbers(self):
        """Return which random number is the first at each place: they are counted through all texts, in this order."""
        between, on_post = (sum(random_calls(tree) for _, tree in text) for text in (self.between, self.on_post))
        end = between + on_post if self.on_post or self.on_step else 0
        return {"return": 0, "on_post": between, "end": end, "arrival": end + between}

    def mirror(self):
        """Let what the texts do to w happen to -w: for weights of 0 and less."""

        def of_minus_w(tree):
            return renamed(tree, {"w": ast.UnaryOp(ast.USub(), ast.Name("w"))})

        def minus(tree):
            return tree and ast.UnaryOp(ast.USub(), tree)

        for name in ACTIONS:
            trees = [(x, of_minus_w(tree)) for x, tree in getattr(self, name)]
            setattr(self, name, [(x, minus(tree) if x == "w" else tree) for x, tree in trees])
        self.amplitude = minus(of_minus_w(self.amplitude))
        self.bounds = [minus(tree) for tree in reversed(self.bounds)]
        if "w" in self.derivatives:
            self.derivatives["w"] = minus(self.derivatives["w"])

    def known(self, own, dt):
        """Return the values of parameters and of the lines ``name = ...`` made of them; `own`: those of each synapse."""
        scope = Scope({"pi": np.pi} | self.parameters | own | ({"dt": dt} if self.on_step else {}), self.lines)
        return {name: scope[name] for name in [*scope, *self.lines]}


def decay_of(tree, name, known):
    """Return slope and limit of ``dx/dt = slope*(x - limit)``."""
    slope, rest = linear_in(tree, name)
    scope = Scope({key: np.where(np.equal(value, 0.0), TINY, value) for key, value in known.items()})
    slope, rest = evaluate(slope, scope), 0.0 if rest is None else evaluate(rest, scope)
    return slope, -rest / slope


def grown(slope, dt):
    """Return the integral of exp(slope*s) over s from 0 to dt."""
    return np.where(slope == 0.0, dt, np.expm1(slope * dt) / np.where(slope == 0.0, 1.0, slope))


class Modulator:
    """The variable that all synapses of a projection share, at each step; a spike of the modulating cells acts on it."""

    def __init__(self, rule, known, dt, delay):
        self.rule, self.known, self.dt, self.delay, self.counts = rule, known, dt, delay, {}
        name, start = rule.modulator, rule.initials[rule.modulator]
        self.values = [float(start if np.isscalar(start) else evaluate(start, Scope(known)))]
        own = rule.derivatives.get(name)
        self.slope, self.limit = decay_of(own, name, known) if own is not None else (0.0, 0.0)
        self.gain = self.offset = self.variable = None
        if "w" in rule.derivatives:  # dw/dt = variable*(gain*modulator + offset)
            (self.variable,) = names_in(rule.derivatives["w"]) - known.keys() - {name}
            ends = [evaluate(rule.derivatives["w"], Scope(known | {self.variable: 1.0, name: at})) for at in (0.0, 1.0)]
            self.gain, self.offset = ends[1] - ends[0], ends[0]

    def fire(self, step, number):
        """Let spikes of the modulating cells act after the delay."""
        self.counts[step + self.delay] = self.counts.get(step + self.delay, 0) + number

    def at(self, step):
        """Return the value at a step."""
        while len(self.values) <= step:
            value = self.limit + (self.values[-1] - self.limit) * np.exp(self.slope * self.dt)
            for _ in range(self.counts.get(len(self.values), 0)):
                value = evaluate(self.rule.on_modulator[0][1], Scope(self.known | {self.rule.modulator: value}))
            self.values.append(float(value))
        return self.values[max(step, 0)]

    def driven(self, then, until, slope):
        """Return the integral of ``(gain*n + offset)*exp(slope*(t - then))`` from each of some steps to another one."""
        total = np.zeros(then.shape)
        for k in range(max(int(then.min(initial=until)), 0), until):
            part = self.gain * (self.at(k) - self.limit) * grown(slope + self.slope, self.dt)
            part += (self.gain * self.limit + self.offset) * grown(slope, self.dt)
            total += np.where(then <= k, np.exp(slope * self.dt * (k - then)) * part, 0.0)
        return total


class Targets:
    """Variables of the target cells that a rule reads, at all steps so far, and its variables that follow them."""

    def __init__(self, rule, known, dt):
        self.rule, self.known, self.dt, self.own, self.following, self.above = rule, known, dt, [], [], []
        self.late = {name: round(float(evaluate(tree, Scope(known))) / dt) for name, tree in rule.late.items()}

    def note(self, variables, fired):
        """Take the variables of all cells at a step, and which of them fire at it."""
        rule, step, now = self.rule, len(self.own), Scope(self.known | variables)
        self.own.append({name: np.array(values) for name, values in variables.items()})
        if not step:
            starts = {name: rule.initials[name] for name in rule.followers}
            starts = {n: evaluate(v, now) if not np.isscalar(v) else v for n, v in starts.items()}
            self.following.append({name: np.broadcast_to(v, fired.shape) for name, v in starts.items()})
        for name, value in self.following[-1].items():
            now[name] = value
        for name, tree in rule.on_post:
            if name in rule.followers:
                now[name] = np.where(fired, evaluate(tree, now), now[name])
        decays = {name: decay_of(rule.derivatives[name], name, dict(now)) for name in rule.followers}
        moved = {n: limit + (now[n] - limit) * np.exp(slope * self.dt) for n, (slope, limit) in decays.items()}
        scope = Scope(self.known | self.at(step, step, slice(None)))
        met = evaluate(rule.condition, scope) if step and rule.condition is not None else False
        self.above.append(np.broadcast_to(met, fired.shape))
        self.following.append(moved)

    def at(self, step, own, cells):
        """Return what is read at a step: what follows the cells, and the cells' variables as of the step `own`."""
        last = len(self.following) - 1
        found = {n: self.following[min(max(step - self.late.get(n, 0), 0), last)][n][cells] for n in self.rule.followers}
        own = self.own[min(max(own, 0), len(self.own) - 1)]
        return found | {name: values[cells] for name, values in own.items()}
