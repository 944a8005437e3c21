"""The adjoint of a step: statements of a kernel, differentiated one by one and in reverse order.

`adjoint_of` derives the adjoint of the equations, for time that is continuous. A step of a method is a map, and its own
adjoint, exact to rounding, follows from the statements of the kernel by the same derivatives. As dt becomes small, it
becomes the adjoint of the equations.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from brainsim.equations.adjoints.adjoint import SMOOTH, derivative
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions.grammar import Tree
from brainsim.equations.expressions.lower import lowered
from brainsim.equations.statements import Assign, formula

D = "__d_"  # prefix of the adjoint of a name

# what kernels call besides the functions of the language: function -> its derivative
RULES: dict[str, Callable[[Tree, Tree], Tree]] = SMOOTH | {
    "flushed": lambda call, x: algebra.ONE,
    "square": lambda call, x: formula("2.0*x", x=x),
    "cube": lambda call, x: formula("3.0*square(x)", x=x),
    "fourth": lambda call, x: formula("4.0*cube(x)", x=x),
    "relaxation": lambda call, x: formula("relaxation_slope(x)", x=x),
}


def reversed_statements(
    statements: Sequence[Assign], by: Collection[str], label: str, by_hand: Mapping[str, Mapping[str, Tree]] | None = None
) -> list[Assign]:
    """Return the statements that carry adjoints from the ends of some statements back to the names `by` before them.

    The adjoint of a name ``x`` is called ``__d_x``. Those of all names that depend on `by`, and of these, must have a value
    before: 0, or what comes from outside. No name may be assigned twice, see `statements.once`. `by_hand` leads from a name
    to {other: derivative of its value with respect to the other}, for derivatives that are used as they are.

    Examples
    --------
    >>> lines = [Assign("a", formula("x*k")), Assign("b", formula("exp(a)"))]
    >>> [(line.name, ast.unparse(line.value)) for line in reversed_statements(lines, {"x"}, "cell")]
    [('__d_a', '__d_a + __d_b * exp(a)'), ('__d_x', '__d_x + __d_a * k')]
    """
    active, out = active_names(statements, by), []
    for statement in reversed(statements):
        target, tree = statement.name, statement.whole
        if target not in active:
            continue
        if by_hand and target in by_hand:
            slopes = by_hand[target]
        else:
            names = sorted(statement.needs & active)
            slopes = {name: lowered(derivative(tree, name, label, RULES)) for name in names}
        for name, slope in slopes.items():
            if not algebra.is_zero(slope):
                part = algebra.times(ast.Name(D + target), slope)
                out.append(Assign(D + name, formula("total + part", total=D + name, part=part)))
    return out


def active_names(statements: Iterable[Assign], by: Collection[str]) -> set[str]:
    """Return `by` and the names that depend on it."""
    active = {*by}
    for statement in statements:
        if statement.needs & active and not isinstance(statement.value, ast.Compare):
            active.add(statement.name)
    return active
