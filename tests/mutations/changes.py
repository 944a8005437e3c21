"""The wrong lines: each change of a source is one wrong piece of code."""

import ast
from dataclasses import dataclass

OPPOSITES = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==", ast.Is: "is not", ast.IsNot: "is",
    ast.In: "not in", ast.NotIn: "in", ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.And: "or", ast.Or: "and",
}  # fmt: skip

SYMMETRIC = {"min", "max", "minimum", "maximum", "lesser", "greater", "isclose", "array_equal", "hypot", "gcd"}
SAFEGUARDS = {"strict", "flush"}  # arguments that change nothing where all is well


@dataclass(frozen=True)
class Change:
    """A wrong piece of text in place of a right one, from (line, column) to (line, column), the columns in bytes."""

    kind: str
    start: tuple[int, int]
    end: tuple[int, int]
    text: str

    def apply(self, source):
        """Return the source with the change."""
        lines = source.encode().split(b"\n")
        (first, left), (last, right) = self.start, self.end
        lines[first - 1 : last] = [lines[first - 1][:left] + self.text.encode() + lines[last - 1][right:]]
        return b"\n".join(lines).decode()


def changes_of(source):
    """Return all changes of a source, in the order of its text; none in docstrings, messages, annotations, what only
    type checkers read, and arguments that only guard against slips.
    """
    tree = ast.parse(source)
    hidden = {id(inner) for node in ast.walk(tree) for part in _not_code(node) for inner in ast.walk(part)}
    found = []
    for node in ast.walk(tree):
        if id(node) not in hidden:
            found += _changes_at(node)
    return sorted(found, key=lambda change: (change.start, change.end, change.kind))


def _not_code(node):
    """Return the parts of a node that are not run in a program that works: messages of errors, and annotations."""
    if isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom):
        return [node]
    if isinstance(node, ast.If) and _code(node.test) == "TYPE_CHECKING":
        return [node]
    if isinstance(node, ast.keyword) and node.arg in SAFEGUARDS:
        return [node]
    if isinstance(node, ast.FunctionDef):
        return [part for part in (node.returns, *(a.annotation for a in node.args.args + node.args.kwonlyargs)) if part]
    return [node.annotation] if isinstance(node, ast.AnnAssign) else []


def _changes_at(node):
    match node:
        case ast.Compare(ops=[op]) if type(op) in OPPOSITES:
            yield _put("comparison", node, f"{_code(node.left)} {OPPOSITES[type(op)]} {_code(node.comparators[0])}")
        case ast.BinOp(op=op) if type(op) in OPPOSITES:
            yield _put("sign", node, f"({_code(node.left)} {OPPOSITES[type(op)]} {_code(node.right)})")
        case ast.BoolOp(op=op, values=values):
            yield _put("condition", node, f"({f' {OPPOSITES[type(op)]} '.join(map(_code, values))})")
            yield _put("dropped condition", node, _code(values[0]))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield _put("dropped not", node, _code(operand))
        case ast.Constant(value=bool(value)):
            yield _put("constant", node, str(not value))
        case ast.Constant(value=int(value) | float(value)):
            yield _put("constant", node, repr(value + 1))
        case ast.Call(args=[first, second, *others]) if not node.keywords and not _is_starred(first, second):
            given = ", ".join(map(_code, (second, first, *others)))
            if _code(first) != _code(second) and _code(node.func).rpartition(".")[2] not in SYMMETRIC:
                yield _put("swapped arguments", node, f"{_code(node.func)}({given})")
        case ast.If(test=test):
            yield _put("dropped condition", test, "True")
        case ast.Expr(value=ast.Call()):
            yield _put("dropped call", node, "pass")


def _is_starred(*nodes):
    return any(isinstance(node, ast.Starred) for node in nodes)


def _code(node):
    text = ast.unparse(node)
    return f"({text})" if isinstance(node, ast.IfExp | ast.BoolOp | ast.Lambda | ast.Compare | ast.NamedExpr) else text


def _put(kind, node, text):
    return Change(kind, (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset), text)
