"""What waits until a block is done: Python's garbage collector, and Ctrl-C."""

import gc
import io
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

WRITERS = {io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom}


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


def skip_last_collection() -> None:
    """Let Python end without searching all objects for garbage, after what was written to open files has been written out.

    What Numba leaves behind is two million objects. With an empty cache, to search and free them took 2.5 of the 20 s of a
    process on a busy machine, and 0.3 of 1.0 s with a filled one; it takes 0.3 and 0.06 s. Files are flushed because one
    that is held in a cycle of references would have been closed by that search.
    """
    for each in gc.get_objects():
        if type(each) in WRITERS:
            with suppress(Exception):
                each.flush()
    gc.freeze()


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
