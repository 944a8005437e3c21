"""Long work that Ctrl-C need not wait for.

Python hears Ctrl-C only between two of its own instructions, and LLVM works for seconds without one. So the main thread
lets another one compile and waits: Ctrl-C raises KeyboardInterrupt at once, while what is under way is completed behind the
scenes and is there when it is asked for again. The threads do not keep Python from ending, as those of
`concurrent.futures` would.
"""

import contextlib
import contextvars
import threading
from concurrent.futures import Future
from queue import Empty, SimpleQueue

STACK = 16 << 20  # bytes: twice that of the main thread; a system may give other threads 100 kB, too few for LLVM
LOOK = 0.05  # seconds: Windows hears Ctrl-C only between two waits
_starting = threading.Lock()


class Job(Future):
    """A call that another thread makes."""

    def __init__(self, function, given):
        super().__init__()
        self._call = function, given

    def run(self):
        """Make the call, unless the job was cancelled."""
        if self.set_running_or_notify_cancel():
            function, given = self._call
            try:
                self.set_result(function(*given))
            except BaseException as error:  # noqa: BLE001 - it is raised again where the result is asked for
                self.set_exception(error)
        del self._call

    def result(self):
        """Wait for the call; return what it returned, or raise what it raised."""
        while not self.done():
            with contextlib.suppress(TimeoutError):
                self.exception(LOOK)
        return super().result()


def in_background(function, *given):
    """Return ``function(*given)``, computed in a thread of its own if this is the main one, which alone hears Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        return function(*given)
    job = Job(function, given)
    try:
        _start(job.run)
    except RuntimeError:  # the system has no more threads, or Python is about to end
        return function(*given)
    return job.result()


class Workers:
    """Some threads that take jobs in turn; at the end of a ``with`` block all are done, or after an error those begun.

    Parameters
    ----------
    number : int
        Of threads; fewer if the system has no more, and with none a job is done when it is submitted.
    """

    def __init__(self, number):
        self._queue, self._number, self._threads = SimpleQueue(), number, []

    def __enter__(self):
        with contextlib.suppress(RuntimeError):
            for _ in range(self._number):
                self._threads.append(_start(self._work))
        return self

    def __exit__(self, error, *_):
        if error is not None:
            with contextlib.suppress(Empty):
                while True:
                    self._queue.get_nowait().cancel()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads if error is None else ():
            while thread.is_alive():
                thread.join(LOOK)

    def submit(self, function, *given):
        """Return the Job of calling ``function(*given)``."""
        job = Job(function, given)
        if self._threads:
            self._queue.put(job)
        else:
            job.run()
        return job

    def _work(self):
        while (job := self._queue.get()) is not None:
            job.run()
            del job  # and what it returned, while waiting for the next


def _start(work):
    """Start a thread that sees the context of this one, such as its settings of warnings, and does not keep Python alive."""
    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="brainsim", daemon=True)
    with _starting:
        before = threading.stack_size(STACK)
        try:
            thread.start()
        finally:
            threading.stack_size(before)
    return thread
