"""Where points are computed: here, on processes of this machine, or on whatever backend of joblib is active."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

from brainsim.core.machine import free_memory, processors
from brainsim.sweeps.outcomes import outcome
from brainsim.sweeps.workers import PoolError, by_workers

PROCESS = Path("/proc/self")
LEAST_MEMORY = 200e6  # bytes of a process with NumPy, Numba and a small network


def outcomes(function, todo, keep, workers, bytes_each):
    """Yield the outcomes of points as they come.

    Parameters
    ----------
    function : callable
    todo : list of (int, dict)
        Index and arguments of each point.
    keep : str
    workers : int or None
        None leaves the number to an active backend of joblib, or to this machine.
    bytes_each : float
        Memory that a point needs.
    """
    if not todo:
        return
    joblib = _joblib()
    if joblib is not None and not _is_here(joblib):
        yield from _by_joblib(joblib, function, todo, keep, workers)
        return
    count = min(workers or (joblib and _told(joblib)) or fitting(bytes_each), len(todo))
    if count == 1:
        yield from (outcome(function, index, parameters, keep) for index, parameters in todo)
    else:
        yield from by_workers(joblib, function, todo, keep, count, max(1, processors() // count))


def fitting(bytes_each):
    """Return how many workers this machine has processors and free memory for."""
    free = free_memory()
    fit = processors() if free is None else int(free // max(bytes_each, LEAST_MEMORY))
    return max(1, min(processors(), fit))


def forget_peak():
    """Let `peak_memory` begin anew, from what this process uses now; only Linux can."""
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


def _told(joblib):
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
