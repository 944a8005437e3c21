"""The adjoint of a step: the statements of a kernel, differentiated one by one in reverse order, and the numbers in them.

`adjoint_of` derives the adjoint of the equations, for time that is continuous. A step of a method is a map, and its own
adjoint, exact to rounding, follows from the statements of the kernel by the same derivatives. As dt becomes small, it
becomes the adjoint of the equations.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.equations.body import gain_name
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import Tree
from brainsim.equations.expressions.lower import lower
from brainsim.equations.statements import Assign, formula
from brainsim.equations.steps.exact import Propagator
from brainsim.equations.steps.step import Step
from brainsim.equations.system import System
from brainsim.features.adjoints.adjoint import SMOOTH, derivative

D = "__d_"  # prefix of the adjoint of a name

# with what kernels call besides the functions of the language
RULES = SMOOTH | {
    "flushed": "1.0",
    "square": "2.0*x",
    "cube": "3.0*square(x)",
    "fourth": "4.0*cube(x)",
    "relaxation": "relaxation_slope(x)",
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
    [('__d_a', '__d_a + __d_b * b'), ('__d_x', '__d_x + __d_a * k')]
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
            slopes = {name: lower(_slope(target, tree, name, label)) for name in names}
        for name, slope in slopes.items():
            if not algebra.is_zero(slope):
                part = algebra.times(ast.Name(D + target), slope)
                out.append(Assign(D + name, formula("total + part", total=D + name, part=part)))
    return out


def _slope(target, tree, name, label):
    """Return the derivative of a statement with respect to a name; a function that it calls is not called again."""
    slope = derivative(tree, name, label, RULES)
    if not isinstance(tree, ast.Call):
        return slope
    written = ast.dump(tree)

    def named(part):
        return ast.Name(target) if ast.dump(part) == written else lang.rebuild(part, named)

    return named(slope)


def name_calls(statements: Iterable[Assign], prefix: str) -> list[Assign]:
    """Return statements in which each function of `SMOOTH` is called in one of its own: the way back needs its value.

    Examples
    --------
    >>> lines = name_calls([Assign("a", formula("2.0*exp(x)"))], "__call")
    >>> [(line.name, ast.unparse(line.value)) for line in lines]
    [('__call0', 'exp(x)'), ('a', '2.0 * __call0')]
    """
    out = list[Assign]()

    def named(part):
        inner = lang.rebuild(part, named)
        if isinstance(part, ast.Call) and lang.function_name(part) in SMOOTH:
            out.append(Assign(f"{prefix}{len(out)}", inner))
            return ast.Name(out[-1].name)
        return inner

    for statement in statements:
        if isinstance(statement.value, ast.Call) and lang.function_name(statement.value) in SMOOTH:
            out.append(Assign(statement.name, lang.rebuild(statement.value, named), statement.when))
        else:
            out.append(Assign(statement.name, named(statement.value), statement.when))
    return out


def active_names(statements: Iterable[Assign], by: Collection[str]) -> set[str]:
    """Return `by` and the names that depend on it."""
    active = {*by}
    for statement in statements:
        if statement.needs & active and not isinstance(statement.value, ast.Compare):
            active.add(statement.name)
    return active


@dataclass(frozen=True, eq=False)
class Slopes:
    """The derivatives of the numbers of a kernel with respect to one parameter: `trees` for numbers that are expressions.

    Other numbers are entries of the exponential of a matrix; `matrices` leads from (row, column) to the derivative of that
    coefficient.
    """

    trees: Mapping[str, Tree]
    matrices: tuple[tuple[Propagator, Mapping[tuple[int, int], Tree]], ...]

    @property
    def names(self) -> set[str]:
        """The numbers that depend on the parameter."""
        return {*self.trees}.union(*(matrix.touched(by) for matrix, by in self.matrices))

    def at(self, values: dict[str, Any], dt: float) -> dict[str, float]:
        """Return number -> derivative for these parameters, exact to rounding."""
        known = values | {"dt": dt, "pi": np.pi}
        found = {name: float(lang.compute(tree, known)) for name, tree in self.trees.items()}
        for matrix, by in self.matrices:
            found |= matrix.slopes(by, values, dt)
        return found


def slopes_of(system: System, step: Step, parameter: str, label: str) -> Slopes:
    """Return the derivatives of the numbers of a kernel with respect to a parameter; the system has no noise or substeps.

    Raise EquationError if a number has no derivative.
    """
    numbers: dict[str, Tree] = dict(step.constants)
    for index, arrivals in enumerate(system.arrivals):
        numbers |= {gain_name(index, name): gain for name, gain in arrivals}
    trees: dict[str, Tree] = {parameter: algebra.ONE}
    for name, tree in numbers.items():
        if parameter in lang.names_in(tree):
            trees[name] = derivative(tree, parameter, label)
    matrices = []
    for matrix in step.computes:
        if isinstance(matrix, Propagator) and (depending := matrix.depending(parameter)):
            matrices.append((matrix, {key: derivative(tree, parameter, label) for key, tree in depending.items()}))
    return Slopes(trees, tuple(matrices))


def slope_of(tree: Tree | float, parameter: str, through: Mapping[str, Tree], label: str) -> Tree:
    """Return the derivative of a tree with respect to a parameter, also through names whose derivatives are known."""
    if not isinstance(tree, ast.AST):
        return algebra.ZERO
    total = derivative(tree, parameter, label)
    for name in sorted(lang.names_in(tree) & through.keys()):
        total = algebra.plus(total, algebra.times(derivative(tree, name, label), through[name]))
    return total
