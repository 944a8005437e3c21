"""A `SpikingNetwork` as a file: its parameters, and the state of its training."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, NotRequired, TypedDict

import numpy as np

from brainsim.core.checks import MAX_INDEX, in_range, integer, nearest, number
from brainsim.core.structure import check_array, check_structure
from brainsim.learn.checked_samples import check_saved_classes
from brainsim.learn.spiking.from_layers import layout_of
from brainsim.learn.spiking.kernels.net import TIMES
from brainsim.learn.spiking.layers import DELAYS, Layer, Readout
from brainsim.learn.spiking.layout import DELAY, LONGEST_PART, Layout
from brainsim.learn.spiking.model_layers import ModelLayer
from brainsim.learn.spiking.samples import steps_of
from brainsim.learn.spiking.training import Training
from brainsim.models.attributes import texts_of
from brainsim.models.base import Neuron
from brainsim.network.arguments import MAX_DELAY
from brainsim.results import archive

KIND, VERSION = "SpikingNetwork", 1
BUILT_IN = "brainsim.models."  # modules whose classes are found by their names
OF_MODEL_LAYERS = ("n", "recurrent", "tau_s", *DELAYS, "learns", "weight", "recurrent_weight", "method")
KINDS_OF_SAMPLES = (None, "spikes", "currents")


# what a file holds of a model
Described = TypedDict("Described", {"class": str, "module": str, "texts": dict[str, Any], "parameters": dict[str, float]})


class Saved(TypedDict):
    """The description of a network in a file."""

    parameters: dict[str, Any]  # which the constructor checks
    layers: list[dict[str, Any]]  # see `FIELDS`
    n_in: int
    outputs: int
    duration: float
    input_kind: NotRequired[str | None]  # not in old files


# what it holds for the fields of layers: a number if nothing is said; arrays of delays are arrays of the file, and null here
FIELDS: dict[str, Any] = {
    "n": int,
    "recurrent": bool,
    "learns": list[str],
    "kind": str,
    "method": str | None,
    "model": Described,
    **dict.fromkeys(DELAYS, float | None),
    **dict.fromkeys(("weight", "recurrent_weight"), tuple[float, float] | None),
}


def save(network: Any, path: Any) -> None:
    """Write a network."""
    training = network._trained()
    training.take_changes()
    arrays = {archive.member("training", name): np.asarray(value) for name, value in training.state().items()}
    arrays["classes"] = network.classes_
    parameters = {k: v for k, v in network.get_params().items() if k not in ("hidden", "readout")}
    description = {
        "parameters": parameters,
        "layers": [_describe(layer, k, arrays) for k, layer in enumerate((*network.hidden, network.readout))],
        "n_in": training.layout.n_in,
        "outputs": training.layout.sizes[-1],
        "duration": network.duration_,
        "input_kind": getattr(network, "input_kind_", None),
    }
    archive.write(path, KIND, VERSION, description, arrays, compress=True)


def load(cls: Any, path: Any, models: Any) -> Any:
    """Return a network from a file; `models` are classes of cells."""
    given = check_classes(models, "SpikingNetwork.load.models")
    layers = archive.read(path, KIND, VERSION, lambda description, _: _check_layers(description), structure=Saved)
    # a file that lacks nothing but a class is not damaged
    classes = [find_class(values["model"], given, "SpikingNetwork.load") if "model" in values else None for values in layers]
    return archive.read(path, KIND, VERSION, lambda description, arrays: _build(cls, description, arrays, classes))


def _check_layers(description):
    """Return the descriptions of the layers; raise ValueError if they cannot be those of a network."""
    layers = description["layers"]
    if len(layers) < 2:
        raise ValueError(f"its description.layers: must be a hidden layer or more, and a readout (got {len(layers)})")
    for k, values in enumerate(layers):
        last = k == len(layers) - 1
        names = (*OF_MODEL_LAYERS, "model") if "model" in values and not last else _names(Readout if last else Layer)
        check_structure(values, {name: FIELDS.get(name, float) for name in names}, f"its description.layers[{k}]")
    return layers


def _names(cls):
    return [field.name for field in fields(cls)]


def _describe(layer, k, arrays):
    """Return the values of a layer as JSON takes them; arrays of delays go to `arrays`."""
    names = _names(layer) if layer.model is None else OF_MODEL_LAYERS
    values = {name: getattr(layer, name) for name in names}
    if layer.model is not None:
        cls, parameters = type(layer.model), {name: float(getattr(layer.model, name)) for name in layer.model.parameters}
        values["model"] = {"class": cls.__name__, "module": cls.__module__, "texts": _texts(cls), "parameters": parameters}
    for name in DELAYS:
        if np.ndim(values[name]):
            arrays[f"layer{k}/{name}"] = np.asarray(values[name])
            values[name] = None
    return values


def _layer(kind, values, k, arrays, cls=None):
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    for name in DELAYS:
        if values[name] is None:
            values[name] = arrays[f"layer{k}/{name}"]
    return kind(**values) if cls is None else ModelLayer(**values | {"model": cls(**values["model"]["parameters"])})


def _build(cls, description, arrays, classes):
    *hidden, last = description["layers"]
    layers = [_layer(Layer, values, k, arrays, classes[k]) for k, values in enumerate(hidden)]
    readout = _layer(Readout, last, len(layers), arrays)
    unknown = description["parameters"].keys() - {*cls._parameters}
    if unknown:
        raise ValueError(f"its description.parameters: has an unknown entry {sorted(unknown)[0]!r}")
    network = cls(tuple(layers), readout=readout, **description["parameters"])
    network.duration_ = number(description["duration"], "its duration", "ms", above=0.0)
    steps = steps_of(network.duration_, network.dt, "its duration")
    n_in = integer(description["n_in"], "its number of inputs", at_least=1, at_most=MAX_INDEX)
    sized = _layer(Readout, last | {"n": description["outputs"]}, len(layers), arrays)
    layout = layout_of([*layers, sized], n_in, network.dt, steps, "its number of inputs")
    network.classes_ = _check_labels(arrays["classes"], network.loss, sized.n)
    kept = {name.partition("/")[2]: arrays[name] for name in arrays.names if name.startswith("training/")}
    network.training_ = training_of(layout, network, kept)
    network.history_ = network.training_.history
    if (kind := description.get("input_kind")) not in KINDS_OF_SAMPLES:
        raise ValueError(f"its description.input_kind: must be 'spikes' or 'currents' (got {kind!r})")
    if kind:
        network.input_kind_ = kind
    return network


def _check_labels(classes, loss, outputs):
    """Return the labels; raise ValueError unless there is one for each output, or none for values of a sequence."""
    number_of = (outputs,) if loss != "sequence" else (0, outputs)
    if classes.size not in number_of:
        raise ValueError(f"its classes: must be {outputs} labels (got {classes.dtype}, shape {classes.shape})")
    check_saved_classes(classes, "its classes")
    return classes


def training_of(layout: Layout, settings: Any, kept: Mapping[str, np.ndarray]) -> Training:
    """Return the training of which `Training.state` returned `kept`.

    Raise ValueError or TypeError if an array is missing, unknown, of another type or shape, not finite, or out of range.
    """
    label, new = "its training/{}", Training(layout, settings, np.zeros(layout.size))
    expected = new.state()
    for name in (*expected, *kept):
        if name not in kept:
            raise ValueError(f"{label.format(name)}: is missing")
        if name not in expected:
            raise ValueError(f"{label.format(name)}: is unknown{nearest(name, expected)}")
    for name, values in kept.items():
        _check_array(label.format(name), name, values, expected[name], kept["history_loss"].size)
    for name in ("vector", "best"):
        check_vector(layout, kept[name], label.format(name))
    new.load(kept)
    return new


def check_vector(layout: Layout, vector: np.ndarray, label: str) -> None:
    """Raise ValueError if a delay, a time constant or a parameter in a vector is out of its range."""
    longest = layout.dt * max(MAX_DELAY, LONGEST_PART * layout.steps) * (1.0 + 1e-9)
    for part in layout.parts:
        name, values, block = (
            f"{label}: {part.key[0]} of layer {part.key[1]}",
            vector[part.at],
            layout.blocks[part.block - 1],
        )
        if part.kind == DELAY:
            in_range(values, name, "ms", at_least=layout.dt * (1.0 - 1e-9), at_most=longest)
        elif part.kind in block.of_model:
            block.model.parameters[part.kind].checked(float(values[0]), name)
        elif part.kind == "beta":
            in_range(values, name, at_least=0.0)
        elif part.kind in TIMES:
            in_range(values, name, "ms", above=0.0)


def _check_array(label, name, values, expected, epochs):
    """Check one array; `expected` is the array of this name before the first epoch."""
    if name == "silent":  # an empty list, or silent cells and cells of each layer
        check_array(values, None if values.size else values.dtype, (-(-values.size // 2), 2) if values.size else (0,), label)
    elif name.startswith("history_"):
        check_array(values, np.float64, (epochs,), label, finite=name == "history_skipped")
    elif name == "best_loss":
        check_array(values, np.float64, (), label)
        if np.isnan(values):
            raise ValueError(f"{label}: must be a number (got nan)")
    elif expected.shape == ():
        integer(values[()] if values.shape == () else values, label, at_least=0)
    else:
        check_array(values, np.float64, expected.shape, label, finite=True)
    if name in ("scale", "silent", "history_skipped") or name == "optimiser1":  # the mean of squares
        in_range(values, label, at_least=0.0)


def find_class(kept: Mapping[str, Any], models: Sequence[type], label: str) -> type[Neuron]:
    """Return the class, one of `models` or of brainsim, of a model that a file describes.

    Raise ValueError if it is not there, or its texts are not those that were kept.
    """
    name = kept["class"]
    cls: Any = {given.__name__: given for given in models}.get(name)
    if cls is None and kept["module"].startswith(BUILT_IN) and importlib.util.find_spec(kept["module"]) is not None:
        cls = getattr(importlib.import_module(kept["module"]), name, None)
    if not (isinstance(cls, type) and issubclass(cls, Neuron)):
        raise ValueError(
            f"{label}: the network has cells of a class {name}, which a file does not hold; import or define it, and write "
            f"SpikingNetwork.load(path, models=[{name}])"
        )
    texts = _texts(cls)
    changed = [key for key in sorted({*texts, *kept["texts"]}) if texts.get(key) != kept["texts"].get(key)]
    if changed:
        key = changed[0]
        raise ValueError(
            f"{label}: {name}.{key} is not that of the saved network (got {texts.get(key)!r}, saved was "
            f"{kept['texts'].get(key)!r}); give the class as it was"
        )
    return cls


def check_classes(models: Any, label: str) -> tuple[type, ...]:
    """Return classes of neurons as a tuple, or raise TypeError."""
    given = tuple(models) if isinstance(models, list | tuple) else (models,)
    for cls in given:
        if not (isinstance(cls, type) and issubclass(cls, Neuron)):
            raise TypeError(f"{label}: must be classes of neurons, such as [bs.AdEx] (got {cls!r})")
    return given


def _texts(cls):
    """Return all that says how the cells of a class behave, apart from their parameters."""
    texts = texts_of(cls) | {"initial values": {name: spec.default for name, spec in cls.initials.items()}}
    return json.loads(json.dumps(texts | {"parameters": list(cls.parameters)}, default=repr))
