"""What `Simulation.set` and `Simulation.rewire` have changed, as a checkpoint holds it."""

import dataclasses
import importlib
import reprlib
from typing import Any, TypedDict

import numpy as np

from brainsim.results.archive import member

# whose frozen classes may be in a file: reading one calls their constructors, which check the values
HOMES = ("brainsim.models.values", "brainsim.models.timed", "brainsim.models.curve")


class Changes(TypedDict):
    """What `set` has changed: name of a population or an input -> name of a parameter or a field -> value."""

    populations: dict[str, dict[str, Any]]
    inputs: dict[str, dict[str, Any]]


NONE: Changes = {"populations": {}, "inputs": {}}


class Lists(TypedDict):
    """The synapses of a projection since `rewire`, and the parameters of its rule that differ between them."""

    pre: Any
    post: Any
    weight: Any
    delay: Any
    rule: dict[str, Any]


def encode_changes(changes, rewired, arrays):
    """Return `Changes` and `Lists` as JSON; their arrays are added to `arrays`."""
    plain = {kind: {} for kind in changes}
    for kind, one in (("populations", "population"), ("inputs", "input")):
        for name, values in changes[kind].items():
            plain[kind][name] = {
                key: encode(value, arrays, member("changes", one, name, key), f"Simulation.save: {key} of {one} {name!r}")
                for key, value in values.items()
            }
    lists = {}
    for name, values in rewired.items():
        label = f"Simulation.save: projection {name!r}"
        lists[name] = {k: encode(v, arrays, member("rewired", name, k), label) for k, v in values.items() if k != "rule"}
        of_rule = values["rule"].items()
        lists[name]["rule"] = {k: encode(v, arrays, member("rewired", name, "rule", k), label) for k, v in of_rule}
    return plain, lists


def decode_changes(changes, rewired, take):
    """Undo `encode_changes`; `take` returns an array by its name."""
    changed = {
        kind: {name: {key: decode(value, take) for key, value in values.items()} for name, values in of.items()}
        for kind, of in changes.items()
    }
    lists = {
        name: {key: decode(value, take) for key, value in values.items() if key != "rule"}
        | {"rule": {key: decode(value, take) for key, value in values["rule"].items()}}
        for name, values in rewired.items()
    }
    return changed, lists


def encode(value, arrays, key, label):
    """Return a value as JSON; its arrays are added to `arrays`, under names that begin with `key`.

    The message begins with `label` if a value cannot be written.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        arrays[key] = value
        return {"array": key}
    if isinstance(value, list | tuple):
        return {"list": [encode(item, arrays, f"{key}/{k}", label) for k, item in enumerate(value)]}
    kind = type(value)
    if kind.__module__ in HOMES:
        parts = {name: encode(part, arrays, f"{key}/{name}", label) for name, part in _parts(value).items()}
        return {"class": [kind.__module__, kind.__name__], "parts": parts, "unit": value.unit}
    raise TypeError(f"{label} is a {kind.__name__}, which a checkpoint cannot hold; build the network with it instead")


def decode(value, take):
    """Undo `encode`; `take` returns an array by its name."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case {"array": str(name), **rest} if not rest:
            return take(name)
        case {"list": list(items), **rest} if not rest:
            return tuple(decode(item, take) for item in items)
        case {"class": [str(module), str(name)], "parts": dict(parts), "unit": None | str() as unit, **rest} if not rest:
            kind = getattr(importlib.import_module(module), name, None) if module in HOMES else None
            if not isinstance(kind, type) or kind.__module__ != module:
                raise ValueError(f"it holds a {module}.{name}, which is not a value that brainsim saves")
            new = kind(**{part: decode(of, take) for part, of in parts.items()})
            object.__setattr__(new, "unit", unit)  # it was made of quantities, and now of their numbers
            return new
    raise ValueError(f"it holds {reprlib.repr(value)}, which is not a value that brainsim saves")


def _parts(value):
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
    return {name: part for name, part in vars(value).items() if name != "unit"}
