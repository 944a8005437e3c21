"""The adjoint of a step: lines ``name = expression`` of a kernel, differentiated one by one and in reverse order.

`adjoint_of` derives the adjoint of the equations, for time that is continuous. A step of a method is a map, and its own
adjoint, exact to rounding, follows from the lines of the kernel by the same derivatives. As dt becomes small, it becomes
the adjoint of the equations.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from brainsim.equations.adjoints.adjoint import SMOOTH, derivative
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError, Tree

D = "__d_"  # prefix of the adjoint of a name


def _call(name, *arguments):
    return ast.Call(ast.Name(name), list(arguments), [])


def _times(number, tree):
    return ast.BinOp(ast.Constant(number), ast.Mult(), tree)


# what `render` and `codegen` write, besides the functions of the language: function -> its derivative
RULES: dict[str, Callable[[Tree, Tree], Tree]] = SMOOTH | {
    "flushed": lambda call, x: algebra.ONE,
    "square": lambda call, x: _times(2.0, x),
    "cube": lambda call, x: _times(3.0, _call("square", x)),
    "fourth": lambda call, x: _times(4.0, _call("cube", x)),
    "relaxation": lambda call, x: _call("relaxation_slope", x),
}


def once(lines: Iterable[str], given: Collection[str]) -> tuple[list[str], dict[str, str]]:
    """Return lines in which no name is assigned twice, and what each name is called at the end.

    Parameters
    ----------
    lines : iterable of str
        Statements ``name = expression``.
    given : set of str
        Names that have a value before.

    Examples
    --------
    >>> once(["x = x + 1.0", "y = x", "x = 2.0*x"], {"x"})
    (['x__1 = x + 1.0', 'y = x__1', 'x__2 = 2.0 * x__1'], {'x': 'x__2', 'y': 'y'})
    """
    now: dict[str, str] = {name: name for name in given}
    count: dict[str, int] = dict.fromkeys(given, 0)
    out = []
    for line in lines:
        target, value = split(line)
        tree = lang.substitute(value, {name: ast.Name(new) for name, new in now.items()})
        count[target] = count.get(target, -1) + 1
        now[target] = f"{target}__{count[target]}" if count[target] else target
        out.append(f"{now[target]} = {ast.unparse(tree)}")
    return out, {name: new for name, new in now.items() if count[name] or name not in given}


def reversed_lines(
    lines: Sequence[str], by: Collection[str], label: str, by_hand: Mapping[str, Sequence[tuple[str, str]]] | None = None
) -> list[str]:
    """Return the lines that carry adjoints from the ends of some lines back to names before them.

    The adjoint of a name ``x`` is called ``__d_x``. Those of all names that depend on `by`, and of these, must have a value
    before: 0, or what comes from outside.

    Parameters
    ----------
    lines : sequence of str
        In which no name is assigned twice; see `once`.
    by : set of str
        The names to which adjoints are carried.
    label : str
        How messages begin.
    by_hand : dict, optional
        Target -> pairs (name, text of the derivative of the target by it), which are used as they are.

    Examples
    --------
    >>> reversed_lines(["a = x*k", "b = exp(a)"], {"x"}, "cell")
    ['__d_a = __d_a + __d_b * exp(a)', '__d_x = __d_x + __d_a * k']
    """
    active, out = active_names(lines, by), []
    for line in reversed(lines):
        target, tree = split(line)
        if target not in active:
            continue
        if by_hand and target in by_hand:
            out += [f"{D}{name} = {D}{name} + {D}{target} * ({text})" for name, text in by_hand[target]]
            continue
        for name in sorted(lang.names_in(tree) & active):
            part = derivative(tree, name, label, RULES)
            if not algebra.is_zero(part):
                out.append(ast.unparse(_accumulated(name, target, part)))
    return out


def active_names(lines: Iterable[str], by: Collection[str]) -> set[str]:
    """Return the names that depend on `by`, and these."""
    active = {*by}
    for line in lines:
        target, tree = split(line)
        if lang.names_in(tree) & active and not isinstance(tree, ast.Compare):
            active.add(target)
    return active


def split(line: str) -> tuple[str, Tree]:
    """Return the target and the expression of a line."""
    statement = ast.parse(line).body[0]
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        raise EquationError("adjoint", "a line is not an assignment", line)
    return statement.targets[0].id, statement.value


def _accumulated(name, target, part):
    """Return the statement that adds to the adjoint of a name."""
    added = algebra.times(ast.Name(D + target), chosen(part))
    return ast.parse(f"{D}{name} = {ast.unparse(ast.BinOp(ast.Name(D + name), ast.Add(), added))}").body[0]


def chosen(tree: Tree) -> Tree:
    """Return a tree with ``where(test, a, b)`` written as kernels have it, ``a if test else b``."""
    if isinstance(tree, ast.Call) and lang.function_name(tree) == "where":
        test, first, second = (chosen(part) for part in tree.args)
        return ast.IfExp(test, first, second)
    return lang.rebuilt(tree, chosen)
