"""The folder of a stream: raw columns, a header, and a log of commits.

=================  ==================================================================================================
``header.json``    what the columns are, with a checksum; written aside and renamed
``NAME.u4`` ...    the columns: numbers in a row, little-endian, without anything else
``commits.jsonl``  a line for each chunk of the run: the step, the rows of each column, the CRC-32 of what is new in each
                   column, and that of the line
``rest.npz``       when the run has ended: everything else that a Result holds
=================  ==================================================================================================

Only what a complete line of the log vouches for counts: a crash leaves bytes behind the last commit, and at worst half a
line. So a folder always holds the run up to a certain step, exactly.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from brainsim.core.arrays import times_of
from brainsim.core.checks import warn_user
from brainsim.core.doors import through
from brainsim.features.streams.header import commits_in, read_header
from brainsim.results.blocks import Recording, SpikeColumns, TraceColumns, replace_fields
from brainsim.results.result import Result
from brainsim.results.streams.columns import BLOCK, Columns, cells_of

HEADER, COMMITS, REST = "header.json", "commits.jsonl", "rest.npz"
RANKS, PART = "ranks.json", "rank."  # of a run on ranks, see `pairs.ranks_and_streams`
GROUP = 1 << 28  # bytes of spikes that are sorted by population at once


class Folder:
    """A folder that a stream has left, which holds the run up to `step`.

    With `strict`, damage raises ValueError; otherwise it is a warning, and what comes before it counts. A folder that is not
    that of a stream, or was written by a newer version, always raises ValueError. `rows` says how many rows of each column
    count, and `commits` leads from the step at the end of each chunk to the rows there.
    """

    def __init__(self, path: Path, strict: bool = False):
        self.path = path
        if not (path / HEADER).is_file():
            raise ValueError(f"Result.load: {str(path)!r} holds nothing: its run ended before it began")
        self.header = read_header(path / HEADER)
        columns = self.header["columns"]
        self._maps = {c["name"]: _map(path / c["name"], c) for c in columns}
        self.step, self.rows = self.header["begin"], {c["name"]: 0 for c in columns}
        self.commits: dict[int, dict[str, int]] = {}
        commits, bad_line = commits_in(path / COMMITS, len(columns), self.step)
        damage = self._follow(commits) or (f"{COMMITS}, line {bad_line}" if bad_line else None)
        if damage is not None:
            until = f"{times_of(self.step, self.header['dt']):,.6g}"
            if commits and commits[-1].step > self.step:
                until += f" of {times_of(commits[-1].step, self.header['dt']):,.6g}"
            text = f"{str(path)!r} is damaged after {until} ms, in {damage}"
            if strict:
                raise ValueError(f"{text}, which was changed after it was written; what comes before is complete")
            warn_user(f"Result.load: {text}, perhaps by a loss of power; what comes before is complete")

    def _follow(self, commits):
        """Follow the log as far as the columns agree with it; return the name of one that does not."""
        for commit in commits:
            rows = dict(zip(self.rows, commit.rows, strict=True))
            for (name, stop), crc in zip(rows.items(), commit.crc, strict=True):
                if stop > len(self._maps[name]) or self._crc(name, stop) != crc:
                    return name
            self.step, self.rows = commit.step, rows
            self.commits[commit.step] = rows
        return None

    def cut(self, step):
        """Let it hold the run up to an earlier step, at which a chunk ended, or at which it began."""
        self.step, self.rows = step, self.commits.get(step, dict.fromkeys(self.rows, 0))

    def _crc(self, name, stop):
        """Return the CRC-32 of the rows of a column from the last commit to the row `stop`."""
        crc = 0
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
        plain["names"] = header.get("names", {})  # older folders lack it
        with _naming_errors(self.path / HEADER):
            return Result(spikes={}, start=start, duration=float(times_of(self.step - header["begin"], dt)), **plain)

    def result(self) -> Result:
        """Return the Result; its spikes are read when they are looked at."""
        rest = self.rest()
        with _naming_errors(self.path / HEADER):
            return with_columns(rest, self.columns())

    def recording(self) -> Recording:
        """Return everything as a Recording, which is read in blocks."""
        return recording_of_columns(self.columns(), self.rest(), self.result)


@contextmanager
def _naming_errors(path: Path) -> Iterator[None]:
    """Turn any error in the content of a header into a ValueError that names it."""
    try:
        yield
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError(f"Result.load: {str(path)!r} is damaged ({error})") from error


def open_stream(path: str | os.PathLike, strict: bool = False) -> Folder:
    """Return the Folder of a stream; it may be one that the ranks of an MPI run have left."""
    path = Path(path).absolute()
    if not (path / RANKS).is_file():
        return Folder(path, strict)
    return through("folder of ranks", "Result.load")(path, strict)


def with_columns(rest: Result, columns: Columns) -> Result:
    """Return the Result `rest` with the spikes, traces and weights of columns."""
    fields = columns.lookups()
    weights = {**dict(rest.weights), **fields["weights"]}
    return replace_fields(rest, spikes=fields["spikes"], traces=fields["traces"], weights=weights)


def recording_of_columns(columns: Columns, rest: Result, result: Callable[[], Result]) -> Recording:
    """Return columns as a Recording: all spikes are read a few times, never more than a part of them at once."""
    rows = columns.header["spikes"]
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
    rest = replace_fields(rest, spikes={}, traces={}, weights={**dict(rest.weights), **found["weights"]})

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

    return Recording(spikes, traces, rest, blocks, result)


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


def _map(path, of):
    kind, width = np.dtype(of["kind"]), of["width"]
    size = os.path.getsize(path) // (kind.itemsize * width) if path.is_file() else 0
    if size == 0:
        return np.empty((0, width) if width > 1 else 0, kind)
    return np.memmap(path, kind, "r", shape=(size, width) if width > 1 else (size,))
