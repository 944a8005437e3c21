"""Arrays as results hold them: frozen, chosen by cell, ordered by cell, smoothed."""

import math

import numpy as np


def frozen_array(values, dtype, label):
    """Return `values` as a read-only array of `dtype` that the caller cannot change later.

    A copy is made only of what is still writeable. Raises TypeError where the conversion would change numbers.
    """
    given = np.asarray(values)
    if given.dtype == object or not (given.size == 0 or np.can_cast(given.dtype, dtype, "same_kind")):
        raise TypeError(f"{label}: must be an array of {np.dtype(dtype)} (got {given.dtype})")
    return freeze(np.array(given, dtype=dtype, copy=True if given.flags.writeable else None))


def freeze(array):
    """Make an array that nobody else holds read-only and return it."""
    array.flags.writeable = False
    return array


def chosen_cells(ids, n, label):
    """Turn a slice, a cell, an array of cells or a mask of n bools into an int64 array of cells 0 to n - 1.

    Raises
    ------
    IndexError
        If there is no such cell.
    ValueError
        If a cell is named twice.
    """
    if isinstance(ids, slice):
        return np.arange(n)[ids]
    chosen = np.atleast_1d(np.asarray(ids))
    if chosen.dtype == bool:
        if chosen.shape != (n,):
            raise IndexError(f"{label}: a mask must have one entry per cell, shape ({n},) (got shape {chosen.shape})")
        return np.flatnonzero(chosen)
    if chosen.ndim != 1 or not (chosen.size == 0 or np.issubdtype(chosen.dtype, np.integer)):
        raise TypeError(f"{label}: must be cells by number, a slice or a mask (got {ids!r})")
    bad = (chosen < 0) | (chosen >= n)
    if bad.any():
        raise IndexError(f"{label}: cells are 0 to {n - 1} (got {chosen[bad][0]})")
    values, counts = np.unique(chosen, return_counts=True)
    if values.size < chosen.size:
        raise ValueError(f"{label}: must name each cell once (got {values[counts > 1][0]} twice)")
    return chosen.astype(np.int64)


def order_by_cell(ids, n):
    """Return the stable order that sorts `ids` (0 to n - 1).

    NumPy sorts 16-bit keys by radix, several times faster than 64-bit ones, so wide ids go 16 bits at a time.
    """
    order = np.argsort((ids & 0xFFFF).astype(np.uint16), kind="stable")
    for shift in range(16, max(n - 1, 0).bit_length(), 16):
        digit = ((ids >> shift) & 0xFFFF).astype(np.uint16)[order]
        order = order[np.argsort(digit, kind="stable")]
    return order


def smoothed(values, sigma):
    """Convolve with a Gaussian of `sigma` samples, cut at 4 sigma; same length, nothing lies beyond the edges."""
    reach = max(math.ceil(4 * sigma), 1)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.convolve(values, kernel / kernel.sum(), mode="full")[reach : reach + len(values)]


def plural(count, noun):
    """Return ``1 spike`` or ``2,000 spikes``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
