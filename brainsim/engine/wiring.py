"""Drawing the synapses of a projection, for the targets of one partition.

Each function enumerates the pairs of a rule and is called twice with the same key: first to count the synapses of each
source, then to put them into place. The pairs are a function of the key, so no list of them is kept in between.
A synapse's weight and delay are functions of the same indices.
"""

import math
from typing import NamedTuple

import numpy as np

from brainsim.numbers.draws import draw
from brainsim.numbers.jit import helper, kernel
from brainsim.numbers.rng import philox, uniform53

ALL, REPLACING, DISTINCT, BERNOULLI = 0, 1, 2, 3
ZERO = np.uint64(0)
PAIRS = np.uint64(0x50414952)  # tag of the counters that draw pairs


class Sink(NamedTuple):
    """Where synapses go, and how their weights and delays are drawn."""

    cursor: np.ndarray  # int64 (sources): counts in the first pass, next place in the second
    targets: np.ndarray  # int32 (synapses), or empty: then only count
    weights: np.ndarray  # float32 (synapses), or empty: all weights of the projection are one
    delays: np.ndarray  # uint16 (synapses), or empty: all delays of the store are one
    origins: np.ndarray  # uint16 (synapses), or empty: which of the shared weights
    origin: int
    late: int  # 1 where events are added after the cells have moved: such delays are filed one step longer
    weight: np.ndarray  # code of the distribution
    delay: np.ndarray  # code of the distribution [ms]
    weight_list: np.ndarray  # float64 (pairs), or empty
    delay_list: np.ndarray  # float64 (pairs) [ms], or empty
    weight_key: np.uint64
    delay_key: np.uint64
    dt: float


class Ends(NamedTuple):
    """The two ends of a projection."""

    sources: np.ndarray  # int32 (pre): global index of each source
    slots: np.ndarray  # int32 (post): place of each target in this partition's inputs, -1 if it is not of this partition
    posts: np.ndarray  # int64: those targets that are
    own: np.ndarray  # int64 (post): where the target itself stands among the sources, -1 if nowhere or allowed


@helper
def _put(sink, source, slot, i, j, pair):
    """Count a synapse, or store it."""
    at = sink.cursor[source]
    sink.cursor[source] = at + 1
    if sink.targets.size == 0:
        return
    sink.targets[at] = slot
    if sink.weights.size:
        if sink.weight_list.size:
            sink.weights[at] = sink.weight_list[pair]
        else:
            sink.weights[at] = draw(sink.weight, sink.weight_key, np.uint64(i), np.uint64(j))
    if sink.delays.size:
        if sink.delay_list.size:
            delay = sink.delay_list[pair]
        else:
            delay = draw(sink.delay, sink.delay_key, np.uint64(i), np.uint64(j))
        sink.delays[at] = np.uint16(max(1.0, np.rint(delay / sink.dt)) + sink.late)
    if sink.origins.size:
        sink.origins[at] = sink.origin


@helper
def _fraction(key, i, j, attempt):
    """Return the uniform number in [0, 1) number j of row i: two of them from each block of the generator."""
    a, b, c, d = philox(key, np.uint64(i), np.uint64(j >> 1), np.uint64(attempt), PAIRS)
    return uniform53(a, b) if j & 1 == 0 else uniform53(c, d)


@kernel
def wire_by_target(kind, p, numbers, key, ends, sink):
    """Draw the sources of each target: all, `numbers[post]` with or without repetition, or each with probability p."""
    n_pre, n_post = ends.sources.size, ends.slots.size
    stamp = np.zeros(n_pre if kind == DISTINCT else 0, np.int64)
    step = math.log1p(-p) if kind == BERNOULLI and p < 1.0 else 0.0
    for row in range(ends.posts.size):
        post = ends.posts[row]
        own = ends.own[post]
        n = n_pre - (own >= 0)
        number = numbers[post] if kind == REPLACING or kind == DISTINCT else n
        pick = -1
        for j in range(number):
            if kind == ALL or (kind == BERNOULLI and p >= 1.0):
                pick = j
            elif kind == REPLACING:
                pick = min(np.int64(_fraction(key, post, j, 0) * n), n - 1)
            elif kind == DISTINCT:
                # Floyd's way of drawing distinct numbers: one draw each, uniform over all subsets
                last = n - number + j
                pick = min(np.int64(_fraction(key, post, j, 0) * (last + 1)), last)
                if stamp[pick] == post + 1:
                    pick = last
                stamp[pick] = post + 1
            else:
                # the number of sources that are skipped before the next one has a geometric distribution
                skip = math.log(1.0 - _fraction(key, post, j, 0)) / step
                if skip >= n - pick - 1:
                    break
                pick += 1 + np.int64(skip)
            pre = pick + (own >= 0 and pick >= own)
            _put(sink, ends.sources[pre], ends.slots[post], post, j, pre * n_post + post)


@kernel
def wire_by_source(distinct, k, key, ends, sink):
    """Draw `k` targets of each source; kept are those of this partition. `own` is seen from the sources here."""
    n_pre, n_post = ends.sources.size, ends.slots.size
    stamp = np.zeros(n_post if distinct else 0, np.int64)
    for pre in range(n_pre):
        own = ends.own[pre]
        n = n_post - (own >= 0)
        for j in range(k):
            last = n - k + j if distinct else n - 1
            pick = min(np.int64(_fraction(key, pre, j, 0) * (last + 1)), last)
            if distinct:
                if stamp[pick] == pre + 1:
                    pick = last
                stamp[pick] = pre + 1
            post = pick + (own >= 0 and pick >= own)
            if ends.slots[post] >= 0:
                _put(sink, ends.sources[pre], ends.slots[post], pre, j, 0)


@kernel
def wire_listed(pre, post, ends, sink):
    """Put the pairs of a list."""
    for k in range(pre.size):
        if ends.slots[post[k]] >= 0:
            _put(sink, ends.sources[pre[k]], ends.slots[post[k]], k, 0, k)


@kernel
def count_in_degrees(n, key, numbers):
    """Throw `n` synapses at the targets and count how many each one gets: a multinomial distribution."""
    for j in range(n):
        numbers[min(np.int64(_fraction(key, j >> 20, j & 0xFFFFF, 1) * numbers.size), numbers.size - 1)] += 1


@kernel
def sort_rows(first, targets, weights, delays, origins, n_origins, counts):
    """Sort each source's synapses by (delay, origin), keeping their order else, and count its segments.

    `first` (sources + 1) are the places where the sources begin.
    """
    if delays.size == 0 and origins.size == 0:
        for source in range(first.size - 1):
            counts[source] = first[source + 1] > first[source]
        return
    longest = 0
    for source in range(first.size - 1):
        longest = max(longest, first[source + 1] - first[source])
    bins = np.zeros(((np.int64(delays.max()) if delays.size else 0) + 1) * n_origins + 1, np.int64)
    keys, t = np.empty(longest, np.int64), np.empty(longest, np.int32)
    w, d, o = np.empty(longest, np.float32), np.empty(longest, np.uint16), np.empty(longest, np.uint16)
    for source in range(first.size - 1):
        begin, n = first[source], first[source + 1] - first[source]
        sorted_already, different, least, most = True, min(n, 1), np.int64(2**62), np.int64(0)
        for k in range(n):
            delay = np.int64(delays[begin + k]) if delays.size else 0
            keys[k] = delay * n_origins + (np.int64(origins[begin + k]) if origins.size else 0)
            least, most = min(least, keys[k]), max(most, keys[k])
            if k:
                sorted_already &= keys[k] >= keys[k - 1]
                different += keys[k] != keys[k - 1]
        if not sorted_already:
            different = 0
            for k in range(n):
                different += bins[keys[k] + 1] == 0
                bins[keys[k] + 1] += 1
            for b in range(least + 1, most + 2):
                bins[b] += bins[b - 1]
            for k in range(n):
                at = bins[keys[k]]
                bins[keys[k]] = at + 1
                t[at] = targets[begin + k]
                if weights.size:
                    w[at] = weights[begin + k]
                if delays.size:
                    d[at] = delays[begin + k]
                if origins.size:
                    o[at] = origins[begin + k]
            bins[least : most + 2] = 0
            targets[begin : begin + n] = t[:n]
            if weights.size:
                weights[begin : begin + n] = w[:n]
            if delays.size:
                delays[begin : begin + n] = d[:n]
            if origins.size:
                origins[begin : begin + n] = o[:n]
        counts[source] = different


@kernel
def cut_segments(first, offset, delays, delay, origins, origin_weights, places, rows_start, rows_length, rows_delay, rows_weight):
    """Write the segments of each source from `places[source]` on; `offset` is added to their starts."""
    for source in range(first.size - 1):
        at = places[source]
        begin = first[source]
        while begin < first[source + 1]:
            d = delays[begin] if delays.size else np.uint16(delay)
            o = origins[begin] if origins.size else np.uint16(0)
            end = begin + 1
            if delays.size or origins.size:
                while end < first[source + 1] and (not delays.size or delays[end] == d) and (not origins.size or origins[end] == o):
                    end += 1
            else:
                end = first[source + 1]
            rows_start[at] = offset + begin
            rows_length[at] = end - begin
            rows_delay[at] = d
            if rows_weight.size:
                rows_weight[at] = origin_weights[o]
            at += 1
            begin = end
