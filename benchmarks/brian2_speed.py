"""Examples of Brian2, unchanged but for the device: seconds of brainsim.brian2, of Brian2's runtime, and of its C++ program.

The examples are in the folder ``examples`` of Brian2's sources, which is the argument (``pip download --no-binary :all:
--no-deps brian2==2.9.0``); nothing of it is shipped. Each way of running a script has a process of its own, which runs the
script once to compile, and then `--runs` times with other seeds. Of a later run the calls of ``run`` are timed, and what
they spend on anything but steps is told apart: code generation by Brian2, translation by brainsim. Making synapses and
drawing are not timed. What the first run took more than the fastest later one is called compiling.

All spikes of all groups with equations are counted, and the counts of each way compared before its seconds: they are means
over the timed runs, in which wirings and random numbers differ. A program of C++ repeats the same run.
"""

import argparse
import gc
import json
import os
import runpy
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import machine, report

SCRIPTS = (
    "CUBA.py",
    "frompapers/Stimberg_et_al_2018/example_1_COBA.py",
    "COBAHH.py",
    "synapses/STDP.py",
    "frompapers/Diesmann_et_al_1999.py",
    "frompapers/Clopath_et_al_2010_homeostasis.py",
    "frompapers/Clopath_et_al_2010_no_homeostasis.py",
    "frompapers/Brunel_2000.py",
)
WAYS = {"brainsim": "brainsim.brian2", "cython": "Cython", "standalone": "C++ standalone", "numpy": "NumPy"}
TOLERANCE = 0.2  # of counts of spikes: three standard deviations of the difference of two wirings of CUBA


class Clock:
    """Seconds within `run` of one execution of a script: `whole`, and `steps` of it; `spikes` of all groups."""

    def __init__(self):
        self.whole = self.steps = self.before = 0.0
        self.spikes = 0


def watch(way):
    """Have the runs of Brian2 timed and their spikes counted; return a list whose last item is the Clock in use."""
    from brian2 import SpikeMonitor
    from brian2.core.network import Network
    from brian2.groups.neurongroup import NeuronGroup

    clocks, run, before = [Clock()], Network.run, Network.before_run

    def timed_run(self, *given, level=0, **options):
        groups = [obj for obj in self.objects if isinstance(obj, NeuronGroup) and "spike" in obj.events]
        counts = [SpikeMonitor(group, record=False) for group in groups]
        self.objects |= {*counts}  # `add` is refused by the network of all objects in sight
        began = time.perf_counter()
        try:
            return run(self, *given, level=level + 1, **options)
        finally:
            clocks[-1].whole += time.perf_counter() - began
            if way == "standalone":  # the program runs later, with its monitors
                clocks[-1].counts = counts
            else:
                clocks[-1].spikes += sum(int(monitor.num_spikes) for monitor in counts)
                self.objects -= {*counts}

    def timed_before_run(self, *given, **options):
        began = time.perf_counter()
        try:
            return before(self, *given, **options)
        finally:
            clocks[-1].before += time.perf_counter() - began

    timed_before_run.original_function = before.original_function
    Network.run, Network.before_run = timed_run, timed_before_run
    if way == "brainsim":
        _watch_steps(clocks)
    return clocks


def _watch_steps(clocks):
    from brainsim.brian2.running import Running

    go = Running.go

    def timed_go(self):
        began = time.perf_counter()
        go(self)
        clocks[-1].steps += time.perf_counter() - began

    Running.go = timed_go


def choose(way, folder):
    """Choose the device; scripts that choose one themselves get this one."""
    import brian2
    from brian2.devices.device import all_devices

    if way == "brainsim":
        import brainsim.brian2  # noqa: F401 - registers the device

        brian2.set_device("brainsim", otherwise="refuse")
    elif way == "standalone":
        brian2.set_device("cpp_standalone", directory=folder)
    else:
        brian2.prefs.codegen.target = way
        brian2.set_device("runtime")
    all_devices["cpp_standalone"] = all_devices["runtime"] = brian2.get_device()


def once(script, clocks, seed):
    """Run a script, and return what its runs took."""
    import brian2
    import matplotlib.pyplot as plt

    brian2.start_scope()
    brian2.seed(seed)
    clocks.append(Clock())
    kept = runpy.run_path(script, run_name="__main__")
    plt.close("all")
    del kept
    gc.collect()
    return clocks[-1]


def child(script, way, runs):
    """Run a script in one way, and return what was found."""
    import brian2
    import matplotlib

    matplotlib.use("Agg")
    brian2.BrianLogger.log_level_error()
    os.chdir(Path(script).parent)
    sys.path.insert(0, str(Path(script).parent))
    with tempfile.TemporaryDirectory(prefix="bench-brian2-") as folder:
        choose(way, folder)
        clocks = watch(way)
        if way == "standalone":
            return _program(script, clocks, folder, runs)
        found = [once(script, clocks, 1 + number) for number in range(1 + runs)]
    for clock in found:
        clock.steps = clock.steps if way == "brainsim" else clock.whole - clock.before
    whole, best = min(clock.whole for clock in found[1:]), min(found[1:], key=lambda clock: clock.steps)
    return {
        "steps": best.steps,
        "prepare": min(clock.whole - clock.steps for clock in found[1:]),
        "compile": found[0].whole - whole,
        "spikes": sum(clock.spikes for clock in found[1:]) / runs,
    }


def _program(script, clocks, folder, runs):
    """Build a program of C++, and run it again and again."""
    import brian2

    first = once(script, clocks, 1)
    device, seconds = brian2.get_device(), []
    for _ in range(runs):
        device.run(folder, with_output=False)
        seconds.append(device._last_run_time)
    spikes = sum(int(monitor.num_spikes) for monitor in first.counts)
    return {"steps": min(seconds), "prepare": None, "compile": first.whole - min(seconds), "spikes": spikes}


def measured(script, way, options):
    """Return what a process of its own found."""
    given = json.dumps({"script": script, "way": way, "runs": options.runs})
    command = [sys.executable, str(Path(__file__).resolve()), "--child", given]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=options.timeout, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"no answer in {options.timeout:g} s"}
    lines = [line for line in done.stdout.splitlines() if line.startswith("found ")]
    if done.returncode or not lines:
        return {"error": (done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"])[-1]}
    return json.loads(lines[-1].removeprefix("found "))


def cells(way, found, first):
    """Return the row of one way; `first` is what the first way that ran found."""
    if "error" in found:
        return ["", WAYS[way], found["error"][:120]]
    same = abs(found["spikes"] - first["spikes"]) <= TOLERANCE * first["spikes"]
    ratio = f"{found['steps'] / first['steps']:.2f}" if same else "spikes differ"
    numbers = ["-" if found[name] is None else f"{found[name]:.3g}" for name in ("steps", "prepare", "compile")]
    return ["", WAYS[way], f"{found['spikes']:.0f}", *numbers, ratio]


def main():
    """Measure all scripts, and print a table."""
    if sys.argv[1:2] == ["--child"]:
        print("found " + json.dumps(child(**json.loads(sys.argv[2]))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="examples of Brian2's sources")
    parser.add_argument("--only", default="", help="parts of the names of the scripts to run, with commas between")
    parser.add_argument("--ways", default="brainsim,cython,standalone", help=f"which of {', '.join(WAYS)}")
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each script (default 3)")
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds after which a process is stopped")
    parser.add_argument("--save", type=report.writable, metavar="FILE.json", help="where to write all figures")
    options = parser.parse_args()
    folder = Path(options.folder).resolve()
    if not (folder / "CUBA.py").exists():
        parser.error(f"there is no CUBA.py in {options.folder!r}, which must be the examples of Brian2")
    rows, found = [["script", "", "spikes", "steps s", "prepare s", "compile s", "ratio"]], {}
    for name in SCRIPTS:
        if not (folder / name).exists() or not any(part in name for part in options.only.split(",")):
            continue
        of = found[name] = {}
        rows.append([name, "", "", "", "", "", ""])
        for way in options.ways.split(","):
            of[way] = measured(str(folder / name), way, options)
            first = next((one for one in of.values() if "error" not in one), {})
            rows.append(cells(way, of[way], first))
            print(f"{name}, {WAYS[way]}: {of[way]}", file=sys.stderr, flush=True)
        if options.save:
            Path(options.save).write_text(json.dumps({"machine": machine.describe(), "found": found}, indent=1) + "\n")
    about = machine.describe()
    print(f"{about['processor']}, {about['cores']} cores, Python {about['python']}, load {machine.load()}")
    print("\n".join(report.columns(rows)))


if __name__ == "__main__":
    main()
