"""Functions that always run within a context, such as NumPy's default treatment of floating-point errors."""

import functools
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

import numpy as np

# what NumPy 2 was asked for: to look there takes 50 ns, and np.geterr a microsecond
asked: ContextVar | None = getattr(sys.modules.get("numpy._core.umath"), "_extobj_contextvar", None)

P = ParamSpec("P")
R = TypeVar("R")
DEFAULT: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
NOTHING: nullcontext = nullcontext()


def default_arithmetic() -> AbstractContextManager:
    """Return NumPy's default treatment of errors, as a context.

    With ``np.seterr(all="raise")`` a weight that underflows to 0, for example, would be an error.
    """
    # to look is faster than to set, for those who never changed it
    if asked is not None and asked.get(None) is None:
        return NOTHING
    return NOTHING if np.geterr() == DEFAULT else np.errstate(**DEFAULT)


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
