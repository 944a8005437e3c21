"""One thread at a time: for a Simulation, whose arrays are written to by compiled code outside the GIL."""

import threading
from contextlib import contextmanager

from brainsim.core.contexts import default_arithmetic


class Exclusive:
    """A lock that rejects a second thread instead of letting it wait.

    Waiting would be safe, too, but which thread comes first, and so the spikes, would be left to chance. While the lock is
    held, errors of arithmetic are treated as by default; a function of the user finds them treated as the user wants.
    """

    def __init__(self, label):
        self._label, self._lock, self._guest, self._arithmetic = label, threading.Lock(), None, []

    def __enter__(self):
        if self._guest != threading.get_ident() and not self._lock.acquire(blocking=False):
            raise RuntimeError(
                f"{self._label}: is in use by another call; run, result, reset and set may be called by one thread at "
                "a time. Give each thread its own Simulation, e.g. copy.deepcopy(sim)"
            )
        self._arithmetic.append(default_arithmetic())
        self._arithmetic[-1].__enter__()

    def __exit__(self, *_):
        self._arithmetic.pop().__exit__(None, None, None)
        if self._guest != threading.get_ident():
            self._lock.release()

    @contextmanager
    def lent(self):
        """Let a function of the user, called while the lock is held, use the object: in this thread only."""
        self._guest = threading.get_ident()
        self._arithmetic.pop().__exit__(None, None, None)
        try:
            yield
        finally:
            self._arithmetic.append(default_arithmetic())
            self._arithmetic[-1].__enter__()
            self._guest = None

    def check_not_lent(self, what):
        """Raise RuntimeError if this is called by a function of the user that was called during a run."""
        if self._guest == threading.get_ident():
            raise RuntimeError(
                f"{self._label}.{what}: cannot be called by a callback or a condition during a run; "
                f"call {what} when the run has ended"
            )
