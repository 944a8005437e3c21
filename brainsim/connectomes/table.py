"""A brain in two tables with the columns of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainsim.connectomes.assembling import Choices, Names, assemble
from brainsim.connectomes.brain import Brain
from brainsim.connectomes.signs import FLY_SIGNS
from brainsim.connectomes.tables import open_table


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
        If it takes pyarrow, which is not installed: ``pip install 'brainsim[connectomes]'``.
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
