"""The configuration of a simulation: one file of JSON or two, with names for folders, and sets of cells."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.core.checks import nearest

LABEL = "sonata.run"
IN_OUTPUT = ("spikes_file", "log_file")  # names of files in output_dir


def read_json(path: str | os.PathLike) -> Any:
    """Return what a file of JSON says; an error names the file."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{LABEL}: there is no file {str(path)!r}")
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{LABEL}: {str(path)!r} is not a file of JSON ({error})") from None


def read_configuration(path: str | os.PathLike) -> dict[str, Any]:
    """Return a configuration, with that of the circuit if it names one, and with whole paths."""
    found = read_json(path)
    if not isinstance(found, dict):
        raise ValueError(f"{LABEL}: {str(path)!r} is not a configuration of SONATA")
    folder = Path(path).absolute().parent
    known = {"${configdir}": str(folder), "${workingdir}": os.getcwd()}
    for name, value in found.pop("manifest", {}).items():
        known[name if name.startswith("$") else f"${name}"] = value
    found = _replaced(found, known, folder)
    circuit = found.get("network")
    return (read_configuration(circuit) if isinstance(circuit, str) else {}) | found


def _replaced(value, known, folder, key=""):
    """Return a value in which names of folders are replaced; paths of files and folders are whole."""
    if isinstance(value, dict):
        return {name: _replaced(of, known, folder, name) for name, of in value.items()}
    if isinstance(value, list):
        return [_replaced(of, known, folder) for of in value]
    if not isinstance(value, str):
        return value
    text = value
    for _ in known:  # one may name another
        for name in sorted(known, key=len, reverse=True):
            text = text.replace(name, known[name])
    if "$" in text:
        raise ValueError(f"{LABEL}: the manifest has no {text[text.index('$') :].partition('/')[0]!r}, of {value!r}")
    is_path = key == "network" or (key.endswith(("_file", "_dir")) and key not in IN_OUTPUT)
    return str(folder / text) if is_path else text


def select(which: Any, sets: dict[str, Any], nodes: dict[str, Any], label: str) -> dict[str, np.ndarray]:
    """Return population -> indices of the cells of a set: its name, that of a population, a list of these, or conditions."""
    if isinstance(which, str):
        if which in sets:
            return select(sets[which], sets, nodes, label)
        if which not in nodes and which != "all":
            raise ValueError(f"{LABEL}: {label}: there is no set of cells {which!r}{nearest(which, [*sets, *nodes, 'all'])}")
        return {name: np.arange(of.n) for name, of in nodes.items() if which in ("all", name)}
    if isinstance(which, list) and all(isinstance(part, str) for part in which):
        parts = [select(part, sets, nodes, label) for part in which]
        return {name: np.unique(np.concatenate([p[name] for p in parts if name in p])) for p in parts for name in p}
    conditions = {"node_id": which} if isinstance(which, list) else dict(which)
    names = np.atleast_1d(conditions.pop("population", [*nodes])).tolist()
    found = {}
    for name in names:
        if name not in nodes:
            raise ValueError(f"{LABEL}: {label}: there is no population {name!r}{nearest(name, nodes)}")
        chosen = np.ones(nodes[name].n, bool)
        for key, values in conditions.items():
            column = np.arange(nodes[name].n) if key == "node_id" else nodes[name].columns.get(key)
            chosen &= False if column is None else np.isin(column.astype(str), np.atleast_1d(values).astype(str))
        if chosen.any():
            found[name] = np.flatnonzero(chosen)
    return found
