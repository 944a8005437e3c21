"""The variables of a rule of plasticity: which of them are traces, how they relax, and where in a string they are read."""

from __future__ import annotations

import ast
from collections import Counter

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, EquationError, Tree

START = "__start"  # `x__start` are initial values of x that differ between synapses
NEW = "__new"  # `x__new` is the trace x after its jump; no user can type it


def relaxation(tree: Tree, name: str) -> tuple[Tree, Tree] | None:
    """Return (rate, limit) with ``tree == rate*(limit - name)``; None if the tree is not linear in `name`.

    A common factor stays out of the limit: ``(1 - x)/tau`` has the limit 1 even if tau is 0, at which the rate is infinite.
    If the rate is 0, the second tree is the whole right-hand side.
    """
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult | ast.Div):
        for part, factor in ((tree.left, tree.right), (tree.right, tree.left)):
            is_quotient = isinstance(tree.op, ast.Div)
            if name in lang.names_in(factor) or name not in lang.names_in(part) or (is_quotient and part is tree.right):
                continue
            inner = relaxation(part, name)
            combined = algebra.over if is_quotient else algebra.times
            return inner and (combined(inner[0], factor), inner[1])
    parts = algebra.linear_in(tree, name)
    if parts is None or algebra.is_zero(parts[0]):
        return parts
    rate = _negate(parts[0])
    return rate, algebra.over(parts[1], rate)


def _negate(tree):
    """Return minus a tree, with the sign taken from the numerator of a quotient."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult | ast.Div):
        return ast.BinOp(_negate(tree.left), tree.op, tree.right)
    return algebra.negative(tree)


def needs(name, assignments, rates, limits, initials):
    """Return the names on which a variable depends besides itself, with those of random functions."""
    trees = [tree for assigned, tree in assignments if assigned == name]
    trees += [table[name] for table in (rates, limits, initials) if isinstance(table.get(name), ast.AST)]
    return set().union(*(lang.names_in(tree) | (lang.calls_in(tree) & RANDOM) for tree in trees)) - {name}


def traces_among(names, assignments, others, needs, constant):
    """Return which variables are assigned on one side only, from constants and from each other."""
    assigned = {name for name, _ in assignments} - {name for name, _ in others}
    kept = [name for name in names if name in assigned]
    while lost := [name for name in kept if not needs[name] <= {*constant, *kept}]:
        kept = [name for name in kept if name not in lost]
    return tuple(kept)


def split_jumps(assignments, traces, label):
    """Return the jumps of the traces, and the other assignments with each trace named for the place where it is read."""
    jumps, others = [], []
    left, done = Counter(name for name, _ in assignments if name in traces), set()
    for name, tree in assignments:
        if name in traces:
            jumps.append((name, tree))
            left[name] -= 1
            done.add(name)
            continue
        for read in sorted(lang.names_in(tree) & done):
            if left[read]:
                message = f"this reads {read!r} between two assignments of it; assign {read} once"
                raise EquationError(label, message, lang.line_of(tree).text)
        others.append((name, read_after_jumps(tree, done)))
    return tuple(jumps), tuple(others)


def read_after_jumps(tree, traces):
    """Return a tree in which each of the traces has the name of its value after the jump."""
    return lang.substitute(tree, {name: ast.Name(name + NEW) for name in traces})
