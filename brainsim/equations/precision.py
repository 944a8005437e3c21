"""Kernels in single precision: the same statements on float32.

In the text of a kernel every number and every call that would give a float64 is turned into a float32, so the loop over a
block works on vectors of twice as many cells: 0.33 ns per cell and step for LIF with exponential currents, instead of 0.65.

The exact step ``P*x + rest`` becomes ``x + ((P - 1)*x + rest)``, with P - 1 rounded from its value in double precision:
the time constant is in the difference between P and 1, and rounding a P close to 1 loses most digits of that.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.core.checks import warn_user
from brainsim.equations.steps.exact import LESS_ONE

if TYPE_CHECKING:
    from brainsim.equations.codegen import Kernel

WIDE = {"uniform", "gaussian"}  # functions that always return float64
# conversions and calls within which numbers are left unchanged
WHOLE = {"int32", "int64", "uint64", "_multiply", "_multiplyeach"}
MIN_RATIO = 0.999e-4  # of dt to a time constant, below which the spacing of float32 shows; a tenth for decays to 0
DIAGONAL = re.compile(r"_[ph]__(.+)__\1")  # the factor by which a variable multiplies itself in the exact step


def in_single(kernel: Kernel) -> Kernel:
    """Return a Kernel (see `codegen`) whose state, constants and arithmetic are float32."""
    tree = ast.parse(kernel.text)
    lines, loops = kernel.text.splitlines(keepends=True), ("block", "part_of_block")
    for block in [part for part in tree.body[::-1] if isinstance(part, ast.FunctionDef) and part.name in loops]:
        narrowed = ast.unparse(ast.fix_missing_locations(_Narrow().visit(block)))
        lines[block.decorator_list[0].lineno - 1 : block.end_lineno] = [narrowed + "\n\n"]
    scalars, arrays = (tuple(_less_one(name) for name in names) for names in (kernel.scalars, kernel.arrays))
    return replace(kernel, text="".join(lines), scalars=scalars, arrays=arrays)


def warn_where_coarse(variables: Iterable[tuple[str, str, Mapping[str, Any]]]) -> None:
    """Warn if a variable changes so little in a step that float32 rounds much of the change away.

    The change in a step is correct to 7 digits, but the sum is rounded to the next float32. So a variable can stall short
    of its limit by half the spacing of float32 there, times tau/dt.

    Parameters
    ----------
    variables : iterable of (str, str, dict)
        The user's name of a variable, its name in the equations, and the constants of its kernel. Only variables that are
        solved exactly are checked.
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


def _less_one(name):
    return name + LESS_ONE if DIAGONAL.fullmatch(name) else name


def _increment(total):
    """Return the tree of ``P*x + rest`` as ``x + ((P - 1)*x + rest)``, and any other tree unchanged."""
    for term in ast.walk(total):
        if isinstance(term, ast.BinOp) and isinstance(term.left, ast.Name) and DIAGONAL.fullmatch(term.left.id):
            return ast.BinOp(term.right, ast.Add(), total)
    return total


class _Narrow(ast.NodeTransformer):
    """Wraps everything that is float64, or would turn a float32 into a float64, in ``np.float32``."""

    def visit_Constant(self, node):
        return _float32(node) if type(node.value) in (int, float) else node

    def visit_Name(self, node):
        node.id = _less_one(node.id)
        return _float32(node) if node.id == "pi" else node

    def visit_arg(self, node):
        """The loop gets the number minus 1 instead of the number."""
        node.arg = _less_one(node.arg)
        return node

    def visit_Subscript(self, node):
        """Injected currents are stored as float64; indices stay whole numbers."""
        current = isinstance(node.value, ast.Name) and node.value.id == "_I_ext_"
        return _float32(node) if current else node

    def visit_Compare(self, node):
        """Refractory steps are whole numbers."""
        whole = isinstance(node.left, ast.Name) and node.left.id == "_refractory"
        return node if whole else self.generic_visit(node)

    def visit_For(self, node):
        """Only the body works on cells."""
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_Call(self, node):
        """A conversion to a whole number is left unchanged, including its argument."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        if name in WHOLE:
            return node
        if name in WIDE:
            return _float32(node)
        arguments = [_increment(argument) for argument in node.args] if name == "flushed" else node.args
        node.args = [self.visit(argument) for argument in arguments]
        return node


def _float32(node):
    return ast.Call(ast.Attribute(ast.Name("np", ast.Load()), "float32", ast.Load()), [node], [])
