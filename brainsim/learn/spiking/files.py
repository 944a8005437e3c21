"""A `SpikingNetwork` as a file: its parameters, and the state of its training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from brainsim.learn.spiking.layers import DELAYS, Layer, Readout
from brainsim.learn.spiking.plan import Plan
from brainsim.learn.spiking.training import Training
from brainsim.results import archive

KIND, VERSION = "SpikingNetwork", 1


def save(network: Any, path: Any) -> None:
    """Write a network."""
    training = network._trained()
    if any(layer.model is not None for layer in network.hidden):
        raise ValueError(
            "SpikingNetwork.save: a file holds no equations, so a network with a ModelLayer is not saved; keep "
            "net.parts(), arrays that you can write with numpy.savez"
        )
    arrays = {archive.member("training", name): np.asarray(value) for name, value in training.state().items()}
    arrays["classes"] = network.classes_
    parameters = {k: v for k, v in network.get_params().items() if k not in ("hidden", "readout")}
    description = {
        "parameters": parameters,
        "layers": [_described(layer, k, arrays) for k, layer in enumerate((*network.hidden, network.readout))],
        "n_in": training.plan.n_in,
        "outputs": training.plan.sizes[-1],
        "duration": network.duration_,
    }
    path = Path(path)
    path = path if path.suffix == ".npz" else path.with_name(f"{path.name}.npz")
    archive.write(path, KIND, VERSION, description, arrays, compress=True)


def load(cls: Any, path: Any) -> Any:
    """Return a network from a file."""
    return archive.read(path, KIND, VERSION, lambda description, arrays: _built(cls, description, arrays))


def _described(layer, k, arrays):
    """Return the values of a layer as JSON takes them; arrays of delays go to `arrays`."""
    values = {name: getattr(layer, name) for name in layer.__dataclass_fields__}
    for name in DELAYS:
        if np.ndim(values[name]):
            arrays[f"layer{k}/{name}"] = np.asarray(values[name])
            values[name] = None
    return values


def _layer(kind, values, k, arrays):
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    for name in DELAYS:
        if values[name] is None:
            values[name] = arrays[f"layer{k}/{name}"]
    return kind(**values)


def _built(cls, description, arrays):
    described = description["layers"]
    layers = [_layer(Layer, values, k, arrays) for k, values in enumerate(described[:-1])]
    readout = _layer(Readout, described[-1], len(layers), arrays)
    network = cls(tuple(layers), readout=readout, **description["parameters"])
    network.duration_, network.classes_ = float(description["duration"]), arrays["classes"]
    last = _layer(Readout, described[-1] | {"n": description["outputs"]}, len(layers), arrays)
    plan = Plan([*layers, last], description["n_in"], network.dt, round(network.duration_ / network.dt))
    kept = {name.partition("/")[2]: arrays[name] for name in arrays.names if name.startswith("training/")}
    if kept["vector"].shape != (plan.size,):
        raise ValueError(f"its {kept['vector'].size} weights do not fit its layers, which have {plan.size}")
    network.training_ = Training(plan, network, kept["vector"].copy())
    network.training_.load(kept)
    network.history_ = network.training_.history
    return network
