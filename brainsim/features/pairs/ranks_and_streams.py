"""The stream of an MPI run: each rank has a folder of its own in the folder of the run, with what its cells did.

All ranks commit the same chunks. What was recorded is what all of them have committed, so a rank that is killed, or that
fails to write, loses no more than a chunk.
"""

import contextlib
import json
import time

from brainsim.features.ranks.memory import MemoryOfRanks, about, parts_of
from brainsim.features.streams.stream import Stream, replace, rows_in
from brainsim.results.streams.folder import PART, RANKS

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
                    f"simulate.to: this machine does not see {str(self._top)!r}, which rank 0 has made; give a folder on a "
                    "disk that all machines share"
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
