"""Sampling the row of a source: the targets, weights and delays of all its synapses, as functions of keys and numbers.

A row depends on nothing but the keys of its projections, so it can be sampled in any order, by any thread, and again at
every spike. Each projection has three streams: of targets, weights and delays; row i of a stream has its own key, and
synapse j of the row takes its number j.

The functions here work on one record, `r`: the projections as arrays (`projections.projection_fields`) and scratch for one
row (`workspace_fields`).
"""

import numpy as np

from brainsim.engine.synapses.near import connected, displace, enumerate_pairs, evaluate, scratch_fields
from brainsim.jit.decorators import helper, kernel
from brainsim.jit.records import array_of, array_or_none, new_scratch, record_or_none
from brainsim.jit.vmath import log, log1p
from brainsim.rng.hashing import hashed, step_key, uniform
from brainsim.rng.variates import sample, sample_each

# how a projection's targets are chosen: every one, the one of the same index, sampled with or without repetition, each with
# a probability, listed, sampled before from the other end (see `counting`) and waiting where the row will be, or by distance
ALL, ONE, REPLACING, DISTINCT, BERNOULLI, LISTED, BY_TARGET, NEAR = range(8)
# in place of a partition
EVERY, THIS = np.int64(-1), np.int64(-2)
MAX_PARTITIONS = 1 << 15  # of one process
# offsets in `laws`, of which each projection has two, codes of distributions
WEIGHT, DELAY, LAWS = 0, 5, 10

# one projection; offsets are -1 if there is nothing to point to
PLAN = np.dtype(
    [
        ("rule", "i8"),  # ALL ... NEAR
        ("posts", "i8"),  # number of cells among the targets
        ("place", "i8"),  # offset in `place` and `part` (-1 in other processes), which have a number for each of the targets
        ("count", "i8"),  # synapses of each source, if all have the same number
        ("counts", "i8"),  # offset in `counts`, if they differ
        ("self_index", "i8"),  # offset in `self_index`
        ("list", "i8"),  # offset in `list_first`
        ("weights", "i8"),  # offset in `list_weight`
        ("delays", "i8"),  # offset in `list_delay`
        ("key", "u8"),  # of the stream of targets
        ("weight_key", "u8"),
        ("delay_key", "u8"),
        ("weighted", "i8"),  # whether each synapse has a weight
        ("class_", "i8"),  # class of synapses, see `kinds`
        ("origin", "i8"),  # index of the weight that all synapses share
        ("extra_step", "i8"),  # 1 if the events are added to the state directly, one step later
        ("table", "i8"),  # offset of the alias table of delays, and its size
        ("table_size", "i8"),
        ("first_delay", "i8"),  # the shortest, as filed
        ("p", "f8"),  # with which each pair is connected
    ]
)
# the projections of an interval of cells, and what is added to the index of a cell for its index among the sources
ENTRY = np.dtype([("projection", "i8"), ("shift", "i8")])


def workspace_fields(longest_row, most_targets, classes, candidates=0):
    """Return the scratch for rows of at most `longest_row` synapses onto at most `most_targets` cells, as fields.

    `candidates` is how many cells a row looks at if targets are chosen by their distances.
    """
    n = max(1, int(longest_row))
    near = scratch_fields(max(n, candidates)) if candidates else {}
    return near | {
        "post": new_scratch(n, np.int32),  # targets within their projection
        "number": new_scratch(n, np.int32),  # numbers within their projection's row
        "target": new_scratch(n, np.int32),  # places in the state
        "sampled_weight": new_scratch(n, np.float32),
        "sort_key": new_scratch(n, np.int64),
        "order": new_scratch(2 * n, np.int32),
        "bins": new_scratch(257, np.int64),
        "stamp": np.zeros(most_targets, np.int64),  # the row that took each target last
        "row_at": np.zeros(classes, np.int64),  # where the synapses of each class of this row are
        "rows_seen": 0,
        "error": 0,  # 1 + the index of a projection with a delay that was too long
    }


@helper
def sample_row(source, r, partition, waiting):
    """Sample the synapses of a source onto one partition, EVERY one, or all of THIS process; return their number.

    Targets that were sampled before wait in `waiting` from ``row_at[class]`` on; if some are in other processes, their
    numbers within the whole row wait in the same places of the field ``waiting_numbers``.
    """
    plans, entries, first, interval = array_of(r.plans), array_of(r.entries), array_of(r.first), array_of(r.interval)
    posts, numbers, targets, keys = array_of(r.post), array_of(r.number), array_of(r.target), array_of(r.sort_key)
    counts, weights, row_at = array_of(r.counts), array_of(r.sampled_weight), array_of(r.row_at)
    laws, waiting_numbers = array_or_none(r, "laws"), array_or_none(r, "waiting_numbers")
    near = array_or_none(r, "near")
    total = np.int64(0)
    for e in range(first[interval[source]], first[interval[source] + 1]):
        projection, pre = entries[e].projection, source + entries[e].shift
        plan = plans[projection]
        count = np.int64(counts[plan.counts + pre]) if plan.counts >= 0 else plan.count
        if count == 0:
            continue
        post, number = posts[total : total + count], numbers[total : total + count]
        _choose_targets(plan, near, projection, r, pre, waiting[row_at[plan.class_] :], post, number)
        if plan.rule == BY_TARGET:
            _take_numbers(waiting_numbers, row_at[plan.class_], number)
            row_at[plan.class_] += count
        if partition != EVERY:
            count = _keep_local(array_of(r.part)[plan.place :], partition, post, number)
        key = keys[total : total + count]
        _place(plan, r, post[:count], targets[total : total + count], key)
        _sample_delays(plan, r, laws, projection, pre, post[:count], number[:count], key)
        if plan.weighted:
            _sample_weights(plan, r, laws, projection, pre, post[:count], number[:count], weights[total : total + count])
        _of_pairs(plan, near, projection, r, pre, post[:count], key, weights[total : total + count])
        total += count
    return total


@helper
def _choose_targets(plan, near, projection, r, pre, waiting, post, number):
    """Write the targets of one projection's row into `post`, and their numbers.

    `near` is None if no projection depends on the places of its cells.
    """
    if near is None:
        _sample_targets(plan, r, pre, waiting, post, number)
    elif plan.rule == NEAR:
        _sample_near(plan, near[projection], r, pre, post, number)
    else:
        _sample_targets(plan, r, pre, waiting, post, number)


@helper
def _sample_targets(plan, r, pre, waiting, post, number):
    """Write the targets of one projection's row into `post`, and their numbers."""
    rule, n, count = plan.rule, plan.posts, post.size
    for j in range(count):
        number[j] = np.int32(j)
    itself = array_of(r.self_index)[plan.self_index + pre] if plan.self_index >= 0 else np.int32(-1)
    if rule == LISTED:
        listed, start = array_of(r.listed), array_of(r.list_first)[plan.list + pre]
        for j in range(count):
            post[j] = listed[start + j]
        return
    if rule == BY_TARGET:
        for j in range(count):
            post[j] = waiting[j]
        return
    key = step_key(plan.key, pre)
    n -= itself >= 0
    if rule == ALL:
        for j in range(count):
            post[j] = np.int32(j)
    elif rule == ONE:
        post[0] = np.int32(pre)
    elif rule == REPLACING:
        for j in range(count):
            post[j] = np.int32(min(np.int64(uniform(hashed(key, j)) * n), n - 1))
    elif rule == DISTINCT:
        _sample_distinct(key, n, post, r)
    else:
        _sample_each(key, plan.p, post)
    if itself >= 0 and rule != ONE:
        for j in range(count):
            post[j] += np.int32(post[j] >= itself)


@helper
def _take_numbers(waiting_numbers, at, number):
    """Take the numbers of targets that were sampled before, if others of the row are in other processes."""
    if waiting_numbers is not None:
        for j in range(number.size):
            number[j] = waiting_numbers[at + j]


@helper
def _sample_near(plan, near, r, pre, post, number):
    """Write the targets that are chosen by their distances. Their numbers are their indices: weights belong to pairs."""
    itself = array_of(r.self_index)[plan.self_index + pre] if plan.self_index >= 0 else np.int32(-1)
    connected(near, r, plan.key, pre, itself, post)
    for j in range(post.size):
        number[j] = post[j]


@helper
def _of_pairs(plan, near, projection, r, pre, post, key, weight):
    """Continue the keys by delays that are texts of the two cells, and write weights that are."""
    if near is not None:
        place = near[projection]
        if place.delay == 0 and place.weight == 0:
            return
        pairs = record_or_none(r, "pairs")
        if place.places:
            displace(place, r, pre, post, pairs)
        if place.indices:
            enumerate_pairs(pre, post, pairs)
        if place.delay != 0:
            evaluate(place.delay, pairs)
            delay = array_of(pairs.out)
            for j in range(post.size):
                ticks = min(max(np.int64(np.rint(delay[j] / r.tick)), place.shortest), place.longest)
                key[j] = (key[j] * r.delays + ticks + plan.extra_step - r.shortest) * r.origins + plan.origin
        if place.weight != 0:
            evaluate(place.weight, pairs)
            values = array_of(pairs.out)
            for j in range(post.size):
                weight[j] = values[j]


@helper
def _sample_distinct(key, n, post, r):
    """Floyd's way of sampling distinct numbers: one random number each, uniform over all subsets."""
    stamp = array_of(r.stamp)
    r.rows_seen += 1
    mark = r.rows_seen
    for j in range(post.size):
        last = n - post.size + j
        pick = min(np.int64(uniform(hashed(key, j)) * (last + 1)), last)
        if stamp[pick] == mark:
            pick = last
        stamp[pick] = mark
        post[j] = np.int32(pick)


@helper
def skip(key, j, log_rest):
    """Return how many targets are skipped before the next one that is taken: a geometric distribution."""
    return log(1.0 - uniform(hashed(key, j))) / log_rest


@helper
def _sample_each(key, p, post):
    """Sample targets that are taken with probability p each; their number was counted before."""
    log_rest, pick = log1p(-p), np.int64(-1)
    for j in range(post.size):
        pick += 1 + np.int64(skip(key, j, log_rest))
        post[j] = np.int32(pick)


@helper
def _keep_local(part, partition, post, number):
    """Drop the targets of other partitions, or those of other processes; return how many are left."""
    low, high = (np.int64(0), np.int64(MAX_PARTITIONS)) if partition == THIS else (partition, partition)
    kept = 0
    for j in range(post.size):
        post[kept], number[kept] = post[j], number[j]
        kept += low <= part[post[j]] <= high
    return kept


@kernel
def count_here(start, stop, sampler, cells, sizes):
    """Count the synapses of each source onto THIS process; ``sizes[c * cells + source]`` takes those of class c."""
    r = sampler[0]
    plans, entries, first, interval = array_of(r.plans), array_of(r.entries), array_of(r.first), array_of(r.interval)
    posts, numbers, counts, near = array_of(r.post), array_of(r.number), array_of(r.counts), array_or_none(r, "near")
    for source in range(start, stop):
        for e in range(first[interval[source]], first[interval[source] + 1]):
            projection, pre = entries[e].projection, source + entries[e].shift
            plan = plans[projection]
            count = np.int64(counts[plan.counts + pre]) if plan.counts >= 0 else plan.count
            if plan.rule != BY_TARGET and count:
                post, number = posts[:count], numbers[:count]
                _choose_targets(plan, near, projection, r, pre, posts, post, number)
                count = _keep_local(array_of(r.part)[plan.place :], THIS, post, number)
            sizes[plan.class_ * cells + source] += count


@helper
def _place(plan, r, post, target, key):
    """Look up the places of targets, and begin the keys: by partition, and within it by class."""
    place, part = array_of(r.place)[plan.place :], array_of(r.part)[plan.place :]
    classes, class_ = r.classes, plan.class_
    for j in range(post.size):
        target[j] = place[post[j]]
        key[j] = np.int64(part[post[j]]) * classes + class_


@helper
def _sample_delays(plan, r, laws, projection, pre, post, number, key):
    """Continue the keys: by delay, then by the weight that is shared."""
    delays, shortest, origins, origin, extra = r.delays, r.shortest, r.origins, plan.origin, plan.extra_step
    first = plan.first_delay - shortest
    if plan.delays >= 0:
        listed = array_of(r.list_delay)
        start, by_post = _listed_values(plan, r, pre, plan.delays)
        for j in range(key.size):
            delay = np.int64(listed[start + (post[j] if by_post else number[j])]) + extra - shortest
            key[j] = (key[j] * delays + delay) * origins + origin
    elif plan.table_size < 0:
        return  # see `_of_pairs`
    elif plan.table_size == 1:
        for j in range(key.size):
            key[j] = (key[j] * delays + first) * origins + origin
    elif plan.table_size > 1:
        row = step_key(plan.delay_key, pre)
        accept, other = array_of(r.accept)[plan.table :], array_of(r.other)[plan.table :]
        mask = np.uint64(plan.table_size - 1)
        for j in range(key.size):
            bits = hashed(row, number[j])
            column = np.int64(bits & mask)
            delay = first + (column if np.uint32(bits >> np.uint64(32)) < accept[column] else np.int64(other[column]))
            key[j] = (key[j] * delays + delay) * origins + origin
    elif laws is not None:
        row, law = step_key(plan.delay_key, pre), laws[LAWS * projection + DELAY : LAWS * (projection + 1)]
        for j in range(key.size):
            ticks = max(1.0, np.rint(sample(law, row, number[j]) / r.tick))
            if not ticks <= r.most_delay:
                r.error = projection + 1  # the caller raises
                ticks = float(plan.first_delay - extra)
            key[j] = (key[j] * delays + np.int64(ticks) + extra - shortest) * origins + origin


@helper
def _sample_weights(plan, r, laws, projection, pre, post, number, weight):
    """Write the weights that are listed or sampled."""
    if plan.weights >= 0:
        listed = array_of(r.list_weight)
        start, by_post = _listed_values(plan, r, pre, plan.weights)
        for j in range(weight.size):
            weight[j] = listed[start + (post[j] if by_post else number[j])]
    elif laws is not None:
        row = step_key(plan.weight_key, pre)
        sample_each(laws[LAWS * projection + WEIGHT : LAWS * projection + DELAY], row, number, weight)


@helper
def _listed_values(plan, r, pre, at):
    """Return where the values that are listed for a row start, and whether they are indexed by target."""
    if plan.rule == LISTED:
        first = array_of(r.list_first)
        return at + first[plan.list + pre] - first[plan.list], False
    return at + (pre * plan.posts if plan.rule == ALL else 0), True
