"""Building the synapse store: from the projections of a network to the Rows of each partition.

Every partition draws the synapses onto its own cells, by itself and so in parallel: once to count those of each source,
once to put them into place; then each source's synapses are sorted by delay and cut into segments.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import singledispatch

import numpy as np

from brainsim.engine import wiring
from brainsim.engine.delivery import Rows
from brainsim.engine.layout import whole_steps
from brainsim.models import rules
from brainsim.models.values import Distribution, value_code
from brainsim.numbers.streams import stream_key

LONGEST_DELAY = 65_000  # steps; they are kept in 16 bits
NONE_I4, NONE_F4, NONE_U2 = np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.uint16)
NONE_F8 = np.empty(0, np.float64)


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
        self.constant_delay = _constant(projection.delay)
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
            steps = [low / dt, min(high / dt, LONGEST_DELAY)]
        else:
            if np.min(delay, initial=np.inf) < dt * (1 - 1e-9):
                raise ValueError(f"{name}: must be at least dt = {dt:g} ms (got {np.min(delay):g} ms)")
            steps = np.unique(whole_steps(delay, dt, name)).tolist()
        if steps and max(steps) > LONGEST_DELAY:
            raise ValueError(f"{name}: must be at most {LONGEST_DELAY} steps of dt (got {max(steps) * dt:g} ms)")
        return steps

    def sink(self, cursor, targets, weights, delays, origins, origin):
        """Return the Sink of this projection into a store."""
        projection, seed = self.projection, self.layout.network.seed
        lists = [NONE_F8 if _simple(v) else np.ravel(v) for v in (projection.weight, projection.delay)]
        codes = [v.code if isinstance(v, Distribution) else value_code(_constant(v) or 0.0)
                 for v in (projection.weight, projection.delay)]  # fmt: skip
        own = self.constant_weight is None
        return wiring.Sink(
            cursor, targets, weights if own else NONE_F4, delays, NONE_U2 if own else origins, origin, self.late, *codes, *lists,
            stream_key(seed, "weights", projection.name), stream_key(seed, "delays", projection.name), self.layout.dt,
        )  # fmt: skip

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
        targets = np.empty(sum(sizes), np.int32)
        weights = np.empty(sizes[0], np.float32)
        parts = (targets[: sizes[0]], targets[sizes[0] :])
        one_delay = self.common_delay is not None
        delays = [NONE_U2 if one_delay else np.empty(size, np.uint16) for size in sizes]
        origins = [NONE_U2, np.empty(sizes[1] if len(self.shared) > 1 else 0, np.uint16)]
        for k, which in enumerate((own, common)):
            cursor = first[k][:-1].copy()
            for number in which:
                plan = self.plans[number]
                origin = 0 if k == 0 else self.shared.index(plan.constant_weight)
                if parts[k].size:
                    plan.draw(ends[number], plan.sink(cursor, parts[k], (weights, NONE_F4)[k], delays[k], origins[k], origin))
        del ends
        return self._cut(first, targets, parts, weights, delays, origins)

    def _count(self, ends, which, n):
        """Return where the synapses of each source begin, for the given projections together."""
        cursor = np.zeros(n, np.int64)
        for number in which:
            plan = self.plans[number]
            plan.draw(ends[number], plan.sink(cursor, NONE_I4, NONE_F4, NONE_U2, NONE_U2, 0))
        return np.concatenate([[0], np.cumsum(cursor)])

    def _cut(self, first, targets, parts, weights, delays, origins):
        counts = [np.zeros(self.layout.n_cells, np.int64) for _ in first]
        n_origins = (1, max(1, len(self.shared)))
        for k in (0, 1):
            wiring.sort_rows(first[k], parts[k], (weights, NONE_F4)[k], delays[k], origins[k], n_origins[k], counts[k])
        segments = np.concatenate([[0], np.cumsum(counts[0] + counts[1])])
        total = int(segments[-1])
        start, length, delay = np.empty(total, np.int64), np.empty(total, np.int32), np.empty(total, np.uint16)
        weight = np.zeros(total if parts[1].size else 0)
        origin_weights = np.array(self.shared or [0.0])
        for k, places in enumerate((segments[:-1], segments[:-1] + counts[0])):
            wiring.cut_segments(
                first[k], (0, parts[0].size)[k], delays[k], int(self.common_delay or 0), origins[k], origin_weights, places,
                start, length, delay, weight if k else NONE_F8,
            )  # fmt: skip
        return Rows(segments, start, length, delay, weight, targets, weights)


def _constant(value):
    return float(value) if np.ndim(value) == 0 and not isinstance(value, Distribution) else None


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
    wiring.wire_by_target(wiring.ALL, 1.0, plan.numbers, plan.key, ends, sink)


@_draw.register
def _(rule: rules.FixedProbability, plan, ends, sink):
    if rule.p > 0:
        wiring.wire_by_target(wiring.BERNOULLI, float(rule.p), plan.numbers, plan.key, ends, sink)


@_draw.register(rules.FixedIndegree)
@_draw.register(rules.FixedTotal)
def _(rule, plan, ends, sink):
    kind = wiring.REPLACING if rule.multapses else wiring.DISTINCT
    wiring.wire_by_target(kind, 1.0, plan.numbers, plan.key, ends, sink)


@_draw.register
def _(rule: rules.FixedOutdegree, plan, ends, sink):
    wiring.wire_by_source(not rule.multapses, rule.k, plan.key, ends, sink)


@_draw.register
def _(rule: rules.OneToOne, plan, ends, sink):
    pairs = np.arange(plan.sources.size)
    wiring.wire_listed(pairs, pairs, ends, sink)


@_draw.register(rules.FromArrays)
@_draw.register(rules.FromSparse)
def _(rule, plan, ends, sink):
    wiring.wire_listed(rule.pre, rule.post, ends, sink)
