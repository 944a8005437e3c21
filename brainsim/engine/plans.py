"""The projections of a network as the arrays from which rows are drawn (`drawing.Plans`)."""

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.engine import drawing, wiring
from brainsim.models import pair_lists, rules
from brainsim.models.values import Distribution, is_number, value_code
from brainsim.network.checks import check_delay
from brainsim.rng.alias import alias_table
from brainsim.rng.streams import stream_key

LARGEST_TABLE = 4096  # delays up to which a table is worth building
LEAST_TAIL = 1e-12  # what a table of delays may leave out at its end
CERTAIN = 30.0  # delays beyond the longest that are expected: one is drawn but for a chance of 1e-13
KINDS = {
    rules.AllToAll: drawing.ALL,
    rules.OneToOne: drawing.ONE,
    pair_lists.FromArrays: drawing.LISTED,
    pair_lists.FromSparse: drawing.LISTED,
    rules.FixedProbability: drawing.BERNOULLI,
    rules.FixedIndegree: drawing.BY_TARGET,
}


class Cells:
    """Global indices of the cells of views, each made once however many projections share a view."""

    def __init__(self, layout):
        self._layout, self._indices, self._places = layout, {}, {}

    def of(self, view):
        """Return the global index of each cell of a view, int32."""
        if view not in self._indices:
            self._indices[view] = self._layout.global_indices(view)
        return self._indices[view]

    def places(self, of, among):
        """Return where each cell of one view stands in another, -1 where it does not; empty where none does."""
        if (of, among) not in self._places:
            place = np.full(self._layout.n_cells, -1, np.int32)
            place[self.of(among)] = np.arange(among.n)
            place = place[self.of(of)]
            self._places[of, among] = place if (place >= 0).any() else place[:0]
        return self._places[of, among]


class Plan:
    """What has to be known of one projection.

    Attributes
    ----------
    sources, posts : ndarray of int32
        Global indices of the cells at both ends.
    own : ndarray of int32
        Where each source stands among the targets, -1 if nowhere; empty where that does not matter.
    counts : int or ndarray of int32
        Synapses of each source, once `make_room_for_counts` and `count` were called.
    count_at : int
        Where they begin in the column of counts, -1 where they are one number.
    constant_weight : float or None
        The weight that all synapses share.
    """

    def __init__(self, layout, projection, cells):
        self.layout, self.projection, self.rule = layout, projection, projection.rule
        self.sources, self.posts = cells.of(projection.pre), cells.of(projection.post)
        self.late = int(projection.synapse.receptor_equations.direct)
        self.constant_weight = float(projection.weight) if is_number(projection.weight) else None
        self.kind = KINDS.get(type(self.rule))
        if self.kind is None:
            self.kind = drawing.REPLACING if self.rule.multapses else drawing.DISTINCT
        if self.kind == drawing.BERNOULLI and self.rule.p == 1.0:
            self.kind = drawing.ALL
        self.own = np.empty(0, np.int32)
        if not self.rule.autapses and self.kind == drawing.BY_TARGET:
            self.own_source = cells.places(projection.post, projection.pre)
        elif not self.rule.autapses:
            self.own = cells.places(projection.pre, projection.post)
        self.delays, self.table = self._delays()
        self.counts, self.count_at = self._even(), -1

    def stream(self, name):
        """Return the key of one of the projection's streams."""
        return stream_key(self.layout.network.seed, name, self.projection.name)

    def _even(self):
        """Return the number of synapses that each source has, None where they differ."""
        if self.kind == drawing.ALL and not self.own.size:
            return self.posts.size
        if self.kind == drawing.ONE:
            return 1
        return self.rule.k if isinstance(self.rule, rules.FixedOutdegree) else None

    def count(self, low, high):
        """Count the synapses of each source, in place; where targets draw sources, only of those from `low` to `high`."""
        rule, counts, n_post = self.rule, self.counts, self.posts.size
        if self.count_at < 0:
            return
        if self.kind == drawing.BY_TARGET:
            self.draw_sources(low, high, np.empty(0, np.int64), np.empty(0, np.uint16))
        elif self.kind == drawing.LISTED:
            counts[:] = np.bincount(rule.pre, minlength=counts.size)
        elif self.kind == drawing.ALL:
            counts[:] = n_post - (self.own >= 0)
        elif self.kind == drawing.BERNOULLI:
            if rule.p > 0.0:
                wiring.count_each(float(rule.p), self.stream("wiring"), n_post, self.own, counts)
        elif rule.multapses:
            wiring.share_out(rule.n, self.stream("totals"), n_post, self.own, counts)
        else:
            available = np.full(counts.size, n_post)
            available[: self.own.size] -= self.own >= 0
            # of more than half of the pairs, those that are left out are drawn
            rest = int(available.sum()) - rule.n
            wiring.share_out_pairs(min(rule.n, rest), self.stream("totals"), n_post, available, counts)
            if rest < rule.n:
                counts[:] = available - counts

    def draw_sources(self, low, high, cursor, waiting):
        """Count the synapses that targets draw, or leave the targets in `waiting`; see `wiring.draw_sources`."""
        n_pre, distinct = self.sources.size, not self.rule.multapses
        own = np.empty(0, np.int32) if self.rule.autapses else self.own_source
        stamp = np.zeros(n_pre if distinct else 0, np.int64)
        wiring.draw_sources(
            self.rule.k,
            distinct,
            self.stream("wiring"),
            n_pre,
            self.posts.size,
            own,
            low,
            high,
            self.counts,
            cursor,
            waiting,
            stamp,
        )

    def _delays(self):
        """Return (shortest and longest delay in steps, the chances of those in between or None); check them against dt."""
        delay, dt, name = self.projection.delay, self.layout.dt, f"{self.projection.name}.delay"
        check_delay(self.projection, dt)
        if not isinstance(delay, Distribution):
            if np.min(delay, initial=np.inf) < dt * (1 - 1e-9):
                raise ValueError(f"{name}: must be at least dt = {dt:g} ms (got {np.min(delay):g} ms)")
            steps = np.atleast_1d(whole_steps(delay, dt, name))
            return ((int(steps.min()), int(steps.max())) if steps.size else (1, 1)), np.ones(1)
        low, high = delay.support
        if low < 0.5 * dt:
            raise ValueError(f"{name}: {delay} can be shorter than dt = {dt:g} ms; write Clipped({delay}, low={dt:g})")
        first = max(1, round(low / dt))
        chances = _chances(delay, dt, first)
        if chances is None:
            beyond = 1.0 - delay.mass(-np.inf, (drawing.LONGEST_DELAY + 0.5) * dt)
            if beyond * self.projection.expected > CERTAIN:
                self.refuse_delay()
            last = int(np.ceil(high / dt)) if np.isfinite(high) else drawing.LONGEST_DELAY
            return (first, last), None
        return (first, first + chances.size - 1), chances / chances.sum()

    def refuse_delay(self):
        """Raise ValueError: a delay was drawn that is longer than the calendar."""
        name, delay = self.projection.name, self.projection.delay
        longest = drawing.LONGEST_DELAY * self.layout.dt
        raise ValueError(
            f"{name}.delay: {delay} gives delays of more than {drawing.LONGEST_DELAY} steps of dt; write Clipped(..., "
            f"high={longest:g})"
        )


class Columns:
    """Lists that grow by one piece a projection, and become one array each."""

    def __init__(self, **kinds):
        self.kinds, self.pieces, self.sizes = kinds, {name: [] for name in kinds}, dict.fromkeys(kinds, 0)

    def add(self, name, piece):
        """Append a piece and return where it begins."""
        at = self.sizes[name]
        self.pieces[name].append(piece)
        self.sizes[name] += len(piece)
        return at

    def arrays(self):
        """Return name -> array; the pieces are forgotten one column after the other, so that not all are there twice."""
        joined = {}
        for name, kind in self.kinds.items():
            pieces = self.pieces.pop(name)
            joined[name] = np.asarray(pieces[0] if len(pieces) == 1 else np.concatenate([np.empty(0, kind), *pieces]), kind)
        return joined


def make_room_for_counts(plans):
    """Give each Plan whose sources differ in their number of synapses its stretch of one column; return the column."""
    uneven = [plan for plan in plans if plan.counts is None]
    ends = np.cumsum([plan.sources.size for plan in uneven], dtype=np.int64)
    column = np.zeros(ends[-1] if uneven else 0, np.int32)
    for plan, end in zip(uneven, ends.tolist(), strict=True):
        plan.count_at = end - plan.sources.size
        plan.counts = column[plan.count_at : end]
    return column


def plan_arrays(layout, plans, counts):
    """Return the Plans of a list of Plan whose synapses are counted, in a column of `make_room_for_counts`."""
    columns = Columns(
        own=np.int32,
        place=np.int32,
        part=np.uint8,
        list_first=np.int64,
        listed=np.int32,
        list_weight=np.float32,
        list_delay=np.uint16,
        accept=np.uint32,
        other=np.int32,
    )
    shared = shared_weights(plans)
    numbers, known = [], {}
    for plan in plans:
        numbers.append(_numbers(plan, shared, columns, known))
    interval, first, entries = _entries(plans, layout.n_cells)
    shortest = min((plan.delays[0] + plan.late for plan in plans), default=0)
    longest = max((plan.delays[1] + plan.late for plan in plans), default=0)
    return drawing.Plans(
        np.array(numbers, np.int64).reshape(-1, drawing.FIRST_DELAY + 1),
        np.array([getattr(plan.rule, "p", 0.0) for plan in plans]),
        _laws(plans),
        interval,
        first,
        entries,
        counts,
        **columns.arrays(),
        delays=longest - shortest + 1,
        shortest=shortest,
        origins=max(1, len(shared)),
        dt=layout.dt,
    )


def _laws(plans):
    """Return the codes of weights and delays, None where tables and numbers are enough for all of them."""
    if not any(isinstance(plan.projection.weight, Distribution) or plan.table is None for plan in plans):
        return None
    return np.array([[*_code(plan.projection.weight), *_code(plan.projection.delay)] for plan in plans])


def shared_weights(plans):
    """Return the weights that are one number for a projection, each once."""
    return sorted({plan.constant_weight for plan in plans if plan.constant_weight is not None})


def new_desk(longest_row, most_targets):
    """Return scratch for rows of at most so many synapses, onto populations of at most so many cells."""
    n = max(1, int(longest_row))
    return drawing.Desk(
        *(np.empty(n, kind) for kind in (np.int32, np.int32, np.int32, np.float32, np.int64)),
        np.empty((2, n), np.int32),
        np.empty(257, np.int64),
        np.zeros(most_targets, np.int64),
        np.zeros(2, np.int64),
    )


def _numbers(plan, shared, columns, known):
    """Return the row of one projection in `Plans.numbers`, and add to the columns what it points to, once for all."""
    projection, own_at = plan.projection, -1
    at = projection.post, projection.synapse
    if at not in known:
        place, part = plan.layout.input_places(*at)
        known[at] = columns.add("place", place)
        columns.add("part", part)
    if plan.own.size:
        ends = projection.pre, projection.post, "own"
        own_at = known[ends] = known[ends] if ends in known else columns.add("own", plan.own)
    list_at, weights_at, delays_at = _lists(plan, columns)
    common = plan.constant_weight is not None
    table_at, table_size = 0, 0
    if plan.table is not None:
        accept, other = alias_table(plan.table)
        table_at, table_size = columns.add("accept", accept), accept.size
        columns.add("other", other)
    return [
        plan.kind,
        plan.posts.size,
        known[at],
        plan.counts if plan.count_at < 0 else 0,
        plan.count_at,
        own_at,
        list_at,
        weights_at,
        delays_at,
        *(int(plan.stream(s).astype(np.int64)) for s in ("wiring", "weights", "delays")),
        common,
        shared.index(plan.constant_weight) if common else 0,
        plan.late,
        table_at,
        table_size,
        plan.delays[0] + plan.late,
    ]


def _lists(plan, columns):
    """Return where the targets, weights and delays that are listed begin, each -1 where there are none."""
    weight, delay = plan.projection.weight, plan.projection.delay
    weights = np.empty(0) if _is_simple(weight) else np.ravel(weight)
    delays = np.empty(0, np.uint16)
    if not _is_simple(delay):
        delays = np.ravel(delay) / plan.layout.dt
        delays = np.rint(delays, out=delays).astype(np.uint16)
    list_at = -1
    if plan.kind == drawing.LISTED:
        first = np.concatenate([[0], np.cumsum(plan.counts)])
        # the places count through all projections' lists
        list_at = columns.add("list_first", first + columns.sizes["listed"])
        n = plan.rule.pre.size
        sorted_ = np.empty(n, np.int32), np.empty(weights.size, np.float32), np.empty(delays.size, np.uint16)
        wiring.sort_listed(plan.rule.pre, plan.rule.post, _locked(weights), delays, first[:-1].copy(), *sorted_)
        columns.add("listed", sorted_[0])
        weights, delays = sorted_[1:]
    weights_at = columns.add("list_weight", weights) if weights.size else -1
    return list_at, weights_at, columns.add("list_delay", delays) if delays.size else -1


def _entries(plans, n_cells):
    """Cut the cells into intervals of cells with the same projections; return (interval of each cell, first, entries)."""
    starts, ends, shifts, owners = [], [], [], []
    for number, plan in enumerate(plans):
        edges = np.flatnonzero(np.diff(plan.sources) != 1) + 1
        begin = np.concatenate([[0], edges])
        starts.append(plan.sources[begin].astype(np.int64))
        ends.append(starts[-1] + np.diff(np.append(begin, plan.sources.size)))
        shifts.append(begin - starts[-1])
        owners.append(np.full(begin.size, number))
    starts, ends, shifts, owners = (np.concatenate([np.empty(0, np.int64), *x]) for x in (starts, ends, shifts, owners))
    borders = np.unique(np.concatenate([[0, n_cells], starts, ends]))
    low, high = np.searchsorted(borders, starts), np.searchsorted(borders, ends)
    which = np.repeat(np.arange(starts.size), high - low)
    interval = low[which] + np.arange(which.size) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
    order = np.lexsort((owners[which], interval))
    entries = np.column_stack([owners[which], shifts[which]])[order].astype(np.int64)
    first = np.searchsorted(interval[order], np.arange(borders.size)).astype(np.int64)
    return np.repeat(np.arange(borders.size - 1), np.diff(borders)).astype(np.int32), first, entries


def _chances(delay, dt, first):
    """Return the chances of `first`, `first` + 1, ... steps, or None where they are too many for a table."""
    size = 64
    while size <= LARGEST_TABLE:
        if delay.mass(-np.inf, (first + size - 0.5) * dt) > 1.0 - LEAST_TAIL:
            edges = (first + np.arange(size + 1) - 0.5) * dt
            edges[0] = -np.inf
            chances = np.array([delay.mass(a, z) for a, z in zip(edges[:-1], edges[1:], strict=True)])
            return np.trim_zeros(chances, "b")
        size *= 2
    return None


def _code(value):
    return value.code if isinstance(value, Distribution) else value_code(float(value) if is_number(value) else 0.0)


def _is_simple(value):
    """Return whether a value is one number or a distribution, not a list with one for each pair."""
    return isinstance(value, Distribution) or np.ndim(value) == 0


def _locked(array):
    """Return a read-only view: to Numba that is a type of its own, and one function is compiled for one type."""
    view = array.view()
    view.flags.writeable = False
    return view
