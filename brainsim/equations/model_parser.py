"""From the texts of one class to checked equations: `parse_cell` for a neuron, `parse_receptor` for a synapse."""

import ast
import keyword
import re
from dataclasses import dataclass, field

from brainsim.core.checks import nearest
from brainsim.equations import algebra, units
from brainsim.equations import language as lang
from brainsim.equations.diagnostics import check_frozen, check_left_sides, warn_of_removable_zeros
from brainsim.equations.grammar import NOW, RANDOM, EquationError
from brainsim.equations.ordering import ordered
from brainsim.equations.render import HELPERS

# what the text of a kernel calls by these names; its other names start with an underscore
RESERVED = {"I", "I_ext", "w", "dt", "t", "pi", "xi", *lang.FUNCTIONS, *HELPERS, "np", "range", "refractory_steps"}
RESERVED |= set(keyword.kwlist)
CONSTANTS = {"dt", "pi"}
NOISE = re.compile(r"xi(_\w+)?")
OF_RECEPTOR = re.compile(r"r\d+_")  # begins the names of a synapse within a cell
FIXED = (
    "; weights, and what an event does, stay as they are during a run: plasticity (STDP, short-term) is not available in "
    "this version. Change weights between runs: compute them from result.spikes and connect a new Network"
)
WORDS = {"I": "pA", "t": "ms", "dt": "ms", "pi": "1", "w": "1"}


@dataclass(frozen=True)
class Declared:
    """What a class declares beside its texts.

    Attributes
    ----------
    parameters, variables : dict
        Name -> unit.
    tables : frozenset of str
        Parameters that are TimedArrays.
    dimensions : bool
        Whether units are checked.
    """

    parameters: dict = field(default_factory=dict)
    variables: dict = field(default_factory=dict)
    tables: frozenset = frozenset()
    dimensions: bool = True

    @property
    def numbers(self):
        """The names of parameters that are numbers."""
        return {*self.parameters} - self.tables

    @property
    def now(self):
        """The names that stand for ``table(t)``."""
        return {name + NOW for name in self.tables}


@dataclass(frozen=True)
class CellEquations:
    """Checked equations of a neuron; trees of `ast`.

    Attributes
    ----------
    derivatives, algebraic : dict
        Name -> tree; algebraic lines in an order in which each needs only those before it.
    threshold : tree or None
    reset : tuple of (variable, tree)
    events : tuple of (condition, tuple of (variable, tree))
    refractory : tree or None
        Refractory time in ms, or the condition that keeps a cell refractory.
    frozen : frozenset of str
        Variables that stand still while refractory.
    initials : dict
        Variable -> tree of its initial value, where that is an expression.
    tables : frozenset of str
    substeps : int
    interpolate : bool
        Whether spike times are found within the step.
    units : dict
        Variable -> its Dimension; empty where units are not checked.
    """

    derivatives: dict
    algebraic: dict
    threshold: ast.expr | None
    reset: tuple
    events: tuple
    refractory: ast.expr | None
    frozen: frozenset
    initials: dict
    tables: frozenset
    substeps: int = 1
    interpolate: bool = False
    units: dict = field(default_factory=dict)

    @property
    def uses_current(self):
        """Whether I occurs."""
        return any("I" in lang.names_in(tree) for tree in [*self.derivatives.values(), *self.algebraic.values()])


@dataclass(frozen=True)
class ReceptorEquations:
    """Checked equations of a synapse: what each event adds to which variable (times its weight), and the current.

    `jumps` has the Dimension of what is added to each variable of the cell, and `weight` that of w; empty and None where
    units are not checked.
    """

    derivatives: dict
    algebraic: dict
    arrivals: tuple
    current: ast.expr | None
    tables: frozenset = frozenset()
    jumps: dict = field(default_factory=dict)
    weight: units.Dimension | None = None

    @property
    def direct(self):
        """Whether events are added straight to the receptor's variable, without a buffer of inputs.

        That holds where an event adds w to one variable of the receptor, which no threshold or reset can see: then it is
        the same whether it is added before or after them, and the kernel has no inputs to read and to clear.
        """
        return len(self.arrivals) == 1 and self.arrivals[0][0] in self.derivatives and algebra.is_one(self.arrivals[0][1])


def parse_cell(
    label,
    declared,
    *,
    equations="",
    threshold="",
    reset="",
    events=None,
    refractory=None,
    frozen=None,
    initials=None,
    substeps=1,
    interpolate=False,
):
    """Parse and check the texts of a neuron class; `label` names it in messages.

    `frozen` is a tuple of variables, or None for the default: v, unless a condition keeps cells refractory, which v could
    then never end.
    """
    reader = _Reader(label, declared)
    check_left_sides(label, equations, declared)
    check_frozen(label, frozen, declared)
    derivatives, algebraic = reader.equations(equations, {"I", "t"})
    test = reader.condition(threshold, "threshold", algebraic) if threshold else None
    actions = reader.actions(reset, "reset", algebraic)
    others = reader.events(events or {}, algebraic)
    waits = reader.refractory(refractory, algebraic) if refractory else None
    if frozen is None:
        frozen = () if waits is not None and lang.is_condition(waits) else {"v"} & {*declared.variables}
    # a variable without an equation changes in the reset only
    derivatives = {name: derivatives.get(name, algebra.ZERO) for name in declared.variables}
    return CellEquations(
        derivatives,
        algebraic,
        test,
        actions,
        others,
        waits,
        frozenset(frozen),
        reader.initials(initials or {}, algebraic),
        declared.tables,
        substeps,
        interpolate,
        {name: reader.units[name] for name in declared.variables if name in reader.units},
    )


def parse_receptor(label, declared, *, equations, arrival, current, weight_unit):
    """Parse and check the texts of a synapse class; its variables are those that have an equation."""
    lines = lang.parse_equations(equations, f"{label}.equations", declared.tables)[0]
    variables = dict.fromkeys(lines)
    for name, tree in lines.items():
        if name in RESERVED or name in declared.parameters or NOISE.fullmatch(name):
            message = f"{name!r} is a parameter or a word of the language already"
            raise EquationError(f"{label}.equations", message, f"d{name}/dt")
        if "v" in lang.names_in(tree) and "v" not in variables:
            message = f"d{name}/dt depends on v; only the current may"
            raise EquationError(f"{label}.equations", message, lang.line_of(tree).text)
    declared = Declared(declared.parameters, variables, declared.tables, declared.dimensions)
    units.unit(weight_unit, f"{label}.weight_unit")
    reader = _Reader(label, declared, weight_unit)
    assignments = lang.parse_assignments(arrival, f"{label}.arrival", declared.tables)
    reader.infer(equations, assignments)
    derivatives, algebraic = reader.equations(equations, {"v", "t"})
    arrivals, jumps = [], {}
    for name, tree in assignments:
        if name in declared.parameters or name in RESERVED:
            raise EquationError(f"{label}.arrival", f"{name!r} is no variable{FIXED}", ast.unparse(tree))
        gain, found = _gain(name, tree, f"{label}.arrival", variables, reader)
        arrivals.append((name, gain))
        if name not in variables and found is not None:
            jumps[name] = found
    if not arrivals:
        raise EquationError(f"{label}.arrival", "must say what an event of weight w does, e.g. 'g = g + w'")
    if "v" in declared.parameters:
        raise EquationError(f"{label}.v", "is the membrane potential of the target; take another name")
    tree = None
    if current:
        tree = reader.expression(current, "current", {"v", "t", *algebraic})
        reader.check(tree, f"{label}.current", units.unit("pA", label), "a current into a cell")
    return ReceptorEquations(derivatives, algebraic, tuple(arrivals), tree, declared.tables, jumps, reader.units.get("w"))


def check_condition(label, declared, text):
    """Check a text that says what must hold between parameters, such as ``"v_reset < v_th"``."""
    reader = _Reader(label, Declared(declared.parameters, {}, declared.tables, declared.dimensions))
    tree = lang.parse_expression(text, f"{label}.conditions")
    lang.check_names(tree, declared.numbers | {"dt"}, f"{label}.conditions")
    lang.check_kind(tree, f"{label}.conditions", condition=True)
    reader.check(tree, f"{label}.conditions", None, "")


class _Reader:
    """Reads the texts of one class; knows its names and their units."""

    def __init__(self, label, declared, weight_unit="1"):
        self.label, self.declared = label, declared
        self.known = {*declared.variables, *declared.numbers, *declared.now, *CONSTANTS}
        self.units = {}
        if declared.dimensions:
            given = {n: u for n, u in {**declared.parameters, **declared.variables}.items() if u is not None}
            self.units = units.of_units(given, label)
            self.units |= units.now_units(self.units, declared.tables)
            self.units = units.of_units(WORDS | {"w": weight_unit}, label) | self.units  # a cell may have a w of its own
            self.units.setdefault("v", units.unit("mV", label))
            self.units["xi"] = units.unit("1/sqrt(ms)", label)

    def check(self, tree, label, wanted, what):
        """Check the unit of a tree, where units are checked at all; returns it."""
        if self.declared.dimensions:
            return units.Checker(self.units, label).check(tree, wanted, what)
        return None

    def expression(self, text, field, more=(), condition=False, random=False):
        """Parse one expression and check its names and kinds."""
        label = f"{self.label}.{field}"
        tree = lang.parse_expression(text, label, self.declared.tables)
        self.check_tree(tree, label, more, condition, random)
        return tree

    def check_tree(self, tree, label, more=(), condition=False, random=False):
        """Check names and kinds of a tree, and that it is not random where it may not be."""
        lang.check_names(tree, more if self.known <= more else self.known | more, label)
        lang.check_kind(tree, label, condition)
        if not random and lang.calls_in(tree) & RANDOM:
            node = next(n for n in ast.walk(tree) if isinstance(n, ast.Call) and n.func.id in RANDOM)
            message = f"{node.func.id}() may stand in a threshold, a reset or an event only; white noise is xi"
            raise EquationError(label, message, *lang.line_of(tree).place(node))

    def equations(self, text, more):
        """Return (derivatives, algebraic), checked; the algebraic lines in an order in which they can be computed."""
        label = f"{self.label}.equations"
        derivatives, algebraic = lang.parse_equations(text, label, self.declared.tables)
        taken = self.known | RESERVED | self.declared.tables | {*more}
        for name in algebraic:
            if name in taken or NOISE.fullmatch(name) or OF_RECEPTOR.match(name):
                message = f"{name!r} is a parameter, a variable or a word of the language already"
                raise EquationError(label, message, *lang.line_of(algebraic[name]).place(None))
        algebraic, more = ordered(algebraic, label), {*more, *algebraic}
        known = self.known | more
        for name, tree in algebraic.items():
            self._refuse_noise(tree, label)
            self.check_tree(tree, label, known)
            self.units[name] = self.check(tree, label, None, "")
        for tree in [*algebraic.values(), *derivatives.values()]:
            warn_of_removable_zeros(tree, self.declared.numbers | CONSTANTS, label)
        for name, tree in derivatives.items():
            noises = {n for n in lang.names_in(tree) if NOISE.fullmatch(n)} - self.known
            self.units |= {n: self.units.get("xi") for n in noises}
            self.check_tree(tree, label, known | noises if noises else known)
            own = self.units.get(name)
            wanted = own and own * units.unit("1/ms", label)
            self.check(tree, label, wanted, f"d{name}/dt")
            for noise in noises:
                if algebra.linear_in(tree, noise) is None:
                    message = f"{noise} may only be multiplied and added: 'dv/dt = -v/tau + sigma*sqrt(2/tau)*{noise}'"
                    raise EquationError(label, message, lang.line_of(tree).text)
        return derivatives, algebraic

    def condition(self, text, field, algebraic):
        """Return the tree of a condition of the new values, algebraic lines put in."""
        tree = self.expression(text, field, {"t", *algebraic}, condition=True, random=True)
        self.check(tree, f"{self.label}.{field}", None, "")
        return self._put_in(tree, field, algebraic)

    def actions(self, text, field, algebraic):
        """Return the assignments of a reset or an event as (variable, tree), algebraic lines put in."""
        label, actions = f"{self.label}.{field}", []
        for name, tree in lang.parse_assignments(text or "", label, self.declared.tables):
            if name not in self.declared.variables:
                message = f"{name!r} is no variable{nearest(name, self.declared.variables)}"
                raise EquationError(label, message, lang.line_of(tree).text, 0)
            self.check_tree(tree, label, {"t", *algebraic}, random=True)
            self.check(tree, label, self.units.get(name), repr(name))
            actions.append((name, self._put_in(tree, field, algebraic)))
        return tuple(actions)

    def events(self, events, algebraic):
        """Return the events beside the spike as (condition, actions)."""
        if not isinstance(events, dict):
            message = "must be a dict such as {'burst': ('v > v_burst', 'n = n + 1')}"
            raise TypeError(f"{self.label}.events: {message} (got {events!r})")
        found = []
        for name, texts in events.items():
            field = f"events[{name!r}]"
            lang.check_name(name, f"{self.label}.{field}")
            if not isinstance(texts, tuple | list) or len(texts) != 2:
                message = "must be a pair (condition, effect), such as ('v > v_burst', 'n = n + 1')"
                raise EquationError(f"{self.label}.{field}", message)
            found.append((self.condition(texts[0], field, algebraic), self.actions(texts[1], field, algebraic)))
        return tuple(found)

    def refractory(self, text, algebraic):
        """Return the tree of the refractory time or condition."""
        label = f"{self.label}.refractory"
        tree = lang.parse_expression(text, label, self.declared.tables)
        condition = lang.is_condition(tree)
        self.check_tree(tree, label, {"t", *algebraic}, condition, random=not condition)
        self.check(tree, label, None if condition else units.unit("ms", label), "a refractory time")
        return self._put_in(tree, "refractory", algebraic)

    def initials(self, texts, algebraic):
        """Return variable -> tree of the initial values that are expressions: of parameters and the variables before."""
        result, before = {}, set()
        for name, text in texts.items():
            if isinstance(text, str):
                label = f"{self.label}.{name}"
                tree = lang.parse_expression(text, label)
                if lang.calls_in(tree) & RANDOM:
                    raise ValueError(f"{label}: random ones are Population(..., initial={{{name!r}: Uniform(a, b)}})")
                self._refuse_later(tree, name, before, label)
                lang.check_names(tree, self.declared.numbers | before | {*algebraic, "pi"}, label)
                lang.check_kind(tree, label)
                self.check(tree, label, self.units.get(name), repr(name))
                result[name] = self._put_in(tree, name, algebraic)
                self._refuse_later(result[name], name, before, label)
                lang.check_names(result[name], self.declared.numbers | before | {"pi"}, label)
            before.add(name)
        return result

    def _refuse_later(self, tree, name, before, label):
        """Raise EquationError where an initial value leans on a variable that has none yet."""
        for later in sorted(lang.names_in(tree) & {*self.declared.variables} - before):
            hint = f"{later!r}, which is declared later; move the line of {later!r} above that of {name!r}"
            message = f"the initial value of {name!r} needs {'itself' if later == name else hint}"
            raise EquationError(label, message, lang.line_of(tree).text)

    def infer(self, equations, arrivals):
        """Find the units of a synapse's variables: from what an event adds to them, and from their equations."""
        if not self.declared.dimensions:
            return
        derivatives, algebraic = lang.parse_equations(equations, f"{self.label}.equations", self.declared.tables)
        unknown = {*self.declared.variables}
        for name in unknown:
            self.units.pop(name, None)
        sources = [(n, tree, units.ONE) for n, tree in arrivals]
        sources += [(n, tree, units.unit("ms", self.label)) for n, tree in derivatives.items()]
        sources += [(n, tree, units.ONE) for n, tree in algebraic.items()]
        for _ in range(len(sources)):
            for name, tree, factor in sources:
                if name in unknown or name in algebraic:
                    found = self.check(tree, f"{self.label}.equations", None, "")
                    if found is not None:
                        self.units[name] = found * factor
                        unknown.discard(name)

    def _put_in(self, tree, field, algebraic):
        """Return the tree with its algebraic lines put in; none of them may hold the current."""
        label = f"{self.label}.{field}"
        while lang.names_in(tree) & algebraic.keys():
            tree = lang.expanded(tree, algebraic, label)
        if "I" in lang.names_in(tree):
            raise EquationError(label, "the current I is known in the equations only, not here", ast.unparse(tree))
        return tree

    def _refuse_noise(self, tree, label):
        noises = {n for n in lang.names_in(tree) if NOISE.fullmatch(n)} - self.known
        if noises:
            message = f"the noise {min(noises)} may stand in a line 'dx/dt = ...' only"
            raise EquationError(label, message, lang.line_of(tree).text)


def _gain(name, tree, label, variables, reader):
    """Return the factor of w in ``name = name + factor*w``, and the Dimension of what is added.

    Events are summed before they act, so no other form holds.
    """
    reader.check_tree(tree, label, {"w", "v", name})
    own = algebra.linear_in(tree, name)
    weight = own and algebra.is_one(own[0]) and algebra.linear_in(own[1], "w")
    varying = {*variables, name, "v", *reader.declared.now}
    if not weight or not algebra.is_zero(weight[1]) or lang.names_in(weight[0]) & varying:
        message = f"must be '{name} = {name} + w' or with a constant factor of w{FIXED}"
        raise EquationError(label, message, f"{name} = {ast.unparse(tree)}")
    if name in variables:
        return weight[0], reader.check(tree, label, reader.units.get(name), repr(name))
    # the target's variable is of the unit of what is added, until it is known whose it is: see `jumps`
    return weight[0], reader.check(ast.BinOp(weight[0], ast.Mult(), ast.Name("w")), label, None, "")
