"""HDF5 files, whoever wrote them: only what lies in the file itself is read, and no more than it can hold.

HDF5 lets a file point to other files, by external links, external storage and virtual datasets, and a header of 100 bytes
can claim 64 GiB. So objects are taken by `part` and arrays by `values`, `map_array` and `whole`. Arrays that `Growing` wrote
have a checksum in the attribute ``crc32``, of their name, type, shape and bytes, which is compared when they are read.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.core.doors import optional
from brainsim.results.archive import reading

CHECKSUM = "crc32"
BLOCK = 1 << 20  # rows whose checksum is computed at once
UNCHECKED_SIZE = 1 << 26  # bytes; an array up to this size is read whatever the file stores of it
MAX_RATIO = 1032  # largest expansion factor of deflate
VERSION = "v108", "v108"  # the format of HDF5 1.8: older ones have no checksums of what describes an array
EXACT = 2.0**53  # beyond it a float64 does not tell whole numbers apart


@contextlib.contextmanager
def open_file(path: str | os.PathLike, label: str, what: str) -> Iterator[Any]:
    """Open a file for reading; any fault in it becomes a ValueError that names it and calls a valid file `what`.

    A ValueError that begins with `label` stays as it is. PermissionError, BlockingIOError and MemoryError are raised
    unchanged; raise ImportError without h5py, and FileNotFoundError if there is no such file.
    """
    h5py = optional("h5py", label)
    with reading(path, label, what), h5py.File(path, "r") as file:
        yield file


def create(path: str | os.PathLike) -> Any:
    """Return a new file, open for writing."""
    import h5py

    return h5py.File(path, "x", libver=VERSION)


def part(group: Any, *names: str) -> Any:
    """Return the object of a group that has one of some names, or raise ValueError; it must lie in the same file."""
    import h5py

    name = next((name for name in names if name in group), None)
    if name is None:
        raise ValueError(f"{group.name!r} has no {names[0]!r}")
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.ExternalLink):
        found = group[name]
        if h5py.h5o.get_info(found.id).fileno == h5py.h5o.get_info(group.id).fileno:
            return found
    raise ValueError(f"{name!r} in {group.name!r} is a link to another file, which is not followed")


def group_in(group: Any, *names: str) -> Any:
    """Return the group in a group that has one of some names, see `part`."""
    import h5py

    found = part(group, *names)
    if not isinstance(found, h5py.Group):
        raise ValueError(f"{found.name!r} must be a group")
    return found


def groups_in(group: Any) -> dict[str, Any]:
    """Return the groups in a group by name, see `part`."""
    return {name: group_in(group, name) for name in group}


def array_in(group: Any, *names: str) -> Any:
    """Return the dataset in a group that has one of some names, see `part`; it is not read yet."""
    import h5py

    dataset = part(group, *names)
    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(f"{dataset.name!r} must be an array")
    if dataset.is_virtual or dataset.external:
        raise ValueError(f"the values of {dataset.name!r} lie in other files, which are not read")
    stored = min(dataset.id.get_storage_size(), dataset.file.id.get_filesize())
    limit = stored * (MAX_RATIO if dataset.id.get_create_plist().get_nfilters() else 1)
    size = (dataset.size or 0) * dataset.dtype.itemsize
    if size > max(limit, UNCHECKED_SIZE):
        raise ValueError(f"{dataset.name!r} claims {size:,} bytes, of which the file stores {stored:,}")
    return dataset


def values(group: Any, *names: str) -> np.ndarray:
    """Return the array in a group that has one of some names, after a check of its checksum if it has one."""
    dataset = array_in(group, *names)
    found = np.asarray(dataset[()])
    if CHECKSUM in dataset.attrs:  # files of other tools have none
        Expected(dataset).compare(found)
    return found


def numbers(group: Any, *names: str, shape: tuple[int | None, ...] = (None,)) -> np.ndarray:
    """Return an array of numbers as float64; None in `shape` is any length."""
    found = values(group, *names)
    if found.dtype.kind not in "iuf" or len(shape) != found.ndim:
        raise ValueError(f"{names[0]!r} of {group.name!r} must be numbers (got {found.dtype} of shape {found.shape})")
    if any(wanted not in (None, n) for wanted, n in zip(shape, found.shape, strict=True)):
        raise ValueError(f"{names[0]!r} of {group.name!r} must have {shape[0]} values (got {found.shape[0]})")
    return found.astype(np.float64, copy=False)


def whole(group: Any, *names: str, at_least: int | None = None, size: int | None = None) -> np.ndarray:
    """Return an array of whole numbers as int64; ValueError names a value that is not whole, too small or too large."""
    found = values(group, *names)
    label = f"{names[0]!r} of {group.name!r}"
    if found.dtype.kind not in "iuf" or found.ndim != 1:
        raise ValueError(f"{label} must be whole numbers (got {found.dtype} of shape {found.shape})")
    if size is not None and found.size != size:
        raise ValueError(f"{label} must have {size:,} values (got {found.size:,})")
    with np.errstate(invalid="ignore"):
        integers = found.astype(np.int64)
    bad = (integers != found) | ((integers < 0) != (found < 0))
    if found.dtype.kind == "f":
        bad |= ~(np.abs(found) <= EXACT)
    if at_least is not None:
        bad |= integers < at_least
    if bad.any():
        limit = "" if at_least is None else f" >= {at_least}"
        raise ValueError(f"{label} must be whole numbers{limit} (got {found[bad][0]})")
    return integers


def map_array(dataset: Any, path: Path) -> np.ndarray:
    """Return what `array_in` found as a read-only array, mapped from the file if it lies there in one piece."""
    offset = dataset.id.get_offset()
    if offset is None or not dataset.size or dataset.dtype.byteorder == ">":
        found = dataset[()]
        found.flags.writeable = False
        return found
    return np.memmap(path, dataset.dtype, "r", offset, dataset.shape)


class Growing:
    """An array of a file that is written in blocks of rows, with a checksum at the end."""

    def __init__(self, group: Any, name: str, shape: tuple[int, ...], dtype: Any):
        self.dataset = group.create_dataset(name, shape, dtype)
        self._row, self._sum = 0, _seed(self.dataset)

    def append(self, block: np.ndarray) -> None:
        """Write the next rows."""
        block = np.ascontiguousarray(block, self.dataset.dtype)
        self.dataset[self._row : self._row + len(block)] = block
        self._row, self._sum = self._row + len(block), zlib.crc32(block.data, self._sum)

    def close(self) -> None:
        """Write the checksum."""
        self.dataset.attrs[CHECKSUM] = np.uint32(self._sum)


def write(group: Any, name: str, array: Any) -> Any:
    """Write an array with its checksum, and return the dataset."""
    array = np.asarray(array)
    dataset = group.create_dataset(name, data=array)
    dataset.attrs[CHECKSUM] = np.uint32(_sum_of(array, _seed(dataset)))
    return dataset


class Expected:
    """The checksum that an array should have; the file may be closed when they are compared."""

    def __init__(self, dataset: Any):
        self.name, self.seed, self.sum = dataset.name, _seed(dataset), dataset.attrs.get(CHECKSUM)

    def compare(self, array: np.ndarray) -> None:
        """Raise ValueError unless an array has its checksum."""
        if self.sum is None:
            raise ValueError(f"{self.name!r} has no checksum")
        if int(self.sum) != _sum_of(array, self.seed):
            raise ValueError(f"the checksum of {self.name!r} is wrong, so it was changed after it was written")


def _seed(dataset):
    return zlib.crc32(f"{dataset.name} {dataset.dtype.str} {dataset.shape}".encode())


def _sum_of(array, seed):
    """Return the checksum of an array, which may be mapped and is read in blocks."""
    if array.ndim == 0:
        return zlib.crc32(array.tobytes(), seed)
    rows = max(1, BLOCK // max(1, array[:1].size))
    for begin in range(0, len(array), rows):
        seed = zlib.crc32(np.ascontiguousarray(array[begin : begin + rows]), seed)
    return seed
