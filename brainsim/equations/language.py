"""The language of equations: arithmetic on names, parsed against a list of what is allowed.

Nothing a user types is ever evaluated as Python. A text is parsed by the standard library's `ast`, every node is checked
against the `grammar`, and what follows works on that tree: `evaluate` (numbers), `render` (text of a kernel) and
`linear_in` (the slope and the rest of an expression that is linear in a name).
"""

import ast
import re
import warnings

import numpy as np

from brainsim.equations.grammar import (
    BINARY,
    COMPARE,
    DEEPEST,
    FUNCTIONS,
    LARGEST,
    LONGEST,
    NAME,
    EquationError,
    check_brackets,
    check_nodes,
    place,
)
from brainsim.numbers.checks import nearest

ZERO, ONE = ast.Constant(0.0), ast.Constant(1.0)


def parse_expression(text, where):
    """Parse one expression and return its checked tree; raise EquationError for anything outside the grammar."""
    if not isinstance(text, str):
        raise EquationError(where, f"must be a text (got {text!r})")
    if len(text) > LONGEST:
        raise EquationError(where, f"longer than {LONGEST} characters")
    lines = _logical_lines(text)
    if len(lines) != 1:
        raise EquationError(where, f"must be one expression (got {len(lines)} lines); one in brackets may go on over lines")
    text = lines[0]
    check_brackets(text, where)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's own remarks, on "1if" for one, are no help here
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        column = getattr(error, "offset", None)
        reason = f"not an expression ({error.msg})" if isinstance(error, SyntaxError) else "not an expression"
        raise EquationError(where, reason, text, max(0, column - 1) if column else None) from None
    check_nodes(tree, text, where)
    tree.source = text  # for messages about what is found out later
    return tree


def parse_equations(text, where):
    """Parse lines ``dx/dt = expression`` and ``name = expression``.

    Returns a pair of dicts, name -> tree: the derivatives, and the algebraic lines in their order.
    A ``#`` starts a comment; an equation goes on over line ends inside brackets.
    """
    derivatives, algebraic = {}, {}
    for line in _logical_lines(text):
        left, equals, right = _split_equals(line, where)
        match = re.fullmatch(r"d([A-Za-z]\w*)\s*/\s*dt", left)
        name, table = (match.group(1), derivatives) if match else (left, algebraic)
        if not re.fullmatch(NAME, name):
            raise EquationError(where, "an equation is 'dx/dt = ...' or 'name = ...'", line, 0)
        if name in derivatives or name in algebraic:
            raise EquationError(where, f"{name!r} has two equations", line, 0)
        table[name] = parse_expression(right, where)
    return derivatives, algebraic


def parse_assignments(text, where):
    """Parse ``v = c; u = u + d`` (or ``u += d``) into a list of (name, tree), in their order."""
    result = []
    for line in _logical_lines(text):
        for part in filter(None, (p.strip() for p in line.split(";"))):
            left, operator, right = _split_equals(part, where)
            if operator != "=":
                right = f"{left} {operator[0]} ({right})"
            if not re.fullmatch(NAME, left):
                raise EquationError(where, "an assignment is 'name = expression'", part, 0)
            result.append((left, parse_expression(right, where)))
    return result


def names_in(tree):
    """Return the set of names an expression uses, functions apart."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}


def check_names(tree, known, where):
    """Raise EquationError for a name outside `known`, with the nearest one that is."""
    for name in sorted(names_in(tree)):
        if name not in known:
            found = next(node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name)
            message = f"unknown name {name!r}{nearest(name, sorted(known))}"
            raise EquationError(where, message, *place(found, getattr(tree, "source", None) or ast.unparse(tree)))


def check_kind(tree, where, condition=False):
    """Raise EquationError unless the tree is a number (if `condition`, a comparison) and its parts are what they must be."""
    logical = isinstance(tree, ast.Compare | ast.BoolOp) or (isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not))
    if logical and not condition:
        text = ast.unparse(tree)
        raise EquationError(where, "a comparison is no number; write where(comparison, 1, 0)", text, 0)
    if condition and not logical:
        raise EquationError(where, "must be a comparison, such as 'v >= v_th'", ast.unparse(tree), 0)
    tests = tree.values if isinstance(tree, ast.BoolOp) else [tree.test] if isinstance(tree, ast.IfExp) else []
    if isinstance(tree, ast.UnaryOp) and logical:
        tests = [tree.operand]
    if isinstance(tree, ast.Call) and tree.func.id == "where":
        tests = tree.args[:1]
    rebuilt(tree, lambda operand: check_kind(operand, where, any(operand is test for test in tests)))


def calls_in(tree):
    """Return the set of functions an expression calls."""
    return {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call)}


def substitute(tree, replacements):
    """Return `tree` with the tree of each name of `replacements` in its place; nothing that was given is changed."""
    if isinstance(tree, ast.Name):
        return replacements.get(tree.id, tree)
    return rebuilt(tree, lambda operand: substitute(operand, replacements))


def expanded(tree, replacements, where):
    """Return `substitute`; raise EquationError where the tree would grow out of hand, as by lines like ``b = a + a``."""
    named = [replacements[node.id] for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in replacements]
    sizes = {id(part): sum(1 for _ in ast.walk(part)) for part in named}
    result = tree
    if sum(sizes[id(part)] for part in named) <= LARGEST:
        result = substitute(tree, replacements)
        if _depth(result) <= 2 * DEEPEST:
            return result
    raise EquationError(where, "too large once the lines 'name = ...' are put in", getattr(tree, "source", ""))


def rebuilt(tree, change):
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


def evaluate(tree, values):
    """Compute an expression with numbers or NumPy arrays for its names."""
    if isinstance(tree, ast.Constant):
        return float(tree.value)
    if isinstance(tree, ast.Name):
        return values[tree.id]
    if isinstance(tree, ast.UnaryOp):
        value = evaluate(tree.operand, values)
        return np.logical_not(value) if isinstance(tree.op, ast.Not) else -value if isinstance(tree.op, ast.USub) else value
    if isinstance(tree, ast.BoolOp):
        combine = np.logical_and if isinstance(tree.op, ast.And) else np.logical_or
        return _reduce(combine, [evaluate(v, values) for v in tree.values])
    if isinstance(tree, ast.IfExp):
        return np.where(*(evaluate(t, values) for t in (tree.test, tree.body, tree.orelse)))
    if isinstance(tree, ast.Call):
        return FUNCTIONS[tree.func.id](*(evaluate(a, values) for a in tree.args))
    if isinstance(tree, ast.Compare):
        return _compare(type(tree.ops[0]), evaluate(tree.left, values), evaluate(tree.comparators[0], values))
    return _binary(type(tree.op), evaluate(tree.left, values), evaluate(tree.right, values))


def render(tree):
    """Return the expression as text for a kernel; powers with small whole exponents become products."""
    if isinstance(tree, ast.Constant):
        return repr(float(tree.value))
    if isinstance(tree, ast.Name):
        return tree.id
    if isinstance(tree, ast.UnaryOp):
        # '&' and '^' instead of 'and' and 'not': a branch would keep the loop from vectorising
        operand = render(tree.operand)
        if isinstance(tree.op, ast.UAdd):
            return operand
        return f"({operand} ^ True)" if isinstance(tree.op, ast.Not) else f"(-{operand})"
    if isinstance(tree, ast.BoolOp):
        return "(" + (" & " if isinstance(tree.op, ast.And) else " | ").join(render(v) for v in tree.values) + ")"
    if isinstance(tree, ast.IfExp):
        return f"({render(tree.body)} if {render(tree.test)} else {render(tree.orelse)})"
    if isinstance(tree, ast.Compare):
        return f"({render(tree.left)} {COMPARE[type(tree.ops[0])]} {render(tree.comparators[0])})"
    if isinstance(tree, ast.Call):
        return _render_call(tree.func.id, [render(a) for a in tree.args])
    return _render_binary(tree)


def linear_in(tree, name):
    """Return (slope, rest) with ``tree == slope*name + rest``, both free of `name`, or None where it is not linear."""
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


def linear_terms(tree, name):
    """Return (slope, rest) with ``tree == slope*name + rest``; what is not linear in `name` stays in the rest."""
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


def is_zero(tree):
    """Return whether the tree is the constant 0."""
    return isinstance(tree, ast.Constant) and tree.value == 0


def is_one(tree):
    """Return whether the tree is the constant 1."""
    return isinstance(tree, ast.Constant) and tree.value == 1


def plus(a, b):
    """Return the tree a + b, without a term that is 0."""
    return b if is_zero(a) else a if is_zero(b) else ast.BinOp(a, ast.Add(), b)


def times(a, b):
    """Return the tree a * b, without a factor that is 1, and 0 where one is."""
    if is_zero(a) or is_zero(b):
        return ZERO
    return b if is_one(a) else a if is_one(b) else ast.BinOp(a, ast.Mult(), b)


def over(a, b):
    """Return the tree a / b."""
    return a if is_zero(a) or is_one(b) else ast.BinOp(a, ast.Div(), b)


def negative(a):
    """Return the tree -a."""
    return a if is_zero(a) else ast.UnaryOp(ast.USub(), a)


def _logical_lines(text):
    """Split a text into equations: comments gone, lines joined while a bracket is open."""
    lines, open_line = [], ""
    for raw in text.splitlines():
        open_line = f"{open_line} {raw.split('#')[0].strip()}".strip()
        if open_line and open_line.count("(") <= open_line.count(")"):
            lines.append(open_line)
            open_line = ""
    return [*lines, open_line] if open_line else lines


def _split_equals(line, where):
    if len(line) > LONGEST:
        raise EquationError(where, f"longer than {LONGEST} characters")
    match = re.fullmatch(r"([^=<>!]*?)\s*([-+*/]?=)(?!=)\s*(.*)", line, re.DOTALL)
    if not match or not match.group(3):
        raise EquationError(where, "needs one '=' with something on both sides", line)
    return match.group(1).strip(), match.group(2), match.group(3)


def _depth(tree):
    """Return over how many levels a checked tree is nested."""
    return 1 + max((_depth(child) for child in ast.iter_child_nodes(tree)), default=0)


def _reduce(combine, items):
    result = items[0]
    for item in items[1:]:
        result = combine(result, item)
    return result


def _compare(operator, a, b):
    return {ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal,
            ast.Eq: np.equal, ast.NotEq: np.not_equal}[operator](a, b)  # fmt: skip


def _binary(operator, a, b):
    functions = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power}
    return functions[operator](a, b)


def _render_call(name, arguments):
    if name == "clip":
        x, low, high = arguments
        return f"min(max({x}, {low}), {high})"
    if name == "where":
        test, yes, no = arguments
        return f"({yes} if {test} else {no})"
    if name == "floor":  # that of `math` makes an int
        return f"np.floor({arguments[0]})"
    if name == "sign":
        return f"(np.float64({arguments[0]} > 0.0) - np.float64({arguments[0]} < 0.0))"
    return f"{name}({', '.join(arguments)})"


def _render_binary(tree):
    left, right = render(tree.left), render(tree.right)
    if isinstance(tree.op, ast.Pow) and isinstance(tree.right, ast.Constant) and tree.right.value in (2, 3, 4):
        # functions, since text that repeats its operand grows with each power of a power
        return f"{('square', 'cube', 'fourth')[int(tree.right.value) - 2]}({left})"
    return f"({left} {BINARY[type(tree.op)]} {right})"
