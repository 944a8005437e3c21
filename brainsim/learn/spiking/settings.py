"""The parameters of networks that learn, checked one by one, and against the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from brainsim.core.checks import integer, number, one_of, true_or_false
from brainsim.core.machine import MAX_THREADS
from brainsim.learn.estimator import of_training
from brainsim.learn.optimisers import OPTIMISERS
from brainsim.learn.spiking.blocks import Block
from brainsim.learn.spiking.from_layers import blocks_of, wires_of
from brainsim.learn.spiking.layers import DELAYS, Layer, Readout
from brainsim.learn.spiking.layout import Wire
from brainsim.network.arguments import MAX_DELAY

LOSSES = ("mean", "max", "first", "count", "sequence")
GRADIENTS = ("exact", "surrogate", "eprop")
SURROGATES = ("fast_sigmoid", "sigmoid", "triangle", "atan", "gaussian", "box")
FEEDBACK = ("symmetric", "random", "adaptive")
OF_SPIKES = ("first", "count", "spikes")
OF_TIMES = ("first", "spikes")
POTENTIALS = ("mean", "max", "sequence")  # losses that read the potentials of the output
REMEDY = {"SpikingNetwork": "write readout=Readout(kind='spiking')", "Trainer": "use a population that fires"}
POSITIVE = {"dt": "ms", "tau_first": "ms", "tau_late": "ms"} | dict.fromkeys(("gain", "steepness", "decay"), "")
AT_LEAST_0 = {"late": "", "rate_cost": "", "rate_target": "", "clip": "", "floor": "", "wake": ""}
OPTIONS = {"gradient": GRADIENTS, "surrogate": SURROGATES, "feedback": FEEDBACK, "optimiser": tuple(OPTIMISERS)}


def check_options(given: Mapping[str, Any], label: str, losses: tuple[str, ...] = LOSSES) -> dict[str, Any]:
    """Return the parameters by name that say how a network is trained, checked one by one."""
    out = dict(given)
    for name, options in (OPTIONS | {"loss": losses}).items():
        one_of(given[name], options, f"{label}.{name}")
    for name, unit in POSITIVE.items():
        out[name] = number(given[name], f"{label}.{name}", unit, above=0.0)
    for name, unit in AT_LEAST_0.items():
        out[name] = number(given[name], f"{label}.{name}", unit, at_least=0.0)
    out |= of_training(given, label)
    out["threads"] = integer(given["threads"], f"{label}.threads", at_least=1, at_most=MAX_THREADS)
    out["fading"] = true_or_false(given["fading"], f"{label}.fading")
    if given["duration"] is not None:
        out["duration"] = number(given["duration"], f"{label}.duration", "ms", above=0.0)
    if out["loss"] in OF_TIMES and out["gradient"] != "exact":
        raise ValueError(f"{label}.loss: the times of spikes have a derivative only with gradient='exact'")
    if out["feedback"] != "symmetric" and out["gradient"] != "eprop":
        text = f"{out['feedback']!r} is for gradient='eprop', which is local (got gradient={out['gradient']!r})"
        raise ValueError(f"{label}.feedback: {text}")
    return out


def check_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a `SpikingNetwork` by name, checked one by one and together."""
    hidden = _layers(given["hidden"])
    if not isinstance(given["readout"], Readout):
        raise TypeError(f"SpikingNetwork.readout: must be a bs.learn.Readout (got {given['readout']!r})")
    out = check_options(given, "SpikingNetwork") | {"hidden": hidden}
    layers = [*hidden, given["readout"]]
    timed = [f"{type(layer).__name__}.learns: {what!r}" for layer in layers for what in layer.learns if what in DELAYS]
    learned = set(range(1, len(layers) + 1))
    check_network("SpikingNetwork", blocks_of(layers), wires_of(layers, 1), learned, "".join(timed[:1]), out)
    return out


def _layers(hidden):
    layers = hidden if isinstance(hidden, tuple | list) else (hidden,)
    if not len(layers):
        raise ValueError("SpikingNetwork.hidden: must be one layer or more (got none)")
    made = []
    for layer in layers:
        if isinstance(layer, Readout):
            raise TypeError("SpikingNetwork.hidden: contains a Readout; give it as readout= instead")
        made.append(layer if isinstance(layer, Layer) else Layer(integer(layer, "SpikingNetwork.hidden", at_least=1)))
    return tuple(made)


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
