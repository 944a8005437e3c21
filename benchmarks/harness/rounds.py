"""Runs one network in brainsim and in the other simulators that are installed, in turn, and compares them.

Every row of the table has its own process, which builds the network, warms up, and then waits. Timed runs alternate: one of
each process, then the next one of each, so that a drift of the machine affects all of them. A round starts new processes
with another seed. Networks that fill the memory are measured one process after the other instead.
"""

import argparse
import dataclasses
import importlib.util
import json
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from . import machine, report
from .ranks import command
from .simulators import SIMULATORS
from .workload import Task


def main(workload):
    """Run a workload as its file is run from the command line."""
    if sys.argv[1:2] == ["--child"]:
        from . import child

        child.serve(workload, sys.argv[2])
        return
    options = _options(workload)
    rows = measure(workload, options)
    reference = report.check_rates(rows, workload, options.n)
    setting = report.Setting(workload, options.n, options.duration, machine.describe(), machine.load())
    print(report.table(rows, setting, reference))
    if options.save:
        Path(options.save).write_text(json.dumps(report.as_json(rows, setting, vars(options)), indent=1) + "\n")


def measure(workload, options):
    """Return the rows of the table, each with its timed runs or its error."""
    rows = [Row(task) for task in _tasks(workload, options)]
    for i in range(options.rounds):
        for together in [[row] for row in rows] if workload.apart else [rows]:
            measure_round(together, options.seed + i, options.runs, options.timeout)
    return rows


def measure_round(rows, seed, runs, timeout):
    """Start the processes of some rows, let them make their timed runs in turn, and end them."""
    try:
        for row in rows:
            row.start(seed, timeout)
        for _ in range(runs):
            for row in rows:
                row.run()
    finally:
        for row in rows:
            row.stop()


class Row:
    """One simulator with one number of threads: its process and its answers."""

    def __init__(self, task):
        self.task, self.error, self.process = task, None, None
        self.about, self.seconds, self.spikes, self.memory = {}, [], [], None
        self.wirings = 0  # networks that were built, each with its own seed

    def start(self, seed, timeout):
        """Start the process and wait until it has warmed up."""
        if self.error:
            return
        if importlib.util.find_spec(SIMULATORS[self.task.simulator].module) is None:
            self.error = "not installed"
            return
        self.timeout = timeout
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `stop`
        fields = json.dumps(dataclasses.asdict(self.task) | {"seed": seed})
        self.process = subprocess.Popen(
            [*command(self.task.ranks), sys.modules["__main__"].__file__, "--child", fields],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            bufsize=1,
        )
        say(f"{self.task.label}, seed {seed}: building")
        if answer := self._answer():
            self.about, self.wirings = answer, self.wirings + 1

    def run(self):
        """Let the process make one timed run."""
        if self.error:
            return
        try:
            self.process.stdin.write("run\n")
        except OSError:
            self._fail(None)
            return
        if answer := self._answer():
            self.seconds.append(answer["seconds"])
            self.spikes.append(answer["spikes"])
            self.memory = max(answer["memory"] or 0, self.memory or 0) or None

    def stop(self):
        """End the process."""
        if self.process is None:
            return
        try:
            self.process.communicate(timeout=30)
        except (subprocess.TimeoutExpired, OSError, ValueError):
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.process = None

    def _answer(self):
        """Return the next answer; if the process failed, store the error and return None."""
        timer = threading.Timer(self.timeout, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        late = not timer.is_alive()
        timer.cancel()
        answer = json.loads(line) if line else {"error": f"no answer in {self.timeout:g} s" if late else None}
        if "error" not in answer:
            return answer
        self._fail(answer["error"])
        return None

    def _fail(self, error):
        """Store the error that the process reported, or else how it ended and the last line that it printed."""
        if error is None:
            self.process.wait()
            self.log.seek(0)
            lines = self.log.read().decode(errors="replace").strip().splitlines() or [""]
            code = self.process.returncode
            ending = signal.Signals(-code).name if code < 0 else f"code {code}"
            error = f"crashed, {ending}; its last line: {lines[-1].strip()}"
        self.error = error
        say(f"{self.task.label}: {error}")


def _tasks(workload, options):
    """Return the tasks in the order of ``--only``: each simulator with the number of threads given there, or with all."""
    shared = {key: getattr(options, key) for key in ("n", "duration", "warm_up", "seed")}
    parts = [text.partition(":") for text in options.only]
    return [
        Task(simulator=name, threads=count, **shared)
        for name, _, threads in parts
        for count in ([int(threads)] if threads else options.threads)
    ]


def _options(workload):
    parser = argparse.ArgumentParser(description=f"{workload.name}, in brainsim and in the simulators that are installed.")
    names = list(workload.networks)
    add = parser.add_argument
    only = list(workload.only) or names
    add(
        "--only",
        type=lambda text: names_of(text, names, threads=True),
        default=only,
        help=f"which of {','.join(names)}; name:2 is that one with two threads (default {','.join(only)})",
    )
    add("--threads", type=numbers_of, default=[1, 2], help="numbers of threads (default 1,2)")
    add("--runs", type=int, default=3, help="timed runs of each process (default 3)")
    add("--rounds", type=int, default=1, help="fresh processes, each with the next seed (default 1)")
    if workload.scaled:
        add("--scale", type=float, default=1.0, help=f"share of {workload.n} cells (default 1)")
    else:
        add("--n", type=int, default=workload.n, help=f"number of cells (default {workload.n})")
    add("--duration", type=float, default=workload.duration, help=f"of a timed run, ms (default {workload.duration:g})")
    add("--warm-up", type=float, default=workload.warm_up, help=f"before, ms (default {workload.warm_up:g})")
    add("--seed", type=int, default=1, help="of wiring and run in the first round (default 1)")
    add("--timeout", type=float, default=1800.0, help="seconds after which a process is stopped (default 1800)")
    add("--save", type=report.writable, metavar="FILE.json", help="where to write all figures")
    options = parser.parse_args()
    if workload.scaled:
        options.n = round(options.scale * workload.n)
    return options


def names_of(text, known, threads=False):
    """Return the names in a list, with `threads` also such as ``nest:2``, or reject it if a name is not known."""
    chosen = text.split(",")
    for part in chosen:
        name, colon, count = part.partition(":")
        if name not in known or colon and not (threads and count.isdigit()):
            more = " (or NAME:threads)" if threads else ""
            raise argparse.ArgumentTypeError(f"{part!r} is none of {', '.join(known)}{more}")
    return chosen


def numbers_of(text):
    """Return the whole numbers of a list such as ``1,2``."""
    return [int(part) for part in text.split(",")]


def say(text):
    """Print the progress of the measurement."""
    print(text, file=sys.stderr, flush=True)
