"""From the texts of a class to checked equations: `parse_cell` for a neuron, `parse_receptor` for a synapse."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from brainsim.core.checks import nearest
from brainsim.equations.diagnostics import check_frozen, check_left_sides
from brainsim.equations.expressions import algebra, units
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, EquationError, Tree, function_name
from brainsim.equations.expressions.lower import HELPERS
from brainsim.equations.expressions.zeros import fill_zeros
from brainsim.equations.parsed import CellEquations, Declared, ReceptorEquations

# names with a meaning in the text of a kernel; its other names start with an underscore
RESERVED = {"I", "I_ext", "w", "dt", "t", "pi", "xi", *lang.FUNCTIONS, *HELPERS, "np", "range", "refractory_steps"}
RESERVED |= {"most_spikes", *keyword.kwlist}
CONSTANTS = {"dt", "pi"}
NOISE = re.compile(r"xi(_\w+)?")
OF_RECEPTOR = re.compile(r"r\d+_")  # prefix of the names of a synapse within a cell
FIXED = (
    "; what an event of weight w does is the same in the whole run. Weights that change, and effects that depend on earlier "
    "spikes, are a rule of plasticity: net.connect(..., plasticity=bs.STDP()); see help(bs.Plasticity)"
)
MAX_SHOWN = 8  # names in a message
WORDS = {"I": "pA", "t": "ms", "dt": "ms", "pi": "1", "w": "1"}


def parse_cell(
    label: str,
    declared: Declared,
    *,
    equations: str = "",
    threshold: str = "",
    reset: str = "",
    spikes_per_step: str = "",
    events: Mapping[str, tuple[str, str]] | None = None,
    each_step: str = "",
    refractory: str | None = None,
    frozen: tuple[str, ...] | None = None,
    arrivals: str = "discarded",
    initials: Mapping[str, Any] | None = None,
    substeps: int = 1,
) -> CellEquations:
    """Parse and check the texts of a neuron class; `label` is its name in messages.

    `frozen` is a tuple of variables, or None for the default: v, or nothing if a condition keeps cells refractory, since a
    clamped v could never end that condition. `arrivals` says what becomes of events at a frozen variable.
    """
    reader = Reader(label, declared)
    check_left_sides(label, equations, declared)
    check_frozen(label, frozen, arrivals, declared)
    derivatives, algebraic = reader.equations(equations, {"I", "t"})
    test = reader.condition(threshold, "threshold", algebraic) if threshold else None
    actions = reader.actions(reset, "reset", algebraic)
    others = reader.events(events or {}, algebraic)
    waits = reader.refractory(refractory, algebraic) if refractory else None
    if frozen is None:
        frozen = () if waits is not None and lang.is_condition(waits) or "v" not in declared.variables else ("v",)
    # a variable without an equation changes only in the reset
    derivatives = {name: derivatives.get(name, algebra.ZERO) for name in declared.variables}
    return CellEquations(
        derivatives,
        algebraic,
        test,
        actions,
        others,
        reader.actions(each_step, "each_step", algebraic, local=True),
        waits,
        frozenset(frozen),
        arrivals == "kept",
        reader.initials(initials or {}, algebraic),
        declared.tables,
        substeps,
        {name: reader.units[name] for name in declared.variables if name in reader.units},
        reader.number_of_spikes(spikes_per_step, substeps > 1) if spikes_per_step else None,
        frozenset(declared.curves),
    )


def parse_receptor(
    label: str, declared: Declared, *, equations: str, arrival: str, current: str, weight_unit: str
) -> ReceptorEquations:
    """Parse and check the texts of a synapse class; its variables are those that have an equation."""
    lines = lang.parse_equations(equations, f"{label}.equations", declared.called)[0]
    variables = dict.fromkeys(lines)
    for name, tree in lines.items():
        if name in RESERVED or name in declared.parameters or NOISE.fullmatch(name):
            message = f"{name!r} is already a parameter or a word of the language"
            raise EquationError(f"{label}.equations", message, f"d{name}/dt")
        if "v" in lang.names_in(tree) and "v" not in variables:
            message = f"d{name}/dt depends on v; only the current may depend on v"
            raise EquationError(f"{label}.equations", message, lang.line_of(tree).text)
    declared = replace(declared, variables=variables)
    if units.unit(weight_unit, f"{label}.weight_unit").of_weight:
        raise ValueError(f"{label}.weight_unit: must say which unit the weights have, such as 'nS' (got {weight_unit!r})")
    reader = Reader(label, declared, weight_unit)
    assignments = lang.parse_assignments(arrival, f"{label}.arrival", declared.called)
    reader.infer(equations, assignments)
    derivatives, algebraic = reader.equations(equations, {"v", "t"})
    arrivals, jumps = [], {}
    for name, tree in assignments:
        if name != "I" and (name in declared.parameters or name in RESERVED):
            raise EquationError(f"{label}.arrival", f"{name!r} is not a variable{FIXED}", ast.unparse(tree))
        gain, dimension = _gain(name, tree, f"{label}.arrival", variables, reader)
        arrivals.append((name, gain))
        if name not in {*variables, "I"} and dimension is not None:
            jumps[name] = dimension
    if not arrivals:
        raise EquationError(f"{label}.arrival", "must say what an event of weight w does, e.g. 'g = g + w'")
    if "v" in declared.parameters:
        raise EquationError(f"{label}.v", "is the membrane potential of the target; choose another name")
    tree = None
    if current:
        tree = reader.expression(current, "current", {"v", "t", *algebraic})
        reader.check(tree, f"{label}.current", units.unit("pA", label), "a current into a cell")
    weight, curves = reader.units.get("w"), frozenset(declared.curves)
    sides = derivatives, algebraic, tuple(arrivals), tree
    return ReceptorEquations(*sides, declared.tables, jumps, weight, curves=curves)


def check_condition(label: str, declared: Declared, text: str) -> None:
    """Check the text of a condition on parameters, such as ``"v_reset < v_th"``."""
    reader = Reader(label, replace(declared, variables={}))
    tree = lang.parse_expression(text, f"{label}.conditions")
    lang.check_names(tree, declared.numbers | {"dt"}, f"{label}.conditions")
    lang.check_kind(tree, f"{label}.conditions", condition=True)
    reader.check(tree, f"{label}.conditions", None, "")


class Reader:
    """Reads the texts of one class; knows its names and their units."""

    def __init__(self, label, declared, weight_unit="1"):
        self.label, self.declared = label, declared
        self.known = {*declared.variables, *declared.numbers, *declared.now, *declared.curves, *CONSTANTS}
        self.units = {}
        if declared.dimensions:
            texts = {n: u for n, u in {**declared.parameters, **declared.variables}.items() if u is not None}
            self.units = units.of_units(texts, label)
            self.units |= units.now_units(self.units, declared.tables)
            arguments = {name + units.ARGUMENT: of for name, of in declared.curves.items()}
            self.units |= units.of_units(arguments, label)
            self.units = units.of_units(WORDS | {"w": weight_unit}, label) | self.units  # a cell may declare its own w
            self.units.setdefault("v", units.unit("mV", label))

    def check(self, tree, label, expected, subject):
        """Check the unit of a tree and return it, or return None if units are not checked."""
        if self.declared.dimensions:
            return units.Checker(self.units, label).check(tree, expected, subject)
        return None

    def expression(self, text, field, more=(), condition=False, random=False):
        """Parse one expression and check its names and kinds."""
        label = f"{self.label}.{field}"
        tree = lang.parse_expression(text, label, self.declared.called)
        self.check_tree(tree, label, more, condition, random)
        return tree

    def check_tree(self, tree, label, more=(), condition=False, random=False):
        """Check names and kinds of a tree, and that it has no random numbers unless `random` is true."""
        lang.check_names(tree, more if self.known <= more else self.known | more, label)
        lang.check_kind(tree, label, condition)
        if not random and lang.calls_in(tree) & RANDOM:
            node = next(n for n in ast.walk(tree) if isinstance(n, ast.Call) and function_name(n) in RANDOM)
            message = f"{function_name(node)}() is allowed only in a threshold, a reset or an event; white noise is xi"
            raise EquationError(label, message, *lang.line_of(tree).place(node))

    def equations(self, text, more):
        """Return (derivatives, algebraic), checked; the algebraic lines in an order in which they can be computed."""
        label = f"{self.label}.equations"
        derivatives, algebraic = lang.parse_equations(text, label, self.declared.called)
        taken = self.known | RESERVED | self.declared.called.keys() | {*more}
        for name in algebraic:
            if name in taken or NOISE.fullmatch(name) or OF_RECEPTOR.match(name):
                message = f"{name!r} is already a parameter, a variable or a word of the language"
                raise EquationError(label, message, *lang.line_of(algebraic[name]).place(None))
        algebraic, more = in_order(algebraic, label), {*more, *algebraic}
        known = self.known | more
        for name, tree in algebraic.items():
            self._reject_noise(tree, label)
            self.check_tree(tree, label, known)
            self.units[name] = self.check(tree, label, None, "")
        for name, tree in derivatives.items():
            noises = {n for n in lang.names_in(tree) if NOISE.fullmatch(n)} - self.known
            if noises and self.declared.dimensions:
                self.units |= dict.fromkeys(noises, units.unit("1/sqrt(ms)", label))
            self.check_tree(tree, label, known | noises if noises else known)
            dimension = self.units.get(name)
            self.check(tree, label, dimension and dimension * units.unit("1/ms", label), f"d{name}/dt")
            for noise in noises:
                if algebra.linear_in(tree, noise) is None:
                    message = f"{noise} must enter linearly, as in 'dv/dt = -v/tau + sigma*sqrt(2/tau)*{noise}'"
                    raise EquationError(label, message, lang.line_of(tree).text)
        return self._filled(derivatives), self._filled(algebraic)

    def condition(self, text, field, algebraic):
        """Return the tree of a condition on the new values, with the algebraic lines substituted."""
        tree = self.expression(text, field, {"t", *algebraic}, condition=True, random=True)
        self.check(tree, f"{self.label}.{field}", None, "")
        return self.substitute_lines(tree, field, algebraic)

    def number_of_spikes(self, text, divided):
        """Return the tree of the number of spikes in a step, ``binomial(n, p)``."""
        label = f"{self.label}.spikes_per_step"
        if divided:
            raise EquationError(label, "is not possible with substeps", text)
        tree = lang.parse_expression(text, label, self.declared.called)
        if not (isinstance(tree, ast.Call) and function_name(tree) == "binomial"):
            raise EquationError(label, "must be binomial(n, p), such as 'binomial(sources, 0.001*rate*dt)'", text)
        lang.check_names(tree, self.declared.numbers | CONSTANTS, label)
        for argument in tree.args:
            self.check_tree(argument, label, set())
        self.check(tree, label, None, "")
        return tree

    def actions(self, text, field, algebraic, local=False):
        """Return the assignments of a reset or an event as (name, tree), with the algebraic lines substituted.

        With `local`, a name that means nothing else gets a value for those that follow, and is forgotten after the step.
        """
        label, actions, own, read = f"{self.label}.{field}", [], {}, set()
        for name, tree in lang.parse_assignments(text or "", label, self.declared.called):
            if name not in self.declared.variables and (not local or name in self.known | RESERVED | {*algebraic}):
                raise self._no_variable(name, label, tree)
            self.check_tree(tree, label, {"t", *algebraic, *own}, random=True)
            if name not in self.declared.variables:
                own[name] = tree
            read |= lang.names_in(tree)
            unit = self.check(tree, label, self.units.get(name), repr(name))
            self.units.setdefault(name, unit)
            actions.append((name, self.substitute_lines(tree, field, algebraic)))
        for name in own:
            self.units.pop(name)
            if name not in read:
                raise self._no_variable(name, label, own[name])
        return tuple(actions)

    def _no_variable(self, name, label, tree):
        message = f"{name!r} is not a variable{nearest(name, self.declared.variables)}"
        return EquationError(label, message, lang.line_of(tree).text, 0)

    def events(self, events, algebraic):
        """Return the events other than the spike as (condition, actions)."""
        if not isinstance(events, dict):
            message = "must be a dict such as {'burst': ('v > v_burst', 'n = n + 1')}"
            raise TypeError(f"{self.label}.events: {message} (got {events!r})")
        parsed = []
        for name, texts in events.items():
            field = f"events[{name!r}]"
            lang.check_npz_name(name, f"{self.label}.{field}")
            if not isinstance(texts, tuple | list) or len(texts) != 2:
                message = "must be a pair (condition, effect), such as ('v > v_burst', 'n = n + 1')"
                raise EquationError(f"{self.label}.{field}", message)
            parsed.append((self.condition(texts[0], field, algebraic), self.actions(texts[1], field, algebraic)))
        return tuple(parsed)

    def refractory(self, text, algebraic):
        """Return the tree of the refractory time or condition."""
        label = f"{self.label}.refractory"
        tree = lang.parse_expression(text, label, self.declared.called)
        condition = lang.is_condition(tree)
        self.check_tree(tree, label, {"t", *algebraic}, condition, random=not condition)
        self.check(tree, label, None if condition else units.unit("ms", label), "a refractory time")
        return self.substitute_lines(tree, "refractory", algebraic)

    def initials(self, texts, algebraic):
        """Return variable -> tree of the initial values that are expressions, in an order in which they can be computed."""
        numbers = {*self.declared.numbers, *self.declared.curves}
        names, trees = numbers | {*self.declared.variables} | self.known & CONSTANTS, {}
        for name, text in texts.items():
            if isinstance(text, str):
                label = f"{self.label}.{name}"
                tree = lang.parse_expression(text, label, dict.fromkeys(self.declared.curves, False))
                if lang.calls_in(tree) & RANDOM:
                    hint = f"write Population(..., initial={{{name!r}: Uniform(a, b)}})"
                    raise ValueError(f"{label}: an initial value must not be random (got {text!r}); {hint}")
                lang.check_names(tree, names | {*algebraic}, label)
                lang.check_kind(tree, label)
                self.check(tree, label, self.units.get(name), repr(name))
                trees[name] = self.substitute_lines(tree, name, algebraic)
                lang.check_names(trees[name], names, label)
        return in_order(self._filled(trees), self.label, "initial values")

    def _filled(self, trees):
        return {name: fill_zeros(tree, self.declared.numbers | CONSTANTS) for name, tree in trees.items()}

    def infer(self, equations, arrivals):
        """Infer the units of a synapse's variables from what an event adds to them and from their equations."""
        if not self.declared.dimensions:
            return
        derivatives, algebraic = lang.parse_equations(equations, f"{self.label}.equations", self.declared.called)
        unknown = {*self.declared.variables}
        for name in unknown:
            self.units.pop(name, None)
        sources = [(n, tree, units.ONE) for n, tree in arrivals]
        sources += [(n, tree, units.unit("ms", self.label)) for n, tree in derivatives.items()]
        sources += [(n, tree, units.ONE) for n, tree in algebraic.items()]
        for _ in range(len(sources)):
            for name, tree, factor in sources:
                if name in unknown or name in algebraic:
                    dimension = self.check(tree, f"{self.label}.equations", None, "")
                    if dimension is not None:
                        self.units[name] = dimension * factor
                        unknown.discard(name)

    def substitute_lines(self, tree, field, algebraic):
        """Return the tree with the algebraic lines substituted; it must not contain the current."""
        label = f"{self.label}.{field}"
        tree = lang.resolve(tree, algebraic, label)
        if "I" in lang.names_in(tree):
            raise EquationError(label, "the current I is available only in the equations", ast.unparse(tree))
        return tree

    def _reject_noise(self, tree, label):
        noises = {n for n in lang.names_in(tree) if NOISE.fullmatch(n)} - self.known
        if noises:
            message = f"the noise {min(noises)} is allowed only in lines 'dx/dt = ...'"
            raise EquationError(label, message, lang.line_of(tree).text)


def _gain(name, tree, label, variables, reader):
    """Return the factor of w in ``name = name + factor*w``, and the Dimension of what is added.

    Events are summed before they act, so no other form is possible.
    """
    reader.check_tree(tree, label, {"w", "v", name})
    parts = algebra.linear_in(tree, name)
    weight = parts and algebra.is_one(parts[0]) and algebra.linear_in(parts[1], "w")
    varying = {*variables, name, "v", *reader.declared.now}
    if not weight or not algebra.is_zero(weight[1]) or lang.names_in(weight[0]) & varying:
        message = f"must be '{name} = {name} + w', or with a constant factor of w{FIXED}"
        raise EquationError(label, message, f"{name} = {ast.unparse(tree)}")
    if name in {*variables, "I"}:
        return weight[0], reader.check(tree, label, reader.units.get(name), repr(name))
    # the unit of the target's variable is not known yet, so that of what is added is recorded: see `jumps`
    return weight[0], reader.check(ast.BinOp(weight[0], ast.Mult(), ast.Name("w")), label, None, "")


def in_order(algebraic: dict[str, Tree], label: str, kind: str = "lines 'name = ...'") -> dict[str, Tree]:
    """Return lines, or initial values, in an order in which each needs only those before it."""
    needs = {name: lang.names_in(tree) & algebraic.keys() for name, tree in algebraic.items()}
    users: dict[str, list[str]] = {name: [] for name in algebraic}
    for name, needed in needs.items():
        for other in needed:
            users[other].append(name)
    position = {name: k for k, name in enumerate(algebraic)}
    missing = {name: len(needed) for name, needed in needs.items()}
    done: dict[str, Tree] = {}
    ready = [name for name in algebraic if not missing[name]]
    while ready:  # each round takes the lines that need only lines of earlier rounds
        done |= {name: algebraic[name] for name in ready}
        for user in (user for name in ready for user in users[name]):
            missing[user] -= 1
        ready = sorted({user for name in ready for user in users[name] if not missing[user]}, key=position.__getitem__)
    if left := [name for name in algebraic if name not in done]:
        need = "need each other" if len(left) > 1 else "needs itself"
        shown = f"{', '.join(map(repr, left[:MAX_SHOWN]))}{' and others' * (len(left) > MAX_SHOWN)}"
        message = f"{shown} {need}; {kind} must not depend on themselves"
        raise EquationError(label, message, lang.line_of(algebraic[left[0]]).text, 0)
    return done
