"""Recording of the weights of synapses that learn.

Samples are taken in Python between two chunks, which end at the times of the samples. Synapses catch up lazily: what is
read is brought up to the time of the sample, and then put back as it was, so the bits of the run stay the same.
"""

import copy
from dataclasses import dataclass

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.build.own import cells_here
from brainsim.core.arrays import places_among
from brainsim.core.checks import nearest
from brainsim.core.structure import check_array
from brainsim.engine.recorders.recorder import Recorder, limits
from brainsim.engine.synapses.kinds.registry import kind_of
from brainsim.engine.synapses.readback import Selected, in_table
from brainsim.results.streams.columns import column
from brainsim.rng.streams import stream_key
from brainsim.rng.variates import fill

PARTS = ("now", "synapses", "pre", "post")  # of each request, in a checkpoint
COLUMNS = ("step.i8", "value.f8", "count.i8")  # of each request, in the log


@dataclass
class RecordedWeights:
    """What is recorded of a projection, and how often."""

    projection: object
    variable: str
    unit: str
    synapses: object  # as in WeightTrace
    every: int  # steps
    edges: np.ndarray  # of the bins of histograms, empty if there are none
    columns: int  # about how many numbers a sample has
    start: int | None = None  # steps
    stop: int | None = None

    def due(self, step):
        """Return whether a sample is taken at a step."""
        inside = (self.start or 0) <= step and (self.stop is None or step <= self.stop)
        return inside and (step % self.every == 0 or step == self.stop)

    def next(self, step):
        """Return the step of the first sample after `step`, None if there is none."""
        begin = max(step + 1, self.start or 0)
        after = -(-begin // self.every) * self.every
        if self.stop is None or after <= self.stop:
            return after
        return self.stop if step < self.stop else None

    def __str__(self):
        return f"WeightTrace: {self.projection.name}.{self.variable}, {self.columns:,} numbers"


class WeightRecorder(Recorder):
    """Samples weights, or variables of rules, of synapses."""

    adds = "weights"

    @classmethod
    def of(cls, requests, layout):
        """Return the recorder of some requests."""
        return cls(resolve_weights(requests, layout))

    def __init__(self, requests):
        self.sampled = requests
        self._watched, self._synapses = [Watched(request) for request in requests], None

    def columns(self):
        """Return for each request the steps of the samples, the values, and the histograms."""
        self.begin(0)
        columns, rows = [], []
        for k, watched in enumerate(self._watched):
            request, name = watched.request, f"weights.{k}"
            widths = zip(COLUMNS, watched.widths(), strict=True)
            columns += [column(f"{name}.{part}", f"<{part[-2:]}", width) for part, width in widths if width]
            row = {"projection": request.projection.name, "variable": request.variable, "unit": request.unit, "column": name}
            rows.append(row | watched.describe() | {"edges": request.edges})
        return {"columns": columns, "weights": rows}

    def calls(self, partition):
        """Note which synapses the partitions have; nothing is called during a chunk."""
        self._synapses = partition.synapses
        return []

    def next_stop(self, step):
        """Return the step of the next sample."""
        return min((at for watched in self._watched if (at := watched.request.next(step)) is not None), default=None)

    def begin(self, completed):
        """Choose the synapses, and take the samples at time 0 if the chunk begins there."""
        for watched, kind in self._with_kinds():
            watched.find(kind)
            if completed < 0 and watched.request.due(0):
                watched.first = [watched.sample(0)]

    def rows(self, chunk):
        """Return the samples that are due at the end of the chunk."""
        rows = {}
        for k, watched in enumerate(self._watched):
            samples = watched.first + ([watched.sample(chunk.stop)] if watched.request.due(chunk.stop) else [])
            parts = [part for part, width in enumerate(watched.widths()) if width]
            rows |= {f"weights.{k}.{COLUMNS[part]}": np.array([s[part] for s in samples]) for part in parts}
            watched.first = []
        return rows

    def clear(self, packed):
        """Forget which synapses are recorded: they are chosen again."""
        self._watched = [Watched(watched.request) for watched in self._watched]

    def rewired(self, name, places):
        """Follow the synapses that are recorded; of those that were removed, NaN is recorded."""
        for watched, kind in self._with_kinds():
            if watched.where is not None:
                watched.follow(kind, places if watched.request.projection.name == name else None)

    def saved(self):
        """Return which synapses are recorded, as they were when they were chosen, and where they are now."""
        found = [(k, watched.saved()) for k, watched in enumerate(self._watched) if watched.where is not None]
        return {f"{k}.{name}": values for k, arrays in found for name, values in zip(PARTS, arrays, strict=True)}

    def load(self, saved):
        """Record the synapses that were recorded when `saved` was called."""
        for k, (watched, kind) in enumerate(self._with_kinds() if saved else ()):
            watched.load(kind, *_check_saved(saved, k, kind))

    def copy(self):
        """Return an independent recorder of the same synapses."""
        new = super().copy()
        new._watched = [copy.copy(watched) for watched in self._watched]
        return new

    def _with_kinds(self):
        """Return (synapses, their kind as it is now) for each request."""
        kinds = {kind.block.projection.name: kind for kind in self._synapses.kinds}
        return [(watched, kinds[watched.request.projection.name]) for watched in self._watched]


class Watched:
    """The synapses of one request.

    - `where`: indices in the SynapseTable of the synapses in this process when they were chosen, and their pre and post
      cells; None before that.
    - `wanted`: the synapses in all processes, in the order of the columns of samples.
    - `now`: where those in this process are now, among all that are in it; -1 for those that were removed.
    - `first`: the sample that was taken before the first chunk.
    """

    def __init__(self, request):
        self.request, self.first = request, []
        self.where = self.wanted = self.now = self._kind = self._chosen = None

    def find(self, kind):
        """Choose the synapses if that has not been done, and find them if they may have moved."""
        if kind is self._kind and self._chosen is not None:
            return
        self._kind = kind
        if self.where is None:
            self.wanted = _ids(self.request, kind)
            self.now = _here(self.wanted, kind)
        self._chosen = (kind.reader or Selected)(kind, self.now[self.now >= 0])
        if self.where is None:
            self.where = in_table(kind)[0][self.now], self._chosen.pre, self._chosen.post

    def widths(self):
        """Return how many numbers a sample has in each of the COLUMNS."""
        return 1, self.where[0].size, max(self.request.edges.size - 1, 0)

    def describe(self):
        """Return what the header of a log says of the synapses."""
        found = dict(zip(PARTS[1:], self.where, strict=True))
        return found | ({"wanted": self.wanted} if self._ranks.size > 1 else {})  # of which those here are some

    def sample(self, step):
        """Return (step, values, counts) as of now."""
        variable, counts = self.request.variable, np.empty(0, np.int64)
        if self.request.edges.size:
            values = self._kind.current_columns().get(variable)
            counts, _ = np.histogram(self._everywhere() if values is None else values, self.request.edges)
        there = self.now >= 0
        values = np.full(there.size, np.nan)
        values[there] = self._chosen.read(variable)
        return step, values, counts

    def _everywhere(self):
        """Return the values of a trace as all synapses here read it now."""
        return type(self._chosen)(self._kind, in_table(self._kind)[0]).read(self.request.variable)

    def follow(self, kind, places):
        """Find the synapses after a projection was rewired; `places` as in `Recorder.rewired`, None for another one."""
        indices = self._in_table()
        if places is not None:
            indices = np.where(indices >= 0, places[indices], -1)
        self.now = _among_those_here(indices, kind)
        self.find(kind)

    def saved(self):
        """Return where the synapses of all processes are, and `where`, in the order of those wanted; on rank 0."""
        parts = self._ranks.gather([self._in_table(), *self.where])
        if parts is None:
            return [self.now, *self.where]
        order = places_among(self.wanted, np.concatenate([part[1] for part in parts]))
        return [np.concatenate(columns)[order] for columns in zip(*parts, strict=True)]

    def load(self, kind, indices, *where):
        """Watch the synapses for which `saved` returned this."""
        cells = kind.block.layout.global_indices(kind.block.projection.post)[where[-1]]
        mine = np.zeros(cells.size, bool)
        for here in cells_here(kind.block.layout):
            mine |= (cells >= here.start) & (cells < here.stop)
        self.wanted, self.where = where[0], tuple(of[mine] for of in where)
        self.now, self._kind, self._chosen = _among_those_here(indices[mine], kind), kind, None

    def _in_table(self):
        """Return the indices in the SynapseTable now, -1 for synapses that were removed."""
        found, there = np.full(self.now.size, -1), self.now >= 0
        found[there] = in_table(self._kind)[0][self.now[there]]
        return found

    @property
    def _ranks(self):
        return self._kind.block.layout.ranks


def _check_saved(saved, k, kind):
    """Return what `WeightRecorder.saved` returned of a request; raise ValueError for synapses that are not there."""
    projection, n = kind.block.projection, in_table(kind)[1]
    found = [saved.get(f"{k}.{name}", np.empty(0)) for name in PARTS]
    limits = (-1, n), (0, np.inf), (0, projection.pre.n), (0, projection.post.n)
    for name, values, (low, end) in zip(PARTS, found, limits, strict=True):
        label = f"{name!r} of the recorded synapses of {projection.name!r}"
        check_array(values, np.int64, (found[0].size,), label)
        if values.size and not low <= values.min() <= values.max() < end:
            raise ValueError(f"{label}: must be {low} to {end - 1} (got {values.min()} to {values.max()})")
    return found


def _among_those_here(indices, kind):
    """Return the indices among the synapses in this process of those with these indices in the SynapseTable; -1 stays -1."""
    return np.where(indices >= 0, np.searchsorted(in_table(kind)[0], indices), -1)


def _here(wanted, kind):
    """Return the indices among the synapses in this process of the wanted ones that are in it."""
    ids = in_table(kind)[0]
    at = np.searchsorted(ids, wanted)
    inside = np.flatnonzero(at < ids.size)
    return at[inside[ids[at[inside]] == wanted[inside]]]


def _ids(request, kind):
    n, wanted, projection = in_table(kind)[1], request.synapses, kind.block.projection
    if wanted is None or (np.ndim(wanted) == 0 and wanted >= n):
        return np.arange(n)
    if np.ndim(wanted):
        if wanted.size and wanted.max() >= n:
            message = f"must be below the number of synapses of {projection.name!r}, {n:,} (got {wanted.max():,})"
            raise ValueError(f"WeightTrace.synapses: {message}")
        return wanted
    # one at random in each of that many parts of equal size
    at = np.empty(wanted)
    fill(at, np.array([1.0, 0.0, 1.0, 0.0, 1.0]), stream_key(kind.block.layout.network.seed, "recorded", projection.name))
    borders = np.arange(wanted + 1) * n // max(wanted, 1)
    return np.minimum(borders[:-1] + (at * np.diff(borders)).astype(np.int64), borders[1:] - 1)


def resolve_weights(record, layout):
    """Turn WeightTrace objects into RecordedWeights."""
    recorded = {}
    for trace in record:
        projection, variable = trace.projection, trace.variable
        if not any(p is projection for p in layout.network.projections):
            raise ValueError(f"{trace!r}: this projection is not in the network")
        kind, rule = kind_of(projection), projection.plasticity
        if not (units := kind.units(projection)):
            raise ValueError(f"{trace!r}: {projection.name!r} has no plasticity, so its weights do not change")
        if variable not in units:
            owner = kind.__name__ if rule is None else type(rule).__name__
            raise ValueError(f"{trace!r}: {owner} has no variable {variable!r}{nearest(variable, units)}")
        if trace.every < layout.dt * (1 - 1e-9):
            raise ValueError(f"{trace!r}: every must be at least dt = {layout.dt:g} ms")
        if (projection.name, variable) in recorded:
            raise ValueError(f"{trace!r}: another WeightTrace records this; use one for both")
        every = int(whole_steps(trace.every, layout.dt, f"{trace!r}.every"))
        edges = _edges(trace)
        recorded[projection.name, variable] = RecordedWeights(
            projection, variable, units[variable], trace.synapses, every, edges, trace.columns, *limits(trace, layout.dt)
        )
    return list(recorded.values())


def _edges(trace):
    if trace.bins is None or np.ndim(trace.bins):
        return np.empty(0) if trace.bins is None else trace.bins
    limits = trace.projection.plasticity.limits() if trace.variable == "w" else (None, None)
    if any(limit is None or np.ndim(limit) for limit in limits):
        hint = "give the edges of the bins: bins=[...]"
        raise ValueError(f"{trace!r}: the rule has no bounds of {trace.variable!r}, or they differ between synapses; {hint}")
    return np.linspace(*limits, trace.bins + 1)
