"""A layer of integrate-and-fire cells for many samples; tests check that the engine sends the same spikes for each sample.

A feed-forward network can be run layer by layer: all steps of a layer before the first step of the next. Weights are rows
by source (CSR); the time for a sample grows with the number of targets of its spikes.
"""

from typing import NamedTuple

import numpy as np

from brainsim.jit.decorators import helper, kernel

SUBTRACT, ZERO = 0, 1


class Rows(NamedTuple):
    """The weights of a layer, row by row."""

    first: np.ndarray  # where the row of each input starts
    target: np.ndarray
    weight: np.ndarray


class LayerCells(NamedTuple):
    """What all cells of a layer have in common."""

    theta: float  # threshold
    v0: float  # initial potential
    reset: int  # SUBTRACT or ZERO


@helper
def add_row(into, times, row, first, target, weight):
    """Add `times` the weights of a row to its targets; rows are sorted, so a full one needs no list of targets."""
    values = weight[first[row] : first[row + 1]]
    if values.size == into.size:
        for i in range(values.size):
            into[i] += times * values[i]
    else:
        targets = target[first[row] : first[row + 1]]
        for k in range(values.size):
            into[targets[k]] += times * values[k]


@helper
def receive(spikes, into, first, target, weight):
    """Add the weights of all inputs that spike in one step."""
    for j in range(spikes.size):
        if spikes[j]:
            add_row(into, 1.0, j, first, target, weight)


@kernel
def weighted_sums(x, first, target, weight, bias, out):
    """Put ``bias + x @ W`` into `out` (samples, outputs), adding inputs in order: no sample changes the sum of another."""
    for s in range(x.shape[0]):
        for i in range(bias.size):
            out[s, i] = bias[i]
        for j in range(x.shape[1]):
            value = x[s, j]
            if value != 0.0:
                add_row(out[s], value, j, first, target, weight)


@kernel
def fire(spikes, held, rows, drive, cell, v, current, out):
    """Run the cells of a layer for spikes (samples, steps, inputs); what arrives in a step acts in the same step.

    `held` says whether an input spike switches a current on, which acts from its step on, instead of making v jump. `drive`
    (samples, outputs) is added to v in each step; `v` and `current` (outputs,) are scratch. `out` is uint8 (samples, steps,
    outputs).
    """
    theta, v0, reset = cell
    for s in range(spikes.shape[0]):
        for i in range(v.size):
            v[i], current[i] = v0, drive[s, i]
        for t in range(spikes.shape[1]):
            # v += weights of what arrives (or the current that they switched on) + drive; a spike if v >= theta, which is
            # then subtracted, or v becomes 0
            receive(spikes[s, t], current if held else v, rows.first, rows.target, rows.weight)
            for i in range(v.size):
                v[i] += current[i]
                spike = v[i] >= theta
                out[s, t, i] = spike
                v[i] = v[i] if not spike else (v[i] - theta if reset == SUBTRACT else 0.0)


@kernel
def collect(spikes, held, rows, drive, v, current, out):
    """Let the cells of the last layer integrate; `out` (samples, steps, outputs) gets their potentials after each step."""
    for s in range(spikes.shape[0]):
        for i in range(v.size):
            v[i], current[i] = 0.0, drive[s, i]
        for t in range(spikes.shape[1]):
            # as `fire`, without a threshold
            receive(spikes[s, t], current if held else v, rows.first, rows.target, rows.weight)
            for i in range(v.size):
                v[i] += current[i]
                out[s, t, i] = v[i]


@kernel
def fire_in_turn(potential, theta, out):
    """Turn the potentials (samples, outputs), which hold the whole input, into spikes from the first step of a turn on."""
    for s in range(out.shape[0]):
        for t in range(out.shape[1]):
            for i in range(out.shape[2]):
                # all input is there: v/theta spikes, rounded down, one in each step
                spike = potential[s, i] >= theta
                out[s, t, i] = spike
                potential[s, i] -= theta if spike else 0.0


@kernel
def add_spikes(counts, first, target, weight, out):
    """Add the weights of `counts` (samples, inputs) spikes to `out` (samples, outputs)."""
    for s in range(counts.shape[0]):
        for j in range(counts.shape[1]):
            if counts[s, j]:
                add_row(out[s], counts[s, j], j, first, target, weight)
