"""Functions that always run within a context."""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def within(context: Callable[[], AbstractContextManager]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator: the function runs within ``context()``.

    Decorators of `contextlib` and NumPy add a frame of theirs, at which `warn_user` would stop.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def inner(*args: P.args, **kwargs: P.kwargs) -> R:
            with context():
                return function(*args, **kwargs)

        return inner

    return decorate
