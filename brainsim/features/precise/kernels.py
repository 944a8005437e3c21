"""The compiled functions of exact spike times: from segments that are due in a step to a list of events for each cell.

`_list_events` repeats the loop of `engine.synapses.delivery`, and must change with it.
"""

import numpy as np

from brainsim.engine.loop.program import CONTINUE, EVENTS_FULL
from brainsim.engine.synapses.calendar import BLOCK, give_back, next_due
from brainsim.engine.synapses.kinds.kind import CALLED, PER_SYNAPSE
from brainsim.engine.synapses.segments import split_piece, tag_of
from brainsim.jit.decorators import helper
from brainsim.jit.records import array_of, array_or_none, by_address, record_at, record_or_none


@by_address
def has_room(events_, progress_):
    """Return EVENTS_FULL unless there is room for the events of each step of the slice that begins."""
    events, p = record_at(events_), record_at(progress_)
    events.due_events = 0
    return _has_room(events, p, record_or_none(events, "calendar"))


@helper
def _has_room(events, p, calendar):
    if calendar is None:
        return np.int64(CONTINUE)
    # nothing more can be filed for this slice, so the events of each of its steps are counted before it begins: in the
    # middle of a step it would be too late to make room
    due, first_block = array_of(calendar.due), array_of(calendar.first_block)
    following, pieces = array_of(calendar.following), array_of(calendar.due_piece)
    full = False
    for point in range(p.step, min(p.step + p.slice, p.stop)):
        slot, number = (point + 1) % due.size, np.int64(0)
        count, at = due[slot], first_block[slot] * BLOCK
        for left in range(count - 1, -1, -1):
            number += split_piece(pieces[at])[1]
            at = next_due(at, left, following)
        events.due_events, events.most_segments = max(events.due_events, number), max(events.most_segments, count)
        # `order` has two halves, between which `_sort` merges
        full |= number > array_of(events.lag).size or count > array_of(events.order).size // 2
    events.most_events = max(events.most_events, events.due_events)
    return np.int64(EVENTS_FULL) if full else np.int64(CONTINUE)


@by_address
def hand_out(events_, progress_):
    """Give each cell the events that arrive in this step, in the order of their times; the first filed comes first."""
    events, p = record_at(events_), record_at(progress_)
    events.number, events.step = 0, p.step + 1
    _note_step(record_or_none(events, "plastic"), p.step + 1)
    _hand_out(events, p, record_or_none(events, "calendar"))
    return 0


@helper
def _note_step(plastic, step):
    if plastic is not None:
        plastic.step = step


@helper
def _hand_out(events, p, calendar):
    if calendar is not None:
        slot = (p.step + 1) % array_of(calendar.due).size
        _list_events(events, calendar, slot, array_or_none(calendar, "values"))
        give_back(slot, calendar)


@helper
def _list_events(events, calendar, slot, values):
    # Stage 1: sort segments by time. All synapses of a segment have one delay, so one lag serves all; equal lags keep the
    # order in which they were filed.
    order, due_lag, pieces = array_of(events.order), array_of(calendar.due_lag), array_of(calendar.due_piece)
    targets, weights, shared = array_of(calendar.targets), array_of(calendar.weights), array_of(calendar.due_weight)
    synapses, entries = array_or_none(events, "synapse"), array_or_none(events, "entry")
    due_entries = array_or_none(calendar, "due_entry")
    count = _list_segments(calendar, slot, order)
    first, number = _sort(order, count, due_lag), np.int64(0)
    # Stage 2: append the synapses of each segment to the lists of their targets. It is the loop of
    # `engine.synapses.delivery._deliver` with another end: a kind of segment that is added there is needed here, too.
    for e in range(first, first + count):
        at = order[e]
        start, length = split_piece(pieces[at])
        own, called = tag_of(pieces[at]) == PER_SYNAPSE, tag_of(pieces[at]) >= CALLED
        # what a synapse whose functions are called sends is only known when its cell has got to the event
        weight = 0.0 if own or called else shared[at]
        for k in range(start, start + length):
            if own:
                weight = np.float64(weights[k]) if values is None else np.float64(values[weights[k]])
            # `owner` and `receptor_of` have an entry for each place of the state, and targets are counted from `base`
            _append(events, number, np.int64(targets[k]) + events.base, weight, due_lag[at])
            note(synapses, number, k if called else np.int64(-1))
            note(entries, number, _entry_of(due_entries, at))
            number += 1
    events.number = number


@helper
def note(values, number, value):
    """Note something of an event, if there is an array for it."""
    if values is not None:
        values[number] = value


@helper
def _entry_of(entries, at):
    if entries is None:
        return 0
    return entries[at]


@helper
def _list_segments(calendar, slot, order):
    """List where in the calendar the segments of a slot are, in the order in which they were filed; return their number."""
    count, at, following = (
        array_of(calendar.due)[slot],
        array_of(calendar.first_block)[slot] * BLOCK,
        array_of(calendar.following),
    )
    for k in range(count):
        # the first half of `order`, from which `_sort` begins
        order[k] = at
        at = next_due(at, count - 1 - k, following)
    return count


@helper
def _sort(order, count, lags):
    """Sort segments by their lags, the largest first; equal ones keep their order. Return where they then begin."""
    # merge sort from one half of `order` to the other and back; `now` is where the runs begin
    now, width, half = np.int64(0), np.int64(1), order.size // 2
    while width < count:
        to = half - now
        for low in range(0, count, 2 * width):
            _merge(order, now + low, now + min(low + width, count), now + min(low + 2 * width, count), to + low, lags)
        now, width = to, 2 * width
    return now


@helper
def _merge(order, first, second, stop, at, lags):
    """Write two sorted runs, from `first` and from `second` on, as one from `at` on."""
    a, b = first, second
    for k in range(at, at + stop - first):
        # of equal lags, the one from the first run goes first
        if b >= stop or (a < second and lags[order[a]] >= lags[order[b]]):
            order[k] = order[a]
            a += 1
        else:
            order[k] = order[b]
            b += 1


@helper
def _append(events, number, place, weight, lag):
    """Append an event to the list of its cell."""
    # a list is a chain of numbers of events, see `operator`; events come in the order of their times: each is now the last
    head, tail, following = array_of(events.head), array_of(events.tail), array_of(events.following)
    cell = array_of(events.owner)[place]
    array_of(events.receptor)[number] = array_of(events.receptor_of)[place]
    array_of(events.weight)[number], array_of(events.lag)[number], following[number] = weight, lag, -1
    if head[cell] < 0:
        head[cell] = number
    else:
        following[tail[cell]] = number
    tail[cell] = number
