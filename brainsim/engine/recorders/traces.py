"""Recording of variables at regular times."""

from dataclasses import dataclass, replace

import numpy as np

from brainsim.engine.loop.program import Phase
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.recorders.reduced import (
    BLOCK,
    CELLS,
    KINDS,
    SPREAD,
    Stretch,
    block_spread,
    block_sum,
    positions,
    reduce_samples,
    store_cells,
    stretches_of,
)
from brainsim.engine.recorders.requests import resolve_traces
from brainsim.engine.recorders.trace_sources import ComputedLine
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.results.streams.columns import column

SAMPLE_ROOM = 1 << 22  # numbers of all traces of a partition before Python collects them
MAX_CHUNK = 1 << 20  # steps
LAST = 2**62  # a step that is never reached

# one trace in a partition: it is sampled at multiples of `every` steps from `first` to `last`; its part of the list of
# places, and in it the whole blocks of which only sums are stored; where its next sample goes
TRACE = np.dtype([(name, "i8") for name in ("every", "first", "last", "start", "whole", "end", "stop", "kind", "cursor")])


@dataclass
class TraceInPartition:
    """A trace in a partition: where its cells are among those of this process, and where its samples are."""

    columns: np.ndarray
    width: int
    context: Context | None = None
    row: int = 0
    at: int = 0

    def take(self, count):
        """Return what is stored of `count` samples, shape (samples, numbers)."""
        return self.context["samples"][self.at : self.at + count * self.width].reshape(count, self.width)


class TraceRecorder(Recorder):
    """Samples variables of some cells."""

    adds = "traces"

    @classmethod
    def of(cls, requests, layout):
        """Return the recorder of some requests."""
        return cls(resolve_traces(requests, layout))

    def __init__(self, traces):
        self.sampled = self.traces = traces
        self.layout, self._partitions, self._mine, self._stretches = None, {}, {}, {}
        # what is sampled: each trace, or what its line is computed from; where those of a trace begin
        self._sampled, self._begins = [], []
        for trace in traces:
            self._begins.append(len(self._sampled))
            self._sampled += samples_of(trace)
        self.depends_on = frozenset(s.source.depends_on for s in self._sampled if hasattr(s.source, "depends_on"))

    def columns(self):
        """Return a column for each trace; on ranks for each that has samples here."""
        rows = [trace.row() | {"column": f"trace.{k}.f8"} for k, trace in enumerate(self.traces)]
        if self.layout.ranks.size > 1:  # of which cells they are
            rows = [row | {"at": self._at(k)} for k, row in enumerate(rows)]
        columns = [column(row["column"], "<f8", self._width(k)) for k, row in enumerate(rows) if self._width(k)]
        return {"columns": columns, "traces": rows}

    def max_steps(self):
        """Return how many steps may run before the room for samples is full."""
        return longest_chunk(self._sampled, MAX_CHUNK) if self._sampled else None

    def calls(self, partition):
        """Return the calls that sample, none if no cell of the partition is recorded."""
        if partition.layout is not self.layout:
            self.layout, self._mine, self._stretches = partition.layout, {}, {}
        parts, arrays = [], {}
        for k, trace in enumerate(self.traces):
            for sample in samples_of(trace):
                (cells,) = positions(sample, self.layout, [partition.number])
                stretch = _stretch(sample, cells)
                part = TraceInPartition(np.searchsorted(self.mine(k), cells), stretch.width)
                parts.append(part)
                if cells.size:
                    calls, values, places = sample.source.places(partition, sample.ids[cells])
                    arrays.setdefault(values.ctypes.data, []).append((sample, part, stretch, calls, values, places))
        self._partitions[partition.number] = parts
        return [call for some in arrays.values() for call in self._calls_of(some)]

    def _calls_of(self, some):
        """Return the calls that compute and sample what lies in one array."""
        rows, places, at, first = np.zeros(len(some), TRACE), [], 0, 0
        chunk, calls = self.max_steps(), []
        for k, (row, (trace, part, s, more, _, index)) in enumerate(zip(rows, some, strict=True)):
            calls += more
            part.row, part.at = k, at
            row["every"], row["first"], row["kind"] = trace.every, trace.start or 0, s.kind
            row["last"] = LAST if trace.stop is None else trace.stop
            row["start"], row["whole"] = first, first + s.whole - s.start
            row["end"], row["stop"] = first + s.end - s.start, first + s.stop - s.start
            row["cursor"] = at
            places.append(index)
            first += index.size
            at += s.width * (chunk // trace.every + 2)
        values = some[0][4]
        context = Context(traces=rows, places=np.concatenate(places).astype(np.int64), samples=np.zeros(at), values=values)
        for _, part, *_ in some:
            part.context = context
        return [*calls, (Phase.SAMPLE, 0, sample_traces, context)]

    def begin(self, completed):
        """Let the next samples go to the beginning of their room."""
        for parts in self._partitions.values():
            for part in parts:
                if part.context is not None:
                    part.context["traces"]["cursor"][part.row] = part.at

    def rows(self, chunk):
        """Return the samples of a chunk, by column."""
        found = {}
        for k, trace in enumerate(self.traces):
            name, steps, width = f"trace.{k}.f8", trace.steps(chunk), self._width(k)
            values = chunk.room(name, steps.size) if width else np.empty(0)
            self._take(k, steps, values.reshape(steps.size, width))
            if width:  # or there is no such column
                found[name] = values
        return found

    def samples(self, chunk):
        """Return (steps, samples of the cells in this process) of each trace."""
        found = []
        for k, trace in enumerate(self.traces):
            steps = trace.steps(chunk)
            found.append((steps, np.empty((steps.size, self._width(k)))))
            self._take(k, *found[-1])
        return found

    def mine(self, k):
        """Return which cells of a trace are in this process, in the order of its samples: positions in `Recorded.ids`."""
        if k not in self._mine:
            self._mine[k] = np.sort(np.concatenate(positions(self.traces[k], self.layout, self.layout.own)))
        return self._mine[k]

    def of_all(self, k, values):
        """Return an array with a number for each cell of a trace, on rank 0; `values` are those of this rank."""
        ranks, whole = self.layout.ranks, np.zeros(self.traces[k].ids.size, values.dtype)
        columns, parts = ranks.gather(self.mine(k)), ranks.gather(values)
        for where, some in zip(columns or [], parts or [], strict=True):
            whole[where] = some
        return whole

    def _at(self, k):
        """Return which numbers of a sample are in this process: positions in the row of the header."""
        return self.mine(k) if self.traces[k].reduce is None else np.zeros(self._width(k), np.int64)

    def _width(self, k):
        """Return how many numbers a sample of a trace has in this process: on ranks only rank 0 has sums."""
        return self.mine(k).size if self.traces[k].reduce is None else int(self.layout.ranks.rank == 0)

    def _take(self, k, steps, values):
        """Take the samples of one trace at some steps to an array (samples, numbers)."""
        trace, n, j = self.traces[k], steps.size, self._begins[k]
        if not n:
            return
        if isinstance(trace.source, ComputedLine):
            samples = {}
            for i, name in enumerate(trace.source.sources):
                samples[name] = self._cells(j + i, np.empty((n, self.mine(k).size)))
            cells = trace.source.compute(self.layout, trace.ids[self.mine(k)], steps, samples)
            if trace.reduce is None:
                values[:] = cells
                return
            stored = store_cells(cells, self._all_stretches(k)[self.layout.ranks.rank])
        elif trace.reduce is None:
            self._cells(j, values)
            return
        else:
            stored = np.concatenate([np.empty((n, 0)), *(part.take(n) for part in self._parts(j))], axis=1)
        parts = self.layout.ranks.gather(stored)
        if parts is not None:  # the other ranks get no numbers
            values[:] = reduce_samples(parts, self._all_stretches(k), trace)

    def _parts(self, j):
        """Return the parts that have cells of number j of what is sampled."""
        return [part for parts in self._partitions.values() if (part := parts[j]).columns.size]

    def _cells(self, j, values):
        """Fill an array (samples, cells) with the samples of what is not reduced; return it."""
        for part in self._parts(j):
            values[:, part.columns] = part.take(len(values))
        return values

    def _all_stretches(self, k):
        if k not in self._stretches:
            ranks, n = self.layout.ranks, self.layout.partitions
            parts = [ranks.share(n, rank) for rank in range(ranks.size)]
            self._stretches[k] = [stretches_of(self.traces[k], self.layout, part) for part in parts]
        return self._stretches[k]


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
    if not isinstance(trace.source, ComputedLine):
        return [trace]
    return [replace(trace, source=source, reduce=None) for source in trace.source.sources.values()]


def longest_chunk(traces, wanted):
    """Return how many steps may run before the samples are collected."""
    per_step = sum((1 + t.ids.size // 32 if t.reduce else t.ids.size) / t.every for t in traces)
    return int(min(wanted, max(1, SAMPLE_ROOM // max(per_step, 1))))


def _stretch(sample, cells):
    if sample.reduce is None or not cells.size:
        return Stretch.of(0, cells.size, cells.size, CELLS)
    return Stretch.of(int(cells[0]), int(cells[-1]) + 1, sample.ids.size, KINDS[sample.reduce])
