"""What a function called from Python takes: numbers, arrays and tuples of them, as a row of 64-bit words.

A number is one word. An array is its address and its shape, followed by its strides if it is not in C order. A tuple is the
words of its elements, and None has none. `brainsim.jit.entry` writes the code that reads the words; what it returns, a
number or a tuple of numbers, follows them.
"""

from __future__ import annotations

import struct
from array import array
from typing import Any

import numpy as np

C_ORDER, F_ORDER, WRITEABLE = 0x1, 0x2, 0x400  # flags of NumPy, which are part of the type of an array
BITS = 64
WHOLE, NATURAL, REAL = "q", "Q", "d"  # as in `struct`
NOTHING = type(None)
ALIKE = {np.float64: float, np.int64: int, np.bool_: bool}  # of which Numba makes the same


class Held:
    """A tuple or array whose kind and words are computed once; a kernel that is called with it often takes it instead.

    To compute them for 100 arrays takes 0.2 ms, a fifth of what a small network needs for a chunk of samples.
    """

    __slots__ = ("kind", "values", "words")

    def __init__(self, values: tuple | np.ndarray):
        self.values: Any = values
        self.kind, self.words = kind_of(values), list[Any]()
        _add(values, self.words)


def kind_of(value: Any) -> Any:
    """Return what the machine code for an argument depends on; it can be compared and hashed."""
    if isinstance(value, np.ndarray):
        flags = value.flags.num
        return value.dtype, value.ndim, flags & (WRITEABLE | C_ORDER if flags & C_ORDER else WRITEABLE | F_ORDER)
    if isinstance(value, tuple):
        return type(value), *map(kind_of, value)
    if isinstance(value, Held):
        return value.kind
    kind = ALIKE.get(type(value), type(value))
    if kind is int:
        if -(1 << BITS - 1) <= value < 1 << BITS:
            return np.uint64 if value >> BITS - 1 > 0 else int
    elif kind in (float, bool, NOTHING) or issubclass(kind, np.bool_ | np.integer | np.floating):
        return kind
    raise TypeError(f"a compiled function takes numbers, arrays and tuples of them (got {value!r:.200})")


def text_of(kind: Any) -> str:
    """Return a kind as text that is the same in every process."""
    if isinstance(kind, tuple):
        return f"({', '.join(map(text_of, kind))})"
    if isinstance(kind, type):
        return f"{kind.__module__}.{kind.__qualname__}{getattr(kind, '_fields', '')}"
    return repr(kind)


class ArgumentRow:
    """How arguments of certain kinds and the results lie in a row; `returns` is a letter of `struct`, a list, or None."""

    def __init__(self, kinds: tuple, returns: str | list[str] | None):
        codes, results = "".join(map(_codes_of, kinds)), "".join(returns or ())
        self._words, self._results = struct.Struct(codes + len(results) * "8x"), struct.Struct(results)
        self._one, self._at = isinstance(returns, str), len(codes)
        self._nothing = returns is None

    def pack(self, arguments: tuple) -> array:
        """Return the row of arguments; it is valid as long as their arrays exist."""
        words: list = []
        for value in arguments:
            _add(value, words)
        return array(WHOLE, self._words.pack(*words))

    def unpack(self, row: array) -> Any:
        """Return the results from a row."""
        if self._nothing:
            return None
        results = self._results.unpack_from(row, self._at * row.itemsize)
        return results[0] if self._one else results


def _codes_of(kind):
    """Return the format of the words of a kind, one letter each."""
    if isinstance(kind, tuple):
        if isinstance(kind[0], np.dtype):
            _, dimensions, flags = kind
            return WHOLE * (1 + (1 if flags & C_ORDER else 2) * dimensions)
        return "".join(map(_codes_of, kind[1:]))
    if kind is NOTHING:
        return ""
    return REAL if issubclass(kind, float | np.floating) else NATURAL if issubclass(kind, np.unsignedinteger) else WHOLE


def _add(value, words):
    """Append the words of a value."""
    if isinstance(value, np.ndarray):
        words.append(value.ctypes.data)
        words.extend(value.shape)
        if not value.flags.num & C_ORDER:
            words.extend(value.strides)
    elif isinstance(value, tuple):
        for each in value:
            _add(each, words)
    elif isinstance(value, Held):
        words.extend(value.words)
    elif value is not None:
        words.append(int(value) if isinstance(value, np.bool_) else value)
