"""A population with its receptors: from the texts of its classes to what happens to its cells in a step."""

import ast
import re
from types import SimpleNamespace

import numpy as np

from brainsim.core.doors import all_through
from brainsim.testing.reference.equations import (
    RANDOM,
    Scope,
    assignments_of,
    equations_of,
    evaluate,
    is_condition,
    join,
    linear_in,
    names_in,
    parse,
    renamed,
)
from brainsim.testing.reference.exact import Moment, System
from brainsim.testing.reference.methods import method_of
from brainsim.testing.reference.numbers import gaussian, hashed, mix, not_covered, sample, step_key, stream_key, successes

COMMON = {"t", "dt", "pi"}


class Cells:
    """The cells of a population.

    - `x`: variable -> array, a receptor's under ``r0_name``; `labels`: variable -> its name in results
    - `wait`: the steps for which each cell stays refractory
    - `spikes`: how many spikes each cell sends if it fires
    - `narrow`: cells with a comparison in this step that another rounding could have decided otherwise
    - `held`: name -> what is set from outside before each step, such as sums of couplings
    """

    def __init__(self, population, receptors, injected, net, dt, seed, tolerance, constants=()):
        self.population, self.model, self.n = population, population.model, population.n
        self.receptors, self.dt, self.tolerance = receptors, dt, tolerance
        self.key, self.part = stream_key(seed, "kernel", population.name), dt / self.model.substeps
        self.owners = [(self.model, ""), *((synapse, f"r{k}_") for k, synapse in enumerate(receptors))]
        self._read_parameters(net)
        self.known |= dict(constants)
        self.held = {}
        self.system = self._compose(injected)
        self.method = method_of(self.model.method, self.system)
        self._read_actions()
        self.wait, self.narrow, self.spikes = np.zeros(self.n, np.int64), np.zeros(self.n, bool), np.ones(self.n, np.int64)
        self.labels = dict(zip(self.system.derivatives, self._labels(), strict=True))
        self.x = self._start(seed)

    def _read_parameters(self, net):
        """Sample the parameters; tables and those that change in time are read in each step."""
        self.known, self.tables, self.changing = {}, {}, {}
        for owner, prefix in self.owners:
            for name in owner.parameters:
                value, label = getattr(owner, name), repr(owner) if prefix else ""
                if isinstance(value, str) or hasattr(value, "per_cell"):
                    (self.tables if owner.parameters[name].timed else self.changing)[prefix + name] = value
                    value = 0.0
                elif hasattr(value, "mass"):
                    key = stream_key(net.seed, "parameter", self.population.name, label, name)
                    value = sample(value, key, np.arange(self.n))
                    if not prefix and name == self.model.refractory:
                        value = np.rint(value / self.dt) * self.dt
                if prefix + name not in self.tables:
                    self.known[prefix + name] = value

    def _compose(self, injected):
        """Return the System: the neuron's equations, in which I is the sum of all currents, and those of the receptors."""
        derivatives, lines = equations_of(self.model.equations)
        derivatives = {name: derivatives.get(name, ast.Constant(0.0)) for name in self.model.initials}
        total = self._add_receptors(derivatives, lines, ast.Name("I_ext") if injected else None)
        lines["I"] = total or ast.Constant(0.0)
        fixed = System(derivatives, lines, {}, (), self.known, ())
        self.fixed = self._lines_that_stay(fixed)
        lines = {name: tree for name, tree in lines.items() if name not in self.fixed}
        values = Scope(self.known | {"dt": self.part, "pi": np.pi}, self.fixed)
        self.known |= {name: values[name] for name in self.fixed}
        noise = {}
        for name, tree in derivatives.items():
            for xi in sorted(n for n in names_in(tree) if re.fullmatch(r"(r\d+_)?xi(_\w+)?", n) and n not in self.known):
                gain, tree = linear_in(tree, xi)
                noise.setdefault(name, {})[name if xi.endswith("xi") else xi] = gain
            derivatives[name] = tree or ast.Constant(0.0)
        frozen = self._frozen() if self.model.threshold or self.model.refractory else ()
        held = (*(("I_ext",) if injected else ()), *self.tables, *self.held)
        return System(derivatives, lines, noise, held, self.known, frozen)

    def _add_receptors(self, derivatives, lines, total):
        """Add the equations of the receptors, each name with its prefix; return the tree of all currents."""
        self.arrivals, self.spike = [], []
        for k, synapse in enumerate(self.receptors):
            texts = texts_of(synapse)
            own, own_lines = equations_of(texts.equations)
            words = (*own, *own_lines, *synapse.parameters, *texts.held, *texts.constants)
            names = {name: ast.Name(f"r{k}_{name}") for name in words}
            self.held |= {f"r{k}_{name}": np.zeros(self.n) for name in texts.held}
            self.spike += [(f"r{k}_{name}", renamed(tree, names)) for name, tree in assignments_of(texts.spike)]
            derivatives |= {f"r{k}_{name}": renamed(tree, names) for name, tree in own.items()}
            lines |= {f"r{k}_{name}": renamed(tree, names) for name, tree in own_lines.items()}
            if texts.current:
                total = join(total, ast.Add(), renamed(parse(texts.current), names))
            gains = [(name, linear_in(tree, "w")[0]) for name, tree in assignments_of(texts.arrival)]
            self.arrivals.append([(f"r{k}_{n}" if n in own else n, renamed(gain, names)) for n, gain in gains])
        return total

    def _lines_that_stay(self, system):
        """Return the lines that never change in time, which count as parameters."""
        moving = {*system.derivatives, "I_ext", "t", *self.tables, *self.held}
        return {n: t for n, t in system.lines.items() if not names_in(system.full(t)) & moving}

    def _frozen(self):
        model = self.model
        if model.refractory is None:
            return ()
        default = ("v",) if "v" in model.initials and not is_condition(parse(model.refractory)) else ()
        return tuple(default if model.frozen is None else model.frozen)

    def _read_actions(self):
        """Parse what happens at the end of a step, in its order."""
        model = self.model
        self.each_step = assignments_of(model.each_step or "")
        self.threshold = parse(model.threshold) if model.threshold else None
        self.reset = assignments_of(model.reset) if model.threshold and model.reset else []
        self.reset += self.spike
        self.events = [(parse(test), assignments_of(effect)) for test, effect in (model.events or {}).values()]
        self.refractory = parse(model.refractory) if model.threshold and model.refractory else None
        self.by_condition = is_condition(self.refractory)
        self.number = parse(model.spikes_per_step) if model.spikes_per_step and model.threshold else None
        not_covered(self.number is not None and not model.spiking_source, "cells of equations with several spikes in a step")

    def _labels(self):
        """Return the names of the variables in results: ``ampa.g``, by the name of the receptor, or its class numbered."""
        # both sides of a coupling have one name
        given, labels = [synapse.name for synapse in self.receptors], {}
        for synapse in map(whole, self.receptors):
            base, number = type(synapse).__name__.lower(), 1
            label = synapse.name or base
            while not synapse.name and synapse not in labels and label in (*labels.values(), *given):
                number += 1
                label = f"{base}_{number}"
            labels.setdefault(synapse, label)
        labels = [labels[whole(synapse)] for synapse in self.receptors]
        variables = [equations_of(texts_of(synapse).equations)[0] for synapse in self.receptors]
        of_receptors = [f"{label}.{v}" for label, own in zip(labels, variables, strict=True) for v in own]
        return [*self.model.initials, *of_receptors]

    def _start(self, seed):
        """Return the variables at time 0."""
        given = {name: spec.default for name, spec in self.model.initials.items()} | self.population.initial
        texts = {name: parse(value) for name, value in given.items() if isinstance(value, str)}
        scope = Scope(self.known | {"dt": self.part, "pi": np.pi}, self.system.lines | texts)
        for name, value in given.items():
            if hasattr(value, "mass"):
                scope[name] = sample(value, stream_key(seed, "initial", self.population.name, name), np.arange(self.n))
            elif name not in texts:
                scope[name] = np.asarray(value, np.float64)
        start = {name: scope[label] if label in given else 0.0 for name, label in self.labels.items()}
        return {name: np.array(np.broadcast_to(value, self.n), np.float64) for name, value in start.items()}

    def step(self, k, current, events):
        """Advance by step k, from k*dt to (k + 1)*dt, under a current [pA]; `events`: what arrives at each receptor.

        Returns which cells fire.
        """
        self.narrow, fired, parts = np.zeros(self.n, bool), np.zeros(self.n, bool), self.model.substeps
        for name, value in self.changing.items():
            spec, known = self.model.parameters[name], self.known | {"i": np.arange(self.n, dtype=float)}
            self.known[name] = value_at(value, k, self.dt, known, spec.at_least == 0.0 or spec.above == 0.0)
        for turn in range(parts):
            fired |= self._part(k, turn, current, events if turn == parts - 1 else None, fired)
        return fired

    def _part(self, k, turn, current, events, before):
        """Advance by one of the parts into which a step is divided; events arrive in the last one."""
        position, self._key, self._count = k + turn / self.model.substeps, step_key(self.key, k) + turn * 65536, 0
        held = {name: table_at(value, position, self.dt) for name, value in self.tables.items()} | self.held
        moment = Moment(position * self.dt, self.part, held | {"I_ext": current}, np.ones(self.n, bool))
        moment.free = self._free(moment)
        # the normal numbers of noise are counted after the random numbers of the threshold
        drawn = sum(map(random_calls, [*(tree for _, tree in self.each_step), self.threshold, self.number]))
        z = {name: gaussian(self._bits(drawn + j, np.arange(self.n))) for j, name in enumerate(self.method.noises)}
        new = self._moved(moment, z, events)
        values = self.known | held | new | {"t": moment.t + self.part, "dt": self.part, "pi": np.pi}
        now = Scope(values, self.system.lines, self._draw, self.tolerance)
        for name, tree in self.each_step:
            now.assign(name, evaluate(tree, now))
        test = False if self.threshold is None else evaluate(self.threshold, now)
        fired = moment.free & np.broadcast_to(test, self.n)
        if self.number is not None:
            trials, chance = (evaluate(part, now) for part in self.number.args)
            self.spikes = successes(self._draw(False), *np.broadcast_arrays(trials, chance, np.zeros(self.n))[:2])
            fired &= self.spikes > 0
        self._count = drawn + len(self.method.noises)
        self._after(now, moment, fired, before, events is not None)
        self.narrow |= now.narrow
        self.x = {name: np.array(np.broadcast_to(now[name], self.n), np.float64) for name in self.x}
        return fired

    def _bits(self, number, index):
        """Return the bits of a number of this step: each random number in the texts has a stream of its own."""
        return hashed(int(mix((self._key + number) % 2**64)[0]), index)

    def _draw(self, common):
        self._count += 1
        return self._bits(self._count - 1, -1 if common else np.arange(self.n))

    def _free(self, moment):
        """Return which cells are not refractory; by a condition, those in which it does not hold when the step begins."""
        free = self.wait <= 0
        if self.by_condition:
            free |= ~np.broadcast_to(evaluate(self.refractory, moment.scope(self.system, self.x)), self.n)
        return free

    def _moved(self, moment, z, events):
        """Return the variables at the end of a part: moved by the method, events added, frozen ones as they were."""
        new, kept = self.method(self.x, moment, z), self.model.arrivals == "kept"
        if kept:
            new = self._with_frozen(moment, new)
        for arrivals, event in zip(self.arrivals, [] if events is None else events, strict=events is not None):
            for name, gain in arrivals:
                if name == "I":
                    new = self._with_pulse(moment, new, event)
                else:
                    new[name] = new[name] + evaluate(gain, Scope(self.known | {"pi": np.pi, "dt": self.part})) * event
        return new if kept else self._with_frozen(moment, new)

    def _with_frozen(self, moment, new):
        """Return variables of which those that are frozen have the values from the start of the part again."""
        return {name: moment.unless_frozen(self.system, name, value, self.x[name]) for name, value in new.items()}

    def _with_pulse(self, moment, new, current):
        """Return variables after a current has flowed in the whole step as well; what it adds is the same from any state."""
        free = Moment(moment.t, moment.dt, moment.held, np.ones(self.n, bool))
        more = Moment(moment.t, moment.dt, moment.held | {"I_ext": moment.held["I_ext"] + current}, free.free)
        z = dict.fromkeys(self.method.noises, np.zeros(self.n))
        first, second = self.method(self.x, free, z), self.method(self.x, more, z)
        return {name: new[name] + second[name] - first[name] for name in new}

    def _after(self, now, moment, fired, before, last):
        """Reset what fires, let other events act, and count the steps of refractoriness."""
        tests = [np.broadcast_to(evaluate(test, now), self.n) for test, _ in self.events]
        for flag, actions in [(fired, self.reset), *zip(tests, (effect for _, effect in self.events), strict=True)]:
            acted = now.copy()
            for name, tree in actions:
                acted.assign(name, evaluate(tree, acted))
            for name in dict.fromkeys(name for name, _ in actions):
                now.assign(name, np.where(flag, acted[name], now[name]))
        if self.refractory is None:
            return
        if self.by_condition:
            self.wait = np.where(fired, 1, ~moment.free).astype(np.int64)
            return
        steps = np.maximum(np.floor(evaluate(self.refractory, now) / self.dt + 0.5), 0.0)
        counted = (self.wait > 0) & ~before if last else np.zeros(self.n, bool)  # not in the step of the spike itself
        self.wait = np.where(fired, steps, self.wait - counted).astype(np.int64)


def texts_of(synapse):
    """Return the texts of a receptor, `held` and `constants`: names of what is set from outside, and `spike`."""
    for kind in all_through("reference of receptors"):
        if kind.takes(synapse):
            return kind(synapse)
    found = {"equations": synapse.equations, "current": synapse.current, "arrival": synapse.arrival}
    return SimpleNamespace(**found, held=(), constants=(), spike="")


def whole(synapse):
    """Return a synapse, and of what has two sides the one of the target."""
    return synapse.target_side() if hasattr(synapse, "target_side") else synapse


def random_calls(tree):
    """Return how many random numbers a tree takes."""
    calls = [node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree is not None else []
    return sum(name in RANDOM for name in calls)


def table_at(table, position, dt):
    """Return the value of a TimedArray at a position in steps; the last one stays."""
    steps = table.dt / dt
    steps = round(steps) if abs(steps - round(steps)) < 1e-6 else steps
    return table.values[min(int(position / steps + 1e-6), len(table.values) - 1)]


def value_at(value, k, dt, known, at_least_0=False):
    """Return a value that may change in time during step k: a text in the middle of the step, a table at its start."""
    if isinstance(value, str):
        with np.errstate(all="ignore"):
            value = evaluate(parse(value), Scope(known | {"t": (k + 0.5) * dt, "dt": dt, "pi": np.pi}))
        return np.maximum(value, 0.0) if at_least_0 else value
    return table_at(value, k, dt) if hasattr(value, "per_cell") else value
