"""One thread at a time: what holds for a Simulation, whose arrays compiled code writes to without asking Python."""

import threading


class Exclusive:
    """A lock that refuses a second thread instead of letting it wait.

    To wait would be safe as well, but which thread comes first would be left to chance, and with it the spikes.
    """

    def __init__(self, label):
        self._label, self._lock = label, threading.Lock()

    def __enter__(self):
        if not self._lock.acquire(blocking=False):
            raise RuntimeError(
                f"{self._label}: is in use by another call; run, result, reset and set take one thread at a time. "
                "Give each thread a Simulation of its own, e.g. copy.deepcopy(sim)"
            )

    def __exit__(self, *_):
        self._lock.release()
