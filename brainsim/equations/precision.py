"""Kernels in single precision: the same statements on float32.

Every number and every call that would give a float64 is turned into a float32, so the loop over a block works on vectors of
twice as many cells: 0.33 ns per cell and step for LIF with exponential currents, instead of 0.65.

The exact step ``P*x + rest`` becomes ``x + ((P - 1)*x + rest)``, with P - 1 rounded from its value in double precision:
the time constant is in the difference between P and 1, and rounding a P close to 1 loses most digits of that.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.core.checks import warn_user
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import function_name
from brainsim.equations.expressions.lower import WHOLE
from brainsim.equations.statements import Assign, Load, Statement, formula
from brainsim.equations.steps.exact import LESS_ONE

WIDE = {"uniform", "gaussian"}  # functions that always return float64
MIN_RATIO = 0.999e-4  # of dt to a time constant, below which the spacing of float32 shows; a tenth for decays to 0
DIAGONAL = re.compile(r"_[ph]__(.+)__\1")  # the factor by which a variable multiplies itself in the exact step


def less_one(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of constants, those of the factors from which 1 is subtracted with their suffix."""
    return tuple(name + LESS_ONE if DIAGONAL.fullmatch(name) else name for name in names)


def narrow(statements: Iterable[Statement]) -> list[Statement]:
    """Return statements whose arithmetic is float32; constants may have the names that `less_one` gave them."""
    return [_narrow_statement(statement) for statement in statements]


def _narrow_statement(statement):
    if isinstance(statement, Load):  # injected currents are stored as float64
        current = formula("float32(_I_ext_[_k])")
        return Assign(statement.name, current) if statement.array == "_I_ext_" else statement
    return replace(statement, value=_narrow_tree(statement.value))


def warn_where_coarse(variables: Iterable[tuple[str, str, Mapping[str, Any]]]) -> None:
    """Warn if a variable changes so little in a step that float32 rounds much of the change away.

    The change in a step is correct to 7 digits, but the sum is rounded to the next float32. So a variable can stall short of
    its limit by half the spacing of float32 there, times tau/dt. `variables` gives the user's name of each, its name in the
    equations, and the constants of its kernel; only those that are solved exactly are checked.
    """
    coarse = []
    for label, name, constants in variables:
        ratios = np.abs(np.atleast_1d(constants.get(f"_p__{name}__{name}{LESS_ONE}", 1.0)))
        limit = MIN_RATIO if np.any(constants.get(f"_p__{name}__", 0.0)) else 0.1 * MIN_RATIO
        ratios = ratios[(ratios > 0.0) & (ratios < limit)]
        coarse += [(float(ratios.min()), label)] if ratios.size else []
    if coarse:
        ratio, label = min(coarse)
        others, lost = f" and {len(coarse) - 1} more" if coarse[1:] else "", 100.0 * 2.0**-24 / ratio
        warn_user(
            f"{label}{others}: a time constant of {1.0 / ratio:,.3g} steps is too long for single precision, in which the "
            f"variable can stall up to {lost:.2g} % short of its limit; write precision='double' or use a larger dt"
        )


def _increment(total):
    """Return the tree of ``P*x + rest`` as ``x + ((P - 1)*x + rest)``, and any other tree unchanged."""
    for term in ast.walk(total):
        if isinstance(term, ast.BinOp) and isinstance(term.left, ast.Name) and DIAGONAL.fullmatch(term.left.id):
            return ast.BinOp(term.right, ast.Add(), total)
    return total


def _narrow_tree(tree):
    """Return a tree in which all that is float64, or would turn a float32 into a float64, is converted to float32."""
    if isinstance(tree, ast.Constant):
        return tree if isinstance(tree.value, bool) else _float32(tree)
    if isinstance(tree, ast.Name):
        return _float32(tree) if tree.id == "pi" else ast.Name(*less_one([tree.id]))
    if isinstance(tree, ast.Compare) and isinstance(tree.left, ast.Name) and tree.left.id == "_refractory":
        return tree  # refractory steps are whole numbers
    if isinstance(tree, ast.Call):
        name = function_name(tree)
        if name in WHOLE:  # with its argument
            return tree
        if name in WIDE:
            return _float32(tree)
        if name == "flushed":
            return ast.Call(tree.func, [_narrow_tree(_increment(argument)) for argument in tree.args], [])
    return lang.rebuild(tree, _narrow_tree)


def _float32(tree):
    return ast.Call(ast.Name("float32"), [tree], [])
