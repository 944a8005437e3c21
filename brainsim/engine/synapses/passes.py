"""How far the building of synapses has come."""

import contextlib

from brainsim.engine.synapses import sampling

POLL = 0.1  # seconds after which the time is shown again


class Passes:
    """Counts what has been done, in synapses: each pass over those of a projection is an equal share of the work.

    All are counted and then stored; sources that targets choose are drawn in between, too.

    Parameters
    ----------
    show : callable
        Called with the amount of work that is done, from time to time also if that has not changed.
    """

    def __init__(self, show=lambda done: None):
        self._show, self._done = show, 0.0

    @staticmethod
    def of(plan):
        """Return the share of one pass over the synapses of a projection."""
        if plan.projection.storage != "stored":
            return 0.0
        return plan.projection.expected / (3 if plan.way == sampling.BY_TARGET else 2)

    def wait(self, job, share=0.0):
        """Wait for a job of this share, and return its result."""
        while not job.done():
            with contextlib.suppress(TimeoutError):
                job.exception(POLL)
            self._show(self._done)
        result = job.result()
        self._done += share
        self._show(self._done)
        return result
