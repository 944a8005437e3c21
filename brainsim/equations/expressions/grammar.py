"""What an equation may contain: every text that users type is checked here. The error shows the line and the column.

A string that has passed consists of numbers, names, arithmetic, comparisons and calls of `FUNCTIONS`, and of nothing else.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from brainsim.core.checks import MAX_NAME, nearest
from brainsim.core.units import UNITS


def _sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(np.asarray(x) >= 0, 1 / (1 + small), small / (1 + small))


def _exprel(x):
    zero = np.asarray(x) == 0
    return np.where(zero, 1.0, np.expm1(x) / np.where(zero, 1.0, x))


FUNCTIONS: dict[str, Any] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "arcsin": np.arcsin,
    "arccos": np.arccos,
    "arctan": np.arctan,
    "floor": np.floor,
    "ceil": np.ceil,
    "sign": np.sign,
    "min": np.minimum,
    "max": np.maximum,
    "clip": np.clip,
    "where": np.where,
    "sigmoid": _sigmoid,
    "exprel": _exprel,
    "rand": None,
    "randn": None,
    "rand_all": None,
    "binomial": None,
}
ARGUMENTS = dict.fromkeys(FUNCTIONS, 1) | {"min": 2, "max": 2, "clip": 3, "where": 3, "rand": 0, "randn": 0, "rand_all": 0}
ARGUMENTS["binomial"] = 2
# random functions -> the helpers of kernels
SAMPLERS = {"rand": "uniform", "rand_all": "uniform", "randn": "gaussian", "binomial": "binomial"}
RANDOM = {*SAMPLERS}
# functions of other languages, as they are written here
FOREIGN_FUNCTIONS = {
    "ln": "log(x)",
    "pow": "x**y",
    "power": "x**y",
    "heaviside": "where(x > 0, 1, 0)",
    "int": "floor(x)",
    "round": "floor(x + 0.5)",
    "log2": "log(x)/log(2)",
    "asin": "arcsin(x)",
    "acos": "arccos(x)",
    "atan": "arctan(x)",
    "sech": "1/cosh(x)",
    "coth": "1/tanh(x)",
    "mod": "x % y",
    "fabs": "abs(x)",
}
SUMMED = (
    "; an equation is about one cell. What spikes send to it is a variable of a bs.Synapse, which each event changes "
    "(arrival = 'g = g + w'); a sum over other cells' variables is a bs.Coupling"
)
BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
COMPARE = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
# operators of other languages, with a hint
FOREIGN_OPERATORS: dict[Any, str] = {
    ast.BitXor: "a power is written '**'",
    ast.BitAnd: "write 'and' for '&'",
    ast.BitOr: "write 'or' for '|'",
    ast.Invert: "write 'not' for '~'",
}
WHOLE = ast.Mod, ast.FloorDiv  # operators that `remainders` writes out
MAX_LENGTH = 4000  # characters of a string
MAX_DEPTH = 60  # levels of nesting
MAX_NODES = 10_000  # of a tree after substitution
MAX_TERMS = 200  # of one sum or product, which Python nests to the left, and levels in total, since functions recurse
CHAINS = ({ast.Add, ast.Sub}, {ast.Mult, ast.Div})
MAX_WIDTH = 100  # characters of a line in a message
NAME = r"(?!\w*__)[^\W\d_]\w*"
Tree = Any  # an expression of `ast`; its fields depend on the kind of node, which type checkers cannot follow
NOW = "__t"  # `table(t)` becomes the name `table__t`, which no user can type
LOOKUP = "interpolated"  # `curve(v)` becomes the call `interpolated(curve, v)`, in which curve is the name of a parameter
# parameters that are called -> whether with t only, which are TimedArrays; the others are Curves
Called = Mapping[str, bool]
NONE_CALLED: Called = MappingProxyType({})


class EquationError(ValueError):
    """A string that is not valid in the language of equations. The message shows the line and marks the column.

    Parameters
    ----------
    label : str
        ``Class.field``, with which the message begins.
    message : str
        What is wrong, and what to write instead.
    line : str
        The line to show.
    column : int, optional
        The column to mark.
    """

    def __init__(self, label: str, message: str, line: str = "", column: int | None = None):
        text = f"{label}: {message}"
        if line:
            if len(line) > MAX_WIDTH:  # only the part around the column
                start = max(0, (column or 0) - MAX_WIDTH // 2)
                line, column = line[start : start + MAX_WIDTH], None if column is None else column - start
            text += f"\n    {line}"
            if column is not None:
                text += f"\n    {' ' * column}^"
        super().__init__(text)


class Line:
    """A line as it was typed, for messages, with the column at which an expression begins in it."""

    def __init__(self, text: str, start: int = 0):
        self.text, self.start = text, start

    def place(self, node: ast.AST | None) -> tuple[str, int | None]:
        """Return the line and the column of a node of the expression; `ast` counts columns in bytes."""
        offset = getattr(node, "col_offset", None)
        if offset is None:
            return self.text, None
        part = self.text[self.start :]
        return self.text, self.start + len(part.encode(errors="replace")[:offset].decode(errors="ignore"))


def check_brackets(line: Line, label: str) -> None:
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


def syntax_hint(text: str) -> str:
    """Return what to write instead of a string that Python cannot parse, after a semicolon; '' if that is not clear."""
    factor = re.search(r"(?<![\w.])(\d+\.?\d*)([^\W\d_]\w*)", text)
    if unit := re.search(rf"(?<![\w.])(\d+\.?\d*)\s+({'|'.join(UNITS[:-1])})\b", text):
        return f"; a number in an expression has no unit: give it a name in a line of its own, 'limit = {unit[1]} {unit[2]}'"
    if re.search(r"(?<![=<>!:+*/-])=(?!=)", text):
        return "; '=' assigns, to compare write '>=', '<=' or '=='"
    if "&&" in text or "||" in text:
        return f"; {FOREIGN_OPERATORS[ast.BitAnd if '&&' in text else ast.BitOr]}"
    if re.search(r"!(?!=)", text):
        return "; write 'not' for '!'"
    if factor and not re.fullmatch(r"[eE]\d*", factor.group(2)):
        return f"; write {factor.group(1)}*{factor.group(2)}"
    if re.search(r"[-+*/\\]\s*$|\\ ", text):
        return "; put an expression of several lines in brackets"
    if re.search(r":\s*(1\b|[^\W\d_])", text):
        return "; a unit is written after ':' only at the end of 'dx/dt = ...', and a parameter is 'tau = 20 ms'"
    return ""


def shown(node: ast.AST) -> str:
    """Return a node as text for messages, cut if it is long."""
    try:
        text = as_typed(node)
    except (RecursionError, ValueError):
        text = type(node).__name__
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def as_typed(tree: ast.AST) -> str:
    """Return a tree as text in which TimedArrays and Curves are called as the user does it."""
    return re.sub(rf"\b{LOOKUP}\((\w+), ", r"\1(", ast.unparse(tree)).replace(NOW, "(t)")


def _is_finite(value):
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number too large for a float
        return False


def function_name(call: Tree) -> str:
    """Return the name of the function in a call."""
    return call.func.id


def constant_value(constant: Tree) -> float:
    """Return the value of a literal number."""
    return float(constant.value)


def is_chain(node: ast.AST) -> bool:
    """Return whether a node and its left operand form one sum or product such as ``a + b - c``, without brackets."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.left, ast.BinOp)
        and any(type(node.op) in chain and type(node.left.op) in chain for chain in CHAINS)
    )


def check_nodes(node: Tree, line: Line, label: str, called: Called = NONE_CALLED, depth: int = 0, terms: int = 0) -> None:
    """Walk the tree and raise EquationError at the first node outside the grammar; messages show `line`.

    `called` are the names that are called. `depth` counts the levels above the node with all terms of a sum or product as
    one level, `terms` with each term as a level.
    """

    def reject(message):
        raise EquationError(label, message, *line.place(node))

    if depth > MAX_DEPTH:
        reject(f"nested deeper than {MAX_DEPTH} levels")
    if terms > MAX_TERMS:
        reject(f"a sum or product of more than {MAX_TERMS} terms and brackets; break it into lines 'name = ...'")
    if isinstance(node, ast.Constant):
        if type(node.value) not in (int, float) or not _is_finite(node.value):
            reject(f"only numbers up to 1e308 are allowed here (got {shown(node)})")
        return
    if isinstance(node, ast.Name):
        if node.id.startswith("_") or "__" in node.id:
            reject(f"a name must not start with '_' or contain '__' (got {node.id!r})")
        if len(node.id) > MAX_NAME:
            reject(f"a name must have at most {MAX_NAME} characters")
        if not called.get(node.id, True):
            reject(f"{node.id} is a Curve, a function of one variable; write {node.id}(v)")
        return
    children: list[Tree] = []
    if isinstance(node, ast.Call):
        _check_call(node, reject, called)
        children = node.args
    elif isinstance(node, ast.BinOp) and type(node.op) in (*BINARY, *WHOLE):
        children = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd | ast.Not):
        children = [node.operand]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
        children = [node.left, *node.comparators]
    elif isinstance(node, ast.Compare) and len(node.ops) > 1:
        operators = [type(part.op) for part in node.comparators if isinstance(part, ast.BinOp)]
        hints = [FOREIGN_OPERATORS[operator] for operator in operators if operator in FOREIGN_OPERATORS]
        reject(hints[0] if hints else "compare two at a time: 'a < x and x < b'")
    elif isinstance(node, ast.BoolOp):
        children = node.values
    elif isinstance(node, ast.IfExp):
        children = [node.test, node.body, node.orelse]
    else:
        allowed = "numbers, names, + - * / ** % //, comparisons and functions are allowed here"
        reject(f"{shown(node)} is not arithmetic: {FOREIGN_OPERATORS.get(type(getattr(node, 'op', None)), allowed)}")
    for k, child in enumerate(children):
        check_nodes(child, line, label, called, depth + (k > 0 or not is_chain(node)), terms + 1)


def _check_call(node, reject, called):
    name = node.func.id if isinstance(node.func, ast.Name) else None
    if isinstance(node.func, ast.Constant):
        reject(f"a product is written with '*': {shown(node.func)[1:-1]}*(...)")
    plain = not node.keywords and not any(isinstance(a, ast.Starred) for a in node.args)
    if not called.get(name, True):
        if not (plain and len(node.args) == 1):
            reject(f"{name} is a Curve, a function of one variable; write {name}(v)")
    elif name in called:
        if not (plain and len(node.args) == 1 and isinstance(node.args[0], ast.Name) and node.args[0].id == "t"):
            where = "even if it has a column for each cell"
            if len(node.args) == 1 and any(isinstance(n, ast.Name) and n.id == "t" for n in ast.walk(node.args[0])):
                where = f"at no other time than t: for a delay, give {name}=values.delayed(5.0) to the model"
                where += f"; if the delay changes, {name} is a bs.Curve(times, values, of='ms')"
            reject(f"{name} is a TimedArray; write {name}(t), {where}")
    elif name not in FUNCTIONS:
        typed = name or getattr(node.func, "attr", None)
        hint = f"; write {FOREIGN_FUNCTIONS[typed]}" if typed in FOREIGN_FUNCTIONS else None
        if hint is None:
            hint = SUMMED if typed == "sum" else _nearest_function(name, typed, node.args, called)
        reject(f"unknown function {shown(node.func)}{hint}")
    elif not plain or len(node.args) != ARGUMENTS[name]:
        reject(f"{name} takes {ARGUMENTS[name]} argument{'s' * (ARGUMENTS[name] != 1)} (got {len(node.args)})")


def _nearest_function(name, typed, arguments, called):
    """Return what may have been meant by a call of an unknown function."""
    hint = nearest(typed, [*FUNCTIONS, *called])
    if "did you mean" in hint or not name:
        return hint
    if any(isinstance(part, ast.Name) and part.id == "t" for argument in arguments for part in ast.walk(argument)):
        declared = f"{name}: bs.TimedArray = bs.parameter(bs.TimedArray(...), 'mV', 'what it is')"
        return f"; a table over time is a parameter of the class, {declared}, or itself the rate or amplitude of an input"
    curve = f"{name} = bs.parameter(bs.Curve(x, y, of='mV'), unit, meaning)"
    return f"{hint}; a product is written {name}*(...), and a function given by points is a parameter, {curve}"
