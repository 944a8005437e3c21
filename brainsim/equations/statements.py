"""Statements: the form between checked equations and the text of a kernel.

What is done with a cell in a step is a list of statements. Methods of integration, the loop over cells, rules of plasticity,
and the kernels of layers that learn make and change such lists; only `numba_text` knows how they are written. The
expressions are lowered trees, in which functions and numbers are those of kernels. So a writer of another language needs
to know these, how an element of a cell is loaded and stored, and the frames around the loops, such as `codegen.ENTRY`.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, SAMPLERS, Tree, function_name
from brainsim.equations.expressions.lower import lower


@dataclass(frozen=True, eq=False)
class Assign:
    """A name gets a value; with `when`, the name of a flag, only if that is set, and otherwise it keeps the one it has."""

    name: str
    value: Tree
    when: str = ""

    @property
    def whole(self) -> Tree:
        """The value with the choice."""
        return ast.IfExp(ast.Name(self.when), self.value, ast.Name(self.name)) if self.when else self.value

    @property
    def needs(self) -> set[str]:
        """The names on which the value depends."""
        return lang.names_in(self.whole)


@dataclass(frozen=True, eq=False)
class Load:
    """A name gets the cell's element of an array; `row` is the offset of the first cell."""

    name: str
    array: str
    row: int = 0
    needs = frozenset[str]()


@dataclass(frozen=True, eq=False)
class Store:
    """The cell's element of an array gets a value."""

    array: str
    value: Tree
    row: int = 0

    @property
    def needs(self) -> set[str]:
        """The names on which the value depends."""
        return lang.names_in(self.value)


Statement = Assign | Load | Store


@functools.lru_cache(4096)
def _parse(text):
    return ast.parse(text, mode="eval").body


def formula(text: str, **parts: str | Tree) -> Tree:
    """Return the tree of a formula, in which some names stand for other names or for trees.

    Examples
    --------
    >>> ast.unparse(formula("x + dt*slope", x="v", slope=ast.Name("_v_slope")))
    'v + dt * _v_slope'
    """
    trees = {name: ast.Name(part) if isinstance(part, str) else part for name, part in parts.items()}
    return lang.substitute(_parse(text), trees)


def select_needed(statements: Sequence[Assign], wanted: Collection[str]) -> list[Assign]:
    """Return the statements on which some names depend."""
    kept, names = [], {*wanted}
    for statement in reversed(statements):
        if statement.name in names:
            kept.append(statement)
            names |= statement.needs
    return kept[::-1]


def once(statements: Iterable[Assign], given: Collection[str]) -> tuple[list[Assign], dict[str, str]]:
    """Return statements in which no name is assigned twice, and what each name is called at the end.

    The names in `given` have a value before.

    Examples
    --------
    >>> lines = [Assign("x", formula("x + 1.0")), Assign("y", formula("x")), Assign("x", formula("2.0*x"))]
    >>> lines, last = once(lines, {"x"})
    >>> [(line.name, ast.unparse(line.value)) for line in lines]
    [('x__1', 'x + 1.0'), ('y', 'x__1'), ('x__2', '2.0 * x__1')]
    >>> last
    {'x': 'x__2', 'y': 'y'}
    """
    now: dict[str, str] = {name: name for name in given}
    count: dict[str, int] = dict.fromkeys(given, 0)
    out = []
    for statement in statements:
        value = lang.substitute(statement.whole, {name: ast.Name(new) for name, new in now.items()})
        name = statement.name
        count[name] = count.get(name, -1) + 1
        now[name] = f"{name}__{count[name]}" if count[name] else name
        out.append(Assign(now[name], value))
    return out, {name: new for name, new in now.items() if count[name] or name not in given}


class Sampler:
    """Takes the random numbers out of trees: each becomes a separate statement, with a stream of its own.

    ``bits(number, common)`` returns the tree of the random bits of a number of a cell, or of one common to all.
    """

    def __init__(self, prefix, bits):
        self._prefix, self._bits, self.count = prefix, bits, 0

    def next_bits(self, common: bool = False) -> Tree:
        """Return the random bits of the next number."""
        self.count += 1
        return self._bits(self.count - 1, common)

    def sample(self, tree: Tree, names: Mapping[str, Tree]) -> tuple[list[Assign], Tree]:
        """Return the statements that sample the numbers of a tree of the language, and the lowered tree without them.

        `names` are trees that replace names.
        """
        statements = []

        def named(node):
            if not (isinstance(node, ast.Call) and function_name(node) in RANDOM):
                return lang.rebuild(node, named)
            function, name = function_name(node), f"{self._prefix}{self.count}"
            bits = self.next_bits(common=function == "rand_all")
            arguments = [lower(named(argument)) for argument in node.args]
            statements.append(Assign(name, ast.Call(ast.Name(SAMPLERS[function]), [bits, *arguments], [])))
            return ast.Name(name)

        tree = named(lang.substitute(tree, names))
        return statements, lower(tree)
