"""Whether plain data, such as the JSON and the arrays of a file, have the structure that is expected."""

from __future__ import annotations

import contextlib
import reprlib
import types
import typing
from typing import Any

import numpy as np

WORDS = {
    int: "a whole number",
    float: "a finite number",
    str: "a text",
    bool: "true or false",
    type(None): "null",
    dict: "a dict with names as keys",
    list: "a list",
    np.ndarray: "an array",
}


def check_structure(value: Any, kind: Any, label: str) -> None:
    """Raise ValueError unless a value has the structure of a type.

    Parameters
    ----------
    value : object
        As JSON gives it: numbers, texts, lists and dicts; arrays too.
    kind : type
        ``int``, ``float``, ``str``, ``bool``, ``None``, ``Any`` or ``np.ndarray``; ``list[K]``, ``tuple[K, L]``,
        ``dict[str, K]``, ``K | L``; or a TypedDict, or a dict of name -> type, whose names a dict must have, and no others.
    label : str
        What the value is called in messages.

    Examples
    --------
    >>> check_structure({"a": [1, 2]}, dict[str, list[int]], "sizes")
    >>> check_structure({"a": [1, "2"]}, dict[str, list[int]], "sizes")
    Traceback (most recent call last):
    ValueError: sizes['a'][1]: must be a whole number (got '2')
    """
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return
    if origin is typing.NotRequired:
        check_structure(value, parts[0], label)
    elif origin in (typing.Union, types.UnionType):
        _check_one_of(value, parts, label)
    elif typing.is_typeddict(kind) or isinstance(kind, dict):
        _check_record(value, kind, label)
    elif origin is dict:
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            _reject(value, dict, label)
        for key, item in value.items():
            check_structure(item, parts[1], f"{label}[{key!r}]")
    elif origin in (list, tuple):
        if not isinstance(value, list | tuple):
            _reject(value, list, label)
        if origin is tuple and len(value) != len(parts):
            raise ValueError(f"{label}: must have {len(parts)} elements (got {len(value)})")
        for k, item in enumerate(value):
            check_structure(item, parts[k if origin is tuple else 0], f"{label}[{k}]")
    elif not _is_plain(value, type(None) if kind is None else kind):
        _reject(value, type(None) if kind is None else kind, label)


def check_array(values: Any, dtype: Any, shape: tuple[int, ...], label: str, finite: bool = False) -> None:
    """Raise ValueError unless `values` is an array of a type (None: whole numbers) and a shape, and finite if asked."""
    values = np.asarray(values)
    fits = np.issubdtype(values.dtype, np.integer) if dtype is None else values.dtype == dtype
    if not fits or values.shape != shape:
        size = f"of {shape[0]} {_kind(dtype)}" if len(shape) == 1 else f"of {_kind(dtype)} of shape {shape}"
        raise ValueError(f"{label}: must be an array {size} (got {values.dtype}, shape {values.shape})")
    if finite and not np.isfinite(values).all():
        raise ValueError(f"{label}: must be finite (got {values[~np.isfinite(values)].flat[0]})")


def _kind(dtype):
    return "whole numbers" if dtype is None else str(np.dtype(dtype))


def _check_one_of(value, kinds, label):
    if value is None and type(None) in kinds:
        return
    *others, last = (kind for kind in kinds if kind is not type(None))
    for kind in others:
        with contextlib.suppress(ValueError):
            check_structure(value, kind, label)
            return
    check_structure(value, last, label)


def _check_record(value, kind, label):
    if not isinstance(value, dict):
        _reject(value, dict, label)
    known = kind if isinstance(kind, dict) else typing.get_type_hints(kind, include_extras=True)
    for name, of in known.items():
        if name not in value and typing.get_origin(of) is not typing.NotRequired:
            raise ValueError(f"{label}: lacks {name!r}")
    for name, item in value.items():
        if name not in known:
            raise ValueError(f"{label}: has an unknown entry {name!r}")
        check_structure(item, known[name], f"{label}.{name}")


def _is_plain(value, kind):
    """Return whether a value is one number, text, truth value or array."""
    if kind is float:
        return isinstance(value, float | int) and not isinstance(value, bool) and abs(value) <= 1e308
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _reject(value, kind, label):
    raise ValueError(f"{label}: must be {WORDS[kind]} (got {reprlib.repr(value)})")
