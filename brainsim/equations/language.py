"""The language of equations: arithmetic on names, parsed against a list of what is allowed.

Nothing a user types is ever evaluated as Python. A text is parsed by the standard library's `ast`, every node is checked
against the `grammar`, and what follows works on that tree: `evaluate` gives its numbers, `trees` rearranges it, `render`
writes it into a kernel. What users may write, word by word, is in the documentation of `brainsim.Neuron`.
"""

import ast
import keyword
import re
import unicodedata
import warnings

import numpy as np

from brainsim.core.checks import nearest
from brainsim.equations.grammar import (
    DEEPEST,
    FUNCTIONS,
    LARGEST,
    LONGEST,
    MOST_TERMS,
    NAME,
    NOW,
    EquationError,
    Line,
    check_brackets,
    check_nodes,
    is_chain,
    meant_by,
)


def parse_expression(text, label, tables=(), line=None):
    """Parse one expression and return its checked tree; raise EquationError for anything outside the grammar.

    Parameters
    ----------
    text : str
    label : str
        ``Class.field``, with which messages begin.
    tables : collection of str
        Names of TimedArrays: ``name(t)`` becomes the name ``name__t``.
    line : Line, optional
        The line that the expression is a part of, for messages.
    """
    if isinstance(text, str) and len(text) > LONGEST:
        raise EquationError(label, f"longer than {LONGEST} characters; break it into lines 'name = ...'")
    if line is None:
        lines = _logical_lines(text, label)
        if len(lines) != 1:
            hint = "one in brackets may go on over lines"
            raise EquationError(label, f"must be one expression (got {len(lines)} lines); {hint}")
        text, line = lines[0], Line(lines[0])
    check_brackets(line, label)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's own remarks, on "1if" for one, are no help here
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        column = getattr(error, "offset", None)
        reason = f"not an expression ({error.msg})" if isinstance(error, SyntaxError) else "not an expression"
        reason += meant_by(text)
        raise EquationError(label, reason, line.text, line.start + max(0, column - 1) if column else None) from None
    check_nodes(tree, line, label, tables)
    tree = _with_tables(tree, tables)
    _refuse_division_by_zero(tree, line, label)
    tree.line = line  # for messages about what is found out later
    return tree


def parse_equations(text, label, tables=()):
    """Parse lines ``dx/dt = expression`` and ``name = expression``.

    Returns a pair of dicts, name -> tree: the derivatives, and the algebraic lines in their order.
    A ``#`` starts a comment; an equation goes on over line ends inside brackets.
    """
    derivatives, algebraic = {}, {}
    for line in _logical_lines(text, label):
        left, equals, right, start = _split_equals(line, label)
        match = re.fullmatch(r"d(\w+)\s*/\s*dt", left)
        table = derivatives if match else algebraic
        name = _name(match.group(1) if match else left)
        if name is None:
            raise EquationError(label, "an equation is 'dx/dt = ...' or 'name = ...'", line, 0)
        if name in derivatives or name in algebraic:
            raise EquationError(label, f"{name!r} has two equations", line, 0)
        table[name] = parse_expression(right, label, tables, Line(line, start))
    return derivatives, algebraic


def parse_assignments(text, label, tables=()):
    """Parse ``v = c; u = u + d`` (or ``u += d``) into a list of (name, tree), in their order."""
    result = []
    for line in _logical_lines(text, label):
        for part in filter(None, (p.strip() for p in line.split(";"))):
            left, operator, right, start = _split_equals(part, label)
            name = _name(left)
            if name is None:
                raise EquationError(label, "an assignment is 'name = expression'", part, 0)
            tree = parse_expression(right, label, tables, Line(part, start))
            if operator != "=":
                operators = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div}
                line = tree.line
                tree = ast.BinOp(ast.Name(name, col_offset=0), operators[operator[0]](), tree, col_offset=0)
                tree.line = line
            result.append((name, tree))
    return result


def names_in(tree):
    """Return the set of names an expression uses, functions apart."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called}


def calls_in(tree):
    """Return the set of functions an expression calls."""
    return {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call)}


def line_of(tree):
    """Return the line that a tree was typed in, or its own text."""
    return getattr(tree, "line", None) or Line(ast.unparse(tree).replace(NOW, "(t)"))


def check_names(tree, known, label):
    """Raise EquationError for a name outside `known`, with the nearest one that is."""
    for name in sorted(names_in(tree)):
        if name not in known:
            found = next(node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name)
            message = f"unknown name {name!r}{nearest(name, sorted(k.replace(NOW, '(t)') for k in known))}"
            if name + NOW in known:
                message = f"{name!r} is a TimedArray; write {name}(t)"
            raise EquationError(label, message, *line_of(tree).place(found))


def check_kind(tree, label, condition=False, line=None):
    """Raise EquationError unless the tree is a number (if `condition`, a comparison) and its parts are what they must be."""
    line = line or line_of(tree)
    logical = is_condition(tree)
    if logical and not condition:
        raise EquationError(label, "a comparison is no number; write where(comparison, 1, 0)", *line.place(tree))
    if condition and not logical:
        raise EquationError(label, "must be a comparison, such as 'v >= v_th'", *line.place(tree))
    tests = tree.values if isinstance(tree, ast.BoolOp) else [tree.test] if isinstance(tree, ast.IfExp) else []
    if isinstance(tree, ast.UnaryOp) and logical:
        tests = [tree.operand]
    if isinstance(tree, ast.Call) and tree.func.id == "where":
        tests = tree.args[:1]
    rebuilt(tree, lambda operand: check_kind(operand, label, any(operand is test for test in tests), line))


def is_condition(tree):
    """Return whether a tree is a comparison, or several with 'and', 'or', 'not'."""
    return isinstance(tree, ast.Compare | ast.BoolOp) or (isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not))


def substitute(tree, replacements):
    """Return `tree` with the tree of each name of `replacements` in its place; nothing that was given is changed."""

    def put_in(part):
        return replacements.get(part.id, part) if isinstance(part, ast.Name) else rebuilt(part, put_in)

    return put_in(tree)


def expanded(tree, replacements, label):
    """Return `substitute`; raise EquationError where the tree would grow out of hand, as by lines like ``b = a + a``."""
    named = [replacements[node.id] for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in replacements]
    sizes = {id(part): sum(1 for _ in ast.walk(part)) for part in named}
    if sum(sizes[id(part)] for part in named) <= LARGEST:
        result = substitute(tree, replacements)
        depth, terms = _depths(result)
        if depth <= 2 * DEEPEST and terms <= 1.2 * MOST_TERMS:
            return result
    line = getattr(tree, "line", None)
    raise EquationError(label, "too large once the lines 'name = ...' are put in", line.text if line else "")


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


def computed(tree, values):
    """Compute what enters a run: as `evaluate`, but with the same bits on every processor."""
    from brainsim.jit.functions import FUNCTIONS as EXACT

    return evaluate(tree, values, FUNCTIONS | EXACT)


def evaluate(tree, values, functions=FUNCTIONS):
    """Compute an expression with numbers or NumPy arrays for its names."""
    if isinstance(tree, ast.Constant):
        return float(tree.value)
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
    if isinstance(tree, ast.Call):
        return functions[tree.func.id](*(evaluate(a, values, functions) for a in tree.args))
    if isinstance(tree, ast.Compare):
        left, right = (evaluate(t, values, functions) for t in (tree.left, tree.comparators[0]))
        return _compare(type(tree.ops[0]), left, right)
    left, right = (evaluate(t, values, functions) for t in (tree.left, tree.right))
    if isinstance(tree.op, ast.Pow):
        return functions.get("**", np.power)(left, right)
    return _binary(type(tree.op), left, right)


def _refuse_division_by_zero(tree, line, label):
    """Raise EquationError for a divisor of numbers only that is 0."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)) or names_in(node.right):
            continue
        if not calls_in(node.right) & {"rand", "randn"}:
            with np.errstate(all="ignore"):
                divisor = evaluate(node.right, {})
            if np.all(divisor == 0.0):
                raise EquationError(label, "this divides by 0", *line.place(node.right))


def _with_tables(tree, tables):
    """Return the tree with the name ``table__t`` for each call ``table(t)``."""
    if isinstance(tree, ast.Call) and tree.func.id in tables:
        return ast.Name(tree.func.id + NOW, col_offset=tree.col_offset)
    for field, value in ast.iter_fields(tree):
        if isinstance(value, ast.expr):
            setattr(tree, field, _with_tables(value, tables))
        elif isinstance(value, list):
            setattr(tree, field, [_with_tables(v, tables) if isinstance(v, ast.expr) else v for v in value])
    return tree


def _logical_lines(text, label):
    """Split a text into equations: comments gone, lines joined while a bracket is open, up to the next equation."""
    if not isinstance(text, str):
        raise EquationError(label, f"must be a text (got {text!r})")
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
    """Return the left side, the sign, the right side and where in the line that begins."""
    if len(line) > LONGEST:
        raise EquationError(label, f"longer than {LONGEST} characters; break it into lines 'name = ...'")
    match = re.fullmatch(r"([^=<>!]*?)\s*([-+*/]?=)(?!=)\s*(.*)", line, re.DOTALL)
    if not match or not match.group(3):
        hint = "; what goes on over lines does so in brackets" if re.match(r"[-+*/<>)]|and\b|or\b", line) else ""
        raise EquationError(label, f"needs one '=' with something on both sides{hint}", line)
    return match.group(1).strip(), match.group(2), match.group(3), match.start(3)


def _name(text):
    """Return the name of a variable or a line as Python reads it, where forms of one letter are one; None if it is none."""
    name = unicodedata.normalize("NFKC", text)
    return name if text.isidentifier() and re.fullmatch(NAME, name) else None


def check_name(name, label):
    """Raise ValueError unless `name` can stand in equations: a word as Python reads it, which is what kernels hold."""
    if not isinstance(name, str) or keyword.iskeyword(name) or _name(name) != name:
        form = _name(name) if isinstance(name, str) else None
        hint = f"; did you mean {form!r}?" if form and form != name else ""
        message = "must be a name of letters, digits and single underscores, such as 'tau_m', and no word of Python"
        raise ValueError(f"{label}: {message} (got {name!r}){hint}")


def _depths(tree):
    """Return over how many levels a checked tree is nested, without and with those of the terms of sums and products."""
    depth = terms = 0
    for place, child in enumerate(ast.iter_child_nodes(tree)):
        below, all_below = _depths(child)
        depth, terms = max(depth, below + (place > 0 or not is_chain(tree))), max(terms, all_below + 1)
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
    return functions[operator](a, b)
