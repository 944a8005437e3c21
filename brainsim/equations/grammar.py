"""What an equation may hold: the one gate for what users type, and the error that shows the line and the place.

A text that has passed holds numbers, names, arithmetic, comparisons and calls of `FUNCTIONS`, and nothing else of Python.
"""

import ast
import math
import re

import numpy as np

from brainsim.core.checks import nearest


def _sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(np.asarray(x) >= 0, 1 / (1 + small), small / (1 + small))


def _exprel(x):
    zero = np.asarray(x) == 0
    return np.where(zero, 1.0, np.expm1(x) / np.where(zero, 1.0, x))


FUNCTIONS = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "floor": np.floor,
    "sign": np.sign,
    "min": np.minimum,
    "max": np.maximum,
    "clip": np.clip,
    "where": np.where,
    "sigmoid": _sigmoid,
    "exprel": _exprel,
    "rand": None,
    "randn": None,
}
ARGUMENTS = dict.fromkeys(FUNCTIONS, 1) | {"min": 2, "max": 2, "clip": 3, "where": 3, "rand": 0, "randn": 0}
RANDOM = {"rand", "randn"}
# how functions of other languages are written here
ELSEWHERE = {
    "ln": "log(x)",
    "pow": "x**y",
    "power": "x**y",
    "heaviside": "where(x > 0, 1, 0)",
    "int": "floor(x)",
    "round": "floor(x + 0.5)",
    "tan": "sin(x)/cos(x)",
    "fabs": "abs(x)",
}
BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
# what was meant by what other languages write
MEANT = {
    ast.BitXor: "a power is written '**'",
    ast.BitAnd: "write 'and' for '&'",
    ast.BitOr: "write 'or' for '|'",
    ast.Invert: "write 'not' for '~'",
}
LONGEST, DEEPEST, LARGEST = 4000, 60, 10_000
MOST_TERMS = 200  # of one sum or product, which Python's parser nests to the left, and of all levels: they are recursed into
CHAINS = ({ast.Add, ast.Sub}, {ast.Mult, ast.Div})
WIDEST = 100  # characters of a line that messages show
NAME = r"(?!\w*__)[^\W\d_]\w*"
NOW = "__t"  # what `table(t)` becomes: the name `table__t`, which no one can type


class EquationError(ValueError):
    """A text that is no equation of the language; shows the line and the place."""

    def __init__(self, label, message, line="", column=None):
        text = f"{label}: {message}"
        if line:
            if len(line) > WIDEST:  # what is around the place
                start = max(0, (column or 0) - WIDEST // 2)
                line, column = line[start : start + WIDEST], None if column is None else column - start
            text += f"\n    {line}"
            if column is not None:
                text += f"\n    {' ' * column}^"
        super().__init__(text)


class Line:
    """A line as it was typed, and where in it an expression begins: what messages about the expression show."""

    def __init__(self, text, start=0):
        self.text, self.start = text, start

    def place(self, node):
        """Return the line and the column of a node of the expression; `ast` counts columns in bytes."""
        at = getattr(node, "col_offset", None)
        if at is None:
            return self.text, None
        part = self.text[self.start :]
        return self.text, self.start + len(part.encode(errors="replace")[:at].decode(errors="ignore"))


def check_brackets(line, label):
    """Raise EquationError at the first bracket of an expression that has no partner."""
    opened = []
    for column, letter in enumerate(line.text[line.start :], start=line.start):
        if letter == "(":
            opened.append(column)
        elif letter == ")" and not opened:
            raise EquationError(label, "this bracket was never opened", line.text, column)
        elif letter == ")":
            opened.pop()
    if opened:
        raise EquationError(label, "this bracket is never closed", line.text, opened[-1])


def meant_by(text):
    """Return what to write instead of a text that Python cannot read, behind a semicolon; '' where that is not clear."""
    factor = re.search(r"(?<![\w.])(\d+\.?\d*)([^\W\d_]\w*)", text)
    if re.search(r"(?<![=<>!:+*/-])=(?!=)", text):
        return "; '=' compares nothing: write '>=', '<=' or '=='"
    if "&&" in text or "||" in text:
        return f"; {MEANT[ast.BitAnd if '&&' in text else ast.BitOr]}"
    if re.search(r"!(?!=)", text):
        return "; write 'not' for '!'"
    if factor and not re.fullmatch(r"[eE]\d*", factor.group(2)):
        return f"; write {factor.group(1)}*{factor.group(2)}"
    if re.search(r"[-+*/\\]\s*$|\\ ", text):
        return "; to go on in the next line, put it in brackets"
    if re.search(r":\s*(1\b|[^\W\d_])", text):
        return "; no unit stands behind ':', those of variables are given in bs.initial(...)"
    return ""


def shown(node):
    """Return a node as short text; that of a monster is cut."""
    try:
        text = ast.unparse(node).replace(NOW, "(t)")
    except (RecursionError, ValueError):
        text = type(node).__name__
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _is_finite(value):
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that is too large for a float
        return False


def is_chain(node):
    """Return whether a sum goes on in its left arm, or a product: ``a + b - c``, which needs no brackets."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.left, ast.BinOp)
        and any(type(node.op) in chain and type(node.left.op) in chain for chain in CHAINS)
    )


def check_nodes(node, line, label, tables=(), depth=0, terms=0):
    """Walk the tree and refuse every node that is not of the grammar; `tables` are the names that are called with t.

    `depth` counts the levels above but for the terms of one sum or product, `terms` counts all of them.
    """

    def refuse(message):
        raise EquationError(label, message, *line.place(node))

    if depth > DEEPEST:
        refuse(f"nested deeper than {DEEPEST} levels")
    if terms > MOST_TERMS:
        refuse(f"a sum or product of more than {MOST_TERMS} terms and brackets; break it into lines 'name = ...'")
    if isinstance(node, ast.Constant):
        if type(node.value) not in (int, float) or not _is_finite(node.value):
            refuse(f"only numbers may stand here, up to 1e308 (got {shown(node)})")
        return
    if isinstance(node, ast.Name):
        if node.id.startswith("_") or "__" in node.id:
            refuse(f"a name must not start with an underscore or have two of them (got {node.id!r})")
        return
    if isinstance(node, ast.Call):
        _check_call(node, refuse, tables)
        children = node.args
    elif isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        children = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd | ast.Not):
        children = [node.operand]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
        children = [node.left, *node.comparators]
    elif isinstance(node, ast.Compare) and len(node.ops) > 1:
        bits = [part for part in node.comparators if isinstance(part, ast.BinOp) and type(part.op) in MEANT]
        refuse(MEANT[type(bits[0].op)] if bits else "compare two at a time: 'a < x and x < b'")
    elif isinstance(node, ast.BoolOp):
        children = node.values
    elif isinstance(node, ast.IfExp):
        children = [node.test, node.body, node.orelse]
    else:
        allowed = "numbers, names, + - * / **, comparisons and functions may stand here"
        refuse(f"{shown(node)} is not arithmetic: {MEANT.get(type(getattr(node, 'op', None)), allowed)}")
    for place, child in enumerate(children):
        check_nodes(child, line, label, tables, depth + (place > 0 or not is_chain(node)), terms + 1)


def _check_call(node, refuse, tables):
    name = node.func.id if isinstance(node.func, ast.Name) else None
    if isinstance(node.func, ast.Constant):
        refuse(f"a product is written with '*': {shown(node.func)[1:-1]}*(...)")
    plain = not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args)
    if name in tables:
        if not (plain and len(node.args) == 1 and isinstance(node.args[0], ast.Name) and node.args[0].id == "t"):
            refuse(f"{name} is a TimedArray; write {name}(t), also where it has a column for each cell")
    elif name not in FUNCTIONS:
        called = name or getattr(node.func, "attr", None)
        near = nearest(called, [*FUNCTIONS, *tables])
        if name and "did you mean" not in near:
            near += f"; a product is written {name}*(...)"
        refuse(f"unknown function {shown(node.func)}{f'; write {ELSEWHERE[called]}' if called in ELSEWHERE else near}")
    elif not plain or len(node.args) != ARGUMENTS[name]:
        refuse(f"{name} takes {ARGUMENTS[name]} argument{'s' * (ARGUMENTS[name] != 1)} (got {len(node.args)})")
