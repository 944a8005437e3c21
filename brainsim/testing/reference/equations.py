"""Equations: from their text to trees of Python's `ast`, and from trees to numbers. Nothing is run as Python."""

import ast
import re
import unicodedata

import numpy as np

from brainsim.testing.reference.numbers import binomial, gaussian, uniform

LARGEST = 708.0  # of an exponent: e**709 is near the largest float64


def exponential(of):
    """Return a function that grows like e**x and has, beyond the largest exponent, its value there."""
    return lambda x: of(np.clip(x, -LARGEST, LARGEST))


EXP, EXPM1 = exponential(np.exp), exponential(np.expm1)
FUNCTIONS = {
    **{name: getattr(np, name) for name in ("log", "log1p", "log10", "sqrt", "abs", "floor", "ceil", "sign")},
    **{name: getattr(np, name) for name in ("tanh", "sin", "cos", "tan", "arcsin", "arccos", "arctan")},
    **{name: exponential(getattr(np, name)) for name in ("exp", "expm1", "sinh", "cosh")},
    **{"min": np.minimum, "max": np.maximum, "where": np.where},
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "sigmoid": lambda x: 1.0 / (1.0 + EXP(-x)),
    "exprel": lambda x: np.where(x == 0.0, 1.0, EXPM1(x) / np.where(x == 0.0, 1.0, np.minimum(x, LARGEST))),
    "curve": lambda curve, x: np.interp(x, curve.x, curve.y),
}
ARITHMETIC = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power}
COMPARE = {ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal}
COMPARE |= {ast.Eq: np.equal, ast.NotEq: np.not_equal}


RANDOM = ("rand", "rand_all", "randn", "binomial")


def parse(text):
    """Return the tree of an expression; ``name(t)`` becomes the name, and another ``name(x)`` ``curve(name, x)``.

    ``x % y`` and ``x // y`` become what they stand for.
    """

    class Written(ast.NodeTransformer):
        def visit_BinOp(self, node):  # noqa: N802 - what `ast` calls
            self.generic_visit(node)
            if not isinstance(node.op, ast.Mod | ast.FloorDiv):
                return node
            floor = ast.Call(ast.Name("floor"), [ast.BinOp(node.left, ast.Div(), node.right)], [])
            whole = isinstance(node.op, ast.FloorDiv)
            return floor if whole else ast.BinOp(node.left, ast.Sub(), ast.BinOp(node.right, ast.Mult(), floor))

        def visit_Call(self, node):  # noqa: N802 - what `ast` calls
            self.generic_visit(node)
            if node.func.id in (*FUNCTIONS, *RANDOM):
                return node
            name = ast.Name(node.func.id)
            at_time = isinstance(node.args[0], ast.Name) and node.args[0].id == "t"
            return name if at_time else ast.Call(ast.Name("curve"), [name, *node.args], [])

    return Written().visit(ast.parse(text.strip(), mode="eval").body)


def lines_of(text):
    """Return (left side, sign, tree of the right side) of each line; a line goes on while a bracket is open."""
    whole, found = "", []
    for line in text.splitlines():
        whole = f"{whole} {line.split('#')[0].strip()}".strip()
        if whole.count("(") <= whole.count(")"):
            found += filter(None, (part.strip() for part in whole.split(";")))
            whole = ""
    parts = [re.fullmatch(r"([^=]*?)\s*([-+*/]?=)\s*(.*)", line, re.DOTALL).groups() for line in found]
    return [(unicodedata.normalize("NFKC", left.strip()), sign, parse(right)) for left, sign, right in parts]


def equations_of(text):
    """Return (variable -> tree of its derivative, name -> tree of any other line)."""
    found = [(re.fullmatch(r"d(\w+)\s*/\s*dt", left), left, tree) for left, _, tree in lines_of(text)]
    return {match[1]: tree for match, _, tree in found if match}, {left: tree for match, left, tree in found if not match}


def assignments_of(text):
    """Return the assignments ``v = c; u += d`` as pairs (name, tree), in their order."""
    signs = {"+": ast.Add(), "-": ast.Sub(), "*": ast.Mult(), "/": ast.Div()}
    return [(n, tree if s == "=" else ast.BinOp(ast.Name(n), signs[s[0]], tree)) for n, s, tree in lines_of(text)]


def names_in(tree):
    """Return the names in a tree, without those of functions."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}


def is_condition(tree):
    """Return whether a tree is a comparison, or several with `and`, `or` and `not`."""
    return isinstance(getattr(tree, "op", tree), ast.Compare | ast.And | ast.Or | ast.Not)


def renamed(tree, names):
    """Return a copy of a tree with some names replaced by other trees."""

    class Renaming(ast.NodeTransformer):
        def visit_Name(self, node):  # noqa: N802 - what `ast` calls
            return names.get(node.id, node)

    return Renaming().visit(ast.parse(ast.unparse(tree), mode="eval").body)


class Scope(dict):
    """Values of names; a line ``name = ...`` is computed when it is first asked for.

    `draw` gives random bits: ``draw(common)``, for each cell or one for all. Where a comparison lies within `tolerance` of
    its sizes, another rounding could decide it otherwise: `narrow` takes these cells.
    """

    def __init__(self, values, lines=(), draw=None, tolerance=0.0):
        super().__init__(values)
        self.lines, self.draw, self.tolerance, self.narrow = dict(lines), draw, tolerance, False

    def __missing__(self, name):
        self[name] = evaluate(self.lines[name], self)
        return self[name]

    def assign(self, name, value):
        """Give a variable another value; lines are computed again."""
        self[name] = value
        for line in self.lines:
            self.pop(line, None)

    def copy(self):
        """Return a copy that draws from the same random numbers."""
        return Scope(self, self.lines, self.draw, self.tolerance)


def evaluate(tree, scope):
    """Return the value of a tree: a number, or an array with one for each cell."""
    if isinstance(tree, ast.Constant):
        return float(tree.value)
    if isinstance(tree, ast.Name):
        value = scope[tree.id]
        return FUNCTIONS["curve"](value, scope["t"]) if hasattr(value, "of") else value
    if isinstance(tree, ast.Call):
        return _call(tree, scope)
    if isinstance(tree, ast.UnaryOp):
        value = evaluate(tree.operand, scope)
        return np.logical_not(value) if isinstance(tree.op, ast.Not) else -value if isinstance(tree.op, ast.USub) else value
    if isinstance(tree, ast.BinOp):
        left, right = evaluate(tree.left, scope), evaluate(tree.right, scope)
        nothing = isinstance(tree.op, ast.Div) & (np.asarray(left) == 0.0) & (np.asarray(right) == 0.0)
        found = ARITHMETIC[type(tree.op)](left, right)
        return np.where(nothing, _limit(tree, scope), found) if nothing.any() else found
    if isinstance(tree, ast.BoolOp):
        values = [evaluate(part, scope) for part in tree.values]
        return (np.logical_and if isinstance(tree.op, ast.And) else np.logical_or).reduce(np.broadcast_arrays(*values))
    if isinstance(tree, ast.IfExp):
        return np.where(*(evaluate(part, scope) for part in (tree.test, tree.body, tree.orelse)))
    left, right = evaluate(tree.left, scope), evaluate(tree.comparators[0], scope)
    scope.narrow = scope.narrow | (np.abs(left - right) <= scope.tolerance * (np.abs(left) + np.abs(right)))
    return COMPARE[type(tree.ops[0])](left, right)


def _limit(quotient, scope):
    """Return what a quotient by ``exp(x) - 1`` approaches where it is 0/0: the ratio of the slopes along a name in both."""
    calls = {node.func.id for node in ast.walk(quotient.right) if isinstance(node, ast.Call)}
    for name in names_in(quotient.left) & names_in(quotient.right) if calls & {"exp", "expm1"} else ():
        sides = []
        for shift in (1e-4, -1e-4):
            near = scope.copy()
            near.assign(name, scope[name] + shift)
            sides.append([evaluate(part, near) for part in (quotient.left, quotient.right)])
        above, below = (first - second for first, second in zip(*sides, strict=True))
        if np.all(below != 0.0):
            return above / below
    return np.nan


def _call(tree, scope):
    name = tree.func.id
    if name in RANDOM:
        bits = scope.draw(name == "rand_all")
        arguments = [evaluate(part, scope) for part in tree.args]
        return {"randn": gaussian, "binomial": binomial}.get(name, uniform)(bits, *arguments)
    if name == "curve":
        return FUNCTIONS[name](scope[tree.args[0].id], evaluate(tree.args[1], scope))
    return FUNCTIONS[name](*(evaluate(part, scope) for part in tree.args))


def linear_in(tree, name):
    """Return trees (slope, rest) with ``tree == slope*name + rest``; None instead of a tree that is 0, or of both."""
    if name not in names_in(tree):
        return None, tree
    if isinstance(tree, ast.Name):
        return ast.Constant(1.0), None
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        inner = linear_in(tree.operand, name)
        return inner and tuple(part and ast.UnaryOp(ast.USub(), part) for part in inner)
    if not isinstance(tree, ast.BinOp) or isinstance(tree.op, ast.Pow):
        return None
    left, right = linear_in(tree.left, name), linear_in(tree.right, name)
    if left is None or right is None:
        return None
    if isinstance(tree.op, ast.Add | ast.Sub):
        return tuple(join(a, tree.op, b) for a, b in zip(left, right, strict=True))
    if isinstance(tree.op, ast.Mult) and left[0] is None:
        return tuple(part and ast.BinOp(tree.left, ast.Mult(), part) for part in right)
    if right[0] is None:
        return tuple(part and ast.BinOp(part, tree.op, tree.right) for part in left)
    return None


def linear_terms(tree, name):
    """Return trees (slope, rest) as `linear_in`, but terms that are not linear in the name stay in the rest."""
    if (parts := linear_in(tree, name)) is not None:
        return parts
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return tuple(part and ast.UnaryOp(ast.USub(), part) for part in linear_terms(tree.operand, name))
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub):
        left, right = linear_terms(tree.left, name), linear_terms(tree.right, name)
        return tuple(join(a, tree.op, b) for a, b in zip(left, right, strict=True))
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Div) and name not in names_in(tree.right):
        return tuple(part and ast.BinOp(part, tree.op, tree.right) for part in linear_terms(tree.left, name))
    return None, tree


def join(a, sign, b):
    """Return the tree of a sum or difference, in which None is 0."""
    if a is None or b is None:
        return a if b is None else ast.UnaryOp(ast.USub(), b) if isinstance(sign, ast.Sub) else b
    return ast.BinOp(a, sign, b)
