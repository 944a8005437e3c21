"""One thread at a time: for a Simulation, whose arrays are written to by compiled code outside the GIL."""

import threading


class Exclusive:
    """A lock that rejects a second thread instead of letting it wait.

    Waiting would be safe, too, but which thread comes first, and so the spikes, would be left to chance.
    """

    def __init__(self, label):
        self._label, self._lock = label, threading.Lock()

    def __enter__(self):
        if not self._lock.acquire(blocking=False):
            raise RuntimeError(
                f"{self._label}: is in use by another call; run, result, reset and set may be called by one thread at "
                "a time. Give each thread its own Simulation, e.g. copy.deepcopy(sim)"
            )

    def __exit__(self, *_):
        self._lock.release()
