"""The compiled functions of cells at rest: who is reached in a slice, who moves into a lane, and the steps of the lanes.

All of them work on the record of a `Stretch`, or on that of the partition's `Resting`; their fields are described there.
`deliver` repeats the loop of `engine.synapses.delivery`, and must change with it.
"""

import numpy as np

from brainsim.engine.synapses.calendar import BLOCK, give_back, next_due
from brainsim.engine.synapses.kinds.kind import PER_SYNAPSE
from brainsim.engine.synapses.segments import split_piece, tag_of
from brainsim.jit.decorators import helper
from brainsim.jit.intrinsics import call_address, prefetch
from brainsim.jit.records import address_of, array_of, array_or_none, by_address, record_at, record_or_none

LINE, AHEAD = 16, 64  # targets in a cache line; how many of the next segment are requested
GAPS = (701, 301, 132, 57, 23, 10, 4, 1)  # of Ciura (2001), for sorting the few spikes of a step


@by_address
def find_reached(resting_, progress_):
    """List the cells that an event reaches in the slice that begins; in FILE, or in BEGIN_SLICE at the start of a chunk."""
    c, p = record_at(resting_), record_at(progress_)
    if c.turned != p.step:
        if c.turned >= 0:  # at the start of a chunk, cells for which events are waiting are listed already
            array_of(c.found)[0] = 0
        c.turned = p.step
        _find_reached(c, p, record_or_none(c, "arrivals"))
    return 0


@helper
def _find_reached(c, p, calendar):
    # A target is counted from the base of the partition, `owner` from the first place to which events are added; `shift` is
    # the distance of the two. What `owner` names, and the index of `reached`, is a cell counted through all stretches.
    targets, pieces, following = array_of(calendar.targets), array_of(calendar.due_piece), array_of(calendar.following)
    due, first_block = array_of(calendar.due), array_of(calendar.first_block)
    owner, reached, listed, found = array_of(c.owner), array_of(c.reached), array_of(c.listed), array_of(c.found)
    number, shift = found[0], np.uint64(c.shift)
    # at the start of a chunk, the events of the point that is reached have been delivered and are no longer in the calendar
    for point in range(p.step, min(p.step + p.slice, p.stop)):
        slot = (point + 1) % due.size
        at = first_block[slot] * BLOCK
        for left in range(due[slot] - 1, -1, -1):
            after = next_due(at, left, following)
            start, length = split_piece(pieces[at])
            ahead, more = split_piece(pieces[after])
            for line in range(0, min(more, np.int64(AHEAD)), LINE):
                prefetch(targets, ahead + line)
            for k in range(start, start + length):
                # without a branch, which the processor would guess wrong for each third event: 4 instead of 8 ns
                cell = owner[np.uint64(targets[np.uint64(k)]) + shift]
                # each cell is written behind the list, which grows only if the cell was not reached before
                listed[number] = cell
                number += np.int64(1) - reached[np.uint64(cell)]
                reached[np.uint64(cell)] = 1
            at = after
    found[0] = number


@by_address
def turn(stretch_, progress_):
    """Begin a slice: cells leave their lanes, those that are reached get one, and all others make the steps of the slice."""
    c, p = record_at(stretch_), record_at(progress_)
    if c.turned == p.step:
        return 0
    c.turned = p.step
    steps = min(p.slice, p.stop - p.step)
    # Stage 1: the lanes of the last slice are given up
    leave_lanes(c)
    if steps <= 0:
        bring_back(c)
        return 0
    # Stage 2: cells that are reached copy their state into lanes, behind those of driven cells
    _list_reached(c)
    enter_lanes(c, c.driven)
    # Stage 3: all slots make the steps of the slice. Those that are refractory or would fire get their state back, and are
    # listed as stirred; those that are in lanes move as well, and are overwritten when they leave these.
    c.steps, c.since, c.stirred_number = steps, c.turned, 0
    call_address(c.quiet, (address_of(c), address_of(p)))
    stirred, slots, begin = array_of(c.stirred), array_of(c.slot_of_lane), c.lanes_used
    cells, cell_of = array_of(c.cell_of_lane), array_of(c.cell_of_slot)
    # Stage 4: cells that are stirred get lanes behind the others, and make their steps one by one, without events
    for k in range(c.stirred_number):
        slots[begin + k], cells[begin + k] = stirred[k], cell_of[stirred[k]]
    c.lanes_used = begin + c.stirred_number
    enter_lanes(c, begin)
    c.fresh = 0
    c.lane_steps += steps * c.lanes_used
    array_of(c.kernel_count)[0] = c.lanes_used
    return 0


@helper
def _list_reached(c):
    """Give lanes to the cells of the stretch that are listed, and slots to those of them that were at rest."""
    listed, reached, number, slots = array_of(c.listed), array_of(c.reached), array_of(c.found)[0], array_of(c.slot_of_cell)
    lanes, cells, entered = array_of(c.slot_of_lane), array_of(c.cell_of_lane), array_of(c.entered)
    lane, now = c.driven, np.int32(c.turned)
    for k in range(number):
        cell = listed[k] - c.begin
        if cell >= 0 and cell < c.stride:
            # for the next slice
            reached[listed[k]] = 0
            slot = slots[cell]
            if slot < 0:
                slot = new_slot(c, cell)
            entered[slot], lanes[lane], cells[lane] = now, slot, cell
            lane += 1
    c.lanes_used = lane


@helper
def new_slot(c, cell):
    """Return a slot for a cell that was at rest, in which it is advanced from now on."""
    state, natural = array_of(c.state), array_of(c.natural_state)
    arrays, constants = array_of(c.arrays), array_of(c.natural_arrays)
    slot = c.count
    c.count = slot + 1
    array_of(c.slot_of_cell)[cell], array_of(c.cell_of_slot)[slot], array_of(c.entered)[slot] = slot, cell, -1
    array_of(c.refractory)[slot] = 0
    # variable i of all slots is a row of `stride` numbers; of the network's cells, one of
    # `natural_stride`
    for i in range(c.variables):
        state[i * c.stride + slot] = natural[i * c.natural_stride + cell]
    for i in range(c.constant_rows):
        arrays[i * c.stride + slot] = constants[i * c.natural_stride + cell]
    return slot


@helper
def enter_lanes(c, begin):
    """Let the cells in lanes from `begin` on be advanced step by step: their state moves there, and their events go there.

    One row is copied after the other: cell by cell, the addresses of all rows would be read again for each, which takes
    twice as long.
    """
    slots, cells, end, n = array_of(c.slot_of_lane), array_of(c.cell_of_lane), c.lanes_used, c.stride
    waits, waiting = array_of(c.refractory), array_of(c.lanes_refractory)
    for lane in range(begin, end):
        waiting[lane] = waits[np.uint64(slots[lane])]
    _copy_rows(array_of(c.state), array_of(c.lanes_state), slots, c.variables, n, begin, end)
    _copy_rows(array_of(c.arrays), array_of(c.lanes_arrays), slots, c.constant_rows, n, begin, end)
    # in the first slice of a chunk, events of the step before may be in the buffers that kernels read
    if c.fresh:
        _take_inputs(c, begin)
    redirect, places = array_of(c.redirect), array_of(c.places)
    # `places` has two numbers for each row of events: where the row begins in `redirect`, and in the lanes of all stretches
    for r in range(0, places.size, 2):
        first, at = places[r], places[r + 1]
        for lane in range(begin, end):
            redirect[np.uint64(first + cells[lane])] = at + lane


@helper
def _copy_rows(source, target, places, rows, n, begin, end):
    for i in range(rows):
        for lane in range(begin, end):
            target[np.uint64(i * n + lane)] = source[np.uint64(i * n + places[lane])]


@helper
def _take_inputs(c, begin):
    """Take the events that wait for the next step, as they may at the start of a chunk; later, the kernel has used all."""
    inputs, own, cells = array_of(c.lanes_inputs), array_of(c.natural_inputs), array_of(c.cell_of_lane)
    for i in range(c.inputs):
        for lane in range(begin, c.lanes_used):
            inputs[i * c.stride + lane] = own[i * c.natural_width + cells[lane]]
            own[i * c.natural_width + cells[lane]] = 0.0


@helper
def leave_lanes(c):
    """Copy the state of cells in lanes back to their slots; the events of a slice are used up when it ends.

    The redirection of their events stays until the chunk ends: they get none until they are in other lanes.
    """
    state, lanes, slots, n = array_of(c.state), array_of(c.lanes_state), array_of(c.slot_of_lane), c.stride
    waits, waiting, begin, end = array_of(c.refractory), array_of(c.lanes_refractory), c.driven, c.lanes_used
    # row by row, as in `enter_lanes`; driven cells, which are the first, stay in their lanes
    for i in range(c.variables):
        for lane in range(begin, end):
            state[np.uint64(i * n + slots[lane])] = lanes[np.uint64(i * n + lane)]
    for lane in range(begin, end):
        waits[np.uint64(slots[lane])] = waiting[lane]
    c.lanes_used = begin


@helper
def bring_back(c):
    """Copy all slots back to the state, at the end of a chunk, and let events go there."""
    state, natural, cells = array_of(c.state), array_of(c.natural_state), array_of(c.cell_of_slot)
    slots, waits, waiting = array_of(c.slot_of_cell), array_of(c.natural_refractory), array_of(c.refractory)
    redirect, places = array_of(c.redirect), array_of(c.places)
    for slot in range(c.count):
        cell = cells[slot]
        # from here on the cell is at rest as far as is known; the next chunk tries a step to find out
        slots[cell] = -1
        waits[cell] = waiting[slot]
        for i in range(c.variables):
            natural[i * c.natural_stride + cell] = state[i * c.stride + slot]
        for r in range(0, places.size, 2):
            redirect[places[r] + cell] = -1


@by_address
def step_lanes(stretch_, progress_):
    """Advance the cells in lanes by one step with their kernel; those that are driven or recorded are in the state, too."""
    c, p = record_at(stretch_), record_at(progress_)
    if c.lanes_used == 0:
        return 0
    _take_driven(c)
    # the kernel appends numbers of lanes to the list of spikes
    before = p.total
    call_address(c.kernel, (c.kernel_record, address_of(p)))
    _give_driven(c)
    if p.total > before:
        begin = p.parity * p.capacity
        spikes, cells = array_of(p.spikes)[begin + before : begin + p.total], array_of(c.cell_of_lane)
        for k in range(spikes.size):
            # The order of lanes is that in which events came. Spikes are filed, and so added, in the order of cells: sorted,
            # the sums have the same bits as if all cells were visited.
            spikes[k] = c.first + cells[spikes[k]]
        _sort(spikes)
    return 0


@helper
def _take_driven(c):
    natural, lanes, cells = array_of(c.natural_state), array_of(c.lanes_state), array_of(c.cell_of_lane)
    own, inputs, n = array_of(c.natural_inputs), array_of(c.lanes_inputs), c.stride
    waits, waiting = array_of(c.natural_refractory), array_of(c.lanes_refractory)
    injected, current = array_of(c.natural_current), array_of(c.lanes_current)
    # other operators have changed these cells in the arrays of the network, so all of them is read again in each step: what
    # is injected and what has arrived, too, which the buffer then forgets, as it does when the ordinary kernel reads it
    for lane in range(c.driven):
        cell = cells[lane]
        waiting[lane], current[lane] = waits[cell], injected[cell]
        for i in range(c.variables):
            lanes[i * n + lane] = natural[i * c.natural_stride + cell]
        for i in range(c.inputs):
            inputs[i * n + lane] = own[i * c.natural_width + cell]
            own[i * c.natural_width + cell] = 0.0


@helper
def _give_driven(c):
    natural, lanes, cells = array_of(c.natural_state), array_of(c.lanes_state), array_of(c.cell_of_lane)
    waits, waiting = array_of(c.natural_refractory), array_of(c.lanes_refractory)
    # recorders and other operators look for them there after each step
    for lane in range(c.driven):
        waits[cells[lane]] = waiting[lane]
        for i in range(c.variables):
            natural[i * c.natural_stride + cells[lane]] = lanes[i * c.stride + lane]


@helper
def _sort(values):
    # Shell's sort: in place, and short for the few spikes of a step
    for gap in GAPS:
        for k in range(gap, values.size):
            value, j = values[k], k
            while j >= gap and values[j - gap] > value:
                values[j] = values[j - gap]
                j -= gap
            values[j] = value


@by_address
def deliver(resting_, progress_):
    """Add all synapses that are due, in the order of `delivery.deliver`: to lanes, or to the state for cells without one."""
    c, p = record_at(resting_), record_at(progress_)
    calendar = record_or_none(c, "arrivals")
    slot = (p.step + 1) % array_of(calendar.due).size
    _deliver(c, slot, calendar, array_or_none(calendar, "values"))
    give_back(slot, calendar)
    return 0


@helper
def _deliver(c, slot, calendar, values):
    # This loop is that of `engine.synapses.delivery._deliver` for stored synapses: a change there belongs here, too. Another
    # order of the additions would give other bits.
    targets, weights, here = array_of(calendar.targets), array_of(calendar.weights), array_of(calendar.here)
    pieces, shared, following = array_of(calendar.due_piece), array_of(calendar.due_weight), array_of(calendar.following)
    redirect, lanes = array_of(c.redirect), array_of(c.lanes)
    at = array_of(calendar.first_block)[slot] * BLOCK
    for left in range(array_of(calendar.due)[slot] - 1, -1, -1):
        after = next_due(at, left, following)
        start, length = split_piece(pieces[at])
        ahead, more = split_piece(pieces[after])
        for line in range(0, min(more, np.int64(AHEAD)), LINE):
            prefetch(weights, ahead + line)
        own = tag_of(pieces[at]) == PER_SYNAPSE
        weight = 0.0 if own else shared[at]
        for k in range(start, start + length):
            target = np.int64(targets[k])
            # where in `lanes` this place of the state is now, -1 if it is in the state
            lane = redirect[target + c.shift]
            if own:
                if values is None:
                    _add(here, lanes, target, lane, weights[k])
                else:
                    _add(here, lanes, target, lane, values[weights[k]])
            else:
                _add(here, lanes, target, lane, weight)
        at = after


@helper
def _add(here, lanes, target, lane, weight):
    if lane >= 0:
        lanes[lane] += weight
    else:
        here[target] += weight
