"""Values of parameters and of inputs as JSON and arrays, and back: numbers, texts, arrays, tables and distributions."""

import dataclasses
import importlib
import reprlib

import numpy as np

# whose frozen classes may be in a file: reading one calls their constructors, which check the values
HOMES = ("brainsim.models.values", "brainsim.models.timed")


def encoded(value, arrays, key, label):
    """Return a value as JSON.

    Parameters
    ----------
    value : object
    arrays : dict of str to ndarray
        Its arrays are added here.
    key : str
        How their names begin.
    label : str
        How the message begins if a value cannot be written.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        arrays[key] = value
        return {"array": key}
    if isinstance(value, list | tuple):
        return {"list": [encoded(item, arrays, f"{key}/{k}", label) for k, item in enumerate(value)]}
    kind = type(value)
    if kind.__module__ in HOMES:
        parts = {name: encoded(part, arrays, f"{key}/{name}", label) for name, part in _parts(value).items()}
        return {"class": [kind.__module__, kind.__name__], "parts": parts, "unit": value.unit}
    raise TypeError(f"{label} is a {kind.__name__}, which a checkpoint cannot hold; build the network with it instead")


def decoded(value, take):
    """Undo `encoded`; `take` returns an array by its name."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case {"array": str(name), **rest} if not rest:
            return take(name)
        case {"list": list(items), **rest} if not rest:
            return tuple(decoded(item, take) for item in items)
        case {"class": [str(module), str(name)], "parts": dict(parts), "unit": None | str() as unit, **rest} if not rest:
            kind = getattr(importlib.import_module(module), name, None) if module in HOMES else None
            if not isinstance(kind, type) or kind.__module__ != module:
                raise ValueError(f"it holds a {module}.{name}, which is not a value that brainsim saves")
            new = kind(**{part: decoded(of, take) for part, of in parts.items()})
            vars(new)["unit"] = unit  # it was made of quantities, and now of their numbers
            return new
    raise ValueError(f"it holds {reprlib.repr(value)}, which is not a value that brainsim saves")


def _parts(value):
    """Return what the constructor of a value takes."""
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
    return {name: part for name, part in vars(value).items() if name != "unit"}
