"""Quotients that are 0/0 for one value of a variable, as ``x/(exp(x) - 1)`` is for x = 0, get the value they approach."""

from __future__ import annotations

import ast
from collections.abc import Collection

import numpy as np

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import LOOKUP, RANDOM, Tree, function_name


def fill_zeros(tree: Tree, fixed: Collection[str]) -> Tree:
    """Return a tree in which ``c*x/(exp(x) - 1)`` is ``c/exprel(x)``; names that are `fixed` do not vary."""

    def fill(part):
        part = lang.rebuild(part, fill)
        found = _ratio(part, fixed) if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div) else None
        return part if found is None else algebra.over(found[0], ast.Call(ast.Name("exprel"), [found[1]], []))

    if not lang.calls_in(tree) & {"exp", "expm1"}:
        return tree
    filled = fill(tree)
    filled.line = lang.line_of(tree)
    return filled


def _ratio(quotient, fixed):
    """Return (c, x) if a quotient is ``c*x/(exp(x) - 1)`` with an x that varies, None for any other."""
    sign, x = _exponent(quotient.right)
    if x is None or lang.calls_in(quotient) & {*RANDOM, LOOKUP}:
        return None
    for name in sorted((lang.names_in(quotient.left) & lang.names_in(x)) - {*fixed}):
        above, below = algebra.linear_in(quotient.left, name), algebra.linear_in(x, name)
        if above and below and _vanish_together(quotient.left, x, name):
            ratio = algebra.over(above[0], below[0])
            return ratio if sign > 0 else algebra.negative(ratio), x
    return None


def _exponent(tree):
    """Return (1, x) of ``exp(x) - 1`` and ``expm1(x)``, (-1, x) of ``1 - exp(x)``; (0, None) of any other tree."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        sign, x = _exponent(tree.operand)
        return -sign, x
    if isinstance(tree, ast.Call) and function_name(tree) == "expm1":
        return 1, tree.args[0]
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Sub):
        for sign, call, constant in ((1, tree.left, tree.right), (-1, tree.right, tree.left)):
            is_exp = isinstance(call, ast.Call) and function_name(call) == "exp"
            if is_exp and isinstance(constant, ast.Constant) and constant.value == 1:
                return sign, call.args[0]
    return 0, None


def _vanish_together(a, b, name):
    """Return whether the ratio of two trees stays the same while a variable that is in both of them changes."""
    values = {other: 0.37 + 0.61 * k for k, other in enumerate(sorted(lang.names_in(a) | lang.names_in(b)))}
    with np.errstate(all="ignore"):
        points = [values | {name: x} for x in (0.217, 1.93, 5.81)]
        ratios = [lang.evaluate(a, point) / lang.evaluate(b, point) for point in points]
    return bool(np.isfinite(ratios).all() and ratios[0] != 0.0 and np.allclose(ratios, ratios[0], rtol=1e-9, atol=0.0))
