"""Synapses that are not kept: the row of a source is drawn again at each of its spikes.

The drawn row lies in a pool, a ring of synapses, until the last of its events has been delivered; its segments are filed
like stored ones. The same functions draw stored and procedural rows, so the events are the same to the bit, and in order.
"""

from typing import NamedTuple

import numpy as np

from brainsim.engine.assembly import LENGTH_BITS, Segments, most_segments, sort_row, store_row
from brainsim.engine.drawing import Desk, Plans, draw_row
from brainsim.engine.plans import new_desk, shared_weights
from brainsim.jit.decorators import helper

HEAD, TAIL, MARKED = 0, 1, 2  # places in Pool.at
FEWEST = 1 << 16  # synapses that a pool has room for at first


class Pool(NamedTuple):
    """Rows that are under way."""

    plans: Plans
    desk: Desk
    shared: np.ndarray  # float64: the weights that are shared
    segments: Segments  # of the row that was drawn last
    parts: np.ndarray  # int64 (partitions): scratch
    base: np.ndarray  # int64 (partitions) of zeros: targets are counted from the start of the state
    targets: np.ndarray  # int32 (room): place in the state
    weights: np.ndarray  # float32 (room)
    at: np.ndarray  # int64 (3): where the next row goes, where the oldest one that is needed begins, the last step marked
    marks: np.ndarray  # int64 (steps): where the next row went after the spikes up to a step were filed, modulo their number


@helper
def draw_again(source, partition, pool):
    """Draw the synapses of a source onto a partition into the pool; return its number of segments.

    Returns -1, and changes nothing, without room or where a delay is too long, which `pool.desk.clock` says.
    """
    plans, desk, at = pool.plans, pool.desk, pool.at
    count = draw_row(source, plans, partition, pool.targets, np.int64(0), np.int64(0), desk)
    head = _room(count, at[HEAD], at[TAIL], pool.targets.size)
    if head < 0 or desk.clock[1] > 0:
        return -1
    border, own = (2 * partition + 1) * plans.delays * plans.origins, np.int64(0)
    for k in range(count):
        own += desk.key[k] < border
    written = store_row(
        count,
        sort_row(count, desk),
        plans,
        head,
        head + own,
        pool.base,
        pool.targets,
        pool.weights,
        pool.shared,
        pool.segments,
        np.int64(0),
        pool.parts,
        desk,
    )
    at[HEAD] = head + count
    return written


@helper
def _room(count, head, tail, size):
    """Return where `count` synapses can go, -1 if nowhere. The ring is never full, so head = tail means that it is empty."""
    if head < tail:
        return head if head + count < tail else -1
    if head + count <= size:
        return head
    return 0 if count < tail else -1


@helper
def free_rows(now, pool):
    """Give back the room of rows whose events are all delivered before step `now`."""
    at, marks = pool.at, pool.marks
    for step in range(at[MARKED] + 1, now):
        marks[step % marks.size] = at[HEAD]
    at[MARKED] = now - 1
    # one mark is kept for each step of the longest delay, and one before
    at[TAIL] = marks[now % marks.size]


def new_pool(layout, plans, arrays, row, longest):
    """Return an empty Pool for the projections of a list of Plan, of which `arrays` are made; pools may share those.

    The longest row has `row` synapses, the longest delay of the network `longest` steps.
    """
    segments = int(most_segments(row, 1, arrays))
    shared = np.array(shared_weights(plans))
    return Pool(
        arrays,
        new_desk(row, max(plan.posts.size for plan in plans)),
        shared,
        Segments(np.empty(segments, np.int64), np.empty(segments, np.uint16), np.empty(segments if shared.size else 0)),
        np.zeros(layout.partitions, np.int64),
        np.zeros(layout.partitions, np.int64),
        *_room_for(max(FEWEST, 2 * row)),
        np.zeros(3, np.int64),
        np.zeros(longest + 2, np.int64),
    )


def empty(pool, step):
    """Forget all rows and stand at `step`."""
    pool.at[:] = 0, 0, step - 1
    pool.marks[:] = 0
    pool.desk.clock[1] = 0


def grown(pool, calendar):
    """Return a pool with twice the room and the same rows; their places in the calendar move with them."""
    size, head = pool.targets.size, int(pool.at[HEAD])
    targets, weights = _room_for(2 * size)
    targets[:size], weights[:size] = pool.targets, pool.weights
    if pool.at[TAIL] > head:
        # the ring goes on at the front: what lies there moves behind the old end
        targets[size : size + head], weights[size : size + head] = pool.targets[:head], pool.weights[:head]
        # in blocks that are free as well, where it does not matter
        moved = (calendar.piece < 0) & (-1 - calendar.piece < head << LENGTH_BITS)
        calendar.piece[moved] -= size << LENGTH_BITS
        pool.marks[pool.marks <= head] += size
        pool.at[HEAD] += size
    return pool._replace(targets=targets, weights=weights)


def _room_for(synapses):
    return np.empty(synapses, np.int32), np.empty(synapses, np.float32)
