"""Recording of the weights of synapses that learn.

Samples are taken in Python between two chunks, which end at the times of the samples. Synapses catch up lazily: what is
read is brought up to the time of the sample, and then put back as it was, so the bits of the run stay the same.
"""

from dataclasses import dataclass

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.build.own import cells_here
from brainsim.core.checks import nearest
from brainsim.core.structure import check_array
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.recorders.requests import limits
from brainsim.engine.synapses.readback import in_table
from brainsim.results.streams.columns import column
from brainsim.results.streams.ranks import order_of
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
        """Return what is recorded as text."""
        return f"WeightTrace: {self.projection.name}.{self.variable}, {self.columns:,} numbers"


class WeightRecorder(Recorder):
    """Samples weights, or variables of rules, of synapses.

    Parameters
    ----------
    requests : list of RecordedWeights
    """

    on_ranks = True

    def __init__(self, requests):
        self.requests, self._synapses, self._chosen = requests, None, None
        self._layout, self._on_ranks, self._kinds = None, False, None
        # the synapses when they were chosen, their indices now, and in the table
        self._where = self._now = self._wanted = None
        self._at_zero = {}  # the samples that are taken before the first chunk: request -> sample

    def columns(self):
        """Return for each request the steps of the samples, the values, and the histograms."""
        self._choose()
        columns, rows = [], []
        for k, (request, where) in enumerate(zip(self.requests, self._where, strict=True)):
            name, n, bins = f"weights.{k}", where[0].size, max(request.edges.size - 1, 0)
            widths = zip(COLUMNS, (1, n, bins), strict=True)
            columns += [column(f"{name}.{part}", f"<{part[-2:]}", width) for part, width in widths if width]
            row = {"projection": request.projection.name, "variable": request.variable, "unit": request.unit, "column": name}
            row |= dict(zip(PARTS[1:], where, strict=True))
            if self._on_ranks:  # of which the synapses here are some
                row["wanted"] = self._wanted[k]
            rows.append(row | {"edges": request.edges})
        return {"columns": columns, "weights": rows}

    def saved(self):
        """Return which synapses are recorded, as they were when they were chosen, and where they are now."""
        if self._where is None:
            return {}
        found = {}
        for k, (now, where) in enumerate(zip(self._now, self._where, strict=True)):
            arrays = [now, *where]
            if self._on_ranks:
                parts = self._layout.ranks.gathered([self._in_table(k, now), *where])
                arrays = _put_together(parts, self._wanted[k], 1) if parts else arrays
            found |= {f"{k}.{name}": values for name, values in zip(PARTS, arrays, strict=True)}
        return found

    def load(self, saved):
        """Record the synapses that were recorded when `saved` was called."""
        if not saved:
            return
        self._kinds, self._chosen = self._kinds_now(), None
        found = [_checked(saved, k, kind) for k, kind in enumerate(self._kinds)]
        if self._on_ranks:
            self._wanted = [where[0] for _, *where in found]
            found = [self._of_here(k, *arrays) for k, arrays in enumerate(found)]
        self._now, self._where = [now for now, *_ in found], [tuple(where) for _, *where in found]

    def _of_here(self, k, now, *where):
        """Return those of some synapses whose targets are on this rank, and where they are among the synapses here."""
        cells = self._layout.global_indices(self._kinds[k].projection.post)[where[-1]]
        mine = np.zeros(cells.size, bool)
        for here in cells_here(self._layout):
            mine |= (cells >= here.start) & (cells < here.stop)
        return self._among_those_here(k, now[mine]), *(of[mine] for of in where)

    def _in_table(self, k, now):
        """Return the indices in the SynapseTable of synapses on this rank, -1 for those that were removed."""
        ids, _ = in_table(self._kinds[k])
        found = np.full(now.size, -1)
        found[now >= 0] = ids[now[now >= 0]]
        return found

    def _among_those_here(self, k, indices):
        """Return the indices among the synapses on this rank of some that are, by their indices in the SynapseTable."""
        ids, _ = in_table(self._kinds[k])
        return np.where(indices >= 0, np.searchsorted(ids, indices), -1)

    def calls(self, partition):
        """Note which synapses the partitions have; nothing is called during a chunk."""
        self._synapses, self._chosen, self._layout = partition.synapses, None, partition.layout
        self._on_ranks = partition.layout.ranks.size > 1
        return []

    def next_stop(self, step):
        """Return the step of the next sample."""
        return min((at for request in self.requests if (at := request.next(step)) is not None), default=None)

    def clear(self, packed):
        """Forget which synapses are recorded: they are chosen again."""
        self._where = self._now = self._chosen = None

    def rewired(self, name, places):
        """Follow the synapses that are recorded; of those that were removed, NaN is recorded."""
        if self._now is not None:
            before = [self._in_table(k, now) if self._on_ranks else now for k, now in enumerate(self._now)]
            self._kinds = self._kinds_now()
            for k, (request, now) in enumerate(zip(self.requests, before, strict=True)):
                if request.projection.name == name:
                    now = np.where(now >= 0, places[now], -1)
                self._now[k] = self._among_those_here(k, now) if self._on_ranks else now
        self._chosen = None

    def begin(self, completed):
        """Choose the synapses, and take the samples at time 0 if the chunk begins there."""
        self._choose()
        due = [k for k, request in enumerate(self.requests) if completed < 0 and request.due(0)]
        self._at_zero = {k: self._sample(k, 0) for k in due}

    def rows(self, chunk):
        """Return the samples that are due at the end of the chunk."""
        rows = {}
        for k, request in enumerate(self.requests):
            samples = [self._at_zero[k]] if k in self._at_zero else []
            samples += [self._sample(k, chunk.stop)] if request.due(chunk.stop) else []
            rows |= {f"weights.{k}.{name}": np.array([s[part] for s in samples]) for part, name in enumerate(COLUMNS)}
        return rows

    def _choose(self):
        """Find the synapses that are recorded."""
        if self._chosen is not None:
            return
        # only for networks in which something is plastic
        from brainsim.engine.plasticity.read_now import Chosen

        self._kinds = self._kinds_now()
        if self._where is None:
            self._wanted = [_ids(request, kind) for request, kind in zip(self.requests, self._kinds, strict=True)]
            here = [_here(wanted, kind) for wanted, kind in zip(self._wanted, self._kinds, strict=True)]
            self._now, ids = ([pair[k] for pair in here] for k in (0, 1))
        self._chosen = [Chosen(kind, ids[ids >= 0]) for kind, ids in zip(self._kinds, self._now, strict=True)]
        if self._where is None:
            self._where = [(some, chosen.pre, chosen.post) for some, chosen in zip(ids, self._chosen, strict=True)]

    def _kinds_now(self):
        """Return the synapses of each request as they are now."""
        kinds = {kind.block.projection.name: kind for kind in self._synapses.kinds}
        return [kinds[request.projection.name] for request in self.requests]

    def _sample(self, k, step):
        """Return (step, values, counts) as of now."""
        request = self.requests[k]
        counts = np.empty(0, np.int64)
        if request.edges.size:
            columns = self._kinds[k].current_columns()
            values = columns.get(request.variable)
            counts, _ = np.histogram(self._everywhere(k) if values is None else values, request.edges)
        there = self._now[k] >= 0
        values = np.full(there.size, np.nan)
        values[there] = self._chosen[k].read(request.variable)
        return step, values, counts

    def _everywhere(self, k):
        """Return a trace as all synapses here read it now."""
        from brainsim.engine.plasticity.read_now import Chosen

        kind = self._kinds[k]
        return Chosen(kind, in_table(kind)[0]).read(self.requests[k].variable)


def _checked(saved, k, kind):
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


def _put_together(parts, wanted, key):
    """Return arrays of all ranks, about synapses that array `key` of each rank names, in the order of those wanted."""
    order = order_of(wanted, np.concatenate([part[key] for part in parts]))
    return [np.concatenate(columns)[order] for columns in zip(*parts, strict=True)]


def _here(wanted, kind):
    """Return which synapses are in this process: their indices among those that are, and in the SynapseTable."""
    ids, _ = in_table(kind)
    at = np.searchsorted(ids, wanted)
    mine = (
        (at < ids.size) & (ids[np.minimum(at, max(ids.size - 1, 0))] == wanted) if ids.size else np.zeros(wanted.size, bool)
    )
    return at[mine], wanted[mine]


def _ids(request, kind):
    """Return the indices in the SynapseTable of the synapses that are recorded."""
    n, wanted, projection = in_table(kind)[1], request.synapses, kind.block.projection
    if wanted is None or (np.ndim(wanted) == 0 and wanted >= n):
        return np.arange(n)
    if np.ndim(wanted):
        if wanted.size and wanted.max() >= n:
            message = f"must be below the number of synapses of {projection.name!r}, {n:,} (got {wanted.max():,})"
            raise ValueError(f"WeightTrace.synapses: {message}")
        return wanted
    # one at random in each of so many parts of equal size
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
        if projection.plasticity is None:
            raise ValueError(f"{trace!r}: {projection.name!r} has no plasticity, so its weights do not change")
        unit = _unit(projection, variable, trace)
        if trace.every < layout.dt * (1 - 1e-9):
            raise ValueError(f"{trace!r}: every must be at least dt = {layout.dt:g} ms")
        if (projection.name, variable) in recorded:
            raise ValueError(f"{trace!r}: another WeightTrace records this; use one for both")
        every = int(whole_steps(trace.every, layout.dt, f"{trace!r}.every"))
        edges = _edges(trace)
        recorded[projection.name, variable] = RecordedWeights(
            projection, variable, unit, trace.synapses, every, edges, trace.columns, *limits(trace, layout.dt)
        )
    return list(recorded.values())


def _unit(projection, variable, trace):
    """Return the unit of w or of a variable of the rule; raise ValueError if it has none of this name."""
    rule, of_weight = projection.plasticity, projection.synapse.weight_unit
    if variable == "w":
        return of_weight
    equations = rule.equations_for(rule.per_synapse)
    from brainsim.engine.plasticity.read_now import names_of_traces

    known = (*equations.variables, *names_of_traces(equations))
    if variable not in known:
        raise ValueError(f"{trace!r}: {type(rule).__name__} has no variable {variable!r}{nearest(variable, ('w', *known))}")
    return rule.initials[variable].unit.replace("weight", of_weight)


def _edges(trace):
    """Return the edges of the bins of the histograms."""
    if trace.bins is None or np.ndim(trace.bins):
        return np.empty(0) if trace.bins is None else trace.bins
    limits = trace.projection.plasticity.limits() if trace.variable == "w" else (None, None)
    if any(limit is None or np.ndim(limit) for limit in limits):
        hint = "give the edges of the bins: bins=[...]"
        raise ValueError(f"{trace!r}: the rule has no bounds of {trace.variable!r}, or they differ between synapses; {hint}")
    return np.linspace(*limits, trace.bins + 1)
