"""The formats of files of results: the suffix of a path says which one is written and read, ``.npz`` by default."""

from __future__ import annotations

import importlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from brainsim.core.optional import optional

# suffix -> the module with `write(result, path, compress)` and `read(path)`; one that can write in blocks, so that a result
# need not fit into memory, has `write_recording(recording, path, label)` as well, and one that has no place for traces or
# for weights says so in `LACKS`
MODULES = {
    ".nwb": "brainsim.results.nwb",
    ".h5": "brainsim.results.streams.sonata",
    ".hdf5": "brainsim.results.streams.sonata",
    ".parquet": "brainsim.results.streams.parquet",
}
# suffix -> the package that it needs, and the extra that brings it
PACKAGES = {
    ".nwb": ("pynwb", "nwb"),
    ".h5": ("h5py", "hdf5"),
    ".hdf5": ("h5py", "hdf5"),
    ".parquet": ("pyarrow.parquet", "parquet"),
}
NPZ = ".npz"
FOLDER = "brainsim.results.streams.folder"
MARKS = ("header.json", "commits.jsonl", "ranks.json")  # files of the folder of a stream


def module_for(path: str | os.PathLike) -> Any:
    """Return the module that writes and reads the format of a path, None for brainsim's own."""
    name = MODULES.get(Path(path).suffix.lower())
    return importlib.import_module(name) if name else None


def reader_for(path: str | os.PathLike) -> Any:
    """Return the module that reads a path, None for brainsim's own format: a folder may be that of a stream."""
    path = Path(path)
    if any((path / mark).is_file() for mark in MARKS):
        return importlib.import_module(FOLDER)
    return module_for(path)


def endings(conjunction: str = "or") -> str:
    """Return the suffixes of all formats as text, one for each: ``.h5, .npz, .nwb or .parquet``."""
    *others, last = sorted({module: suffix for suffix, module in reversed({NPZ: "", **MODULES}.items())}.values())
    return f"{', '.join(others)} {conjunction} {last}"


def check_suffix(path: str | os.PathLike, label: str, or_folder: bool = False) -> None:
    """Raise ValueError unless the suffix of a path is that of a format; `or_folder` names the other choice as well."""
    text = os.fspath(path)
    if Path(text).suffix.lower() not in (NPZ, *MODULES) or text.endswith(("/", os.sep)):
        more = ", or in / for a folder of raw columns" if or_folder else ""
        raise ValueError(f"{label}: must end in {endings()}{more} (got {text!r})")


def check_target(path: str | os.PathLike, label: str) -> None:
    """Raise an error, before any work is done, unless a file of this name can be written: its suffix, package and folder."""
    check_suffix(path, label, or_folder=label == "simulate.to")
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix in PACKAGES:
        optional(*PACKAGES[suffix], label)
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{label}: there is no folder {str(target.parent)!r}")
    if target.is_dir() and suffix != ".parquet":
        raise IsADirectoryError(f"{label}: {str(path)!r} is a folder; name a file in it")


def lacking(path: str | os.PathLike, wanted: Collection[str]) -> list[str]:
    """Return which of "traces" and "weights" are wanted but have no place in the format of a path."""
    return [name for name in getattr(module_for(path), "LACKS", ()) if name in wanted]


def write_recording(folder: Any, path: str | os.PathLike, label: str) -> None:
    """Write what a `streams.folder.Folder` holds to the format of a path."""
    path = Path(path)
    if path.suffix.lower() == NPZ:
        from brainsim.results.streams import npz

        npz.write_recording(folder.recording(), path, label)
        return
    module = module_for(path)
    if hasattr(module, "write_recording"):
        module.write_recording(folder.recording(), path, label)
    else:
        module.write(folder.result(), path)
