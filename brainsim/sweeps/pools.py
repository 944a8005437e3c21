"""Where points are computed: here, on processes of this machine, or on whatever backend of joblib is active."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import os
import re
import sys
from pathlib import Path

from brainsim.core.machine import free_memory, processors
from brainsim.sweeps.outcomes import outcome

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
    if joblib is not None and workers is None and _is_chosen(joblib):
        yield from _by_joblib(joblib, function, todo, keep, None)
        return
    count = min(workers or fitting(bytes_each), len(todo))
    if count == 1:
        yield from (outcome(function, index, parameters, keep) for index, parameters in todo)
    elif joblib is not None:
        yield from _by_joblib(joblib, function, todo, keep, count)
    else:
        yield from _by_processes(function, todo, keep, count)


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


def _is_chosen(joblib):
    """Return whether joblib's active configuration says how many workers there are, be it one, which is this process."""
    backend, count = joblib.parallel.get_active_backend()
    elsewhere = not type(backend).__module__.startswith("joblib._parallel_backends")  # Dask and others bring their own
    return count is not None or elsewhere or joblib.effective_n_jobs(None) > 1


def _by_joblib(joblib, function, todo, keep, count):
    """Use the active backend; loky, the default, gives each worker its share of threads."""
    calls = [joblib.delayed(outcome)(function, index, parameters, keep) for index, parameters in todo]
    try:
        pool = joblib.Parallel(n_jobs=count, return_as="generator_unordered")
        yield from pool(calls)
    except ValueError as error:
        if "return_as" not in str(error):
            raise
        yield from joblib.Parallel(n_jobs=count)(calls)  # a backend that cannot hand over results as they come


def _by_processes(function, todo, keep, count):
    """Use fresh processes of the standard library: a function must be importable, from a script with a main guard."""
    share = max(1, processors() // count)
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(count, context, _share_threads, (share,)) as pool:
        try:
            futures = [pool.submit(outcome, function, index, parameters, keep) for index, parameters in todo]
            for future in concurrent.futures.as_completed(futures):
                yield future.result()
        except concurrent.futures.process.BrokenProcessPool as error:
            raise RuntimeError(
                "sweep: a worker ended at once. A script must guard its start with if __name__ == '__main__':, or install "
                "joblib, which needs no guard: pip install 'brainsim[sweep]'"
            ) from error
        except (AttributeError, TypeError) as error:
            if "pickle" not in str(error):
                raise
            raise TypeError(
                f"sweep.function: cannot be sent to other processes ({error}); define it at the top of a module, or "
                "install joblib, which can send any function: pip install 'brainsim[sweep]'"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _share_threads(share):
    os.environ["BRAINSIM_NUM_THREADS"] = str(share)
