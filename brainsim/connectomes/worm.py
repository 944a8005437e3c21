"""The nervous system of the worm C. elegans, from the tables in the package `cect`."""

from __future__ import annotations

import csv
import importlib.util
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.connectomes.assembling import Choices, join, title_of
from brainsim.connectomes.brain import Brain
from brainsim.connectomes.edges import Edges
from brainsim.connectomes.formats import register_format
from brainsim.connectomes.tables import open_table
from brainsim.core.arrays import freeze
from brainsim.core.doors import to_install
from brainsim.results.archive import reading

KINDS = ("chemical", "electrical")
# McIntire et al. (1993), doi:10.1038/364337a0: the 26 cells with GABA
GABA = re.compile(r"[DV]D\d\d|RME[DVLR]|AVL|DVB|RIS")
# what the names of cells without an entry in the list of neurons begin with
MUSCLES = re.compile(r"[dv]BWM|pm\d|[uv]m\d|anal|sph|int[LR]")
SIDED = re.compile(r"[A-Z]+\d?[A-Z]*([LR])|[dv]BWM([LR])\d+|(?:mc|pm)\d[dv]([lr])|(?:[uv]m\d[ap]|int)([LR])")
SENSES = ("Amphid", "Cephalic", "Mechanosensory", "Phasmid", "Touch", "O2")


@register_format("worm", {"edges": "herm_full_edgelist.csv"}, {"cells": "all_cell_info.csv"})
def read_worm(
    edges: Any = None,
    cells: str | os.PathLike | None = None,
    *,
    repeated: str = "error",
    title: str | None = None,
    name: str = "brain",
) -> Brain:
    """Return the nervous system of C. elegans with its muscles: 448 cells, chemical and electrical edges.

    It is that of the hermaphrodite. The number of synapses of an edge is that of the sections of the electron microscope in
    which it is seen. An electrical synapse that has different numbers in its two directions, or is there in one only, gets
    the larger one; junctions of a cell with itself are left out. Annotations are ``type`` (the file's), ``super_class``
    (sensory, inter, motor, muscle, other), ``side`` (left, right or "") and ``transmitter``: "GABA" of 26 cells, whose edges
    inhibit. Of all others it is "", and their edges excite; `Brain.signed` changes that.

    Parameters
    ----------
    edges : str, Path or frame, optional
        ``herm_full_edgelist.csv``: ``Source``, ``Target``, ``Weight`` and ``Type``, chemical or electrical. By default that
        of the installed package `cect`.
    cells : str or Path, optional
        ``all_cell_info.csv``, with name and type of each cell. By default that of `cect` if `edges` is not given, else none.
    repeated, title, name
        As for `read_table`; `repeated` is about chemical edges.

    Raises
    ------
    ImportError
        If no file is given and `cect` is not installed: ``pip install --no-deps cect``, since only its tables are
        read.
    FileNotFoundError, ValueError
        As for `read_table`.

    Examples
    --------
    >>> import brainsim as bs
    >>> worm = bs.connectomes.read_worm()                                                 # doctest: +SKIP
    >>> worm["AVAL"], len(worm.junctions)                                                 # doctest: +SKIP

    References
    ----------
    Cook et al. (2019), doi:10.1038/s41586-019-1352-7; tables: https://github.com/openworm/ConnectomeToolbox (MIT).
    """
    label = "read_worm"
    if edges is None:
        folder = _folder(label)
        edges, cells = folder / "herm_full_edgelist.csv", folder / "all_cell_info.csv" if cells is None else cells
    table = open_table(edges, label)
    source, target, kind = (table.column(of) for of in ("Source", "Target", "Type"))
    ends = [column.identifiers().rows() for column in (source, target)]
    chemical = kind.converted(_is_chemical, bool).rows()
    count = table.column("Weight").whole(0)
    ids = sorted(set(ends[0].tolist()) | set(ends[1].tolist()))
    index = {cell: k for k, cell in enumerate(ids)}
    pre, post = (np.array([index[cell] for cell in end.tolist()], dtype=np.int32) for end in ends)
    choices, sign = Choices(repeated=repeated, title=title, name=name), np.ones(pre.size, np.int8)
    choices.check(label)
    sends = np.where(chemical, pre, -1).astype(np.int32)  # the other rows are dropped
    found = join(sends, post, count, sign, None, len(ids), choices, table)
    junctions = _junctions(pre[~chemical], post[~chemical], count[~chemical], len(ids))
    brain = Brain(ids, _annotations(ids, _types(cells, label)), found, junctions, title_of(choices, table, ids, found), name)
    return brain.signed({"GABA": -1}, unknown=1)


def _folder(label: str) -> Path:
    """Return the folder of the tables of `cect`, which is not imported: it would load much that is not needed."""
    found = importlib.util.find_spec("cect")
    if found is None or not found.submodule_search_locations:
        raise ImportError(
            f"{label}: needs cect; {to_install('cect')}: its dependencies are not needed, since only its tables are read"
        )
    return Path(next(iter(found.submodule_search_locations))) / "data"


def _is_chemical(kind):
    if (text := str(kind).strip()) not in KINDS:
        raise ValueError("must be chemical or electrical")
    return text == "chemical"


def _junctions(pre, post, count, n):
    """Return each pair of two different cells once, with the larger of its numbers."""
    low, high = np.minimum(pre, post), np.maximum(pre, post)
    key = low.astype(np.int64) * n + high
    order = np.argsort(key, kind="stable")
    order = order[low[order] != high[order]]
    starts = np.flatnonzero(np.append(True, np.diff(key[order]) > 0))[: order.size]
    most = np.maximum.reduceat(count[order], starts) if order.size else count[:0]
    return Edges(
        *(freeze(values) for values in (low[order[starts]], high[order[starts]], most, np.ones(most.size, np.int8)))
    )


def _types(cells: str | os.PathLike | None, label: str) -> dict[str, str]:
    """Return name -> type of the cells in a list, which writes AS1 for AS01; some of its lines have too many fields."""
    if cells is None:
        return {}
    if not isinstance(cells, str | os.PathLike):
        raise TypeError(f"{label}.cells: must be the path of a file (got a {type(cells).__name__})")
    with reading(cells, label, "list of cells"), Path(cells).open(newline="", encoding="utf-8-sig") as file:
        return {line[0].strip(): line[1].strip() for line in csv.reader(file) if len(line) > 1}


def _annotations(ids, types):
    type_ = [types.get(re.sub(r"^([A-Z]+)0(\d)$", r"\1\2", name), types.get(name, "")) for name in ids]
    return {
        "type": type_,
        "super_class": [_class(name, kind) for name, kind in zip(ids, type_, strict=True)],
        "side": [_side(name, ids) for name in ids],
        "transmitter": ["GABA" if GABA.fullmatch(name) else "" for name in ids],
    }


def _side(name, ids):
    """Return left or right if the name says so, like AVAL and dBWMR12; there is no AVR, so AVL is not one of two."""
    found = SIDED.fullmatch(name)
    if not found:
        return ""
    at = next(k for k in range(1, 5) if found.group(k))
    letter = found.group(at)
    other = {"L": "R", "R": "L", "l": "r", "r": "l"}[letter]
    mirrored = name[: found.start(at)] + other + name[found.end(at) :]
    return {"L": "left", "R": "right"}[letter.upper()] if mirrored in ids or MUSCLES.match(name) else ""


def _class(name, kind):
    if MUSCLES.match(name):
        return "muscle"
    for word, of in (("motor", "motor"), ("interneuron", "inter"), ("polymodal", "inter"), ("Linker", "inter")):
        if word in kind:
            return of
    return "sensory" if kind.startswith(SENSES) else "other"
