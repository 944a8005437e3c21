"""brainsim on a machine that it does not have for itself: beside programs that never rest, and beside a second run.

``python benchmarks/neighbours.py``. CUBA, whose slices are the shortest there are, one step of a few microseconds, with
4,000 and with 64,000 cells. A thread that is not running keeps the others of its run waiting, so what is to be seen is by
how much more than their share of the processors two threads are slowed down.
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
        raise SystemExit(f"--threads: brainsim starts no more threads than there are processors ({about['cores']})")
    print(f"{about['processor']}, {about['cores']} cores, load {machine.load()}; s per biological second\n")
    for n in options.n:
        for threads in options.threads:
            for neighbours in NEIGHBOURS:
                seconds = beside(neighbours, n, threads, options.runs)
                rows.append({"cells": n, "threads": threads, "neighbours": neighbours, "seconds": seconds})
                figures = f"min {min(seconds):.3f}  median {statistics.median(seconds):.3f}  max {max(seconds):.3f}"
                print(f"{n:>6,} cells  threads {threads}  beside {neighbours:<13}  {figures}", flush=True)
    if options.save:
        Path(options.save).write_text(json.dumps({"machine": about, "rows": rows}, indent=1) + "\n")


def beside(neighbours, n, threads, runs):
    """Return seconds per biological second of each of several runs."""
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
    """Let so many processes compute without a pause."""
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
    number = 1
    while True:
        number = number * 3 % 1_000_003


def _answer(answers, *arguments):
    answers.put(measure(*arguments))


def measure(n, threads, runs, together=None):
    """Return seconds per biological second of each of several runs of CUBA, which begin when all are ready."""
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
    parser = argparse.ArgumentParser(description="brainsim beside programs that want the same processors.")
    parser.add_argument("--n", type=rounds.numbers_of, default=list(LENGTHS), help="cells (default 4000,64000)")
    parser.add_argument("--threads", type=rounds.numbers_of, default=[1, 2], help="numbers of threads (default 1,2)")
    parser.add_argument("--runs", type=int, default=7, help="timed runs of each (default 7)")
    parser.add_argument("--save", type=report.writable, metavar="FILE.json", help="where to write all figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
