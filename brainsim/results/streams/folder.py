"""The folder of a stream: raw columns, a header, and a log of commits.

=================  ==================================================================================================
``header.json``    what the columns are; written aside and renamed
``NAME.u4`` ...    the columns: numbers in a row, little-endian, without anything else
``commits.jsonl``  a line for each chunk of the run: the step, the rows of each column, and the CRC-32 of what is new
``rest.npz``       when the run has ended: everything else that a Result holds
=================  ==================================================================================================

Only what a complete line of the log vouches for counts: a crash leaves bytes behind the last commit, and at worst half a
line. So a folder always holds the run up to a certain step, exactly.
"""

from __future__ import annotations

import json
import os
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.core.checks import warn_user
from brainsim.core.time import times_of
from brainsim.results.result import Result
from brainsim.results.streams.columns import BLOCK, Columns, cells_of
from brainsim.results.streams.recording import Recording, SpikeColumns, TraceColumns, replaced

FORMAT = 1
HEADER, COMMITS, REST = "header.json", "commits.jsonl", "rest.npz"
RANKS, PART = "ranks.json", "rank."  # of a run on ranks, see `ranks`
GROUP = 1 << 28  # bytes of spikes that are sorted by population at once


class Folder:
    """A folder that a stream has left.

    Parameters
    ----------
    path : Path
        The folder.
    check : bool
        Whether to read everything and compare it with the log.

    Attributes
    ----------
    header : dict
    step : int
        The step up to which it holds the run.
    rows : dict of str to int
        How many rows of each column count.
    commits : dict of int to dict
        The rows at the end of each chunk, by step.

    Raises
    ------
    ValueError
        If it is not the folder of a stream, or was written by a newer version.
    """

    def __init__(self, path: Path, check: bool = True):
        self.path = path
        try:
            self.header = json.loads((path / HEADER).read_text(encoding="utf-8"))
            columns = self.header["columns"]
        except FileNotFoundError:
            raise ValueError(f"Result.load: {str(path)!r} holds nothing: its run ended before it began") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"Result.load: {str(path / HEADER)!r} is damaged ({error})") from None
        if self.header["format"] > FORMAT:
            raise ValueError(f"Result.load: {str(path)!r} was written by a newer brainsim: format {self.header['format']}")
        self._maps = {c["name"]: _mapped(path / c["name"], c) for c in columns}
        self.step, self.rows = self.header["begin"], {c["name"]: 0 for c in columns}
        self.commits: dict[int, dict[str, int]] = {}
        self._follow(commits_in(path / COMMITS), check)

    def _follow(self, commits, check):
        """Follow the log as far as the columns agree with it."""
        last = commits[-1][0] if commits else self.step
        for step, counts, crc in commits:
            rows = dict(zip(self.rows, counts, strict=True))
            held = all(rows[name] <= len(self._maps[name]) for name in rows)
            if not held or (check and crc != self._crc(rows)):
                times = [f"{times_of(at, self.header['dt']):,.6g}" for at in (self.step, last)]
                warn_user(
                    f"Result.load: {str(self.path)!r} is damaged after {times[0]} of {times[1]} ms, probably by a loss of "
                    "power; what comes before is complete"
                )
                return
            self.step, self.rows = step, rows
            self.commits[step] = rows

    def cut(self, step):
        """Let it hold the run up to an earlier step, at which a chunk ended, or at which it began."""
        self.step, self.rows = step, self.commits.get(step, dict.fromkeys(self.rows, 0))

    def _crc(self, rows):
        crc = 0
        for name, stop in rows.items():
            for begin in range(self.rows[name], stop, BLOCK):
                crc = zlib.crc32(np.ascontiguousarray(self._maps[name][begin : min(begin + BLOCK, stop)]), crc)
        return crc

    def columns(self) -> Columns:
        """Return the columns, mapped from the files."""
        arrays = {name: array[: self.rows[name]] for name, array in self._maps.items()}
        return Columns(self.header, arrays, dict.fromkeys(arrays, 0), self.header["begin"], self.step)

    def rest(self) -> Result:
        """Return everything besides spikes, traces and weights; of a run that did not end there is no state."""
        if (self.path / REST).is_file():
            return Result.load(self.path / REST)
        header, dt = self.header, self.header["dt"]
        start = float(times_of(header["begin"], dt))
        plain = {key: header[key] for key in ("dt", "seed", "populations", "stats", "views", "thresholds", "resets")}
        return Result(spikes={}, start=start, duration=float(times_of(self.step - header["begin"], dt)), **plain)

    def result(self) -> Result:
        """Return the Result; its spikes are read when they are looked at."""
        return with_columns(self.rest(), self.columns())

    def recording(self) -> Recording:
        """Return everything as a Recording, which is read in blocks."""
        return recording_of_columns(self.columns(), self.rest())


def opened(path: str | os.PathLike, check: bool = True) -> Folder:
    """Return the Folder of a stream; it may be one that the ranks of an MPI run have left."""
    path = Path(path)
    if not (path / RANKS).is_file():
        return Folder(path, check)
    from brainsim.results.streams.ranks import FolderOfRanks

    return FolderOfRanks(path, check)


def read(path: str | os.PathLike) -> Result:
    """Return the Result in the folder of a stream, as far as it was committed."""
    return opened(path).result()


def with_columns(rest: Result, columns: Columns) -> Result:
    """Return the Result `rest` with the spikes, traces and weights of columns."""
    fields = columns.lookups()
    weights = {**dict(rest.weights), **fields["weights"]}
    return replaced(rest, spikes=fields["spikes"], traces=fields["traces"], weights=weights)


def recording_of_columns(columns: Columns, rest: Result) -> Recording:
    """Return columns as a Recording: all spikes are read a few times, never more than a part of them at once."""
    rows, dt = columns.header["spikes"], columns.header["dt"]
    sizes = columns.counts(rows)
    spikes = [
        SpikeColumns(row["label"], row["label"], cells_of(row), *columns.span(row), n)
        for row, n in zip(rows, sizes, strict=True)
    ]
    found = columns.lookups()
    traces = [
        TraceColumns(key, some, partial(columns.samples, row))
        for row, (key, some) in zip(columns.header["traces"], found["traces"].items(), strict=True)
    ]
    rest = replaced(rest, spikes={}, traces={}, weights={**dict(rest.weights), **found["weights"]})

    def blocks():
        for group in _groups(sizes):
            if len(group) == 1:
                yield from ((group[0], times, ids) for _, times, ids in columns.spike_blocks([rows[group[0]]]))
                continue
            parts: dict[int, list] = {k: [] for k in group}
            for k, times, ids in columns.spike_blocks([rows[k] for k in group]):
                parts[group[k]].append((times, ids))
            for k in group:
                yield from ((k, times, ids) for times, ids in parts[k])

    return Recording(spikes, traces, rest, blocks, dt)


def _groups(sizes):
    """Return lists of populations whose spikes are sorted at once."""
    groups: list[list[int]] = []
    used = 0
    for k, size in enumerate(sizes):
        if not groups or used + 16 * size > GROUP:
            groups.append([])
            used = 0
        groups[-1].append(k)
        used += 16 * size
    return groups


def commits_in(path: Path) -> list[tuple[int, list[int], int]]:
    """Return (step, rows of each column, CRC) of all complete lines of a log."""
    if not path.is_file():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last end of a line is torn
    commits = []
    for line in lines:
        try:
            entry: Any = json.loads(line)
            commits.append((entry["step"], entry["rows"], entry["crc"]))
        except (ValueError, KeyError, TypeError):
            break
    return commits


def _mapped(path, of):
    """Return a column as an array that is mapped from its file."""
    kind, width = np.dtype(of["kind"]), of["width"]
    size = os.path.getsize(path) // (kind.itemsize * width) if path.is_file() else 0
    if size == 0:
        return np.empty((0, width) if width > 1 else 0, kind)
    return np.memmap(path, kind, "r", shape=(size, width) if width > 1 else (size,))
