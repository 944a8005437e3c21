"""Procedural synapses: the row of a source is sampled again at each of its spikes, and nothing is stored.

The row lies in a pool, a ring of synapses, until the last of its events has been delivered; its segments are filed like
stored ones. The same functions sample stored and procedural rows, so the events are the same to the bit, and in order.
"""

import numpy as np

from brainsim.engine.loop.program import POOL_FULL
from brainsim.engine.loop.room import Room
from brainsim.engine.synapses.kinds.kind import PER_SYNAPSE, PROCEDURAL, PROCEDURAL_SHARED, add_weight, add_weights
from brainsim.engine.synapses.kinds.registry import Classes
from brainsim.engine.synapses.near import most_candidates
from brainsim.engine.synapses.projections import projection_fields, shared_weights
from brainsim.engine.synapses.sampling import sample_row, workspace_fields
from brainsim.engine.synapses.segments import (
    LENGTH_BITS,
    START_BITS,
    TAGS,
    max_segments,
    segment_fields,
    sort_row,
    split_piece,
    store_row,
)
from brainsim.jit.decorators import helper
from brainsim.jit.records import Context, Scratch, array_of, by_address, record_at

MIN_ROOM = 1 << 16  # synapses, the initial room of a pool


@by_address  # called by address, it is compiled once, and not again in each function that files spikes, for 3 s
def resample(pool_):
    """Sample the synapses of ``pool.source`` onto ``pool.partition`` into the pool; return the number of segments.

    Returns -1, and changes nothing, without room or if a delay is too long, see `pool.error`.
    """
    pool = record_at(pool_)
    source, partition = pool.source, pool.partition
    targets, weights, row_at = array_of(pool.targets), array_of(pool.weights), array_of(pool.row_at)
    for c in range(pool.classes):
        row_at[c] = 0
    count = sample_row(source, pool, partition, targets)
    head = _room(count, pool.head, pool.tail, targets.size)
    if head < 0 or pool.error > 0:
        return np.int64(-1)
    # the classes lie one after the other
    keys, parts = array_of(pool.sort_key), array_of(pool.parts)
    border = (partition * pool.classes + 1) * pool.delays * pool.origins
    first = np.int64(0)
    for k in range(count):
        first += keys[k] < border
    for c in range(pool.classes):
        row_at[c] = head + (first if c else 0)
    written = store_row(count, sort_row(count, pool), pool, pool, targets, weights, np.int64(0), parts)
    pool.head = head + count
    return written


@helper
def _room(count, head, tail, size):
    """Return the offset at which `count` synapses fit, -1 if none; the ring is never full: head = tail means empty."""
    if head < tail:
        return head if head + count < tail else np.int64(-1)
    if head + count <= size:
        return head
    return np.int64(0) if count < tail else np.int64(-1)


@helper
def free_rows(now, pool):
    """Give back the room of rows whose events are all delivered before step `now`."""
    marks = array_of(pool.marks)
    for step in range(pool.marked + 1, now):
        marks[step % marks.size] = pool.head
    pool.marked = now - 1
    # one mark is kept for each step of the longest delay, and one before
    pool.tail = marks[now % marks.size]


@helper
def add_procedural(piece, tag, weight, pool, state):
    """Add the events of one segment of a procedural row."""
    targets, weights = array_of(pool.targets), array_of(pool.weights)
    start, length = split_piece(piece)
    if tag == PROCEDURAL_SHARED:
        add_weight(state, targets, weight, start, start + length)
    else:
        add_weights(state, targets, weights, start, start + length)


class Procedural:
    """The procedural projections of a network; each partition has a pool of their rows.

    The synapses of the plans were counted, in the column `counts`.
    """

    def __init__(self, layout, plans, counts):
        self.layout, self.plans = layout, plans
        self.classes = Classes(plans, lambda plan: PROCEDURAL + (plan.kind.tag != PER_SYNAPSE))
        self._fields = projection_fields(layout, plans, counts, self.classes)
        total = np.zeros(layout.n_cells, np.int64)
        for plan in plans:
            total[plan.sources] += plan.counts
        self.longest_row = int(total.max(initial=0))

    def new_pool(self, longest, partition):
        """Return an empty pool of a partition, for delays up to `longest` steps; what is sampled from is shared."""
        layout, row, f = self.layout, self.longest_row, self._fields
        segments = int(max_segments(row, 1, self.classes.number, f["delays"], f["origins"]))
        shared, room = np.array([*shared_weights(self.plans).values()]), max(MIN_ROOM, 2 * row)
        of_row = segment_fields(segments, shared.size > 0, layout.delay_type)  # of the row that was sampled last
        return Context(
            **f,
            **workspace_fields(
                row,
                max(plan.posts.size for plan in self.plans),
                self.classes.number,
                most_candidates(plan.projection for plan in self.plans),
            ),
            **{name: values.view(Scratch) for name, values in of_row.items()},
            shared=shared,
            tags=np.array(self.classes.tags, np.int64),
            parts=np.zeros(len(layout.own), np.int64),  # scratch
            base=np.zeros(len(layout.own), np.int64),  # targets are counted from the start of the state
            targets=np.zeros(room, np.int32),
            weights=np.zeros(room, np.float32),
            source=0,  # of the row that `resample` samples
            partition=partition,
            head=0,  # where the next row goes
            tail=0,  # where the oldest row that is needed starts
            marked=0,  # the last step that is marked
            marks=np.zeros(longest + 2, np.int64),  # the head after the spikes up to a step were filed, modulo their number
        )

    def check(self, pool):
        """Raise ValueError if the row that a pool sampled last has a delay that is longer than the calendar."""
        if pool["error"]:
            self.plans[int(pool["error"]) - 1].reject_delay()


def empty(pool, step):
    """Forget all rows and go to `step`."""
    pool["head"] = pool["tail"] = pool["error"] = 0
    pool["marked"] = step - 1
    pool["marks"][:] = 0


def pool_room(pool, calendar, check):
    """Return how a pool gets twice the room and keeps its rows; ``check(pool)`` may raise an error about the last row."""
    ring = {name: (pool, name) for name in ("targets", "weights", "marks", "head", "tail")}
    return Room(
        POOL_FULL,
        ((pool, "targets"), (pool, "weights")),
        after=unroll,
        arguments=ring | {"pieces": (calendar, "due_piece")},
        check=lambda: check(pool),
    )


@by_address
def unroll(room_):
    """Move what lies at the front of the ring behind its old end; offsets in the calendar move with it."""
    r = record_at(room_)
    targets, weights, marks, pieces = array_of(r.targets), array_of(r.weights), array_of(r.marks), array_of(r.pieces)
    size, head = targets.size // r.factor, r.head
    if r.tail <= head:
        return 0
    for k in range(head):
        targets[size + k], weights[size + k] = targets[k], weights[k]
    # free blocks change as well, which does not matter
    for k in range(pieces.size):
        tag = pieces[k] >> LENGTH_BITS & (TAGS - 1)
        if tag in (PROCEDURAL, PROCEDURAL_SHARED) and pieces[k] >> START_BITS < head:
            pieces[k] += size << START_BITS
    for k in range(marks.size):
        if marks[k] <= head:
            marks[k] += size
    r.head = head + size
    return 0
