"""The equations of a rule for weights of the other sign: what it does to w, they do to -w."""

from __future__ import annotations

import ast
from dataclasses import replace

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import Tree
from brainsim.equations.plasticity.parser import WEIGHT, Assignments, PlasticityEquations


def mirrored(equations: PlasticityEquations) -> PlasticityEquations:
    """Return the equations of the rule that is the same for -w; to change a sign is exact, so |w| has the same bits."""
    low, high = equations.bounds
    drive = equations.drive
    return replace(
        equations,
        on_pre=_assigned(equations.on_pre),
        on_post=_assigned(equations.on_post),
        between=_assigned(equations.between),
        on_step=_assigned(equations.on_step),
        amplitude=_amplitude(equations.amplitude),
        bounds=(high and algebra.negative(high), low and algebra.negative(low)),
        drive=drive and drive._replace(gain=algebra.negative(drive.gain), offset=algebra.negative(drive.offset)),
    )


def _assigned(assignments: Assignments) -> Assignments:
    return tuple(
        (name, algebra.negative(_flipped(tree)) if name == WEIGHT else _flipped(tree)) for name, tree in assignments
    )


def _amplitude(tree: Tree) -> Tree:
    """Return what is delivered: what is proportional to w stays as it is."""
    parts = algebra.linear_in(tree, WEIGHT)
    return tree if parts and algebra.is_zero(parts[1]) else algebra.negative(_flipped(tree))


def _flipped(tree: Tree) -> Tree:
    """Return a tree with -w in place of w."""
    return lang.substitute(tree, {WEIGHT: ast.UnaryOp(ast.USub(), ast.Name(WEIGHT))})
