"""Keys of functions and parameters: equal ones have the same key in every process, and different ones differ.

A key is a hash of all values, not of a `repr`, which shortens arrays. It is not a hash of a pickle either: a pickle depends
on which of its parts are one object, and on the order of sets.
"""

from __future__ import annotations

import copyreg
import dis
import functools
import hashlib
import inspect
import types
from typing import Any

import numpy as np

from brainsim.core.identity import Identified
from brainsim.models.attributes import OF_RULES, texts_of
from brainsim.models.base import Model

NUMBERS_AND_TEXTS = frozenset({type(None), bool, int, float, complex, str, bytes})
DEEPEST = 100  # lists in lists and the like, well below the recursion limit of Python
SHARED = bool | int | float | complex | str | bytes | tuple | list | np.ndarray  # what is looked at of a class


def key_of(value: Any, label: str) -> str:
    """Return the key of the value of a parameter, which can be pickled: 64 hexadecimal digits.

    Raise TypeError if the value, or a part of it, cannot be pickled.
    """
    try:
        return _Keys(strict=True).of(value)
    except TypeError as error:
        shown = repr(value)[:100]
        raise TypeError(
            f"{label}: must be a number, a string, an array or an object that can be pickled (got {shown}; {error}); "
            "pass a name, and look the object up in the function"
        ) from error


def key_of_function(function: Any) -> str:
    """Return the key of a function: source text, defaults, bound arguments, and data that it reads from around it.

    What cannot be pickled, such as a lock or an open file, counts by its type alone.
    """
    return _Keys(strict=False).of(function)


def name_of(function: Any) -> str:
    """Return module and name of a function, of the inner one of a `functools.partial`."""
    inner = getattr(function, "func", function)
    return f"{getattr(inner, '__module__', '')}.{getattr(inner, '__qualname__', type(inner).__qualname__)}"


class _Keys:
    """Keys of a value and of its parts; `strict` raises TypeError for what cannot be pickled."""

    def __init__(self, strict):
        self._strict = strict
        self._open = []  # the ids of the objects around the one at hand: an object may hold itself
        self._known = {}  # id -> (object, key); the reference keeps the id from being used again

    def of(self, value):
        if type(value) in NUMBERS_AND_TEXTS:
            return _hash(type(value).__name__, repr(value))
        if id(value) in self._known:
            return self._known[id(value)][1]
        if id(value) in self._open:
            return _hash("outer", str(len(self._open) - self._open.index(id(value))))
        if len(self._open) == DEEPEST:
            return self._key_of_type(value, f"it is nested more than {DEEPEST} deep")
        self._open.append(id(value))
        try:
            key = _hash(*self._parts(value))
        finally:
            self._open.pop()
        self._known[id(value)] = value, key
        return key

    def _parts(self, value):
        kind = type(value)
        if kind in (np.ndarray, np.memmap) and not value.dtype.hasobject:
            return "array", repr(value.dtype), str(value.shape), value.tobytes()
        if kind in (list, tuple):
            if NUMBERS_AND_TEXTS.issuperset(map(type, value)):  # long lists of numbers: 20 times as fast as one by one
                return kind.__name__, repr(value)
            return kind.__name__, *map(self.of, value)
        if kind in (set, frozenset):
            return kind.__name__, *sorted(map(self.of, value))
        if kind is dict:
            return "dict", *self._items(value.items())
        if isinstance(value, types.ModuleType):
            return "module", value.__name__
        if isinstance(value, types.CodeType):
            return "code", value.co_code, self.of(value.co_consts), repr(value.co_names)
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, types.MethodType):
            return "method", self.of(value.__func__), self.of(value.__self__)
        if isinstance(value, functools.partial):
            return "partial", self.of(value.func), self.of(value.args), self.of(value.keywords)
        if callable(value) and hasattr(value, "__wrapped__"):  # a function compiled by Numba, or with a cache
            return "wrapped", _name(kind), self.of(value.__wrapped__)
        return self._object(value)

    def _items(self, items):
        """Return the keys of pairs, in an order that does not depend on theirs."""
        return sorted(self.of(name) + self.of(item) for name, item in items)

    def _class(self, cls):
        """Return the name of a class and what its objects share: texts of a model, or plain attributes."""
        name = _name(cls)
        if issubclass(cls, Model):
            texts = [*texts_of(cls).values(), *(getattr(cls, text, None) for text in OF_RULES)]
            return "model", name, self.of(texts), self.of(cls.parameters), self.of(cls.initials)
        if name.startswith("brainsim."):  # the version stands for it
            return "class", name
        shared = {k: v for k, v in vars(cls).items() if isinstance(v, SHARED) and not k.startswith("_")}
        bases = [base for base in cls.__bases__ if base is not object]
        return "class", name, self.of(shared), self.of(bases)

    def _function(self, function):
        """Return what a function is made of, without the functions and modules that it finds by global names."""
        code = function.__code__
        try:
            text = inspect.getsource(function)
        except (OSError, TypeError):
            text = self.of(code)
        if function.__name__ == "<lambda>":  # its text is the whole line, on which there may be another
            text += self.of(code)
        cells = dict(zip(code.co_freevars, map(_content, function.__closure__ or ()), strict=True))
        found = {name: function.__globals__[name] for name in sorted(_globals(code)) if name in function.__globals__}
        read = {name: value for name, value in found.items() if isinstance(value, type) or not _is_called(value)}
        parts = (function.__defaults__, function.__kwdefaults__, cells, read)
        return "function", name_of(function), text, *map(self.of, parts)

    def _object(self, value):
        """Return class and content of an object, as its pickle would have them."""
        if isinstance(value, Identified):  # its pickle has a random token
            return "object", self.of(type(value)), self.of(_lasting(value, value._pack()))
        try:
            if type(value) is object:
                raise TypeError("a plain object() has no content")
            reduce = copyreg.dispatch_table.get(type(value))
            reduced = value.__reduce_ex__(4) if reduce is None else reduce(value)
        except Exception as error:  # whatever a class answers to being pickled
            return (self._key_of_type(value, str(error)),)
        if isinstance(reduced, str):
            return "global", _name(type(value)), reduced
        make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
        parts = [_name(make), self.of(arguments), self.of(_lasting(value, state)), self.of(list(items or ()))]
        call = type(value).__call__ if callable(value) else None
        called = [self.of(call)] if isinstance(call, types.FunctionType) else []
        return "object", self.of(type(value)), *parts, *self._items(pairs or ()), *called

    def _key_of_type(self, value, reason):
        """Return a key of the type alone, if that is allowed."""
        if self._strict:
            raise TypeError(reason)
        return _hash("unseen", _name(type(value)))


def _hash(*parts):
    """Return the hash of texts and bytes, each with its length, so that no two lists of them run into one."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)} ".encode())
        digest.update(data)
    return digest.hexdigest()


def _name(thing):
    return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', type(thing).__qualname__)}"


def _lasting(value, state):
    """Return the state of an object without what it computes when it is first read."""
    if type(state) is not dict:
        return state
    return {k: v for k, v in state.items() if not isinstance(getattr(type(value), str(k), None), functools.cached_property)}


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return "empty"


def _globals(code):
    """Return the global names that a code reads, and the functions within it."""
    found = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return found.union(*(_globals(c) for c in code.co_consts if isinstance(c, types.CodeType)))


def _is_called(value):
    return callable(value) or isinstance(value, types.ModuleType)
