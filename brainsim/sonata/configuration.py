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
from brainsim.core.structure import check_structure
from brainsim.results.archive import reading
from brainsim.sonata.reading import Nodes

PATH = re.compile(r"network|(?!spikes|log|overwrite)\w+_(file|dir)")  # names of paths; two lie in the folder of the output
LONGEST = 4096  # characters of a path; names that each stand for two others would fill the memory
DEEPEST = 100  # names in names


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
        If a file is damaged, its manifest lacks a name that it uses, a name of the manifest or the file contains itself, or
        both configurations have a section of one name with different contents.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> config = bs.sonata.read_config("network/circuit_config.json")  # doctest: +SKIP
    >>> nodes = bs.sonata.read_nodes(config["networks"]["nodes"][0]["nodes_file"])          # doctest: +SKIP
    """
    return read_sections(path, "sonata.read_config")[0]


def read_sections(
    path: str | os.PathLike, label: str, within: tuple[str, ...] = ()
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the sections of a configuration, and the file that each is in; `within` are those that name this file."""
    found, folder, here = read_json(path, label), Path(path).absolute().parent, os.path.realpath(path)
    if here in within:
        raise ValueError(f"{label}: {str(path)!r} names itself as its network")
    manifest = found.pop("manifest", {})
    check_structure(manifest, dict[str, str], f"{label}: {str(path)!r}: manifest")
    expand = _expander(manifest, {"configdir": str(folder), "workingdir": os.getcwd()}, path, label)

    def complete(part, name=""):
        """Return a part with whole paths."""
        if isinstance(part, dict):
            return {key: complete(of, key) for key, of in part.items()}
        if isinstance(part, list):
            return [complete(of) for of in part]
        text = expand(part) if isinstance(part, str) else part
        return str(folder / text) if isinstance(text, str) and PATH.fullmatch(name) else text

    with reading(path, label, "file of JSON"):
        found = complete(found)
    files = dict.fromkeys(found, str(path))
    if "network" not in found:
        return found, files
    check_structure(found["network"], str, f"{label}: {str(path)!r}: network")
    circuit, others = read_sections(found["network"], label, (*within, here))
    for name, section in circuit.items():
        if isinstance(section, dict | list) and found.get(name, section) != section:
            raise ValueError(
                f"{label}: {others[name]!r} and {str(path)!r} both have a section {name!r}; leave it in one of them"
            )
    return circuit | found, others | files


def _expander(manifest, given, path, label):
    """Return a function that puts paths in the place of the names of a manifest; a path may have further names."""
    values = {name.strip("${}"): text for name, text in manifest.items()}
    done = {name: text for name, text in given.items() if name not in values}
    known = "|".join(re.escape(name) for name in sorted({*values, *done}, key=len, reverse=True))
    names, under_way = re.compile(rf"\$(?:({known})|{{({known})}}|[^/\"]*)"), list[str]()

    def value(match):
        name = match[1] or match[2]
        if name is None:
            raise ValueError(
                f"{label}: the manifest has no {match[0]!r}, which {str(path)!r} names{nearest(match[0], manifest)}"
            )
        if name not in done:
            if name in under_way or len(under_way) == DEEPEST:
                how = "contains itself" if name in under_way else f"has more than {DEEPEST} others in it, one in another"
                raise ValueError(f"{label}: {str(path)!r}: '${name}' of the manifest {how}")
            under_way.append(name)
            done[name] = expand(values[name])
            under_way.pop()
        return done[name]

    def expand(text):
        if "$" not in text:
            return text
        whole = names.sub(value, text) if len(text) <= LONGEST else text
        if len(whole) > LONGEST:
            raise ValueError(f"{label}: {str(path)!r}: {text[:40]!r} stands for a path of more than {LONGEST:,} characters")
        return whole

    return expand


def read_json(path: str | os.PathLike, label: str) -> dict[str, Any]:
    """Return what a file of JSON says; an error names the file."""
    with reading(path, label, "file of JSON"):
        found = json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=_once)
        if not isinstance(found, dict):
            raise ValueError("it must have names and values, {...}")
        return found


def _once(pairs):
    """Return pairs as a dict; JSON alone would take the last of two values with one name."""
    if len(found := dict(pairs)) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"it has {next(name for name in names if names.count(name) > 1)!r} twice")
    return found


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
    >>> import brainsim as bs  # doctest: +SKIP
    >>> nodes = bs.sonata.read_nodes("network/nodes.h5", "network/node_types.csv")  # doctest: +SKIP
    >>> cells, net = bs.Population(nodes["v1"].n, bs.LIF(), name="v1"), bs.Network(seed=1)  # doctest: +SKIP
    >>> chosen = bs.sonata.select_nodes(nodes, "excitatory", "network/node_sets.json")  # doctest: +SKIP
    >>> net.stimulate(cells[chosen["v1"]], bs.CurrentInput(100.0))                              # doctest: +SKIP
    """
    label = "sonata.select_nodes"
    known = sets if isinstance(sets, Mapping) else {} if sets is None else read_json(sets, label)
    return choose(nodes, which, {"all": {}} | dict(known), label)


def choose(
    nodes: Mapping[str, Nodes],
    which: Any,
    sets: Mapping[str, Any],
    label: str,
    within: tuple[str, ...] = (),
    done: dict[str, dict[str, np.ndarray]] | None = None,
) -> dict[str, np.ndarray]:
    """Return what `select_nodes` does; `within` are the sets that name this one, `done` those found already."""
    done = {} if done is None else done
    if isinstance(which, str) and which in sets:
        if which in within or len(within) == DEEPEST:
            how = "contains itself" if which in within else f"is in {DEEPEST} others, one in another"
            raise ValueError(f"{label}: the node set {which!r} {how}")
        if which not in done:
            done[which] = choose(nodes, sets[which], sets, label, (*within, which), done)
        return done[which]
    if isinstance(which, list):
        parts = [choose(nodes, part, sets, label, within, done) for part in which]
        return {name: np.any([part[name] for part in parts if name in part], axis=0) for part in parts for name in part}
    conditions = dict(which) if isinstance(which, Mapping) else {"population": which}
    names = conditions.pop("population", [*nodes])
    found, known = dict[str, np.ndarray](), dict[str, Any]()
    for name in [names] if isinstance(names, str) or not isinstance(names, list | tuple) else names:
        if not isinstance(name, str) or name not in nodes:
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
    ids, most = np.atleast_1d(conditions.get("node_id", ())), max((of.size for of in found.values()), default=0)
    for wrong in ids[~((ids >= 0) & (ids < most))][:1] if ids.dtype.kind in "iuf" and found else ():
        raise ValueError(
            f"{label}: there is no cell with the node_id {wrong}; those of {', '.join(found)} end at {most - 1}"
        )
    for key in conditions.keys() - known.keys():
        raise ValueError(f"{label}: no cells have a column {key!r}{nearest(key, known)}")
    return {name: chosen for name, chosen in found.items() if chosen.any()}
