"""A file for each finished point, written whole or not at all, so that a sweep that was killed goes on where it was."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import types
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.results import archive
from brainsim.results.result import Result
from brainsim.sweeps.outcomes import Row

FORMAT = 1


class Folder:
    """The files of a sweep.

    A point's file is named by a hash of the function with its source text, of the parameters, and of the version of
    brainsim: if any of them changes, the point is computed again. What the function calls is not looked at.

    Parameters
    ----------
    path : str or Path
        Made if it does not exist.
    function : callable
    keep : {"figures", "result"}
    """

    def __init__(self, path: str | os.PathLike, function: Any, keep: str):
        self.path, self._keep = Path(path), keep
        if self.path.exists() and not self.path.is_dir():
            raise NotADirectoryError(f"sweep.to: {str(path)!r} is a file; give the name of a folder")
        if not self.path.absolute().parent.is_dir():
            raise FileNotFoundError(
                f"sweep.to: there is no folder {str(self.path.absolute().parent)!r} for {self.path.name!r}"
            )
        self.path.mkdir(exist_ok=True)
        self._function = _identity(function)

    def file_of(self, parameters: dict[str, Any]) -> Path:
        """Return the path of a point's file."""
        from brainsim import __version__

        text = json.dumps([self._function, {name: _coded(parameters[name]) for name in sorted(parameters)}, __version__])
        return self.path / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"

    def read(self, parameters: dict[str, Any]) -> Row | None:
        """Return the row of a finished point; None if it has to be computed."""
        path = self.file_of(parameters)
        kept = path.with_suffix(".result.npz")
        if not path.exists() or (self._keep == "result" and not kept.exists()):
            return None
        try:
            row = archive.read(path, "Point", FORMAT, lambda said, arrays: _row(parameters, said, arrays))
            row.result = Result.load(kept) if self._keep == "result" else None
        except ValueError:  # damaged, by whatever happened to the disk
            return None
        return row

    def write(self, row: Row) -> None:
        """Write a finished point; one that failed has no file and is tried again."""
        if row.error is not None:
            return
        path = self.file_of(row.parameters)
        if row.result is not None:
            row.result.save(path.with_suffix(".result.npz"))
        arrays = {name: value for name, value in row.values.items() if isinstance(value, np.ndarray)}
        plain = {name: value for name, value in row.values.items() if name not in arrays}
        said = {"values": plain, "arrays": list(arrays), "order": list(row.values), "seconds": row.seconds}
        said["parameters"] = {name: repr(value) for name, value in row.parameters.items()}
        archive.write(path, "Point", FORMAT, said, {archive.member("values", name): a for name, a in arrays.items()})

    def note(self, function: Any, names: list[str], points: int) -> None:
        """Write what the sweep is, for people who find the folder."""
        from brainsim import __version__

        said = {"function": f"{_name(function)}", "parameters": names, "points": points, "brainsim": __version__}
        said["numpy"] = np.__version__
        with archive.written_aside(self.path / "manifest.json", "sweep.to") as temporary:
            temporary.write_text(json.dumps(said, indent=1) + "\n")


def _row(parameters, said, arrays):
    values = {name: arrays[archive.member("values", name)] for name in said["arrays"]} | said["values"]
    return Row(parameters, {name: values[name] for name in said["order"]}, seconds=said["seconds"])


def _name(function):
    inner = getattr(function, "func", function)  # of functools.partial
    return f"{getattr(inner, '__module__', '')}.{getattr(inner, '__qualname__', type(inner).__qualname__)}"


def _identity(function):
    """Return what a function is, as text: its name and its source, or its byte code if there is no source."""
    inner = getattr(function, "func", function)
    try:
        text = inspect.getsource(inner)
    except (OSError, TypeError):
        text = _byte_code(getattr(inner, "__code__", None))
    bound = [repr(getattr(function, field, None)) for field in ("args", "keywords")] if inner is not function else []
    return [_name(function), text, *bound]


def _byte_code(code):
    if code is None:
        return ""
    constants = [_byte_code(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    return json.dumps([code.co_code.hex(), constants, list(code.co_names)])


def _coded(value):
    """Return a value of a parameter as JSON can hold it, the same text for equal values."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufcU":
        return ["array", str(value.dtype), list(value.shape), hashlib.sha256(np.ascontiguousarray(value)).hexdigest()]
    if isinstance(value, tuple | list):
        return [type(value).__name__, *map(_coded, value)]
    if isinstance(value, dict):
        return ["dict", {str(name): _coded(item) for name, item in value.items()}]
    if type(value).__repr__ is not object.__repr__ and " at 0x" not in repr(value):
        return [type(value).__qualname__, repr(value)]
    raise TypeError(
        f"sweep.to: values of parameters must be numbers, texts, arrays or objects with a repr (got {value!r}); "
        "pass a name, and look the object up in the function"
    )
