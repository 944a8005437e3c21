"""Delivery: from spikes to the inputs of their targets.

Synapses are sorted by source, and within a source by partition and delay. A run of one source, partition and delay is a
*segment*. A spike files its segments into a calendar under the step at which they are due; at that step the weights of each
segment are added to the state. So the scattered writes hit one array that stays in the second-level cache, where a ring
buffer of inputs times delays would not: 2.0 ns per synaptic event against 6.7 (float32) to 9.6 (float64).

Where an event is added: a current or a conductance to its variable of the state, after the cells have moved to the step at
which it is due; what acts on the threshold at once (delta synapses) to a buffer that the kernel reads during that move. Both
happen at one point of the loop, between two moves, so the delay of the former is filed one step longer.
"""

from typing import NamedTuple

import numpy as np

from brainsim.engine.procedural import draw_again
from brainsim.engine.threads import prefetch
from brainsim.numbers.jit import helper


class Rows(NamedTuple):
    """The synapses of a network.

    Synapses with a weight each come first in `targets`; those behind them share the weight of their segment.
    """

    first: np.ndarray  # int64 (sources * partitions + 1): where the segments of each source onto each partition begin
    partitions: int
    start: np.ndarray  # int64 (segments): where its synapses begin
    length: np.ndarray  # int32 (segments): how many they are
    delay: np.ndarray  # uint16 (segments) [steps]: after how many steps it is filed; see above
    weight: np.ndarray  # float64 (segments, or 0 if all synapses have their own)
    targets: np.ndarray  # int32 (synapses): place in the state
    weights: np.ndarray  # float32 (synapses with a weight each)


class Calendar(NamedTuple):
    """What is due when: for each step, modulo the number of slots, a list of segments."""

    start: np.ndarray  # int64 (slots, capacity)
    length: np.ndarray  # int32 (slots, capacity)
    weight: np.ndarray  # of the state's type (slots, capacity), or (slots, 0) if all synapses have their own
    count: np.ndarray  # int64 (slots)
    fullest: np.ndarray  # int64 (1): no count is larger
    margin: np.ndarray  # int64 (1): most segments that one source may have for one delay


# what filing a spike can say
FILED, CALENDAR_FULL, POOL_FULL = 0, 1, 2


@helper
def file_spike(source, partition, slot, now, rows, pool, calendar):
    """File the segments of a spike that happened at the step of `slot`; those filed under `slot + now` or before are past.

    Returns CALENDAR_FULL or POOL_FULL, with nothing filed, where a slot or the pool of procedural rows might overflow.
    """
    slots, capacity = calendar.start.shape
    if calendar.fullest[0] + calendar.margin[0] > capacity:
        calendar.fullest[0] = 0
        for k in range(slots):
            calendar.fullest[0] = max(calendar.fullest[0], calendar.count[k])
        if calendar.fullest[0] + calendar.margin[0] > capacity:
            return CALENDAR_FULL
    if pool is not None:
        drawn = draw_again(source, partition, pool)
        if drawn < 0:
            return POOL_FULL
        segments = pool.segments
        for k in range(drawn):
            # places in the pool are told by their sign
            due, place = _file(-1 - segments.start[k], segments.length[k], segments.delay[k], slot, now, calendar)
            if due >= 0 and segments.weight.size:
                calendar.weight[due, place] = segments.weight[k]
    row = np.int64(source) * rows.partitions + partition
    for k in range(rows.first[row], rows.first[row + 1]):
        due, place = _file(rows.start[k], rows.length[k], rows.delay[k], slot, now, calendar)
        if due >= 0 and rows.weight.size:
            calendar.weight[due, place] = rows.weight[k]
    return FILED


@helper
def _file(start, length, delay, slot, now, calendar):
    """File one segment; return its slot and its place there, -1 and 0 where it is past."""
    slots = calendar.count.size
    if delay <= now:
        return -1, 0
    due = slot + np.int64(delay)
    due = due - slots if due >= slots else due
    place = calendar.count[due]
    calendar.start[due, place] = start
    calendar.length[due, place] = length
    calendar.count[due] = place + 1
    calendar.fullest[0] = max(calendar.fullest[0], place + 1)
    return due, place


@helper
def deliver(slot, rows, pool, calendar, state):
    """Add all synapses that are due, segment by segment in the order in which they were filed."""
    targets, weights = rows.targets, rows.weights
    start, length = calendar.start[slot], calendar.length[slot]
    count = calendar.count[slot]
    own = weights.size
    for e in range(count):
        begin = start[e]
        end = begin + length[e]
        if e + 2 < count and start[e + 2] >= 0:
            ahead = start[e + 2]
            # one prefetch a cache line of 16 numbers: 2.0 ns an event instead of 3.3
            for k in range(0, min(length[e + 2], 128), 16):
                prefetch(targets, ahead + k)
                if ahead < own:
                    prefetch(weights, ahead + k)
        if pool is not None and begin < 0:
            _deliver_drawn(-1 - begin, length[e], calendar.weight[slot], e, pool, state)
        elif begin < own:
            for k in range(begin, end):
                state[np.uint64(targets[np.uint64(k)])] += weights[np.uint64(k)]
        else:
            weight = calendar.weight[slot, e]
            for k in range(begin, end):
                state[np.uint64(targets[np.uint64(k)])] += weight
    calendar.count[slot] = 0


@helper
def _deliver_drawn(begin, length, shared, e, pool, state):
    """Add one segment of a procedural row; one with weights of its own has NaN for the weight that is shared."""
    targets, weights = pool.targets, pool.weights
    if shared.size and shared[e] == shared[e]:
        for k in range(begin, begin + length):
            state[np.uint64(targets[np.uint64(k)])] += shared[e]
    else:
        for k in range(begin, begin + length):
            state[np.uint64(targets[np.uint64(k)])] += weights[np.uint64(k)]
