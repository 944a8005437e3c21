"""Where listed spikes come from: lists and dicts by cell, files, and objects of Neo and pynapple, neither imported."""

import os
import re
from collections.abc import Mapping
from urllib.parse import unquote

import numpy as np

from brainsim.core.checks import MAX_INDEX, integer, nearest, plain
from brainsim.core.doors import through
from brainsim.core.files import check_path
from brainsim.results.archive import read_arrays, reading

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
    trains = times if isinstance(times, (list, tuple)) or getattr(times, "ndim", 0) else ()
    return len(trains) > 0 and all(
        isinstance(train, (list, tuple)) or _is_pynapple(train) or getattr(train, "ndim", 0) == 1 for train in trains
    )


def _is_pynapple(train):
    """Return whether an object is a Ts or Tsd of pynapple, whose times are in seconds."""
    return callable(getattr(train, "times", None)) and hasattr(train, "time_support") and not isinstance(train, Mapping)


def _trains_of_neo(given):
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
    """Return the times and cells in a file: .npz with the arrays times and ids, .npy of two columns, SONATA, or text."""
    suffix = check_path(path, LABEL, "spikes.npz").suffix.lower()
    if suffix in (".h5", ".hdf5"):
        return _read_sonata(path)
    if suffix in (".nwb", ".parquet"):
        raise _holds_a_result(path, ["cells"])
    if suffix == ".npz":
        return _read_npz(path)
    return _read_npy(path) if suffix == ".npy" else _read_text(path)


def _read_npz(path):
    def read(archive):
        if found := _saved_populations(archive.names):
            return _holds_a_result(path, found)
        return tuple(np.ravel(archive[_find(names, archive.names, "it")]) for names in (TIMES, IDS))

    found = read_arrays(path, LABEL, "file of spikes", read)
    if isinstance(found, ValueError):
        raise found
    return found


def _read_npy(path):
    """Return the times and cells in the two columns of a file of NumPy."""
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{LABEL}: there is no file {path!r}")
    try:
        table = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError, MemoryError) as error:
        raise ValueError(f"{LABEL}: {path!r} is not a readable file of one array of numbers ({error})") from None
    if table.ndim != 2 or table.shape[1] != 2:
        raise ValueError(f"{LABEL}: {path!r} must have two columns, times and ids (got an array of shape {table.shape})")
    return table[:, 0], table[:, 1]


def _read_sonata(path):
    """Return the times [ms] and cells in an HDF5 file with the spikes of one population in the layout of SONATA."""
    hdf5 = through("files in HDF5", LABEL)
    with hdf5.open_file(path, LABEL, "file of spikes in the layout of SONATA") as h5:
        found = hdf5.group_in(h5, "spikes") if "spikes" in h5 else {}
        groups = {"": found} if "timestamps" in found else hdf5.groups_in(found)
        if not groups:
            raise ValueError(f"{LABEL}: {path!r} has no group /spikes/<population>, as SONATA has it")
        if len(groups) > 1:
            raise _holds_several(path, list(groups), "brainsim" in h5)
        return through("spikes in HDF5", LABEL)(next(iter(groups.values())))


def _holds_several(path, names, is_a_result):
    if is_a_result:
        return _holds_a_result(path, [name.replace("%2F", "/") for name in names])
    name = names[0]
    return ValueError(
        f"{LABEL}: {path!r} has the spikes of {', '.join(map(repr, names))}; choose one: with h5py.File({path!r}) as file: "
        f"group = file['spikes'][{name!r}]; bs.SpikeTrains(group['timestamps'][()], group['node_ids'][()])"
    )


def _saved_populations(members):
    """Return the populations whose spikes an archive holds if `Result.save` wrote it."""
    parts = [name.split("/") for name in members] if "description" in members else []
    return list(dict.fromkeys(unquote(part[1]) for part in parts if part[0] == "spikes" and part[1:]))


def _holds_a_result(path, names):
    """Return the error for a file that `Result.save` wrote."""
    choose = f"; or {', '.join(map(repr, names[1:]))}" if names[1:] else ""
    return ValueError(
        f"{LABEL}: {path!r} holds a Result; write bs.SpikeTrains(bs.Result.load({path!r}).spikes[{names[0]!r}]){choose}"
    )


def _find(names, known, where):
    """Return which of the known names is one of those that a column may have."""
    for name in known:
        if name.lower() in names:
            return name
    raise ValueError(f"{where} has no {names[0]!r}{nearest(names[0], known)}")


def _read_text(path):
    """Return the times and cells in a text: a spike a line, its time [ms] and its cell, or columns named in the first."""
    rows, columns = [], (0, 1)
    with reading(path, LABEL, "list of spikes"), open(path, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if "\0" in line or "\ufffd" in line:
                raise ValueError(f"{LABEL}: {path!r} is not a text file; other files must end in .h5, .hdf5, .npy or .npz")
            parts = [part for part in re.split(r"[\s,;]+", line.split("#")[0].strip()) if part]
            if not parts:
                continue
            if not rows and columns == (0, 1) and any(part.lower() in TIMES for part in parts):
                columns = tuple(parts.index(_find(names, parts, f"{LABEL}: {path!r}")) for names in (TIMES, IDS))
                continue
            try:
                rows.append((float(parts[columns[0]]), float(parts[columns[1]])))
            except (ValueError, IndexError):
                raise ValueError(
                    f"{LABEL}: {path!r}, line {number}: must be a time in ms and a cell (got {line.strip()[:60]!r})"
                ) from None
    table = np.array(rows, np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]
