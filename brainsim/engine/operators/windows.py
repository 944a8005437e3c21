"""The cells and the steps in which an input acts, and what compiled functions of inputs over time have in common."""

import math

import numpy as np

from brainsim.build.constants import whole_steps
from brainsim.jit.decorators import helper

FOREVER = 2**62  # a step that is never reached


def window(stimulus, dt):
    """Return the steps (start, stop) in which an input acts."""
    source = stimulus.input
    start = 0 if source.start is None else int(whole_steps(source.start, dt, f"{stimulus.name}.start"))
    stop = FOREVER if source.stop is None else int(whole_steps(source.stop, dt, f"{stimulus.name}.stop"))
    return start, stop


def cells_here(partition, stimulus):
    """Return the cells of an input that are in a partition: their indices in its target, and in the network (int32)."""
    gids = partition.layout.global_indices(stimulus.target)
    owned = partition.layout.owned(partition.number)
    mine = np.flatnonzero(np.logical_or.reduce([(gids >= start) & (gids < stop) for start, stop in owned]))
    return mine, gids[mine]


def join_parts(view, values):
    """Return an array for the cells of a view, given a number or an array for each of its populations."""
    parts = zip(values, view.parts, strict=True)
    return np.concatenate([np.broadcast_to(value, population.n)[ids] for value, (population, ids) in parts])


@helper
def step_of(signal, progress):
    """Return the step whose value is wanted: the next one, or in AFTER_UPDATE the one that has just been made."""
    return progress.step - np.int64((progress.completed < progress.step) & (signal.ahead == 0))


@helper
def is_on(signal, step, values):
    """Return whether an input acts in a step; if it does not, its values are 0."""
    if signal.start <= step < signal.stop:
        signal.on = 1
        return True
    if signal.on:
        signal.on = 0
        for k in range(values.size):
            values[k] = 0.0
    return False


@helper
def report(signal, values, step):
    """Let values that are not allowed be 0; note the first step and cell, and return whether this is the first."""
    first = signal.bad < 0
    for k in range(values.size):
        if math.isnan(values[k]):
            if signal.bad < 0:
                signal.bad, signal.cell = step, k
            values[k] = 0.0
    return first
