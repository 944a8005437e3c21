"""Delivery: from spikes to the inputs of their targets.

Synapses are sorted by source, and within a source by partition and delay. A run of one source, partition and delay is a
*segment*. A spike files its segments into a calendar under the step at which they are due; at that step the weights of each
segment are added to the state. So the scattered writes hit one array that stays in the second-level cache, where a ring
buffer of inputs times delays would not: 2.0 ns per synaptic event against 6.7 (float32) to 9.6 (float64).

Weights and targets are columns of their own. Side by side, segment by segment, they would begin and end in fewer cache
lines, but delivery in the microcircuit then takes a fifth longer: what lies side by side is due one step after the other, so
the lines that two segments share are in the cache anyway.

Where an event is added: a current or a conductance to its variable of the state, after the cells have moved to the step at
which it is due; what acts on the threshold at once (delta synapses) to a buffer that the kernel reads during that move. Both
happen at one point of the loop, between two moves, so the delay of the former is filed one step longer.
"""

from typing import NamedTuple

import numpy as np

from brainsim.engine.assembly import split_piece
from brainsim.engine.procedural import draw_again
from brainsim.jit.decorators import helper
from brainsim.jit.intrinsics import prefetch

AHEAD = 4  # how many segments ahead synapses are asked for
LINE = 16  # synapses whose weights fill a cache line
BLOCK = 128  # segments


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
    """What is due when: for each step, modulo the number of slots, a chain of blocks of segments.

    All slots take their blocks from one store and give them back, so its size follows what is under way. A table of slots
    with equal room each took 0.9 GB where 20,000 cells with delays of 100 ms fired at once.
    """

    piece: np.ndarray  # int64 (blocks, BLOCK): as in Rows, below 0 in the pool of procedural rows
    weight: np.ndarray  # of the state's type (blocks, BLOCK), or (blocks, 0) if all synapses have their own
    following: np.ndarray  # int64 (blocks): the next block of the chain, or of those that are free
    count: np.ndarray  # type: ignore[assignment]  # int64 (slots): how many segments there are
    first: np.ndarray  # int64 (slots): the first block of the chain
    last: np.ndarray  # int64 (slots): the block that is being filled
    free: np.ndarray  # int64 (2): the first free block, and how many are free


# what filing a spike can say
FILED, CALENDAR_FULL, POOL_FULL = 0, 1, 2


@helper
def file_spike(source, partition, slot, now, rows, pool, calendar):
    """File the segments of a spike that happened at the step of `slot`; those filed under `slot + now` or before are past.

    Returns CALENDAR_FULL or POOL_FULL, with nothing filed, where there may not be enough blocks or room in the pool.
    """
    row = np.int64(source) * rows.partitions + partition
    most = rows.first[row + 1] - rows.first[row]
    if pool is not None:
        most += pool.segments.piece.size
    # each slot may have a block begun, and one more is begun for each BLOCK segments
    if calendar.free[1] < min(most, calendar.count.size + most // BLOCK + 1):
        return CALENDAR_FULL
    if pool is not None:
        drawn = draw_again(source, partition, pool)
        if drawn < 0:
            return POOL_FULL
        segments = pool.segments
        for k in range(drawn):
            # pieces in the pool are told by their sign
            block, place = _file(-1 - segments.piece[k], segments.delay[k], slot, now, calendar)
            if block >= 0 and calendar.weight.shape[1]:
                calendar.weight[block, place] = segments.weight[k] if segments.weight.size else np.nan
    for k in range(rows.first[row], rows.first[row + 1]):
        block, place = _file(rows.piece[k], rows.delay[k], slot, now, calendar)
        if block >= 0 and rows.weight.size:
            calendar.weight[block, place] = rows.weight[k]
    return FILED


@helper
def _file(piece, delay, slot, now, calendar):
    """File one segment; return its block and its place there, -1 and 0 where it is past."""
    slots = calendar.count.size
    if delay <= now:
        return -1, 0
    due = slot + np.int64(delay)
    due = due - slots if due >= slots else due
    count = calendar.count[due]
    calendar.count[due] = count + 1
    block, place = calendar.last[due], count % BLOCK
    if place == 0:
        fresh = calendar.free[0]
        calendar.free[0] = calendar.following[fresh]
        calendar.free[1] -= 1
        if count == 0:
            calendar.first[due] = fresh
        else:
            calendar.following[block] = fresh
        calendar.last[due] = block = fresh
    calendar.piece[block, place] = piece
    return block, place


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
    """Add all synapses that are due, segment by segment in the order in which they were filed, and give the blocks back."""
    targets, weights, own = rows.targets, rows.weights, rows.weights.size
    here, count = state[rows.base[partition] :], calendar.count[slot]
    block = calendar.first[slot]
    for begun in range(0, count, BLOCK):
        pieces, shared, after = calendar.piece[block], calendar.weight[block], calendar.following[block]
        for e in range(min(np.int64(BLOCK), count - begun)):
            further = min(e + AHEAD, count - begun - 1)
            later = pieces[further] if further < BLOCK else calendar.piece[after, further - BLOCK]
            if pool is not None:
                if pieces[e] < 0:
                    _deliver_drawn(pieces[e], shared, e, pool, state)
                    continue
                later = max(later, 0)  # what lies in the pool is in the cache: nothing to ask for
            ahead, more = split_piece(later)
            begin, length = split_piece(pieces[e])
            weight = 0.0 if begin < own else shared[e]
            done = 0
            # the lines of a segment further on are asked for between the events of this one, not at once: the processor
            # keeps a dozen requests at a time, and then stalls
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
        block = after
    if count > 0:
        calendar.following[calendar.last[slot]] = calendar.free[0]
        calendar.free[0] = calendar.first[slot]
        calendar.free[1] += (count + BLOCK - 1) // BLOCK
    calendar.count[slot] = 0


def new_calendar(slots, blocks, weighted, dtype):
    """Return an empty Calendar; `weighted` is whether any segment has a weight that its synapses share."""
    calendar = Calendar(
        np.empty((blocks, BLOCK), np.int64),
        np.empty((blocks, BLOCK if weighted else 0), dtype),
        np.empty(blocks, np.int64),
        np.zeros(slots, np.int64),
        np.zeros(slots, np.int64),
        np.zeros(slots, np.int64),
        np.zeros(2, np.int64),
    )
    clear_calendar(calendar)
    return calendar


def clear_calendar(calendar):
    """Forget all that is filed."""
    blocks = len(calendar.piece)
    calendar.count[:] = 0
    calendar.following[:] = np.arange(1, blocks + 1)
    calendar.free[:] = 0, blocks


def grown_calendar(calendar):
    """Return a calendar with the same content and twice the blocks."""
    old = len(calendar.piece)
    blocks = 2 * old
    piece, weight = (np.empty((blocks, a.shape[1]), a.dtype) for a in (calendar.piece, calendar.weight))
    piece[:old], weight[:old] = calendar.piece, calendar.weight
    # the new blocks go before the free ones
    following = np.concatenate([calendar.following, np.arange(old + 1, blocks + 1)])
    following[-1] = calendar.free[0]
    calendar.free[:] = old, calendar.free[1] + old
    return calendar._replace(piece=piece, weight=weight, following=following)


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
