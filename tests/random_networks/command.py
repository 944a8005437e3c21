"""Many cases from the command line, in processes of their own: one that crashes or hangs is one failure."""

import argparse
import faulthandler
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from itertools import groupby
from pathlib import Path

from brainsim.testing.random_networks.kinds import FREE_SEEDS, TOGETHER

LONGEST = 900  # seconds until a case counts as hanging
CASES_PER_PROCESS = 50  # compiled code is freed when its process ends: some 70 MB a case
PRECISIONS = ("double", "single")
PRECISE = "precise"  # double, and spikes have exact times
PAGE = "page"  # on a page, in node, in one of these three by the seed


def main(given=None):
    """Run what the command line asks for; the exit status says whether all cases agree."""
    parser = argparse.ArgumentParser(prog="python -m tests.random_networks", description=__doc__)
    parser.add_argument("--cases", type=int, default=100, help="how many networks")
    parser.add_argument("--seed", type=int, help="seed of the first; the others follow (by default a fresh one)")
    parser.add_argument("--precision", choices=(*PRECISIONS, "both", PRECISE, PAGE), default="both")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args(given)
    if arguments.worker:
        work()
        return
    if arguments.seed is None:
        arguments.seed = fresh_seed()
    precisions = PRECISIONS if arguments.precision == "both" else (arguments.precision,)
    cases = [(arguments.seed + k, precision) for k in range(arguments.cases) for precision in precisions]
    sys.exit(bool(run(cases, arguments.processes).failures))


def run(cases, processes):
    """Run cases (seed, precision) in a number of processes, print what happens, and return the Tally."""
    tally = Tally(len(cases))
    print(f"{len(cases)} cases from seed {cases[0][0]} on", flush=True)
    # seeds that are drawn from the same kinds are run by one process, which compiles what they share
    blocks = [list(block) for _, block in groupby(cases, key=lambda case: case[0] // TOGETHER)]
    shares = [[case for block in blocks[k::processes] for case in block] for k in range(processes)]
    threads = [threading.Thread(target=supervise, args=(share, tally)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(tally.summary(), flush=True)
    return tally


def fresh_seed():
    """Return a seed that nobody has run, of all kinds of populations."""
    return (int.from_bytes(os.urandom(4)) + FREE_SEEDS) // TOGETHER * TOGETHER


class Tally:
    """What became of the cases."""

    def __init__(self, cases):
        self.cases, self.began = cases, time.perf_counter()
        self.outcomes, self.failures, self._lock = Counter(), [], threading.Lock()

    def add(self, case, outcome, lines):
        """Count a case and print what is wrong with it."""
        seed, precision = case
        with self._lock:
            self.outcomes[outcome] += 1
            if outcome not in ("agrees", "quiet", "ran away", "refused"):
                self.failures.append(case)
                print(f"seed {seed}, {precision}: {outcome}", *lines, sep="\n    ", flush=True)
            elif outcome == "refused":
                print(f"seed {seed}, {precision}: {outcome}: {lines[0]}", flush=True)
            if sum(self.outcomes.values()) % 20 == 0:
                print(self.summary(), flush=True)

    def summary(self):
        """Return the outcomes so far in a line, and how to repeat each failure."""
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        seconds = time.perf_counter() - self.began
        again = [f"\n  {command_of(*case)}" for case in self.failures]
        return f"{sum(self.outcomes.values())} of {self.cases} in {seconds:.0f} s: {counts}" + "".join(again)


def command_of(seed, precision):
    """Return the command that repeats a case."""
    return f"python -m tests.random_networks --cases 1 --seed {seed} --precision {precision}"


def supervise(cases, tally):
    """Run cases in processes, one after another; if one ends early, count the case that it was at as a failure."""
    while cases:
        chunk, cases = cases[:CASES_PER_PROCESS], cases[CASES_PER_PROCESS:]
        command = [sys.executable, "-X", "faulthandler", "-m", "tests.random_networks", "--worker"]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        ) as process:
            heard = []
            listener = threading.Thread(target=lambda heard=heard, process=process: heard.append(process.stderr.read()))
            listener.start()
            process.stdin.write(json.dumps(chunk))
            process.stdin.close()
            for line in process.stdout:
                outcome, lines = json.loads(line)
                tally.add(tuple(chunk.pop(0)), outcome, lines)
            listener.join()
        if chunk:
            tally.add(tuple(chunk.pop(0)), f"process ended with {process.returncode}", heard[0].splitlines()[-40:])
        cases = chunk + cases


def work():
    """Run the cases that come from standard input and write a line of JSON about each: the outcome, and what is wrong."""
    from brainsim.engine.simulation import settings

    settings.most_partitions = lambda: settings.MAX_THREADS  # more partitions than there are processors
    for seed, precision in json.load(sys.stdin):
        faulthandler.dump_traceback_later(LONGEST, exit=True)
        print(json.dumps(outcome_of(seed, precision)), flush=True)
        faulthandler.cancel_dump_traceback_later()


def outcome_of(seed, precision):
    """Return in a word what became of a case, and lines about what is wrong with it."""
    from . import ways

    try:
        if precision == PAGE:
            from tests.pages import random_pages

            found = random_pages.differences(seed)
        else:
            found = ways.differences(seed, precision)
    except ways.Refused as refusal:
        return "refused", [str(refusal)]
    except ways.RanAway:
        return "ran away", []
    except Exception:  # noqa: BLE001 - whatever a network raises is an outcome
        return "error", traceback.format_exc().splitlines()[-12:]
    return ("differs", found[:20]) if found else ("agrees", [])
