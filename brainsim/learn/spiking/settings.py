"""The parameters of a `SpikingNetwork`, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainsim.core.checks import integer, number, one_of
from brainsim.core.machine import MAX_THREADS
from brainsim.learn.estimator import of_training
from brainsim.learn.optimisers import OPTIMISERS
from brainsim.learn.spiking.layers import DELAYS, Layer, Readout
from brainsim.network.checks import MAX_DELAY

LOSSES = ("mean", "max", "first", "count", "sequence")
GRADIENTS = ("exact", "surrogate", "eprop")
SURROGATES = ("fast_sigmoid", "sigmoid", "triangle", "atan", "gaussian", "box")
FEEDBACK = ("symmetric", "random", "adaptive")
OF_SPIKES = ("first", "count", "spikes")
OF_TIMES = ("first", "spikes")
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
    out["fading"] = bool(given["fading"])
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
    for layer in (*out["hidden"], out["readout"]):
        check_layer(layer, out)
    _check_together(out)
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


def check_layer(layer: Layer, settings: Mapping[str, Any]) -> None:
    """Raise ValueError if the times of a layer do not fit the time step."""
    import numpy as np

    name, dt = type(layer).__name__, settings["dt"]
    for key in DELAYS:
        delay = np.asarray(getattr(layer, key))
        if delay.min() < dt * (1.0 - 1e-9):
            raise ValueError(f"{name}.{key}: must be at least one time step, {dt:g} ms (got {delay.min():g})")
        if delay.max() > MAX_DELAY * dt:
            most = f"{MAX_DELAY * dt:g} ms, {MAX_DELAY:,} time steps"
            raise ValueError(f"{name}.{key}: must be at most {most} (got {delay.max():g})")
        if settings["gradient"] != "exact" and np.any(np.abs(delay / dt - np.rint(delay / dt)) > 1e-6):
            bad = delay.ravel()[np.argmax(np.abs(delay / dt - np.rint(delay / dt)))]
            text = f"must be a multiple of the time step, {dt:g} ms, with gradient={settings['gradient']!r} (got {bad:g})"
            raise ValueError(f"{name}.{key}: {text}")
    if layer.model is not None and settings["gradient"] != "exact":
        raise ValueError(
            f"SpikingNetwork.gradient: a ModelLayer has the exact gradient alone; write gradient='exact', or use Layer "
            f"(got {settings['gradient']!r})"
        )
    if 0.0 < layer.t_ref < dt * (1.0 - 1e-9):
        raise ValueError(f"{name}.t_ref: must be 0 or at least one time step, {dt:g} ms (got {layer.t_ref:g})")
    learned = [key for key in layer.learns if key in DELAYS]
    if learned and settings["gradient"] != "exact":
        text = "spikes that are kept at the ends of steps have no derivative by delays; write gradient='exact'"
        raise ValueError(f"{name}.learns: {learned[0]!r} is not learned with gradient={settings['gradient']!r}: {text}")


def _check_together(out):
    loss, gradient, readout = out["loss"], out["gradient"], out["readout"]
    if loss in OF_SPIKES and not readout.spiking:
        raise ValueError(f"SpikingNetwork.loss: {loss!r} needs spikes of the readout; write readout=Readout(kind='spiking')")
    if gradient == "eprop" and len(out["hidden"]) > 1:
        raise ValueError("SpikingNetwork.gradient: 'eprop' reaches only cells with synapses onto the readout; use one layer")
