"""Which cells an index selects, and how parts of views are cut and joined."""

import numpy as np

from brainsim.core.arrays import as_array, freeze
from brainsim.core.checks import integer, reject_masked


def select(key, n, name):
    """Return the indices, 0 to n - 1, that `key` selects."""
    if isinstance(key, slice):
        indices = _slice(key, n, name)
    else:
        reject_masked(key, repr(name))
        array = as_array(key, repr(name), "whole numbers")
        if array.size and array.dtype == bool and array.shape != (n,):
            raise IndexError(f"{name!r}: a mask must have one entry for each of its {n} cells (got shape {array.shape})")
        if isinstance(key, tuple) or array.ndim > 1 or (array.size and array.dtype.kind not in "iub"):
            raise TypeError(f"{name!r}: takes a whole number, a slice, a mask or a list of whole numbers (got [{key!r}])")
        indices = np.flatnonzero(array) if array.dtype == bool else np.atleast_1d(array)
    bad = indices[(indices < -n) | (indices >= n)]
    if bad.size:
        raise IndexError(f"{name!r}: has {n} cells, 0 to {n - 1} (got {bad[0]})")
    indices = indices.astype(np.int64)
    if indices.size == 0:
        raise ValueError(f"{name!r}: no cell is selected; a view needs at least one of its {n} cells")
    indices = np.where(indices < 0, indices + n, indices)
    values, counts = np.unique(indices, return_counts=True)
    if values.size < indices.size:
        raise ValueError(f"{name!r}: selects cell {values[counts > 1][0]} twice; name each cell once, e.g. np.unique(ids)")
    return indices


def _slice(key, n, name):
    """Return the indices of a slice, whose ends, unlike those of a slice of a list, must lie within the cells."""
    for end in (key.start, key.stop):
        if end is not None and not -n <= integer(end, f"{name!r}: end of a slice") <= n:
            raise IndexError(f"{name!r}: has {n} cells, 0 to {n - 1}, and the slice reaches to {end}")
    if key.step is not None:
        integer(key.step, f"{name!r}: step of a slice")
    return np.arange(n)[key]


def cut(parts, indices):
    """Return the parts of a view that hold the cells at `indices` of the view."""
    if len(parts) == 1:
        population, ids = parts[0]
        return ((population, freeze(ids[indices])),)
    stops = np.cumsum([ids.size for _, ids in parts])
    starts = np.concatenate([[0], stops[:-1]])
    part_of = np.searchsorted(stops, indices, side="right")
    pieces = []
    for piece in np.split(np.arange(indices.size), np.flatnonzero(np.diff(part_of)) + 1):
        part = part_of[piece[0]]
        population, ids = parts[part]
        pieces.append((population, ids[indices[piece] - starts[part]]))
    return join(pieces)


def join(pieces):
    """Return the parts, with adjacent pieces of one population merged."""
    lists = []
    for population, ids in pieces:
        if lists and lists[-1][0] is population:
            lists[-1][1].append(ids)
        else:
            lists.append((population, [ids]))
    return tuple((population, freeze(np.concatenate(ids))) for population, ids in lists)


def name_of_cut(base, indices, n):
    """Return the name of some cells: ``base``, ``base[3]``, ``base[0:10]``, ``base[0:10:2]`` or ``base[37 cells]``."""
    if indices.size == 1:
        return base if n == 1 else f"{base}[{indices[0]}]"
    steps = np.diff(indices)
    step = steps[0]
    if step < 1 or np.any(steps != step):
        return f"{base}[{indices.size} cells]"
    stop = min(indices[-1] + step, n)
    if step == 1:
        return base if indices.size == n else f"{base}[{indices[0]}:{stop}]"
    return f"{base}[{indices[0]}:{stop}:{step}]"
