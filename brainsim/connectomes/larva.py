"""The brain of the larva of the fly, from the files of a public repository."""

from __future__ import annotations

from typing import Any

from brainsim.connectomes.assembling import Choices, Names, assemble
from brainsim.connectomes.brain import Brain
from brainsim.connectomes.formats import register_format
from brainsim.connectomes.tables import open_table

LARVA = Names(
    id=("", "Unnamed: 0", "id"),
    pre=("pre",),
    post=("post",),
    count=("count",),
    others={"hemisphere": "side", "class1": "cell_class", "simple_group": "super_class"},
)


@register_format("larva", {"cells": "unmatched_full_nodes.csv", "edges": "unmatched_full_edgelist.csv"})
def read_larva(
    cells: Any,
    edges: Any,
    *,
    unlisted: str = "error",
    repeated: str = "error",
    title: str | None = None,
    name: str = "brain",
) -> Brain:
    """Return the brain of the larva of Drosophila: 3,013 cells and 111,243 edges.

    The files say nothing of transmitters, and all edges have the sign 1: ``brain.signed`` takes signs from a class of cells.

    Parameters
    ----------
    cells : str, Path or frame
        ``data/processed-elife/unmatched_full_nodes.csv`` of the repository, or the ``nodes`` of one hemisphere. Of its
        columns, ``simple_group`` becomes the annotation ``super_class``, ``class1`` ``cell_class`` and ``hemisphere``
        ``side`` (L or R).
    edges : str, Path or frame
        ``data/processed-elife/unmatched_full_edgelist.csv``: a line for each edge, with both cells and the number of
        synapses, and no line of names. ``data/elife/G_edgelist.txt`` has more cells than the first table.
    unlisted, repeated, title, name
        As for `read_table`.

    Raises
    ------
    FileNotFoundError, ImportError, ValueError
        As for `read_table`.

    Examples
    --------
    >>> import brainsim as bs
    >>> larva = bs.connectomes.read_larva("unmatched_full_nodes.csv", "unmatched_full_edgelist.csv")  # doctest: +SKIP
    >>> larva = larva.signed({"LNs": -1}, by="super_class", unknown=1)                    # doctest: +SKIP

    References
    ----------
    Winding et al. (2023), doi:10.1126/science.add9330; files: https://github.com/neurodata/bilateral-connectome (MIT),
    Pedigo et al. (2023), doi:10.7554/eLife.83739.
    """
    label = "read_larva"
    header = [*LARVA.pre, *LARVA.post, *LARVA.count]
    choices = Choices(unlisted=unlisted, repeated=repeated, title=title, name=name)
    return assemble(open_table(cells, label), open_table(edges, label, header), LARVA, choices)
