"""One file of arrays and a description: an ``.npz`` without pickles, written completely or not at all.

Arrays are members of the archive, named by paths such as ``spikes/cells/times``; the description is JSON in the member
``description``. So ``numpy.load(path)`` can read a file of brainsim anywhere, and no file can run code here. An array is
read when it is needed, after a check of the size it declares: a small file can unfold to gigabytes.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import numpy as np

from brainsim.core.files import check_path, write_aside
from brainsim.core.structure import check_structure

T = TypeVar("T")

DESCRIPTION = "description"
WHAT = {"kind": str, "version": int}  # entries of the description that say what it is of
UNCHECKED_SIZE = 1 << 26  # bytes; an array up to this size is read whatever the description says
SUFFIX = ".npz"
# what a file must not be called, as programs would take it for something else
OF_OTHER_FORMATS = frozenset(
    (".h5", ".hdf5", ".nwb", ".parquet", ".csv", ".json", ".npy", ".mat", ".pkl", ".pickle", ".pt", ".txt", ".zip", ".gz")
    + (".html", ".png", ".svg", ".pdf", ".gif", ".mp4", ".py")
)
MAX_DESCRIPTION = 1 << 28  # bytes; the description of 100,000 populations takes a tenth of it
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def member(*names: str) -> str:
    """Return the name of an array in the archive; different parts always give different names."""
    return "/".join(quote(name, safe=" ,()[]:+=@", errors="surrogatepass") for name in names)


def write(
    path: str | os.PathLike,
    kind: str,
    version: int,
    description: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    compress: bool = False,
    keep: bool = False,
    label: str | None = None,
) -> Path:
    """Write `arrays` (member name -> array) and `description` (JSON-able dict) to `path`; return it as a Path.

    The file appears under its name only when it is complete. With `keep`, the file that it replaces stays as
    `core.files.previous`. Messages begin with `label`, by default ``KIND.save``.

    Raise TypeError if an array holds Python objects or JSON cannot represent the description, FileNotFoundError if the
    folder does not exist, ValueError if the name of the file says another format, and OSError if `path` is a folder, a
    device or a pipe.
    """
    label = label or f"{kind}.save"
    check_arrays(arrays, label)
    text = description_text(kind, version, description)
    return write_arrays(path, label, {DESCRIPTION: np.array(text), **arrays}, compress, keep)


def check_arrays(arrays: Mapping[str, np.ndarray], label: str) -> None:
    """Raise TypeError if an array holds Python objects."""
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"{label}: {name!r} holds Python objects, which are never written")


def write_arrays(
    path: str | os.PathLike, label: str, arrays: Mapping[str, np.ndarray], compress: bool, keep: bool = False
) -> Path:
    """Write `arrays` (member name -> array) to `path`, completely or not at all, and return it as a Path.

    A symbolic link is kept, and the file it points to is replaced. Errors are those of `write`; messages begin with `label`.
    """
    check_npz_name(path, label)
    with write_aside(path, label, keep) as temporary, temporary.open("xb") as file:
        save: Callable = np.savez_compressed if compress else np.savez
        save(file, **arrays)
    return Path(path)


class WithPrefix:
    """The arrays of an archive whose names begin with a prefix."""

    def __init__(self, archive: Archive, prefix: str):
        self._archive, self._prefix = archive, prefix

    def take(self, name: str, max_size: float = math.inf) -> np.ndarray:
        """Return an array, as `Archive.take` does."""
        return self._archive.take(f"{self._prefix}/{name}", max_size)


def check_npz_name(path: str | os.PathLike, label: str) -> None:
    """Raise ValueError if a file that is written as an ``.npz`` would have the suffix of another format."""
    suffix = Path(path).suffix.lower() if isinstance(path, str | os.PathLike) else ""
    if suffix in OF_OTHER_FORMATS:
        other = Path(path).with_suffix(SUFFIX).name
        raise ValueError(
            f"{label}: is written as an .npz, so its name cannot end in {suffix}; write {other!r} (got {os.fspath(path)!r})"
        )


def with_suffix(path: str | os.PathLike, label: str) -> Path:
    """Return the path of a file that ends in ``.npz``, which is appended; raise ValueError for that of another format."""
    path = check_path(path, label, "run.npz")
    if not path.name:
        raise ValueError(f"{label}: must be the name of a file (got {str(path)!r})")
    check_npz_name(path, label)
    return path if path.suffix == SUFFIX else path.with_name(f"{path.name}{SUFFIX}")


def description_text(kind: str, version: int, description: Mapping[str, Any]) -> str:
    """Return a description as JSON that says what it describes."""
    return json.dumps({"kind": kind, "version": version, **description})


def check_description(description: Any, kind: str, version: int, structure: Any = None) -> dict[str, Any]:
    """Return a description; raise ValueError if it is of another kind, newer than `version`, or of another structure.

    `structure` is a type that `core.structure` knows, of all but kind and version.
    """
    if not isinstance(description, dict) or not all(name in description for name in WHAT):
        raise ValueError("its description does not say what it is of")
    check_structure({name: description[name] for name in WHAT}, WHAT, "its description")
    if description["kind"] != kind:
        raise ValueError(f"it contains a {description['kind']}")
    if description["version"] > version:
        raise ValueError(f"written by a newer brainsim: format {description['version']}, this one reads {version}")
    if structure is not None:
        check_structure({k: v for k, v in description.items() if k not in WHAT}, structure, "its description")
    return description


class Archive:
    """The arrays of an open ``.npz`` file, each read when it is needed."""

    def __init__(self, file: zipfile.ZipFile):
        self._file = file
        self.names = {entry.removesuffix(".npy"): entry for entry in file.namelist()}

    def __getitem__(self, name: str) -> np.ndarray:
        """Return an array, whatever its size."""
        return self.take(name)

    def description(self) -> dict[str, Any]:
        """Return the description."""
        _, dtype, _ = self._read_header(DESCRIPTION)
        if dtype.itemsize > MAX_DESCRIPTION:
            raise ValueError(f"{DESCRIPTION!r} declares {dtype.itemsize:,} bytes, at most {MAX_DESCRIPTION:,} are read")
        return json.loads(str(self.take(DESCRIPTION)))

    def take(self, name: str, max_size: float = math.inf) -> np.ndarray:
        """Return an array, or raise ValueError if it is large and has more than `max_size` elements."""
        shape, dtype, header = self._read_header(name)
        size, size_in_bytes = math.prod(shape), math.prod(shape) * dtype.itemsize
        if dtype.hasobject:
            raise ValueError(f"{name!r} holds Python objects, which are never loaded")
        if header + size_in_bytes != self._file.getinfo(self.names[name]).file_size:
            raise ValueError(f"{name!r} does not have the size that it declares")
        if size_in_bytes > UNCHECKED_SIZE and not size <= max_size:
            raise ValueError(f"{name!r} declares {size:,} values; the rest of the file allows {max_size:,.0f}")
        with self._open(name) as stream:
            return np.lib.format.read_array(stream, allow_pickle=False)

    def _read_header(self, name):
        """Return the shape and the type that an array declares, and the length of its header."""
        with self._open(name) as stream:
            version = np.lib.format.read_magic(stream)
            if version not in HEADERS:
                raise ValueError(f"{name!r} has the format {version}, which cannot be read")
            shape, _, dtype = HEADERS[version](stream)
            return shape, dtype, stream.tell()

    def _open(self, name):
        if name not in self.names:
            raise ValueError(f"it contains no {name!r}")
        return self._file.open(self.names[name])


def read(
    path: str | os.PathLike,
    kind: str,
    version: int,
    build: Callable[[dict[str, Any], Archive], T],
    label: str | None = None,
    structure: Any = None,
) -> T:
    """Read a file that `write` wrote: return ``build(description, archive)``; messages begin with `label`.

    If there is a `structure`, see `check_description`, the description is compared with it first. Raise FileNotFoundError if
    the file does not exist, and ValueError if it is damaged, truncated, of another kind or newer than `version`.
    """

    def built(archive):
        return build(check_description(archive.description(), kind, version, structure), archive)

    return read_arrays(path, label or f"{kind}.load", in_words(kind), built)


def in_words(kind: str) -> str:
    """Return what messages call a file of a class: of SpikingNetwork, "brainsim spiking network"."""
    return f"brainsim {re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', kind).lower()}"


def read_arrays(path: str | os.PathLike, label: str, what: str, build: Callable[[Archive], T]) -> T:
    """Open a file of arrays and return ``build(archive)``; the file is always closed.

    Messages begin with `label` and call a valid file `what`. Errors are those of `read`; MemoryError and PermissionError are
    raised unchanged.
    """
    path = Path(path)
    with reading(path, label, what):
        if not path.is_file():
            raise ValueError("it is a folder, a device or a pipe")
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return build(Archive(archive))


@contextlib.contextmanager
def reading(path: str | os.PathLike, label: str, what: str) -> Iterator[None]:
    """Turn any error in the content of a file into a ValueError that names the file.

    PermissionError, BlockingIOError and MemoryError are raised unchanged, and so is a ValueError that begins with the label.
    Raise FileNotFoundError if there is no such file. The arguments are those of `read_arrays`.
    """
    if not check_path(path, label).exists():
        raise FileNotFoundError(f"{label}: there is no file {str(path)!r}")
    try:
        yield
    except (PermissionError, BlockingIOError, MemoryError):
        raise
    except Exception as error:  # damaged bytes make the readers of zip, npy, JSON, HDF5 and Arrow raise many kinds of error
        if isinstance(error, ValueError) and str(error).startswith(label):
            raise
        raise ValueError(f"{label}: {str(path)!r} is not a readable {what} ({_reason(error)})") from error


@contextlib.contextmanager
def part_of_it(name: str) -> Iterator[None]:
    """Add the part of the file to errors in a block of `reading`."""
    try:
        yield
    except (PermissionError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(f"{name}: {_reason(error)}") from error


def _reason(error):
    if isinstance(error, zipfile.BadZipFile):
        return "it is not a complete .npz archive"
    if type(error) is KeyError:
        return f"it lacks {error}"
    return str(error) if isinstance(error, ValueError | TypeError | OSError) else f"{type(error).__name__}: {error}"
