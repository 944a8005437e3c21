"""Bounds checking in every compiled function, for tests: with ``NUMBA_BOUNDSCHECK=1`` in the environment.

Numba then checks each index, which makes a run several times slower. A function called by address cannot raise: it passes
its errors to ``sys.unraisablehook`` and continues. Here they are collected, and the function called from Python raises the
first one when it returns.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

_unraised = threading.local()  # errors: a list while this thread is within a function called from Python
_previous_hook = sys.unraisablehook


def indices_are_checked() -> bool:
    """Return whether Numba checks indices: what its setting is, or will be when it is imported."""
    said = os.environ.get("NUMBA_BOUNDSCHECK", "0") not in ("", "0")
    return bool(getattr(sys.modules.get("numba.core.config"), "BOUNDSCHECK", said))


def call_and_raise(function: Callable, *arguments: Any) -> Any:
    """Return ``function(*arguments)``, or raise the first error of what it calls by address."""
    global _previous_hook
    if sys.unraisablehook is not _collect:  # others, such as pytest, set it too
        _previous_hook, sys.unraisablehook = sys.unraisablehook, _collect
    outer, _unraised.errors = getattr(_unraised, "errors", None), []
    try:
        result = function(*arguments)
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
