"""What a point of a sweep costs besides its own work: ``python benchmarks/sweep.py``.

A function that returns at once is called at many points, and the processor time of all processes is divided by their number:
once in this process, and once on workers; with and without a file for each point. A point of a real sweep takes seconds, so
less than 20 ms do not matter.
"""

import argparse
import os
import tempfile
import time
from statistics import median

from harness import machine, report

import brainsim as bs

TARGET = 20.0  # ms


def main():
    """Measure everything and print it."""
    options = _options()
    lines = []
    for workers in sorted({1, options.workers}):
        for to_files in (False, True):
            costs = [cost(options.points, workers, to_files) for _ in range(options.runs)]
            where = "in one process" if workers == 1 else f"on {workers} workers"
            name = f"{where}, {'a file for each' if to_files else 'in memory'}"
            lines.append([name, *(f"{f(costs):.2f}" for f in (min, median, max)), f"{TARGET:g}", "ms a point"])
    about = machine.describe()
    print(f"{about['processor']}, {about['cores']} cores, load {machine.load()}\n")
    print("\n".join(report.columns([["", "min", "median", "max", "target", ""], *lines])))


def cost(points, workers, to_files):
    """Return the processor time of all processes for a point [ms]; the workers run already."""
    from_here = {"x": [float(k) for k in range(points)]}
    bs.sweep(used, over={"x": list(range(2 * workers))}, workers=workers, progress=False)
    with tempfile.TemporaryDirectory() as folder:
        began, before = time.process_time(), _of_workers(workers)
        bs.sweep(nothing, over=from_here, workers=workers, to=f"{folder}/points" if to_files else None, progress=False)
        seconds = time.process_time() - began + _of_workers(workers) - before
    return 1000.0 * seconds / points


def nothing(x):
    """Return at once."""
    return x


def used(x):
    """Return the process, and how much of the processors it has used so far."""
    time.sleep(0.05)  # so that each worker gets one
    return {"process": os.getpid(), "seconds": time.process_time()}


def _of_workers(workers):
    """Return the processor time that the workers have used so far [s]."""
    if workers == 1:
        return 0.0
    table = bs.sweep(used, over={"x": list(range(4 * workers))}, workers=workers, progress=False)
    found = zip(table.values("process").tolist(), table.values("seconds").tolist(), strict=True)
    latest = {}
    for process, seconds in found:
        latest[process] = max(seconds, latest.get(process, 0.0))
    latest.pop(os.getpid(), None)  # the first point is computed here
    return sum(latest.values())


def _options():
    parser = argparse.ArgumentParser(description="What a point of a sweep costs besides its own work.")
    parser.add_argument("--points", type=int, default=200, help="number of points (default 200)")
    parser.add_argument("--workers", type=int, default=2, help="number of workers (default 2)")
    parser.add_argument("--runs", type=int, default=3, help="how often (default 3)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
