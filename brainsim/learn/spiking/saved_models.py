"""Models of layers in files, which hold the name, texts and parameters of a class; the class is given when they are read."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from brainsim.models.attributes import ATTRIBUTES
from brainsim.models.base import Neuron

BUILT_IN = "brainsim.models."  # modules whose classes are found by their names


# what a file holds of a model
Described = TypedDict("Described", {"class": str, "module": str, "texts": dict[str, Any], "parameters": dict[str, float]})


def describe(model: Any) -> dict[str, Any]:
    """Return a model of a `ModelLayer` as JSON takes it."""
    cls = type(model)
    return {
        "class": cls.__name__,
        "module": cls.__module__,
        "texts": _texts(cls),
        "parameters": {name: float(getattr(model, name)) for name in cls.parameters},
    }


def find_class(kept: Mapping[str, Any], models: Sequence[type], label: str) -> type[Neuron]:
    """Return the class of a model that `describe` has described.

    Parameters
    ----------
    kept : dict
    models : sequence of type
        Classes of neurons, found by their names.
    label : str
        How messages begin.

    Raises
    ------
    ValueError
        If the class is not there, or its texts are not those that were kept.
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
    texts = {name: getattr(cls, name, None) for name in ATTRIBUTES}
    texts |= {"initial values": {name: spec.default for name, spec in cls.initials.items()}}
    return json.loads(json.dumps(texts | {"parameters": list(cls.parameters)}, default=repr))
