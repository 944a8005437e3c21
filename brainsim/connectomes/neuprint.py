"""Exports of neuPrint and of Janelia's connectomes: the male fly, its nerve cord, and the hemibrain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainsim.connectomes.annotations import FLY_SIGNS
from brainsim.connectomes.assembling import Choices, Names, assemble
from brainsim.connectomes.brain import Brain
from brainsim.connectomes.formats import register_format
from brainsim.connectomes.tables import open_table

NEUPRINT = Names(
    id=("bodyId", "body", "bodyid"),
    pre=("bodyId_pre", "body_pre", "bodyid_pre"),
    post=("bodyId_post", "body_post", "bodyid_post"),
    count=("weight",),
    part=("roi",),
    transmitter=("consensusNt", "consensus_nt", "predictedNt", "predicted_nt"),
    others={"class": "cell_class", "superclass": "super_class", "somaSide": "side", "soma_side": "side"},
)


@register_format("hemibrain", {"cells": "traced-neurons.csv*", "edges": "traced-total-connections.csv*"})
@register_format(
    "neuprint",
    {"cells": "body-annotations-*.feather", "edges": "connectome-weights-*.feather"},
    {"transmitters": "body-neurotransmitters-*.feather"},
)
def read_neuprint(
    cells: Any,
    edges: Any,
    transmitters: Any = None,
    *,
    signs: Mapping[str, int] = FLY_SIGNS,
    unknown: int | None = None,
    unlisted: str = "error",
    repeated: str = "error",
    title: str | None = None,
    name: str = "brain",
) -> Brain:
    """Return the brain in an export of neuPrint, as files or as the frames that ``neuprint-python`` returns.

    Parameters
    ----------
    cells : str, Path or frame
        One row for each cell, with a column ``bodyId`` or ``body``: ``body-annotations-*.feather`` of the male fly,
        ``traced-neurons.csv`` of the hemibrain, or what ``fetch_neurons`` returns. ``superclass`` becomes the annotation
        ``super_class``, ``class`` ``cell_class`` and ``somaSide`` ``side``.
    edges : str, Path or frame
        ``bodyId_pre``, ``bodyId_post`` (or ``body_pre``, ``body_post``) and ``weight``: ``connectome-weights-*.feather``,
        ``traced-total-connections.csv``, or what ``fetch_adjacencies`` returns. Rows that differ in ``roi`` are parts of one
        edge. Files with all fragments need ``unlisted="drop"``.
    transmitters : str, Path or frame, optional
        A further table of cells: ``body-neurotransmitters-*.feather``. ``consensus_nt`` or else ``predicted_nt`` (also
        written ``consensusNt``, ``predictedNt``) becomes the annotation ``transmitter``; it may be in `cells` instead.
    signs, unknown, unlisted, repeated, title, name
        As for `read_table`. The hemibrain's files have no transmitters: give the sign of all cells as `unknown`.

    Raises
    ------
    FileNotFoundError, ImportError, ValueError
        As for `read_table`.

    Examples
    --------
    >>> import brainsim as bs
    >>> import pandas                                                                     # doctest: +SKIP
    >>> cells = pandas.read_feather("body-annotations-male-cns-v0.9-minconf-0.5.feather")  # doctest: +SKIP
    >>> male = bs.connectomes.read_neuprint(                                              # doctest: +SKIP
    ...     cells[cells.superclass.notna()], "connectome-weights-male-cns-v0.9-minconf-0.5.feather",
    ...     "body-neurotransmitters-male-cns-v0.9.feather", unlisted="drop", unknown=0)

    References
    ----------
    Scheffer et al. (2020), doi:10.7554/eLife.57443 (hemibrain); Berg et al. (2025), doi:10.1101/2025.10.09.680999 (male).
    """
    label = "read_neuprint"
    tables = [] if transmitters is None else [open_table(transmitters, label)]
    choices = Choices(signs, unknown, unlisted, repeated, title, name)
    return assemble(open_table(cells, label), open_table(edges, label), NEUPRINT, choices, tables)
