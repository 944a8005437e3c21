"""The one place that writes the text of kernels, for Numba: expressions, statements, and the head of a module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence

from brainsim.equations.expressions.grammar import BINARY, COMPARE, Tree, is_chain
from brainsim.equations.expressions.lower import HELPERS, HOMES, WHOLE
from brainsim.equations.statements import Assign, Load, Statement

OPERATORS = BINARY | {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"}
OF_NUMPY = WHOLE | {"float32", "float64"}
WIDE = "from brainsim.jit.intrinsics import wide_vectors"
INDENT = "    "


def text_of(tree: Tree) -> str:
    """Return a lowered expression as text."""
    if isinstance(tree, ast.Constant):
        return repr(tree.value)
    if isinstance(tree, ast.Name):
        return tree.id
    if isinstance(tree, ast.UnaryOp):
        return f"(-{text_of(tree.operand)})"
    if isinstance(tree, ast.IfExp):
        return f"({text_of(tree.body)} if {text_of(tree.test)} else {text_of(tree.orelse)})"
    if isinstance(tree, ast.Compare):
        return f"({text_of(tree.left)} {COMPARE[type(tree.ops[0])]} {text_of(tree.comparators[0])})"
    if isinstance(tree, ast.Call):
        name = ast.unparse(tree.func)
        return f"{'np.' * (name in OF_NUMPY)}{name}({', '.join(map(text_of, tree.args))})"
    if isinstance(tree, ast.Subscript | ast.Attribute):
        return ast.unparse(tree)
    left = text_of(tree.left)
    # nested brackets for each term of a long sum would be too many for Python
    return f"({left[1:-1] if is_chain(tree) else left} {OPERATORS[type(tree.op)]} {text_of(tree.right)})"


def line_of(statement: Statement | str) -> str:
    """Return a statement as a line; text that is written already is left unchanged."""
    if isinstance(statement, str):
        return statement
    if isinstance(statement, Assign):
        value = text_of(statement.whole)
        return f"{statement.name} = {value[1:-1] if statement.when else value}"
    place = f"{statement.array}[{f'{statement.row} + ' if statement.row else ''}_k]"
    return f"{statement.name} = {place}" if isinstance(statement, Load) else f"{place} = {text_of(statement.value)}"


def fill(template: str, lines: Mapping[str, Iterable[Statement | str]] | None = None, **words: object) -> str:
    """Return a template with its gaps filled.

    A line that consists of ``<name>`` is replaced by lines with its indentation, which may be none; ``<name>`` elsewhere by
    a word.
    """
    for name, word in words.items():
        template = template.replace(f"<{name}>", str(word))
    out = []
    for line in template.split("\n"):
        gap = re.fullmatch(r"( *)<(\w+)>", line)
        if gap:
            out += [gap.group(1) + line_of(part) for part in (lines or {})[gap.group(2)]]
        else:
            out.append(line)
    return "\n".join(out)


def indent(statements: Iterable[Statement | str], depth: int = 1) -> list[str]:
    """Return statements as lines that belong to a block."""
    return [INDENT * depth + line_of(statement) for statement in statements]


def functions_in(text: str) -> set[str]:
    """Return the helpers that a text calls."""
    return {*re.findall(r"\w+(?=\()", text)} & HELPERS.keys()


def module(title: str, body: str, imports: Sequence[str] = (), constants: Sequence[str] = ()) -> str:
    """Return the text of a module: its head, with an import of each helper that the body calls, and the body."""
    called = functions_in(body)
    used = {home: [name for name in names if name in called] for home, names in HOMES.items()}
    math = used.pop("math")
    head = [f"from math import {', '.join(math)}", ""] if math else []
    head += ["import numpy as np", "", "from brainsim.jit.decorators import helper"]
    head += ["from brainsim.jit.records import array_of, by_address, record_at"]
    head += [f"from {home} import {', '.join(names)}" for home, names in used.items() if names]
    lines = [f'"""{title}"""', "", *head, *imports, "", "pi = 3.141592653589793", *constants]
    return "\n".join(lines) + "\n\n\n" + body
