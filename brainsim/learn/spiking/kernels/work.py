"""The arrays that the kernels of a network read and work on: compiled functions create none."""

from typing import Any, NamedTuple

import numpy as np


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
    block: np.ndarray  # (events,) int32: block, cell within it
    cell: np.ndarray
    time: np.ndarray  # (events,)
    lag: np.ndarray
    over: np.ndarray  # part of the step in which the cell could fire
    rise: np.ndarray  # how fast v - a rose at the threshold, times dt; 0 if the cell began there
    level: np.ndarray  # a at the spike's step
    d_time: np.ndarray
    d_cross: np.ndarray  # adjoint of v at the crossing
    freed: np.ndarray  # (steps + 1,): the first release of each step, int64
    r_cell: np.ndarray  # (releases,) int32: cell, event that it follows
    r_event: np.ndarray
    r_span: np.ndarray  # (releases,)
    r_current: np.ndarray  # (releases, receptors)
    r_level: np.ndarray
    r_grad: np.ndarray
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
    way_v: np.ndarray  # how cells move from one to the next, and last on another way: see `crossing.note_way`
    way_slow: np.ndarray  # (ways, receptors)
    way_fast: np.ndarray
    came_r: np.ndarray  # arrivals at a cell in a step: how long before its end, weight, receptor, number of the event
    came_w: np.ndarray
    came_p: np.ndarray  # int32
    came_q: np.ndarray  # int32
    again: np.ndarray  # int64 (blocks,): step at the start of which cells may be above the threshold
    now: np.ndarray  # the cell that is looked at: v, a, the current from outside, and those of the receptors
    ends: np.ndarray  # int64 (5,): events, releases, due events, those of them whose times all cells share, whether all do
    d_drive: np.ndarray  # (cells,): adjoint of input currents, of derived kernels
    moment: np.ndarray  # int64 (3,): step, slot and a flag for derived kernels
    cells: np.ndarray  # int64 (blocks,): addresses of their records


def new_work(plan, delay_steps: int, max_inputs: int, history: bool, waiting: bool, surrogate: bool = False) -> Work:
    """Return the arrays for a network; `history` keeps the state of every step, which only some gradients need."""
    most = sum(block.n * (plan.steps // max(1, int(block.t_ref / plan.dt)) + 1) for block in plan.blocks if block.spiking)
    due = plan.most_due(delay_steps, max_inputs)
    shapes = _shapes(plan, delay_steps, (max_inputs + most + 1, due), history, waiting, surrogate)
    return Work(**{name: np.zeros(*shapes[name]) for name in Work._fields})


def bytes_of_work(plan, delay_steps: int, spikes: int, history: bool, waiting: bool, surrogate: bool = False) -> int:
    """Return how much memory the arrays take for a number of spikes: what is beyond it is never touched."""
    shapes = _shapes(plan, delay_steps, (spikes, plan.most_due(delay_steps, spikes)), history, waiting, surrogate)
    size = sum(int(np.prod(shape)) * np.dtype(kind).itemsize for shape, kind in shapes.values())
    for block in plan.blocks:
        if block.model is not None:
            kept = len(block.model.initials) + 3 * len(block.taus) + 1
            size += 8 * kept * block.n * (plan.steps if history else 1)
    return size


def _shapes(plan, delay_steps, numbers, history, waiting, surrogate):
    """Return name -> (shape, type) of each array; `numbers` are the most events, and the most that arrive in a step."""
    events, due = numbers
    n, slots, steps, outputs = plan.n_cells, plan.n_slots, plan.steps, plan.sizes[-1]
    kept, releases = steps if history else 1, events if waiting else 1
    kinds, arrivals = steps if waiting or not surrogate else 1, due + 2
    whole: dict[str, tuple[Any, Any]] = {"last": (n, np.int32), "kind": ((kinds, n), np.uint8)}
    whole |= dict.fromkeys(("block", "cell"), (events, np.int32))
    whole |= dict.fromkeys(("due", "due_wire", "due_sent", "came_p", "came_q"), (arrivals, np.int32))
    whole |= dict.fromkeys(("r_cell", "r_event"), (releases, np.int32))
    whole |= dict.fromkeys(("first", "freed"), (steps + 1, np.int64)) | {"ends": (5, np.int64), "counts": (n, np.int64)}
    whole |= {"moment": (3, np.int64), "cells": (len(plan.sizes), np.int64), "again": (len(plan.sizes), np.int64)}
    whole["due_row"] = arrivals, np.int64
    shapes: dict[str, Any] = dict.fromkeys(
        ("v", "a", "begin", "release", "drive", "g_v", "g_a", "slope", "worth", "d_drive"), (n,)
    )
    shapes |= dict.fromkeys(("i", "g_i"), (slots,)) | {"i0": (kept, slots)}
    shapes |= dict.fromkeys(("v0", "a0"), (kept, n)) | dict.fromkeys(("ring_v", "ring_i"), (delay_steps, slots))
    shapes |= {"ring_down": (1 if surrogate else delay_steps, n), "now": (3 + plan.most_receptors,)}
    shapes |= dict.fromkeys(("came_r", "came_w", "due_r", "way_v"), (arrivals,))
    shapes |= dict.fromkeys(("way_slow", "way_fast"), (arrivals, plan.most_receptors))
    shapes |= dict.fromkeys(("trace", "d_trace"), (steps, outputs)) | dict.fromkeys(("score", "d_score"), (outputs,))
    shapes |= dict.fromkeys(("time", "lag", "over", "rise", "level", "d_time", "d_cross"), (events,))
    shapes |= dict.fromkeys(("r_span", "r_level", "r_grad"), (releases,)) | {"r_current": (releases, plan.most_receptors)}
    shapes |= {"above": (steps if surrogate else 1, n), "turned": (plan.size if surrogate else 0,)}
    return whole | {name: (shape, np.float64) for name, shape in shapes.items()}
