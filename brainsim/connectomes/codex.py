"""Downloads of FlyWire's Codex: ``neurons.csv``, ``connections.csv``, ``classification.csv`` and others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from brainsim.connectomes.annotations import FLY_SIGNS
from brainsim.connectomes.assembling import Choices, Names, assemble
from brainsim.connectomes.brain import Brain
from brainsim.connectomes.formats import register_format
from brainsim.connectomes.tables import open_table

CODEX = Names(
    id=("root_id",),
    pre=("pre_root_id",),
    post=("post_root_id",),
    count=("syn_count",),
    part=("neuropil",),
    transmitter=("nt_type", "top_nt"),
    others={"class": "cell_class"},  # class is a word of Python: brain.where(cell_class="MBON")
)


@register_format("codex", {"cells": "neurons.csv*", "edges": "connections*.csv*"}, {"annotations": "classification.csv*"})
def read_codex(
    cells: Any,
    edges: Any,
    annotations: Any = (),
    *,
    signs: Mapping[str, int] = FLY_SIGNS,
    unknown: int | None = None,
    unlisted: str = "error",
    repeated: str = "error",
    title: str | None = None,
    name: str = "brain",
) -> Brain:
    """Return the brain in files of https://codex.flywire.ai: FlyWire's fly, and others in the same format.

    Parameters
    ----------
    cells : str, Path or frame
        ``neurons.csv.gz``, with the columns ``root_id`` and ``nt_type``, which becomes the annotation ``transmitter``.
    edges : str, Path or frame
        ``connections.csv.gz``: ``pre_root_id``, ``post_root_id``, ``syn_count``; rows that differ in ``neuropil`` are parts
        of one edge, and their counts are added up.
    annotations : str, Path or frame, or a list of them
        Further tables with a column ``root_id``: ``classification.csv.gz``, ``consolidated_cell_types.csv.gz``, or
        `Supplemental_file1_neuron_annotations.tsv` of flyconnectome/flywire_annotations. ``class`` is called ``cell_class``.
    signs, unknown, unlisted, repeated, title, name
        As for `read_table`. Some cells of the fly have no transmitter: give their sign as `unknown`.

    Raises
    ------
    FileNotFoundError, ImportError, ValueError
        As for `read_table`.

    Examples
    --------
    >>> import brainsim as bs
    >>> fly = bs.connectomes.read_codex("neurons.csv.gz", "connections.csv.gz",           # doctest: +SKIP
    ...                                 "classification.csv.gz", unknown=0)
    >>> fly.where(super_class="motor", side="left")                                       # doctest: +SKIP

    References
    ----------
    Dorkenwald et al. (2024), doi:10.1038/s41586-024-07558-y; Schlegel et al. (2024), doi:10.1038/s41586-024-07686-5.
    """
    label = "read_codex"
    more = annotations if isinstance(annotations, Sequence) and not isinstance(annotations, str) else [annotations]
    choices = Choices(signs, unknown, unlisted, repeated, title, name)
    tables = [open_table(table, label) for table in more]
    return assemble(open_table(cells, label), open_table(edges, label), CODEX, choices, tables)
