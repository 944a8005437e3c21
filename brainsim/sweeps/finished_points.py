"""A file for each finished point, written whole or not at all, so that a sweep that was killed continues where it was."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.core.files import check_path, write_aside
from brainsim.results import archive
from brainsim.results.result import Result
from brainsim.sweeps.keys import key_of, key_of_function, name_of
from brainsim.sweeps.points import Row

FORMAT = 1


class Folder:
    """The files of a sweep, in a folder that is made if it does not exist.

    A point's file is named by a hash of the function, of all values of the parameters, and of the version of brainsim: if
    any of them changes, the point is computed again. See `keys` for what is looked at.
    """

    def __init__(self, path: str | os.PathLike, function: Any, keep: str):
        self.path, self._keep = check_path(path, "sweep.to").absolute(), keep
        if self.path.exists() and not self.path.is_dir():
            raise NotADirectoryError(f"sweep.to: {str(path)!r} is a file; give the name of a folder")
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"sweep.to: there is no folder {str(self.path.parent)!r} for {self.path.name!r}")
        self.path.mkdir(exist_ok=True)
        self._function = key_of_function(function)

    def file_of(self, parameters: dict[str, Any]) -> Path:
        """Return the path of a point's file; ask before the function is called, which may change its arguments."""
        from brainsim import __version__

        keys = {name: key_of(parameters[name], f"sweep.to: the value of {name!r}") for name in sorted(parameters)}
        text = json.dumps([self._function, keys, __version__])
        return self.path / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"

    def read(self, path: Path, parameters: dict[str, Any]) -> Row | None:
        """Return the row of a finished point; None if it has to be computed."""
        if not path.exists():
            return None
        try:
            said, row = archive.read(path, "Point", FORMAT, lambda said, arrays: (said, _row(parameters, said, arrays)))
            if said.get("point") != path.stem:  # copied over from another one
                return None
            if row.is_result and self._keep == "result":
                if said.get("result") != _digest(whole := path.with_suffix(".result.npz")):
                    return None
                row.result = Result.load(whole)
        except (ValueError, FileNotFoundError):  # damaged, or computed when the Result was not kept
            return None
        return row

    def write(self, path: Path, row: Row) -> None:
        """Write a finished point; one that failed has no file and is tried again."""
        if row.error is not None:
            return
        whole = path.with_suffix(".result.npz")
        if row.result is not None:
            row.result.save(whole)
        arrays = {name: value for name, value in row.values.items() if isinstance(value, np.ndarray)}
        plain = {name: value for name, value in row.values.items() if name not in arrays}
        said = {"values": plain, "arrays": list(arrays), "order": list(row.values), "seconds": row.seconds}
        said["is_result"], said["point"] = row.is_result, path.stem
        said["result"] = None if row.result is None else _digest(whole)
        said["parameters"] = {name: repr(value) for name, value in row.parameters.items()}
        archive.write(path, "Point", FORMAT, said, {archive.member("values", name): a for name, a in arrays.items()})

    def note(self, function: Any, names: list[str], points: int) -> None:
        """Write what the sweep is, for people who find the folder."""
        from brainsim import __version__

        said = {"function": name_of(function), "parameters": names, "points": points, "brainsim": __version__}
        said["numpy"] = np.__version__
        with write_aside(self.path / "manifest.json", "sweep.to") as temporary:
            temporary.write_text(json.dumps(said, indent=1) + "\n")


def _digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _row(parameters, said, arrays):
    values = {name: arrays[archive.member("values", name)] for name in said["arrays"]} | said["values"]
    ordered = {name: values[name] for name in said["order"]}
    return Row(parameters, ordered, seconds=said["seconds"], is_result=said["is_result"])
