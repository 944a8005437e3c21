"""Texts of inputs: one expression of the time, of the cells' parameters and of their index, ``"20 + 15*sin(2*pi*t/125)"``.

It is parsed and checked like an equation. A number in it may stand for a quantity of any unit, since ``20`` in a rate means
20 Hz: units are compared where names meet, so ``"v_th"`` is not a rate, and ``sin(t)`` is rejected.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Mapping

from brainsim.core.checks import nearest
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, EquationError, Tree, function_name
from brainsim.equations.expressions.units import Checker, Dimension, unit

WORDS = {"t": "ms", "dt": "ms", "pi": "1", "i": None}  # names that every text may use, and their units, None for any


@functools.lru_cache(maxsize=1024)
def parse_signal(text: str, label: str) -> Tree:
    """Return the checked tree of an expression; names are checked later, by `check_signal`: they depend on the cells."""
    tree = lang.parse_expression(text, label)
    lang.check_kind(tree, label)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and function_name(node) in RANDOM:
            message = f"{function_name(node)}() is not allowed in an input; noise currents are bs.NoiseInput(...)"
            raise EquationError(label, message, *lang.line_of(tree).place(node))
    return tree


def changes(text: str, label: str) -> bool:
    """Return whether the value of an expression depends on the time."""
    return "t" in lang.names_in(parse_signal(text, label))


def check_signal(
    text: str, label: str, expected: str, parameters: Mapping[str, str | None], variables: Mapping[str, str | None]
) -> None:
    """Raise EquationError unless an expression is made of known names and has the unit `expected`.

    `parameters` (name -> unit) are what the text may use; `variables` are those of the cells, which it may not.
    """
    tree = parse_signal(text, label)
    known = {**WORDS, **parameters}
    for name in sorted(lang.names_in(tree) - known.keys()):
        hint = nearest(name, known)
        if name in variables:
            hint = "; it is a variable of the cells: an input depends on the time t and on parameters only"
        message = f"unknown name {name!r}{hint}"
        if "available" in hint:
            message += "; i is the index of a cell, and x, y, z is where it is"
        raise EquationError(label, message, *lang.place_of(tree, name))
    units = {name: unit(text_of_unit, label) for name, text_of_unit in known.items() if text_of_unit is not None}
    dimension, wanted = Loose(units, label).of(tree), unit(expected, label)
    if dimension is not None and any(dimension.powers) and not dimension.fits(wanted):
        message = f"must be in {expected or 'plain numbers'}, but this is {dimension.phrase}"
        for name, of_name in (("t", "ms"), ("x", "um")):
            if dimension == unit(of_name, label):
                message += f"; a number may have any unit: 1*{name} means 1 {expected or 'more'} per {of_name}"
        raise EquationError(label, message, *lang.line_of(tree).place(tree))


class Loose(Checker):
    """Finds the dimensions of expressions in which a number may stand for a quantity of any unit."""

    def of(self, tree: Tree, line: lang.Line | None = None) -> Dimension | None:
        """Return the Dimension of a tree, or None if it fits all."""
        return None if isinstance(tree, ast.Constant) else super().of(tree, line)
