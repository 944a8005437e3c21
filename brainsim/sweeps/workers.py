"""Where points are computed: here, on processes of this machine, or on whatever backend of joblib is active.

Each process of this machine is a pool of one and has one point at a time, so it is known which point was lost if a process
is killed or ends itself, and nothing else is lost. A pool of several processes ends them all if one is killed, and does not
say what each was doing.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import os
import re
import signal
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from brainsim.core.doors import to_install
from brainsim.core.machine import free_memory, processors
from brainsim.core.processes import python_variables
from brainsim.sweeps.points import describe_point, failed_row, outcome

# the variables from which libraries read how many threads they may start
THREADS = [f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "NUMBA")]
THREADS += ["VECLIB_MAXIMUM_THREADS"]
OURS = "BRAINSIM_NUM_THREADS"
PROCESS = Path("/proc/self")
LEAST_MEMORY = 200e6  # bytes of a process with NumPy, Numba and a small network
KEPT = 300.0  # seconds for which a process without work stays, as joblib's do
PATIENCE = 5.0  # seconds for which the exit status of a process is waited for
WITHOUT_JOBLIB = (
    "The function must be at the top of a module, and a script must guard its start with if __name__ == '__main__':, or "
    f"install joblib, which needs neither: {to_install('joblib')}"
)


class PoolError(RuntimeError):
    """What computes the points has failed, so that some are missing."""


class WorkerLostError(RuntimeError):
    """A process ended while it computed a point."""


def outcomes(function, todo, keep, workers, bytes_each):
    """Yield the outcomes of points as they come.

    `todo` has the index and the arguments of each point, and `bytes_each` is the memory that a point needs. If `workers` is
    None, an active backend of joblib, or this machine, decides on their number.
    """
    if not todo:
        return
    joblib = _joblib()
    if joblib is not None and not _is_here(joblib):
        yield from _by_joblib(joblib, function, todo, keep, workers)
        return
    count = min(workers or (joblib and _count_asked_for(joblib)) or fitting(bytes_each), len(todo))
    if count == 1:
        yield from (outcome(function, index, parameters, keep) for index, parameters in todo)
    else:
        yield from _by_workers(joblib, function, todo, keep, count, max(1, processors() // count))


def fitting(bytes_each):
    """Return how many workers this machine has processors and free memory for."""
    free = free_memory()
    fit = processors() if free is None else int(free // max(bytes_each, LEAST_MEMORY))
    return max(1, min(processors(), fit))


def forget_peak():
    """Let `peak_memory` start again from what this process uses now; only Linux can."""
    with contextlib.suppress(OSError):
        (PROCESS / "clear_refs").write_text("5")


def peak_memory():
    """Return the most memory that this process has used [bytes], 0 if the system does not say."""
    with contextlib.suppress(OSError):
        if found := re.search(r"VmHWM:\s*(\d+) kB", (PROCESS / "status").read_text()):
            return 1024 * int(found[1])
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _joblib():
    try:
        import joblib
    except ImportError:
        return None
    return joblib


def _is_here(joblib):
    """Return whether joblib's active backend is its default, processes of this machine, and not threads, Dask or another."""
    return isinstance(joblib.parallel.get_active_backend()[0], joblib.parallel.LokyBackend)


def _count_asked_for(joblib):
    """Return how many workers there are according to joblib's active configuration, None if it does not say."""
    count = joblib.effective_n_jobs(None)
    return count if count > 1 or joblib.parallel.get_active_backend()[1] is not None else None


def _by_joblib(joblib, function, todo, keep, count):
    """Use the active backend, which starts and restarts its workers itself."""
    calls = [joblib.delayed(outcome)(function, index, parameters, keep) for index, parameters in todo]
    try:
        try:
            yield from joblib.Parallel(n_jobs=count, return_as="generator_unordered")(calls)
        except ValueError as error:
            if "return_as" not in str(error):
                raise
            yield from joblib.Parallel(n_jobs=count)(calls)  # a backend that cannot hand over results as they come
    except Exception as error:
        raise PoolError(f"sweep: the backend of joblib has failed with {type(error).__name__}: {error}") from error


def _by_workers(joblib, function, todo, keep, count, threads):
    """Yield the outcomes of points as they come, from `count` processes, each with `threads` threads."""
    workers, finished = [], False
    try:
        workers += [_worker(joblib, threads) for _ in range(count)]
        for worker in workers:
            worker.take(function)
        yield from _compute(workers, function, todo, keep)
        finished = True
    finally:
        for worker in workers:
            worker.release(finished)


def _compute(workers, function, todo, keep):
    """Yield the outcomes of points; a process that ends is replaced."""
    left = iter(todo)
    running = {worker.compute(*point, keep): (worker, point) for worker, point in zip(workers, left, strict=False)}
    while running:
        for future in concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED).done:
            worker, point = running.pop(future)
            try:
                found = future.result()
            except BrokenProcessPool:
                found = point[0], failed_row(point[1], WorkerLostError(worker.how_it_ended(point[1])))
                worker.start()
                worker.take(function)
            except Exception as error:  # the arguments, or what was returned, cannot be sent
                found = point[0], failed_row(point[1], error)
            if found is None:  # joblib ends a process whose memory has grown, and starts another one
                worker.take(function)
            else:
                yield found
                point = next(left, None)
            if point is not None:
                running[worker.compute(*point, keep)] = worker, point


class Worker:
    """A process that computes one point at a time, in which each library may start this many `threads`.

    With joblib, functions need not be importable, and the process is kept for the next sweep.
    """

    def __init__(self, joblib, threads):
        self._joblib, self._threads = joblib, threads
        self.start()

    def start(self):
        """Start a process, which replaces the previous one."""
        threads = {name: str(self._threads) for name in THREADS if name not in os.environ} | {OURS: str(self._threads)}
        safe = python_variables()
        options = {"initializer": _set_variables, "initargs": ({name: os.environ.get(name) for name in safe},)}
        with _environment(threads | safe):
            if self._joblib is None:
                self._context = Noting(multiprocessing.get_context("spawn"))
                self._executor = concurrent.futures.ProcessPoolExecutor(1, self._context, **options)
            else:
                from joblib.externals.loky import ProcessPoolExecutor
                from joblib.externals.loky.backend.context import get_context

                self._context = Noting(get_context("loky"))
                options["env"] = threads | safe  # also of the processes that joblib starts itself
                self._executor = ProcessPoolExecutor(1, context=self._context, timeout=KEPT, **options)
            self._started = self._executor.submit(os.getpid)

    def fits(self, joblib, threads):
        """Return whether a sweep with these settings can use the process."""
        return (self._joblib, self._threads) == (joblib, threads) and self._context.process.is_alive()

    def take(self, function):
        """Send the function to the process, once for all points."""
        try:
            self._started.result()
            self._executor.submit(_take, function).result()
        except BrokenProcessPool as error:
            hint = "" if self._joblib else f". {WITHOUT_JOBLIB}"
            raise PoolError(f"sweep: a worker {self._end()} before it computed a point{hint}") from error
        except Exception as error:
            hint = "" if self._joblib else f", or install joblib, which can send any function: {to_install('joblib')}"
            reason = [line for line in str(error.__cause__ or error).splitlines() if line.strip(' "')][-1]
            raise TypeError(
                f"sweep.function: cannot be sent to other processes ({reason}); define it at the top of a module{hint}"
            ) from error

    def compute(self, index, parameters, keep):
        """Begin to compute a point; return its future."""
        return self._executor.submit(_outcome, index, parameters, keep)

    def how_it_ended(self, parameters):
        """Return what happened to the process, and which point it was computing."""
        end = self._end()
        hint = "; often memory was full: fewer workers need less" if "SIGKILL" in end else ""
        return f"a worker {end} while it computed the point {describe_point(parameters)}{hint}"

    def _end(self):
        """Return how the process ended, as far as the system says."""
        until = time.monotonic() + PATIENCE
        while (status := self._context.process.exitcode) is None and time.monotonic() < until:
            time.sleep(0.01)
        if status is None or status >= 0:
            return "ended" if status is None else f"ended with the exit status {status}"
        with contextlib.suppress(ValueError):
            return f"was killed (signal {-status}, {signal.Signals(-status).name})"
        return f"was killed (signal {-status})"

    def release(self, finished):
        """End the process, or keep it for another sweep if it has `finished` what it was given."""
        if finished and self._joblib is not None and self.fits(self._joblib, self._threads):
            _idle.setdefault(os.getpid(), []).append(self)
            return
        self._executor.shutdown(wait=False)
        if not finished:
            self._context.process.terminate()


class Noting:
    """A context of multiprocessing that remembers the process that was started last."""

    def __init__(self, context):
        self._context = context

    def __getattr__(self, name):
        return getattr(self._context, name)

    def Process(self, *arguments, **more):  # noqa: N802 - the name in multiprocessing
        """Return a new process."""
        self.process = self._context.Process(*arguments, **more)
        return self.process


_idle: dict[int, list[Worker]] = {}  # by the process that has started them: a fork of it cannot use them


def _worker(joblib, threads):
    """Return a worker that another sweep has left, or a new one."""
    idle = _idle.get(os.getpid(), [])
    while idle:
        worker = idle.pop()
        if worker.fits(joblib, threads):
            return worker
        worker.release(finished=False)
    return Worker(joblib, threads)


@contextlib.contextmanager
def _environment(variables):
    """Set variables of the environment within the block, in which a process is started."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ |= variables
    try:
        yield
    finally:
        _set_variables(before)


def _set_variables(values):
    """Set variables of the environment, and remove those whose value is None."""
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


_taken: list = []  # in a worker: the function


def _take(function):
    _taken[:] = [function]


def _outcome(index, parameters, keep):
    """Return the outcome of a point, None if this process does not have the function."""
    return outcome(_taken[0], index, parameters, keep) if _taken else None
