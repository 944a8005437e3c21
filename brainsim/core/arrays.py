"""Arrays as results hold them: read-only, indexed by cell, sorted by cell, smoothed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.core.contexts import default_arithmetic, within

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike


MAX_NAME = 255  # characters: an array of texts takes as much for each as for the longest
REGULAR = 1e-6  # relative: intervals that differ by less are equal up to the rounding of k * dt


def as_array(values: Any, label: str, of: str) -> np.ndarray:
    """Return ``np.asarray(values)``; raise TypeError where NumPy makes none, as of lists of unequal lengths or a Population.

    Messages say what it must be an array of.
    """
    try:
        return np.asarray(values)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{label}: must be an array of {of} (got {short_repr(values)})") from None


def freeze_copy(values: ArrayLike, dtype: DTypeLike, label: str) -> np.ndarray:
    """Return `values` as a read-only array of `dtype` that the caller cannot change later.

    A writeable array is copied, a read-only one is not. Raises TypeError if the conversion would change values.
    """
    array = as_array(values, label, str(np.dtype(dtype)))
    if array.dtype == object or not (array.size == 0 or np.can_cast(array.dtype, dtype, "same_kind")):
        raise TypeError(f"{label}: must be an array of {np.dtype(dtype)} (got {array.dtype})")
    return freeze(np.array(array, dtype=dtype, copy=True if array.flags.writeable else None))


def checked_names(names: Sequence[str] | np.ndarray, n: int, label: str) -> np.ndarray:
    """Return what n cells are called as a read-only array of texts; raise TypeError or ValueError unless it is one."""
    for name in names if isinstance(names, list | tuple) else ():
        if isinstance(name, str) and len(name) > MAX_NAME:
            text = f"{len(name):,} in {name[:20] + '...'!r}"
            raise ValueError(
                f"{label}: each must have at most {MAX_NAME} characters, since all take as much memory (got {text})"
            )
    array = as_array(names, label, "texts")
    if array.dtype.kind != "U" and array.size:
        raise TypeError(f"{label}: must be texts, one for each cell (got {short_repr(names)})")
    if array.shape != (n,):
        raise ValueError(f"{label}: must be a text for each of {n:,} cells (got shape {array.shape})")
    return array if is_frozen(array) else freeze(np.array(array, dtype=np.str_))


def freeze(array: np.ndarray) -> np.ndarray:
    """Make an array read-only in place and return it; no one else may hold it."""
    array.flags.writeable = False
    return array


def is_frozen(array: np.ndarray) -> bool:
    """Return whether an array is contiguous and read-only, and does not belong to one that can be written to."""
    fixed, owner = array.flags.c_contiguous and not array.flags.writeable, array.base
    while fixed and isinstance(owner, np.ndarray):
        fixed, owner = not owner.flags.writeable, owner.base
    return fixed and (owner is None or isinstance(owner, bytes))


def same_fields(one: Any, other: Any) -> bool:
    """Return whether two objects of a dataclass have the same fields, arrays to the last bit; a NaN equals a NaN."""
    pairs = ((getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") if isinstance(a, np.ndarray) else a == b for a, b in pairs
    )


def lock(array: np.ndarray) -> np.ndarray:
    """Return a read-only view: to Numba that is another type, and each type compiles another function."""
    view = array.view()
    view.flags.writeable = False
    return view


def choose_cells(ids: slice | ArrayLike, n: int, label: str) -> np.ndarray:
    """Turn a slice, a cell, an array of cells or a mask of n bools into an int64 array of cells 0 to n - 1.

    Raise TypeError for anything else, IndexError if a cell does not exist, ValueError if one is named twice.
    """
    if isinstance(ids, slice):
        return np.arange(n)[ids]
    chosen = np.atleast_1d(as_array(ids, label, "indices of cells"))
    if chosen.dtype == bool:
        if chosen.shape != (n,):
            raise IndexError(f"{label}: a mask must have one entry per cell, shape ({n},) (got shape {chosen.shape})")
        return np.flatnonzero(chosen)
    if chosen.ndim != 1 or not (chosen.size == 0 or np.issubdtype(chosen.dtype, np.integer)):
        raise TypeError(f"{label}: must be indices of cells, a slice or a mask (got {ids!r})")
    bad = (chosen < 0) | (chosen >= n)
    if bad.any():
        raise IndexError(f"{label}: cells are 0 to {n - 1} (got {chosen[bad][0]})")
    values, counts = np.unique(chosen, return_counts=True)
    if values.size < chosen.size:
        raise ValueError(f"{label}: must name each cell once (got {values[counts > 1][0]} twice)")
    return chosen.astype(np.int64)


def order_by_cell(ids: np.ndarray, n: int) -> np.ndarray:
    """Return the stable order that sorts `ids` (0 to n - 1).

    NumPy sorts 16-bit keys by radix, several times faster than 64-bit ones, so wider ids are sorted 16 bits at a time.
    """
    order = np.argsort((ids & 0xFFFF).astype(np.uint16), kind="stable")
    for shift in range(16, max(n - 1, 0).bit_length(), 16):
        digit = ((ids >> shift) & 0xFFFF).astype(np.uint16)[order]
        order = order[np.argsort(digit, kind="stable")]
    return order


@within(default_arithmetic)
def smooth(values: np.ndarray, sigma: float) -> np.ndarray:
    """Convolve with a Gaussian of `sigma` samples, cut off at 4 sigma; same length, with zeros beyond the edges."""
    reach = max(math.ceil(4 * sigma), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.convolve(values, kernel / kernel.sum(), mode="full")[reach : reach + len(values)]


def plural(count: int, noun: str) -> str:
    """Return ``1 spike`` or ``2,000 spikes``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def short_repr(value: object) -> str:
    """Return the repr of a value; for an array its values if there are at most four, otherwise its shape and range."""
    if not isinstance(value, np.ndarray):
        return repr(value)
    if value.size <= 4:
        return repr(value.tolist())
    return f"<{'x'.join(map(str, value.shape))} values from {value.min():g} to {value.max():g}>"


def times_of(steps, dt):
    """Return steps in ms: the float64 nearest to the decimal number if 1/dt is whole (0.3, not 0.30000000000000004)."""
    per_ms = round(1.0 / dt)
    return steps / per_ms if per_ms and abs(per_ms * dt - 1.0) < 1e-12 else steps * dt


def places_among(wanted: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Return where each of the numbers that are wanted is among some, which may be in any order."""
    order = np.argsort(names, kind="stable")
    return order[np.searchsorted(names[order], wanted)]


def interval_of(times: np.ndarray) -> float | None:
    """Return the interval [ms] of regular times, or None if they are irregular or fewer than two."""
    if times.size < 2:
        return None
    interval = (times[-1] - times[0]) / (times.size - 1)
    regular = np.abs(np.diff(times) - interval) <= REGULAR * interval
    return float(interval) if interval > 0.0 and regular.all() else None
