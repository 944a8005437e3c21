"""From the texts of a rule of plasticity to checked equations: `parse_plasticity`.

A variable of a rule is a *presynaptic trace* if only ``on_pre`` assigns it, and only from parameters and other such traces:
then it is the same for all synapses of a source, and is kept once. A *postsynaptic trace* likewise follows from the spikes
of the target alone. All other variables, and the weight ``w``, belong to each synapse.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from brainsim.core.checks import nearest, number
from brainsim.equations.diagnostics import check_left_sides
from brainsim.equations.expressions import algebra, units
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, EquationError, Tree
from brainsim.equations.model_parser import RESERVED
from brainsim.equations.parsed import Declared
from brainsim.features.plasticity.equations.rule_variables import (
    START,
    needs,
    read_after_jumps,
    relaxation,
    split_jumps,
    traces_among,
)
from brainsim.features.plasticity.equations.target_cell import OF_TARGET, TargetReader

WEIGHT = "w"
ELAPSED = "elapsed"  # ms between two events of a synapse
Assignments = tuple[tuple[str, Tree], ...]
OF_RATES = "what a source gives in each step is pre in a bs.RatePlasticity, of a bs.Coupling with source = 'v'"
READABLE = "a rule reads w, its variables and parameters, and the target's as v_post; see help(bs.Plasticity)"
EXACT = (
    "between spikes a variable must relax on its own, dx/dt = (limit - x)*rate, with a limit and a rate made of parameters; "
    "only this can be computed exactly at the next spike"
)


class Followed(NamedTuple):
    """Between events ``w = slope*variable + rest``: w follows a variable of the synapse."""

    variable: str
    slope: Tree
    rest: Tree


class Drive(NamedTuple):
    """Between events ``dw/dt = variable*(gain*modulator + offset)``."""

    variable: str
    gain: Tree
    offset: Tree


@dataclass(frozen=True, eq=False)  # each rule has its own
class PlasticityEquations:
    """Checked equations of a rule of plasticity, as trees of `ast`; assignments are pairs (variable, tree), in order.

    In `on_pre`, `on_post` and `amplitude`, a trace before its jump is named ``x``, after it ``x__new``. The jumps themselves
    have plain names and are made one after the other.

    - `pre_traces`, `post_traces`: variables that follow from the spikes of the source, or of the target
    - `variables`: the other variables, which each synapse has besides w
    - `rates`, `limits`: between events, ``dx/dt = rate*(limit - x)``; a variable that is in neither of them is constant
    - `amplitude`: what an event delivers, after `on_pre`
    - `bounds`: lower and upper limit of w, each a tree or None
    - `parameters`: those that occur in any tree, in the order of their declaration
    - `between`: assignments to w and to `variables` between two events of a synapse, `elapsed` ms apart
    - `modulator`: the variable that all synapses share, "" if there is none; spikes of modulating cells change it
    - `drive`: how w changes between events, or None
    - `units`: variable or w -> its Dimension; empty if units are not checked
    - `on_step`: assignments in each step in which `step_condition` holds, with traces before their jumps
    - `late`: postsynaptic trace that follows the target -> how much later it is read [ms]
    - `of_target`: variables of the target that are read, named ``v_post``
    """

    pre_traces: tuple[str, ...]
    post_traces: tuple[str, ...]
    variables: tuple[str, ...]
    rates: dict[str, Tree]
    limits: dict[str, Tree]
    pre_jumps: Assignments
    post_jumps: Assignments
    on_pre: Assignments
    on_post: Assignments
    amplitude: Tree
    bounds: tuple[Tree | None, Tree | None]
    parameters: tuple[str, ...]
    initials: dict[str, Tree | float]
    between: Assignments = ()
    modulator: str = ""
    modulator_jumps: Assignments = ()
    drive: Drive | None = None
    random: bool = False
    units: dict[str, units.Dimension] = field(default_factory=dict)
    on_step: Assignments = ()
    step_condition: Tree | None = None
    late: dict[str, Tree] = field(default_factory=dict)
    of_target: tuple[str, ...] = ()

    @property
    def changes_weights(self) -> bool:
        """Whether w changes at all; short-term plasticity changes only what an event delivers."""
        changes = (*self.on_pre, *self.on_post, *self.on_step, *self.between)
        return self.drive is not None or any(name == WEIGHT for name, _ in changes)

    @property
    def computed_weight(self) -> Tree | None:
        """The tree of w if nothing but variables and parameters decides it, as ``between = "w = w_0*(1 + rho)"``."""
        trees = [tree for name, tree in self.between if name == WEIGHT]
        elsewhere = any(name == WEIGHT for name, _ in (*self.on_pre, *self.on_post, *self.on_step))
        if len(trees) != 1 or elsewhere or self.drive is not None:
            return None
        return trees[0] if lang.names_in(trees[0]) <= {*self.variables, *self.parameters, "pi"} else None

    @property
    def followed(self) -> Followed | None:
        """The variable that w follows, if there is one that can be computed from w."""
        tree = self.computed_weight
        names = lang.names_in(tree) & {*self.variables} if tree is not None else set()
        if tree is None or len(names) != 1:
            return None
        (name,) = names
        parts = algebra.linear_in(tree, name)
        return Followed(name, *parts) if parts else None

    def mirror(self) -> PlasticityEquations:
        """Return the equations for weights of the other sign: what these do to w, they do to -w.

        To change a sign is exact, so |w| has the same bits.
        """
        (low, high), drive = self.bounds, self.drive
        return replace(
            self,
            on_pre=_mirror(self.on_pre),
            on_post=_mirror(self.on_post),
            between=_mirror(self.between),
            on_step=_mirror(self.on_step),
            amplitude=_mirror_amplitude(self.amplitude),
            bounds=(high and algebra.negative(high), low and algebra.negative(low)),
            drive=drive and drive._replace(gain=algebra.negative(drive.gain), offset=algebra.negative(drive.offset)),
        )


def _mirror(assignments):
    flipped = ((name, _with_minus_w(tree)) for name, tree in assignments)
    return tuple((name, algebra.negative(tree) if name == WEIGHT else tree) for name, tree in flipped)


def _mirror_amplitude(tree):
    """Return what is delivered: what is proportional to w stays as it is."""
    parts = algebra.linear_in(tree, WEIGHT)
    return tree if parts and algebra.is_zero(parts[1]) else algebra.negative(_with_minus_w(tree))


def _with_minus_w(tree):
    return lang.substitute(tree, {WEIGHT: ast.UnaryOp(ast.USub(), ast.Name(WEIGHT))})


def parse_plasticity(
    label: str,
    declared: Declared,
    *,
    equations: str = "",
    on_pre: str = "",
    on_post: str = "",
    amplitude: str = WEIGHT,
    bounds: tuple[str, str] = ("", ""),
    between: str = "",
    on_modulator: str = "",
    on_step: str = "",
    step_condition: str = "",
    late: Mapping[str, str] | None = None,
    initials: Mapping[str, Any] | None = None,
    per_synapse: Collection[str] = frozenset(),
) -> PlasticityEquations:
    """Parse and check the texts of a rule; `label` is its name in messages.

    `per_synapse` are the parameters that differ between synapses: a variable that depends on one is not a trace.
    """
    reader = _RuleReader(label, declared)
    texts = {"on_pre": on_pre, "on_post": on_post, "between": between, "on_modulator": on_modulator, "on_step": on_step}
    reader.meet_target((equations, amplitude, step_condition, bounds, *texts.values(), *(initials or {}).values()))
    rates, limits, fixed, driven = reader.relaxations(equations)
    pre, post, inner, jumps, steps = (reader.assignments(text, name, fixed) for name, text in texts.items())
    condition = reader.condition_of_steps(step_condition, steps, fixed)
    delivered = reader.of_weight(amplitude, "amplitude", fixed)
    ends = reader.bounds(bounds, fixed)
    others = (("", delivered), ("", driven or algebra.ZERO), ("", condition or algebra.ZERO))
    used = reader.used([*pre, *post, *inner, *jumps, *steps, *rates.items(), *others])
    starts = {name: reader.initial(name, (initials or {}).get(name, 0.0)) for name in used}
    assigned = {name for name, _ in (*pre, *post, *inner, *jumps, *steps)}
    followers = reader.followers(used, assigned, limits)
    _reject_unassigned(label, used, {*assigned, *followers})
    modulator = reader.modulator(jumps, {name for name, _ in (*pre, *post, *inner, *steps)})
    parts = {name: needs(name, (*pre, *post), rates, limits, starts) for name in used}
    constant = declared.numbers - {*per_synapse} | {"pi"}
    following = tuple((name, algebra.ZERO) for name in followers)
    pre_traces = traces_among(used, pre, (*post, *inner, *steps), parts, constant)
    post_traces = traces_among(used, (*post, *following), (*pre, *inner, *steps), parts, constant | reader.of_target)
    traces = {*pre_traces, *post_traces}
    reader.check_target(parts, post_traces, (limits, starts), condition, per_synapse)
    reader.check_between(inner, {*traces, modulator})
    drive = reader.drive(driven, modulator, rates, limits, traces) if driven is not None else None
    pre_jumps, at_pre = split_jumps(pre, pre_traces, f"{label}.on_pre")
    post_jumps, at_post = split_jumps(post, post_traces, f"{label}.on_post")
    lines = [tree for _, tree in (*pre, *post, *inner, *jumps, *steps)]
    times = reader.late({} if late is None else late, followers, constant)
    trees = [*rates.values(), *limits.values(), *lines, delivered, *ends, *starts.values(), *(drive or ()), condition]
    names = set().union(*(lang.names_in(tree) for tree in (*trees, *times.values()) if isinstance(tree, ast.AST)))
    variables = tuple(name for name in used if name not in {*traces, modulator})
    parameters = tuple(name for name in declared.parameters if name in names and not name.endswith(START))
    random = any(lang.calls_in(tree) & RANDOM for tree in lines)
    dimensions = {name: reader.units[name] for name in (WEIGHT, *used) if name in reader.units}
    kept, changes = (pre_traces, post_traces, variables, rates, limits), (pre_jumps, post_jumps, at_pre, at_post)
    of_target = tuple(sorted(names & reader.of_target))
    rest: tuple[Any, ...] = (inner, modulator, jumps, drive, random, dimensions, steps, condition, times, of_target)
    delivered = read_after_jumps(delivered, pre_traces)
    return PlasticityEquations(*kept, *changes, delivered, ends, parameters, starts, *rest)


def _reject_unassigned(label, used, known):
    """Raise EquationError for a variable that nothing changes."""
    for name in used:
        if name not in known:
            message = f"is never assigned in on_pre or on_post; write {name} = ... there, or make it a bs.parameter(...)"
            raise EquationError(f"{label}.{name}", message)


class _RuleReader(TargetReader):
    """Reads the texts of one rule: a Reader that knows w and the named variables of the target cell, but not the time."""

    def __init__(self, label, declared):
        super().__init__(label, declared, units.WEIGHT)
        self.known -= {"dt"}
        self.units[ELAPSED] = self.units.get("t")

    def relaxations(self, text):
        """Return (rates, limits, the lines ``name = ...`` of parameters, the tree of dw/dt or None)."""
        label = f"{self.label}.equations"
        for tree in lang.parse_equations(text, label)[0].values():
            self._reject_foreign(tree, label)
        check_left_sides(self.label, text, replace(self.declared, variables={**self.declared.variables, WEIGHT: "weight"}))
        derivatives, fixed = self.equations(text, {WEIGHT})
        driven = derivatives.pop(WEIGHT, None)
        varying = {*self.declared.variables, WEIGHT}
        for tree in fixed.values():
            self._reject_varying(tree, varying | self.of_target, label, "a line 'name = ...' may contain parameters")
        rates, limits = {}, {}
        for name, tree in derivatives.items():
            self._reject_varying(tree, varying - {name}, label, EXACT)
            parts = relaxation(self.substitute_lines(tree, "equations", fixed), name)
            if parts is None:
                raise EquationError(label, f"d{name}/dt is not linear in {name}: {EXACT}", lang.line_of(tree).text, 0)
            self._reject_varying(parts[0], self.of_target, label, EXACT, lang.line_of(tree))
            if not algebra.is_zero(parts[0]):
                rates[name], limits[name] = parts
            elif not algebra.is_zero(parts[1]):
                raise EquationError(label, f"d{name}/dt does not depend on {name}: {EXACT}", lang.line_of(tree).text, 0)
        if driven is not None:
            line = lang.line_of(driven)
            driven = self.substitute_lines(driven, "equations", fixed)
            driven.line = line
        return rates, limits, fixed, driven

    def modulator(self, jumps, others):
        """Return the variable that `on_modulator` assigns, "" if there is none."""
        label, names = f"{self.label}.on_modulator", sorted({name for name, _ in jumps})
        if not names:
            return ""
        if len(names) > 1 or names[0] in others or names[0] == WEIGHT:
            message = "must assign one variable, which nothing else assigns: all synapses share it"
            raise EquationError(label, message, lang.line_of(jumps[0][1]).text)
        for _, tree in jumps:
            varying = {*self.declared.variables, WEIGHT, *self.of_target} - {*names}
            self._reject_varying(tree, varying, label, "all synapses share it")
        return names[0]

    def check_between(self, assignments, shared):
        """Raise EquationError if an assignment between two events reads or changes what is not the synapse's own."""
        for _, tree in assignments:
            varying, message = shared | self.of_target, "traces, modulators and cells change in between themselves"
            self._reject_varying(tree, varying, f"{self.label}.between", message)

    def drive(self, tree, modulator, rates, limits, traces):
        """Return the Drive that ``dw/dt = tree`` is."""
        label, line = f"{self.label}.equations", lang.line_of(tree)
        for name in sorted(lang.names_in(tree) & {*self.declared.variables} - {modulator, *traces}):
            parts = algebra.linear_in(tree, name)
            inner = parts and algebra.is_zero(parts[1]) and algebra.linear_in(parts[0], modulator)
            decays = name in rates and algebra.is_zero(limits[name])
            if inner and decays and not (lang.names_in(inner[0]) | lang.names_in(inner[1])) - {*self.declared.numbers, "pi"}:
                return Drive(name, *inner)
        message = (
            "dw/dt must be a variable of the synapse that decays to 0, times a modulator: 'dw/dt = c*(n - n_base)'; in all "
            "other cases w changes only at spikes: assign it in on_pre or on_post"
        )
        raise EquationError(label, message, line.text, 0)

    def assignments(self, text, field, fixed):
        """Return the assignments of a string as (name, tree); other names in `between` are for the lines after them."""
        own = {"between": {ELAPSED}, "on_step": {"dt"}}.get(field, set())
        label, result, more = f"{self.label}.{field}", [], {*fixed, *own}
        for name, tree in lang.parse_assignments(text, label):
            if field == "between" and name not in self.known | RESERVED | {WEIGHT, ELAPSED}:
                self._check(tree, label, more, random=True)
                self.units[name] = self.check(tree, label, None, "")
                more.add(name)
            elif name != WEIGHT and name not in self.declared.variables:
                hint = nearest(name, [WEIGHT, *self.declared.variables])
                if name in self.declared.parameters:
                    hint = ", but a parameter, which does not change; declare it with bs.initial(...)"
                if name.endswith(OF_TARGET):
                    hint = ": a rule does not change the target cell; the weight does, in the synapse"
                raise EquationError(label, f"{name!r} is not a variable{hint}", lang.line_of(tree).text, 0)
            self._check(tree, label, more, field not in ("on_modulator", "on_step"))
            self.check(tree, label, self.units.get(name), repr(name))
            result.append((name, self.substitute_lines(tree, field, fixed)))
            result[-1][1].line = lang.line_of(tree)
        return tuple(result)

    def of_weight(self, text, field, fixed):
        """Return the tree of an expression in the unit of the weight."""
        label = f"{self.label}.{field}"
        tree = lang.parse_expression(text, label)
        self._check(tree, label, fixed)
        self.check(tree, label, self.units.get(WEIGHT), "a bound of w" if field == "bounds" else f"the {field}")
        return self.substitute_lines(tree, field, fixed)

    def bounds(self, texts, fixed):
        label = f"{self.label}.bounds"
        if not (isinstance(texts, tuple | list) and len(texts) == 2 and all(isinstance(text, str) for text in texts)):
            message = 'must be a pair of strings, such as ("0", "w_max"); "" means no bound'
            raise TypeError(f"{label}: {message} (got {texts!r})")
        trees = tuple(self.of_weight(text, "bounds", fixed) if text.strip() else None for text in texts)
        for tree in filter(None, trees):
            varying = {*self.declared.variables, WEIGHT, *self.of_target}
            self._reject_varying(tree, varying, label, "a bound may contain parameters")
        return trees

    def initial(self, name, value):
        """Return an initial value as a number, or as a tree of parameters."""
        label = f"{self.label}.{name}"
        if isinstance(value, ast.AST):  # given for each synapse, under a name of its own
            return value
        if not isinstance(value, str):
            try:
                return number(value, label, self.declared.variables[name])
            except TypeError:
                message = "must be a number or an expression of parameters, the same for all synapses"
                raise TypeError(f"{label}: {message} (got {value!r})") from None
        tree = lang.parse_expression(value, label)
        self._reject_varying(tree, {*self.declared.variables, WEIGHT}, label, "an initial value may contain parameters")
        self._check(tree, label, {})
        self.check(tree, label, self.units.get(name), repr(name))
        return tree

    def used(self, lines):
        """Return the variables that occur in any text, in the order of their declaration."""
        names = {name for left, tree in lines for name in (left, *lang.names_in(tree))}
        return tuple(name for name in self.declared.variables if name in names)

    def _check(self, tree, label, fixed, random=False):
        """Check the names and kinds of a tree that may read w."""
        self._reject_foreign(tree, label)
        if lang.calls_in(tree) & RANDOM and (not random or "rand_all" in lang.calls_in(tree)):
            message = "random numbers are allowed only in on_pre, on_post and between, and rand_all() only in cells"
            raise EquationError(label, message, lang.line_of(tree).text)
        self.check_tree(tree, label, {WEIGHT, *fixed}, random=random)

    def _reject_foreign(self, tree, label):
        """Raise EquationError for names of the cells and of the time, which a rule cannot read."""
        for name in sorted(lang.names_in(tree) - {WEIGHT, *self.declared.variables, *self.declared.parameters}):
            if name.endswith("_pre"):
                stem = name.removesuffix("_pre")
                message = (
                    f"variables of the source such as {stem!r} cannot be read: a synapse knows its spikes only; {OF_RATES}"
                )
            elif name == "dt" and label.endswith(".on_step"):
                continue
            elif name in ("t", "dt"):
                message = "a rule cannot read the time: write a variable that decays, dx/dt = -x/tau"
            elif name == "v":
                message = (
                    f"'v' belongs to a cell: that of the target is v_post, and that of the source cannot be read; {OF_RATES}"
                )
            elif name in ("I", "xi"):
                message = f"{name!r} belongs to the cell, and a synapse knows its spikes and variables only"
            else:
                continue
            raise EquationError(label, f"{message}; {READABLE}", *lang.place_of(tree, name))

    def _reject_varying(self, tree, varying, label, rule, line=None):
        for name in sorted(lang.names_in(tree) & varying):
            raise EquationError(label, f"this depends on {name!r}: {rule}", *lang.place_of(tree, name, line))
