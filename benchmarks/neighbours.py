"""brainsim on a shared machine: with programs that never pause, and with a second run.

``python benchmarks/neighbours.py``. CUBA has the shortest possible slices, one step of a few microseconds; it has 4,000 or
64,000 cells. The threads of a run wait for each other, so a thread that does not run delays the others. The question is
whether two threads are slowed down by more than their share of the processors.
"""

import argparse
import contextlib
import json
import multiprocessing
import statistics
import time
from pathlib import Path

from harness import machine, report, rounds

LENGTHS = {4000: 1000.0, 64_000: 200.0}  # cells -> ms of a timed run
NEIGHBOURS = ("none", "1 program", "2 programs", "a second run")


def main():
    options, about, rows = _options(), machine.describe(), []
    if max(options.threads) > about["cores"]:
        raise SystemExit(f"--threads: must be at most {about['cores']}, the number of processors")
    print(f"{about['processor']}, {about['cores']} cores, load {machine.load()}; s per biological second\n")
    for n in options.n:
        for threads in options.threads:
            for neighbours in NEIGHBOURS:
                seconds = run_with(neighbours, n, threads, options.runs)
                rows.append({"cells": n, "threads": threads, "neighbours": neighbours, "seconds": seconds})
                figures = f"min {min(seconds):.3f}  median {statistics.median(seconds):.3f}  max {max(seconds):.3f}"
                print(f"{n:>6,} cells  threads {threads}  with {neighbours:<13}  {figures}", flush=True)
    if options.save:
        Path(options.save).write_text(json.dumps({"machine": about, "rows": rows}, indent=1) + "\n")


def run_with(neighbours, n, threads, runs):
    """Return the seconds per biological second of each run, with the given neighbours."""
    if neighbours == "a second run":
        together, answers = multiprocessing.Barrier(2), multiprocessing.Queue()
        second = multiprocessing.Process(target=_answer, args=(answers, n, threads, runs, together))
        second.start()
        seconds = measure(n, threads, runs, together)
        answers.get()
        second.join()
        return seconds
    with burning(0 if neighbours == "none" else int(neighbours[0])):
        return measure(n, threads, runs)


@contextlib.contextmanager
def burning(programs):
    """Let some processes compute without pause."""
    burners = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(programs)]
    for burner in burners:
        burner.start()
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.join()


def _burn():
    x = 1
    while True:
        x = x * 3 % 1_000_003


def _answer(answers, *arguments):
    answers.put(measure(*arguments))


def measure(n, threads, runs, together=None):
    """Return the seconds per biological second of each of several runs of CUBA, which start when all processes are ready."""
    import brainsim as bs
    from brainsim.examples import cuba

    length = LENGTHS.get(n, 1000.0)
    simulation = bs.Simulation(cuba.build(n=n)[0], seed=1, threads=threads, spikes=False, progress=False)
    simulation.run(100.0, progress=False)
    if together is not None:
        together.wait()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        simulation.run(length, progress=False)
        seconds.append((time.perf_counter() - began) / length * 1000.0)
    return seconds


def _options():
    parser = argparse.ArgumentParser(description="brainsim with programs that use the same processors.")
    parser.add_argument("--n", type=rounds.numbers_of, default=list(LENGTHS), help="cells (default 4000,64000)")
    parser.add_argument("--threads", type=rounds.numbers_of, default=[1, 2], help="numbers of threads (default 1,2)")
    parser.add_argument("--runs", type=int, default=7, help="timed runs of each (default 7)")
    parser.add_argument("--save", type=report.writable, metavar="FILE.json", help="where to write all figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
