"""Recording of the weights of synapses that learn.

Samples are taken in Python between two chunks, which end at the times of the samples. Synapses catch up lazily: what is
read is brought up to the time of the sample, and then put back as it was, so the bits of the run stay the same.
"""

from dataclasses import dataclass, field

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.build.own import cells_here
from brainsim.core.arrays import times_of
from brainsim.core.checks import nearest
from brainsim.core.structure import check_array
from brainsim.engine.recorders.recorder import Recorder
from brainsim.engine.recorders.requests import limits
from brainsim.engine.synapses.readback import in_table
from brainsim.results.streams.columns import column
from brainsim.results.weights import Weights
from brainsim.rng.streams import stream_key
from brainsim.rng.variates import fill

PARTS = ("now", "synapses", "pre", "post")  # of each request, in a checkpoint


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


@dataclass
class WeightPiece:
    """What one call of ``run`` has sampled.

    Attributes
    ----------
    where : list of (ndarray, ndarray, ndarray)
        For each request the synapses, and their cells.
    samples : list of list of (int, ndarray, ndarray)
        For each request step, values and counts of each sample.
    """

    where: list
    samples: list = field(default_factory=list)


class WeightRecorder(Recorder):
    """Samples weights, or variables of rules, of synapses.

    Parameters
    ----------
    requests : list of RecordedWeights
    """

    def __init__(self, requests):
        self.requests, self._synapses, self._chosen = requests, None, None
        self._layout, self._on_ranks, self._kinds = None, False, None
        self._where = self._now = self._wanted = (
            None  # the synapses when they were chosen, their indices now, and in the table
        )

    def copy(self):
        """Return a recorder of the same synapses."""
        new = WeightRecorder(self.requests)
        new._where, new._now, new._wanted = self._where, None if self._now is None else list(self._now), self._wanted
        return new

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

    def begin(self, completed, stop):
        """Return a piece, with the samples at time 0 if that is where it begins."""
        self._choose()
        samples = [[self._sample(k, 0)] if completed < 0 and r.due(0) else [] for k, r in enumerate(self.requests)]
        return WeightPiece(self._where, samples)

    def gather(self, piece, chunk):
        """Return the samples that are due at the end of the chunk, None where none is."""
        return [self._sample(k, chunk.stop) if request.due(chunk.stop) else None for k, request in enumerate(self.requests)]

    def commit(self, piece, gathered):
        """Add the samples."""
        for samples, new in zip(piece.samples, gathered, strict=True):
            if new is not None:
                samples.append(new)

    def joined(self, pieces):
        """Return all samples as one piece."""
        lists = zip(*(piece.samples for piece in pieces), strict=True)
        return WeightPiece(pieces[0].where, [[sample for samples in some for sample in samples] for some in lists])

    def gathered(self, piece, layout):
        """Return the samples of the synapses of all ranks on rank 0."""
        ranks, where, all_samples = layout.ranks, [], []
        for wanted, synapses, samples in zip(self._wanted, piece.where, piece.samples, strict=True):
            parts = ranks.gathered([synapses[0], *synapses[1:]])
            values = ranks.gathered(np.array([some for _, some, _ in samples]).reshape(len(samples), synapses[0].size))
            counts = ranks.gathered(np.array([some for *_, some in samples]))
            if parts is None:
                continue
            where.append(tuple(_put_together(parts, wanted, 0)))
            values, counts = np.concatenate(values, axis=1)[:, _order(parts, wanted, 0)], sum(counts)
            all_samples.append([(step, *both) for (step, *_), *both in zip(samples, values, counts, strict=True)])
        return WeightPiece(where, all_samples)

    def result(self, piece, layout, start, stop):
        """Return the Weights by (projection, variable)."""
        found = {}
        for request, where, samples in zip(self.requests, piece.where, piece.samples, strict=True):
            key = request.projection.name, request.variable
            steps = np.array([step for step, *_ in samples], np.int64)
            values = np.array([values for _, values, _ in samples]).reshape(len(samples), where[0].size)
            bins = max(request.edges.size - 1, 0)
            counts = np.array([counts for *_, counts in samples], np.int64).reshape(len(samples), bins)
            found[key] = Weights(*key, request.unit, times_of(steps, layout.dt), *where, values, request.edges, counts)
        return {"weights": found}

    def columns(self, piece):
        """Return the columns of a stream: for each request the steps of the samples, the values, and the histograms."""
        columns, rows = [], []
        for k, (request, where) in enumerate(zip(self.requests, piece.where, strict=True)):
            name, n, bins = f"weights.{k}", where[0].size, max(request.edges.size - 1, 0)
            parts = (("step.i8", 1), ("value.f8", n), ("count.i8", bins))
            columns += [column(f"{name}.{part}", f"<{part[-2:]}", width) for part, width in parts if width]
            row = {"projection": request.projection.name, "variable": request.variable, "unit": request.unit, "column": name}
            row |= {key: cells.tolist() for key, cells in zip(("synapses", "pre", "post"), where, strict=True)}
            if self._on_ranks:  # of which the synapses here are some
                row["wanted"] = self._wanted[k].tolist()
            rows.append(row | {"edges": request.edges.tolist()})
        return {"columns": columns, "weights": rows}

    def rows(self, piece):
        """Return the samples of a piece, by column."""
        rows = {}
        for k, samples in enumerate(piece.samples):
            for part, name in enumerate(("step.i8", "value.f8", "count.i8")):
                rows[f"weights.{k}.{name}"] = np.array([sample[part] for sample in samples])
        return rows

    def _choose(self):
        """Find the synapses that are recorded."""
        if self._chosen is not None:
            return
        # only for networks in which something is plastic
        from brainsim.engine.plasticity.chosen import Chosen

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
        from brainsim.engine.plasticity.chosen import Chosen

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


def _order(parts, wanted, key):
    """Return the order in which synapses of all ranks are those that are wanted; `key` says which array has their names."""
    names = np.concatenate([part[key] for part in parts])
    order = np.argsort(names, kind="stable")
    return order[np.searchsorted(names[order], wanted)]


def _put_together(parts, wanted, key):
    """Return arrays of all ranks, about synapses that each of them has, in the order of those that are wanted."""
    order = _order(parts, wanted, key)
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
    from brainsim.engine.plasticity.traces_now import names_of_traces

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
