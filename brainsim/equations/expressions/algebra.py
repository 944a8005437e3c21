"""Rearranging expressions: sums and products without zeros and ones, and the parts that are linear in a name."""

from __future__ import annotations

import ast

from brainsim.equations.expressions.grammar import Tree
from brainsim.equations.expressions.language import names_in

ZERO, ONE = ast.Constant(0.0), ast.Constant(1.0)


def linear_in(tree: Tree, name: str) -> tuple[Tree, Tree] | None:
    """Return (slope, rest) with ``tree == slope*name + rest``, both free of `name`, or None if the tree is not linear."""
    if name not in names_in(tree):
        return ZERO, tree
    if isinstance(tree, ast.Name):
        return ONE, ZERO
    if isinstance(tree, ast.UnaryOp) and not isinstance(tree.op, ast.Not):
        inner = linear_in(tree.operand, name)
        return inner and ((negative(inner[0]), negative(inner[1])) if isinstance(tree.op, ast.USub) else inner)
    if not isinstance(tree, ast.BinOp):
        return None
    left, right = linear_in(tree.left, name), linear_in(tree.right, name)
    if left is None or right is None:
        return None
    if isinstance(tree.op, ast.Add):
        return plus(left[0], right[0]), plus(left[1], right[1])
    if isinstance(tree.op, ast.Sub):
        return plus(left[0], negative(right[0])), plus(left[1], negative(right[1]))
    if isinstance(tree.op, ast.Mult) and is_zero(left[0]):
        return times(left[1], right[0]), times(left[1], right[1])
    if isinstance(tree.op, ast.Mult) and is_zero(right[0]):
        return times(left[0], right[1]), times(left[1], right[1])
    if isinstance(tree.op, ast.Div) and is_zero(right[0]):
        return over(left[0], right[1]), over(left[1], right[1])
    return None


def linear_terms(tree: Tree, name: str) -> tuple[Tree, Tree]:
    """Return (slope, rest) with ``tree == slope*name + rest``; terms that are not linear in `name` stay in the rest."""
    parts = linear_in(tree, name)
    if parts is not None:
        return parts
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        slope, rest = linear_terms(tree.operand, name)
        return negative(slope), negative(rest)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
        left, right = linear_terms(tree.left, name), linear_terms(tree.right, name)
        if isinstance(tree.op, ast.Sub):
            right = negative(right[0]), negative(right[1])
        return plus(left[0], right[0]), plus(left[1], right[1])
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div) and name not in names_in(tree.right):
        slope, rest = linear_terms(tree.left, name)
        return over(slope, tree.right), over(rest, tree.right)
    return ZERO, tree


def simplify(tree: Tree) -> Tree:
    """Drop the terms that a substitution has made zero."""
    if isinstance(tree, ast.BinOp):
        left, right = simplify(tree.left), simplify(tree.right)
        if isinstance(tree.op, ast.Add):
            return plus(left, right)
        if isinstance(tree.op, ast.Sub):
            return left if is_zero(right) else ast.BinOp(left, ast.Sub(), right)
        if isinstance(tree.op, ast.Mult):
            return times(left, right)
        if isinstance(tree.op, ast.Div):
            return over(left, right)
        return ast.BinOp(left, tree.op, right)
    return tree


def is_zero(tree: Tree) -> bool:
    """Return whether the tree is the constant 0."""
    return isinstance(tree, ast.Constant) and tree.value == 0


def is_one(tree: Tree) -> bool:
    """Return whether the tree is the constant 1."""
    return isinstance(tree, ast.Constant) and tree.value == 1


def plus(a: Tree, b: Tree) -> Tree:
    """Return the tree a + b, without a term 0."""
    return b if is_zero(a) else a if is_zero(b) else ast.BinOp(a, ast.Add(), b)


def times(a: Tree, b: Tree) -> Tree:
    """Return the tree a * b: without a factor 1 or -1, and 0 if a factor is 0."""
    if is_zero(a) or is_zero(b):
        return ZERO
    for factor, other in ((a, b), (b, a)):
        if isinstance(factor, ast.UnaryOp) and isinstance(factor.op, ast.USub) and is_one(factor.operand):
            return negative(other)
    return b if is_one(a) else a if is_one(b) else ast.BinOp(a, ast.Mult(), b)


def over(a: Tree, b: Tree) -> Tree:
    """Return the tree a / b, which is a if b is 1."""
    return a if is_zero(a) or is_one(b) else ast.BinOp(a, ast.Div(), b)


def negative(a: Tree) -> Tree:
    """Return the tree -a, without a double sign."""
    if isinstance(a, ast.UnaryOp) and isinstance(a.op, ast.USub):
        return a.operand
    return a if is_zero(a) else ast.UnaryOp(ast.USub(), a)
