"""Recording of variables at regular times."""

import itertools
from dataclasses import dataclass, field, replace

import numpy as np

from brainsim.core.arrays import freeze, times_of
from brainsim.engine.program import Phase
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.recorders.reduced import BLOCK, CELLS, SPREAD, Stretch, block_spread, block_sum, reduced, reduced_cells
from brainsim.engine.recorders.reduced_on_ranks import positions, reduced_on_ranks, stored_here, stretch_of
from brainsim.engine.recorders.sources import Line
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.results.result import Traces
from brainsim.results.streams.columns import column

SAMPLE_ROOM = 1 << 22  # numbers of all traces of a partition before Python collects them
MAX_CHUNK = 1 << 20  # steps
LAST = 2**62  # a step that is never reached

# one trace in a partition: it is sampled at multiples of `every` steps from `first` to `last`; its part of the list of
# places, and in it the whole blocks of which only sums are stored; where its next sample goes
TRACE = np.dtype([(name, "i8") for name in ("every", "first", "last", "start", "whole", "end", "stop", "kind", "cursor")])


@dataclass
class Recorded:
    """A variable that is recorded: of which cells, how often, and when.

    Attributes
    ----------
    label, variable : str
        Its key in the results.
    population, unit : str
    ids : ndarray
        The cells.
    every : int
        Interval [steps].
    source : object
        Where the values come from, see `sources`.
    start, stop : int or None
        Limits of the time in which it is sampled [steps].
    reduce : str or None
    """

    label: str
    variable: str
    population: str
    unit: str
    ids: np.ndarray
    every: int
    source: object
    start: int | None = None
    stop: int | None = None
    reduce: str | None = None

    @property
    def columns(self):
        """How many numbers a sample has."""
        return 1 if self.reduce else self.ids.size

    def __str__(self):
        """Return what is recorded as text."""
        return f"Trace: {self.label}.{self.variable} of {self.ids.size:,} cells"

    def steps(self, completed, stop):
        """Return the steps in (completed, stop] at which it is sampled; -1 for `completed` includes step 0."""
        low = max(completed + 1, self.start or 0)
        high = stop if self.stop is None else min(stop, self.stop)
        return np.arange(-(-low // self.every) * self.every, high + 1, self.every)

    def row(self):
        """Return how the header of a stream describes it."""
        ids = [0] if self.reduce else self.ids.tolist()
        row = {"label": self.label, "variable": self.variable, "unit": self.unit, "ids": ids}
        return row | {"every": self.every, "start": self.start, "stop": self.stop}


@dataclass
class TracePiece:
    """What one call of ``run`` has sampled.

    Attributes
    ----------
    steps : list of ndarray of int64
        For each trace the steps at which it is sampled until the end of the piece.
    values : list of ndarray of float64
        For each trace the samples, (steps, cells); on ranks those of its own cells, see `TraceRecorder.mine`.
    filled : list of int
        For each trace how many samples there are so far.
    """

    steps: list = field(default_factory=list)
    values: list = field(default_factory=list)
    filled: list = field(default_factory=list)


@dataclass
class Part:
    """A trace in a partition: positions of its cells in `Recorded.ids`, and where its samples are."""

    columns: np.ndarray
    stretch: Stretch
    context: Context | None = None
    row: int = 0
    at: int = 0


class TraceRecorder(Recorder):
    """Samples variables of some cells.

    Parameters
    ----------
    traces : list of Recorded
    """

    def __init__(self, traces):
        self.traces, self._partitions, self.layout, self._mine = traces, {}, None, {}
        # what is sampled: each trace, or what its line is computed from
        self._sampled = [sample for trace in traces for sample in samples_of(trace)]
        self._depends_on = frozenset(s.source.depends_on for s in self._sampled if hasattr(s.source, "depends_on"))

    @property
    def depends_on(self):
        """What it is built from that `Simulation.set` may change."""
        return self._depends_on

    def copy(self):
        """Return a recorder of the same traces."""
        return TraceRecorder(self.traces)

    def max_steps(self):
        """Return how many steps may run before the room for samples is full."""
        return longest_chunk(self._sampled, MAX_CHUNK) if self._sampled else None

    def calls(self, partition):
        """Return the calls that sample, none if no cell of the partition is recorded."""
        self.layout = partition.layout
        parts = [_part(sample, partition) for sample in self._sampled]
        self._partitions[partition.number] = parts
        arrays = {}
        for sample, part in zip(self._sampled, parts, strict=True):
            if part.columns.size:
                calls, values, places = sample.source.places(partition, sample.ids[part.columns])
                arrays.setdefault(values.ctypes.data, []).append((sample, part, calls, values, places))
        return [call for some in arrays.values() for call in self._calls_of(some)]

    def _calls_of(self, some):
        """Return the calls that compute, and that sample, what lies in one array."""
        rows, places, at, first = np.zeros(len(some), TRACE), [], 0, 0
        chunk, calls = self.max_steps(), []
        for k, (row, (trace, part, more, _, index)) in enumerate(zip(rows, some, strict=True)):
            calls += more
            s = part.stretch
            part.row, part.at = k, at
            row["every"], row["first"], row["kind"] = trace.every, trace.start or 0, s.kind
            row["last"] = LAST if trace.stop is None else trace.stop
            row["start"], row["whole"] = first, first + s.whole - s.start
            row["end"], row["stop"] = first + s.end - s.start, first + s.stop - s.start
            row["cursor"] = at
            places.append(index)
            first += index.size
            at += s.width * (chunk // trace.every + 2)
        values = some[0][3]
        context = Context(traces=rows, places=np.concatenate(places).astype(np.int64), samples=np.empty(at), values=values)
        for _, part, *_ in some:
            part.context = context
        return [*calls, (Phase.SAMPLE, 0, sample_traces, context)]

    def before_chunk(self):
        """Let the next samples go to the beginning of their room."""
        for parts in self._partitions.values():
            for part in parts:
                if part.context is not None:
                    part.context["traces"]["cursor"][part.row] = part.at

    def begin(self, completed, stop):
        """Return a piece with room for all samples of a run."""
        piece = TracePiece()
        self.make_room(piece, completed, stop)
        return piece

    def make_room(self, piece, completed, stop):
        """Make room in an empty piece for the samples in (completed, stop]."""
        piece.steps = [trace.steps(completed, stop) for trace in self.traces]
        piece.values = [np.empty((at.size, self._width(k))) for k, at in enumerate(piece.steps)]
        piece.filled = [0] * len(self.traces)

    def mine(self, k):
        """Return which cells of a trace are on this rank, in the order of its samples: positions in `Recorded.ids`."""
        if k not in self._mine:
            self._mine[k] = np.concatenate(positions(self.traces[k], self.layout, self.layout.own))
        return self._mine[k]

    def _width(self, k):
        """Return how many numbers a sample of a trace has in this process: on ranks only rank 0 has sums."""
        trace, ranks = self.traces[k], self.layout.ranks
        if ranks.size == 1:
            return trace.columns
        return int(ranks.rank == 0) if trace.reduce else self.mine(k).size

    def gather(self, piece, chunk):
        """Copy the samples of a chunk into the room of the piece; return how many it then holds."""
        filled, j = [], 0
        for k, trace in enumerate(self.traces):
            filled.append(self._copy(k, j, piece, chunk.stop))
            j += len(samples_of(trace))
        return filled

    def _copy(self, k, j, piece, stop):
        """Copy the new samples of one trace, which begin with number j of all that is sampled; return how many there are."""
        start, end = piece.filled[k], int(np.searchsorted(piece.steps[k], stop, side="right"))
        values, trace = piece.values[k][start:end], self.traces[k]
        if not len(values):
            return end
        if isinstance(trace.source, Line):
            samples = {name: self._cells(j + n, len(values)) for n, name in enumerate(trace.source.sources)}
            ids = trace.ids if self.layout.ranks.size == 1 else trace.ids[self.mine(k)]
            cells = trace.source.computed(self.layout, ids, piece.steps[k][start:end], samples)
            values[:] = cells if trace.reduce is None else self._reduced_cells(trace, cells)
        elif trace.reduce is None:
            self._cells(j, len(values), values)
        else:
            values[:] = self._reduced(trace, *self._stored(j, len(values)), len(values))
        return end

    def _reduced(self, trace, found, stretches, count):
        """Return a number for each of `count` samples, as a column, of what is stored; with ranks, on rank 0."""
        if self.layout.ranks.size == 1:
            return reduced(found, stretches, trace.ids.size, trace.reduce)[:, None]
        return _column(reduced_on_ranks(trace, self.layout, np.concatenate([np.empty((count, 0)), *found], axis=1)))

    def _reduced_cells(self, trace, cells):
        """Return the same of samples of the cells in this process."""
        if self.layout.ranks.size == 1:
            return reduced_cells(cells, trace.reduce)[:, None]
        return _column(reduced_on_ranks(trace, self.layout, stored_here(trace, self.layout, cells)))

    def _stored(self, j, count):
        """Return what the partitions have stored in `count` samples, and of which stretches."""
        found, stretches = [], []
        for part in (parts[j] for parts in self._partitions.values()):
            if part.columns.size:
                size = count * part.stretch.width
                found.append(part.context["samples"][part.at : part.at + size].reshape(count, part.stretch.width))
                stretches.append(part.stretch)
        return found, stretches

    def _cells(self, j, count, values=None):
        """Return `count` samples of the cells in this process of what is not reduced, in `values` if it is given."""
        found, _ = self._stored(j, count)
        parts = [part.columns for part in (parts[j] for parts in self._partitions.values()) if part.columns.size]
        if self.layout.ranks.size > 1:  # in the order of `mine`
            edges = np.cumsum([0, *(columns.size for columns in parts)])
            parts = [slice(*pair) for pair in itertools.pairwise(edges)]
            values = np.empty((count, edges[-1])) if values is None else values
        values = np.empty((count, self._sampled[j].ids.size)) if values is None else values
        for columns, samples in zip(parts, found, strict=True):
            values[:, columns] = samples
        return values

    def commit(self, piece, gathered):
        """Let the samples of a chunk count."""
        piece.filled = gathered

    def joined(self, pieces):
        """Return all samples in one array for each trace, without the room that was not filled."""
        whole = TracePiece()
        for k in range(len(self.traces)):
            steps, values = ([getattr(p, name)[k][: p.filled[k]] for p in pieces] for name in ("steps", "values"))
            whole.steps.append(steps[0] if len(steps) == 1 else np.concatenate(steps))
            whole.values.append(values[0] if len(values) == 1 else np.concatenate(values))
            whole.filled.append(len(whole.steps[-1]))
        return whole

    def gathered(self, piece, layout):
        """Return the samples of the cells of all ranks on rank 0."""
        whole = []
        for k, (trace, values) in enumerate(zip(self.traces, piece.values, strict=True)):
            if trace.reduce is None:
                columns, samples = layout.ranks.gathered(self.mine(k)), layout.ranks.gathered(values)
                if columns is not None:
                    values = np.empty((len(values), trace.ids.size))
                    for where, some in zip(columns, samples, strict=True):
                        values[:, where] = some
            whole.append(values)
        return TracePiece(piece.steps, whole, piece.filled)

    def result(self, piece, layout, start, stop):
        """Return the Traces by (population, variable)."""
        traces = {}
        for trace, steps, values in zip(self.traces, piece.steps, piece.values, strict=True):
            key, ids = (trace.label, trace.variable), np.zeros(1, np.int64) if trace.reduce else trace.ids
            traces[key] = Traces(*key, trace.unit, freeze(times_of(steps, layout.dt)), ids, freeze(values))
        return {"traces": traces}

    def columns(self, piece):
        """Return the columns of a stream: one for each trace; on ranks one for each that has samples here."""
        rows = [trace.row() | {"column": f"trace.{k}.f8"} for k, trace in enumerate(self.traces)]
        if self.layout.ranks.size > 1:
            rows = [row | {"at": self._at(k)} for k, row in enumerate(rows)]
        columns = [column(row["column"], "<f8", self._width(k)) for k, row in enumerate(rows) if self._width(k)]
        return {"columns": columns, "traces": rows}

    def _at(self, k):
        """Return which columns of a trace are on this rank."""
        return [0] * self._width(k) if self.traces[k].reduce else self.mine(k).tolist()

    def rows(self, piece):
        """Return the samples of a piece, by column."""
        found = enumerate(zip(piece.values, piece.filled, strict=True))
        return {f"trace.{k}.f8": values[:n] for k, (values, n) in found if values.shape[1]}


@by_address
def sample_traces(recorder_, progress_):
    """Sample the traces that are due at this step."""
    recorder, p = record_at(recorder_), record_at(progress_)
    traces, places = array_of(recorder.traces), array_of(recorder.places)
    samples, values = array_of(recorder.samples), array_of(recorder.values)
    for t in range(traces.size):
        trace = traces[t]
        if p.step % trace.every == 0 and trace.first <= p.step <= trace.last:
            k = trace.cursor
            for e in range(trace.start, trace.whole):
                samples[k] = values[places[e]]
                k += 1
            for e in range(trace.whole, trace.end, BLOCK):
                stop = min(e + BLOCK, trace.end)
                total = block_sum(values, places, e, stop)
                samples[k] = total
                k += 1
                if trace.kind == SPREAD:
                    samples[k] = block_spread(values, places, e, stop, total / (stop - e))
                    k += 1
            for e in range(trace.end, trace.stop):
                samples[k] = values[places[e]]
                k += 1
            trace.cursor = k
    return 0


def samples_of(trace):
    """Return what is sampled for a trace: itself, or all that its line is computed from."""
    if not isinstance(trace.source, Line):
        return [trace]
    return [replace(trace, source=source, reduce=None) for source in trace.source.sources.values()]


def longest_chunk(traces, wanted):
    """Return how many steps may run before the samples are collected."""
    per_step = sum((1 + t.ids.size // 32 if t.reduce else t.ids.size) / t.every for t in traces)
    return int(min(wanted, max(1, SAMPLE_ROOM // max(per_step, 1))))


def _part(trace, partition):
    """Return which cells of a trace a partition has."""
    (columns,) = positions(trace, partition.layout, [partition.number])
    if trace.reduce is None or not columns.size:
        return Part(columns, Stretch.of(0, columns.size, columns.size, CELLS))
    return Part(columns, stretch_of(trace, columns))


def _column(values):
    """Return numbers as a column, or none, which fits where there are none."""
    return np.empty((1, 0)) if values is None else values[:, None]
