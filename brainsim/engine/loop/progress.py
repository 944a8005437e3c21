"""A run in chunks: how long each one is, Ctrl-C between them, and the progress bar."""

import signal
import sys
import threading
import warnings
from contextlib import contextmanager

from brainsim.core.checks import true_or_false

try:  # what `signal.signal` wraps: its conversion of numbers to enumerations costs a short run 10 microseconds
    from _signal import signal as _handle  # type: ignore[import-not-found]
except ImportError:
    from signal import signal as _handle

WANTED = 0.1  # seconds a chunk: short enough for Ctrl-C and the bar, long enough to add no cost
LONG_RUN = 2.0  # seconds after which a run shows a bar


class Pace:
    """Chooses the number of steps of a chunk so that it takes about a tenth of a second."""

    def __init__(self, longest, slice_steps):
        self.longest, self._slice = longest, slice_steps
        self._next = min(longest, 4 * slice_steps)

    def steps(self, left):
        """Return the steps of the next chunk, if `left` remain."""
        return int(min(self._next, left))

    def learn(self, steps, seconds):
        """Take into account how long a chunk took."""
        wanted = steps * WANTED / max(seconds, 1e-6)
        # at most eightfold: the first chunks may be quiet
        chosen = min(wanted, 8 * self._next, self.longest)
        self._next = max(1, int(chosen // self._slice * self._slice) or int(chosen))


class Interrupt:
    """Takes Ctrl-C during a run, so that it comes between two chunks and nothing recorded is lost.

    If several processes run the network, ``agree(pressed)`` returns whether it was pressed in any of them.
    """

    asked = False

    def __init__(self, agree=None):
        self._agree, self._pressed = agree, False

    def __enter__(self):
        self._old = None
        if threading.current_thread() is threading.main_thread():
            self._old = _handle(signal.SIGINT, self._take)
        return self

    def __exit__(self, *_):
        if self._old is not None:
            _handle(signal.SIGINT, self._old)

    @contextmanager
    def given_back(self):
        """Return Ctrl-C to a function of the user: it is interrupted at once, not when it ends."""
        if self._old is not None:
            _handle(signal.SIGINT, self._old)
        try:
            yield
        finally:
            if self._old is not None:
                _handle(signal.SIGINT, self._take)

    def _take(self, *_):
        self._pressed = True
        self.asked = self._agree is None

    def look(self):
        """Agree with the other processes of the run on whether to stop; all call this after the same chunk."""
        if self._agree is not None:
            self.asked = self._agree(self._pressed)


class Watch:
    """Shows a progress bar of `total` units of work if it is `wanted`.

    None shows it if a run takes long and is watched in a terminal or a notebook.
    """

    def __init__(self, total, wanted, unit):
        if wanted is not None:
            true_or_false(wanted, "progress")
        self._total, self._wanted, self._unit, self._bar = total, wanted, unit, None

    def __enter__(self):
        import time

        self._clock, self._began = time.perf_counter, time.perf_counter()
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.close()

    def show(self, done):
        """Report the amount of work done."""
        if self._wanted is False or sys.stderr is None:
            return
        if self._bar is None:
            so_far = self._clock() - self._began
            expected = so_far * self._total / done if done else so_far
            if self._wanted is None and not (expected > LONG_RUN and so_far > 0.3 and _watched()):
                return
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a notebook without widgets gets a bar of letters
                from tqdm.auto import tqdm

            shown = f"{{l_bar}}{{bar}}| {{n:,.0f}}/{{total:,.0f}} {self._unit} [{{elapsed}}<{{remaining}}]"
            self._bar = tqdm(total=self._total, bar_format=shown)
        self._bar.total = max(self._bar.total, done)  # the work may be more than was expected
        if done > self._bar.n:
            self._bar.update(done - self._bar.n)
        else:
            self._bar.refresh()  # shows the time that has passed


def _watched():
    return sys.stderr.isatty() or type(sys.stderr).__module__.startswith("ipykernel")
