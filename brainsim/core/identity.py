"""Objects that keep their identity when they are unpickled, and classes that keep their place when they are defined again.

Objects pickled separately and loaded in one process are the same object.
`Simulation.set(cells, ...)` and `net.connect(cells, ...)` know populations, projections and inputs by identity. A worker
gets a network in one message and its population in another; without names that travel along, it would have two.
"""

from __future__ import annotations

import os
import weakref
from typing import Any, TypeVar

import numpy as np

from brainsim.core.arrays import freeze

C = TypeVar("C", bound=type)
_known: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()


class Identified:
    """Base of frozen classes whose copies are the original: copied, or pickled and read where the original is, it is itself.

    Elsewhere it is made again the first time, and the same object each time after that.
    """

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Return the token of this object, and what it is made of."""
        token = vars(self).get("_token")
        if token is None:  # drawn when it is first needed; it plays no part in any result
            token = vars(self).setdefault("_token", os.urandom(16).hex())
        _known.setdefault(token, self)
        return _same, (type(self), token), self._pack()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Fill a new object; one that was known is whole already."""
        if not vars(self).keys() - {"_token"}:
            vars(self).update(self._unpack(state))
            for value in vars(self).values():  # NumPy's pickles forget that an array is read-only
                if isinstance(value, np.ndarray):
                    freeze(value)

    def _pack(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_token"}

    def _unpack(self, state: dict[str, Any]) -> dict[str, Any]:
        return state


def _same(kind, token):
    """Return the object with a token, a new and empty one if this process has none."""
    found = _known.get(token)
    if found is None:
        found = kind.__new__(kind)
        vars(found)["_token"] = token
        _known[token] = found
    return found


def put(cls: C, register: list[C]) -> C | None:
    """Append a class to a register, or let it take the place of one that was defined by the same lines; return that one.

    A cell of a notebook that is run again, or a module that is reloaded, defines its classes again.
    """
    for k, former in enumerate(register):
        if (former.__module__, former.__qualname__) == (cls.__module__, cls.__qualname__):
            register[k] = cls
            return former
    register.append(cls)
    return None
