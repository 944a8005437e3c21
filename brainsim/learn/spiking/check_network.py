"""Whether the options of training fit the cells and the delays of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from brainsim.learn.spiking.blocks import Block
from brainsim.learn.spiking.from_layers import blocks_of, wires_of
from brainsim.learn.spiking.layers import DELAYS, Layer
from brainsim.learn.spiking.layout import Wire
from brainsim.learn.spiking.options import OF_SPIKES
from brainsim.network.arguments import MAX_DELAY

POTENTIALS = ("mean", "max", "sequence")  # losses that read the potentials of the output
REMEDY = {"SpikingNetwork": "write readout=Readout(kind='spiking')", "Trainer": "use a population that fires"}


def check_layers(layers: Sequence[Layer], settings: Mapping[str, Any]) -> None:
    """Raise ValueError if options do not fit the layers of a `SpikingNetwork`, of which the readout is the last one."""
    timed = [f"{type(layer).__name__}.learns: {what!r}" for layer in layers for what in layer.learns if what in DELAYS]
    learned = set(range(1, len(layers) + 1))
    check_network("SpikingNetwork", blocks_of(layers), wires_of(layers, 1), learned, "".join(timed[:1]), settings)


def check_network(
    label: str, blocks: Sequence[Block], wires: Sequence[Wire], learned: set[int], timed: str, settings: Mapping[str, Any]
) -> None:
    """Raise ValueError if loss, gradient and time step do not fit cells and delays of a network.

    `learned` are the blocks onto which weights learn, and `timed` is what messages call a delay that learns, or empty.
    """
    dt, loss, gradient = settings["dt"], settings["loss"], settings["gradient"]
    last, output, is_exact = len(blocks), blocks[-1], gradient == "exact"
    for wire in wires:
        _check_delays(np.ravel(wire.delay), wire.name, dt, "" if is_exact else gradient)
    for block in blocks:
        if block.model is not None and not is_exact:
            text = f"{gradient!r} is for LIF and LI cells, and those of {block.name} are {type(block.model).__name__}"
            raise ValueError(f"{label}.gradient: {text}; write gradient='exact'")
        if 0.0 < block.t_ref < dt * (1.0 - 1e-9):
            raise ValueError(f"{block.label}.t_ref: must be 0 or at least one time step, {dt:g} ms (got {block.t_ref:g})")
        if not is_exact and abs(block.t_ref / dt - round(block.t_ref / dt)) > 1e-6:
            text = f"must be a multiple of the time step, {dt:g} ms, with gradient={gradient!r} (got {block.t_ref:g})"
            raise ValueError(f"{block.label}.t_ref: {text}")
    if timed and not is_exact:
        text = "spikes that are kept at the ends of steps have no derivative by delays; write gradient='exact'"
        raise ValueError(f"{timed} is not learned with gradient={gradient!r}: {text}")
    if loss in OF_SPIKES and not output.spiking:
        raise ValueError(f"{label}.loss: {loss!r} needs spikes of {output.name}; {REMEDY[label]}")
    if loss in POTENTIALS and output.model is not None:
        text = f"{loss!r} reads potentials of LI or LIF, but {output.name} are {type(output.model).__name__}"
        raise ValueError(f"{label}.loss: {text}; take 'count' or 'first', or connect LI cells as the output")
    away = learned - {wire.pre for wire in wires if wire.post == last} - {last}
    if gradient == "eprop" and away:
        text = f"'eprop' reaches only cells with synapses onto {output.name}, which {blocks[min(away) - 1].name} lacks"
        raise ValueError(f"{label}.gradient: {text}; take 'surrogate'")


def _check_delays(delay, name, dt, gradient):
    """Raise ValueError if delays do not fit the time step; `gradient` is one that keeps spikes at the ends of steps."""
    if delay.min() < dt * (1.0 - 1e-9):
        raise ValueError(f"{name}: must be at least one time step, {dt:g} ms (got {delay.min():g})")
    if delay.max() > MAX_DELAY * dt:
        most = f"{MAX_DELAY * dt:g} ms, {MAX_DELAY:,} time steps"
        raise ValueError(f"{name}: must be at most {most} (got {delay.max():g})")
    off = np.abs(delay / dt - np.rint(delay / dt))
    if gradient and off.max() > 1e-6:
        text = f"must be a multiple of the time step, {dt:g} ms, with gradient={gradient!r} (got {delay[off.argmax()]:g})"
        raise ValueError(f"{name}: {text}")
