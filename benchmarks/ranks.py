"""Threads and ranks of MPI on this machine, in turn: ``python benchmarks/ranks.py``, with nothing else running.

The cortical microcircuit, with a tenth of its cells and inputs, on one thread, on some threads, and on as many ranks of one
thread. Its slices have two steps, so that threads or ranks wait for each other 5,000 times a second: the worst case.
"""

import argparse
import sys
from statistics import median

from harness import machine, report, rounds
from harness.ranks import can_start_ranks
from harness.workload import Task
from microcircuit import WORKLOAD


def main():
    """Measure and print."""
    options = _options()
    if not can_start_ranks():
        sys.exit("there is no mpiexec next to this Python: pip install mpi4py mpich")
    of = {"simulator": "brainsim", "n": round(options.scale * WORKLOAD.n), "seed": 1, "warm_up": 200.0}
    of |= {"duration": options.duration}
    rows = {
        "1 thread": rounds.Row(Task(threads=1, **of)),
        f"{options.number} threads": rounds.Row(Task(threads=options.number, **of)),
        f"{options.number} ranks": rounds.Row(Task(threads=1, ranks=options.number, **of)),
    }
    rounds.measure_round(list(rows.values()), 1, options.runs, 900.0)
    paces = {name: [seconds / options.duration * 1000.0 for seconds in row.seconds] for name, row in rows.items()}
    for name, row in rows.items():
        if row.error:
            sys.exit(f"{name}: {row.error}")
    lines = [[name, *(f"{f(pace):.4f}" for f in (min, median, max))] for name, pace in paces.items()]
    about, (_, threads, ranks) = machine.describe(), paces.values()
    print(f"{about['processor']}, {about['cores']} cores, load {machine.load()}\n")
    print("\n".join(report.columns([["seconds for a simulated second", "min", "median", "max"], *lines])))
    ratios = [
        f"{100.0 * (f(ranks) / f(threads) - 1.0):+.1f} % ({what})" for f, what in ((min, "minima"), (median, "medians"))
    ]
    print(f"\nranks against threads: {', '.join(ratios)}")


def _options():
    parser = argparse.ArgumentParser(description="Threads and ranks of MPI on this machine, in turn.")
    parser.add_argument("--scale", type=float, default=0.1, help="share of the cells, and of their inputs (default 0.1)")
    parser.add_argument("--number", type=int, default=2, help="of threads, and of ranks (default 2)")
    parser.add_argument("--duration", type=float, default=1000.0, help="of a timed run, ms (default 1000)")
    parser.add_argument("--runs", type=int, default=15, help="timed runs of each (default 15)")
    return parser.parse_args()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        from harness import child

        child.serve(WORKLOAD, sys.argv[2])
    else:
        main()
