"""The lines ``name = ...`` of a cell with its synapses, and its currents, as trees of state variables and parameters.

A kernel computes them at each step and forgets them; recorders compute them again from what they have sampled.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import Tree
from brainsim.equations.parsed import CellEquations, ReceptorEquations
from brainsim.equations.system import prefixed, renamed

CURRENT = "current"  # of a receptor


def lines_of(
    cell: CellEquations, receptors: Sequence[ReceptorEquations], labels: Sequence[str], external_current: bool
) -> dict[str, Tree]:
    """Return the trees of all lines, in the names of the composed `System`.

    Parameters
    ----------
    cell : CellEquations
    receptors : sequence of ReceptorEquations
    labels : sequence of str
        What the user calls each receptor.
    external_current : bool
        Whether a current is injected into the cells.

    Returns
    -------
    dict of str to tree
        As the user names them: ``"alpha_m"``, ``"nmda.block"``; ``"nmda.current"``, what the receptor sends into the cell;
        ``"I"``, the sum of all currents; ``"I_ext"``, the injected one.
    """
    total: Tree = ast.Name("I_ext") if external_current else algebra.ZERO
    injected, named, lines = total, {}, {}
    for index, (receptor, label) in enumerate(zip(receptors, labels, strict=True)):
        prefix, names = prefixed(index), {*receptor.derivatives, *receptor.algebraic}
        for name, tree in receptor.algebraic.items():
            lines[prefix + name] = named[f"{label}.{name}"] = renamed(tree, prefix, names)
        if receptor.current is not None:
            current = renamed(receptor.current, prefix, names)
            total = algebra.plus(total, current)
            named.setdefault(f"{label}.{CURRENT}", current)
    for name, tree in cell.algebraic.items():
        lines[name] = named[name] = lang.substitute(tree, {"I": total})
    if cell.uses_current:
        named.setdefault("I", total)
        named.setdefault("I_ext", injected)
    return {name: _full(tree, lines, name) for name, tree in named.items()}


def _full(tree, lines, label):
    """Return a tree without names of lines."""
    while lang.names_in(tree) & lines.keys():
        tree = lang.expanded(tree, lines, label)
    return tree
