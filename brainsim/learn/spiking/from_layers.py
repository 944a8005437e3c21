"""A `SpikingNetwork` as blocks of cells, connections and parts that learn; and the weights with which it begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from brainsim.learn.spiking.blocks import Block
from brainsim.learn.spiking.layers import DELAYS, Layer, block_of_layer, check_delays
from brainsim.learn.spiking.layout import (
    CURRENT,
    DELAY,
    LONGEST_PART,
    RECURRENT,
    SMALL,
    WEIGHT,
    Layout,
    Wire,
    lowest_of,
    rms,
    round_weights,
    size_of,
)
from brainsim.learn.spiking.samples import check_size

FIRING = 0.4  # share of the cells of a layer that fire in a sample
SAMPLES = 64  # are enough to find out
TRIALS = 10  # of the bisection: 6 % of the weights
MEAN, SPREAD = 7.5, 1.5  # of weights, for one spike: the mean of n falls as 1/n, the spread as 1/sqrt(n)
OUTPUT, RECURRENT_SPREAD = 2.5, 0.3


def blocks_of(layers: Sequence[Layer]) -> list[Block]:
    """Return layers, of which the readout is the last one, as blocks."""
    hidden = [
        block_of_layer(layer, f"hidden layer {k}", f": Layer({layer.n}, weight=(mean, deviation))")
        for k, layer in enumerate(layers[:-1])
    ]
    return [*hidden, block_of_layer(layers[-1], "the readout", ": Readout(kind='spiking', weight=(mean, deviation))")]


def wires_of(layers: Sequence[Layer], n_in: int) -> list[Wire]:
    """Return the connections of layers, without weights."""
    wires, sizes = [], [n_in, *(layer.n for layer in layers)]
    for b, layer in enumerate(layers, 1):
        for pre, delay in zip((b - 1, b)[: 1 + layer.recurrent], DELAYS, strict=False):
            weight, name = np.broadcast_to(0.0, (sizes[pre], layer.n)), f"{type(layer).__name__}.{delay}"
            wires.append(Wire(pre, b, weight, getattr(layer, delay), name))
    return wires


def layout_of(layers: Sequence[Layer], n_in: int, dt: float, steps: int, label: str) -> Layout:
    """Return the numbering of layers, of which the vector has everything; raise ValueError if sizes do not fit."""
    for before, layer in zip([n_in, *(layer.n for layer in layers)], layers, strict=False):
        check_delays(layer, before)
    last, wires = len(layers), wires_of(layers, n_in)
    layout = Layout(blocks_of(layers), n_in, wires, {last: np.zeros(layers[-1].n)}, dt, steps)
    check_size(layout, label)
    longest = max(LONGEST_PART * dt * steps, dt)
    for wire, where in zip(wires, layout.weights, strict=True):
        if wire.pre != wire.post:
            of_model = layout.blocks[wire.post - 1].model is not None
            step = where if of_model else 1.0  # in the unit of a model: in proportion to the initial weights
        name, kind = ("recurrent", RECURRENT) if wire.pre == wire.post else ("weight", WEIGHT)
        layout.add(wire.weight.shape, (name, wire.post - 1), kind, wire.post, where, step)
    layout.add((layers[-1].n,), ("bias", last - 1), CURRENT, last, layout.biases[last], 1.0)
    for wire, where in zip(wires, layout.delays, strict=True):
        what = DELAYS[wire.pre == wire.post]
        step = np.maximum(np.ravel(wire.delay), dt) if what in layers[wire.post - 1].learns else None
        limits = min(dt, round(dt, 9)), max(longest, round(longest, 9))  # which rounding does not leave
        layout.add(np.shape(wire.delay), (what, wire.post - 1), DELAY, wire.post, where, step, *limits)
    for (name, b), at in layout.at.items():
        block, step, low = layout.blocks[b - 1], None, dt
        if name in block.of_model:
            value = np.array([getattr(block.model, name)])
            step, low = size_of(block.model, name, value, dt), lowest_of(block.model, name, dt)
        elif name in block.learns:
            step, low = max(getattr(block, name), SMALL if name == "beta" else dt), 0.0 if name == "beta" else dt
        shown = block.model is None or name in block.learns
        layout.add((), (name, b - 1), name, b, slice(at, at + 1), step, low, np.inf, shown)
    return layout


def initial_vector(layout: Layout, layers: Sequence[Layer], runner: Any, rng: np.random.Generator) -> np.ndarray:
    """Return weights, delays and time constants to begin with.

    Layers are set one after the other: the weights of the first by its inputs, those of the next by the spikes of the one
    before.
    """
    vector, parts = layout.start, {part.key: part for part in layout.parts}
    rows = np.arange(min(SAMPLES, runner.size), dtype=np.int64)
    drive = input_drive(runner.inputs, rows)
    for b, layer in enumerate(layers, 1):
        weight = parts["weight", b - 1].of(vector)
        shape = rng.standard_normal(weight.shape)
        if layer.recurrent:
            recurrent = parts["recurrent", b - 1].of(vector)
            mean, spread = layer.recurrent_weight or (0.0, RECURRENT_SPREAD / np.sqrt(layer.n))
            recurrent[...] = mean + spread * rng.standard_normal(recurrent.shape)
        if layer.weight is not None:
            weight[...] = layer.weight[0] + layer.weight[1] * shape
        elif not layer.spiking:
            weight[...] = OUTPUT / np.sqrt(drive) * shape
        else:
            weight[...] = MEAN / drive + SPREAD / np.sqrt(drive) * shape
            scale_to_fire(layout, runner, vector, weight, b, rows)
        if layer.recurrent:
            if layer.model is not None and layer.recurrent_weight is None:
                recurrent *= rms(weight)
            round_weights(recurrent)
        round_weights(weight)
        if layer.spiking and b < len(layers):
            drive = max(counts_of(layout, runner, vector, b, rows).sum(axis=1).mean(), 1.0)
    return vector


def input_drive(inputs, rows):
    """Return the mean number of spikes in a sample, or its counterpart with currents."""
    if inputs.currents.shape[1]:
        return max(float(np.abs(inputs.currents[rows]).sum(axis=2).mean()) * 7.5, 1e-3)
    return max(float(np.diff(inputs.offsets)[rows].mean()), 1.0)


def counts_of(layout, runner, vector, b, rows):
    """Return the spikes of the cells of a layer, (samples, cells)."""
    begin = sum(layout.sizes[1:b])
    return runner.run(vector, rows, learn=False).counts[:, begin : begin + layout.sizes[b]]


def scale_to_fire(layout, runner, vector, weight, b, rows):
    """Multiply the weights onto a layer by a factor with which the wanted share of its cells fires."""
    model = layout.blocks[b - 1].model is not None
    shape, low, high = weight.copy(), -4.0, 16.0 if model else 4.0  # powers of 2; the unit of a model may be a pA
    for _ in range(2 * TRIALS if model else TRIALS):
        middle = 0.5 * (low + high)
        weight[...] = 2.0**middle * shape
        if (counts_of(layout, runner, vector, b, rows) > 0).mean() < FIRING:
            low = middle
        else:
            high = middle
