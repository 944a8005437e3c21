"""What waits until a block is done: Python's garbage collector, and Ctrl-C."""

import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pause_gc() -> Iterator[None]:
    """Pause the cyclic garbage collector within the block; its previous state is restored on exit.

    Loading Numba and compiling create millions of objects that stay alive. Scanning them again and again takes a fifth of
    the time from the start of a process to its first spikes: 0.1 of 0.65 s with kernels from the cache.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def hold_interrupts() -> Iterator[None]:
    """Delay Ctrl-C until the block is done, such as an import: an interrupted one leaves NumPy half loaded for good."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = []
    signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if pressed:
            signal.raise_signal(signal.SIGINT)
