"""The language of equations: arithmetic on names, parsed against a list of what is allowed.

Nothing a user types is ever evaluated as Python. A string is parsed by the standard library's `ast`, every node is checked
against the `grammar`, and everything else works on that tree: `evaluate` computes its value, `algebra` rearranges it,
`lower` turns it into what a kernel computes. The documentation of `brainsim.Neuron` describes the language for users.
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from brainsim.core.checks import check_name, nearest
from brainsim.core.units import UNITS
from brainsim.equations.expressions.grammar import (
    FUNCTIONS,
    LOOKUP,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_NODES,
    MAX_TERMS,
    NAME,
    NONE_CALLED,
    NOW,
    RANDOM,
    Called,
    EquationError,
    Line,
    Tree,
    as_typed,
    check_brackets,
    check_nodes,
    constant_value,
    function_name,
    is_chain,
    syntax_hint,
)
from brainsim.equations.expressions.remainders import written_out

Trees = Mapping[str, Tree]


def parse_expression(text: str, label: str, called: Called = NONE_CALLED, line: Line | None = None) -> Tree:
    """Parse one expression and return its checked tree; raise EquationError for anything outside the grammar.

    Of the names that are `called`, ``name(t)`` of a TimedArray becomes the name ``name__t``, and ``name(x)`` of a Curve
    ``interpolated(name, x)``. Messages show `line`, of which the expression is a part.
    """
    if isinstance(text, str) and len(text) > MAX_LENGTH:
        raise EquationError(label, f"longer than {MAX_LENGTH} characters; break it into lines 'name = ...'")
    if line is None:
        lines = _logical_lines(text, label)
        if len(lines) != 1:
            hint = "put an expression of several lines in brackets"
            raise EquationError(label, f"must be one expression (got {len(lines)} lines); {hint}")
        text, line = lines[0], Line(lines[0])
    check_brackets(line, label)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings of Python, such as those about "1if", do not help here
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        column = getattr(error, "offset", None)
        hint = syntax_hint(text)
        why = f" ({error.msg})" if isinstance(error, SyntaxError) and not hint else ""  # Python's words say less than a hint
        reason = f"this is not an expression{why}{hint}"
        raise EquationError(label, reason, line.text, line.start + max(0, column - 1) if column else None) from None
    check_nodes(tree, line, label, called)
    tree = written_out(_with_called(tree, called), line, label)
    _reject_division_by_zero(tree, line, label)
    tree.line = line  # for messages of later checks
    return tree


def parse_equations(text: str, label: str, called: Called = NONE_CALLED) -> tuple[dict[str, Tree], dict[str, Tree]]:
    """Parse lines ``dx/dt = expression`` and ``name = expression``.

    Returns a pair of dicts, name -> tree: the derivatives, and the algebraic lines in the order of the text.
    A ``#`` starts a comment; within brackets an equation may continue on the next line, and ``;`` separates several.
    """
    derivatives: dict[str, Tree] = {}
    algebraic: dict[str, Tree] = {}
    parts = (part.strip() for line in _logical_lines(text, label) for part in line.split(";"))
    for line in filter(None, parts):
        left, equals, right, start = _split_equals(line, label)
        match = re.fullmatch(r"d(\w+)\s*/\s*dt", left)
        table = derivatives if match else algebraic
        name = _name(match.group(1) if match else left)
        if name is None:
            raise EquationError(label, "an equation is 'dx/dt = ...' or 'name = ...'", line, 0)
        check_name(name, label)
        if name in derivatives or name in algebraic:
            raise EquationError(label, f"{name!r} has two equations", line, 0)
        table[name] = parse_expression(right, label, called, Line(line, start))
    return derivatives, algebraic


def parse_assignments(text: str, label: str, called: Called = NONE_CALLED) -> list[tuple[str, Tree]]:
    """Parse ``v = c; u = u + d`` (or ``u += d``) into a list of (name, tree) in the order of the text."""
    result = []
    for line in _logical_lines(text, label):
        for part in filter(None, (p.strip() for p in line.split(";"))):
            left, operator, right, start = _split_equals(part, label)
            name = _name(left)
            if name is None:
                raise EquationError(label, "an assignment is 'name = expression'", part, 0)
            tree = parse_expression(right, label, called, Line(part, start))
            if operator != "=":
                operators = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div}
                total: Tree = ast.BinOp(ast.Name(name, col_offset=0), operators[operator[0]](), tree, col_offset=0)
                total.line, tree = tree.line, total
            result.append((name, tree))
    return result


def names_in(tree: ast.AST) -> set[str]:
    """Return the names that an expression uses, without those of functions."""
    if isinstance(tree, ast.Constant):  # as are nearly all entries of the matrix of a large system
        return set()
    names, called = [], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            names.append(node)
        elif isinstance(node, ast.Call):
            called.add(id(node.func))
    return {node.id for node in names if id(node) not in called}


def calls_in(tree: ast.AST) -> set[str]:
    """Return the functions that an expression calls."""
    return {function_name(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def line_of(tree: ast.AST) -> Line:
    """Return the line in which a tree was typed, or the tree as text."""
    return getattr(tree, "line", None) or Line(as_typed(tree))


def place_of(tree: Tree, name: str, line: Line | None = None) -> tuple[str, int | None]:
    """Return the line in which a tree was typed, and the column at which a name in it stands."""
    node = next(node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name)
    return (line or line_of(tree)).place(node)


def check_names(tree: Tree, known: Collection[str], label: str) -> None:
    """Raise EquationError for a name outside `known`, with the nearest known name."""
    for name in sorted(names_in(tree)):
        if name not in known:
            message = f"unknown name {name!r}{nearest(name, sorted(k.replace(NOW, '(t)') for k in known))}"
            if name + NOW in known:
                message = f"{name!r} is a TimedArray; write {name}(t)"
            elif name in UNITS:
                message = f"unknown name {name!r}; a unit follows a number that stands alone, 'limit = 5 {name}'"
            raise EquationError(label, message, *place_of(tree, name))


def check_kind(tree: Tree, label: str, condition: bool = False, line: Line | None = None) -> None:
    """Raise EquationError unless the tree is a number, or with `condition` a comparison, and likewise each of its parts."""
    line = line or line_of(tree)
    logical = is_condition(tree)
    if logical and not condition:
        raise EquationError(label, "a comparison is not a number; write where(comparison, 1, 0)", *line.place(tree))
    if condition and not logical:
        raise EquationError(label, "must be a comparison, such as 'v >= v_th'", *line.place(tree))
    tests = tree.values if isinstance(tree, ast.BoolOp) else [tree.test] if isinstance(tree, ast.IfExp) else []
    if isinstance(tree, ast.UnaryOp) and logical:
        tests = [tree.operand]
    if isinstance(tree, ast.Call) and function_name(tree) == "where":
        tests = tree.args[:1]
    rebuild(tree, lambda operand: check_kind(operand, label, any(operand is test for test in tests), line))


def is_condition(tree: ast.AST) -> bool:
    """Return whether a tree is a comparison, or several joined by 'and', 'or', 'not'."""
    return isinstance(tree, ast.Compare | ast.BoolOp) or (isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not))


def substitute(tree: Tree, replacements: Trees) -> Tree:
    """Return `tree` with each name in `replacements` replaced by its tree; the arguments are not changed."""

    def replace(part):
        return replacements.get(part.id, part) if isinstance(part, ast.Name) else rebuild(part, replace)

    return replace(tree)


def expand(tree: Tree, replacements: Trees, label: str) -> Tree:
    """Return `substitute`; raise EquationError if the tree gets too large, as it can by lines such as ``b = a + a``."""
    inserted = [replacements[node.id] for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in replacements]
    sizes = {id(part): sum(1 for _ in ast.walk(part)) for part in inserted}
    if sum(sizes[id(part)] for part in inserted) <= MAX_NODES:
        result = substitute(tree, replacements)
        depth, terms = _depths(result)
        if depth <= 2 * MAX_DEPTH and terms <= 1.2 * MAX_TERMS:
            return result
    line = getattr(tree, "line", None)
    raise EquationError(label, "too large after the lines 'name = ...' are substituted", line.text if line else "")


def resolve(tree: Tree, lines: Trees, label: str) -> Tree:
    """Return `tree` with the names of lines replaced until none is left; see `expand`."""
    while names_in(tree) & lines.keys():
        tree = expand(tree, lines, label)
    return tree


def rebuild(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """Return the tree with `change` applied to each of its operands."""
    if isinstance(tree, ast.BinOp):
        return ast.BinOp(change(tree.left), tree.op, change(tree.right))
    if isinstance(tree, ast.UnaryOp):
        return ast.UnaryOp(tree.op, change(tree.operand))
    if isinstance(tree, ast.BoolOp):
        return ast.BoolOp(tree.op, [change(v) for v in tree.values])
    if isinstance(tree, ast.IfExp):
        return ast.IfExp(*(change(t) for t in (tree.test, tree.body, tree.orelse)))
    if isinstance(tree, ast.Compare):
        return ast.Compare(change(tree.left), tree.ops, [change(tree.comparators[0])])
    if isinstance(tree, ast.Call):
        return ast.Call(tree.func, [change(a) for a in tree.args], [])
    return tree


def compute(tree: Tree, values: Mapping[str, Any]) -> Any:
    """Compute a value that enters a run: like `evaluate`, but with the same bits on every processor."""
    from brainsim.jit.functions import FUNCTIONS as EXACT

    return evaluate(tree, values, FUNCTIONS | EXACT)


def evaluate(tree: Tree, values: Mapping[str, Any], functions: Mapping[str, Any] = FUNCTIONS) -> Any:
    """Compute an expression with numbers or NumPy arrays as the values of its names."""
    if isinstance(tree, ast.Constant):
        return constant_value(tree)
    if isinstance(tree, ast.Name):
        return values[tree.id]
    if isinstance(tree, ast.UnaryOp):
        value = evaluate(tree.operand, values, functions)
        return np.logical_not(value) if isinstance(tree.op, ast.Not) else -value if isinstance(tree.op, ast.USub) else value
    if isinstance(tree, ast.BoolOp):
        combine = np.logical_and if isinstance(tree.op, ast.And) else np.logical_or
        return _reduce(combine, [evaluate(v, values, functions) for v in tree.values])
    if isinstance(tree, ast.IfExp):
        return np.where(*(evaluate(t, values, functions) for t in (tree.test, tree.body, tree.orelse)))
    if isinstance(tree, ast.Call) and function_name(tree) == LOOKUP:
        curve, argument = (evaluate(a, values, functions) for a in tree.args)
        return curve.at(argument)
    if isinstance(tree, ast.Call):
        return functions[function_name(tree)](*(evaluate(a, values, functions) for a in tree.args))
    if isinstance(tree, ast.Compare):
        left, right = (evaluate(t, values, functions) for t in (tree.left, tree.comparators[0]))
        return _compare(type(tree.ops[0]), left, right)
    left, right = (evaluate(t, values, functions) for t in (tree.left, tree.right))
    if isinstance(tree.op, ast.Pow):
        return functions.get("**", np.power)(left, right)
    return _binary(type(tree.op), left, right)


def _reject_division_by_zero(tree, line, label):
    """Raise EquationError for a divisor that consists of numbers only and is 0."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)) or names_in(node.right):
            continue
        if not calls_in(node.right) & RANDOM:
            with np.errstate(all="ignore"):
                divisor = evaluate(node.right, {})
            if np.all(divisor == 0.0):
                raise EquationError(label, "this divides by 0", *line.place(node.right))


def _with_called(tree, called):
    """Return the tree with calls of TimedArrays and Curves replaced, as `parse_expression` says."""
    if isinstance(tree, ast.Call) and (name := function_name(tree)) in called:
        if called[name]:
            return ast.Name(name + NOW, col_offset=tree.col_offset)
        arguments = [ast.Name(name, col_offset=tree.col_offset), _with_called(tree.args[0], called)]
        return ast.Call(ast.Name(LOOKUP), arguments, [], col_offset=tree.col_offset)
    for field, value in ast.iter_fields(tree):
        if isinstance(value, ast.expr):
            setattr(tree, field, _with_called(value, called))
        elif isinstance(value, list):
            setattr(tree, field, [_with_called(v, called) if isinstance(v, ast.expr) else v for v in value])
    return tree


def _logical_lines(text, label):
    """Split a string into equations: without comments, lines joined while a bracket is open, up to the next equation."""
    if not isinstance(text, str):
        raise EquationError(label, f"must be a string (got {text!r})")
    lines, parts, opened = [], [], 0
    for raw in text.splitlines():
        raw = raw.split("#")[0].strip()
        if not raw:
            continue
        if parts and re.match(r"(d\w+\s*/\s*dt|\w+)\s*=(?!=)", raw):
            lines.append(" ".join(parts))
            parts, opened = [], 0
        parts.append(raw)
        opened += raw.count("(") - raw.count(")")
        if opened <= 0:
            lines.append(" ".join(parts))
            parts, opened = [], 0
    return [*lines, " ".join(parts)] if parts else lines


def _split_equals(line, label):
    """Return the left side, the sign, the right side and the column at which the right side begins."""
    if len(line) > MAX_LENGTH:
        raise EquationError(label, f"longer than {MAX_LENGTH} characters; break it into lines 'name = ...'")
    match = re.fullmatch(r"([^=<>!]*?)\s*([-+*/]?=)(?!=)\s*(.*)", line, re.DOTALL)
    if not match or not match.group(3):
        continued = re.match(r"[-+*/<>)]|and\b|or\b", line)
        hint = "; put an expression of several lines in brackets" if continued else ""
        raise EquationError(label, f"needs one '=' with something on both sides{hint}", line)
    return match.group(1).strip(), match.group(2), match.group(3), match.start(3)


def _name(text):
    """Return a name in the form in which Python reads it, with variants of a letter unified; None if it is not a name."""
    name = unicodedata.normalize("NFKC", text)
    return name if text.isidentifier() and re.fullmatch(NAME, name) else None


def check_npz_name(name: object, label: str) -> None:
    """Raise ValueError unless `name` can be used in equations, in the form in which Python reads it and kernels use it."""
    if not isinstance(name, str) or keyword.iskeyword(name) or _name(name) != name:
        form = _name(name) if isinstance(name, str) else None
        hint = f"; did you mean {form!r}?" if form and form != name else ""
        message = "must be a name of letters, digits and single underscores, such as 'tau_m', and not a keyword of Python"
        raise ValueError(f"{label}: {message} (got {name!r}){hint}")
    check_name(name, label)


def _depths(tree):
    """Return the numbers of nested levels of a tree, with the terms of a sum or product as one level and as one each."""
    depth = terms = 0
    for k, child in enumerate(ast.iter_child_nodes(tree)):
        below, all_below = _depths(child)
        depth, terms = max(depth, below + (k > 0 or not is_chain(tree))), max(terms, all_below + 1)
    return depth, terms


def _reduce(combine, items):
    result = items[0]
    for item in items[1:]:
        result = combine(result, item)
    return result


def _compare(operator, a, b):
    return {
        ast.Lt: np.less,
        ast.LtE: np.less_equal,
        ast.Gt: np.greater,
        ast.GtE: np.greater_equal,
        ast.Eq: np.equal,
        ast.NotEq: np.not_equal,
    }[operator](a, b)


def _binary(operator, a, b):
    functions = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide}
    # in the text of kernels
    functions |= {ast.BitAnd: np.logical_and, ast.BitOr: np.logical_or, ast.BitXor: np.logical_xor}
    return functions[operator](a, b)
