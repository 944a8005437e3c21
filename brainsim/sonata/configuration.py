"""The configuration of a simulation: one file of JSON or two, with names for folders, and sets of cells."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.core.checks import nearest

LABEL = "sonata.run"


def read_json(path: str | os.PathLike) -> dict[str, Any]:
    """Return what a file of JSON says; an error names the file."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"{LABEL}: there is no file {str(path)!r}")
    try:
        return dict(json.loads(Path(path).read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{LABEL}: {str(path)!r} is not a file of JSON with names and values ({error})") from None


def read_configuration(path: str | os.PathLike) -> dict[str, Any]:
    """Return a configuration, with that of the circuit if it names one, and with whole paths."""
    found, folder = read_json(path), Path(path).absolute().parent
    known = {"${configdir}": str(folder), "${workingdir}": os.getcwd()}
    known |= {f"${name.removeprefix('$')}": value for name, value in found.pop("manifest", {}).items()}

    def whole(value, key=""):
        if isinstance(value, dict):
            return {name: whole(of, name) for name, of in value.items()}
        if not isinstance(value, str):
            return [whole(of) for of in value] if isinstance(value, list) else value
        text = value
        for name in sorted(known, key=len, reverse=True) * len(known):  # one may name another
            text = text.replace(name, known[name])
        if "$" in text:
            raise ValueError(f"{LABEL}: the manifest has no {text[text.index('$') :].partition('/')[0]!r}, of {value!r}")
        is_path = key == "network" or (key.endswith(("_file", "_dir")) and key not in ("spikes_file", "log_file"))
        return str(folder / text) if is_path else text

    found = whole(found)
    return (read_configuration(found["network"]) if "network" in found else {}) | found


def select(which: Any, sets: dict[str, Any], nodes: dict[str, Any], label: str) -> dict[str, np.ndarray]:
    """Return population -> indices of the cells of a set: its name, that of a population, a list of these, or conditions."""
    if isinstance(which, str) and which in sets:
        return select(sets[which], sets, nodes, label)
    if isinstance(which, list):
        parts = [select(part, sets, nodes, label) for part in which]
        return {name: np.unique(np.concatenate([p[name] for p in parts if name in p])) for p in parts for name in p}
    conditions = dict(which) if isinstance(which, dict) else {} if which == "all" else {"population": which}
    names, found = np.atleast_1d(conditions.pop("population", [*nodes])).tolist(), {}
    for name in names:
        if name not in nodes:
            raise ValueError(f"{LABEL}: {label}: there are no cells {name!r}{nearest(name, [*sets, *nodes, 'all'])}")
        chosen = np.ones(nodes[name].n, bool)
        for key, values in conditions.items():
            column = np.arange(nodes[name].n) if key == "node_id" else nodes[name].columns.get(key, np.full(chosen.size, ""))
            chosen &= np.isin(column.astype(str), np.atleast_1d(values).astype(str))
        found[name] = np.flatnonzero(chosen)
    return {name: ids for name, ids in found.items() if ids.size}
