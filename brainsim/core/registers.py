"""Lists of classes to which extensions add their own."""

from typing import TypeVar

C = TypeVar("C", bound=type)


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
