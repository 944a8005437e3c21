"""Bounds checking in every compiled function, for tests: with ``NUMBA_BOUNDSCHECK=1`` in the environment.

Numba then looks at each index, which makes a run several times slower, and a function that Python calls raises IndexError.
One that is called by address has nobody to raise it to: Numba hands its errors to ``sys.unraisablehook`` and goes on. They
are kept here, and the function that Python called raises the first of them when it is done.
"""

import sys
import threading

_lost = threading.local()  # errors: those that came to this thread within the function that Python called
_before = sys.unraisablehook


def raising(dispatcher):
    """Let a compiled function raise what goes wrong in functions that it calls by address; returns it."""
    kind = type(dispatcher)
    dispatcher.__class__ = type(kind.__name__, (kind,), {"__call__": _call})
    return dispatcher


def _call(self, *given):
    global _before
    if sys.unraisablehook is not _keep:  # others, such as pytest, set it too
        _before, sys.unraisablehook = sys.unraisablehook, _keep
    outer, _lost.errors = getattr(_lost, "errors", None), []
    try:
        result = super(type(self), self).__call__(*given)
        if _lost.errors:
            raise _lost.errors[0]
        return result
    finally:
        _lost.errors = outer


def _keep(lost):
    if getattr(_lost, "errors", None) is None:
        _before(lost)
    else:
        _lost.errors.append(lost.exc_value)
