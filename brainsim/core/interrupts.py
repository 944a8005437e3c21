"""Ctrl-C that waits for the end of a block."""

import signal
import threading
from contextlib import contextmanager


@contextmanager
def interrupts_held():
    """Let Ctrl-C wait until the block is done, such as an import: broken off, it leaves half a NumPy behind for good."""
    before = signal.getsignal(signal.SIGINT)
    if before is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = []
    signal.signal(signal.SIGINT, lambda *_: asked.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if asked:
            signal.raise_signal(signal.SIGINT)
