"""Dimensions: whether the two sides of an equation have the same unit.

Units are ms, mV, pA, pF, nS, Hz, um, mM, uM and 1, and products of their powers: ``1/ms``, ``nS/mV``, ``mV**2``,
``mV/sqrt(ms)``. They are consistent (pA = nS*mV = pF*mV/ms), so no conversion factors are needed, with two exceptions:
Hz counts per second, so ``0.001*rate`` is per ms, and 1 mM is 1000 uM. A factor of 0.001 or 1000 in a formula can therefore
turn Hz into 1/ms, or uM into mM; if it is missing, this is reported like a wrong unit.

``weight`` is the unit of the weights of a projection, whatever it is: rules of plasticity are written for any synapse. The
arithmetic is that of `core.units`.

Numbers in a formula have the dimension 1, and 0 fits every dimension.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from brainsim.core.checks import nearest
from brainsim.core.units import (
    BASES,
    ONE,
    PREFIX,
    SYMBOLS,
    UNITS,
    WEIGHT,
    Dimension,
    exponent_of,
    known_unit,
    parse_unit,
    ratio,
)
from brainsim.equations.expressions.grammar import FUNCTIONS, LOOKUP, NOW, EquationError, Tree, function_name, shown
from brainsim.equations.expressions.language import Line, line_of

OHM = ("Ohm", "ohm", "\N{OHM SIGN}", "\N{GREEK CAPITAL LETTER OMEGA}")  # resistances are in mV/pA, which is 1 GOhm
# units as Brian2 spells them
SPELLED = {"volt": "V", "second": "s", "amp": "A", "ampere": "A", "siemens": "S", "farad": "F", "hertz": "Hz"}
SPELLED |= {"meter": "m", "metre": "m"}
PREFIXES = PREFIX | {"c": 1e-2, "M": 1e6, "G": 1e9}
PER_SECOND = "Hz counts per second and times are in ms: write 0.001*rate for a rate in 1/ms"
MOLAR = "1 mM is 1000 uM: write 0.001*x for what is in uM, or use one unit"
SAME = {"min", "max", "clip"}  # their arguments have the same unit
ARGUMENT = "__of"  # ends the name of the unit of what a Curve is called with
PURE = {*FUNCTIONS} - SAME - {"sqrt", "abs", "sign", "where"}  # their arguments are numbers


def unit(text: str, label: str) -> Dimension:
    """Return the Dimension of a unit such as ``"nS/mV"``; raise ValueError if it is not a unit."""
    if not isinstance(text, str):
        raise ValueError(f"{label}: the unit must be a string such as 'mV' (got {text!r})")
    if not text:
        return ONE

    def one(tree, name):
        if name not in UNITS:
            raise ValueError(f"{label}: unknown unit {text!r}{_unit_hint(tree, name, text)}")
        return known_unit(name)

    return parse_unit(text, one)


def _unit_hint(tree, name, text):
    """Return what to write instead of a unit outside `UNITS`."""
    if whole := next((word for word in SPELLED if (name or "").endswith(word)), None):
        name = name.removesuffix(whole) + SPELLED[whole]
        if name in UNITS:
            return f"; write {name!r}"
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.BitXor):
        return "; a power is written '**'"
    for known in UNITS:
        base = next((symbol for symbol in SYMBOLS if known.endswith(symbol)), None)
        for symbol in (base,) if base else OHM:
            prefix = name.removesuffix(symbol) if name and name.endswith(symbol) else None
            if prefix in PREFIXES:
                size, target = (PREFIXES[known.removesuffix(base)], known) if base else (1e9, "mV/pA")
                return f"; 1 {name} is {PREFIXES[prefix] / size:g} {target}: write the numbers in {target}"
    names = [n for n in UNITS if n not in ("1", WEIGHT)]
    hint = nearest(name or text, names)
    if "did you mean" in hint:
        return hint
    return f"; units are {', '.join(names)}, products such as 'nS/mV', and '' for plain numbers"


class Checker:
    """Finds the dimensions of expressions; `units` leads from a name to its Dimension, None if it is not known."""

    def __init__(self, units: Mapping[str, Dimension | None], label: str):
        self.units, self.label = units, label

    def check(self, tree: Tree, expected: Dimension | None, subject: str) -> Dimension | None:
        """Return the dimension of `tree`, or raise EquationError if it is not the `expected` one of the `subject`."""
        dimension = self.of(tree)
        if dimension is not None and expected is not None and not dimension.fits(expected):
            message = f"{subject} is {expected.phrase}, but this is {dimension.phrase}"
            if dimension.powers == expected.powers:
                message = f"{subject} and this differ by a factor of 1000; {_thousand(dimension)}"
            raise EquationError(self.label, message, *line_of(tree).place(tree))
        return dimension

    def of(self, tree: Tree, line: Line | None = None) -> Dimension | None:
        """Return the Dimension of a tree, or None if it fits all: 0, and trees with names of unknown units."""
        line = line or line_of(tree)

        def of(node):
            return self.of(node, line)

        if isinstance(tree, ast.Constant):
            return _of_number(tree.value)
        if isinstance(tree, ast.Name):
            return self.units.get(tree.id)
        if isinstance(tree, ast.UnaryOp):
            return of(tree.operand)
        if isinstance(tree, ast.BoolOp):
            for part in tree.values:
                of(part)
            return ONE
        if isinstance(tree, ast.Compare):
            self._same([tree.left, tree.comparators[0]], line, "compared")
            return ONE
        if isinstance(tree, ast.IfExp):
            of(tree.test)
            return self._same([tree.body, tree.orelse], line, "chosen between")
        if isinstance(tree, ast.Call):
            return self._of_call(tree, line)
        if isinstance(tree.op, ast.Add | ast.Sub):
            return self._same([tree.left, tree.right], line, "added" if isinstance(tree.op, ast.Add) else "subtracted")
        left, right = of(tree.left), of(tree.right)
        if isinstance(tree.op, ast.Pow):
            return self._of_power(tree, left, right, line)
        if left is None or right is None:
            return None
        return left * (right if isinstance(tree.op, ast.Mult) else right**-1)

    def _of_power(self, tree, left, right, line):
        self._pure(tree.right, right, "an exponent", line)
        if left is None or left.fits(ONE):
            return left
        exponent = exponent_of(tree.right)
        if exponent is None:
            message = f"{shown(tree.left)} is {left.phrase}; its exponent must be a number"
            raise EquationError(self.label, message, *line.place(tree.right))
        return left**exponent

    def _of_call(self, tree, line):
        name, arguments = function_name(tree), tree.args
        if name == LOOKUP:
            return self._of_lookup(*arguments, line)
        if name == "where":
            self.of(arguments[0], line)
            return self._same(arguments[1:], line, "chosen between")
        if name in SAME:
            return self._same(arguments, line, "compared")
        dimensions = [self.of(a, line) for a in arguments]
        if name in PURE:
            for argument, dimension in zip(arguments, dimensions, strict=True):
                self._pure(argument, dimension, f"the argument of {name}", line)
        if name == "sqrt":
            return dimensions[0] and dimensions[0] ** ratio(1, 2)
        return dimensions[0] if name == "abs" else ONE

    def _of_lookup(self, curve, argument, line):
        dimension, of = self.of(argument, line), self.units.get(curve.id + ARGUMENT)
        if dimension is not None and of is not None and not dimension.fits(of):
            message = f"{curve.id} is a Curve of what is {of.phrase}, but {shown(argument)} is {dimension.phrase}"
            raise EquationError(self.label, message + _hint(argument), *line.place(argument))
        return self.units.get(curve.id)

    def _same(self, nodes, line, verb):
        """Return the common dimension of all nodes, or raise EquationError."""
        common = None
        for node in nodes:
            dimension = self.of(node, line)
            if common is None:
                common, first = dimension, node
            elif dimension is not None and not dimension.fits(common):
                message = f"{shown(first)} is {common.phrase}, but {shown(node)} is {dimension.phrase}"
                message += f"; only quantities in the same unit can be {verb}{_hint(first, node)}"
                if dimension.powers == common.powers:
                    message = f"{shown(first)} and {shown(node)} differ by a factor of 1000; {_thousand(dimension)}"
                raise EquationError(self.label, message, *line.place(node))
        return common

    def _pure(self, node, dimension, subject, line):
        if dimension is not None and not dimension.fits(ONE):
            message = f"{subject} must be a plain number, but {shown(node)} is {dimension.phrase}"
            if dimension.powers == ONE.powers:
                message = f"{shown(node)} is too large by a factor of 1000; {_thousand(dimension)}"
            raise EquationError(self.label, message, *line.place(node))


def _of_number(value):
    if value == 0:
        return None
    thousands = {0.001: {0, 1}, 1000: {0, -1}}.get(value, {0})
    return Dimension(ONE.powers, frozenset(thousands))


def _thousand(dimension):
    """Return what to do about two quantities of a dimension that differ by a factor of 1000."""
    return MOLAR if dimension.powers[BASES.index("mol")] else PER_SECOND


def _hint(*nodes):
    """Return what to do about a bare number."""
    bare = any(not any(isinstance(part, ast.Name) for part in ast.walk(node)) for node in nodes)
    return ": give the number a name and a unit by bs.parameter(...), or write dimensions = False" if bare else ""


def of_units(units: Mapping[str, str], label: str) -> dict[str, Dimension]:
    """Return a dict name -> Dimension from a dict name -> text of the unit; `label` is the class."""
    return {name: unit(text, f"{label}.{name}") for name, text in units.items()}


def now_units(units: Mapping[str, Dimension], tables: Iterable[str]) -> dict[str, Dimension]:
    """Return the units of the values of TimedArrays, by the names that stand for ``name(t)``."""
    return {name + NOW: units[name] for name in tables}
