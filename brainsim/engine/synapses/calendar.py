"""The calendar: which segments are due when. For each step, modulo the number of slots, a chain of blocks of segments.

All slots take their blocks from one store and give them back, so its size follows what is under way. A table of slots with
equal room each took 0.9 GB when 20,000 cells with delays of 100 ms fired at once.

There is a slot for each step of the longest delay (`Synapses.longest`, which includes `Layout.extra_step`), and one for the
step that is being filed (`arrivals` makes them). So a delay is less than the number of slots, and ``slot + delay`` wraps at
most once; a longer one would be due too early, and is not looked for here.
"""

import numpy as np

from brainsim.engine.loop.program import CALENDAR_FULL
from brainsim.engine.loop.room import Room, chain
from brainsim.jit.decorators import helper
from brainsim.jit.records import array_of

BLOCK = 128  # segments
FIRST_BLOCKS = 64  # initial size of a calendar
FILED = ("due_piece", "due_weight", "due_entry", "due_lag")  # of each segment that is filed
FIELDS = (*FILED, "following", "due", "first_block", "last_block", "free_block", "free_blocks")


def calendar_fields(slots, weighted, dtype, blocks=FIRST_BLOCKS, entries=False, lags=False):
    """Return an empty calendar as fields of a record.

    `weighted` is whether any segment has a weight that synapses share, `entries` whether any kind of synapses notes to which
    spike a segment belongs, `lags` whether events arrive within steps.
    """
    return {
        **({"due_entry": np.zeros(blocks * BLOCK, np.int64)} if entries else {}),
        **({"due_lag": np.zeros(blocks * BLOCK)} if lags else {}),  # how long before the end of the step [ms]
        "due_piece": np.zeros(blocks * BLOCK, np.int64),  # see `segments.make_piece`
        "due_weight": np.zeros(blocks * BLOCK if weighted else 0, dtype),  # of the state's type
        "following": np.zeros(blocks, np.int64),  # the next block of the chain, or of those that are free
        "due": np.zeros(slots, np.int64),  # how many segments there are
        "first_block": np.zeros(slots, np.int64),
        "last_block": np.zeros(slots, np.int64),  # the block that is being filled
        "free_block": 0,  # the first free block, and how many are free
        "free_blocks": 0,
    }


def clear_calendar(calendar):
    """Forget all that is filed in the calendar of a Context."""
    blocks = calendar["following"].size
    calendar["due"][:] = 0
    calendar["following"][:] = np.arange(1, blocks + 1)
    calendar["free_block"], calendar["free_blocks"] = 0, blocks


def calendar_room(calendar):
    """Return how the calendar of a Context gets twice as many blocks and keeps its content."""
    names = ("following", *(name for name in FILED if name in calendar.kind.names))
    free = {"free": (calendar, "free_block"), "number": (calendar, "free_blocks")}
    return Room(
        CALENDAR_FULL,
        tuple((calendar, name) for name in names),
        after=chain,
        arguments={"links": (calendar, "following"), "stride": 1, "offset": 0, **free},
    )


@helper
def file_segment(piece, delay, slot, now, c, arrays):
    """File one segment; return its index in the calendar, -1 if it is past.

    The caller reads the arrays ``due, first_block, last_block, following, due_piece`` from the record `c` once for a spike:
    what is written might be the record, so they would be read again for each segment.
    """
    due, first_block, last_block, following, due_piece = arrays
    slots = due.size
    if delay <= now:
        return np.int64(-1)
    at = slot + np.int64(delay)
    at = at - slots if at >= slots else at
    count = due[at]
    due[at] = count + 1
    block, index = last_block[at], count % BLOCK
    if index == 0:
        fresh = c.free_block
        c.free_block = following[fresh]
        c.free_blocks -= 1
        if count == 0:
            first_block[at] = fresh
        else:
            following[block] = fresh
        last_block[at] = block = fresh
    due_piece[block * BLOCK + index] = piece
    return block * BLOCK + index


@helper
def next_due(at, left, following):
    """Return where in the calendar the segment is that follows one of a slot; the same if none are `left`."""
    if left == 0:
        return at
    return at + 1 if (at + 1) % BLOCK else following[at // BLOCK] * BLOCK


@helper
def give_back(slot, c):
    """Give back the blocks of a slot whose segments are all delivered."""
    due, following = array_of(c.due), array_of(c.following)
    if due[slot] > 0:
        following[array_of(c.last_block)[slot]] = c.free_block
        c.free_block = array_of(c.first_block)[slot]
        c.free_blocks += (due[slot] + BLOCK - 1) // BLOCK
    due[slot] = 0
