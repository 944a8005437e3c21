"""Mistakes in classes whose texts can be parsed: what is missing, what has no effect, what is not a number."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.core.checks import nearest, warn_user
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, EquationError, Tree, function_name, shown

if TYPE_CHECKING:
    from brainsim.equations.parsed import Declared


def check_left_sides(label: str, equations: str, declared: Declared) -> None:
    """Raise EquationError if the left side of a differential equation is not a variable."""
    for name, tree in lang.parse_equations(equations, f"{label}.equations", declared.tables)[0].items():
        if name in declared.parameters:
            message = "has an equation, so it is not a parameter; declare it with bs.initial(...)"
            raise EquationError(f"{label}.{name}", message)
        if name not in declared.variables:
            near = nearest(name, declared.variables)
            near = near if "did you mean" in near else ""
            hint = f'{name}: float = bs.initial(0.0, "mV", "what it is")'
            message = f"has an equation but no initial value{near or f'; write in the class: {hint}'}"
            raise EquationError(f"{label}.{name}", message, lang.line_of(tree).text, 0)


def check_frozen(label: str, frozen: Any, arrivals: Any, declared: Declared) -> None:
    """Raise TypeError or ValueError unless `frozen` is a tuple of variables, or None, and `arrivals` one of two words."""
    if arrivals not in ("discarded", "kept"):
        raise ValueError(f"{label}.arrivals: must be 'discarded' or 'kept' (got {arrivals!r})")
    if frozen is not None and not isinstance(frozen, tuple | list):
        raise TypeError(f"{label}.frozen: must be a tuple of variables, such as ('v',) (got {frozen!r})")
    for name in frozen or ():
        if name not in declared.variables:
            raise ValueError(f"{label}.frozen: {name!r} is not a variable{nearest(name, declared.variables)}")


def reject_without_spikes(
    label: str, fields: Mapping[str, Any], *, threshold: str | None, refractory: str | None, frozen: Collection[str] = ()
) -> None:
    """Raise EquationError if a class without a threshold or a refractory time has fields that act only at or after spikes.

    `fields` are those of ``reset refractory t_ref frozen arrivals interpolate`` in the body of the class itself. Inherited
    fields are not a mistake: ``threshold = ""`` switches them off.
    """
    for field, value in fields.items():
        if not threshold:
            remove = "leave it out" if field == "t_ref" else f"leave out {field} = {value!r}"
            message = f"has no effect without a threshold; write threshold = 'v >= v_th' in the class, or {remove}"
            raise EquationError(f"{label}.{field}", message)
        if field in ("frozen", "arrivals") and not refractory:
            hint = f"write refractory = 't_ref', or leave out {field} = {value!r}"
            raise EquationError(f"{label}.{field}", f"has no effect without a refractory time; {hint}")
        if field == "arrivals" and not frozen:
            message = f"has no effect if no variable is frozen; write frozen = ('v',), or leave out arrivals = {value!r}"
            raise EquationError(f"{label}.arrivals", message)


def warn_of_removable_zeros(tree: Tree, fixed: Collection[str], label: str) -> None:
    """Warn if a quotient is 0/0 for one value of a variable that is not `fixed`, as ``x/(exp(x) - 1)`` is for x = 0."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
            continue
        exponent = _exponent(node.right)
        if exponent is not None and _vanish_together(node.left, exponent, fixed):
            hint = "write x/(exp(x) - 1) as 1/exprel(x)"
            warn_user(f"{label}: {shown(node)} is 0/0, which is not a number, if {shown(exponent)} is 0; {hint}")


def _exponent(tree):
    """Return x of ``exp(x) - 1``, ``1 - exp(x)`` or ``expm1(x)``; None for any other tree."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return _exponent(tree.operand)
    if isinstance(tree, ast.Call) and function_name(tree) == "expm1":
        return tree.args[0]
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Sub):
        for call, constant in ((tree.left, tree.right), (tree.right, tree.left)):
            is_exp = isinstance(call, ast.Call) and function_name(call) == "exp"
            if is_exp and isinstance(constant, ast.Constant) and constant.value == 1:
                return call.args[0]
    return None


def _vanish_together(a, b, fixed):
    """Return whether the ratio of two trees stays the same while a variable that is in both of them changes."""
    names = lang.names_in(a) | lang.names_in(b)
    if (lang.calls_in(a) | lang.calls_in(b)) & RANDOM:
        return False
    for name in (lang.names_in(a) & lang.names_in(b)) - set(fixed):
        values = {other: 0.37 + 0.61 * k for k, other in enumerate(sorted(names))}
        with np.errstate(all="ignore"):
            points = [values | {name: x} for x in (0.217, 1.93, 5.81)]
            ratios = [lang.evaluate(a, point) / lang.evaluate(b, point) for point in points]
        if np.isfinite(ratios).all() and ratios[0] != 0.0 and np.allclose(ratios, ratios[0], rtol=1e-9, atol=0.0):
            return True
    return False
