"""Times whole processes from outside, in turn: with the files of an earlier process, and without."""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from . import machine, report

KINDS = ("warm", "empty")


def main(script, names, modules, cell_seconds, tolerance, seeds=None):
    """Run all processes and print their times.

    Parameters
    ----------
    script : str
        The file that runs as ``script --child NAME FOLDER SEEDS`` and prints ``result COUNT``, or ``result None``; before it
        may come lines ``phase SECONDS NAME``.
    names : iterable of str
        The processes.
    modules : dict of str to str
        Process -> module that it needs.
    cell_seconds : float
        Number of cells times seconds, by which a count of spikes is divided to give a rate.
    tolerance : float
        Relative difference up to which the rates of two processes count as equal.
    seeds : int, optional
        The default of an option ``--seeds``: with how many seeds a process runs its networks.
    """
    options = _options(list(names), seeds)
    script = [script, str(options.seeds)] if seeds else [script]
    rows = {name: {kind: [] for kind in KINDS} | {"result": None, "error": None, "phases": {}} for name in options.only}
    for name, row in rows.items():
        if name in modules and importlib.util.find_spec(modules[name]) is None:
            row["error"] = "not installed"
    with tempfile.TemporaryDirectory(prefix="bench-warm-") as caches:
        # the first round fills the caches and is not counted
        _round(script, rows, caches, None)
        for _ in range(options.runs):
            _round(script, rows, caches, "warm")
    for _ in range(options.empty_runs):
        _round(script, rows, None, "empty")
    for row in rows.values():
        row["rate"] = row["result"] / cell_seconds if isinstance(row["result"], int) else None
    _compare(rows, tolerance)
    about, load = machine.describe(), machine.load()
    print(_table(rows, about, load, tolerance))
    for name, row in rows.items():
        if row["phases"]:
            print(_phases(name, row))
    if options.save:
        Path(options.save).write_text(json.dumps({"machine": about, "load": load, "rows": rows}, indent=1) + "\n")


def _round(script, rows, caches, kind):
    """Run each process once; `caches` is a folder with a cache for each, None for empty caches."""
    for name, row in rows.items():
        if row["error"]:
            continue
        print(f"{name}, {kind or 'fills its cache'}", file=sys.stderr, flush=True)
        if caches is None:
            with tempfile.TemporaryDirectory(prefix="bench-empty-") as folder:
                seconds = _once(script, name, row, folder)
        else:
            folder = Path(caches, name.replace(" ", "-"))
            folder.mkdir(exist_ok=True)
            seconds = _once(script, name, row, str(folder))
        if kind and seconds:
            row[kind].append(sum(seconds.values()))
            for part, lasted in seconds.items() if len(seconds) > 1 else ():
                row["phases"].setdefault(part, {}).setdefault(kind, []).append(lasted)


def _once(script, name, row, folder):
    """Return phase -> seconds of a process, the rest as one; if it failed, store the error and return None."""
    environment = os.environ | {"BRAINSIM_CACHE_DIR": folder}
    began = time.perf_counter()
    command = [sys.executable, script[0], "--child", name, folder, *script[1:]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    results = [line for line in done.stdout.splitlines() if line.startswith("result ")]
    if done.returncode or not results:
        row["error"] = (done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"])[-1]
        return None
    text = results[-1].removeprefix("result ")
    row["result"] = int(text) if text.isdigit() else None if text == "None" else text
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines() if line.startswith("phase ")]
    phases = {name: float(lasted) for _, lasted, name in lines}
    return {"Python itself": seconds - sum(phases.values())} | phases


def _compare(rows, tolerance):
    """Store in each row whether its rate agrees with that of the first row that has a rate."""
    first = next((row["rate"] for row in rows.values() if row["rate"]), None)
    for row in rows.values():
        row["agrees"] = row["rate"] is None or bool(row["rate"] and abs(row["rate"] - first) <= tolerance * first)


def _table(rows, about, load, tolerance):
    head = ["whole process [s]", "warm min", "median", "max", "empty min", "median", "max", "Hz", ""]
    lines = [
        f"{about['processor']}, {about['cores']} cores, {about['memory_GB']:g} GB, Python {about['python']}, load {load}",
        f"Rates are compared with the first; no time is printed if they differ by more than {100 * tolerance:g} %.",
        *_byte_code(),
        "",
    ]
    return "\n".join(lines + report.columns([head, *(_cells(name, row) for name, row in rows.items())]))


def _phases(name, row):
    """Return the table of the phases of one process."""
    kinds = [kind for kind in KINDS if row[kind]]
    head = [f"{name}, median [s]", *kinds]
    cells = [[part, *(f"{median(lasted[kind]):.3f}" for kind in kinds)] for part, lasted in row["phases"].items()]
    return "\n".join(["", *report.columns([head, *cells])])


def _byte_code():
    """Return a line that says whether brainsim is timed with byte code, as a user has it."""
    found = importlib.util.find_spec("brainsim")
    if found is None or found.cached is None or Path(found.cached).exists():
        return []
    return ["brainsim has no byte code here, so each process compiles its sources: time an installed one (pip install .)"]


def _cells(name, row):
    if row["error"]:
        return [name, row["error"][:100]]
    if not row["agrees"]:
        return [name, f"rates differ ({row['rate']:.3g} Hz)"]
    times = [f"{f(row[kind]):.3f}" if row[kind] else "-" for kind in KINDS for f in (min, median, max)]
    note = row["result"] if isinstance(row["result"], str) else ""
    return [name, *times, "-" if row["rate"] is None else f"{row['rate']:.3g}", note]


def _options(names, seeds):
    parser = argparse.ArgumentParser(description="Whole processes, timed from outside.")
    add = parser.add_argument
    add("--only", type=lambda text: text.split(","), default=names, help=f"which of {','.join(names)}")
    add("--runs", type=int, default=5, help="timed processes with a filled cache (default 5)")
    add("--empty-runs", type=int, default=2, help="timed processes with an empty cache (default 2)")
    if seeds:
        add("--seeds", type=int, default=seeds, help=f"with how many seeds (default {seeds})")
    add("--save", type=report.writable, metavar="FILE.json", help="where to write all figures")
    options = parser.parse_args()
    for name in options.only:
        if name not in names:
            parser.error(f"--only: must be of {', '.join(names)} (got {name!r})")
    return options
