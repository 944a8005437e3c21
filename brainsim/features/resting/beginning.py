"""The start of a chunk: which cells a step without events would change, and their slots.

NumPy takes six times as long (37 ns a cell), too long for pieces of a few milliseconds.
"""

import numpy as np

from brainsim.jit.decorators import helper
from brainsim.jit.intrinsics import call_address
from brainsim.jit.records import address_of, array_of, by_address, record_at

MOVES, IS_DRIVEN = np.uint8(1), np.uint8(2)
TRIED = 2048  # cells that are tried at once


@by_address
def list_moving(stretch_, tried_):
    """Try a step without events; list the cells that it changes or that are refractory, without the driven ones.

    It is done in the first lanes, for as many cells at a time as stay in the cache.
    """
    c, tried = record_at(stretch_), record_at(tried_)
    waits, moving, n, used = array_of(c.natural_refractory), array_of(c.moving), c.stride, min(c.driven, np.int64(TRIED))
    # the step is tried without events and currents, of which only the lanes of driven cells may have some left
    _clear(array_of(c.lanes_current), 1, n, used)
    _clear(array_of(c.lanes_inputs), c.inputs, n, used)
    for low in range(0, n, TRIED):
        high = min(low + TRIED, n)
        _take(array_of(c.natural_state), array_of(c.lanes_state), c.variables, c.natural_stride, n, low, high)
        _take(array_of(c.natural_arrays), array_of(c.lanes_arrays), c.constant_rows, c.natural_stride, n, low, high)
        _take(waits, array_of(c.lanes_refractory), 1, n, n, low, high)
        array_of(c.kernel_count)[0], tried.total = high - low, 0
        call_address(c.kernel, (c.kernel_record, address_of(tried)))
        _mark_moving(c, tried, low, moving[low:high], waits[low:high])
    driven, cells, count = array_of(c.cell_of_lane), array_of(c.cell_of_slot), np.int64(0)
    for k in range(c.driven):
        # they are always in lanes, and get no slot
        moving[driven[k]] = IS_DRIVEN
    for k in range(n):
        # without a branch: the number is overwritten by the next one unless the cell moves
        cells[count] = k
        count += np.int64(moving[k] & MOVES)
    c.count = count
    return 0


@helper
def _clear(values, rows, stride, count):
    for i in range(rows):
        for k in range(count):
            values[i * stride + k] = 0.0


@helper
def _take(source, target, rows, stride, n, low, high):
    for i in range(rows):
        for k in range(high - low):
            target[i * n + k] = source[i * stride + low + k]


@helper
def _mark_moving(c, tried, low, moving, waits):
    before, after, spikes = array_of(c.natural_bits), array_of(c.lanes_bits), array_of(tried.spikes)
    for k in range(moving.size):
        moving[k] = np.uint8(waits[k] > 0)
    for i in range(c.variables):
        # compared as whole numbers: -0.0 and 0.0 differ, and NaN is the same as itself
        _compare(before[i * c.natural_stride + low :], after[i * c.stride :], moving)
    for k in range(tried.total):
        moving[spikes[k]] = MOVES


@helper
def _compare(before, after, moving):
    for k in range(moving.size):
        moving[k] |= np.uint8(before[k] != after[k])


@by_address
def begin(stretch_, tried_):
    """Give slots to the cells that are listed, and list those for which events are waiting as reached."""
    c = record_at(stretch_)
    cells, slots, entered, n = array_of(c.cell_of_slot), array_of(c.slot_of_cell), array_of(c.entered), c.stride
    waits, waiting = array_of(c.natural_refractory), array_of(c.refractory)
    for slot in range(c.count):
        slots[cells[slot]], entered[slot], waiting[slot] = slot, -1, waits[cells[slot]]
    _gather(array_of(c.natural_state), array_of(c.state), cells, c.variables, c.natural_stride, n, c.count)
    _gather(array_of(c.natural_arrays), array_of(c.arrays), cells, c.constant_rows, c.natural_stride, n, c.count)
    # events of the point that has been reached are in the buffers already, and in no calendar
    inputs, moving, number = array_of(c.natural_inputs), array_of(c.moving), array_of(c.found)[0]
    reached, listed = array_of(c.reached), array_of(c.listed)
    for i in range(c.inputs):
        for k in range(n):
            if inputs[i * c.natural_width + k] != 0.0 and moving[k] != IS_DRIVEN and not reached[c.begin + k]:
                reached[c.begin + k], listed[number] = 1, c.begin + k
                number += 1
    array_of(c.found)[0] = number
    c.lanes_used = c.driven
    c.turned, c.fresh, c.lane_steps = -1, 1, 0
    return 0


@helper
def _gather(source, target, places, rows, stride, n, count):
    for i in range(rows):
        for k in range(count):
            target[i * n + k] = source[i * stride + places[k]]
