"""Drawing the row of a source: the targets, weights and delays of all its synapses, as functions of keys and numbers.

A row depends on nothing but the keys of its projections, so it can be drawn in any order, by any thread, and again at every
spike. Each projection has three streams: of targets, weights and delays; row i of a stream has a key of its own, and synapse
number j of the row draws number j of it.
"""

from typing import NamedTuple

import numpy as np

from brainsim.jit.decorators import helper
from brainsim.jit.vmath import log, log1p
from brainsim.rng.hashing import hashed, step_key, uniform
from brainsim.rng.variates import sample, sample_each

# how a projection's targets are found: every one, the one of the same number, drawn with or without repetition, each with
# a probability, listed, or drawn before from the other end (see `wiring`) and waiting where the row is to be
ALL, ONE, REPLACING, DISTINCT, BERNOULLI, LISTED, BY_TARGET = range(7)
# columns of Plans.numbers
(
    KIND,
    POSTS,
    PLACE_AT,
    COUNT,
    COUNT_AT,
    OWN_AT,
    LIST_AT,
    WEIGHTS_AT,
    DELAYS_AT,
    KEY,
    WEIGHT_KEY,
    DELAY_KEY,
    SHARED,
    ORIGIN,
    LATE,
    TABLE_AT,
    TABLE_SIZE,
    FIRST_DELAY,
) = range(18)
WEIGHT, DELAY = 0, 5  # columns of Plans.laws: two codes of distributions
LONGEST_DELAY = 65_000  # steps; they are kept in 16 bits
OWN, COMMON = 0, 1  # classes of synapses: with a weight each, or sharing that of their projection


class Plans(NamedTuple):
    """The projections of a network as arrays."""

    numbers: np.ndarray  # int64 (projections, 18): see KIND ... FIRST_DELAY; places are -1 where there is none
    p: np.ndarray  # float64 (projections): with which each pair is connected
    laws: np.ndarray  # float64 (projections, 10): see WEIGHT and DELAY; None, and less to compile, where nothing is drawn
    interval: np.ndarray  # int32 (cells): cells of one interval have the same projections
    first: np.ndarray  # int64 (intervals + 1): where the entries of an interval begin
    entries: np.ndarray  # int64 (entries, 2): projection, and what is added to a cell's index for its place in `pre`
    counts: np.ndarray  # int32: synapses of each source, of the projections where they differ
    own: np.ndarray  # int32: where a source stands among the targets, -1 if nowhere, of the projections without autapses
    place: np.ndarray  # int32: where in the state a target's events are added
    part: np.ndarray  # uint8: the partition of a target
    list_first: np.ndarray  # int64: where the list of a source begins and the one before ends
    listed: np.ndarray  # int32: targets that are listed
    list_weight: np.ndarray  # float32: weights that are listed
    list_delay: np.ndarray  # uint16: delays that are listed, in steps
    accept: np.ndarray  # uint32: alias tables of delays that are drawn
    other: np.ndarray  # int32
    delays: int  # how many different delays there are, in steps
    shortest: int  # the shortest of them
    origins: int  # how many different weights are shared
    dt: float


class Desk(NamedTuple):
    """Scratch for one row."""

    post: np.ndarray  # int32 (longest row): targets within their projection
    number: np.ndarray  # int32 (longest row): numbers within their projection's row
    target: np.ndarray  # int32 (longest row): places in the state
    weight: np.ndarray  # float32 (longest row)
    key: np.ndarray  # int64 (longest row): by which synapses are sorted
    order: np.ndarray  # int32 (2, longest row)
    bins: np.ndarray  # int64 (257)
    stamp: np.ndarray  # int64 (most targets) of zeros: by whom each one was drawn last
    clock: np.ndarray  # int64 (2): how many rows were stamped; a projection with a delay that was too long, plus 1


@helper
def draw_row(source, plans, partition, waiting, own_at, common_at, desk):
    """Draw all synapses of a source, or only those onto one partition (-1 for all); return how many they are.

    Targets that were drawn before wait in `waiting` from `own_at` and `common_at` on, for the two classes of projections.
    """
    total = np.int64(0)
    interval = plans.interval[source]
    for e in range(plans.first[interval], plans.first[interval + 1]):
        projection, pre = plans.entries[e, 0], source + plans.entries[e, 1]
        facts = plans.numbers[projection]
        count = np.int64(plans.counts[facts[COUNT_AT] + pre]) if facts[COUNT_AT] >= 0 else facts[COUNT]
        if count == 0:
            continue
        common = facts[SHARED] != 0
        post, number = desk.post[total : total + count], desk.number[total : total + count]
        _draw_targets(facts, plans, projection, pre, waiting[common_at if common else own_at :], post, number, desk)
        if facts[KIND] == BY_TARGET:
            own_at, common_at = own_at + count * (not common), common_at + count * common
        if partition >= 0:
            count = _keep_own(plans.part[facts[PLACE_AT] :], partition, post, number)
        keys = desk.key[total : total + count]
        _place(facts, plans, post[:count], desk.target[total : total + count], keys)
        _draw_delays(facts, plans, plans.laws, projection, pre, post[:count], number[:count], keys, desk)
        if not common:
            _draw_weights(facts, plans, plans.laws, projection, pre, post, number, desk.weight[total : total + count])
        total += count
    return total


@helper
def _draw_targets(facts, plans, projection, pre, waiting, post, number, desk):
    """Write the targets of one projection's row into `post`, and their numbers."""
    kind, n, count = facts[KIND], facts[POSTS], post.size
    for j in range(count):
        number[j] = np.int32(j)
    own = np.int32(plans.own[facts[OWN_AT] + pre]) if facts[OWN_AT] >= 0 else np.int32(-1)
    if kind == LISTED:
        begin = plans.list_first[facts[LIST_AT] + pre]
        for j in range(count):
            post[j] = plans.listed[begin + j]
        return
    if kind == BY_TARGET:
        for j in range(count):
            post[j] = waiting[j]
        return
    key = step_key(np.uint64(facts[KEY]), pre)
    n -= own >= 0
    if kind == ALL:
        for j in range(count):
            post[j] = np.int32(j)
    elif kind == ONE:
        post[0] = np.int32(pre)
    elif kind == REPLACING:
        for j in range(count):
            post[j] = np.int32(min(np.int64(uniform(hashed(key, j)) * n), n - 1))
    elif kind == DISTINCT:
        _draw_distinct(key, n, post, desk)
    else:
        _draw_each(key, plans.p[projection], post)
    if own >= 0 and kind != ONE:
        for j in range(count):
            post[j] += np.int32(post[j] >= own)


@helper
def _draw_distinct(key, n, post, desk):
    """Floyd's way of drawing distinct numbers: one draw each, uniform over all subsets."""
    desk.clock[0] += 1
    mark = desk.clock[0]
    for j in range(post.size):
        last = n - post.size + j
        pick = min(np.int64(uniform(hashed(key, j)) * (last + 1)), last)
        if desk.stamp[pick] == mark:
            pick = last
        desk.stamp[pick] = mark
        post[j] = np.int32(pick)


@helper
def skip(key, j, log_rest):
    """Return how many targets are skipped before the next one that is taken: a geometric distribution."""
    return log(1.0 - uniform(hashed(key, j))) / log_rest


@helper
def _draw_each(key, p, post):
    """Draw targets that are taken with probability p each; how many they are was counted before."""
    log_rest, pick = log1p(-p), np.int64(-1)
    for j in range(post.size):
        pick += 1 + np.int64(skip(key, j, log_rest))
        post[j] = np.int32(pick)


@helper
def _keep_own(part, partition, post, number):
    """Drop the targets of other partitions; return how many are left."""
    kept = 0
    for j in range(post.size):
        post[kept], number[kept] = post[j], number[j]
        kept += part[post[j]] == partition
    return kept


@helper
def _place(facts, plans, post, target, key):
    """Find the places of targets, and begin the keys: by partition, and within it those with a weight each first."""
    place, part, shared = plans.place[facts[PLACE_AT] :], plans.part[facts[PLACE_AT] :], facts[SHARED]
    for j in range(post.size):
        target[j] = place[post[j]]
        key[j] = np.int64(part[post[j]]) * 2 + shared


@helper
def _draw_delays(facts, plans, laws, projection, pre, post, number, key, desk):
    """Go on with the keys: by delay, then by the weight that is shared."""
    delays, shortest, origins, origin = plans.delays, plans.shortest, plans.origins, facts[ORIGIN]
    first = facts[FIRST_DELAY] - shortest
    if facts[DELAYS_AT] >= 0:
        begin, by_post = _listed_values(facts, plans, pre, facts[DELAYS_AT])
        for j in range(key.size):
            delay = np.int64(plans.list_delay[begin + (post[j] if by_post else number[j])]) + facts[LATE] - shortest
            key[j] = (key[j] * delays + delay) * origins + origin
    elif facts[TABLE_SIZE] == 1:
        for j in range(key.size):
            key[j] = (key[j] * delays + first) * origins + origin
    elif facts[TABLE_SIZE] > 1:
        row = step_key(np.uint64(facts[DELAY_KEY]), pre)
        accept, other = plans.accept[facts[TABLE_AT] :], plans.other[facts[TABLE_AT] :]
        mask = np.uint64(facts[TABLE_SIZE] - 1)
        for j in range(key.size):
            bits = hashed(row, number[j])
            column = np.int64(bits & mask)
            delay = first + (column if np.uint32(bits >> np.uint64(32)) < accept[column] else np.int64(other[column]))
            key[j] = (key[j] * delays + delay) * origins + origin
    elif laws is not None:
        row = step_key(np.uint64(facts[DELAY_KEY]), pre)
        for j in range(key.size):
            steps = max(1.0, np.rint(sample(laws[projection, DELAY:], row, number[j]) / plans.dt))
            if not steps <= LONGEST_DELAY:
                desk.clock[1] = projection + 1  # the caller raises
                steps = float(facts[FIRST_DELAY] - facts[LATE])
            key[j] = (key[j] * delays + np.int64(steps) + facts[LATE] - shortest) * origins + origin


@helper
def _draw_weights(facts, plans, laws, projection, pre, post, number, weight):
    if facts[WEIGHTS_AT] >= 0:
        begin, by_post = _listed_values(facts, plans, pre, facts[WEIGHTS_AT])
        for j in range(weight.size):
            weight[j] = plans.list_weight[begin + (post[j] if by_post else number[j])]
    elif laws is not None:
        row = step_key(np.uint64(facts[WEIGHT_KEY]), pre)
        sample_each(laws[projection, WEIGHT:DELAY], row, number, weight)


@helper
def _listed_values(facts, plans, pre, at):
    """Return where the values that are listed for a row begin, and whether they go by target."""
    if facts[KIND] == LISTED:
        return at + plans.list_first[facts[LIST_AT] + pre] - plans.list_first[facts[LIST_AT]], False
    return at + (pre * facts[POSTS] if facts[KIND] == ALL else 0), True
