"""Where listed spikes come from: lists and dicts by cell, files, and objects of Neo and pynapple, neither imported."""

import os
import re
from collections.abc import Mapping

import numpy as np

from brainsim.core.checks import MAX_INDEX, integer, nearest, plain

LABEL = "SpikeTrains.times"
# names of columns in files
TIMES = ("times", "time", "t", "time_ms", "times_ms", "timestamps")
IDS = ("ids", "id", "i", "cells", "cell", "senders", "sender", "node_ids", "node_id", "gid", "gids")


def times_and_ids(given):
    """Return (times [ms], ids) of what a user gave without ids, in the order of the times; None if it is none of these."""
    if isinstance(given, str | os.PathLike):
        times, ids = _read(os.fspath(given))
        order = np.argsort(times, kind="stable")
        return times[order], ids[order]
    if hasattr(given, "segments") or hasattr(given, "spiketrains"):  # a Block or Segment of Neo
        return _in_order(enumerate(_trains_of_neo(given)))
    if _is_pynapple(given):
        return _in_order([(0, given)])
    if isinstance(given, Mapping):
        return _in_order(given.items())
    return _in_order(enumerate(given)) if _is_by_cell(given) else None


def _is_by_cell(times):
    """Return whether times are a list with the times of each cell."""
    trains = times if isinstance(times, (list, tuple)) or getattr(times, "ndim", 0) else ()
    return len(trains) > 0 and all(
        isinstance(train, (list, tuple)) or _is_pynapple(train) or getattr(train, "ndim", 0) == 1 for train in trains
    )


def _is_pynapple(train):
    """Return whether an object is a Ts or Tsd of pynapple, whose times are in seconds."""
    return callable(getattr(train, "times", None)) and hasattr(train, "time_support") and not isinstance(train, Mapping)


def _trains_of_neo(given):
    """Return the spike trains of a Segment of Neo, or of a Block with one."""
    segments = getattr(given, "segments", None)
    if segments is None:
        return given.spiketrains
    if len(segments) != 1:
        raise ValueError(f"{LABEL}: the Block has {len(segments)} segments; give one of them, e.g. block.segments[0]")
    return segments[0].spiketrains


def _in_order(trains):
    """Return times and cells of pairs (cell, its times), in the order of the times."""
    times, cells = [np.empty(0)], [np.empty(0, np.int64)]
    for cell, train in trains:
        values = 1e3 * np.asarray(train.times()) if _is_pynapple(train) else train
        times.append(np.atleast_1d(plain(values, "ms", f"{LABEL}[{cell!r}]")))
        if times[-1].ndim != 1:
            raise ValueError(f"{LABEL}[{cell!r}]: must be a list of times (got shape {times[-1].shape})")
        cells.append(np.full(times[-1].size, integer(cell, f"{LABEL}: a cell", at_least=0, at_most=MAX_INDEX)))
    all_times = np.concatenate(times)
    order = np.argsort(all_times, kind="stable")
    return all_times[order], np.concatenate(cells)[order]


def _read(path):
    """Return the times and cells in a file: .npz with the arrays times and ids, .npy of two columns, or text."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in (".npz", ".npy"):
        with np.load(path, allow_pickle=False) if suffix == ".npz" else _Plain(path) as data:
            if suffix == ".npz":
                return tuple(np.ravel(data[_named(names, data.files, path)]) for names in (TIMES, IDS))
            table = data.table
        if table.ndim != 2 or table.shape[1] != 2:
            raise ValueError(f"{LABEL}: {path!r} must hold two columns, times and ids (got an array of shape {table.shape})")
        return table[:, 0], table[:, 1]
    return _read_text(path)


class _Plain:
    """A file of one array, used like an archive."""

    def __init__(self, path):
        self.table = np.load(path, allow_pickle=False)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


def _named(names, known, path):
    """Return which of the known names is one of those that a column may have."""
    for name in known:
        if name.lower() in names:
            return name
    raise ValueError(f"{LABEL}: {path!r} has no {names[0]!r}{nearest(names[0], known)}")


def _read_text(path):
    """Return the times and cells in a text: a spike a line, its time [ms] and its cell, or columns named in the first."""
    rows, columns = [], (0, 1)
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            parts = [part for part in re.split(r"[\s,;]+", line.split("#")[0].strip()) if part]
            if not parts:
                continue
            if not rows and columns == (0, 1) and any(part.lower() in TIMES for part in parts):
                columns = tuple(parts.index(_named(names, parts, path)) for names in (TIMES, IDS))
                continue
            try:
                rows.append((float(parts[columns[0]]), float(parts[columns[1]])))
            except (ValueError, IndexError):
                raise ValueError(
                    f"{LABEL}: {path!r}, line {number}: must be a time in ms and a cell (got {line.strip()[:60]!r})"
                ) from None
    table = np.array(rows, np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]
