"""What is counted, listed or sampled before the rows: synapses of each source, and targets that sample their sources.

If a rule is about targets (FixedIndegree), the sources of each target are sampled twice: once to count the synapses of each
source, once to leave the targets where the rows of their sources will be. Each thread samples all of them and keeps those of
its range of sources, so that none waits for another.
"""

import numpy as np

from brainsim.engine.synapses.sampling import skip
from brainsim.jit.decorators import helper, kernel
from brainsim.jit.records import array_of
from brainsim.jit.vmath import log1p
from brainsim.rng.hashing import GAMMA, hashed, mix, step_key, uniform


@kernel
def sample_sources(record):
    """Sample `k` sources of each target; count the synapses of those from `start` to `stop`, or leave the targets waiting.

    The record has the fields ``k``, ``distinct`` (whether sources are not repeated), ``key``, ``n_pre``, ``n_post``,
    ``start``, ``stop``; ``self_index``, the index of each target among the sources, -1 if it is not one, empty if that does
    not matter; ``counts`` of synapses of each source, used if ``waiting`` has no room; ``waiting`` for targets, which go
    where ``cursor`` points for each source; ``stamp``, scratch of zeros, one for each source if they are distinct.

    With ranks ``here`` is negative for targets of other ranks, which are left out; ``numbers``, if it has room, takes the
    number of each waiting target among all targets of its source, and ``seen`` counts them.
    """
    r = record[0]
    self_index, counts, cursor = array_of(r.self_index), array_of(r.counts), array_of(r.cursor)
    waiting, stamp = array_of(r.waiting), array_of(r.stamp)
    here, numbers, seen = array_of(r.here), array_of(r.numbers), array_of(r.seen)
    k, distinct, n_pre = r.k, r.distinct, r.n_pre
    for post in range(r.n_post):
        elsewhere = here.size > 0 and here[post] < 0
        if elsewhere and not numbers.size:
            continue
        row = step_key(r.key, post)
        itself = self_index[post] if self_index.size else np.int32(-1)
        n = n_pre - (itself >= 0)
        for j in range(k):
            last = n - k + j if distinct else n - 1
            pick = min(np.int64(uniform(hashed(row, j)) * (last + 1)), last)
            if distinct:
                if stamp[pick] == post + 1:
                    pick = last
                stamp[pick] = post + 1
            pre = pick + (itself >= 0 and pick >= itself)
            if r.start <= pre < r.stop:
                leave(pre, post, elsewhere, counts, cursor, waiting, numbers, seen)


@helper
def leave(pre, post, elsewhere, counts, cursor, waiting, numbers, seen):
    """Leave a target where the row of its source will be, or count it; the arrays are those of `sample_sources`."""
    if numbers.size:
        number = seen[pre]
        seen[pre] += 1
        if elsewhere:
            return
        numbers[cursor[pre]] = number
    if waiting.size:
        waiting[cursor[pre]] = post
        cursor[pre] += 1
    else:
        counts[pre] += 1


@kernel
def count_each(p, key, n_post, self_index, counts):
    """Count the targets of each source that takes each target with probability p; `self_index` as in `share_out`."""
    log_rest = log1p(-p)
    for pre in range(counts.size):
        row = step_key(key, pre)
        n = n_post - (self_index.size > 0 and self_index[pre] >= 0)
        pick, j = -1, 0
        while True:
            skipped = skip(row, j, log_rest)
            if skipped >= n - pick - 1:
                break
            pick += 1 + np.int64(skipped)
            j += 1
        counts[pre] = j


@kernel
def share_out(n, key, n_post, self_index, counts):
    """Share `n` synapses out among the sources, each pair being equally likely.

    `self_index` is the index of each source among the targets, -1 if it is not one, and empty if that does not matter.
    """
    n_pre = counts.size
    for j in range(n):
        bits = hashed(key, j)
        pre = min(np.int64(uniform(bits) * n_pre), n_pre - 1)
        if self_index.size:
            # a source that leaves itself out has one target less
            bits = mix(bits + GAMMA)
            while self_index[pre] >= 0 and uniform(bits) * n_post < 1.0:
                bits = mix(bits + GAMMA)
                pre = min(np.int64(uniform(bits) * n_pre), n_pre - 1)
                bits = mix(bits + GAMMA)
        counts[pre] += 1


@kernel
def share_out_pairs(n, key, n_post, available, counts):
    """Share `n` synapses out among the sources, no pair twice; `available` is how many pairs each source has.

    A source is taken with the probability that a pair sampled from all pairs is one of its free pairs, so the counts are
    multivariate hypergeometric. Tries grow with the share of pairs that are taken: use it for at most half of them.
    """
    n_pre = counts.size
    for j in range(n):
        bits = hashed(key, j)
        pre = min(np.int64(uniform(bits) * n_pre), n_pre - 1)
        bits = mix(bits + GAMMA)
        while uniform(bits) * n_post >= available[pre] - counts[pre]:
            bits = mix(bits + GAMMA)
            pre = min(np.int64(uniform(bits) * n_pre), n_pre - 1)
            bits = mix(bits + GAMMA)
        counts[pre] += 1


@kernel
def sort_listed(pre, post, weights, delays, cursor, listed, list_weight, list_delay):
    """Sort a list of pairs by source, otherwise keeping its order; `cursor` is where the targets of each source begin."""
    for k in range(pre.size):
        at = cursor[pre[k]]
        cursor[pre[k]] = at + 1
        listed[at] = post[k]
        if weights.size:
            list_weight[at] = weights[k]
        if delays.size:
            list_delay[at] = delays[k]
