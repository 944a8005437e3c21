"""The adjoint of a system that is smooth between spikes, derived from its equations: `adjoint_of`.

Between events the derivative of a loss with respect to the state, w, runs backwards by ``-dw/dt = J^T w`` with the
Jacobian J of the equations. A spike is where ``g(x) = 0``, the threshold minus its bound; a small change dx moves it by
``-grad(g) dx/(grad(g) f)``, and the state after it by ``R dx``, with the Jacobian R of the reset. These are all that the
exact gradient of spike times needs (Wunderlich & Pehle 2021, doi:10.1038/s41598-021-91786-z), and all are trees here.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, EquationError, Tree
from brainsim.equations.statements import formula
from brainsim.equations.system import System

GAP = "cannot be differentiated: the threshold must be"
LIMITS = {"min": "min", "max": "max", "lesser": "min", "greater": "max"}  # the last two are the names in kernels


@dataclass(frozen=True)
class Adjoint:
    """What the adjoint of a system needs, as trees in its variables and parameters; derivatives that are zero are left out.

    - `flow`: variable -> its time derivative f
    - `jacobian`: (variable, other) -> derivative of f of the variable with respect to the other
    - `gap`: the distance g to the threshold, 0 at a spike, None if cells do not fire; `gap_by`: variable -> its derivative
    - `slope`: time derivative of the gap along the flow, > 0 at a spike
    - `reset`: variable -> its value after a spike, in the state before it; variables that stay are left out
    - `reset_by`: (variable, other) -> derivative of `reset`
    """

    variables: tuple[str, ...]
    flow: dict[str, Tree]
    jacobian: dict[tuple[str, str], Tree]
    gap: Tree | None
    gap_by: dict[str, Tree]
    slope: Tree | None
    reset: dict[str, Tree]
    reset_by: dict[tuple[str, str], Tree]


def adjoint_of(system: System, label: str) -> Adjoint:
    """Derive the adjoint of a system, or raise EquationError with `label` that names what has none.

    Noise, random numbers, events besides the spike, and functions with kinks or jumps have no adjoint, except for ``min``
    and ``max``, which have a derivative on either side; nor do equations and thresholds with t, whose derivative in time is
    not known.
    """
    _refuse(system, label)
    variables = system.variables
    flow = {n: system.full(system.derivatives[n], label) for n in variables}
    jacobian = _by_all(flow, variables, label)
    gap = None if system.threshold is None else system.gap(label, GAP)
    gap_by = {} if gap is None else {n: d for n in variables if not algebra.is_zero(d := derivative(gap, n, label))}
    slope = None
    if gap is not None:
        slope = algebra.ZERO
        for name, tree in gap_by.items():
            slope = algebra.plus(slope, algebra.times(tree, flow[name]))
        if algebra.is_zero(slope):
            raise EquationError(
                label, "cannot be differentiated: the threshold does not depend on a variable that changes in time"
            )
    reset: dict[str, Tree] = {}
    for name, tree in system.reset:
        reset[name] = lang.substitute(system.full(tree, label), reset)
    return Adjoint(variables, flow, jacobian, gap, gap_by, slope, reset, _by_all(reset, variables, label))


def derivative(tree: Tree, name: str, label: str, rules: Mapping[str, str] | None = None) -> Tree:
    """Return the derivative of a tree with respect to a name, or raise EquationError if it has kinks or jumps.

    A choice has a derivative if its condition does not depend on the name. `rules` leads from a function of one argument to
    its derivative, as `SMOOTH` does, which they are by default.

    Examples
    --------
    >>> ast.unparse(derivative(ast.parse("a*v**2 + exp(-v/b)", mode="eval").body, "v", "cell"))
    'a * (2.0 * v) + exp(-v / b) * (-1.0 / b)'
    """
    rules = SMOOTH if rules is None else rules
    if name not in lang.names_in(tree):
        return algebra.ZERO
    if isinstance(tree, ast.Name):
        return algebra.ONE
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
        inner = derivative(tree.operand, name, label, rules)
        return algebra.negative(inner) if isinstance(tree.op, ast.USub) else inner
    if isinstance(tree, ast.BinOp):
        return _of_operation(tree, name, label, rules)
    if isinstance(tree, ast.Call):
        called = lang.function_name(tree)
        if called in rules and len(tree.args) == 1:
            slope = formula(rules[called], call=tree, x=tree.args[0])
            return algebra.times(slope, derivative(tree.args[0], name, label, rules))
        if called == "where" and name not in lang.names_in(tree.args[0]):
            return _choice(tree.args[0], *(derivative(part, name, label, rules) for part in tree.args[1:]))
        if called in LIMITS:  # such as that of the exponential beyond a spike: smooth on both sides of it
            first, second = (derivative(part, name, label, rules) for part in tree.args)
            sign = ast.LtE() if LIMITS[called] == "min" else ast.GtE()
            test = ast.Compare(tree.args[0], [sign], [tree.args[1]])
            return _choice(test, first, second)
        if called != "where":
            raise EquationError(label, f"cannot be differentiated: {called}() has no derivative here", ast.unparse(tree))
    if isinstance(tree, ast.IfExp) and name not in lang.names_in(tree.test):
        return _choice(tree.test, *(derivative(part, name, label, rules) for part in (tree.body, tree.orelse)))
    raise EquationError(label, f"cannot be differentiated: a condition on {name!r} is not smooth", ast.unparse(tree))


def _choice(test, first, second):
    if algebra.is_zero(first) and algebra.is_zero(second):
        return algebra.ZERO
    return formula("where(test, first, second)", test=test, first=first, second=second)


def _of_operation(tree, name, label, rules):
    a, b = tree.left, tree.right
    by_a, by_b = derivative(a, name, label, rules), derivative(b, name, label, rules)
    if isinstance(tree.op, ast.Add):
        return algebra.plus(by_a, by_b)
    if isinstance(tree.op, ast.Sub):
        return algebra.plus(by_a, algebra.negative(by_b))
    if isinstance(tree.op, ast.Mult):
        return algebra.plus(algebra.times(by_a, b), algebra.times(a, by_b))
    if isinstance(tree.op, ast.Div):
        second = algebra.over(algebra.times(a, by_b), formula("b*b", b=b))
        return algebra.plus(algebra.over(by_a, b), algebra.negative(second))
    if isinstance(tree.op, ast.Pow):
        return _of_power(tree, by_a, by_b)
    raise EquationError(label, "cannot be differentiated: this operation is not smooth", ast.unparse(tree))


def _of_power(tree, by_a, by_b):
    a, b = tree.left, tree.right
    if isinstance(b, ast.Constant):
        rest = a if b.value == 2 else formula("a**n", a=a, n=ast.Constant(float(b.value) - 1.0))
        return algebra.times(algebra.times(ast.Constant(float(b.value)), rest), by_a)
    first = algebra.times(algebra.times(b, formula("a**(b - 1.0)", a=a, b=b)), by_a)
    return algebra.plus(first, algebra.times(formula("call*log(x)", call=tree, x=a), by_b))


# function of x -> its derivative, in which `call` is its value
SMOOTH = {
    "exp": "call",
    "expm1": "exp(x)",
    "log": "1.0/x",
    "log1p": "1.0/(1.0 + x)",
    "sqrt": "0.5/call",
    "sin": "cos(x)",
    "cos": "-sin(x)",
    "log10": "0.4342944819032518/x",
    "sinh": "cosh(x)",
    "cosh": "sinh(x)",
    "tan": "1.0 + call*call",
    "arcsin": "1.0/sqrt(1.0 - x*x)",
    "arccos": "-1.0/sqrt(1.0 - x*x)",
    "arctan": "1.0/(1.0 + x*x)",
    "tanh": "1.0 - call*call",
    "sigmoid": "call*(1.0 - call)",
}


def _by_all(trees, variables, label):
    found = {(name, other): derivative(tree, other, label) for name, tree in trees.items() for other in variables}
    return {key: tree for key, tree in found.items() if not algebra.is_zero(tree)}


def _refuse(system, label):
    """Raise EquationError if something in the system cannot be differentiated."""
    trees = [*system.derivatives.values(), *system.algebraic.values(), *(tree for _, tree in system.reset)]
    trees += [system.threshold] if system.threshold is not None else []
    if system.noise:
        raise EquationError(label, f"cannot be differentiated: there is noise in d{next(iter(system.noise))}/dt")
    for tree in trees:
        if lang.calls_in(tree) & RANDOM:
            raise EquationError(label, "cannot be differentiated: there are random numbers", ast.unparse(tree))
        if "t" in lang.names_in(tree):
            raise EquationError(label, "cannot be differentiated: the equations depend on t", ast.unparse(tree))
    if system.events or system.each_step:
        raise EquationError(label, "cannot be differentiated: there are events besides the spike, or each_step")
    if system.refractory is not None and not system.fixed_time and system.frozen:
        raise EquationError(
            label, "cannot be differentiated: the refractory time changes in time", ast.unparse(system.refractory)
        )
