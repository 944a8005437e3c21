"""The start of a chunk: which cells a step without events would change, and their slots.

NumPy takes six times as long (37 ns a cell), too long for pieces of a few milliseconds.
"""

import numpy as np

from brainsim.jit.decorators import helper
from brainsim.jit.records import array_of, by_address, record_at

MOVES, IS_DRIVEN = np.uint8(1), np.uint8(2)


@by_address
def list_moving(stretch_, tried_):
    """List the cells that the tried step has changed or that are refractory, without the driven ones."""
    c, tried = record_at(stretch_), record_at(tried_)
    moving, waits, spikes = array_of(c.moving), array_of(c.natural_refractory), array_of(tried.spikes)
    before, after, n = array_of(c.natural_bits), array_of(c.lanes_bits), c.stride
    for k in range(n):
        moving[k] = np.uint8(waits[k] > 0)
    for i in range(c.variables):
        _compare(before[i * c.natural_stride : i * c.natural_stride + n], after[i * n : i * n + n], moving)
    for k in range(tried.total):
        moving[spikes[k]] = MOVES
    driven, cells, count = array_of(c.cell_of_lane), array_of(c.cell_of_slot), np.int64(0)
    for k in range(c.driven):
        moving[driven[k]] = IS_DRIVEN
    for k in range(n):
        cells[count] = k
        count += np.int64(moving[k] & MOVES)
    c.count = count
    return 0


@helper
def _compare(before, after, moving):
    for k in range(moving.size):
        moving[k] |= np.uint8(before[k] != after[k])


@by_address
def begin(stretch_, tried_):
    """Give slots to the cells that are listed, and list those for which events are waiting as reached."""
    c = record_at(stretch_)
    cells, slots, lanes, n = array_of(c.cell_of_slot), array_of(c.slot_of_cell), array_of(c.lane_of_slot), c.stride
    waits, waiting = array_of(c.natural_refractory), array_of(c.refractory)
    for slot in range(c.count):
        slots[cells[slot]], lanes[slot], waiting[slot] = slot, -1, waits[cells[slot]]
    _gather(array_of(c.natural_state), array_of(c.state), cells, c.variables, c.natural_stride, n, c.count)
    _gather(array_of(c.natural_arrays), array_of(c.arrays), cells, c.constant_rows, c.natural_stride, n, c.count)
    inputs, moving, number = array_of(c.natural_inputs), array_of(c.moving), array_of(c.found)[0]
    reached, listed = array_of(c.reached), array_of(c.listed)
    for i in range(c.inputs):
        for k in range(n):
            if inputs[i * c.natural_width + k] != 0.0 and moving[k] != IS_DRIVEN and not reached[c.begin + k]:
                reached[c.begin + k], listed[number] = 1, c.begin + k
                number += 1
    array_of(c.found)[0] = number
    c.lanes_used = c.most_lanes = c.driven
    c.turned, c.fresh, c.lane_steps = -1, 1, 0
    return 0


@helper
def _gather(source, target, places, rows, stride, n, count):
    for i in range(rows):
        for k in range(count):
            target[i * n + k] = source[i * stride + places[k]]
