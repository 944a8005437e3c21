"""What an equation may hold: the one gate for what users type, and the error that shows the line and the place.

A text that has passed holds numbers, names, arithmetic, comparisons and calls of `FUNCTIONS`, and nothing else of Python.
"""

import ast
import math

import numpy as np

from brainsim.numbers.checks import nearest

FUNCTIONS = {
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sqrt": np.sqrt, "abs": np.abs, "tanh": np.tanh,
    "sin": np.sin, "cos": np.cos, "floor": np.floor, "sign": np.sign, "min": np.minimum, "max": np.maximum,
    "clip": np.clip, "where": np.where, "rand": None,
}  # fmt: skip
ARGUMENTS = dict.fromkeys(FUNCTIONS, 1) | {"min": 2, "max": 2, "clip": 3, "where": 3, "rand": 0}
BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
LONGEST, DEEPEST, LARGEST = 4000, 60, 10_000
WIDEST = 100  # characters of a line that messages show
NAME = r"(?!\w*__)[A-Za-z]\w*"


class EquationError(ValueError):
    """A text that is no equation of the language; shows the line and the place."""

    def __init__(self, where, message, line="", column=None):
        text = f"{where}: {message}"
        if line:
            if len(line) > WIDEST:  # what is around the place
                start = max(0, (column or 0) - WIDEST // 2)
                line, column = line[start : start + WIDEST], None if column is None else column - start
            text += f"\n    {line}"
            if column is not None:
                text += f"\n    {' ' * column}^"
        super().__init__(text)


def check_brackets(text, where):
    """Raise EquationError at the first bracket that has no partner."""
    opened = []
    for column, letter in enumerate(text):
        if letter == "(":
            opened.append(column)
        elif letter == ")" and not opened:
            raise EquationError(where, "this bracket was never opened", text, column)
        elif letter == ")":
            opened.pop()
    if opened:
        raise EquationError(where, "this bracket is never closed", text, opened[-1])


def place(node, text):
    """Return the line and the column of a node of the tree of `text`; `ast` counts columns in bytes."""
    at = getattr(node, "col_offset", None)
    return text, None if at is None else len(text.encode(errors="replace")[:at].decode(errors="ignore"))


def _shown(node):
    """Return a node as short text; that of a monster is cut."""
    try:
        text = ast.unparse(node)
    except (RecursionError, ValueError):
        text = type(node).__name__
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _is_finite(value):
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that is too large for a float
        return False


def check_nodes(node, text, where, depth=0):
    """Walk the tree and refuse every node that is not of the grammar."""

    def refuse(message):
        raise EquationError(where, message, *place(node, text))

    if depth > DEEPEST:
        refuse(f"nested deeper than {DEEPEST} levels")
    if isinstance(node, ast.Constant):
        if type(node.value) not in (int, float) or not _is_finite(node.value):
            refuse(f"only numbers may stand here, up to 1e308 (got {_shown(node)})")
        return
    if isinstance(node, ast.Name):
        if node.id.startswith("_") or "__" in node.id:
            refuse(f"a name must not start with an underscore or have two of them (got {node.id!r})")
        return
    if isinstance(node, ast.Call):
        _check_call(node, refuse)
        children = node.args
    elif isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        children = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd | ast.Not):
        children = [node.operand]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
        children = [node.left, *node.comparators]
    elif isinstance(node, ast.Compare) and len(node.ops) > 1:
        refuse("compare two at a time: 'a < x and x < b'")
    elif isinstance(node, ast.BoolOp):
        children = node.values
    elif isinstance(node, ast.IfExp):
        children = [node.test, node.body, node.orelse]
    else:
        allowed = "numbers, names, + - * / **, comparisons and functions may stand here"
        refuse(f"{_shown(node)} is not arithmetic: {allowed}")
    for child in children:
        check_nodes(child, text, where, depth + 1)


def _check_call(node, refuse):
    name = node.func.id if isinstance(node.func, ast.Name) else None
    if name not in FUNCTIONS:
        refuse(f"unknown function {_shown(node.func)}{nearest(name, FUNCTIONS)}")
    if node.keywords or any(isinstance(a, ast.Starred) for a in node.args) or len(node.args) != ARGUMENTS[name]:
        refuse(f"{name} takes {ARGUMENTS[name]} argument{'s' * (ARGUMENTS[name] != 1)} (got {len(node.args)})")
