"""Long columns of numbers that are kept in fewer bytes than the arrays as which users read them.

The 15 million edges of a mapped brain are sorted by their sources and have a few thousand different weights. As arrays, the
source and the weight of an edge take 12 bytes; as where the edges of each source begin, and the number of the weight in a
table, they take 2. Whoever reads such an attribute gets a new array each time; what only needs the different values asks for
the column itself with `as_kept`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from brainsim.core.arrays import freeze
from brainsim.models.values import is_number

WORTH = 1 << 20  # numbers: shorter arrays are kept as they are
MOST = 1 << 16  # different values: their numbers are uint16
BLOCK = 1 << 17  # numbers that are converted at once, in the cache


class Packed:
    """A read-only column of numbers; `size`, `ndim` and `shape` are those of its array."""

    ndim = 1
    size: int

    @property
    def shape(self) -> tuple[int]:
        """The shape of the array."""
        return (self.size,)

    def array(self) -> np.ndarray:
        """Return a new array of the numbers, which is read-only."""
        raise NotImplementedError


class Ascending(Packed):
    """Indices in ascending order, int32: the index k is there from ``first[k]`` to ``first[k + 1]``."""

    def __init__(self, first: np.ndarray) -> None:
        self.first, self.size = first, int(first[-1])

    @classmethod
    def of(cls, indices: np.ndarray) -> Ascending | None:
        """Return indices as such a column; None if they are not in order or negative, or the last is too large."""
        if indices.dtype.kind not in "iu" or indices[:1].min(initial=0) < 0 or indices[-1:].max(initial=0) > indices.size:
            return None
        if any(np.any(indices[some][1:] < indices[some][:-1]) for some in blocks(indices.size, 1)):
            return None
        counts = np.zeros(int(indices[-1]) + 1 if indices.size else 0, np.int64)
        for some in blocks(indices.size):
            low = int(indices[some.start])  # to which a number can be added
            found = np.bincount(indices[some] - low)
            counts[low : low + found.size] += found
        return cls(np.concatenate([[0], np.cumsum(counts)]))

    @property
    def counts(self) -> np.ndarray:
        """How often each index is there, from 0 on."""
        return np.diff(self.first)

    def min(self) -> int:
        """Return the smallest index, of at least one."""
        return int(np.argmax(self.first > 0)) - 1

    def max(self) -> int:
        """Return the largest index, of at least one."""
        return int(np.argmax(self.first == self.size)) - 1

    def array(self) -> np.ndarray:
        """Return the indices, int32."""
        return freeze(np.repeat(np.arange(self.first.size - 1, dtype=np.int32), self.counts))


class Coded(Packed):
    """Numbers with few different values: number k is ``values[codes[k]]``. Not all values need to occur."""

    def __init__(self, codes: np.ndarray, values: np.ndarray) -> None:
        self.codes, self.values, self.size = codes, values, codes.size

    @classmethod
    def of(cls, numbers: np.ndarray) -> Coded | None:
        """Return an array of numbers as such a column, float64; None if there are more than 65,536 different ones.

        They are compared by their bits, so 0 and -0 differ.
        """
        flat = np.ravel(numbers)
        codes, bits = find_codes(flat.size, lambda some: flat[some].astype(np.float64).view(np.uint64))
        return None if codes is None else cls(codes, freeze(bits.view(np.float64)))

    def array(self) -> np.ndarray:
        """Return the numbers, of the type of the values."""
        numbers = np.empty(self.size, self.values.dtype)
        for some in blocks(self.size):
            numbers[some] = self.values[self.codes[some]]
        return freeze(numbers)


class Unpacked:
    """An attribute of a frozen class that may be kept as a column: it is read as an array. By default it is `default`."""

    def __init__(self, *default: Any) -> None:
        self._default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        found = {} if owner is None else vars(owner)
        if self._name not in found and not self._default:
            raise AttributeError(self._name)  # of a class: then a dataclass sees no default
        return unpack(found.get(self._name, *self._default))

    def __set__(self, owner: Any, value: Any) -> None:
        vars(owner)[self._name] = value


def as_kept(owner: Any, name: str) -> Any:
    """Return the value of an attribute as it is kept, perhaps as a column; None if there is no such attribute."""
    value = vars(owner).get(name)
    return value if isinstance(value, Packed) else getattr(owner, name, None)


def unpack(value: Any) -> Any:
    """Return a column as an array, and any other value unchanged."""
    return value.array() if isinstance(value, Packed) else value


def pack(value: Any) -> Any:
    """Return a long array of numbers with few different values as a column, and any other value unchanged."""
    if type(value) is np.ndarray and value.ndim == 1 and value.size >= WORTH and value.dtype.kind in "iuf":
        return Coded.of(value) or value
    return value


def of_values(change: Callable[[Any], Any], value: Any) -> Any:
    """Return ``change(value)``; of a column with few values, only the values are changed."""
    return Coded(value.codes, change(value.values)) if isinstance(value, Coded) else change(value)


def distinct(value: Any) -> Any:
    """Return the different values of a column, and any other value unchanged."""
    return value.values if isinstance(value, Coded) else value


def has_one(owner: Any, name: str) -> bool:
    """Return whether an attribute, a weight or a delay of all synapses, is one number."""
    return is_number(as_kept(owner, name))


def is_listed(value: Any) -> bool:
    """Return whether a weight or a delay is one number for each synapse."""
    return isinstance(value, np.ndarray | Packed)


def blocks(size: int, overlap: int = 0) -> Iterator[slice]:
    """Yield slices of a long column, each of which begins `overlap` numbers before the former one ends."""
    for start in range(0, size, BLOCK):
        yield slice(max(0, start - overlap), min(start + BLOCK, size))


def find_codes(size: int, bits_of: Callable[[slice], np.ndarray]) -> tuple[np.ndarray | None, np.ndarray]:
    """Return which of its different values each element of a column has (uint16; None if they are too many), and these.

    ``bits_of(some)`` returns a slice of the column as uint64.
    """
    from brainsim.models.different import SLOTS, find

    codes, known, slots, count = np.empty(size, np.uint16), np.empty(MOST, np.uint64), np.full(SLOTS, -1, np.int32), 0
    for some in blocks(size):
        bits = bits_of(some)
        count = find(bits, slots, known, count, codes[some])
        if count < 0:
            return None, known
    return freeze(codes), known[:count].copy()
