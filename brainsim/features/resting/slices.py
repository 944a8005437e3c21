"""Cells that events reach are advanced by slices, too, where all events go to one buffer of inputs.

All that arrives in a slice is known when it begins. It is added up in a table, from which the kernel of `equations.reached`
makes the steps with the state in registers. Only cells that are driven, refractory, or would fire are in lanes: in the brain
of a fly about a hundred of 3,000 that are reached in a slice. `_deliver` repeats the loop of `engine.synapses.delivery`, and
must change with it.
"""

import numpy as np

from brainsim.engine.synapses.calendar import BLOCK, give_back, next_due
from brainsim.engine.synapses.kinds.kind import PER_SYNAPSE
from brainsim.engine.synapses.segments import split_piece, tag_of
from brainsim.features.resting.kernels import AHEAD, LINE, bring_back, enter_lanes, leave_lanes, new_slot
from brainsim.features.resting.reached import LANES
from brainsim.jit.decorators import helper
from brainsim.jit.intrinsics import call_address, prefetch
from brainsim.jit.records import address_of, array_of, array_or_none, by_address, record_at, record_or_none


@by_address
def turn(stretch_, progress_):
    """Begin a slice, and make its steps for all cells that do not get a lane."""
    c, p = record_at(stretch_), record_at(progress_)
    if c.turned == p.step:
        return 0
    c.turned = p.step
    c.steps = min(p.slice, p.stop - p.step)
    # Stage 1: give up the lanes of the last slice, and empty the table
    leave_lanes(c)
    _forget_events(c)
    if c.steps <= 0:
        bring_back(c)
        return 0
    calendar = record_or_none(c, "arrivals")
    # Stage 2: add up in the table what arrives in each step of the slice, and so find out which cells are reached. Delays
    # are not shorter than a slice, so all of it is filed; the calendar's slots are given back before their steps have come.
    _begin_list(c)
    if c.fresh:
        _list_waiting(c)
    for k in range(c.steps):
        slot = (p.step + k + 1) % array_of(calendar.due).size
        _deliver(c, slot, c.events_begin + k * LANES, calendar, array_or_none(calendar, "values"))
        give_back(slot, calendar)
    # Stage 3: cells in the table make their steps with these events, the other slots without. Both list the cells that must
    # make their steps one by one, with their state as it was: first those with events, then, from `alone` on, those without.
    call_address(c.reached_kernel, (address_of(c), address_of(p)))
    alone = c.stirred_number
    call_address(c.quiet, (address_of(c), address_of(p)))
    c.lane_steps += c.steps * (c.driven + c.reached_end - c.first_reached + c.stirred_number - alone)
    # Stage 4: results back to the slots, which the second kernel has overwritten, and lanes for the cells that are stirred
    _scatter(c)
    _fill_lanes(c, alone)
    c.fresh = 0
    return 0


@helper
def _forget_events(c):
    """Forget what arrived at driven cells; the kernel of reached cells does so for the others."""
    # a block of the table belongs to LANES cells, with a row of LANES numbers for each variable, and from `events_begin` on
    # for the events of each step
    blocks = array_of(c.blocks)
    for block in range(c.first_reached // LANES):
        for k in range(block * c.block_size + c.events_begin, (block + 1) * c.block_size):
            blocks[k] = 0.0


@helper
def _begin_list(c):
    """Forget the list of the cells that are reached, except for those that are driven.

    What was entered for others is less than what is entered from now on, which takes less time than to go through them.
    """
    entered, n = array_of(c.entered), c.stride
    # `entered` of a slot is `since` plus its place in the table. Places are below `reached_end`, so after this step all that
    # was entered in earlier slices is below `since`, which is how `_deliver` and the kernel of quiet cells know it: nothing
    # has to be erased. Only when the numbers become too large for int32 do they begin again.
    c.since = 0 if c.fresh else c.since + c.reached_end
    if c.since > c.most_entered:
        c.since = 0
        for slot in range(c.count):
            entered[slot] = -1
    for k in range(c.driven):
        # `slot_of_cell` of driven cell k is n + k, behind all slots: their events go to the first places of the table
        entered[n + k] = c.since + k
    c.reached_end = c.first_reached


@helper
def _list_waiting(c):
    """List the cells for which events wait at the start of a chunk."""
    listed, reached, slots = array_of(c.listed), array_of(c.reached), array_of(c.slot_of_cell)
    entered, slot_of = array_of(c.entered), array_of(c.slot_of_reached)
    # these events are in the buffer of inputs and in no calendar; `beginning.begin` has listed the cells
    for k in range(array_of(c.found)[0]):
        cell = np.int64(listed[k])
        reached[cell] = 0
        slot = np.int64(slots[cell])
        if slot < 0:
            slot = new_slot(c, cell)
        entered[slot], slot_of[c.reached_end] = c.since + c.reached_end, slot
        c.reached_end += 1
    array_of(c.found)[0] = 0


@helper
def _deliver(c, due, begin, calendar, values):
    """Add what is due in a step to the table, in the order of `delivery.deliver`, and list the cells that are reached."""
    # This loop is that of `engine.synapses.delivery._deliver` for stored synapses: a change there belongs here, too. A
    # cell's events are added in the same order as there, into a sum of the step that begins at 0, like the buffer of inputs.
    targets, weights = array_of(calendar.targets), array_of(calendar.weights)
    pieces, shared, following = array_of(calendar.due_piece), array_of(calendar.due_weight), array_of(calendar.following)
    slots, entered, slot_of = array_of(c.slot_of_cell), array_of(c.entered), array_of(c.slot_of_reached)
    blocks, size, shift, since, number = array_of(c.blocks), c.block_size, c.shift, c.since, c.reached_end
    at = array_of(calendar.first_block)[due] * BLOCK
    for left in range(array_of(calendar.due)[due] - 1, -1, -1):
        after = next_due(at, left, following)
        start, length = split_piece(pieces[at])
        ahead, more = split_piece(pieces[after])
        for line in range(0, min(more, np.int64(AHEAD)), LINE):
            prefetch(targets, ahead + line)
            prefetch(weights, ahead + line)
        own = tag_of(pieces[at]) == PER_SYNAPSE
        weight = 0.0 if own else shared[at]
        for k in range(start, start + length):
            cell = np.uint64(np.int64(targets[k]) + shift)
            slot = np.int64(slots[cell])
            if slot < 0:
                slot = new_slot(c, np.int64(cell))
            # without a branch for cells that are reached first, which the processor would guess wrong for each third event
            # `lane` becomes the place of the cell in the table: below 0, it is reached for the first time in this slice
            lane = np.int64(entered[np.uint64(slot)]) - since
            first = lane < 0
            lane = number if first else lane
            entered[np.uint64(slot)], slot_of[np.uint64(number)] = since + lane, slot
            number += np.int64(first)
            place = np.uint64((lane // LANES) * size + lane % LANES + begin)
            if own:
                if values is None:
                    blocks[place] += weights[k]
                else:
                    blocks[place] += values[weights[k]]
            else:
                blocks[place] += weight
        at = after
    c.reached_end = number


@helper
def _scatter(c):
    """Copy the cells that are reached back to their slots, after their steps in these."""
    blocks, slots, state, n = array_of(c.blocks), array_of(c.slot_of_reached), array_of(c.state), c.stride
    end = c.reached_end
    # the table lies in blocks of LANES cells, variable by variable; the driven cells before `first_reached` have no slots
    for low in range(c.first_reached, end, LANES):
        begin, count = low // LANES * c.block_size, min(np.int64(LANES), end - low)
        for i in range(c.variables):
            for k in range(count):
                state[np.uint64(i * n + slots[low + k])] = blocks[np.uint64(begin + i * LANES + k)]


@helper
def _fill_lanes(c, alone):
    """Give lanes to the cells that are stirred; nothing arrives at those that are not among the first."""
    stirred, slots, cells = array_of(c.stirred), array_of(c.slot_of_lane), array_of(c.cell_of_lane)
    cell_of, arrived, number = array_of(c.cell_of_slot), array_of(c.arrived), c.stirred_number
    for k in range(number):
        # the kernel of reached cells has left the events of stirred cell k in `arrived`, `slice` numbers from k*slice on
        slots[c.driven + k], cells[c.driven + k] = stirred[k], cell_of[stirred[k]]
    for k in range(alone * c.slice, number * c.slice):
        arrived[k] = 0.0
    c.lanes_used = c.driven + number
    enter_lanes(c, c.driven)
    array_of(c.kernel_count)[0] = c.lanes_used


@by_address
def take_events(stretch_, progress_):
    """Give the cells in lanes what arrives in this step."""
    c, p = record_at(stretch_), record_at(progress_)
    inputs, own, cells = array_of(c.lanes_inputs), array_of(c.natural_inputs), array_of(c.cell_of_lane)
    blocks, arrived, step = array_of(c.blocks), array_of(c.arrived), p.step - c.turned
    begin, to, row = c.events_begin + step * LANES, c.event_row * c.natural_width, c.event_row * c.stride + c.driven
    # events of driven cells are added to the buffer of the network, which `step_lanes` reads, as other operators add to it
    for lane in range(c.driven):
        own[to + cells[lane]] += blocks[lane // LANES * c.block_size + lane % LANES + begin]
    for k in range(c.lanes_used - c.driven):
        inputs[row + k] = arrived[k * c.slice + step]
    return 0
