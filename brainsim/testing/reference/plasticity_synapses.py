"""The synapses of a projection that learns, in the reference: their variables, and what spikes of both ends do to them."""

import numpy as np

from brainsim.testing.reference.equations import Scope, evaluate, names_in
from brainsim.testing.reference.numbers import hashed, step_key
from brainsim.testing.reference.plasticity import AGAIN, ARRIVAL, BETWEEN, RETURN, Rule, decay_of


class Synapses:
    """Synapses with one rule, each with its own weight `x["w"]`, variables `x` and clock."""

    def __init__(self, rule, w, *, dt, axonal, dendritic, own=None, key=0, index=None, **seen):
        self.rule, self.dt, self.key, self.learning = rule, dt, key, True
        self.n, self.index = len(w), np.arange(len(w)) if index is None else index
        self.axonal, self.dendritic = (np.broadcast_to(delay, self.n) for delay in (axonal, dendritic))
        self.targets, self.cells, self.modulator = (seen.get(name) for name in ("targets", "cells", "modulator"))
        own = own or {}
        self.known = rule.known({name: value for name, value in own.items() if name in rule.parameters}, dt)
        starts = {name: own.get(name, value) for name, value in rule.initials.items() if name not in rule.followers}
        starts.pop(rule.modulator, None)
        trees = {name: tree for name, tree in starts.items() if hasattr(tree, "lineno")}
        for name, tree in trees.items():
            reads_target = any(other.endswith("_post") for other in names_in(tree))
            starts[name] = 0.0 if reads_target else evaluate(tree, Scope(self.known))  # such a variable nobody reads
        self.x = {n: np.array(np.broadcast_to(v, self.n), float) for n, v in (starts | {"w": w}).items()}
        self.limits = [None if t is None else np.broadcast_to(evaluate(t, Scope(self.known)), self.n) for t in rule.bounds]
        # a trace relaxes from time 0 of its cell on
        born = dict.fromkeys(rule.pre_traces, self.axonal) | dict.fromkeys(rule.post_traces, self.dendritic)
        self.since = {name: np.array(np.broadcast_to(born.get(name, 0), self.n), float) for name in self.x}
        others = {*rule.followers, "w", rule.modulator}
        trees = {name: tree for name, tree in rule.derivatives.items() if name not in others}
        self.decays = {name: decay_of(tree, name, self.known) for name, tree in trees.items()}
        self.own_post_traces = [name for name in rule.post_traces if name in self.x]  # the target keeps what follows it
        self.then, self.tied, self.before = np.zeros(self.n), np.full(self.n, -1.0), {}

    def arrive(self, at, s, again=False):
        """Let a spike of the source be at some synapses at time s; return what it delivers."""
        if not again:
            self._relax(at, s, "end")
            self._keep(at, s)
        reads, late = self._read(at, s, 1), AGAIN if again else ARRIVAL
        self._act(at, self.rule.on_pre, reads, 4 * s + late, self.rule.first["arrival"])
        return np.broadcast_to(evaluate(self.rule.amplitude, self._scope(at, reads)), at.shape)

    def answer(self, at, s, spikes, above):
        """Let spikes of the target reach some synapses at time s.

        `spikes` is their number at each synapse, and `above` is where the condition of the target holds.

        On_pre comes first, then on_post, then on_step, and all read the traces as they were before.
        """
        self._relax(at, s, "return")
        self._keep(at, s)
        after = {name: self.x[name][at] for name in self.rule.pre_traces}
        for name in self.rule.pre_traces:
            self.x[name][at] = self.before[name][at]
        old = {name: self.x[name][at] for name in self.own_post_traces}
        for turn in range(int(spikes.max(initial=0))):
            some = at[spikes > turn]
            self._act(some, self.rule.on_post, self._read(some, s, 0), 4 * s + RETURN, self.rule.first["on_post"])
        new = {name: self.x[name][at] for name in self.own_post_traces}
        for name in self.own_post_traces:
            self.x[name][at] = old[name]
        self._act(at[above], self.rule.on_step, self._read(at[above], s, 0), 0, 0)
        for name, values in (new | after).items():
            self.x[name][at] = values

    def bring_up(self, until):
        """Bring each synapse up to a time of its clock."""
        for s in np.unique(until).tolist():
            self._relax(np.flatnonzero(until == s), s, "end")

    def _keep(self, at, s):
        """Keep the traces of the source as they are before anything happens at a time."""
        at = at[self.tied[at] != s]
        self.tied[at] = s
        for name in self.rule.pre_traces:
            self.before.setdefault(name, np.zeros(self.n))[at] = self.x[name][at]

    def _read(self, at, s, before):
        """Return what is read besides: the modulator, and variables of the target, at an arrival of a step before."""
        found = {} if self.modulator is None else {self.rule.modulator: self.modulator.at(s)}
        if self.targets is not None and at.size:
            step = s - int(self.dendritic[at[0]])
            found |= self.targets.at(step, step - before, self.cells[at])
        return found

    def _scope(self, at, reads, draw=None):
        values = {name: value[at] if np.ndim(value) else value for name, value in self.known.items()}
        return Scope(values | {name: value[at] for name, value in self.x.items()} | reads, draw=draw)

    def _act(self, at, actions, reads, event, first):
        """Carry out assignments one after the other; the weight stays within its bounds, or as it is if not learning."""
        key, calls = step_key(self.key, event), [first]

        def draw(common):
            calls[0] += 1
            return hashed(key + calls[0] - 1, self.index[at])

        scope = self._scope(at, reads, draw)
        for name, tree in actions:
            value = np.broadcast_to(evaluate(tree, scope), at.shape)
            scope[name] = self.bounded(at, value) if name == "w" else value
            if name in self.x:
                self.x[name][at] = scope[name]

    def bounded(self, at, w):
        """Return weights within their bounds, or as they are if they do not learn."""
        if not self.learning:
            return self.x["w"][at]
        low, high = self.limits
        w = w if low is None else np.maximum(w, low[at])
        return w if high is None else np.minimum(w, high[at])

    def _relax(self, at, s, where):
        """Let all variables change up to a time s; `where` is the place in the texts, for random numbers."""
        later = at[self.then[at] < s]
        if self.modulator is not None and self.modulator.variable and later.size:
            name = self.modulator.variable
            slope = self.decays[name][0]
            driven = self.modulator.driven(self.then[later], s, slope[later] if np.ndim(slope) else slope)
            self.x["w"][later] = self.bounded(later, self.x["w"][later] + self.x[name][later] * driven)
        for name, (slope, limit) in self.decays.items():
            elapsed = np.maximum(s - self.since[name][at], 0) * self.dt
            slope, limit = (value[at] if np.ndim(value) else value for value in (slope, limit))
            moved = limit + (self.x[name][at] - limit) * np.exp(slope * elapsed)
            self.x[name][at] = np.where(elapsed > 0.0, moved, self.x[name][at])
            self.since[name][at] = np.maximum(self.since[name][at], s)
        if self.rule.between and later.size:
            elapsed = {"elapsed": (s - self.then[later]) * self.dt}
            self._act(later, self.rule.between, elapsed, 4 * s + BETWEEN, self.rule.first[where])
        self.then[later] = s


def rule_of(plasticity):
    """Return the Rule of a `brainsim.Plasticity`."""
    parameters = {name: getattr(plasticity, name) for name in plasticity.parameters}
    initials = {name: getattr(plasticity, name, spec.default) for name, spec in plasticity.initials.items()}
    rule = Rule(plasticity.texts(), parameters, initials | plasticity.initial)
    if plasticity.sign == -1:
        rule.mirror()
    return rule
