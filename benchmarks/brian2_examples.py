"""Examples of Brian2, unchanged but for the device, by Brian2 and by brainsim: what ran where, what agreed, and seconds.

The examples are in the folder ``examples`` of Brian2's repository, which is the argument; nothing of it is shipped. Each
run is a process of its own, forked from one that has loaded both packages, so that seconds are those of the script. A script
that chooses a device itself gets the one that is asked for. Synapses and initial values are made by the same functions of
NumPy from one seed in both; random numbers in a run differ.

A row says where an example ran (``here``, or by Brian2 and why), and what its monitors and arrays hold at the end: ``equal``
are spikes with the same step and cell, ``1e-12`` is the largest difference of a trace in units of its range. If spikes
differ, it says how many there were.
"""

import argparse
import functools
import gc
import json
import os
import pickle
import runpy
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np

# they need other packages or several processes, or are no scripts
LEFT_OUT = ("multiprocessing/", "multiple_processes", "opencv", "modelfitting", "plot_utils", "params")


def examples(folder, only):
    """Return the scripts of a folder, as paths within it."""
    found = sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*.py"))
    return [
        name
        for name in found
        if not any(part in name for part in LEFT_OUT) and any(part in name for part in only.split(","))
    ]


def found_by_monitors():
    """Return what all monitors, groups and synapses of Brian2 hold, name -> array."""
    import brian2

    found = {}
    kinds = brian2.SpikeMonitor, brian2.StateMonitor, brian2.PopulationRateMonitor, brian2.NeuronGroup, brian2.Synapses
    for obj in [obj for obj in gc.get_objects() if issubclass(type(obj), kinds)]:
        if isinstance(obj, brian2.SpikeMonitor):
            found |= {f"{obj.name} spikes": np.array([obj.t_, obj.i]), f"{obj.name} count": np.array(obj.count)}
        elif isinstance(obj, brian2.StateMonitor):
            found |= {f"{obj.name} {name}": np.array(getattr(obj, f"{name}_")) for name in obj.record_variables}
        elif isinstance(obj, brian2.NeuronGroup | brian2.Synapses):
            moved = {n: obj.variables[n] for n in obj.equations.diff_eq_names}
            found |= {f"{obj.name}.{name}": np.array(v.get_value()) for name, v in moved.items() if v.size < 1_000_000}
        else:
            found[f"{obj.name} rate"] = np.array(obj.rate_)
    return found


def child(way, script, folder, target):
    """Run a script, and return what it left, where it ran, and how long it took."""
    import brian2
    import matplotlib

    matplotlib.use("Agg")
    brian2.BrianLogger.log_level_error()
    devices = brian2.all_devices if hasattr(brian2, "all_devices") else sys.modules["brian2.devices.device"].all_devices
    brian2.prefs.codegen.target = target
    device = devices["cpp_standalone"] = devices["runtime"] = devices["brainsim"]
    device.activate = functools.partial(device.activate, here=way == "brainsim")  # also if a script chooses a device
    brian2.set_device("brainsim")
    brian2.seed(1)
    path = Path(folder, script)
    os.chdir(path.parent)
    sys.path.insert(0, str(path.parent))
    sys.argv = [str(path)]
    began, failed = time.perf_counter(), ""
    try:
        kept = runpy.run_path(str(path), run_name="__main__")
    except BaseException as error:
        kept, failed = {}, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        traceback.print_exc()
    seconds = time.perf_counter() - began
    found = found_by_monitors()
    del kept
    return {"found": found, "seconds": seconds, "failed": failed, "report": device.report(), "said": device.said}


def forked(*arguments, limit):
    """Return what `child` returns in a process of its own; a failure if that takes longer than the limit [s]."""
    with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
        number = os.fork()
        if not number:
            out = os.open(os.environ.get("BRIAN2_EXAMPLES_LOG", os.devnull), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(out, 1)
            os.dup2(out, 2)
            status = 1
            try:
                Path(file.name).write_bytes(pickle.dumps(child(*arguments)))
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        end = time.monotonic() + limit
        while os.waitpid(number, os.WNOHANG) == (0, 0):
            if time.monotonic() > end:
                os.kill(number, signal.SIGKILL)
                os.waitpid(number, 0)
                return {"found": {}, "seconds": limit, "failed": f"longer than {limit:g} s", "report": "", "said": []}
            time.sleep(0.05)
        content = Path(file.name).read_bytes()
        if not content:
            return {"found": {}, "seconds": 0.0, "failed": "the process died", "report": "", "said": []}
        return pickle.loads(content)


def agreement(ours, theirs):
    """Return what agreed, as text."""
    said, worst = [], 0.0
    for name in sorted(ours.keys() & theirs.keys()):
        mine, other = ours[name], theirs[name]
        if name.endswith(" spikes"):
            same = mine.shape == other.shape and np.allclose(mine, other, rtol=0, atol=1e-9)
            said.append(f"{mine.shape[1]} spikes equal" if same else f"spikes {mine.shape[1]} and {other.shape[1]}")
        elif not name.endswith((" count", " rate")):
            if mine.shape != other.shape:
                said.append(f"{name}: {mine.shape} and {other.shape}")
            elif other.size and np.isfinite(other).any():
                reach = np.nanmax(other) - np.nanmin(other)
                worst = max(worst, float(np.nanmax(np.abs(mine - other)) / (reach or 1.0)))
    return ", ".join([*said, f"traces {worst:.0e}"] if worst or not said else said)


def row_of(script, folder, options):
    """Return the row of one example."""
    done = {way: forked(way, script, folder, options.target, limit=options.limit) for way in options.ways.split(",")}
    ours, theirs = done.get("brainsim"), done.get("brian2")
    row = {"script": script, "agreed": "", "seconds": {way: round(d["seconds"], 2) for way, d in done.items()}}
    if ours:
        others = list(dict.fromkeys(said for said in ours["said"] if said != "brainsim"))
        row["where"] = (
            f"failed: {ours['failed']}" if ours["failed"] else "; ".join(others) or ("here" if ours["said"] else "no run")
        )
    if theirs and theirs["failed"]:
        row["agreed"] = f"Brian2 failed: {theirs['failed']}"
    elif ours and theirs:
        row["agreed"] = agreement(ours["found"], theirs["found"])
    return row


def main():
    """Run the examples, and print a row for each, and how many ran where."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="examples of Brian2's repository")
    parser.add_argument("--only", default="", help="parts of the names of the scripts to run, with commas between")
    parser.add_argument("--ways", default="brainsim,brian2", help="brainsim, brian2, or both, the default")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds after which a script is stopped")
    parser.add_argument("--target", default="auto", help="with what Brian2 runs: auto, cython or numpy")
    parser.add_argument("--save", help="a file for the rows, in JSON; those that it has are not run again")
    options = parser.parse_args()
    folder = Path(options.folder).resolve()
    if not (folder / "CUBA.py").exists():
        parser.error(f"there is no CUBA.py in {options.folder!r}, which must be the examples of Brian2")
    rows = json.loads(Path(options.save).read_text()) if options.save and Path(options.save).exists() else []
    import brian2  # noqa: F401 - loaded before forking

    import brainsim.brian2  # noqa: F401

    print("| example | where | agreed | seconds |\n|---|---|---|---|")
    for script in examples(folder, options.only):
        if script in {row["script"] for row in rows}:
            continue
        rows.append(row_of(script, folder, options))
        print("| {script} | {where} | {agreed} | {seconds} |".format(**({"where": ""} | rows[-1])), flush=True)
        if options.save:
            Path(options.save).write_text(json.dumps(rows, indent=1))
    here = sum(row.get("where") == "here" for row in rows)
    print(f"{here} of {len(rows)} here")


if __name__ == "__main__":
    main()
