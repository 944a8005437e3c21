"""What a simulation records: named columns, to which each chunk of a run appends rows, in memory or on the disk.

A piece of a run, the last second of it for a picture, and everything since the start are ranges of rows of the same log.
With ranks each has a log of its own, and a range is read on rank 0 as if one process had recorded it.
"""

import bisect
from copy import copy

import numpy as np

from brainsim.core.checks import nearest, option
from brainsim.core.doors import through
from brainsim.engine.recorders.recorder import Recorder
from brainsim.results.streams.columns import Columns, columns_of, count_samples

MAX_CHUNK = 1 << 20  # steps
PARTS = ("spikes", "traces", "weights")  # what columns can be in a Result


class Log:
    """The rows that recorders have appended since the start or the last reset.

    A chunk of a run counts when it is committed: `append` may fail if memory or the disk is full, and changes nothing that
    is visible; `commit` does not fail. `store`, a Memory or a Stream, has the rows; `describe` returns what else the header
    of a stream says of the simulation.
    """

    def __init__(self, recorders, store, dt, describe=None):
        self.recorders, self.store, self._dt = recorders, store, dt
        self._describe = (lambda: {"dt": dt}) if describe is None else describe
        self._completed, self._held = None, store.header is not None

    def copy(self):
        """Return an independent log with the same rows, or with none if they are on the disk: only one log writes there."""
        new = Log([recorder.copy() for recorder in self.recorders], self.store.copy(), self._dt)
        new._completed, new._held = self._completed, False
        return new

    def clear(self, packed=None):
        """Forget everything; `packed` are spikes at the time at which the simulation begins."""
        for recorder in self.recorders:
            recorder.clear(packed)
        if not self._held:
            self.store.restart()

    def forget(self):
        """Forget all rows; what recorders need for the next ones stays."""
        if self.store.header is not None:
            completed = self._completed
            self.store.restart()
            self.begin(completed, completed)

    def hold(self, held):
        """Keep the rows of a stream that was reopened until the simulation has reached their end."""
        self._held = held

    def max_steps(self):
        """Return how many steps may run before what was recorded must be collected."""
        return min([MAX_CHUNK, *(steps for recorder in self.recorders if (steps := recorder.max_steps()))])

    def next_stop(self, step, stop):
        """Return the step at which a chunk that begins at `step` must end, `stop` at the latest."""
        return min([stop, *(at for recorder in self.recorders if (at := recorder.next_stop(step)) is not None)])

    def rewired(self, name, places):
        """Note that the synapses of a projection have changed, see `Recorder.rewired`."""
        for recorder in self.recorders:
            recorder.rewired(name, places)

    def saved(self):
        """Return what a checkpoint has to hold of the recorders, as a dict of name -> array."""
        return {f"{k}/{name}": values for k, r in enumerate(self.recorders) for name, values in r.saved().items()}

    def load(self, saved):
        """Take over what `saved` returned."""
        for k, recorder in enumerate(self.recorders):
            start = f"{k}/"
            recorder.load({name[len(start) :]: values for name, values in saved.items() if name.startswith(start)})

    def begin(self, completed, stop):
        """Get ready for a run to the step `stop`; `completed` is the last step that is recorded already."""
        self._completed = completed
        if self.store.header is None:
            header = {"format": 1, "begin": max(completed, 0), "completed": completed, **self._describe()}
            self.store.start(header | self._columns())
        for row in self.store.header["traces"]:
            self.store.reserve(row["column"], count_samples(row, completed, stop))

    def begin_chunk(self):
        """Get ready for the next chunk of a run; return the last step that is recorded already."""
        for recorder in self.recorders:
            recorder.begin(self._completed)
        return self._completed

    def append(self, chunk):
        """Append the rows of a Chunk, which do not count yet; return what `commit` takes."""
        arrays = {}
        for recorder in self.recorders:
            arrays.update(recorder.rows(chunk))
        if self.store.rows.keys() != arrays.keys():
            for name in self.store.rows.keys() - arrays.keys():
                raise ValueError(
                    f"{option('record')}: a recorder has a column {name!r}, but rows(chunk) returns none for it"
                )
            extra = next(name for name in arrays if name not in self.store.rows)
            raise ValueError(
                f"{option('record')}: rows(chunk) of a recorder returns {extra!r}, which is not one of its "
                f"columns{nearest(extra, self.store.rows)}"
            )
        for column in self.store.header["columns"]:
            rows = arrays[column["name"]]
            if getattr(rows, "dtype", None) is None or rows.dtype.str != column["kind"]:  # 1 us a column
                _check_kind(rows, np.dtype(column["kind"]), column["name"])
        return chunk.stop, self.store.append(chunk.stop, arrays)

    def commit(self, appended):
        """Let a chunk count."""
        self._completed, _ = appended
        self.store.advance(*appended)

    def mark(self):
        """Return how many rows each column has, from which `rows` returns those that follow."""
        return dict(self.store.rows)

    def rows(self, first=None):
        """Return all rows, or those after what `mark` returned, as they are now; with ranks all call it."""
        return Rows(self._parts(first or {}), self.recorders)

    def latest(self, step):
        """Return the rows after a step, without a copy of what was before; a picture needs them again and again."""
        if self.store.header is None or step <= self.store.header["begin"]:
            return self.rows()
        header, first = self.store.header, dict(self.store.rows)
        for row in header["spikes"]:
            names = columns_of(row)
            first |= dict.fromkeys(names, self.store.search(names[0], step))
        for row in header["traces"]:
            first[row["column"]] = count_samples(row, header["completed"], step)
        for row in header["weights"]:
            names = [f"{row['column']}.{part}" for part in ("step.i8", "value.f8", "count.i8")]
            first |= dict.fromkeys(names, self.store.search(names[0], step))
        return Rows(self._parts(first), ())

    def _parts(self, first):
        """Return (header, columns, numbers of the first rows) of each process of the run, in the first; else []."""
        if self.store.header is not None:
            return self.store.read(first)
        header = {"dt": self._dt, "completed": 0} | self._columns()
        return self.store.parts(header, {c["name"]: no_rows(c) for c in header["columns"]}, {})

    def _columns(self):
        found = {name: [] for name in ("columns", *PARTS)}
        for recorder in self.recorders:
            for name, rows in recorder.columns().items():
                found[name] += rows
        names = [column["name"] for column in found["columns"]]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"{option('record')}: two recorders have a column {twice!r}; names of columns must differ")
        return self.store.about | found


def _check_kind(rows, kind, name):
    """Raise ValueError if rows of a column would become other numbers in its type; float32 may round."""
    rows = np.asarray(rows)
    if np.can_cast(rows.dtype, kind, "same_kind"):
        return
    with np.errstate(invalid="ignore"):
        changed = rows[rows.astype(kind) != rows]
    if changed.size:
        raise ValueError(
            f"{option('record')}: the column {name!r} of a recorder has the type {kind.str!r}, which cannot hold "
            f"{changed.flat[0]}; declare another one in columns()"
        )


class Rows:
    """A range of rows of a log, which stays as it is when the simulation continues.

    `parts` are the header, the columns and the numbers of their first rows, of each rank. Some recorders add something to a
    Result that the header does not say.
    """

    def __init__(self, parts, recorders):
        self.parts, self._recorders = parts, recorders

    def results(self, start, stop):
        """Return the fields of a Result for the steps from `start` to `stop`: name -> value."""
        of_each = [Columns(*part, start, stop) for part in self.parts]
        fields = _as_one(of_each).lookups() | {"stats": {}}
        for recorder in self._recorders:
            arrays = [columns.arrays for columns in of_each]
            arrays = arrays[0] if len(arrays) == 1 or type(recorder).merge is Recorder.merge else recorder.merge(arrays)
            for name, values in recorder.result(arrays, start, stop).items():
                fields[name] |= values
        return fields


def _as_one(of_each):
    """Return the columns of all ranks as those of one process."""
    return of_each[0] if len(of_each) == 1 else through("columns of ranks")(of_each)


class Memory:
    """The rows of a log in memory.

    `header` says what the columns mean, None before the first run; `rows` how many rows of each column count; `about` is
    what the header says of the process.
    """

    about: dict = {}

    def __init__(self):
        self.header, self.rows, self._columns, self._new = None, {}, {}, None

    def copy(self):
        """Return an independent copy; the rows are shared."""
        new = copy(self)
        new.header, new.rows, new._new = self.header, dict(self.rows), None
        new._columns = {name: column.copy() for name, column in self._columns.items()}
        return new

    def start(self, header):
        """Make columns without rows."""
        self.header, self.rows = header, {column["name"]: 0 for column in header["columns"]}
        self._columns = {column["name"]: Blocks(no_rows(column)) for column in header["columns"]}

    def restart(self):
        """Forget everything."""
        self.header, self.rows, self._columns, self._new = None, {}, {}, None

    def reserve(self, name, n):
        """Make room for n rows of a column, which will be appended."""
        if name in self._columns:
            self._columns[name].reserve(n)

    def room(self, name, n):
        """Return an array for the next rows of a column, which `append` then need not copy."""
        return self._columns[name].room(n)

    def append(self, step, arrays):
        """Take rows of all columns, name -> array; return how many each has when `advance` lets them count."""
        rows, self._new = dict(self.rows), []
        for name, column in self._columns.items():
            if len(arrays[name]):
                array = column.cast(arrays[name])
                self._new.append((column, array))
                rows[name] += len(array)
        return rows

    def advance(self, step, rows):
        """Let what was appended count."""
        for column, array in self._new:
            column.add(array)
        self.rows = rows

    def search(self, name, step):
        """Return how many rows of a column of steps are not after a step."""
        return self._columns[name].search(step)

    def read(self, first):
        """Return (header, columns from the rows `first`, their numbers) of each process of the run, as `parts`."""
        return self.parts(
            self.header, {name: column.read(first.get(name, 0)) for name, column in self._columns.items()}, first
        )

    def parts(self, header, arrays, first):
        """Return (header, columns, numbers of the first rows) of each process of the run, in the first of them; else []."""
        return [(header, arrays, first)]


class Blocks:
    """A column in memory: blocks of rows, which become one when they are read.

    `empty` has no rows, but its type and its width.
    """

    def __init__(self, empty):
        empty.flags.writeable = False
        self._empty, self._blocks, self._ends = empty, [], []  # the number of rows until the end of each block
        self._reserved, self._filled = None, 0  # the block that is being filled, and how many rows of it are

    def copy(self):
        """Return an independent copy; the rows are shared, and room that is reserved is not."""
        new = Blocks(self._empty)
        new._blocks, new._ends = list(self._blocks), list(self._ends)
        return new

    def reserve(self, n):
        """Make room for n rows."""
        self._reserved, self._filled = np.empty((n, *self._empty.shape[1:]), self._empty.dtype), 0

    def room(self, n):
        """Return an array for the next n rows, in the room that is reserved if they fit into it."""
        end = self._filled + n
        if self._reserved is None or end > len(self._reserved):
            return np.empty((n, *self._empty.shape[1:]), self._empty.dtype)
        return self._reserved[self._filled : end]

    def cast(self, rows):
        """Return rows in the shape and of the type of the column."""
        rows = np.asarray(rows, self._empty.dtype)
        return rows if rows.ndim == self._empty.ndim else rows.reshape(-1, *self._empty.shape[1:])

    def add(self, rows):
        """Append rows, which are not copied."""
        if self._reserved is not None and rows.base is self._reserved:
            if self._filled:
                self._blocks.pop(), self._ends.pop()
            self._filled += len(rows)
            rows = self._reserved[: self._filled]
        else:
            self._reserved = None
        self._blocks.append(rows)
        self._ends.append((self._ends[-1] if self._ends else 0) + len(rows))

    def search(self, value):
        """Return how many of the numbers, which increase, are not above a value."""
        for block, end in zip(reversed(self._blocks), reversed(self._ends), strict=True):
            if n := int(np.searchsorted(block, value, side="right")):
                return end - len(block) + n
        return 0

    def read(self, first):
        """Return the rows from number `first` on as a read-only array; blocks that are in it as a whole become one."""
        if not self._ends or first >= self._ends[-1]:
            return self._empty
        k = bisect.bisect_right(self._ends, first)
        some = self._blocks[k:]
        inside = first - (self._ends[k] - len(some[0]))
        if len(some) == 1:
            found = some[0][inside:]
        else:
            found = np.concatenate([some[0][inside:], *some[1:]])
            if not inside:
                self._blocks[k:], self._ends[k:] = [found], [self._ends[-1]]
                self._reserved = None
                found = found[:]
        found.flags.writeable = False
        return found


def no_rows(column):
    """Return the array of a column without rows."""
    return np.empty((0, column["width"]) if column["width"] > 1 else 0, column["kind"])
