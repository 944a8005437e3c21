"""Targets that choose k sources each, with probabilities proportional to a text of the distance."""

import numpy as np

from brainsim.engine.synapses.counting import leave
from brainsim.engine.synapses.near import candidates, evaluate
from brainsim.jit.decorators import helper, kernel
from brainsim.jit.records import array_of, record_or_none
from brainsim.jit.vmath import log
from brainsim.rng.hashing import hashed, step_key, uniform


@kernel
def sample_near_sources(record):
    """Sample `k` sources of each target by their distances; the fields are those of `counting.sample_sources`, of `Near`,
    ``best`` and ``best_key``, scratch for k sources, and ``error``: 1 + the index of a target with fewer than k sources.
    """
    r = record[0]
    near, pairs = array_of(r.near)[0], record_or_none(r, "pairs")
    self_index, counts, cursor, waiting = array_of(r.self_index), array_of(r.counts), array_of(r.cursor), array_of(r.waiting)
    here, numbers, seen, best = array_of(r.here), array_of(r.numbers), array_of(r.seen), array_of(r.best)
    for post in range(r.n_post):
        elsewhere = here.size > 0 and here[post] < 0
        if elsewhere and not numbers.size:
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
            pre = best[j]
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
    """Choose k candidates, one after the other in proportion to p, none twice; return whether there are so many.

    The k smallest of exponential waiting times with rates p, Efraimidis & Spirakis (2006), doi:10.1016/j.ipl.2005.11.003.
    They lie in a heap, whose first one is the largest.
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
