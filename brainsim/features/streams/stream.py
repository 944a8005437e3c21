"""The rows of a log on the disk: append-only columns, and a list of commits that says how many rows of each count."""

import mmap
import os
import socket
import time
import zlib

import numpy as np

from brainsim.core.arrays import times_of
from brainsim.core.files import sync_folder, try_to_lock
from brainsim.engine.recorders.log import Memory
from brainsim.features.streams.folder import COMMITS, HEADER, PART
from brainsim.features.streams.header import Commit, commits_in, read_header, with_checksum

LOCK = ".lock"  # held by the process that writes, whose number and machine are in it; Windows has no such locks
SMALL = 1 << 20  # bytes up to which rows are read, not mapped: each map holds a file open
SYNC_EVERY = 5.0  # seconds between two times at which the disk has everything, also after a loss of power


class Stream:
    """The open folder of a run, which is made when the first run begins, and must not exist before.

    Columns are only ever appended to, and never cut: results that are mapped from them stay valid. A reset makes new files.
    `check` is called before the folder is made, and raises an error if it may not be.
    """

    about: dict = {}  # what the header says of the process

    def __init__(self, folder, check=lambda: None):
        self.folder, self.header, self.rows, self.step = folder, None, {}, None
        self._check_may_start = check
        self._files, self._log, self._synced = {}, None, time.monotonic()
        self._lock = None

    def reopen(self, rows):
        """Continue a run from an earlier commit: name of each column -> rows it had then.

        What was recorded after that commit is forgotten. Returns the stream.
        """
        folder = self.folder
        if not (folder / HEADER).is_file():
            raise FileNotFoundError(f"stream: there is no folder of a run {str(folder)!r}")
        self._take_lock()
        self.header = read_header(folder / HEADER)
        names = [column["name"] for column in self.header["columns"]]
        if set(names) != set(rows):
            raise ValueError(f"stream: {str(folder)!r} has other columns than the run that is continued")
        wanted, kept = [rows[name] for name in names], []
        for commit in commits_in(folder / COMMITS, len(names), self.header["begin"])[0]:
            kept.append(commit)
            if commit.rows == wanted:
                break
        else:
            if any(wanted):
                raise ValueError(f"stream: {str(folder)!r} does not reach the point from which the run is continued")
            kept = []
        self.step = kept[-1].step if kept else self.header["begin"]
        self.rows = dict(zip(names, wanted, strict=True))
        replace(folder / COMMITS, "".join(commit.line() for commit in kept))
        self._open("r+b")
        return self

    def start(self, header):
        """Write the header, and make the files of the columns, which are empty; what there was is removed."""
        with self._naming_errors():
            if self._lock is None:
                self._check_may_start()
                self.folder.mkdir()
                self._take_lock()
            self._drop()
            self.header, self.rows = header, {column["name"]: 0 for column in header["columns"]}
            self.step = header["begin"]
            self._open("x+b")
            replace(self.folder / HEADER, with_checksum(header))  # and the disk has the names of all files
            sync_folder(self.folder.parent)

    def restart(self):
        """Forget everything; the next run writes new files."""
        self._drop()
        self.header, self.rows, self.step = None, {}, None

    def append(self, step, arrays):
        """Append rows to the columns and commit them: name -> array. What was committed before stays as it is if that fails.

        Returns the rows of each column, which count when `advance` takes them over.
        """
        rows, crc = dict(self.rows), []
        with self._naming_errors():
            self._check_there()
            for column in self.header["columns"]:
                name = column["name"]
                array = np.ascontiguousarray(arrays[name], np.dtype(column["kind"]))
                file, width = self._files[name], array.itemsize * column["width"]
                file.seek(rows[name] * width)
                data = memoryview(array.reshape(-1).view(np.uint8)) if array.size else b""
                _write_all(file, data)
                crc.append(zlib.crc32(data))
                rows[name] += array.size // column["width"]
            due = time.monotonic() - self._synced > SYNC_EVERY
            if due:
                self._sync_columns()
            self._log_line(Commit(int(step), list(rows.values()), crc).line())
            if due:
                os.fsync(self._log.fileno())
        return rows

    def advance(self, step, rows):
        """Let what was appended count."""
        self.step, self.rows = step, rows

    def commit(self):
        """Wait until the disk has everything that was appended; return the rows of each column."""
        with self._naming_errors():
            if self._log is not None:
                self._check_there()
                self._sync_columns()
                os.fsync(self._log.fileno())
        return dict(self.rows)

    def read(self, first):
        """Return (header, columns from the rows `first`, their numbers) in a list, see `Memory.parts`."""
        return [(self.header, {c["name"]: self._map(c, first.get(c["name"], 0)) for c in self.header["columns"]}, first)]

    def parts(self, header, arrays, first):
        """Return these in a list, before there is anything to read."""
        return [(header, arrays, first)]

    def search(self, name, step):
        """Return how many rows of a column of steps are not after a step."""
        of = next(column for column in self.header["columns"] if column["name"] == name)
        return int(np.searchsorted(self._map(of, 0), step, side="right"))

    def _map(self, column, first):
        return rows_in(self._files[column["name"]], column, first, self.rows[column["name"]])

    def reserve(self, name, n):
        """Do nothing: there is room on the disk."""

    def room(self, name, n):
        """Return an array for n rows of a column."""
        width = next(column["width"] for column in self.header["columns"] if column["name"] == name)
        return np.empty((n, width) if width > 1 else n)

    def copy(self):
        """Return a store in memory: two simulations cannot write one stream."""
        return Memory()

    def close(self):
        """Close the files; what was mapped stays valid."""
        self._close_files()
        if self._lock is not None:
            self._lock.close()
            self._lock = None
            (self.folder / LOCK).unlink(missing_ok=True)

    def discard_if_empty(self):
        """Remove the folder if nothing was recorded."""
        if self._lock is not None and self.step == (self.header or {}).get("begin"):
            self._drop()
            self.close()
            self.folder.rmdir()

    def _drop(self):
        names = list(self._files)
        self._close_files()
        for name in [*names, COMMITS, HEADER]:
            (self.folder / name).unlink(missing_ok=True)

    def _close_files(self):
        for file in [*self._files.values(), *([self._log] if self._log else [])]:
            file.close()
        self._files, self._log = {}, None

    def _open(self, mode):
        for column in self.header["columns"]:
            self._files[column["name"]] = (self.folder / column["name"]).open(mode, buffering=0)
        self._log = (self.folder / COMMITS).open(mode, buffering=0)
        self._log.seek(0, os.SEEK_END)

    def _log_line(self, line):
        end = self._log.tell()
        try:
            _write_all(self._log, line.encode())
        except OSError:
            self._log.truncate(end)
            self._log.seek(end)
            raise

    def _sync_columns(self):
        for file in self._files.values():
            os.fsync(file.fileno())
        self._synced = time.monotonic()

    def _check_there(self):
        """Raise FileNotFoundError if somebody has removed or renamed the folder: what is written there would be lost."""
        try:
            there = os.path.samestat(os.stat(self.folder / COMMITS), os.fstat(self._log.fileno()))
        except FileNotFoundError:
            there = False
        if not there:
            raise FileNotFoundError(2, "was removed or renamed during the run")

    def _take_lock(self):
        self._lock = (self.folder / LOCK).open("a+b", buffering=0)
        if try_to_lock(self._lock) is False:
            self._lock.close()
            self._lock = None
            reject_if_locked(self.folder, "stream")
        self._lock.truncate(0)
        self._lock.write(_this_process().encode())

    def _naming_errors(self):
        return _Named(self)


class _Named:
    """Names the folder, and the time until which it is complete, in the message of an OSError."""

    def __init__(self, stream):
        self._stream = stream

    def __enter__(self):
        pass

    def __exit__(self, kind, error, _):
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            stream, reason = self._stream, error.strerror
            until = ""
            if stream.header is not None and stream.step is not None:
                until = f"; what was recorded until {times_of(stream.step, stream.header['dt']):,.6g} ms is "
                until += "in sim.result(), and can be saved from there" if isinstance(error, FileNotFoundError) else "in it"
            raise type(error)(error.errno, f"stream: {str(stream.folder)!r}: {reason}{until}") from error


def rows_in(file, column, start, stop):
    """Return the rows of a column from `start` to `stop`, as an array that is mapped from an open file."""
    kind, width = np.dtype(column["kind"]), column["width"]
    size, shape = kind.itemsize * width, (stop - start, width) if width > 1 else stop - start
    if stop == start:
        return np.empty(shape, kind)
    if os.fstat(file.fileno()).st_size < stop * size:
        raise ValueError(
            f"stream: {file.name!r} has fewer than the {stop:,} rows that were written; it was cut by another program"
        )
    if (stop - start) * size <= SMALL:
        file.seek(start * size)
        return np.frombuffer(file.read((stop - start) * size), kind).reshape(shape)
    # the map outlives the file: a Result stays valid when the folder is removed
    whole = mmap.mmap(file.fileno(), stop * size, access=mmap.ACCESS_READ)
    return np.frombuffer(whole, kind, (stop - start) * width, start * size).reshape(shape)


def reject_if_locked(folder, label):
    """Raise BlockingIOError if a simulation writes to a folder now; it says which one, and how to end it."""
    for part in (folder, *folder.glob(f"{PART}*")):
        try:
            with (part / LOCK).open("r+b") as file:
                if try_to_lock(file) is not False:
                    continue
                who = file.read(1000).decode(errors="replace")
        except FileNotFoundError:
            continue
        by = "another run" + (f", {who}" if who else "")
        if who == _this_process():
            by = (
                "a simulation of this process, which sim.close() ends; after an error of simulate, that is "
                "error.simulation.close(), in a notebook `import sys; sys.last_value.simulation.close()`"
            )
        raise BlockingIOError(f"{label}: {str(folder)!r} is being written by {by}")


def _this_process():
    return f"process {os.getpid()} on {socket.gethostname()}"


def _write_all(file, data):
    """Write all bytes: a full disk may take a part of them before it raises."""
    view = memoryview(data)
    while len(view):
        view = view[file.write(view) :]


def replace(path, text):
    """Write a string to a file that appears under its name when it is complete."""
    aside = path.with_name(path.name + ".tmp")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
    sync_folder(path.parent)
