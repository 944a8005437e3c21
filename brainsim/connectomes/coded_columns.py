"""A column of a table: its distinct values, and which of them each row has.

Identifiers, transmitters and counts of synapses repeat millions of times. They are checked and converted once for each
distinct value, and a row costs four bytes. An identifier never becomes a float.
"""

from __future__ import annotations

import re
import reprlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brainsim.core.checks import MAX_NAME

EXACT = 2**53  # whole numbers up to here are floats without a rounding error
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
# What programs write for a float: a point, or a sign after the e. Without both, 12e4 may be hexadecimal.
AS_FLOAT = re.compile(r"[+-]?\d+(\.\d*([eE][+-]?\d+)?|[eE][+-]\d+)", re.ASCII)
CODE = re.compile(r"[+-]?0\d|[+-]?\d+[eE]\d", re.ASCII)  # how texts begin that only look like numbers: 007, 12e4
WANTED = "must be an identifier, a whole number or a text"


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
    values : ndarray, shape (distinct,)
        Numbers, truth values, or texts (of type object).
    codes : ndarray of int32, shape (rows,)
        Which value each row has; -1 if it has none.
    place : callable
        ``place(row)`` is where a row is, for messages: ``'cells.csv', line 3``.
    label : str
        How messages begin.
    """

    name: str
    values: np.ndarray
    codes: np.ndarray
    place: Callable[[int], str]
    label: str

    def where(self, row: int) -> str:
        """Return how a message about a row begins."""
        return f"{self.label}: {self.place(row)}, column {self.name!r}"

    def first(self, code: int) -> str:
        """Return how a message about the first row with a value begins."""
        return self.where(int(np.flatnonzero(self.codes == code)[0]))

    def converted(self, convert: Callable[[Any], Any], dtype: Any) -> Column:
        """Return the column with other values; what `convert` raises is said of the first row that has the value."""
        self.check_complete()
        new = []
        for code, value in enumerate(self.values.tolist()):
            try:
                new.append(convert(value))
            except ValueError as error:
                if (self.codes == code).any():
                    raise ValueError(f"{self.first(code)}: {error} (got {reprlib.repr(value)})") from None
                new.append("" if dtype is object else 0)  # a dictionary of Arrow may hold values that no row has
        return replace(self, values=_array(new, dtype))

    def check_complete(self) -> None:
        """Raise ValueError if a row has no value."""
        if self.codes.size and self.codes.min() < 0:
            raise ValueError(f"{self.where(int(np.argmin(self.codes)))}: is empty")

    def identifiers(self) -> Column:
        """Return the column with texts as values, which are identifiers; ValueError if they were turned into floats."""
        return self.converted(identifier, object)

    def whole(self, least: int) -> np.ndarray:
        """Return a whole number for each row; ValueError if one is smaller than `least` or beyond int32."""
        return self.converted(lambda value: _whole(value, least), np.int32).rows()

    def texts(self) -> Column:
        """Return the column with texts as values, empty if there is none; a column of numbers is written as such."""
        values = [str(value) for value in self.values.tolist()] + [""]
        return replace(self, values=_array(values, object), codes=np.where(self.codes < 0, len(values) - 1, self.codes))

    def rows(self) -> np.ndarray:
        """Return the value of each row of a column that has no empty ones."""
        return self.values[self.codes]

    def annotation(self) -> np.ndarray:
        """Return the value of each row, of the type that fits: whole numbers, numbers (NaN if empty), or texts ("")."""
        numbers = _numbers(self.values)
        if numbers is None or (numbers.dtype.kind in "iu" and numbers.size and np.abs(numbers).max() > EXACT):
            return self.texts().rows()
        if not (self.codes < 0).any():
            return numbers[self.codes]
        if numbers.dtype == bool or numbers.size == 0:
            return self.texts().rows()
        return np.append(numbers.astype(np.float64), np.nan)[self.codes]


def encode(values: Sequence[Any] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct values of an array, and which of them each element is, -1 for None, NaN and other missing ones."""
    if "numpy.ma" in sys.modules and isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        there = ~np.ma.getmaskarray(values)
        distinct, found = encode(np.ma.getdata(values)[there])
        all_codes = np.full(there.size, -1, np.int32)
        all_codes[there] = found
        return distinct, all_codes
    array = as_array(values)
    if array.dtype.kind in "iub":
        distinct, codes = np.unique(array, return_inverse=True)
        return distinct, codes.astype(np.int32)
    if array.dtype.kind == "f":
        distinct, codes = np.unique(array, return_inverse=True)
        return distinct[distinct == distinct], np.where(array == array, codes, -1).astype(np.int32)
    known: dict[Any, int] = {}
    plain = (str, int, float, complex, bool, np.generic)
    listed = [
        known.setdefault(value, len(known)) if isinstance(value, plain) and value == value and value != "" else -1
        for value in (of.decode() if isinstance(of, bytes) else of for of in array.tolist())
    ]
    return _array(list(known), object), np.array(listed, dtype=np.int32)


def as_array(values: Any) -> np.ndarray:
    """Return values as an array, of type object if a list has texts.

    In an array of texts each takes as much memory as the longest, and loses its last NUL characters.
    """
    if isinstance(values, list | tuple) and any(isinstance(value, str) for value in values):
        return _array(values, object)
    return np.asarray(values)


def identifier(value: Any) -> str:
    """Return an identifier as text; ValueError if it is, or was, a float that cannot be exact, or is very long.

    Examples
    --------
    >>> identifier(720575940660219265)
    '720575940660219265'
    >>> identifier(29.0), identifier(" ADAL "), identifier("007"), identifier("12e4")
    ('29', 'ADAL', '007', '12e4')
    >>> identifier("7.20575940660219e+17")
    Traceback (most recent call last):
    ValueError: an identifier that became a float has lost its last digits; export it as a whole number or as text
    """
    if isinstance(value, str):
        value = value.strip()
        if len(value) > MAX_NAME:  # a Brain has an array of its identifiers, in which each takes as much as the longest
            raise ValueError(f"must be an identifier of at most {MAX_NAME} characters, not of {len(value):,}")
        if "\0" in value:
            raise ValueError("must be an identifier without a NUL character")
        if value and not AS_FLOAT.fullmatch(value):
            return value
    if value == "" or isinstance(value, bool | np.bool_) or not isinstance(value, str | int | float | np.number):
        raise ValueError(WANTED)
    number = float(value) if not isinstance(value, int | np.integer) else value
    if isinstance(number, float):
        if not abs(number) <= EXACT:
            text = "an identifier that became a float has lost its last digits; export it as a whole number or as text"
            raise ValueError(text)
        if number != int(number):
            raise ValueError(WANTED)
    return str(int(number))


def _whole(value, least):
    if isinstance(value, str) and not NUMBER.fullmatch(value.strip()):  # float also takes 1_000, and digits of any script
        value = np.nan
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not (number == np.floor(number) and least <= number < 2**31):
        raise ValueError(f"must be a whole number >= {least}")
    return int(number)


def _array(values, dtype):
    """Return a one-dimensional array; NumPy alone would make two dimensions of equally long texts or lists."""
    array = np.empty(len(values), dtype=dtype)
    array[:] = values
    return array


def _numbers(values):
    """Return values as whole numbers, numbers or truth values, if all of them are; None otherwise."""
    if values.dtype != object:
        return values
    texts = [str(value) for value in values]
    if not all(NUMBER.fullmatch(text) and not CODE.match(text) for text in texts):
        return None
    for dtype in (np.int64, np.float64):
        try:
            return values.astype(dtype)
        except (ValueError, OverflowError):
            continue
    return None
