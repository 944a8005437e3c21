"""Long work that Ctrl-C need not wait for.

Python handles Ctrl-C only between two of its own instructions, and LLVM works for seconds without one. So the main thread
lets another thread compile, and waits: Ctrl-C raises KeyboardInterrupt immediately, while the other thread completes its
work, which is then ready for the next request. Unlike those of `concurrent.futures`, these threads do not keep Python from
exiting.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

STACK = 16 << 20  # bytes: twice that of the main thread; some systems give other threads 100 kB, too little for LLVM
POLL = 0.05  # seconds: Windows handles Ctrl-C only between two waits
_starting = threading.Lock()


class Job:
    """A call that another thread makes: a Future of `concurrent.futures`, which loads `logging`, takes 5 ms to import."""

    def __init__(self, function: Callable, arguments: tuple):
        self._call, self._done = (function, arguments), threading.Event()
        self._result: Any = None
        self._error: BaseException | None = None
        self._cancelled = False

    def run(self) -> None:
        """Make the call."""
        function, arguments = self._call
        del self._call
        try:
            self._result = function(*arguments)
        except BaseException as error:  # noqa: BLE001 - `result` raises it again
            self._error = error
        self._done.set()

    def cancel(self) -> None:
        """Give up a job that no thread has begun or will begin."""
        self._cancelled = True
        self._done.set()

    def cancelled(self) -> bool:
        """Return whether the job was given up."""
        return self._cancelled

    def wait(self, seconds: float) -> bool:
        """Wait for the call, at most for some seconds; return whether it was made or given up."""
        return self._done.wait(seconds)

    def result(self) -> Any:
        """Wait for the call; return what it returned, or raise what it raised."""
        while not self.wait(POLL):
            pass
        if self._cancelled:
            raise RuntimeError("the job was cancelled")
        try:
            if self._error is not None:
                raise self._error
            return self._result
        finally:
            del self  # the traceback of the error would keep the job, and the job the error


def in_background(function: Callable, *arguments: Any) -> Any:
    """Return ``function(*arguments)``, computed in another thread if this is the main one, which alone handles Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        return function(*arguments)
    job = Job(function, arguments)
    try:
        _start(job.run)
    except RuntimeError:  # the system has no more threads, or Python is about to exit
        return function(*arguments)
    return job.result()


class Workers:
    """Threads that share a queue of jobs.

    At the end of a ``with`` block all jobs are done. After an error, jobs that have not begun are cancelled. The system may
    start fewer threads than `n_threads`; without any, a job is done when it is submitted, which raises its error: Ctrl-C
    does not wait for the jobs after it.
    """

    def __init__(self, n_threads: int):
        self._n_threads = n_threads
        self._queue: SimpleQueue = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Workers:
        with contextlib.suppress(RuntimeError):
            for _ in range(self._n_threads):
                self._threads.append(_start(self._work))
        return self

    def __exit__(self, error: type[BaseException] | None, *details: object) -> None:
        if error is not None:
            with contextlib.suppress(Empty):
                while True:
                    self._queue.get_nowait().cancel()
        for _ in self._threads:
            self._queue.put(None)
        if error is None:
            for thread in self._threads:
                while thread.is_alive():
                    thread.join(POLL)

    def submit(self, function: Callable, *arguments: Any) -> Job:
        """Return the Job of calling ``function(*arguments)``."""
        job = Job(function, arguments)
        if self._threads:
            self._queue.put(job)
        else:
            job.run()
            job.result()
        return job

    def _work(self):
        while (job := self._queue.get()) is not None:
            job.run()
            del job  # frees the result while the thread waits for the next job


def _start(work):
    """Start a daemon thread in a copy of this thread's context, which includes the settings of warnings."""
    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="brainsim", daemon=True)
    with _starting:
        previous = threading.stack_size(STACK)
        try:
            thread.start()
        finally:
            threading.stack_size(previous)
    return thread
