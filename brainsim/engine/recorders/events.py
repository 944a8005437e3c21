"""Recording of events beside spikes: when a condition on the variables of a cell becomes true."""

from dataclasses import dataclass, field

import numpy as np

from brainsim.core.arrays import freeze, times_of
from brainsim.core.structure import check_array
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.recorders.sources import condition_line
from brainsim.engine.recorders.traces import Recorded, TracePiece, TraceRecorder
from brainsim.results.result import Spikes
from brainsim.results.streams.columns import column, columns_of


@dataclass
class EventPiece:
    """What one call of ``run`` has recorded: for each request a list of pairs of arrays, steps and cells."""

    found: list = field(default_factory=list)


class EventRecorder(Recorder):
    """Notes the step at which a condition becomes true for a cell, which it was not one step before.

    It samples what the condition is made of at each step and computes it once for a chunk.

    Parameters
    ----------
    labels : list of str
    traces : list of Recorded
        The conditions, as lines.
    """

    def __init__(self, labels, traces):
        self._labels, self._traces, self._sampler = labels, traces, TraceRecorder(traces)
        self._completed, self._before = -1, None  # for each condition, where it was true at the last step

    def copy(self):
        """Return a recorder that goes on by itself."""
        new = EventRecorder(self._labels, self._traces)
        new._before = self._before
        return new

    def saved(self):
        """Return where the conditions were true at the last step."""
        if self._before is None:
            return {}
        return {str(k): self._of_all_ranks(k, true) for k, true in enumerate(self._before)}

    def load(self, saved):
        """Take over what `saved` returned."""
        for k, trace in enumerate(self._traces if saved else ()):
            check_array(saved.get(str(k)), np.bool_, trace.ids.shape, f"where {trace.variable!r} was true")
        several = self._sampler.layout.ranks.size > 1
        whole = [saved[str(k)] for k in range(len(self._traces))] if saved else None
        self._before = [true[self._sampler.mine(k)] for k, true in enumerate(whole)] if several and whole else whole

    def _of_all_ranks(self, k, values):
        """Return an array with a number for each cell of a condition, on rank 0; `values` are those of this rank."""
        ranks = self._sampler.layout.ranks
        if ranks.size == 1:
            return values
        columns, parts = ranks.gathered(self._sampler.mine(k)), ranks.gathered(values)
        whole = np.zeros(self._traces[k].ids.size, values.dtype)
        for where, some in zip(columns or [], parts or [], strict=True):
            whole[where] = some
        return whole

    def calls(self, partition):
        """Return the calls that sample."""
        return self._sampler.calls(partition)

    def max_steps(self):
        """Return how many steps may run before the room for samples is full."""
        return self._sampler.max_steps()

    def before_chunk(self):
        """Let the next samples go to the beginning of their room."""
        self._sampler.before_chunk()

    def clear(self, packed):
        """Forget everything: what is true at the first sample is not an event."""
        self._before = None

    def begin(self, completed, stop):
        """Return an empty piece."""
        self._completed = completed
        return EventPiece([[] for _ in self._traces])

    def gather(self, piece, chunk):
        """Return the events of a chunk, and where the conditions are true at its end."""
        samples = TracePiece()
        self._sampler.make_room(samples, self._completed, chunk.stop)
        self._sampler.commit(samples, self._sampler.gather(samples, chunk))
        found, last = [], []
        for k, (steps, values) in enumerate(zip(samples.steps, samples.values, strict=True)):
            true = values != 0.0
            first = true[0] if self._before is None else self._before[k]
            at, cells = np.nonzero(true & ~np.concatenate([first[None], true[:-1]]))
            found.append((steps[at], cells if self._sampler.layout.ranks.size == 1 else self._sampler.mine(k)[cells]))
            last.append(true[-1].copy())
        return found, last, chunk.stop

    def commit(self, piece, gathered):
        """Add the events of a chunk."""
        found, self._before, self._completed = gathered
        for events, new in zip(piece.found, found, strict=True):
            if new[0].size:
                events.append(new)

    def joined(self, pieces):
        """Return all events in one pair of arrays for each condition."""
        lists = zip(*(piece.found for piece in pieces), strict=True)
        none = np.empty(0, np.int64)
        found = [[pair for some in parts for pair in some] for parts in lists]
        return EventPiece(
            [[tuple(np.concatenate([none, *part]) for part in zip((none, none), *f, strict=True))] for f in found]
        )

    def gathered(self, piece, layout):
        """Return the events of the cells of all ranks, in the order of time and cell, on rank 0."""
        whole = []
        for ((steps, cells),) in piece.found:
            parts = layout.ranks.gathered([steps, cells])
            if parts is not None:
                steps, cells = (np.concatenate(some) for some in zip(*parts, strict=True))
                order = np.lexsort((cells, steps))
                steps, cells = steps[order], cells[order]
            whole.append([(steps, cells)])
        return EventPiece(whole)

    def result(self, piece, layout, start, stop):
        """Return the events as Spikes, by label."""
        found = {}
        for label, trace, ((steps, cells),) in zip(self._labels, self._traces, piece.found, strict=True):
            span = times_of(stop - start, layout.dt), times_of(start, layout.dt)
            found[label] = Spikes(freeze(times_of(steps, layout.dt)), freeze(cells), trace.ids.size, *span, label)
        return {"spikes": found}

    def columns(self, piece):
        """Return the columns of a stream: the step and the cell of each event."""
        columns, rows = [], []
        for k, (label, trace) in enumerate(zip(self._labels, self._traces, strict=True)):
            row = {"label": label, "population": trace.population, "first": 0, "n": int(trace.ids.size), "ids": None}
            rows.append(row | {"alone": True, "start": None, "stop": None, "of": f"events.{k}"})
            columns += [column(name, "<u4") for name in columns_of(rows[-1])[:2]]
        return {"columns": columns, "spikes": rows}

    def rows(self, piece):
        """Return the events of a piece, by column."""
        rows = {}
        for k, ((steps, cells),) in enumerate(self.joined([piece]).found):
            rows |= {f"events.{k}.step.u4": steps, f"events.{k}.cell.u4": cells}
        return rows


def resolve_events(record, layout):
    """Return an EventRecorder for EventRecord objects, None for none."""
    labels, traces = [], []
    for request in record:
        (population, ids), *_ = request.cells.parts
        layout.check_population(population, f"{request!r}")
        if request.label in labels or request.label in layout.members:
            raise ValueError(f"{request!r}: other spikes or events already have this name; choose another one with name=")
        line = condition_line(layout, population.name, request.condition)
        labels.append(request.label)
        traces.append(Recorded(request.label, request.condition, population.name, "", ids, 1, line))
    return EventRecorder(labels, traces) if traces else None
