"""Objects that are made when they are first looked at.

A closed loop runs thousands of short pieces and reads a number or two of each. To make a whole Result and State each time
would take ten times as long as the simulation.
"""

import functools


def deferred(kind, make):
    """Return an object of class `kind` whose attributes are those of ``make()``, called when one is first asked for.

    Parameters
    ----------
    kind : type
        A class without ``__slots__``.
    make : callable
        Returns an object of that class. It must give the same each time: two threads may both call it.
    """
    later = object.__new__(_later(kind))
    object.__setattr__(later, "_make", make)
    return later


@functools.cache
def _later(kind):
    """Return a subclass whose objects turn themselves into plain objects of `kind` at the first look."""

    def become(self):
        make = object.__getattribute__(self, "__dict__").get("_make")
        if make is not None:
            made = make()
            object.__getattribute__(self, "__dict__").update(vars(made))
            object.__getattribute__(self, "__dict__").pop("_make", None)
            object.__setattr__(self, "__class__", kind)

    def look(self, name):
        if name == "__class__":  # isinstance asks for it, and needs nothing else
            return kind
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
