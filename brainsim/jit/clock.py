"""The system's clock for compiled code, for the profile of a run."""

import ctypes
import sys

import numpy as np

from brainsim.jit.decorators import External, helper

WINDOWS = sys.platform == "win32"
MONOTONIC = {"linux": 1, "darwin": 6}.get(sys.platform, 1)  # the system's identifier of the clock that never goes back


def _counter():
    """Return (address of the system's function, length of a tick in seconds)."""
    if WINDOWS:
        frequency = ctypes.c_int64()
        ctypes.windll.kernel32.QueryPerformanceFrequency(ctypes.byref(frequency))
        function = ctypes.windll.kernel32.QueryPerformanceCounter
        return ctypes.cast(function, ctypes.c_void_p).value, 1.0 / frequency.value
    return ctypes.cast(ctypes.CDLL(None).clock_gettime, ctypes.c_void_p).value, 1e-9


_address, TICK = _counter()
_clock = External("clock", "int32(intp)" if WINDOWS else "int32(int32, intp)", _address)


@helper
def ticks(scratch):
    """Return the time in ticks; `scratch` is an int64 array of two elements."""
    if WINDOWS:
        _clock(scratch.ctypes.data)
        return scratch[0]
    _clock(np.int32(MONOTONIC), scratch.ctypes.data)
    return scratch[0] * 1_000_000_000 + scratch[1]
