"""Objects that are built when one of their attributes is first read.

A closed loop runs thousands of short pieces and reads a number or two of each. Building a whole Result and State each time
would take ten times as long as the simulation.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def defer(kind: type[T], make: Callable[[], T], **known: object) -> T:
    """Return an object of class `kind`, without slots, whose attributes are those of ``make()``, called when one is read.

    Two threads may both call `make`, which must return equal objects. Reading the attributes `known` builds nothing.
    """
    proxy = object.__new__(_deferring(kind))  # type: ignore[arg-type]  # every class is hashable
    object.__setattr__(proxy, "_make", make)
    object.__setattr__(proxy, "_known", known)
    return proxy


@functools.cache
def _deferring(kind):
    """Return a subclass whose objects turn into plain objects of `kind` when an attribute is read or written."""

    def become(self):
        make = object.__getattribute__(self, "__dict__").get("_make")
        if make is not None:
            made = make()
            object.__getattribute__(self, "__dict__").update(vars(made))
            for name in ("_make", "_known"):
                object.__getattribute__(self, "__dict__").pop(name, None)
            object.__setattr__(self, "__class__", kind)

    def look(self, name):
        if name == "__class__":  # all that isinstance needs
            return kind
        known = object.__getattribute__(self, "__dict__").get("_known", {})
        if name in known:
            return known[name]
        become(self)
        return object.__getattribute__(self, name)

    def write(self, name, value):
        become(self)
        setattr(self, name, value)

    def reduce(self, protocol):  # copying and pickling look at the class itself
        become(self)
        return object.__reduce_ex__(self, protocol)

    methods = {"__getattribute__": look, "__setattr__": write, "__reduce_ex__": reduce}
    return type(kind.__name__, (kind,), methods | {"__doc__": kind.__doc__, "__module__": kind.__module__})
