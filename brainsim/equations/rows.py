"""Variables that only the product of an exact step changes: one loop over their rows instead of lines for each.

Of the 300 compartments of a passive cable, a spike, an event or the threshold touch one or two. The others are read into the
inputs of the product and get its changes added, all in one way, so the text of their kernel is as long as that of one:
a cable of 300 compartments compiles in 0.5 s of processor time instead of 11.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from brainsim.equations.body import SHORT, Body, new_name
from brainsim.equations.expressions import language as lang
from brainsim.equations.numba_text import indent
from brainsim.equations.statements import Assign, Load, Statement, Store
from brainsim.equations.steps.exact import change_name

FEWEST = 4  # variables in a loop of their own


class Rows(NamedTuple):
    """Variables in successive rows of the state, with which the same is done.

    - `first`: the row of the first one; `names`: all
    - `inputs`: the row of the first one among the inputs of the product
    - `changes`: name in `lines` -> its row for the first one among the outputs of the product
    - `lines`: what is done with the first one
    """

    first: int
    names: tuple[str, ...]
    inputs: int
    changes: dict[str, int]
    lines: list[Assign]


def rows_of(body: Body) -> list[Rows]:
    """Return the variables of which all is done in loops over rows; a body without a product has none."""
    if body.step.product is None:
        return []
    found, lines = list[Rows](), dict[str, list[Statement]]()
    for line in body.statements:
        for name in {line.name, *line.needs} if isinstance(line, Assign) else ():
            lines.setdefault(name, []).append(line)
    for row, name in enumerate(body.system.variables):
        one = _alone(body, row, name, lines)
        if one is not None and found and _follows(one, found[-1]):
            found[-1] = found[-1]._replace(names=(*found[-1].names, name))
        elif one is not None:
            found.append(one)
    return [each for each in found if len(each.names) >= FEWEST]


def _alone(body, row, name, lines):
    """Return the Rows of a variable by itself, None if more is done with it than adding changes.

    `lines` leads from a name to the lines that assign or read it.
    """
    product, mine = body.step.product, {name, new_name(name), f"_{name}_held"}
    own = [line for line in body.step.lines if line.name in mine]
    if name not in product.inputs or any(line not in own for n in mine for line in lines.get(n, ())):
        return None
    changes = {n: product.outputs.index(n) for line in own for n in sorted(line.needs) if n in product.outputs}
    if not changes or not {n for line in own for n in line.needs} <= {*mine, *changes, "_free"}:
        return None
    return Rows(row, (name,), product.inputs.index(name), changes, own)


def _follows(one, rows):
    """Return whether a variable is the next row of others, everywhere."""
    count, name = len(rows.names), one.names[0]
    places = [
        (one.first, rows.first),
        (one.inputs, rows.inputs),
        *zip(one.changes.values(), rows.changes.values(), strict=False),
    ]
    return all(mine == first + count for mine, first in places) and _shape(one, name) == _shape(rows, rows.names[0])


def _shape(rows, name):
    """Return the lines of the first variable, with names that do not depend on it."""
    common = {name: "x", new_name(name): "new", f"_{name}_held": "held"} | {
        n: f"change{k}" for k, n in enumerate(rows.changes)
    }
    trees = {n: ast.Name(new) for n, new in common.items()}
    return [(common[line.name], ast.dump(lang.substitute(line.whole, trees))) for line in rows.lines]


def collected(rows: Rows) -> list[str]:
    """Return the lines that copy the variables into the inputs of the product."""
    to, x = f"part_of(_inputs, ({rows.inputs} + _row) * {SHORT}, _flag.size)", f"_{rows.names[0]}_"
    return [*_head(rows, [f"_to = {to}"]), *indent(["for _k in range(_flag.size):"], 2), *indent([f"_to[_k] = {x}[_k]"], 3)]


def changed(rows: Rows, before: Iterable[Statement]) -> tuple[list[str], list[Statement]]:
    """Return the head of the loop that adds the changes, and what is done with a cell, `before` first."""
    name = rows.names[0]
    parts = [f"{at} = part_of(_changes, ({row} + _row) * {SHORT}, _flag.size)" for at, row in _places(rows)]
    loads = [Load(name, f"_{name}_"), *(Load(n, at) for n, (at, _) in zip(rows.changes, _places(rows), strict=True))]
    return _head(rows, parts), [*before, *loads, *rows.lines, Store(f"_{name}_", ast.Name(new_name(name)))]


def _places(rows):
    return [(f"__change{k}", row) for k, row in enumerate(rows.changes.values())]


def _head(rows, parts: Sequence[str]):
    x = f"_{rows.names[0]}_ = part_of(_state, ({rows.first} + _row) * _stride + _low, _flag.size)"
    return [*indent([f"for _row in range({len(rows.names)}):"]), *indent([x, *parts], 2)]


def without(statements: Iterable[Statement], rows: Sequence[Rows]) -> list[Statement]:
    """Return the statements that are left when the loops over rows do theirs."""
    names = {name for each in rows for name in each.names}
    gone = names | {new for n in names for new in (new_name(n), f"_{n}_held", change_name(n, False), change_name(n, True))}
    return [line for line in statements if gone.isdisjoint(line.needs if isinstance(line, Store) else {line.name})]
