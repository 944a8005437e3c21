"""Building the synapse store: from the projections of a network to the Rows of each partition.

Every partition draws the synapses onto its own cells, by itself and so in parallel: once to count those of each source,
once to put them into place; then each source's synapses are sorted by delay and cut into segments.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import singledispatch

import numpy as np

from brainsim.engine import wiring
from brainsim.engine.constants import whole_steps
from brainsim.engine.delivery import Rows
from brainsim.models import rules
from brainsim.models.values import Distribution, value_code
from brainsim.numbers.streams import stream_key

LONGEST_DELAY = 65_000  # steps; they are kept in 16 bits
NONE_I4, NONE_F4, NONE_U2 = np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.uint16)
NONE_F8 = np.empty(0, np.float64)
NOTHING = wiring.Pile(np.zeros(1, np.int64), NONE_I4, NONE_F4, NONE_U2, NONE_U2)


def build_rows(layout):
    """Return (list of Rows, one a partition; number of synapses; shortest and longest delay as filed, in steps).

    With no synapse the delays are 0.
    """
    network = layout.network
    plans = [_Plan(layout, p) for p in network.projections]
    shared = sorted({plan.constant_weight for plan in plans if plan.constant_weight is not None})
    delays = [d + plan.late for plan in plans for d in plan.delay_steps]
    common = delays[0] if delays and len(set(delays)) == 1 else None
    with ThreadPoolExecutor(layout.partitions) as pool:
        jobs = [pool.submit(_Store(layout, plans, shared, common, k).build) for k in range(layout.partitions)]
        stores = [job.result() for job in jobs]
    shortest, longest = _delay_range(stores)
    return stores, sum(int(rows.targets.size) for rows in stores), shortest, longest


def _delay_range(stores):
    ranges = [(int(r.delay.min()), int(r.delay.max())) for r in stores if r.delay.size]
    return (min(a for a, _ in ranges), max(z for _, z in ranges)) if ranges else (0, 0)


class _Plan:
    """What all partitions need to know of a projection."""

    def __init__(self, layout, projection):
        self.layout, self.projection = layout, projection
        self.sources = layout.global_indices(projection.pre)
        self.posts = layout.global_indices(projection.post)
        self.constant_weight = _constant(projection.weight)
        self.key = stream_key(layout.network.seed, "wiring", projection.name)
        self.delay_steps = self._delay_steps()
        self.late = int(projection.synapse.receptor_equations.direct)
        rule = projection.rule
        autapses = getattr(rule, "autapses", True)
        by_source = isinstance(rule, rules.FixedOutdegree)
        # where a cell of one side stands on the other, so that it can be left out
        a, b = (self.posts, self.sources) if by_source else (self.sources, self.posts)
        self.own = _places(a, b, layout.n_cells) if not autapses else np.full(b.size, -1, np.int64)
        self.numbers = _in_degrees(rule, self)

    def _delay_steps(self):
        """Return the delays in steps where they are given, or the bounds of their distribution; check them against dt."""
        delay, dt, name = self.projection.delay, self.layout.dt, f"{self.projection.name}.delay"
        if isinstance(delay, Distribution):
            low, high = delay.support
            if low < 0.5 * dt:
                raise ValueError(
                    f"{name}: {delay} can be shorter than dt = {dt:g} ms; write Clipped({delay}, low={dt:g})"
                )
            # what has no upper limit is checked when it is drawn
            steps = [low / dt, high / dt if np.isfinite(high) else LONGEST_DELAY]
        else:
            if np.min(delay, initial=np.inf) < dt * (1 - 1e-9):
                raise ValueError(f"{name}: must be at least dt = {dt:g} ms (got {np.min(delay):g} ms)")
            steps = np.unique(whole_steps(delay, dt, name)).tolist()
        if steps and max(steps) > LONGEST_DELAY:
            raise ValueError(f"{name}: must be at most {LONGEST_DELAY} steps of dt (got {max(steps) * dt:g} ms)")
        return steps

    def check_drawn(self, pile):
        """Raise ValueError where a delay was drawn that is longer than the calendar."""
        name, delay = self.projection.name, self.projection.delay
        # delays of projections that are still to be drawn are 0
        if isinstance(delay, Distribution) and pile.delays.max(initial=0) > LONGEST_DELAY + 1:
            longest = LONGEST_DELAY * self.layout.dt
            raise ValueError(
                f"{name}.delay: {delay} gave a delay of more than {LONGEST_DELAY} steps of dt; write Clipped(..., "
                f"high={longest:g})"
            )

    def sink(self, cursor, pile, origin):
        """Return the Sink of this projection into a pile."""
        projection, seed = self.projection, self.layout.network.seed
        lists = [_locked(NONE_F8 if _simple(v) else np.ravel(v)) for v in (projection.weight, projection.delay)]
        codes = [v.code if isinstance(v, Distribution) else value_code(_constant(v) or 0.0)
                 for v in (projection.weight, projection.delay)]  # fmt: skip
        return wiring.Sink(
            cursor, *pile[1:], origin, self.late, *codes, *lists,
            stream_key(seed, "weights", projection.name), stream_key(seed, "delays", projection.name), self.layout.dt,
        )  # fmt: skip

    def stamp(self, distinct):
        """Return scratch for drawing without repetition."""
        return np.zeros(max(self.sources.size, self.posts.size) if distinct else 0, np.int64)

    def ends(self, partition):
        """Return the Ends of this projection as a partition sees them."""
        slots = self.layout.input_slots(self.projection.post, self.projection.synapse, partition)
        return wiring.Ends(self.sources, slots, np.flatnonzero(slots >= 0), self.own)

    def draw(self, ends, sink):
        """Count or store the synapses of one partition."""
        _draw(self.projection.rule, self, ends, sink)


class _Store:
    """The synapses of one partition while they are built."""

    def __init__(self, layout, plans, shared, common_delay, partition):
        self.layout, self.partition = layout, partition
        self.plans, self.shared, self.common_delay = plans, shared, common_delay

    def build(self):
        """Draw, sort and cut: the whole way to Rows."""
        n = self.layout.n_cells
        ends = [plan.ends(self.partition) for plan in self.plans]
        own = [k for k, plan in enumerate(self.plans) if plan.constant_weight is None]
        common = [k for k in range(len(self.plans)) if k not in own]
        first = [self._count(ends, which, n) for which in (own, common)]
        sizes = [int(f[-1]) for f in first]
        targets, weights = np.empty(sum(sizes), np.int32), np.empty(sizes[0], np.float32)
        several = len(self.shared) > 1
        piles = [
            self._pile(first[0], targets[: sizes[0]], weights, NONE_U2),
            self._pile(first[1], targets[sizes[0] :], NONE_F4, np.empty(sizes[1], np.uint16) if several else NONE_U2),
        ]
        for pile, which in zip(piles, (own, common), strict=True):
            if not pile.targets.size:
                continue
            cursor = pile.first[:-1].copy()
            # with one delay a projection, drawing the projections in order leaves the rows sorted
            for number in sorted(which, key=self._rank):
                self.plans[number].draw(ends[number], self.plans[number].sink(cursor, pile, self._origin(number)))
                self.plans[number].check_drawn(pile)
            if any(len(self.plans[number].delay_steps) > 1 for number in which):
                _sort(pile, max(1, len(self.shared)))
        del ends
        return self._cut(piles, targets, weights)

    def _origin(self, number):
        """Return which of the shared weights a projection has."""
        weight = self.plans[number].constant_weight
        return 0 if weight is None else self.shared.index(weight)

    def _rank(self, number):
        plan = self.plans[number]
        return min(plan.delay_steps, default=0) + plan.late, self._origin(number)

    def _pile(self, first, targets, weights, origins):
        delays = NONE_U2 if self.common_delay is not None else np.zeros(targets.size, np.uint16)
        return wiring.Pile(first, targets, weights, delays, origins)

    def _count(self, ends, which, n):
        """Return where the synapses of each source begin, for the given projections together."""
        cursor = np.zeros(n, np.int64)
        for number in which:
            plan = self.plans[number]
            plan.draw(ends[number], plan.sink(cursor, NOTHING, 0))
        return np.concatenate([[0], np.cumsum(cursor)])

    def _cut(self, piles, targets, weights):
        """Cut the sorted piles into segments: those with own weights before those with shared ones."""
        origin_weights, delay, offsets = np.array(self.shared or [0.0]), int(self.common_delay or 0), (0, weights.size)
        counts = [np.zeros(self.layout.n_cells, np.int64) for _ in piles]
        for pile, offset, count in zip(piles, offsets, counts, strict=True):
            if pile.targets.size:
                wiring.cut_segments(pile, offset, delay, origin_weights, count, _empty_rows(count, 0, 0, targets, weights))
        first = np.concatenate([[0], np.cumsum(counts[0] + counts[1])])
        sharing = piles[1].targets.size > 0
        rows = _empty_rows(first, int(first[-1]), int(first[-1]) if sharing else 0, targets, weights)
        for pile, offset, places in zip(piles, offsets, (first[:-1], first[:-1] + counts[0]), strict=True):
            if pile.targets.size:
                wiring.cut_segments(pile, offset, delay, origin_weights, places, rows)
        return rows


def _empty_rows(first, segments, sharing, targets, weights):
    return Rows(
        first, np.empty(segments, np.int64), np.empty(segments, np.int32), np.empty(segments, np.uint16),
        np.zeros(sharing), targets, weights,
    )  # fmt: skip


def _sort(pile, n_origins):
    """Sort the rows of a pile by delay and origin."""
    longest = int(np.diff(pile.first).max(initial=0))
    keys = (int(pile.delays.max(initial=0)) + 1) * n_origins
    kinds = (np.int64, np.int32, np.float32, np.uint16, np.uint16)
    desk = wiring.Desk(np.zeros(keys + 2, np.int64), *(np.empty(longest, kind) for kind in kinds))
    wiring.sort_rows(pile, n_origins, desk)


def _constant(value):
    return float(value) if np.ndim(value) == 0 and not isinstance(value, Distribution) else None


def _locked(array):
    """Return a read-only view: to Numba that is a type of its own, and one function is compiled for one type."""
    view = array.view()
    view.flags.writeable = False
    return view


def _simple(value):
    """Return whether a value is one number or a distribution, not a list with one for each pair."""
    return isinstance(value, Distribution) or np.ndim(value) == 0


def _places(among, of, n_cells):
    """Return where each cell of `of` stands in `among`, -1 where it does not."""
    place = np.full(n_cells, -1, np.int64)
    place[among] = np.arange(among.size)
    return place[of]


def _in_degrees(rule, plan):
    """Return how many sources each target gets, where the rule fixes that."""
    n_post, n_pre = plan.posts.size, plan.sources.size
    if isinstance(rule, rules.FixedIndegree):
        return np.full(n_post, rule.k, np.int64)
    if not isinstance(rule, rules.FixedTotal):
        return np.empty(0, np.int64)
    if rule.multapses and (plan.own < 0).all():
        numbers = np.zeros(n_post, np.int64)
        wiring.count_in_degrees(rule.n, plan.key, numbers)
        return numbers
    available = n_pre - (plan.own >= 0)
    generator = np.random.Generator(np.random.Philox(key=int(plan.key)))
    if rule.multapses:
        return generator.multinomial(rule.n, available / available.sum()).astype(np.int64)
    return generator.multivariate_hypergeometric(available, rule.n, method="marginals").astype(np.int64)


@singledispatch
def _draw(rule, plan, ends, sink):
    raise TypeError(f"{type(rule).__name__}: no way to draw this rule")


@_draw.register
def _(rule: rules.AllToAll, plan, ends, sink):
    wiring.wire_by_target(wiring.ALL, 1.0, plan.numbers, plan.key, ends, sink, plan.stamp(False))


@_draw.register
def _(rule: rules.FixedProbability, plan, ends, sink):
    if rule.p > 0:
        wiring.wire_by_target(wiring.BERNOULLI, float(rule.p), plan.numbers, plan.key, ends, sink, plan.stamp(False))


@_draw.register(rules.FixedIndegree)
@_draw.register(rules.FixedTotal)
def _(rule, plan, ends, sink):
    kind = wiring.REPLACING if rule.multapses else wiring.DISTINCT
    wiring.wire_by_target(kind, 1.0, plan.numbers, plan.key, ends, sink, plan.stamp(not rule.multapses))


@_draw.register
def _(rule: rules.FixedOutdegree, plan, ends, sink):
    wiring.wire_by_source(not rule.multapses, rule.k, plan.key, ends, sink, plan.stamp(not rule.multapses))


@_draw.register
def _(rule: rules.OneToOne, plan, ends, sink):
    pairs = _locked(np.arange(plan.sources.size, dtype=np.int32))
    wiring.wire_listed(pairs, pairs, ends, sink)


@_draw.register(rules.FromArrays)
@_draw.register(rules.FromSparse)
def _(rule, plan, ends, sink):
    wiring.wire_listed(rule.pre, rule.post, ends, sink)
