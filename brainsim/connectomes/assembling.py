"""A brain from a table of cells and a table of edges: identifiers become indices, names of columns become annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from brainsim.connectomes.annotations import FLY_SIGNS, check_signs
from brainsim.connectomes.brain import Brain
from brainsim.connectomes.coded_columns import Column
from brainsim.connectomes.edges import Edges
from brainsim.connectomes.tables import Table, open_table
from brainsim.core.arrays import freeze, order_by_cell
from brainsim.core.checks import one_of

UNLISTED, REPEATED = ("error", "drop"), ("error", "add")


@dataclass(frozen=True)
class Names:
    """How a format calls its columns; each field has the names that are tried, in their order.

    Attributes
    ----------
    id : tuple of str
        Identifiers of cells.
    pre, post, count : tuple of str
        Of edges: identifiers of both cells, and the number of synapses.
    sign : tuple of str, optional
        Of edges: a number whose sign is that of the edge.
    part : tuple of str, optional
        Of edges, if the file has it: rows of one pair that differ in this are parts of one edge.
    transmitter : tuple of str, optional
        Of cells; the signs of edges follow from it unless they have their own.
    others : dict of str to str
        Other columns of cells that get another name.
    """

    id: Sequence[str]
    pre: Sequence[str]
    post: Sequence[str]
    count: Sequence[str]
    sign: Sequence[str] = ()
    part: Sequence[str] = ()
    transmitter: Sequence[str] = ()
    others: Mapping[str, str] = field(default_factory=dict)

    def called(self, column: str) -> str:
        """Return the name of the annotation in a column of cells."""
        return "transmitter" if column in self.transmitter else self.others.get(column, column)


@dataclass(frozen=True)
class Choices:
    """What a user chooses when a file is read: see `read_table`."""

    signs: Mapping[str, int] = field(default_factory=lambda: FLY_SIGNS)
    unknown: int | None = None
    unlisted: str = "error"
    repeated: str = "error"
    title: str | None = None
    name: str = "brain"

    def check(self, label: str) -> None:
        """Raise TypeError or ValueError if a choice is not one of the possible ones."""
        one_of(self.unlisted, UNLISTED, f"{label}.unlisted")
        one_of(self.repeated, REPEATED, f"{label}.repeated")
        check_signs(self.signs, self.unknown, label)


def assemble(cells: Table, edges: Table, names: Names, choices: Choices, annotations: Iterable[Table] = ()) -> Brain:
    """Return the brain in a table of cells, one of edges, and further tables of cells."""
    choices.check(edges.label)
    ids, known = read_cells(cells, names)
    part = [name for name in names.part if name in edges.names][:1]
    wanted = [edges.name_of(*of) for of in (names.pre, names.post, names.count, names.sign) if of]
    columns = edges.columns([*wanted, *part])
    index = {name: k for k, name in enumerate(ids.tolist())}
    pre, post = (cells_of(column, index, choices.unlisted, cells.file) for column in columns[:2])
    count = columns[2].whole(0)
    sign = np.sign(columns[3].whole(-(2**31) + 1)).astype(np.int8) if names.sign else np.ones(pre.size, np.int8)
    parts = columns[-1].texts().codes if part else None
    found = join(pre, post, count, sign, parts, len(ids), choices, edges)
    brain = Brain(ids, known, found, title=title_of(choices, edges, ids, found), name=choices.name)
    for table in annotations:
        brain = brain.annotate(table, columns={c: names.called(c) for c in table.names if c not in names.id})
    return brain if names.sign or not names.transmitter else sign_brain(brain, names, choices, cells)


def title_of(choices: Choices, table: Table, ids: Sized, edges: Edges) -> str:
    """Return the title that the user chose, or else one that names the file."""
    return choices.title or f"{table.file.strip(chr(39))}: {len(ids):,} cells, {len(edges):,} edges"


def sign_brain(brain: Brain, names: Names, choices: Choices, cells: Table) -> Brain:
    """Return the brain with signs by the transmitters of its cells, which a file may lack."""
    if "transmitter" in brain.annotations:
        return brain.signed(choices.signs, unknown=choices.unknown)
    if choices.unknown is None:
        raise ValueError(
            f"{cells.label}: {cells.file} has no column of transmitters ({' or '.join(map(repr, names.transmitter))}), from "
            "which signs follow; with unknown=1 all edges excite, and brain.signed(...) takes signs from other annotations"
        )
    sign = np.full(len(brain.edges), choices.unknown, np.int8)
    return replace(brain, edges=replace(brain.edges, sign=freeze(sign)))


def read_cells(table: Table, names: Names) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the identifiers of a table of cells, and its other columns by name."""
    key = table.name_of(*names.id)
    others = [name for name in table.names if name != key]
    column, *columns = table.columns([key, *others])
    ids = column.identifiers().rows()
    check_different(ids, column)
    return ids, {names.called(name): of.annotation() for name, of in zip(others, columns, strict=True)}


def check_different(ids: np.ndarray, column: Column) -> None:
    """Raise ValueError, which names both rows, if an identifier occurs twice."""
    if len(set(ids.tolist())) == ids.size:
        return
    seen: dict[str, int] = {}
    for row, name in enumerate(ids.tolist()):
        if seen.setdefault(name, row) != row:
            raise ValueError(f"{column.where(row)}: {name!r} is there for the second time, after {column.place(seen[name])}")


def cells_of(column: Column, index: Mapping[str, int], unlisted: str, listed_in: str) -> np.ndarray:
    """Return the index of the cell that each row of a column of identifiers names, int32, -1 if it is to be dropped."""
    named = column.identifiers()
    known = np.array([index.get(name, -1) for name in named.values.tolist()], dtype=np.int32)
    cells = known[named.codes]
    if unlisted == "error" and cells.size and cells.min() < 0:
        row, count = int(np.argmin(cells)), int(np.count_nonzero(cells < 0))
        raise ValueError(
            f"{column.where(row)}: {named.values[named.codes[row]]!r} is not one of the {len(index):,} cells of {listed_in} "
            f"({count:,} of {cells.size:,} rows name such a cell); are both files of the same version? "
            "unlisted='drop' leaves such edges out"
        )
    return cells


def join(
    pre: np.ndarray,
    post: np.ndarray,
    count: np.ndarray,
    sign: np.ndarray,
    parts: np.ndarray | None,
    n: int,
    choices: Choices,
    table: Table,
) -> Edges:
    """Return the rows of a table as edges by source, without those of cells that are dropped (-1), and each pair once."""
    rows = np.flatnonzero((pre >= 0) & (post >= 0))
    if np.any(pre[rows[1:]] < pre[rows[:-1]]):
        rows = rows[order_by_cell(pre[rows], n)]
    elif rows.size == pre.size:
        return merge(Edges(*map(freeze, (pre, post, count, sign))), n, parts, choices.repeated, table.label, table.place)
    edges = Edges(*(freeze(values[rows]) for values in (pre, post, count, sign)))
    parts = None if parts is None else parts[rows]
    return merge(edges, n, parts, choices.repeated, table.label, lambda k: table.place(int(rows[k])))


def merge(edges: Edges, n: int, parts: np.ndarray | None, repeated: str, label: str, place: Callable[[int], str]) -> Edges:
    """Return the edges with each pair once: parts of an edge are added up, repetitions only if the user says so.

    If there is nothing to add up, they stay in their order; otherwise they are sorted by both cells.
    """
    pairs = edges.pre.astype(np.int64) * n + edges.post
    ordered = np.sort(pairs)  # ten times faster than the order, which is rarely needed
    if not np.any(ordered[1:] == ordered[:-1]):
        return edges
    order = order_by_cell(pairs, n * n)
    pairs = ordered
    same = pairs[1:] == pairs[:-1]
    if parts is not None and repeated == "error":
        order = order[np.lexsort((parts[order], pairs))]
    again = same if parts is None else same & (parts[order][1:] == parts[order][:-1])
    opposite = same & (np.diff(edges.sign[order]) != 0)
    faults = [(opposite, "has another sign than {}, which is the same pair of cells")]
    if repeated == "error":
        faults.insert(0, (again, "is the same pair of cells as {}; repeated='add' adds such rows up"))
    for fault, text in faults:
        if fault.any():
            k = int(np.argmax(fault))
            first, second = sorted(order[k : k + 2].tolist())
            raise ValueError(f"{label}: {place(second)}: {text.format(place(first))}")
    starts = np.flatnonzero(np.append(True, ~same))
    count = np.add.reduceat(edges.count[order], starts, dtype=np.int64)
    return replace(edges.chosen(order[starts]), count=count)


def read_table(
    cells: Any,
    edges: Any,
    *,
    id: str = "id",
    pre: str = "pre",
    post: str = "post",
    count: str = "count",
    sign: str | None = None,
    transmitter: str | None = None,
    signs: Mapping[str, int] = FLY_SIGNS,
    unknown: int | None = None,
    unlisted: str = "error",
    repeated: str = "error",
    title: str | None = None,
    name: str = "brain",
) -> Brain:
    """Return the brain in a table of cells and a table of edges.

    Parameters
    ----------
    cells, edges : str, Path or a table in memory
        Files (.csv, .tsv, .txt, also with .gz, .parquet or .feather), frames of pandas, or dicts of arrays. All columns of
        `cells` besides the identifiers become annotations.
    id : str
        Column of `cells` with their identifiers: whole numbers or texts.
    pre, post, count : str
        Columns of `edges`: identifiers of both cells, and the number of synapses.
    sign : str, optional
        Column of `edges` with a number whose sign is that of the edge.
    transmitter : str, optional
        Column of `cells` from which signs follow if `sign` is not given; without both, all edges excite.
    signs : dict of str to int
        The sign of each transmitter; by default those of the fly, as in Shiu et al. (2024), see `Brain.signed`.
    unknown : int, optional
        The sign, 1, -1 or 0, of cells whose transmitter is not in `signs`; by default they are an error.
    unlisted : {"error", "drop"}
        What to do with edges to cells that `cells` does not have.
    repeated : {"error", "add"}
        What to do with several rows of the same pair of cells.
    title, name : str, optional
        As of `Brain`; the title names the file by default.

    Returns
    -------
    Brain
        Its edges are sorted by their sources; those of one cell are in the order of the file, unless some were added up.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If it takes pyarrow, which is not installed: ``pip install pyarrow``.
    ValueError
        If a file is damaged or lacks a column, an identifier was read as a float, a count is not a whole number, a cell is
        not listed, a pair is repeated, or a transmitter has no sign. The message names file, row and column.

    Examples
    --------
    >>> import brainsim as bs
    >>> cells = {"id": ["A", "B", "C"], "nt": ["ACH", "GABA", "ACH"], "side": ["left", "left", "right"]}
    >>> edges = {"pre": ["A", "B"], "post": ["B", "C"], "count": [12, 5]}
    >>> brain = bs.connectomes.read_table(cells, edges, transmitter="nt", title="Three cells")
    >>> brain.edges.sign.tolist(), brain.where(side="left").tolist()
    ([1, -1], [0, 1])
    """
    label = "read_table"
    names = Names(
        id=(id,),
        pre=(pre,),
        post=(post,),
        count=(count,),
        sign=() if sign is None else (sign,),
        transmitter=() if transmitter is None else (transmitter,),
    )
    choices = Choices(signs, unknown, unlisted, repeated, title, name)
    return assemble(open_table(cells, label), open_table(edges, label), names, choices)
