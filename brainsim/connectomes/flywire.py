"""FlyWire's fly: downloads of Codex, such as ``neurons.csv``, and the files of the model of Shiu et al. (2024)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from brainsim.connectomes.annotations import FLY_SIGNS
from brainsim.connectomes.assembling import Choices, Names, assemble, cells_of, join, read_cells, title_of
from brainsim.connectomes.brain import Brain
from brainsim.connectomes.formats import register_format
from brainsim.connectomes.tables import Table, open_table

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


SHIU = Names(
    id=("", "Unnamed: 0", "root_id", "id"),
    pre=("Presynaptic_Index",),
    post=("Postsynaptic_Index",),
    count=("Excitatory x Connectivity",),
)
IDENTIFIERS = ("Presynaptic_ID", "Postsynaptic_ID")


@register_format(
    "shiu", {"cells": "*ompleteness*.csv", "edges": "*onnectivity*.parquet"}, {"annotations": "*annotations*.tsv"}
)
def read_shiu(
    cells: Any,
    edges: Any,
    annotations: Any = None,
    *,
    repeated: str = "error",
    title: str | None = None,
    name: str = "brain",
) -> Brain:
    """Return the fly's brain as Shiu et al. (2024) published it with their model.

    Parameters
    ----------
    cells : str, Path or frame
        ``Completeness_783.csv`` or that of version 630, with the identifiers in its first column.
    edges : str, Path or frame
        ``Connectivity_783.parquet``: ``Presynaptic_Index``, ``Postsynaptic_Index`` and ``Excitatory x Connectivity``, the
        number of synapses with its sign. ``Presynaptic_ID`` and ``Postsynaptic_ID``, if there, are compared with `cells`.
    annotations : str, Path or frame, optional
        A table with a column ``root_id``: ``classification.csv`` of Codex, or
        ``Supplemental_file1_neuron_annotations.tsv`` of flyconnectome/flywire_annotations. ``class`` is called
        ``cell_class``, and ``top_nt`` or ``nt_type`` ``transmitter``; the signs remain those of the file.
    repeated, title, name
        As for `read_table`.

    Raises
    ------
    FileNotFoundError, ImportError, ValueError
        As for `read_table`; also if both files are not of the same version.

    Examples
    --------
    >>> import brainsim as bs
    >>> fly = bs.connectomes.read_shiu("Completeness_783.csv", "Connectivity_783.parquet")  # doctest: +SKIP
    >>> fly["720575940660219265"]                                                         # doctest: +SKIP

    References
    ----------
    Shiu et al. (2024), doi:10.1038/s41586-024-07763-9; files: https://github.com/philshiu/Drosophila_brain_model.
    """
    label = "read_shiu"
    listed, table = open_table(cells, label), open_table(edges, label)
    ids, known = read_cells(listed, SHIU)
    wanted = [*SHIU.pre, *SHIU.post, *SHIU.count]
    pre, post = (_indices(table, place, column, ids, listed) for place, column in zip(IDENTIFIERS, wanted, strict=False))
    signed = table.column(*SHIU.count).whole(-(2**31) + 1)
    choices = Choices(repeated=repeated, title=title, name=name)
    choices.check(label)
    found = join(pre, post, np.abs(signed), np.sign(signed).astype(np.int8), None, len(ids), choices, table)
    brain = Brain(ids, known, found, title=title_of(choices, table, ids, found), name=name)
    if annotations is None:
        return brain
    more = open_table(annotations, label)
    return brain.annotate(more, columns={column: CODEX.called(column) for column in more.names if column not in CODEX.id})


def _indices(table: Table, identifiers: str, name: str, ids: np.ndarray, listed: Table) -> np.ndarray:
    """Return a column of indices, which must lie within the cells, and agree with the identifiers if the table has them."""
    column = table.column(name)
    indices = column.whole(0)
    version = "; are both files of the same version?"
    if indices.size and indices.max() >= ids.size:
        row = int(np.argmax(indices >= ids.size))
        raise ValueError(f"{column.where(row)}: {indices[row]} is beyond the {ids.size:,} cells of {listed.file}{version}")
    if identifiers in table.names:
        named = table.column(identifiers)
        index = {cell: k for k, cell in enumerate(ids.tolist())}
        wrong = cells_of(named, index, "drop", listed.file) != indices
        if wrong.any():
            row = int(np.argmax(wrong))
            cell = named.identifiers().values[named.codes[row]]
            if cell not in index:
                raise ValueError(
                    f"{named.where(row)}: {cell!r} is not one of the {ids.size:,} cells of {listed.file}{version}"
                )
            raise ValueError(
                f"{named.where(row)}: {cell!r} is cell {index[cell]} of {listed.file}, but {name} is {indices[row]}{version}"
            )
    return indices
