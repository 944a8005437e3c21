"""What multiplies the weights of a plastic projection at regular times, between two chunks of a run."""

import math

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.build.own import each_from_its_rank
from brainsim.core.checks import warn_user
from brainsim.engine.states.sent import CELL
from brainsim.engine.states.state import take_array
from brainsim.engine.synapses.kinds.kind import RANGE, in_block
from brainsim.engine.synapses.segments import MAX_LENGTH, START_BITS, split_piece, tag_of
from brainsim.features.plasticity.models.homeostasis import Normalisation
from brainsim.jit.decorators import kernel
from brainsim.jit.functions import FUNCTIONS
from brainsim.jit.records import Context, array_of

NEARLY = 1e-6  # a sum that is as near to its total, relative to it, is not worth a warning


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
        self._seconds = self.every * kind.block.layout.dt * 1e-3
        self._kept = float(FUNCTIONS["exp"](np.float64(-self._seconds * 1e3 / self.homeostasis.tau)))
        self.reset()

    def reset(self):
        """Go back to the start: the average is the goal, and no spike is counted."""
        self._rates = np.full(self._cells.size, self.homeostasis.goal)
        self._counts = np.zeros(self._cells.size, np.int64)

    def copy(self):
        """Return an independent homeostat."""
        new = object.__new__(Scaler)
        vars(new).update(vars(self) | {"_rates": self._rates.copy(), "_counts": self._counts.copy()})
        return new

    def after_chunk(self, kind, chunk):
        """Count the spikes of a Chunk, and scale the weights if it is time."""
        spikes = self._index[chunk.packed & CELL]
        self._counts = self._counts + np.bincount(spikes, minlength=self._cells.size + 1)[:-1]
        if chunk.stop % self.every:
            return
        # d rate/dt = (count/seconds - rate)/tau over this time, exactly
        self._rates = self._rates * self._kept + (1.0 - self._kept) * (self._counts / self._seconds)
        self._counts = np.zeros_like(self._counts)
        if kind.learns:
            h = self.homeostasis
            # dw/dt = beta*(goal - rate)*w over this time has the solution w*exp(beta*(goal - rate)*seconds)
            multiply(kind, FUNCTIONS["exp"](h.beta * (h.goal - self._rates) * self._seconds))

    def saved(self):
        """Return the rates and the counts of the targets."""
        return {"homeostasis.rate": self._rates, "homeostasis.count": self._counts}

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
        self._rates = take_array(extra, f"{label}homeostasis.rate", np.dtype(np.float64), n).copy()
        self._counts = counts.copy()


def homeostat_of(kind):
    """Return the Homeostat of a plastic projection, None if it has none."""
    homeostasis = kind.projection.homeostasis
    if homeostasis is None:
        return None
    return Homeostat(kind) if isinstance(homeostasis, Normalisation) else Scaler(kind)


def normalise(kind, total, by):
    """Multiply the weights of each target, or source, so that they add up to `total`, from now on."""
    kind.settle()
    w, rows = kind.columns()["w"], _rows(kind) if by == "source" else []
    sums = _sums_of_targets(kind) if by == "target" else _sums_of_sources(kind, rows)
    factors = _factors(sums, total)
    if by == "target":
        bounded = multiply(kind, factors)
    else:
        for (start, stop), factor in zip(rows, factors, strict=True):
            w[start:stop] *= factor
        bounded = _keep_within_bounds(kind)
    if any(kind.block.layout.ranks.all(bounded)) and not kind.warned_of_bounds:
        kind.warned_of_bounds = True
        after = _sums_of_targets(kind) if by == "target" else _sums_of_sources(kind, rows)
        _warn_of_bounds(kind, factors != 1.0, after, total, by)


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


def _sums_of_targets(kind):
    sums = np.zeros(kind.block.layout.n_numbers)
    through(_segments(kind, sums).record, True)
    return sums[_places(kind)]


def _sums_of_sources(kind, rows):
    """Return the sum of the weights of each source, whose synapses begin and end at `rows`."""
    w = kind.columns()["w"]
    # the sum is rounded once, so it does not depend on the order of the synapses, which depends on the partitions
    return np.array(_sums(kind.block.layout.ranks, [w[start:stop] for start, stop in rows]))


def _sums(ranks, rows):
    if ranks.size > 1:
        ends = ranks.everywhere(np.cumsum([row.size for row in rows])[:-1])
        parts = [np.split(flat, cuts) for flat, cuts in zip(ranks.everywhere(np.concatenate(rows)), ends, strict=True)]
        rows = [np.concatenate(row) for row in zip(*parts, strict=True)]
    return [math.fsum(row) for row in rows]


def multiply(kind, factors):
    """Multiply the weights onto each target by a number, from now on; return whether bounds of the rule have cut any."""
    kind.settle()
    placed = np.ones(kind.block.layout.n_numbers)
    placed[_places(kind)] = factors
    through(_segments(kind, placed).record, False)
    return _keep_within_bounds(kind)


def _factors(sums, total):
    """Return what to multiply weights by; 1 if there are none, or if their sum has the other sign."""
    total = np.broadcast_to(total, sums.shape)
    return np.divide(total, sums, out=np.ones(sums.size), where=sums * total > 0)


def _places(kind):
    """Return where in the state the events of each target go."""
    return kind.block.layout.input_places(kind.projection.post, kind.projection.synapse)[0]


def _segments(kind, placed):
    """Return the Context with which `through` goes through the segments, source by source."""
    store, block = kind.store, kind.block
    return Context(
        sources=kind.sources,
        partitions=len(block.layout.own),
        first=store.first,
        piece=store.piece,
        start=block.start,
        stop=block.stop,
        base=store.base,
        targets=block.targets,
        weights=kind.columns()["w"],
        placed=placed,  # a number for each place of the state
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


def _keep_within_bounds(kind):
    """Set weights that are beyond a bound of the rule to the bound; return whether there are any."""
    w, any_beyond = kind.columns()["w"], False
    for bound, beyond, limit in zip(kind.bounds(), (np.less, np.greater), (np.maximum, np.minimum), strict=True):
        if bound is not None and np.any(beyond(w, bound)):
            any_beyond, w[:] = True, limit(w, bound)
    return any_beyond


@kernel
def through(segments, adding):
    """Add the weights onto each place of the state to `placed`, or multiply them by it, by source and delay."""
    r = segments[0]
    first, pieces, sources, base = array_of(r.first), array_of(r.piece), array_of(r.sources), array_of(r.base)
    targets, weights, placed = array_of(r.targets), array_of(r.weights), array_of(r.placed)
    for s in range(sources.size):
        for part in range(r.partitions):
            # the segments of a source onto a partition are those from first[row] to first[row + 1] in the store
            row = sources[s] * r.partitions + part
            for k in range(first[row], first[row + 1]):
                start, length = split_piece(pieces[k])
                if r.start <= start < r.stop and tag_of(pieces[k]) != RANGE:
                    for j in range(start - r.start, start - r.start + length):
                        place = base[part] + targets[j]
                        if adding:
                            placed[place] += weights[j]
                        else:
                            weights[j] *= placed[place]
