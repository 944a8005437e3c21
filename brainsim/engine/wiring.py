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
        # what does not fit stands at the largest number, where the caller finds it
        sink.delays[at] = np.uint16(min(max(1.0, np.rint(delay / sink.dt)) + sink.late, 65535.0))
    if sink.origins.size:
        sink.origins[at] = sink.origin


@helper
def _fraction(key, i, j, attempt):
    """Return the uniform number in [0, 1) number j of row i: two of them from each block of the generator."""
    a, b, c, d = philox(key, np.uint64(i), np.uint64(j >> 1), np.uint64(attempt), PAIRS)
    return uniform53(a, b) if j & 1 == 0 else uniform53(c, d)


@kernel
def wire_by_target(kind, p, numbers, key, ends, sink, stamp):
    """Draw the sources of each target: all, `numbers[post]` with or without repetition, or each with probability p.

    `stamp` is scratch of zeros, one for each source, needed for drawing without repetition.
    """
    n_pre, n_post = ends.sources.size, ends.slots.size
    step = math.log1p(-p) if kind == BERNOULLI and p < 1.0 else 0.0
    for row in range(ends.posts.size):
        post = ends.posts[row]
        own = ends.own[post]
        n = n_pre - (own >= 0)
        number = numbers[post] if numbers.size else n
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
def wire_by_source(distinct, k, key, ends, sink, stamp):
    """Draw `k` targets of each source; kept are those of this partition. `own` is seen from the sources here."""
    n_pre, n_post = ends.sources.size, ends.slots.size
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


class Pile(NamedTuple):
    """Synapses of a partition on their way to rows: those with a weight each, or those that share weights."""

    first: np.ndarray  # int64 (sources + 1): where the synapses of each source begin
    targets: np.ndarray  # int32 (synapses)
    weights: np.ndarray  # float32 (synapses), or empty
    delays: np.ndarray  # uint16 (synapses), or empty: all delays of the store are one
    origins: np.ndarray  # uint16 (synapses), or empty: which of the shared weights


class Desk(NamedTuple):
    """Scratch for sorting the synapses of one source."""

    bins: np.ndarray  # int64 (keys + 2) of zeros
    keys: np.ndarray  # int64 (longest row)
    targets: np.ndarray  # int32 (longest row)
    weights: np.ndarray  # float32 (longest row)
    delays: np.ndarray  # uint16 (longest row)
    origins: np.ndarray  # uint16 (longest row)


@kernel
def sort_rows(pile, n_origins, desk):
    """Sort each source's synapses by (delay, origin), keeping their order else."""
    for source in range(pile.first.size - 1):
        begin, n = pile.first[source], pile.first[source + 1] - pile.first[source]
        in_order = True
        for k in range(n):
            key = np.int64(pile.delays[begin + k]) * n_origins
            key += np.int64(pile.origins[begin + k]) if pile.origins.size else np.int64(0)
            desk.keys[k] = key
            in_order &= k == 0 or key >= desk.keys[k - 1]
        if not in_order:
            _sort_row(begin, n, pile, desk)


@helper
def _sort_row(begin, n, pile, desk):
    """Sort one row by counting, which keeps the order of equals."""
    keys, bins = desk.keys, desk.bins
    least, most = keys[0], keys[0]
    for k in range(n):
        least, most = min(least, keys[k]), max(most, keys[k])
        bins[keys[k] + 1] += 1
    for b in range(least + 1, most + 2):
        bins[b] += bins[b - 1]
    for k in range(n):
        at = bins[keys[k]]
        bins[keys[k]] = at + 1
        keys[k] = at  # from here on: where it goes
    for b in range(least, most + 2):
        bins[b] = 0
    _move(begin, n, keys, pile.targets, desk.targets)
    _move(begin, n, keys, pile.weights, desk.weights)
    _move(begin, n, keys, pile.delays, desk.delays)
    _move(begin, n, keys, pile.origins, desk.origins)


@helper
def _move(begin, n, places, column, scratch):
    if column.size:
        for k in range(n):
            scratch[places[k]] = column[begin + k]
        for k in range(n):
            column[begin + k] = scratch[k]


@kernel
def cut_segments(pile, offset, delay, origin_weights, places, rows):
    """Count the segments of each source into `places`, or write them into `rows` from `places[source]` on.

    They are counted where `rows` has no room. `offset` is where the pile's targets begin; `delay` holds for all where the
    pile has no delays; weights are written where the pile shares them.
    """
    first, delays, origins = pile.first, pile.delays, pile.origins
    counting = rows.start.size == 0
    for source in range(first.size - 1):
        at, begin, last = places[source], first[source], first[source + 1]
        while begin < last:
            end = begin + 1
            if delays.size == 0 and origins.size == 0:
                end = last
            while end < last and (delays.size == 0 or delays[end] == delays[begin]) and (
                origins.size == 0 or origins[end] == origins[begin]
            ):
                end += 1
            if not counting:
                rows.start[at] = offset + begin
                rows.length[at] = end - begin
                rows.delay[at] = delays[begin] if delays.size else np.uint16(delay)
                if not pile.weights.size:
                    rows.weight[at] = origin_weights[origins[begin] if origins.size else 0]
            at += 1
            begin = end
        if counting:
            places[source] = at
