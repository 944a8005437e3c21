"""Recording of state variables at regular times."""

from dataclasses import dataclass, field

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.core.arrays import freeze
from brainsim.engine.program import Phase
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.time import times_of
from brainsim.equations.language import names_in
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.results.result import Traces

SAMPLE_ROOM = 1 << 22  # samples of all traces of a partition before Python collects them
MAX_CHUNK = 1 << 20  # steps

# one trace in a partition: it is sampled at multiples of `every` steps; its part of the list of places; where its next
# sample goes
TRACE = np.dtype([("every", "i8"), ("start", "i8"), ("stop", "i8"), ("cursor", "i8")])


@dataclass
class Recorded:
    """A variable that is recorded: of which cells, and how often."""

    population: str
    variable: str
    unit: str
    ids: np.ndarray
    every: int  # steps
    index: np.ndarray  # place in the state of each cell's value

    @property
    def columns(self):
        """How many numbers a sample has."""
        return self.ids.size

    def __str__(self):
        """Return what is recorded as text."""
        return f"Trace: {self.population}.{self.variable} of {self.ids.size:,} cells"


@dataclass
class TracePiece:
    """What one call of ``run`` has sampled.

    Attributes
    ----------
    steps : list of ndarray of int64
        For each trace the steps at which it is sampled until the end of the piece.
    values : list of ndarray of float64
        For each trace the samples, (steps, cells).
    filled : list of int
        For each trace how many samples there are so far.
    """

    steps: list = field(default_factory=list)
    values: list = field(default_factory=list)
    filled: list = field(default_factory=list)


class TraceRecorder(Recorder):
    """Samples state variables of some cells.

    Parameters
    ----------
    traces : list of Recorded
    """

    def __init__(self, traces):
        self.traces, self._partitions = traces, {}

    def copy(self):
        """Return a recorder of the same traces."""
        return TraceRecorder(self.traces)

    def max_steps(self):
        """Return how many steps may run before the room for samples is full."""
        return longest_chunk(self.traces, MAX_CHUNK) if self.traces else None

    def calls(self, partition):
        """Return the call that samples, none if no cell of the partition is recorded."""
        layout, chunk = partition.layout, self.max_steps()
        columns = [np.flatnonzero(_here(t, layout, partition.number)) for t in self.traces]
        if not sum(c.size for c in columns):
            self._partitions[partition.number] = columns, [0] * len(columns), None
            return []
        room = [c.size * (chunk // t.every + 2) for t, c in zip(self.traces, columns, strict=True)]
        ends = np.cumsum([c.size for c in columns])
        starts = np.cumsum(room) - room
        rows = np.zeros(len(columns), TRACE)
        rows["every"] = [t.every for t in self.traces]
        rows["start"], rows["stop"], rows["cursor"] = ends - [c.size for c in columns], ends, starts
        context = Context(
            traces=rows,
            places=np.concatenate([t.index[c] for t, c in zip(self.traces, columns, strict=True)]).astype(np.int64),
            samples=np.empty(sum(room)),
            state=partition.shared.state,
        )
        self._partitions[partition.number] = columns, starts.tolist(), context
        return [(Phase.SAMPLE, 0, sample_traces, context)]

    def before_chunk(self):
        """Let the next samples go to the beginning of their room."""
        for _, starts, context in self._partitions.values():
            if context is not None:
                context["traces"]["cursor"] = starts

    def begin(self, completed, stop):
        """Return a piece with room for all samples of a run."""
        steps = [sampled_steps(trace, completed, stop) for trace in self.traces]
        values = [np.empty((at.size, trace.ids.size)) for at, trace in zip(steps, self.traces, strict=True)]
        return TracePiece(steps, values, [0] * len(steps))

    def gather(self, piece, chunk):
        """Copy the samples of a chunk into the room of the piece; return how many it then holds."""
        return [self._copy(k, piece, chunk.stop) for k in range(len(self.traces))]

    def _copy(self, k, piece, stop):
        """Copy the new samples of one trace; return how many there are then."""
        start, end = piece.filled[k], int(np.searchsorted(piece.steps[k], stop, side="right"))
        values = piece.values[k][start:end]
        for columns, starts, context in self._partitions.values():
            if columns[k].size:
                samples = context["samples"][starts[k] : starts[k] + len(values) * columns[k].size]
                values[:, columns[k]] = samples.reshape(len(values), columns[k].size)
        return end

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
        for k, values in enumerate(piece.values):
            mine = np.concatenate([columns[k] for columns, *_ in self._partitions.values()])
            columns, samples = layout.ranks.gathered(mine), layout.ranks.gathered(values[:, mine])
            for where, some in zip(columns or [], samples or [], strict=True):
                values[:, where] = some
        return piece

    def result(self, piece, layout, start, stop):
        """Return the Traces by (population, variable)."""
        traces = {}
        for trace, steps, values in zip(self.traces, piece.steps, piece.values, strict=True):
            key = trace.population, trace.variable
            traces[key] = Traces(*key, trace.unit, freeze(times_of(steps, layout.dt)), trace.ids, freeze(values))
        return {"traces": traces}


@by_address
def sample_traces(recorder_, progress_):
    """Sample the traces that are due at this step."""
    recorder, p = record_at(recorder_), record_at(progress_)
    traces, places = array_of(recorder.traces), array_of(recorder.places)
    samples, state = array_of(recorder.samples), array_of(recorder.state)
    for t in range(traces.size):
        trace = traces[t]
        if p.step % trace.every == 0:
            k = trace.cursor
            for e in range(trace.start, trace.stop):
                samples[k] = state[places[e]]
                k += 1
            trace.cursor = k
    return 0


def resolve_traces(record, layout):
    """Turn Trace objects into Recorded ones; traces of the same variable are joined."""
    recorded = {}
    for trace in record:
        at, _ = layout.state_row(trace.population, trace.variable, "Trace")
        layout.check_population(trace.cells.parts[0][0], f"{trace!r}")
        if trace.every is not None and trace.every < layout.dt * (1 - 1e-9):
            raise ValueError(f"{trace!r}: every must be at least dt = {layout.dt:g} ms")
        every = 1 if trace.every is None else int(whole_steps(trace.every, layout.dt, f"{trace!r}.every"))
        key = trace.population, trace.variable
        ids = trace.ids
        if key in recorded:
            if recorded[key].every != every:
                raise ValueError(f"{trace!r}: another trace of this variable has another interval; use one every for both")
            ids = np.union1d(recorded[key].ids, ids)
        recorded[key] = Recorded(*key, _unit(layout, *key), ids, every, at + ids)
    return list(recorded.values())


def longest_chunk(traces, wanted):
    """Return how many steps may run before the samples are collected."""
    per_step = sum(t.ids.size / t.every for t in traces)
    return int(min(wanted, max(1, SAMPLE_ROOM // max(per_step, 1))))


def sampled_steps(trace, start, stop):
    """Return the steps in (start, stop] at which a trace is sampled; a start of -1 includes step 0."""
    return np.arange((start // trace.every + 1) * trace.every, stop + 1, trace.every)


def _here(trace, layout, partition):
    number = layout.group_of[trace.population]
    low, high = layout.bounds[number][partition : partition + 2]
    member = layout.members[trace.population]
    cells = member.first - layout.groups[number].first + trace.ids
    return (cells >= low) & (cells < high)


def _unit(layout, population, variable):
    """Return the unit of a variable: a neuron declares it; a receptor's g or i has the unit of its weights."""
    model = layout.members[population].population.model
    if variable in model.initials:
        return model.initials[variable].unit
    member = layout.members[population]
    rows = list(member.rows)
    at = rows.index(variable) - len(model.initials)
    for synapse in member.synapses:
        if at < len(synapse.variables):
            current = synapse.receptor_equations.current
            shown = current is not None and synapse.variables[at] in names_in(current)
            return synapse.weight_unit if shown else ""
        at -= len(synapse.variables)
    return ""
