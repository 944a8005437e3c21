"""How the pairs of each rule of connection are found: one class for rules that are sampled in the same way.

A `Wiring` counts the synapses of each source before any row is sampled; its `way` names the branch of `sampling` that
samples the row of a source. Rules with a method `draw` do not need their own: `Listed` takes them.
"""

import numpy as np

from brainsim.build.own import index_here
from brainsim.core.checks import indices
from brainsim.core.hooks import reject_misspelled
from brainsim.core.identity import put
from brainsim.engine.synapses import counting
from brainsim.engine.synapses import sampling as ways
from brainsim.jit.records import Context
from brainsim.models import rules
from brainsim.models.packed import Ascending, as_kept
from brainsim.models.values import Distribution
from brainsim.rng.streams import stream_key

WIRINGS: list[type["Wiring"]] = []


def register_wiring(cls):
    """Register a class of Wiring, which takes what the former ones do not take. Returns the class."""
    put(cls, WIRINGS)
    return cls


def wiring_of(rule):
    """Return the class of Wiring that takes a rule; raise TypeError if there is none."""
    for wiring in WIRINGS:
        if wiring.takes(rule):
            return wiring
    if rule.text is not None:  # loaded only then
        from brainsim.engine.synapses.near_wiring import NearSources, NearTargets

        return NearSources if rule.by_target else NearTargets
    name = type(rule).__name__
    raise TypeError(
        f"{name}: does not say which pairs it connects; give the class a method draw(self, n_pre, n_post, seed), which "
        "returns the indices of both cells of each pair"
    )


class Wiring:
    """How the pairs of a projection are found. Subclass it, name the rules, and register it with `register_wiring`.

    The delays of `plan` are known. It is not kept, because it keeps its wiring.

    - `rules`: the classes of rules that it takes.
    - `way`: how the targets of a source are chosen, `sampling.ALL` and so on.
    - `exact`: whether all sources have the same number of synapses, for the estimate of memory.
    - `by_target`: whether each target samples its sources before the rows are made.
    - `in_parts`: whether several threads count the synapses of one projection.
    - `passes`: how often the synapses are visited while they are built.
    - `self_index`: int32, the index of each source among the targets, -1 if it is not one; empty if that does not matter.
    """

    rules: tuple[type, ...] = ()
    way: int
    exact = by_target = in_parts = False
    passes = 2

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        reject_misspelled(cls, Wiring)

    @classmethod
    def takes(cls, rule):
        """Return whether it finds the pairs of a rule."""
        return isinstance(rule, cls.rules)

    def __init__(self, plan, cells):
        self.rule, self.projection, self.layout, self.near = plan.rule, plan.projection, plan.layout, plan.near
        self.n_pre, self.n_post = plan.sources.size, plan.posts.size
        apart = self.rule.autapses or self.by_target
        self.self_index = np.empty(0, np.int32) if apart else cells.places(self.projection.pre, self.projection.post)

    def stream(self, name):
        """Return the key of one of the projection's streams."""
        return stream_key(self.layout.network.seed, name, self.projection.name)

    def even(self):
        """Return the number of synapses that each source has, None if they differ."""
        return

    def count(self, start, stop, counts):
        """Write the number of synapses of each source into `counts`; with `in_parts` of those from `start` to `stop`."""
        raise NotImplementedError

    def needs_numbers(self):
        """Return whether the number of a synapse within its row matters, though targets of other ranks are left out."""
        return False

    def prepare(self, pool, threads):
        """Return jobs, submitted to a pool, that have to end before the synapses are counted."""
        return []


@register_wiring
class Listed(Wiring):
    """Rules that list their pairs, and those that draw them all at once, from the seed and the numbers of cells."""

    way = ways.LISTED

    @classmethod
    def takes(cls, rule):
        """Return whether the pairs are listed before any row is sampled."""
        return rule.listed

    def __init__(self, plan, cells):
        super().__init__(plan, cells)
        self.pre, self.post = (as_kept(self.rule, "pre"), self.rule.post) if self.rule.pairs is not None else self._drawn()
        if isinstance(self.pre, np.ndarray):
            self.pre = Ascending.of(self.pre) or self.pre
        self.self_index = np.empty(0, np.int32)

    def _drawn(self):
        pre, post, label = self.projection.pre, self.projection.post, f"{type(self.rule).__name__}.draw"
        found = self.rule.draw(pre.n, post.n, int(self.stream("wiring")))
        if not isinstance(found, tuple) or len(found) != 2:
            raise TypeError(f"{label}: must return two arrays, the indices of both cells of each pair (got {found!r:.60})")
        ids = [indices(some if np.size(some) else np.empty(0, np.int64), label).astype(np.int32) for some in found]
        if ids[0].size != ids[1].size:
            raise ValueError(f"{label}: must return as many sources as targets (got {ids[0].size} and {ids[1].size})")
        for some, view in zip(ids, (pre, post), strict=True):
            if some.size and some.max() >= view.n:
                raise ValueError(
                    f"{label}: {some.max()} is beyond {view.name!r}, whose {view.n} cells are 0 to {view.n - 1}"
                )
        return ids

    def count(self, start, stop, counts):
        """Count the pairs of each source."""
        found = self.pre.counts if isinstance(self.pre, Ascending) else np.bincount(self.pre)
        counts[: found.size] = found[: counts.size]


@register_wiring
class AllPairs(Wiring):
    """Every source to every target."""

    way, exact = ways.ALL, True

    @classmethod
    def takes(cls, rule):
        """Return whether a rule connects all pairs."""
        return isinstance(rule, rules.AllToAll) or (isinstance(rule, rules.FixedProbability) and rule.p == 1.0)

    def even(self):
        """Return the number of targets, if no source leaves itself out."""
        return None if self.self_index.size else self.n_post

    def count(self, start, stop, counts):
        """Count all targets but the source itself."""
        counts[:] = self.n_post - (self.self_index >= 0)


@register_wiring
class SamePlaces(Wiring):
    """Each source to the target of the same index."""

    rules, way, exact = (rules.OneToOne,), ways.ONE, True

    def even(self):
        """Return 1."""
        return 1


@register_wiring
class EachPair(Wiring):
    """Each pair with a probability."""

    rules, way = (rules.FixedProbability,), ways.BERNOULLI

    def count(self, start, stop, counts):
        """Count what the rows will sample."""
        if self.rule.p > 0.0:
            counting.count_each(float(self.rule.p), self.stream("wiring"), self.n_post, self.self_index, counts)


class _Sampled(Wiring):
    """Targets that are sampled one after the other, with or without repetition."""

    @property
    def way(self):
        return ways.REPLACING if self.rule.multapses else ways.DISTINCT


@register_wiring
class SameNumber(_Sampled):
    """Each source samples the same number of targets."""

    rules, exact = (rules.FixedOutdegree,), True

    def even(self):
        """Return the number."""
        return self.rule.k


@register_wiring
class SharedOut(_Sampled):
    """A total number of synapses, which is shared out among the sources first."""

    rules = (rules.FixedTotal,)

    def count(self, start, stop, counts):
        """Share the synapses out."""
        n, n_post, key = self.rule.n, self.n_post, self.stream("totals")
        if self.rule.multapses:
            counting.share_out(n, key, n_post, self.self_index, counts)
            return
        available = np.full(counts.size, n_post)
        available[: self.self_index.size] -= self.self_index >= 0
        # if more than half of the pairs are taken, those that are left out are sampled
        rest = int(available.sum()) - n
        counting.share_out_pairs(min(n, rest), key, n_post, available, counts)
        if rest < n:
            counts[:] = available - counts


@register_wiring
class ByTarget(Wiring):
    """Each target samples its sources: to count the synapses of each source, and again to leave them where rows are made."""

    rules, way = (rules.FixedIndegree,), ways.BY_TARGET
    by_target = in_parts = True
    passes = 3

    def __init__(self, plan, cells):
        super().__init__(plan, cells)
        pre, post = self.projection.pre, self.projection.post
        self._self_source = np.empty(0, np.int32) if self.rule.autapses else cells.places(post, pre)
        self._by_number = isinstance(self.projection.weight, Distribution) or plan.table is None or plan.table.size > 1

    def count(self, start, stop, counts):
        """Count the synapses that the targets sample."""
        self.sample(start, stop, counts, np.empty(0, np.int64), np.empty(0, np.uint16), None)

    def sample(self, start, stop, counts, cursor, waiting, numbers):
        """Count the synapses that targets sample, or leave the targets in `waiting`; see `counting.sample_sources`."""
        record = self._record(start, stop, counts, cursor, waiting, numbers)  # named, since its arrays live as long as it
        counting.sample_sources(record.record)

    def _record(self, start, stop, counts, cursor, waiting, numbers, **more):
        distinct = not self.rule.multapses
        numbers = numbers if numbers is not None and self.needs_numbers() else np.empty(0, np.int32)
        return Context(
            **more,
            k=self.rule.k,
            distinct=distinct,
            key=self.stream("wiring"),
            n_pre=self.n_pre,
            n_post=self.n_post,
            start=start,
            stop=stop,
            self_index=self._self_source,
            counts=counts,
            cursor=cursor,
            waiting=waiting,
            here=self.here(),
            numbers=numbers,
            seen=np.zeros(self.n_pre if numbers.size else 0, np.int32),
            stamp=np.zeros(self.n_pre if distinct and not more else 0, np.int64),
        )

    def needs_numbers(self):
        """Return whether weights or delays are sampled by number while other ranks have some of the targets."""
        return self._by_number and len(self.layout.own) < self.layout.partitions

    def here(self):
        """Return the index here of the partition of each target, negative in other processes; empty if there is one."""
        if len(self.layout.own) == self.layout.partitions:
            return np.empty(0, np.int16)
        return index_here(self.layout, self.layout.input_places(self.projection.post, self.projection.synapse)[1])

    def forget(self):
        """Free what is not needed any more once the targets wait where the rows will be."""
