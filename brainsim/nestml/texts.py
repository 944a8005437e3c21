"""Texts of equations while a model is translated: numbers are worked out, names are replaced by what they stand for.

All texts are written by `expressions`, and consist of numbers, names, arithmetic, comparisons and `FUNCTIONS`.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from brainsim.equations.expressions.algebra import linear_in

NUMERIC = "exp expm1 log log10 sqrt floor ceil sin cos tan sinh cosh tanh pi"
FUNCTIONS: dict[str, Any] = {name: getattr(math, name) for name in NUMERIC.split()}
FUNCTIONS |= {"abs": abs, "min": min, "max": max, "clip": lambda x, low, high: min(max(x, low), high)}
WORDS = {*FUNCTIONS, "rand", "randn", "if", "else", "and", "or", "not"} - {"pi"}
NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")
RANDOM = re.compile(r"\brandn?\(")
OPPOSITE: dict[Any, Any] = {ast.Lt: ast.GtE, ast.Gt: ast.LtE, ast.Eq: ast.NotEq}
OPPOSITE |= {other: kind for kind, other in OPPOSITE.items()}
ALWAYS = "dt > 0"
MAX_LENGTH = 10_000  # characters of a text: what is written in twice, again and again, has no end


def names(*texts: str) -> set[str]:
    """Return the names that texts read."""
    return {*NAME.findall(" ".join(texts))} - WORDS


def replace(text: str, values: Mapping[str, str]) -> str:
    """Return a text with names replaced by texts."""
    return NAME.sub(lambda found: f"({values[found[0]]})" if found[0] in values else found[0], text)


def resolve(text: str, values: Mapping[str, str]) -> str:
    """Return a text in which names are replaced until none of them is left.

    Raise RecursionError if one needs itself, and OverflowError if the text becomes longer than `MAX_LENGTH`.
    """
    for _ in range(99):
        if not names(text) & values.keys():
            return text
        if sum(len(values.get(name, name)) for name in NAME.findall(text)) > MAX_LENGTH:
            raise OverflowError
        text = replace(text, values)
    raise RecursionError


def evaluate(text: str, values: Mapping[str, float] = {}) -> float | None:
    """Return the value of a text, None if it has none."""
    try:
        return float(eval(text, {"__builtins__": {}} | FUNCTIONS, dict(values)))  # noqa: S307 - see above what texts consist of
    except (NameError, ArithmeticError, ValueError, TypeError):  # the last for complex numbers
        return None


def number(size: float) -> str:
    """Return a number as text."""
    short = f"{size:.15g}"
    return short if float(short) == size else repr(size)


def slope(text: str, name: str) -> float | None:
    """Return c if a text is ``c*name + rest`` with a number c, None otherwise."""
    parts = linear_in(ast.parse(text, mode="eval").body, name)
    return None if parts is None else evaluate(tidy(ast.unparse(parts[0])))


def is_condition(text: str) -> bool:
    """Return whether a text is a comparison, or several of them joined."""
    tree = ast.parse(text, mode="eval").body
    return isinstance(tree, ast.Compare | ast.BoolOp) or (isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not))


def condition(text: str) -> str:
    """Return a text as a comparison; a number is true unless it is 0."""
    return text if is_condition(text) else f"({text} != 0)"


def as_number(text: str) -> str:
    """Return a text as a number; a comparison is 1 or 0."""
    return f"(1 if {text} else 0)" if is_condition(text) else text


def conjuncts(text: str) -> list[str]:
    """Return the conditions that a condition joins by 'and'."""
    tree = ast.parse(text, mode="eval").body
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    return [ast.unparse(part) for part in parts]


def joined(conditions: Iterable[str]) -> str:
    """Return conditions that all hold as one."""
    return tidy(" and ".join(f"({part})" for part in conditions) or ALWAYS)


def tidy(text: str) -> str:
    """Return a text with numbers worked out, without factors 1, terms 0 and brackets that are not needed."""
    return ast.unparse(_Tidy().visit(ast.parse(text, mode="eval").body))


class _Tidy(ast.NodeTransformer):
    def visit_BinOp(self, node):
        self.generic_visit(node)
        kind, p, q = type(node.op), evaluate(ast.unparse(node.left)), evaluate(ast.unparse(node.right))
        if p is not None and q is not None:
            return node if (size := evaluate(ast.unparse(node))) is None else ast.parse(number(size), mode="eval").body
        if q is not None and q == {ast.Add: 0, ast.Sub: 0, ast.Mult: 1, ast.Div: 1, ast.Pow: 1}[kind]:
            return node.left
        if p == {ast.Add: 0, ast.Mult: 1}.get(kind, "none"):
            return node.right
        if ast.unparse(node).startswith("t - (t - ") and kind is ast.Sub:  # how long ago a time was
            return node.right.right
        return ast.Constant(0) if (kind is ast.Mult and 0 in (p, q)) or (kind is ast.Div and p == 0) else node

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Compare):
            return ast.Compare(node.operand.left, [OPPOSITE[type(node.operand.ops[0])]()], node.operand.comparators)
        return node
