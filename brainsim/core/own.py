"""Mix-ins that users do not see: methods that a class inherits from them report its own qualified name."""

from typing import TypeVar

C = TypeVar("C", bound=type)


def named_by_class(cls: C) -> C:
    """Let the public methods that a class inherits from its mix-ins have its name in messages: `Simulation.run_until`.

    A decorator of classes whose mix-ins are theirs alone. Python names a method by the class that defines it, so a missing
    argument would be reported of a class that users have never seen.
    """
    for base in cls.__mro__[1:-1]:
        for name, value in vars(base).items():
            function = getattr(value, "__func__", value)  # of a class method
            if not name.startswith("_") and hasattr(function, "__code__") and vars(cls).get(name, value) is value:
                function.__qualname__, function.__module__ = f"{cls.__qualname__}.{name}", cls.__module__
    return cls
