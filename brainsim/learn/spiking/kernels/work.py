"""The arrays that the kernels of a network read and work on: compiled functions create none."""

from typing import Any, NamedTuple

import numpy as np

LANES, LINE, PAGE = 8, 64, 4096  # numbers in a vector; bytes of a cache line, and of a page of memory
STRIDE = 11  # lines between the beginnings of arrays in their pages


class Sample(NamedTuple):
    """What enters the network."""

    times: np.ndarray  # (inputs,): input spikes, sorted [ms]
    units: np.ndarray  # int32
    currents: np.ndarray  # (steps, inputs) or (0, inputs)


class Work(NamedTuple):
    """Scratch for one sample; events are the input spikes and the spikes of cells, by the step in which they came."""

    v: np.ndarray  # (cells,): potential, current, rise of the threshold
    i: np.ndarray  # (receptors times cells,), as i0, g_i and the second axis of both rings
    a: np.ndarray
    begin: np.ndarray  # scratch: v of cells that become free; backward, the adjoint of a
    release: np.ndarray  # when the refractory time ends [ms]
    drive: np.ndarray  # input currents
    last: np.ndarray  # the last event of each cell, int32
    v0: np.ndarray  # (steps or 1, cells): values at the start of each step
    i0: np.ndarray
    a0: np.ndarray
    above: np.ndarray  # (steps or 1, cells), of surrogate gradients: v - a - threshold before the reset
    kind: np.ndarray  # uint8 (steps or 1, cells): 0 free, 1 refractory, 2 released within the step; 4 more if it fired
    ring_v: np.ndarray  # (delay steps, cells): what arrives; backward, the adjoint of it
    ring_i: np.ndarray
    ring_down: np.ndarray  # the part of it that negative weights do to v
    trace: np.ndarray  # (steps, outputs)
    d_trace: np.ndarray
    first: np.ndarray  # (steps + 1,): the first event of each step, int64
    begins: np.ndarray  # int64 (steps, blocks + 1): the first event of each block in each step
    block: np.ndarray  # (events,) int32: block, cell within it
    cell: np.ndarray
    time: np.ndarray  # (events,)
    lag: np.ndarray
    over: np.ndarray  # part of the step in which the cell could fire
    rise: np.ndarray  # how fast v - a rose at the threshold, times dt; 0 if the cell began there
    level: np.ndarray  # a at the spike's step
    d_time: np.ndarray
    d_cross: np.ndarray  # adjoint of v at the crossing
    after_v: np.ndarray  # how cells moved after they fired, and before: see `gather.prepare_spikes`
    before_v: np.ndarray
    after_i: np.ndarray  # (receptors, events)
    before_i: np.ndarray
    back_v: np.ndarray  # what `gather` adds to the adjoints at the end of the step: see `gather.of_spike`
    back_i: np.ndarray  # (events, receptors)
    back_late: np.ndarray
    sent_step: np.ndarray  # int64 (connections, events): when it arrives, by those of its block with one delay for all
    sent_slow: np.ndarray  # the responses of v and the current at the end of that step
    sent_fast: np.ndarray
    known: np.ndarray  # (connections, 3): for how long something had acted that arrived on the grid, and the responses to it
    row_step: np.ndarray  # the same for the synapses of one source, int64
    row_slow: np.ndarray
    row_fast: np.ndarray
    freed: np.ndarray  # (steps + 1,): the first release of each step, int64
    r_cell: np.ndarray  # (releases,) int32: cell, event that it follows
    r_event: np.ndarray
    r_span: np.ndarray  # (releases,)
    r_current: np.ndarray  # (releases, receptors)
    r_level: np.ndarray
    r_grad: np.ndarray
    r_late: np.ndarray  # (releases, receptors): see `gather.of_release`
    g_v: np.ndarray  # (cells,): adjoint
    g_i: np.ndarray
    g_a: np.ndarray
    slope: np.ndarray  # (cells,): surrogate derivative of a spike with respect to v
    worth: np.ndarray  # (cells,): derivative of the loss with respect to a spike
    turned: np.ndarray  # like the vector of what is learned: weights by target, then by source
    counts: np.ndarray  # int64 (cells,): spikes in this sample
    score: np.ndarray  # (outputs,): what is compared between classes
    d_score: np.ndarray
    due: np.ndarray  # int32: events that may arrive at a block in a step, their connections, and when they were sent
    due_wire: np.ndarray
    due_sent: np.ndarray
    due_row: np.ndarray  # int64: where the weights of the source begin in the vector
    due_r: np.ndarray  # how long before the end of the step they arrive
    way: np.ndarray  # how long before one the other is, and last another time; how cells move: see `crossing.note_ways`
    way_v: np.ndarray
    way_a: np.ndarray
    way_slow: np.ndarray  # (receptors, ways)
    way_fast: np.ndarray
    came_r: np.ndarray  # arrivals at a cell in a step: how long before its end, weight, receptor, number of the event
    came_w: np.ndarray
    came_p: np.ndarray  # int32
    came_q: np.ndarray  # int32
    again: np.ndarray  # int64 (blocks,): step at the start of which cells may be above the threshold
    bounds: np.ndarray  # (blocks, 3): of v of cells that cannot have crossed the threshold, see `crossing.find_bounds`
    now: np.ndarray  # the cell that is looked at: v, a, the current from outside, and those of the receptors
    ends: np.ndarray  # int64 (5,): events, releases, due events, those of them whose times all cells share, whether all do
    d_drive: np.ndarray  # (cells,): adjoint of input currents, of derived kernels
    moment: np.ndarray  # int64 (3,): step, slot and a flag for derived kernels
    cells: np.ndarray  # int64 (blocks,): addresses of their records


def new_work(layout, delay_steps: int, max_inputs: int, history: bool, waiting: bool, surrogate: bool = False) -> Work:
    """Return the arrays for a network; `history` keeps the state of every step, which only some gradients need."""
    most = sum(
        block.n * (layout.steps // max(1, int(block.t_ref / layout.dt)) + 1) for block in layout.blocks if block.spiking
    )
    due = layout.most_due(delay_steps, max_inputs)
    shapes = _shapes(layout, delay_steps, (max_inputs + most + 1, due), history, waiting, surrogate)
    return Work(**{name: aligned(shapes[name][0], shapes[name][1], k) for k, name in enumerate(Work._fields)})


def aligned(shape: Any, kind: Any = np.float64, number: int = 0) -> np.ndarray:
    """Return an array of zeros that begins at a cache line: vectors of 512 bits across two lines take up to twice as long.

    Arrays with different numbers begin at different lines of a page: a cache keeps only some that begin at the same one.
    """
    size, item = int(np.prod(shape)), np.dtype(kind).itemsize
    whole = np.zeros(size + PAGE // item, kind)
    first = (number * STRIDE * LINE - whole.ctypes.data) % PAGE // item
    return whole[first : first + size].reshape(shape)


def bytes_of_work(layout, delay_steps: int, spikes: int, history: bool, waiting: bool, surrogate: bool = False) -> int:
    """Return how much memory the arrays take for a number of spikes: what is beyond it is never touched."""
    shapes = _shapes(layout, delay_steps, (spikes, layout.most_due(delay_steps, spikes)), history, waiting, surrogate)
    size = sum(int(np.prod(shape)) * np.dtype(kind).itemsize for shape, kind in shapes.values())
    for block in layout.blocks:
        if block.model is not None:
            kept = len(block.model.initials) + 3 * len(block.taus) + 1
            size += 8 * kept * block.n * (layout.steps if history else 1)
    return size


def _shapes(layout, delay_steps, numbers, history, waiting, surrogate):
    """Return name -> (shape, type) of each array; `numbers` are the most events, and the most that arrive in a step."""
    events, due = numbers[0] + LANES, numbers[1]  # what loops over whole vectors reach beyond the last one
    n, slots, steps, outputs = layout.n_cells, layout.n_slots, layout.steps, layout.sizes[-1]
    kept, releases = steps if history else 1, events if waiting else 1
    kinds, arrivals = steps if waiting or not surrogate else 1, due + 2 + LANES
    whole: dict[str, tuple[Any, Any]] = {"last": (n, np.int32), "kind": ((kinds, n), np.uint8)}
    whole |= dict.fromkeys(("block", "cell"), (events, np.int32))
    whole |= dict.fromkeys(("due", "due_wire", "due_sent", "came_p", "came_q"), (arrivals, np.int32))
    whole |= dict.fromkeys(("r_cell", "r_event"), (releases, np.int32))
    whole |= dict.fromkeys(("first", "freed"), (steps + 1, np.int64)) | {"ends": (5, np.int64), "counts": (n, np.int64)}
    whole |= {"moment": (3, np.int64), "cells": (len(layout.sizes), np.int64), "again": (len(layout.sizes), np.int64)}
    whole |= {"due_row": (arrivals, np.int64), "begins": ((steps, len(layout.sizes) + 1), np.int64)}
    sent, row = (_most_alike(layout), events), (_longest_row(layout),)
    whole |= {"sent_step": (sent, np.int64), "row_step": (row, np.int64)}
    shapes: dict[str, Any] = dict.fromkeys(
        ("v", "a", "begin", "release", "drive", "g_v", "g_a", "slope", "worth", "d_drive"), (n,)
    )
    row_n, row_slots = (-(-size // LANES) * LANES for size in (n, slots))  # so that each step begins at a cache line
    shapes |= dict.fromkeys(("i", "g_i"), (slots,)) | {"i0": (kept, row_slots)}
    shapes |= dict.fromkeys(("v0", "a0"), (kept, row_n)) | dict.fromkeys(("ring_v", "ring_i"), (delay_steps, row_slots))
    shapes |= {"ring_down": (1 if surrogate else delay_steps, row_n)}
    shapes |= {"now": (3 + layout.most_receptors,), "bounds": (len(layout.sizes), 3)}
    shapes |= dict.fromkeys(("came_r", "came_w", "due_r", "way", "way_v", "way_a"), (arrivals,))
    shapes |= dict.fromkeys(("way_slow", "way_fast"), (layout.most_receptors, arrivals))
    shapes |= dict.fromkeys(("trace", "d_trace"), (steps, outputs)) | dict.fromkeys(("score", "d_score"), (outputs,))
    shapes |= dict.fromkeys(("time", "lag", "over", "rise", "level", "d_time", "d_cross"), (events,))
    shapes |= dict.fromkeys(("r_span", "r_level", "r_grad"), (releases,))
    shapes |= dict.fromkeys(("back_v", "after_v", "before_v"), (events,))
    shapes |= dict.fromkeys(("r_current", "r_late"), (releases, layout.most_receptors))
    shapes |= dict.fromkeys(("back_i", "back_late"), (events, layout.most_receptors))
    shapes |= dict.fromkeys(("after_i", "before_i"), (layout.most_receptors, events))
    shapes |= dict.fromkeys(("sent_slow", "sent_fast"), sent) | dict.fromkeys(("row_slow", "row_fast"), row)
    shapes |= {
        "known": (len(layout.wires), 3),
        "above": (steps if surrogate else 1, n),
        "turned": (layout.size if surrogate else 0,),
    }
    return whole | {name: (shape, np.float64) for name, shape in shapes.items()}


def _most_alike(layout):
    """Return the largest number of connections from the same block that have one delay for all synapses."""
    sources = [wire.pre for wire in layout.wires if not wire.each]
    return max(map(sources.count, sources), default=0)


def _longest_row(layout):
    """Return the largest number of synapses of a source in connections whose synapses have their own delays."""
    lengths = (
        layout.sizes[wire.post] if wire.rows is None else np.diff(wire.rows).max(initial=0)
        for wire in layout.wires
        if wire.each
    )
    return int(max(lengths, default=0))
