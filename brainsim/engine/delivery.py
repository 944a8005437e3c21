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

from brainsim.engine.assembly import split_piece
from brainsim.engine.atoms import prefetch
from brainsim.engine.procedural import draw_again
from brainsim.numbers.jit import helper

AHEAD = 4  # how many segments ahead synapses are asked for
LINE = 16  # synapses whose weights fill a cache line


class Rows(NamedTuple):
    """The synapses of a network.

    Synapses with a weight each come first in `targets`; those behind them share the weight of their segment.
    """

    first: np.ndarray  # int64 (sources * partitions + 1): where the segments of each source onto each partition begin
    partitions: int
    piece: np.ndarray  # int64 (segments): where its synapses begin, and how many they are; see `assembly.make_piece`
    delay: np.ndarray  # uint16 (segments) [steps]: after how many steps it is filed; see above
    weight: np.ndarray  # float64 (segments, or 0 if all synapses have their own)
    base: np.ndarray  # int64 (partitions): what is added to the targets of a partition
    targets: np.ndarray  # uint16 (synapses), place in the state, or int32 where a partition has more than 65,536 places
    weights: np.ndarray  # float32 (synapses with a weight each)


class Calendar(NamedTuple):
    """What is due when: for each step, modulo the number of slots, a list of segments."""

    piece: np.ndarray  # int64 (slots, capacity): as in Rows, below 0 in the pool of procedural rows
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
    slots, capacity = calendar.piece.shape
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
            # pieces in the pool are told by their sign
            due, place = _file(-1 - segments.piece[k], segments.delay[k], slot, now, calendar)
            if due >= 0 and calendar.weight.shape[1]:
                calendar.weight[due, place] = segments.weight[k] if segments.weight.size else np.nan
    row = np.int64(source) * rows.partitions + partition
    for k in range(rows.first[row], rows.first[row + 1]):
        due, place = _file(rows.piece[k], rows.delay[k], slot, now, calendar)
        if due >= 0 and rows.weight.size:
            calendar.weight[due, place] = rows.weight[k]
    return FILED


@helper
def _file(piece, delay, slot, now, calendar):
    """File one segment; return its slot and its place there, -1 and 0 where it is past."""
    slots = calendar.count.size
    if delay <= now:
        return -1, 0
    due = slot + np.int64(delay)
    due = due - slots if due >= slots else due
    place = calendar.count[due]
    calendar.piece[due, place] = piece
    calendar.count[due] = place + 1
    calendar.fullest[0] = max(calendar.fullest[0], place + 1)
    return due, place


@helper
def prefetch_segments(source, partition, rows):
    """Ask for the segments of a source that fires soon."""
    row = np.int64(source) * rows.partitions + partition
    first, last = rows.first[row], rows.first[row + 1]
    for k in range(first, last, 8):
        prefetch(rows.piece, k)
    for k in range(first, last, 32):
        prefetch(rows.delay, k)


@helper
def deliver(slot, partition, rows, pool, calendar, state):
    """Add all synapses that are due, segment by segment in the order in which they were filed."""
    targets, weights, own = rows.targets, rows.weights, rows.weights.size
    here, pieces, count = state[rows.base[partition] :], calendar.piece[slot], calendar.count[slot]
    for e in range(count):
        later = pieces[min(e + AHEAD, count - 1)]
        if pool is not None:
            if pieces[e] < 0:
                _deliver_drawn(pieces[e], calendar.weight[slot], e, pool, state)
                continue
            later = max(later, 0)  # what lies in the pool is in the cache: nothing to ask for
        ahead, more = split_piece(later)
        begin, length = split_piece(pieces[e])
        weight = 0.0 if begin < own else calendar.weight[slot, e]
        done = 0
        # the lines of a segment further on are asked for between the events of this one, not at once: the processor keeps
        # a dozen requests at a time, and then stalls
        while done < max(length, more):
            prefetch(targets, ahead + done)
            if ahead < own:
                prefetch(weights, ahead + done)
            low, high = begin + min(done, length), begin + min(done + LINE, length)
            if begin < own:
                for k in range(low, high):
                    here[np.uint64(targets[np.uint64(k)])] += weights[np.uint64(k)]
            else:
                for k in range(low, high):
                    here[np.uint64(targets[np.uint64(k)])] += weight
            done += LINE
    calendar.count[slot] = 0


@helper
def _deliver_drawn(piece, shared, e, pool, state):
    """Add one segment of a procedural row; one with weights of its own has NaN for the weight that is shared."""
    targets, weights = pool.targets, pool.weights
    begin, length = split_piece(-1 - piece)
    if shared.size and shared[e] == shared[e]:
        for k in range(begin, begin + length):
            state[np.uint64(targets[np.uint64(k)])] += shared[e]
    else:
        for k in range(begin, begin + length):
            state[np.uint64(targets[np.uint64(k)])] += weights[np.uint64(k)]
