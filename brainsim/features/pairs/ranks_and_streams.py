"""The stream of an MPI run: each rank has a folder of its own in the folder of the run, with what its cells did.

==================  ==============================================
``ranks.json``      how many ranks there were
``rank.0/`` ...     the folder of each rank, see `folder` of streams
``rest.npz``        when the run has ended: as in any other folder
==================  ==============================================

All ranks commit the same chunks. What was recorded is what all of them have committed, so a rank that is killed, or that
fails to write, loses no more than a chunk.
"""

import contextlib
import json
import time
from pathlib import Path

from brainsim.core.checks import option
from brainsim.features.ranks.columns import ColumnsOfRanks
from brainsim.features.ranks.log import MemoryOfRanks, about, parts_of
from brainsim.features.streams.folder import PART, RANKS, Folder
from brainsim.features.streams.stream import Stream, replace, rows_in

PATIENCE = 10.0  # seconds until a disk that machines share must show on one what another has written


class StreamOnRanks(Stream):
    """The part of a stream that one rank writes, in the `folder` of the run.

    `check` is called on rank 0 before the folder is made, and raises an error if it may not be.
    """

    def __init__(self, folder, ranks, check=lambda: None):
        super().__init__(folder / f"{PART}{ranks.rank}")
        self._check_top = check
        self._top, self.ranks, self._headers, self.about = folder, ranks, [], about(ranks)

    def reopen(self, rows):
        """Continue a run from an earlier commit; `rows` are those of all ranks, as `commit` returns them."""
        begin = f"{self.folder.name}/"
        mine = {name.removeprefix(begin): n for name, n in rows.items() if name.startswith(begin)}
        self.ranks.together(lambda: super(StreamOnRanks, self).reopen(mine))
        self._headers = self.ranks.all(self.header)
        return self

    def start(self, header):
        """Write the header, and make the files of the columns; rank 0 makes the folder in which those of all ranks are."""
        self.ranks.together(self._make_top if self.ranks.rank == 0 else lambda: None)
        self.ranks.together(lambda: self._start(header))
        self._headers = self.ranks.all(self.header)

    def _make_top(self):
        if self._lock is None:
            self._check_top()
            with self._naming_errors():
                self._top.mkdir()
                replace(self._top / RANKS, json.dumps({"format": 1, "ranks": self.ranks.size}))

    def _start(self, header):
        until = time.monotonic() + PATIENCE
        while not self._top.is_dir():
            if time.monotonic() > until:
                raise FileNotFoundError(
                    f"{option('to')}: this machine does not see {str(self._top)!r}, which rank 0 has made; give a folder on "
                    "a disk that all machines share"
                )
            time.sleep(0.1)
        super().start(header)

    def append(self, step, arrays):
        """Append rows to the columns and commit them; if that fails on one rank, the chunk counts on none."""
        return self.ranks.together(lambda: super(StreamOnRanks, self).append(step, arrays))

    def commit(self):
        """Wait until the disk has everything; return the rows of each column of each rank."""
        mine = self.ranks.together(super().commit)
        return {f"{PART}{k}/{name}": n for k, rows in enumerate(self.ranks.all(mine)) for name, n in rows.items()}

    def read(self, first):
        """Return (header, columns from the rows `first`, their numbers) of each rank, on rank 0; else []."""
        if self.ranks.neighbours < self.ranks.size:
            self.commit()  # what is on the disk, other machines can read
        spans = self.ranks.all((first, self.rows))
        if self.ranks.rank:
            return []
        found = []
        for k, (header, (first, last)) in enumerate(zip(self._headers, spans, strict=True)):
            arrays = {}
            for column in header["columns"]:
                name = column["name"]
                with (self._top / f"{PART}{k}" / name).open("rb", buffering=0) as file:
                    arrays[name] = rows_in(file, column, first.get(name, 0), last[name])
            found.append((header, arrays, first))
        return found

    def parts(self, header, arrays, first):
        """Return those of each rank, on rank 0; else []."""
        return parts_of(self.ranks, header, arrays, first)

    def copy(self):
        """Return a store in memory: two simulations cannot write one stream."""
        return MemoryOfRanks(self.ranks)

    def discard_if_empty(self):
        """Remove the folder if nothing was recorded."""
        had = self._lock is not None
        super().discard_if_empty()
        if had and self._lock is None:
            if self.ranks.rank == 0:
                (self._top / RANKS).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # others are still in it
                self._top.rmdir()


class FolderOfRanks(Folder):
    """A folder that the stream of an MPI run has left, as far as all ranks have committed; errors are those of `Folder`."""

    def __init__(self, path: Path, strict: bool = False):
        self.path = path
        number = _number_of_ranks(path / RANKS)
        self._parts = [Folder(path / f"{PART}{rank}", strict) for rank in range(number)]
        if any(part.header.get("ranks") != [rank, number] for rank, part in enumerate(self._parts)):
            raise ValueError(
                f"Result.load: {str(path / RANKS)!r} is damaged (it has another number of ranks than the headers)"
            )
        self.header = self._parts[0].header
        begin = self.header["begin"]
        common = set.intersection(*({begin, *part.commits} for part in self._parts))
        self.step = max(common)
        for part in self._parts:
            part.cut(self.step)
        self.rows = {f"{PART}{k}/{name}": n for k, part in enumerate(self._parts) for name, n in part.rows.items()}

    def columns(self) -> ColumnsOfRanks:
        """Return the columns of all ranks, mapped from the files."""
        return ColumnsOfRanks([part.columns() for part in self._parts])


def _number_of_ranks(path):
    try:
        number = json.loads(path.read_bytes())["ranks"]
        if type(number) is int and 0 < number <= len(list(path.parent.glob(f"{PART}*"))):
            return number
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(
        f"Result.load: {str(path)!r} is damaged (it must say how many ranks there are, which have folders here)"
    )
