"""Bounds checking in every compiled function, for tests: with ``NUMBA_BOUNDSCHECK=1`` in the environment.

Numba then checks each index, which makes a run several times slower, and a function called from Python raises IndexError.
A function called by address cannot raise: Numba passes its errors to ``sys.unraisablehook`` and continues. This module
collects them, and the function called from Python raises the first one when it returns.
"""

import sys
import threading
from typing import Any

_unraised = threading.local()  # errors: a list while this thread is within a function called from Python
_previous_hook = sys.unraisablehook


def raising(dispatcher: Any) -> Any:
    """Let a compiled function raise the errors of functions that it calls by address; returns the function."""
    kind = type(dispatcher)
    dispatcher.__class__ = type(kind.__name__, (kind,), {"__call__": _call})
    return dispatcher


def _call(self, *arguments):
    global _previous_hook
    if sys.unraisablehook is not _collect:  # others, such as pytest, set it too
        _previous_hook, sys.unraisablehook = sys.unraisablehook, _collect
    outer, _unraised.errors = getattr(_unraised, "errors", None), []
    try:
        result = super(type(self), self).__call__(*arguments)
        if _unraised.errors:
            raise _unraised.errors[0]
        return result
    finally:
        _unraised.errors = outer


def _collect(unraisable):
    if getattr(_unraised, "errors", None) is None:
        _previous_hook(unraisable)
    else:
        _unraised.errors.append(unraisable.exc_value)
