"""Reading nodes and edges of SONATA files as arrays."""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.features.formats import hdf5
from brainsim.models.pair_lists import FromArrays
from brainsim.results.archive import reading

LIBRARY = "@library"  # a group with the texts that arrays of the same names have numbers of
MISSING = ("NULL", "", None)


@dataclass(frozen=True, eq=False, repr=False)
class Nodes:
    """The cells of one node population of a SONATA file.

    Attributes
    ----------
    name : str
    n : int
        Number of cells; cell k is the one with ``node_id`` k.
    type_ids : ndarray of int64, shape (n,)
        ``node_type_id`` of each cell.
    columns : dict of str to ndarray
        What the file and the table of types say of each cell: positions ``x``, ``y``, ``z``, ``model_template`` and so on.
    """

    name: str
    n: int
    type_ids: np.ndarray
    columns: dict[str, np.ndarray] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Nodes({self.name!r}, {self.n:,} cells, columns {', '.join(self.columns) or 'none'})"


@dataclass(frozen=True, eq=False, repr=False)
class Edges:
    """The synapses of one edge population of a SONATA file, in the order of the file.

    Attributes
    ----------
    name : str
    source, target : str
        The node populations that they connect.
    pre, post : ndarray of int64, shape (edges,)
        Cells of these.
    weight, delay : ndarray of float64, shape (edges,), or None
        ``syn_weight``, in the unit of the tool that wrote the file, and ``delay`` [ms]; None if the file has none.
    type_ids : ndarray of int64, shape (edges,)
        ``edge_type_id`` of each.
    columns : dict of str to ndarray
        What else the file and the table of types say of each.
    """

    name: str
    source: str
    target: str
    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray | None
    delay: np.ndarray | None
    type_ids: np.ndarray
    columns: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.pre.size

    def __repr__(self) -> str:
        return (
            f"Edges({self.name!r}, {self.source!r} to {self.target!r}, {len(self):,} synapses, "
            f"columns {', '.join(self.columns) or 'none'})"
        )

    @property
    def rule(self) -> FromArrays:
        """The pairs as a rule: ``net.connect(a, b, edges.rule, weight=edges.weight, delay=edges.delay, synapse=...)``."""
        return FromArrays(self.pre, self.post)


def read_nodes(path: str | os.PathLike, types: str | os.PathLike | None = None) -> dict[str, Nodes]:
    """Return the node populations of a SONATA file by name.

    Parameters
    ----------
    path : str or Path
        An HDF5 file with the group ``nodes``.
    types : str or Path, optional
        The table of types, a CSV file with columns separated by spaces; it fills in what the HDF5 file does not say.

    Raises
    ------
    ImportError
        Without h5py: ``pip install h5py``.
    FileNotFoundError
        If a file does not exist.
    ValueError
        If a file is damaged or not of this kind, or ids are not whole numbers from 0 on.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> nodes = bs.sonata.read_nodes("network/nodes.h5", "network/node_types.csv")  # doctest: +SKIP
    >>> cells = bs.Population(nodes["cells"].n, bs.LIF(), name="cells")                     # doctest: +SKIP
    """
    label = "sonata.read_nodes"
    table = _types(types, "node_type_id", label)

    def build(name, group):
        type_ids = hdf5.whole(group, "node_type_id")
        columns = _columns(group, "node", type_ids, table)
        order = np.arange(type_ids.size)
        if "node_id" in group:
            ids = hdf5.whole(group, "node_id", at_least=0, size=type_ids.size)
            order = np.argsort(ids, kind="stable")
            if not np.array_equal(ids[order], np.arange(order.size)):
                raise ValueError(f"node_id of {name!r} must be 0 to {order.size - 1}, each once")
        return Nodes(name, order.size, type_ids[order], {key: values[order] for key, values in columns.items()})

    return _populations(path, "nodes", label, build)


def read_edges(path: str | os.PathLike, types: str | os.PathLike | None = None) -> dict[str, Edges]:
    """Return the edge populations of a SONATA file by name.

    Parameters
    ----------
    path : str or Path
        An HDF5 file with the group ``edges``.
    types : str or Path, optional
        The table of types, a CSV file with columns separated by spaces; it fills in what the HDF5 file does not say, often
        the weight and the delay.

    Raises
    ------
    ImportError, FileNotFoundError, ValueError
        As for `read_nodes`.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> v1, net = bs.Population(5000, bs.LIF(), name="v1"), bs.Network(seed=1)  # doctest: +SKIP
    >>> edges = bs.sonata.read_edges("network/edges.h5", "network/edge_types.csv")["v1_to_v1"]  # doctest: +SKIP
    >>> net.connect(v1, v1, edges.rule, weight=edges.weight, delay=edges.delay, synapse=bs.Delta())     # doctest: +SKIP
    """
    label = "sonata.read_edges"
    table = _types(types, "edge_type_id", label)

    def build(name, group):
        type_ids = hdf5.whole(group, "edge_type_id")
        ends = [hdf5.whole(group, end, at_least=0, size=type_ids.size) for end in ("source_node_id", "target_node_id")]
        named = [_population_of(group[end]) for end in ("source_node_id", "target_node_id")]
        columns = _columns(group, "edge", type_ids, table)
        weight, delay = (_numbers(columns, key, name, type_ids, group) for key in ("syn_weight", "delay"))
        return Edges(name, *named, *ends, weight, delay, type_ids, columns)

    return _populations(path, "edges", label, build)


def _populations(path, kind, label, build):
    """Return name -> ``build(name, group)`` of the populations of a file."""
    with hdf5.open_file(path, label, "file of SONATA") as file:
        return {name: build(name, group) for name, group in hdf5.groups_in(hdf5.group_in(file, kind)).items()}


def _population_of(dataset):
    """Return the node population that the ids of a dataset belong to."""
    name = dataset.attrs.get("node_population", dataset.attrs.get("network", ""))
    return name.decode() if isinstance(name, bytes) else str(name)


def _types(path, key, label):
    """Return type id -> row of a table of types."""
    if path is None:
        return {}
    with reading(path, label, "table of types"), Path(path).open(newline="", encoding="utf-8") as file:
        lines = csv.DictReader(file, delimiter=" ", skipinitialspace=True)
        rows = [_complete(row, lines.line_num) for row in lines]
        names = [name for name in lines.fieldnames or () if name]
        if len(set(names)) < len(names):
            raise ValueError(f"it has two columns {max(names, key=names.count)!r}")
    if rows and key not in rows[0]:
        raise ValueError(f"{label}: {str(path)!r} has no column {key!r}; columns are separated by spaces")
    try:
        table = {int(row[key]): {name: value for name, value in row.items() if name not in (key, "")} for row in rows}
    except (ValueError, TypeError):
        bad = next(row[key] for row in rows if not re.fullmatch(r"[+-]?\d+", row[key] or ""))
        raise ValueError(f"{label}: {str(path)!r}: {key} must be whole numbers (got {bad!r})") from None
    if len(table) < len(rows):
        ids = [int(row[key]) for row in rows]
        raise ValueError(f"{label}: {str(path)!r} has the {key} {max(ids, key=ids.count)} twice")
    return table


def _complete(row, line):
    """Return a row of a table; ValueError if it has more or fewer fields than the first line, spaces at its end apart."""
    more, empty = row.pop(None, None) or (), [name for name, value in row.items() if value is None and name]
    if any(more) or empty:
        fault = f"no field {empty[0]!r}" if empty else f"the field {more[0]!r} beyond the columns"
        raise ValueError(f"line {line} has {fault}; NULL stands for what there is not")
    return row


def _columns(group, kind, type_ids, table) -> dict[str, Any]:
    """Return name -> values of what a file and a table of types say; the file takes precedence.

    Those of a group in a group, such as ``dynamics_params``, have its name before theirs: ``dynamics_params/V_th``.
    """
    columns: dict[str, Any] = {}
    unknown = sorted(set(type_ids.tolist()) - set(table))
    if table and unknown:
        raise ValueError(f"the table of types has no {kind}_type_id {unknown[0]}")
    for name in dict.fromkeys(name for row in table.values() for name in row):
        columns[name] = _as_numbers([table[k].get(name) for k in type_ids.tolist()])
    n, group_of = type_ids.size, np.zeros(type_ids.size, np.int64)
    own = ("source_node_id", "target_node_id", *(f"{kind}_{name}" for name in ("id", "type_id", "group_id", "group_index")))
    for name in (name for name in group if name not in own and getattr(hdf5.part(group, name), "shape", None) == (n,)):
        raise ValueError(f"{name!r} in {group.name!r} must be in a group such as '{group.name}/0'")
    index = np.arange(n)
    if f"{kind}_group_id" in group:
        group_of = hdf5.whole(group, f"{kind}_group_id", size=n)
        index = hdf5.whole(group, f"{kind}_group_index", at_least=0, size=n)
    for key in (key for key in group if key.isdigit()):
        mine = np.flatnonzero(group_of == int(key))
        for name, values in _stored(hdf5.group_in(group, key)):
            columns[name] = _spread(values, index[mine], mine, columns.get(name), n, f"{group.name}/{key}/{name}")
    return columns


def _stored(group, prefix=""):
    """Yield the name and the values of each array in a group, and in groups in it."""
    for name in group:
        if hasattr(found := hdf5.part(group, name), "keys"):
            if name != LIBRARY and not prefix:
                yield from _stored(found, f"{prefix}{name}/")
            continue
        values = hdf5.values(group, name)
        if values.ndim != 1:
            raise ValueError(f"{found.name!r} must have one value for each cell or edge (got shape {values.shape})")
        if LIBRARY in group and name in (texts := hdf5.group_in(group, LIBRARY)):
            names, codes = hdf5.values(texts, name), hdf5.whole(group, name, at_least=0)
            if codes.size and codes.max() >= names.size:
                raise ValueError(f"{found.name!r} has {codes.max()}, but {LIBRARY!r} has {names.size} values of it")
            values = names[codes]
        if values.dtype.kind in "OS":
            values = np.array([of.decode() if isinstance(of, bytes) else of for of in values.tolist()], object)
        yield prefix + name, values


def _spread(values, index, mine, before, n, label):
    """Return the values of all cells or edges; those that are `mine` are in a group at `index`, the others as `before`."""
    if index.size and index.max() >= values.size:
        raise ValueError(f"{label} has {values.size:,} values, too few for the group index {index.max():,}")
    values = values[index]
    if mine.size == n:
        return values
    whole = np.full(n, np.nan if values.dtype.kind in "iuf" else "") if before is None else before
    whole = whole.astype(np.promote_types(whole.dtype, values.dtype))
    whole[mine] = values
    return whole


def _as_numbers(values):
    """Return the texts of a table as numbers, if all of them are numbers."""
    try:
        return np.array([np.nan if value in MISSING else float(value) for value in values])
    except ValueError:
        return np.array(values, dtype=object)


def _numbers(columns, key, name, type_ids, group):
    """Return a column as float64, None if no edge has it; ValueError if only some edges have it."""
    values = columns.pop(key, None)
    if values is None:
        return None
    if values.dtype.kind not in "iuf":
        raise ValueError(f"{key} of {name!r} must be numbers (got {values[0]!r})")
    values = np.asarray(values, np.float64)
    lacking = np.flatnonzero(np.isnan(values))
    if not lacking.size:
        return values
    if lacking.size < values.size or any(key in group[part] for part in group if part.isdigit()):
        edge = int(lacking[0])
        raise ValueError(f"{key} of {name!r} is missing for edge {edge}, whose edge_type_id is {type_ids[edge]}")
    return None
