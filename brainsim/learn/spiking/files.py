"""A `SpikingNetwork` as a file: its parameters, and the state of its training."""

from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.learn.spiking.layers import DELAYS, Layer, Readout
from brainsim.learn.spiking.model_layers import ModelLayer
from brainsim.learn.spiking.plan import Plan
from brainsim.learn.spiking.saved_models import checked_classes, described, model_of
from brainsim.learn.spiking.training import Training
from brainsim.results import archive

KIND, VERSION = "SpikingNetwork", 1
OF_MODEL_LAYERS = ("n", "recurrent", "tau_s", *DELAYS, "learns", "weight", "recurrent_weight", "method")


def save(network: Any, path: Any) -> None:
    """Write a network."""
    training = network._trained()
    training.take_changes()
    arrays = {archive.member("training", name): np.asarray(value) for name, value in training.state().items()}
    arrays["classes"] = network.classes_
    parameters = {k: v for k, v in network.get_params().items() if k not in ("hidden", "readout")}
    description = {
        "parameters": parameters,
        "layers": [_described(layer, k, arrays) for k, layer in enumerate((*network.hidden, network.readout))],
        "n_in": training.plan.n_in,
        "outputs": training.plan.sizes[-1],
        "duration": network.duration_,
        "input_kind": getattr(network, "input_kind_", None),
    }
    archive.write(archive.with_suffix(path, "SpikingNetwork.save.path"), KIND, VERSION, description, arrays, compress=True)


def load(cls: Any, path: Any, models: Any) -> Any:
    """Return a network from a file; `models` are classes of cells."""
    classes = checked_classes(models, "SpikingNetwork.load.models")
    layers = archive.read(path, KIND, VERSION, lambda description, _: description["layers"])
    # a file that lacks nothing but a class is not damaged
    made = [model_of(values["model"], classes, "SpikingNetwork.load") if "model" in values else None for values in layers]
    return archive.read(path, KIND, VERSION, lambda description, arrays: _built(cls, description, arrays, made))


def _described(layer, k, arrays):
    """Return the values of a layer as JSON takes them; arrays of delays go to `arrays`."""
    names = layer.__dataclass_fields__ if layer.model is None else OF_MODEL_LAYERS
    values = {name: getattr(layer, name) for name in names}
    if layer.model is not None:
        values["model"] = described(layer.model)
    for name in DELAYS:
        if np.ndim(values[name]):
            arrays[f"layer{k}/{name}"] = np.asarray(values[name])
            values[name] = None
    return values


def _layer(kind, values, k, arrays, model=None):
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    for name in DELAYS:
        if values[name] is None:
            values[name] = arrays[f"layer{k}/{name}"]
    return kind(**values) if model is None else ModelLayer(**values | {"model": model})


def _built(cls, description, arrays, models):
    *hidden, last = description["layers"]
    layers = [_layer(Layer, values, k, arrays, models[k]) for k, values in enumerate(hidden)]
    readout = _layer(Readout, last, len(layers), arrays)
    network = cls(tuple(layers), readout=readout, **description["parameters"])
    network.duration_, network.classes_ = float(description["duration"]), arrays["classes"]
    sized = _layer(Readout, last | {"n": description["outputs"]}, len(layers), arrays)
    plan = Plan([*layers, sized], description["n_in"], network.dt, round(network.duration_ / network.dt))
    kept = {name.partition("/")[2]: arrays[name] for name in arrays.names if name.startswith("training/")}
    if kept["vector"].shape != (plan.size,):
        raise ValueError(f"its {kept['vector'].size} weights do not fit its layers, which have {plan.size}")
    network.training_ = Training(plan, network, kept["vector"].copy())
    network.training_.load(kept)
    network.history_ = network.training_.history
    if description.get("input_kind"):  # not in old files
        network.input_kind_ = description["input_kind"]
    return network
