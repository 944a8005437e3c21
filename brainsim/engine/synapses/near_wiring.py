"""Rules that depend on the distance: each pair with a probability, or k sources of each target, in proportion to one."""

import numpy as np

from brainsim.engine.synapses import sampling as ways
from brainsim.engine.synapses.counting import leave
from brainsim.engine.synapses.near import candidates, evaluate, scratch_fields
from brainsim.engine.synapses.near_places import count_near
from brainsim.engine.synapses.wiring import ByTarget, Wiring
from brainsim.jit.decorators import helper, kernel
from brainsim.jit.records import Context, array_of, record_or_none
from brainsim.jit.vmath import log
from brainsim.rng.hashing import hashed, step_key, uniform


class NearTargets(Wiring):
    """Each pair with the probability of its distance."""

    way, in_parts = ways.NEAR, True

    def count(self, start, stop, counts):
        """Count the targets within reach that the rows will choose."""
        places = Context(**self.near.alone(), **scratch_fields(self.n_post))
        count_near(places.record, start, stop, self.stream("wiring"), self.self_index, counts)


class NearSources(ByTarget):
    """Each target chooses k sources.

    They are kept, 4 bytes each, until the rows are stored: choosing them again takes a hundred times as long as reading
    them.
    """

    def __init__(self, plan, cells):
        super().__init__(plan, cells)
        self._chosen = None

    def prepare(self, pool, threads):
        """Let all targets choose, in threads."""
        self._chosen = np.zeros(self.n_post * self.rule.k, np.int32)
        cuts = np.linspace(0, self.n_post, threads + 1).astype(np.int64)
        return [pool.submit(self._choose, start, stop) for start, stop in zip(cuts[:-1], cuts[1:], strict=True)]

    def _choose(self, start, stop):
        k = self.rule.k
        wanted = np.empty(0, bool) if self.needs_numbers() else self.here() >= 0
        record = Context(
            **self.near.alone(),
            **scratch_fields(self.projection.pre.n),
            k=k,
            distinct=not self.rule.multapses,
            key=self.stream("wiring"),
            start=int(start),
            stop=int(stop),
            self_index=self._self_source,
            wanted=wanted.astype(np.int8),
            best=np.empty(k, np.int32),
            best_key=np.empty(k),
            chosen=self._chosen,
            error=0,
        )
        choose_sources(record.record)
        if record["error"]:
            self._reject(record["error"] - 1)

    def sample(self, start, stop, counts, cursor, waiting, numbers):
        """Count the synapses of what the targets have chosen, or leave the targets in `waiting`."""
        record = self._record(start, stop, counts, cursor, waiting, numbers, chosen=self._chosen)
        leave_chosen(record.record)

    def forget(self):
        """Free the memory."""
        self._chosen = None

    def _reject(self, cell):
        projection, rule = self.projection, self.rule
        which = "no source" if rule.multapses else f"fewer than {rule.k} sources"
        raise ValueError(
            f"{projection.name}: cell {cell} of {projection.post.name!r} has {which} with p > 0 within reach; "
            f"a smaller k, a larger max_distance or another p of {rule} helps"
        )


@kernel
def choose_sources(record):
    """Sample `k` sources of each target from `start` to `stop` by their distances, into ``chosen``, k numbers a target.

    The record has the fields of `Near.alone` and `scratch_fields`; ``k``, ``distinct``, ``key`` and ``self_index`` as for
    `counting.sample_sources`; ``wanted``, 0 for targets that are left out, empty if none is; ``best`` and ``best_key``,
    scratch for k sources; and ``error``: 1 + the index of a target with fewer than k sources.
    """
    r = record[0]
    near, pairs = array_of(r.near)[0], record_or_none(r, "pairs")
    self_index, wanted, best, chosen = array_of(r.self_index), array_of(r.wanted), array_of(r.best), array_of(r.chosen)
    for post in range(r.start, r.stop):
        if wanted.size and wanted[post] == 0:
            continue
        itself = self_index[post] if self_index.size else np.int32(-1)
        found = candidates(near, r, near.post + 3 * post, near.pre, -1.0, itself, pairs)
        evaluate(near.p, pairs)
        p, row = array_of(pairs.out), step_key(r.key, post)
        enough = _choose_distinct(found, p, row, r) if r.distinct else _choose_repeating(found, p, row, r)
        if not enough:
            r.error = post + 1
            return
        for j in range(r.k):
            chosen[post * r.k + j] = best[j]


@kernel
def leave_chosen(record):
    """Count the synapses of targets that have chosen their sources, or leave the targets, as `counting.sample_sources`."""
    r = record[0]
    counts, cursor, waiting, chosen = array_of(r.counts), array_of(r.cursor), array_of(r.waiting), array_of(r.chosen)
    here, numbers, seen = array_of(r.here), array_of(r.numbers), array_of(r.seen)
    for post in range(r.n_post):
        elsewhere = here.size > 0 and here[post] < 0
        if elsewhere and not numbers.size:
            continue
        for j in range(r.k):
            pre = np.int64(chosen[post * r.k + j])
            if r.start <= pre < r.stop:
                leave(pre, post, elsewhere, counts, cursor, waiting, numbers, seen)


@helper
def _choose_repeating(found, p, row, r):
    """Choose k of the candidates, each in proportion to p; return whether any can be chosen."""
    best, candidate, total = array_of(r.best), array_of(r.candidate), 0.0
    for j in range(found):
        total += p[j]
        p[j] = total
    if not total > 0.0:
        return False
    for j in range(r.k):
        wanted = uniform(hashed(row, j)) * total
        low, high = np.int64(0), found - 1
        while low < high:
            middle = (low + high) // 2
            if p[middle] > wanted:
                high = middle
            else:
                low = middle + 1
        best[j] = candidate[low]
    return True


@helper
def _choose_distinct(found, p, row, r):
    """Choose k candidates, one after the other in proportion to p, none twice; return whether there are that many.

    The k smallest of exponential waiting times with rates p, Efraimidis & Spirakis (2006), doi:10.1016/j.ipl.2005.11.003.
    They lie in a heap, whose first element is the largest.
    """
    best, time, candidate = array_of(r.best), array_of(r.best_key), array_of(r.candidate)
    kept = np.int64(0)
    for j in range(found):
        p[j] = -log(1.0 - uniform(hashed(row, candidate[j]))) / p[j]  # infinite if p is 0
    for j in range(found):
        if kept < r.k and p[j] < np.inf:
            kept += 1
            _sift_up(best, time, kept - 1, candidate[j], p[j])
        elif kept and p[j] < time[0]:
            _sift_down(best, time, kept, candidate[j], p[j])
    return kept == r.k


@helper
def _sift_up(best, time, at, cell, new):
    while at > 0 and time[(at - 1) // 2] < new:
        best[at], time[at] = best[(at - 1) // 2], time[(at - 1) // 2]
        at = (at - 1) // 2
    best[at], time[at] = cell, new


@helper
def _sift_down(best, time, n, cell, new):
    at, child = np.int64(0), np.int64(1)
    while child < n:
        if child + 1 < n and time[child + 1] > time[child]:
            child += 1
        if time[child] <= new:
            break
        best[at], time[at] = best[child], time[child]
        at, child = child, 2 * child + 1
    best[at], time[at] = cell, new
