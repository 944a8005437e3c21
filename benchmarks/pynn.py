"""Examples of PyNN, unchanged, on NEST, Brian2 and brainsim: the time in ``sim.run``, in the script, and of the process.

The examples are in the folder ``examples`` of PyNN's source distribution (``pip download --no-binary :all: pynn==0.13.0``),
which is the argument. Each run of an example is a process of its own, in an empty folder; a first round fills the caches of
compiled code and is not counted. What was recorded comes first: spikes per recorded cell, and the mean of the potential if
there is one. A row whose rate differs from the first row's by more than the tolerance of the example and three standard
deviations of counting, or whose potential differs by 1 mV, says so and gets no ratio. The scatter of random connections is
that of the other benchmarks of these networks; drives differ, since each simulator draws its own.

NEST builds a network while it is described, and the others when it first runs. So the time of the script is compared: all
but the start of Python and the loading of the simulator.

``--peers`` is the Python that has PyNN with NEST and Brian2, if that is another one than this.
"""

import argparse
import json
import os
import runpy
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import machine, report

MODULES = {"nest": "pyNN.nest", "brian2": "pyNN.brian2", "brainsim": "brainsim.pynn"}
# example, with its arguments -> relative difference of rates that its random connections and drives may make
EXAMPLES = {
    "VAbenchmarks COBA": 0.29,
    "VAbenchmarks CUBA": 0.19,
    "brunel": 0.87,  # 100 ms of bursts: over five seeds each, brainsim 82 +- 24 Hz, NEST 82 +- 21 Hz (standard deviations)
    "tsodyksmarkram": 0.01,
    "simple_STDP": 0.01,
    "Izhikevich": 0.01,
    "small_network": 0.1,
    "current_injection": 0.05,
    "simpleRandomNetwork": 0.1,
    "inhomogeneous_network": 0.5,
    "varying_poisson": 0.1,
    "update_spike_source_array": 0.01,
}
TIMES = ("run", "script", "process")
POTENTIAL = 1.0  # mV by which the means of potentials may differ


def child(simulator, script, *arguments):
    """Run an example on a simulator, and print what it recorded and how long its runs took."""
    module = __import__(MODULES[simulator], fromlist=["run"])
    seconds, found = [], {}

    def timed(run):
        def inner(*args, **kwargs):
            began = time.perf_counter()
            try:
                return run(*args, **kwargs)
            finally:
                seconds.append(time.perf_counter() - began)

        return inner

    def ended(end):
        def inner(*args, **kwargs):
            found.update(recorded(module.simulator.state))
            return end(*args, **kwargs)

        return inner

    for name, wrap in {"run": timed, "run_until": timed, "run_for": timed, "end": ended}.items():
        setattr(module, name, wrap(getattr(module, name)))
    sys.argv = [script, simulator, *arguments]
    sys.path.insert(0, str(Path(script).parent))
    began = time.perf_counter()
    runpy.run_path(script, run_name="__main__")
    times = {"run": sum(seconds), "script": time.perf_counter() - began}
    print("\nresult", json.dumps(times | (found or recorded(module.simulator.state))), flush=True)


def recorded(state):
    """Return the number of spikes, of cells whose spikes were recorded, and the mean potential, of all segments."""
    spikes, cells, potentials = 0, 0, []
    for recorder in (recorder for recorder in state.recorders if any(recorder.recorded.values())):
        for segment in recorder.get("all").segments:
            spikes += sum(len(train) for train in segment.spiketrains)
            cells += len(segment.spiketrains)
            potentials += [float(signal.magnitude.mean()) for signal in segment.analogsignals if signal.name == "v"]
    return {"spikes": spikes, "cells": cells, "v": sum(potentials) / len(potentials) if potentials else None, "ms": state.t}


def once(options, example, simulator):
    """Return what one process found, with the seconds that it took, or an error."""
    name, *arguments = example.split()
    python = options.peers if simulator != "brainsim" else sys.executable
    script = str(Path(options.examples, f"{name}.py").resolve())
    environment = os.environ | {"MPLBACKEND": "Agg", "PYTHONWARNINGS": "ignore"}
    with tempfile.TemporaryDirectory(prefix="bench-pynn-") as folder:
        Path(folder, "Results").mkdir()
        command = [python, str(Path(__file__).resolve()), "--child", simulator, script, *arguments]
        began = time.perf_counter()
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=options.timeout, check=False
            )
        except subprocess.TimeoutExpired:
            return {"error": f"no answer in {options.timeout:g} s"}
        seconds = time.perf_counter() - began
    results = [line for line in done.stdout.splitlines() if line.startswith("result ")]
    if not results:
        lines = done.stderr.strip().splitlines()
        errors = [line for line in lines if "Error" in line] or lines or [f"ended with code {done.returncode}"]
        return {"error": errors[-1]}
    return json.loads(results[-1].removeprefix("result ")) | {"process": seconds}


def measure(options, example):
    """Return the rows of an example, simulator -> what its processes found; they run in turn."""
    rows = {simulator: [] for simulator in options.simulators}
    for counted in range(options.runs + 1):
        for simulator, found in rows.items():
            if not (found and "error" in found[-1]):
                print(f"{example} on {simulator}, {counted or 'fills its cache'}", file=sys.stderr, flush=True)
                found.append(once(options, example, simulator))
    return {simulator: summary(found) for simulator, found in rows.items()}


def summary(found):
    """Return what the counted processes of a row found, with its rate [Hz]."""
    if "error" in found[-1]:
        return found[-1]
    last, counted = found[-1], found[1:]
    rate = 1000.0 * last["spikes"] / (last["cells"] * last["ms"]) if last["cells"] else None
    return last | {"rate": rate} | {name: min(one[name] for one in counted) for name in TIMES}


def agrees(row, first, tolerance):
    """Return whether what a row recorded is what the first one did."""
    if row["v"] is not None and first["v"] is not None and abs(row["v"] - first["v"]) > POTENTIAL:
        return False
    if not first["spikes"]:
        return row["spikes"] == first["spikes"]
    return report.close(row["rate"], first["rate"], tolerance, first["cells"] * first["ms"] / 1000.0)


def lines_of(example, rows):
    """Return the lines of an example: one for each simulator."""
    good = {simulator: row for simulator, row in rows.items() if "error" not in row}
    first = next(iter(good.values()), None)
    same = {simulator for simulator, row in good.items() if agrees(row, first, EXAMPLES[example])}
    best = min((good[simulator]["script"] for simulator in same - {"brainsim"}), default=None)
    for simulator, row in rows.items():
        label = f"{example} on {simulator}"
        if "error" in row:
            yield [label, row["error"][:100]]
            continue
        ratio = "differs" if simulator not in same else "-" if best is None else f"{row['script'] / best:.2f}"
        values = [str(row["spikes"]), *("-" if row[name] is None else f"{row[name]:.4g}" for name in ("rate", "v"))]
        yield [label, *values, *(f"{row[name]:.3f}" for name in TIMES), ratio]


def main():
    """Run all examples and print the table."""
    options = parse()
    about, load = machine.describe(), machine.load()
    rows = {example: measure(options, example) for example in options.only}
    head = ["", "spikes", "Hz", "v mV", *(f"{name} s" for name in TIMES), "of best peer"]
    print(f"{about['processor']}, {about['cores']} cores, {about['memory_GB']:g} GB, Python {about['python']}, load {load}")
    print("s: the least of the counted processes, in sim.run, in the script, and in all; the script is compared.\n")
    print("\n".join(report.columns([head, *(line for example in rows for line in lines_of(example, rows[example]))])))
    if options.save:
        Path(options.save).write_text(json.dumps({"machine": about, "load": load, "rows": rows}, indent=1) + "\n")


def parse():
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Examples of PyNN on NEST, Brian2 and brainsim.")
    names, simulators = list(EXAMPLES), list(MODULES)
    add = parser.add_argument
    add("examples", help="the folder with the examples of PyNN")
    add("--peers", default=sys.executable, metavar="PYTHON", help="the Python of pyNN.nest and pyNN.brian2 (default: this)")
    add("--only", type=lambda text: text.split(","), default=names, help=f"which of {','.join(names)}")
    add("--simulators", type=lambda text: text.split(","), default=simulators, help=f"which of {','.join(simulators)}")
    add("--runs", type=int, default=3, help="counted processes of each (default 3)")
    add("--timeout", type=float, default=900.0, help="seconds after which a process is stopped (default 900)")
    add("--save", type=report.writable, metavar="FILE.json", help="where to write all figures")
    options = parser.parse_args()
    for given, known in ((options.only, names), (options.simulators, simulators)):
        if unknown := [name for name in given if name not in known]:
            parser.error(f"must be of {', '.join(known)} (got {unknown[0]!r})")
    for name in {example.split()[0] for example in options.only}:
        if not Path(options.examples, f"{name}.py").exists():
            parser.error(f"there is no {name}.py in {options.examples!r}, which must be the examples of PyNN")
    return options


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        main()
