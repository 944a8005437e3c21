"""Mistakes of classes whose texts can be read: what is missing, what has no effect, what is no number."""

import ast

import numpy as np

from brainsim.core.checks import nearest, warn_user
from brainsim.equations import language as lang
from brainsim.equations.grammar import EquationError, shown


def check_left_sides(label, equations, declared):
    """Raise EquationError where an equation is of no variable."""
    for name, tree in lang.parse_equations(equations, f"{label}.equations", declared.tables)[0].items():
        if name in declared.parameters:
            raise EquationError(f"{label}.{name}", "has an equation, so it is no parameter; declare it by bs.initial(...)")
        if name not in declared.variables:
            near = nearest(name, declared.variables)
            near = near if "did you mean" in near else ""
            hint = f'{name}: float = bs.initial(0.0, "mV", "what it is")'
            message = f"has an equation but no initial value{near or f'; write in the class: {hint}'}"
            raise EquationError(f"{label}.{name}", message, lang.line_of(tree).text, 0)


def check_frozen(label, frozen, declared):
    """Raise TypeError or ValueError unless `frozen` is a tuple of variables, or None."""
    if frozen is not None and not isinstance(frozen, tuple | list):
        raise TypeError(f"{label}.frozen: must be a tuple of variables, such as ('v',) (got {frozen!r})")
    for name in frozen or ():
        if name not in declared.variables:
            raise ValueError(f"{label}.frozen: {name!r} is no variable{nearest(name, declared.variables)}")


def refuse_without_spikes(label, given, *, threshold, refractory):
    """Raise EquationError for what acts at or after a spike only, in a class without a threshold or a refractory time.

    Parameters
    ----------
    label : str
        The class.
    given : dict
        What is written in the body of the class itself, of ``reset refractory t_ref frozen interpolate``. What is inherited
        is no mistake: ``threshold = ""`` takes it away.
    threshold, refractory : str or None
        As the class has them.
    """
    for field, value in given.items():
        if not threshold:
            away = "leave it out" if field == "t_ref" else f"leave out {field} = {value!r}"
            message = f"has no effect without a threshold; write threshold = 'v >= v_th' in the class, or {away}"
            raise EquationError(f"{label}.{field}", message)
        if field == "frozen" and not refractory:
            message = f"has no effect without a refractory time; write refractory = 't_ref', or leave out frozen = {value!r}"
            raise EquationError(f"{label}.frozen", message)


def warn_of_removable_zeros(tree, fixed, label):
    """Warn where a quotient is 0/0 for one value of a variable, as ``x/(exp(x) - 1)`` is for x = 0.

    Parameters
    ----------
    tree : ast.expr
    fixed : collection of str
        Names that stand still: parameters and constants.
    label : str
    """
    for node in ast.walk(tree):
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)):
            continue
        exponent = _of_exponential_less_one(node.right)
        if exponent is not None and _vanish_together(node.left, exponent, fixed):
            hint = "write x/(exp(x) - 1) as 1/exprel(x)"
            warn_user(f"{label}: {shown(node)} is 0/0, which is no number, where {shown(exponent)} is 0; {hint}")


def _of_exponential_less_one(tree):
    """Return x of ``exp(x) - 1``, ``1 - exp(x)`` or ``expm1(x)``; None for all else."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return _of_exponential_less_one(tree.operand)
    if isinstance(tree, ast.Call) and tree.func.id == "expm1":
        return tree.args[0]
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Sub):
        for call, one in ((tree.left, tree.right), (tree.right, tree.left)):
            is_exp = isinstance(call, ast.Call) and call.func.id == "exp"
            if is_exp and isinstance(one, ast.Constant) and one.value == 1:
                return call.args[0]
    return None


def _vanish_together(a, b, fixed):
    """Return whether two trees stay in one proportion while a variable that is in both of them changes."""
    names = lang.names_in(a) | lang.names_in(b)
    if (lang.calls_in(a) | lang.calls_in(b)) & {"rand", "randn"}:
        return False
    for name in (lang.names_in(a) & lang.names_in(b)) - set(fixed):
        values = {other: 0.37 + 0.61 * k for k, other in enumerate(sorted(names))}
        with np.errstate(all="ignore"):
            tried = [values | {name: x} for x in (0.217, 1.93, 5.81)]
            found = [lang.evaluate(a, numbers) / lang.evaluate(b, numbers) for numbers in tried]
        if np.isfinite(found).all() and found[0] != 0.0 and np.allclose(found, found[0], rtol=1e-9, atol=0.0):
            return True
    return False
