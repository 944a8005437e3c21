"""The derivatives of the numbers in a kernel with respect to the parameters of which they are made."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.equations.adjoints.adjoint import derivative
from brainsim.equations.body import gain_name
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import Tree
from brainsim.equations.steps.exact import Propagator
from brainsim.equations.steps.step import Step
from brainsim.equations.system import System


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
        found = {name: float(lang.computed(tree, known)) for name, tree in self.trees.items()}
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
