"""Configurations of SONATA, and the sets of cells that they name."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.core.checks import nearest
from brainsim.results.archive import reading
from brainsim.sonata.reading import Nodes

PATH = re.compile(r"network|(?!spikes|log)\w+_(file|dir)")  # names of paths; two files lie in the folder of the output


def read_config(path: str | os.PathLike) -> dict[str, Any]:
    """Return what a configuration says, with whole paths in place of those that its manifest shortens.

    Parameters
    ----------
    path : str or Path
        ``circuit_config.json``, or a ``simulation_config.json``; if this names that of the circuit as its ``network``, it is
        read, too, and both are joined.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ValueError
        If a file is damaged, or its manifest lacks a name that it uses.

    Examples
    --------
    >>> config = bs.sonata.read_config("network/circuit_config.json")                       # doctest: +SKIP
    >>> nodes = bs.sonata.read_nodes(config["networks"]["nodes"][0]["nodes_file"])          # doctest: +SKIP
    """
    label = "sonata.read_config"
    found, folder = read_json(path, label), Path(path).absolute().parent
    known = {"${configdir}": str(folder), "${workingdir}": os.getcwd()}
    known |= {f"${name.removeprefix('$')}": value for name, value in found.pop("manifest", {}).items()}
    text = json.dumps(found, ensure_ascii=False)
    for name in sorted(known, key=len, reverse=True) * len(known):  # one may name another
        text = text.replace(name, json.dumps(known[name], ensure_ascii=False)[1:-1])
    for name in re.findall(r'\$[^/"]*', text):
        raise ValueError(f"{label}: the manifest has no {name!r}, which {str(path)!r} names")

    def complete(part):
        """Return a part with whole paths."""
        return {n: str(folder / of) if isinstance(of, str) and PATH.fullmatch(n) else of for n, of in part.items()}

    found = json.loads(text, object_hook=complete)
    return (read_config(found["network"]) if "network" in found else {}) | found


def read_json(path: str | os.PathLike, label: str) -> dict[str, Any]:
    """Return what a file of JSON says; an error names the file."""
    with reading(path, label, "file of JSON"):
        return dict(json.loads(Path(path).read_text(encoding="utf-8")))


def select_nodes(
    nodes: Mapping[str, Nodes], which: Any, sets: str | os.PathLike | Mapping[str, Any] | None = None
) -> dict[str, np.ndarray]:
    """Return which cells are in a node set, by node population.

    Parameters
    ----------
    nodes : dict of str to Nodes
        What `read_nodes` returned.
    which : str, list or dict
        The name of a set or of a node population; conditions such as ``{"population": "v1", "layer": [2, 3]}``, on
        ``population``, ``node_id``, ``node_type_id`` and the columns of the nodes; or a list of these, which are joined.
    sets : str, Path or dict, optional
        The file with the sets that are named, ``node_sets.json``, or what it says. ``"all"`` is always known.

    Returns
    -------
    dict of str to ndarray of bool, shape (cells,)
        The node populations that have such cells.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a file is damaged, or names cells, columns or values that cannot be understood.

    Examples
    --------
    >>> chosen = bs.sonata.select_nodes(nodes, "excitatory", "network/node_sets.json")          # doctest: +SKIP
    >>> net.stimulate(cells[chosen["v1"]], bs.CurrentInput(100.0))                              # doctest: +SKIP
    """
    label = "sonata.select_nodes"
    known = sets if isinstance(sets, Mapping) else {} if sets is None else read_json(sets, label)
    return choose(nodes, which, {"all": {}} | dict(known), label)


def choose(
    nodes: Mapping[str, Nodes], which: Any, sets: Mapping[str, Any], label: str, within: tuple[str, ...] = ()
) -> dict[str, np.ndarray]:
    """Return what `select_nodes` does; `within` are the sets in which the one that is asked for is named."""
    if isinstance(which, str) and which in sets:
        if which in within:
            raise ValueError(f"{label}: the node set {which!r} contains itself")
        return choose(nodes, sets[which], sets, label, (*within, which))
    if isinstance(which, list):
        parts = [choose(nodes, part, sets, label, within) for part in which]
        return {name: np.any([part[name] for part in parts if name in part], axis=0) for part in parts for name in part}
    conditions = dict(which) if isinstance(which, Mapping) else {"population": which}
    found, known = dict[str, np.ndarray](), dict[str, Any]()
    for name in np.atleast_1d(conditions.pop("population", [*nodes])).tolist():
        if name not in nodes:
            raise ValueError(f"{label}: there are no cells {name!r}{nearest(name, [*sets, *nodes])}")
        of = nodes[name]
        known |= (columns := of.columns | {"node_id": np.arange(of.n), "node_type_id": of.type_ids})
        found[name] = np.full(of.n, conditions.keys() <= columns.keys())
        for key in conditions.keys() & columns.keys():
            column, values = columns[key], np.atleast_1d(conditions[key])
            if values.dtype == object:
                raise ValueError(f"{label}: {key} must be a value or a list of them (got {conditions[key]!r})")
            numbers = {column.dtype.kind, values.dtype.kind} <= {*"iuf"}
            found[name] &= np.isin(*((column, values) if numbers else (column.astype(str), values.astype(str))))
    for key in conditions.keys() - known.keys():
        raise ValueError(f"{label}: no cells have a column {key!r}{nearest(key, known)}")
    return {name: chosen for name, chosen in found.items() if chosen.any()}
