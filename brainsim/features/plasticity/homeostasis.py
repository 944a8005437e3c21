"""What multiplies the weights of a plastic projection at regular times, between two chunks of a run."""

import math

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.build.own import each_from_its_rank
from brainsim.core.checks import warn_user
from brainsim.engine.states.given import take_array
from brainsim.engine.synapses.kinds.kind import in_block
from brainsim.engine.synapses.segments import MAX_LENGTH, START_BITS
from brainsim.features.plasticity import multiplying
from brainsim.features.plasticity.models.homeostasis import Normalisation
from brainsim.features.plasticity.regular import Regular
from brainsim.jit.functions import FUNCTIONS
from brainsim.jit.records import Context, call, new_scratch

NEARLY = 1e-6  # a sum that is as near to its total, relative to it, is not worth a warning
NONE = np.empty(0)


class Homeostat:
    """The homeostasis of one projection. This class normalises; `Scaler` scales."""

    def __init__(self, kind):
        self.homeostasis, dt = kind.projection.homeostasis, kind.block.layout.dt
        self.every = max(1, int(whole_steps(self.homeostasis.every, dt, f"{kind.projection.name}.homeostasis.every")))

    def next_stop(self, step):
        """Return the next step after `step` at which weights are multiplied."""
        return (step // self.every + 1) * self.every

    def after_chunk(self, kind, chunk):
        """Take note of a Chunk, and multiply the weights if it is time."""
        if chunk.stop % self.every == 0 and kind.learns:
            normalise(kind, self.homeostasis.total, self.homeostasis.by)

    def regular(self, kind, reading):
        """Return what a page does in place of `after_chunk`, as a `Regular`; `reading` brings the weights up to now."""
        record = _record(kind, self.homeostasis.by, totals=_totals(self.homeostasis.total))
        calls = [(multiplying.add_up, record), (multiplying.normalise, record)]
        return Regular(self.every, reading, calls if kind.learns else [])

    def reset(self):
        """Go back to the start."""

    def copy(self):
        """Return an independent homeostat."""
        return self

    def saved(self):
        """Return what a saved state must hold: name -> array."""
        return {}

    def saved_by_all(self, ranks):
        """Return what `saved` returns, of all ranks, on rank 0."""
        return self.saved()

    def load(self, extra, label):
        """Take over what `saved` returned; the names in `extra` begin with `label`."""


class Scaler(Homeostat):
    """Counts the spikes of each target, and scales its weights.

    The counts are whole numbers, and the rates change only when the weights do, so nothing depends on where chunks end.
    """

    def __init__(self, kind):
        super().__init__(kind)
        self._layout, self._projection = kind.block.layout, kind.projection
        self._cells, n = kind.targets, kind.block.layout.n_cells
        self._index = np.full(n, self._cells.size)
        self._index[self._cells] = np.arange(self._cells.size)
        self._rates, self._counts = np.empty(self._cells.size), np.empty(self._cells.size, np.int64)
        self.reset()

    def reset(self):
        """Go back to the start: the average is the goal, and no spike is counted."""
        self._rates[:], self._counts[:] = self.homeostasis.goal, 0

    def copy(self):
        """Return an independent homeostat."""
        new = object.__new__(Scaler)
        vars(new).update(vars(self) | {"_rates": self._rates.copy(), "_counts": self._counts.copy()})
        return new

    def after_chunk(self, kind, chunk):
        """Count the spikes of a Chunk, and scale the weights if it is time."""
        counted = self._counted(chunk.packed)
        call(multiplying.count.address(counted.kind), counted.address)
        if chunk.stop % self.every:
            return
        kind.settle()
        record = self._record(kind)
        call(multiplying.scale.address(record.kind), record.address)

    def regular(self, kind, reading):
        """Return what a page does in place of `after_chunk`, as a `Regular`; `reading` brings the weights up to now."""
        count = multiplying.count, self._counted(np.empty(0, np.int64))
        return Regular(self.every, reading, [(multiplying.scale, self._record(kind))], count)

    def _counted(self, spikes):
        return Context(spikes=spikes, number=spikes.size, index=self._index, counts=self._counts)

    def _record(self, kind):
        h, seconds = self.homeostasis, self.every * kind.block.layout.dt * 1e-3
        kept = float(FUNCTIONS["exp"](np.float64(-seconds * 1e3 / h.tau)))
        numbers = {"kept": kept, "seconds": seconds, "beta": float(h.beta), "goal": float(h.goal)}
        return _record(kind, "target", rates=self._rates, counts=self._counts, learns=int(kind.learns), **numbers)

    def saved(self):
        """Return the rates and the counts of the targets."""
        return {"homeostasis.rate": self._rates.copy(), "homeostasis.count": self._counts.copy()}

    def saved_by_all(self, ranks):
        """Return the rates and the counts of all targets, each from the rank that has it, on rank 0."""
        found = {name: ranks.gather(values) for name, values in self.saved().items()}
        if ranks.rank:
            return {}
        return {name: each_from_its_rank(values, self._layout, self._projection) for name, values in found.items()}

    def load(self, extra, label):
        """Take over what `saved` returned."""
        n = self._cells.size
        counts = take_array(extra, f"{label}homeostasis.count", np.dtype(np.int64), n)
        if n and counts.min() < 0:
            raise ValueError(f"state.extra['{label}homeostasis.count']: must be 0 or more (got {counts.min()})")
        self._rates[:] = take_array(extra, f"{label}homeostasis.rate", np.dtype(np.float64), n)
        self._counts[:] = counts


def homeostat_of(kind):
    """Return the Homeostat of a plastic projection, None if it has none."""
    homeostasis = kind.projection.homeostasis
    if homeostasis is None:
        return None
    return Homeostat(kind) if isinstance(homeostasis, Normalisation) else Scaler(kind)


def normalise(kind, total, by):
    """Multiply the weights of each target, or source, so that they add up to `total`, from now on."""
    kind.settle()
    record = _record(kind, by, totals=_totals(total))
    _add_up(kind, record)
    call(multiplying.normalise.address(record.kind), record.address)
    if any(kind.block.layout.ranks.all(bool(record["bounded"]))) and not kind.warned_of_bounds:
        kind.warned_of_bounds = True
        _add_up(kind, record)
        _warn_of_bounds(kind, record["factors"] != 1.0, record["sums"], total, by)


def _warn_of_bounds(kind, multiplied, sums, total, by):
    """Warn if bounds have kept sums of weights from being what they should be."""
    layout = kind.block.layout
    missed = multiplied & (np.abs(sums - total) > NEARLY * np.abs(total))
    # targets are on one rank each, the sums of sources are those of all ranks
    number = sum(layout.ranks.all(int(missed.sum()))) if by == "target" else int(missed.sum())
    if number:
        which = np.flatnonzero(missed)[:1]
        shown = "".join(f"; the first gets {sums[k]:g} instead of {np.broadcast_to(total, sums.shape)[k]:g}" for k in which)
        message = (
            f"the bounds of {kind.projection.plasticity} keep the weights of {number:,} of {sums.size:,} {by}s from the"
        )
        warn_user(f"{kind.projection.name}: {message} total of the normalisation{shown}")


def _totals(total):
    return np.array(total, np.float64).reshape(-1)


def _add_up(kind, record):
    """Let the record have the sums of the weights; those of a source are of all ranks."""
    call(multiplying.add_up.address(record.kind), record.address)
    ranks = kind.block.layout.ranks
    if ranks.size > 1 and record["by_source"]:
        weights = record["weights"]
        rows = zip(record["starts"].tolist(), record["stops"].tolist(), strict=True)
        record["sums"][:] = _sums(ranks, [weights[start:stop] for start, stop in rows])


def _sums(ranks, rows):
    ends = ranks.everywhere(np.cumsum([row.size for row in rows])[:-1])
    parts = [np.split(flat, cuts) for flat, cuts in zip(ranks.everywhere(np.concatenate(rows)), ends, strict=True)]
    # rounded once, so it does not depend on the order of the synapses, which depends on the partitions
    return [math.fsum(np.concatenate(row)) for row in zip(*parts, strict=True)]


def _places(kind):
    """Return where in the state the events of each target go."""
    return kind.block.layout.input_places(kind.projection.post, kind.projection.synapse)[0]


def _record(kind, by, **fields):
    """Return the Context on which the functions of `multiplying` work."""
    store, block, by_source = kind.store, kind.block, by == "source"
    places = NONE.astype(np.int64) if by_source else np.array(_places(kind), np.int64)
    starts, stops = np.array(_rows(kind) if by_source else [], np.int64).reshape(-1, 2).T
    n = starts.size if by_source else places.size
    low, high = (NONE if bound is None else np.array(bound, np.float64).reshape(-1) for bound in kind.bounds())
    return Context(
        by_source=int(by_source),
        sources=kind.sources,
        partitions=len(block.layout.own),
        first=store.first,
        piece=store.piece,
        start=block.start,
        stop=block.stop,
        base=store.base,
        targets=block.targets,
        weights=kind.columns()["w"],
        placed=new_scratch(0 if by_source else block.layout.n_numbers),  # a number for each place of the state
        places=places,
        starts=starts.copy(),
        stops=stops.copy(),
        partials=new_scratch(multiplying.PARTIALS),
        sums=new_scratch(n),
        factors=new_scratch(n),
        low=low,
        high=high,
        bounded=0,
        **fields,
    )


def _rows(kind):
    """Return (start, stop) of the synapses of each source within the block, where they are consecutive."""
    store, block, parts, rows = kind.store, kind.block, len(kind.block.layout.own), []
    for source in kind.sources.tolist():
        pieces = store.piece[store.first[source * parts] : store.first[(source + 1) * parts]]
        mine = in_block(pieces, block.start, block.stop)
        begin = int((pieces[mine] >> START_BITS).min(initial=block.stop)) - block.start
        rows.append((begin, begin + int((pieces[mine] & MAX_LENGTH).sum())))
    return rows
