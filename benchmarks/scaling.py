"""Time and memory of brainsim against each quantity that makes a network large, drawn as one picture.

``python benchmarks/scaling.py --out scaling.png --save scaling.json``; ``--quick`` for a small grid. The quantities are
cells, firing rate, distinct delays, threads, ranks of MPI (if there is an mpiexec), populations and projections; other
simulators are measured along the cells only. The network is in `harness.scaled`.
"""

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

import numpy as np
from harness import machine, report, rounds
from harness.ranks import can_start_ranks
from harness.scaled import USUAL, WORKLOAD, cell_rates
from harness.workload import DT, Task

from brainsim.core.machine import processors

STEPS = 1000.0 / DT  # in a second
TOLERANCE = 0.03  # of the rate
MAX_THREADS = 8  # at the end of the axis, if there are enough processors: brainsim does not start more threads than those
CLIFF = 1.5  # maximal ratio of costs of a point and its neighbour
QUICK = USUAL | {"n": 3000, "k": 300}
PEERS = ("brian2-float32", "nest")
# kB per cell and bytes per synapse at the peak, with a margin: a point that would not fit into memory is left out
MEMORY = {
    "brainsim": (1.0, 10.0),
    "brainsim-single": (1.0, 10.0),
    "brian2": (1.0, 18.0),
    "brian2-float32": (1.0, 18.0),
    "nest": (45.0, 50.0),
}


@dataclasses.dataclass
class Curve:
    """A line of the picture: one simulator, one quantity that varies, and a measurement at each of its values."""

    axis: str
    simulator: str
    about: str
    points: list = dataclasses.field(default_factory=list)

    @property
    def name(self):
        """What distinguishes the curve from others of its axis."""
        return f"{self.simulator}, {self.about}" if self.about else self.simulator


def main():
    """Measure, or read saved measurements; print and draw them."""
    options = _options()
    if options.known:
        known = options.known
        curves = [Curve(**fields) for fields in known["curves"]]
    else:
        known = {"options": vars(options), "machine": machine.describe(), "load": machine.load()}
        curves = measure(options, known)
    about = known["machine"]
    print(f"\n{about['processor']}, {about['cores']} cores, {about['memory_GB']:g} GB, load {known['load']}")
    print("\n".join([*table(curves), "", *cliffs(curves)]))
    if options.out:
        from harness import picture

        picture.draw(curves).savefig(options.out)


def measure(options, known):
    """Return the curves with all their points, saving them after every point.

    A point that lies on several curves is measured once per round.
    """
    rows, points, grid = {}, {}, list(_grid(options))
    for i in range(options.rounds):
        fresh, curves = set(), []
        for axis, simulator, about, settings in grid:
            curves.append(Curve(axis, simulator, about))
            for setting in settings:
                key = (simulator, *setting.values())
                if key not in fresh:
                    row = rows.setdefault(key, rounds.Row(_task(simulator, setting, options)))
                    points[key] = _point(row, setting, options, curves[-1].points[-1:], points.get(key))
                    fresh.add(key)
                curves[-1].points.append({"x": setting["n" if axis == "cells" else axis], **points[key]})
                if options.save and i == 0:
                    _save(options.save, known, curves)
        if options.save:
            _save(options.save, known, curves)
    return curves


def _save(path, known, curves):
    everything = known | {"curves": [vars(curve) for curve in curves]}
    Path(path).write_text(json.dumps(everything, indent=1) + "\n")


def _grid(options):
    """Yield (axis, simulator, what else distinguishes the curve, settings of its points)."""
    usual, many = (QUICK, (1, 10, 100)) if options.quick else (USUAL, (1, 3, 10, 30, 100, 300))
    counts = tuple(range(1, min(processors(), MAX_THREADS) + 1))
    axes = {
        "rate": (1.0, 10.0, 100.0) if options.quick else (1.0, 3.0, 10.0, 30.0, 100.0),
        "delays": many,
        "threads": counts,
        "ranks": counts if can_start_ranks() else (1,),
        "populations": many,
        "projections": many,
    }
    sizes = (1000, 3000, 10_000) if options.quick else (1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
    for simulator in options.only:
        for k in (100, 300) if options.quick else (100, 1000):
            ours = simulator.startswith("brainsim")
            if "cells" in options.axes and (ours or not options.quick or k == 100):
                yield "cells", simulator, f"in-degree {k:,}", [usual | {"n": n, "k": k} for n in sizes]
    for simulator in options.only:
        if simulator.startswith("brainsim"):
            for axis in (axis for axis in axes if axis in options.axes):
                yield axis, simulator, "", [usual | {axis: value} for value in axes[axis]]


def _task(simulator, setting, options):
    """Return the task of a point: so long that brainsim takes the wanted time and each cell fires about once."""
    rest = {name: value for name, value in setting.items() if name not in ("n", "threads", "ranks")}
    length = min(max(round(options.seconds / _work(setting) * 10) * 100.0, 1000.0 / setting["rate"], 100.0), 10_000.0)
    return Task(
        simulator=simulator,
        threads=setting["threads"],
        ranks=setting["ranks"],
        n=setting["n"],
        duration=length,
        warm_up=100.0,
        seed=options.seed,
        options=rest,
    )


def _point(row, setting, options, before, known):
    """Return the costs of one point as a dict, or why it was not measured; `before` is the point before it on the curve."""
    simulator, point = row.task.simulator, {"setting": setting, "error": None}
    if known and known["error"]:
        return known
    if why := _too_large(simulator, setting, options, before):
        return point | {"error": why}
    rounds.say(", ".join(f"{name} {value:g}" for name, value in setting.items()))
    if simulator.startswith("brainsim"):
        _fill_cache(row.task, options)
    began = time.perf_counter()
    rounds.measure_round([row], options.seed, options.runs, options.timeout)
    point |= {"wall": time.perf_counter() - began} | _costs(row, setting)
    if known and not point["error"]:
        point["build"] = min(point["build"], known["build"])
    return point


def _too_large(simulator, setting, options, before):
    """Return why a point is left out, if it is."""
    synapses = setting["n"] * setting["k"]
    if synapses > options.largest:
        return "more synapses than --largest"
    per_cell, per_synapse = MEMORY[simulator]
    size = (1e3 * per_cell * setting["n"] + per_synapse * synapses) / 1e6
    if size > 0.9 * machine.free_memory():
        return f"would need about {size / 1000:.0f} GB"
    if simulator.startswith("brainsim") or not before:
        return None
    if "rate" not in before[0]:
        return "a smaller point was left out"
    compiled = before[0]["compile"] or 0.0
    expected = compiled + (before[0]["wall"] - compiled) * _work(setting) / _work(before[0]["setting"])
    return f"would take about {expected:.0f} s" if expected > options.budget else None


def _fill_cache(task, options):
    """Run a small version of a point, so that the measured building and memory do not include the compiler."""
    small = {"n": min(task.n, 10 * task.options["populations"]), "duration": 100.0, "ranks": 1}
    row = rounds.Row(dataclasses.replace(task, **small, options=task.options | {"k": task.options["projections"]}))
    rounds.measure_round([row], options.seed, 1, options.timeout)


def _work(setting):
    """Return the seconds that a second of this network takes with 2 ns per cell and step and 4 ns per event."""
    return setting["n"] * (STEPS * 2e-9 + setting["k"] * setting["rate"] * 4e-9)


def _costs(row, setting):
    if row.error or not row.seconds:
        return {"error": row.error or "no timed run"}
    biological = row.task.duration / 1000.0
    rate = float(np.mean([spikes["all"] for spikes in row.spikes])) / setting["n"] / biological
    expected = float(cell_rates(row.task).mean())
    pace = [seconds / biological for seconds in row.seconds]
    wrong = abs(rate - expected) > TOLERANCE * expected
    return {
        "error": f"fires at {rate:.3g} instead of {expected:.3g} Hz" if wrong else None,
        "duration": row.task.duration,
        "seconds_per_second": pace,
        "build": row.about["build"],
        "compile": row.about["compile"],
        "memory": row.memory,
        "rate": rate,
        "ns_per_event": 1e9 * min(pace) / (setting["n"] * setting["k"] * rate),
        "ns_per_cell_step": 1e9 * min(pace) / (setting["n"] * STEPS),
        "version": row.about["version"],
    }


def table(curves):
    """Return all points as lines of text."""
    head = ["", "", "Hz", "s/s min", "max", "ns/event", "ns/cell-step", "build s", "MB"]
    lines = []
    for curve in curves:
        lines += [[""], [f"{curve.name} against {curve.axis}"]]
        for point in curve.points:
            x = f"  {point['x']:,g}"
            if point["error"]:
                lines.append([x, point["error"].splitlines()[0][:100]])
                continue
            pace = point["seconds_per_second"]
            costs = (point[key] for key in ("ns_per_event", "ns_per_cell_step", "build"))
            values = (point["rate"], min(pace), max(pace), *costs)
            lines.append([x, "", *(f"{value:.3g}" for value in values), f"{point['memory']:.0f}"])
    return report.columns([head, *lines])


def cliffs(curves):
    """Return a line for each point of brainsim that costs much more than its neighbour for the same work."""
    out = []
    for curve in curves:
        good = [point for point in curve.points if not point["error"]]
        if not curve.simulator.startswith("brainsim"):
            continue
        for a, b in zip(good[:-1], good[1:], strict=True):
            for here, other in ((a, b), (b, a)):
                costs = _worse(here, other).items()
                out += [
                    f"{curve.name}, {curve.axis} {here['x']:,g}: {cost} {ratio:.2f} times that at {other['x']:,g}"
                    for cost, ratio in costs
                    if ratio > CLIFF
                ]
    return [f"Points that cost more than {CLIFF:g} times as much as a neighbour for the same work:", *(out or ["none"])]


def _worse(here, other):
    """Return the ratios of costs of a point and its neighbour: time per event or per cell, whichever is less; memory.

    Memory and building have a part that is the same for all, so they are compared only for more cells or synapses.
    """

    def growth(per_cell):
        return here["setting"]["n"] / other["setting"]["n"] * per_cell(here) / per_cell(other)

    events, cells = (growth(lambda p: p["setting"]["k"] * p["rate"])), growth(lambda p: 1.0)
    synapses = max(1.0, cells, growth(lambda p: p["setting"]["k"]))
    seconds = min(here["seconds_per_second"]) / min(other["seconds_per_second"])
    return {
        "time per event and per cell": seconds / max(events, cells),
        "memory": here["memory"] / other["memory"] / synapses,
        "building": max(here["build"], 0.1) / max(other["build"], 0.1) / synapses,
    }


def _drawable(text):
    """Return the path of a picture, or reject it before anything is measured."""
    from harness import picture

    if Path(text).suffix[1:].lower() not in picture.FORMATS:
        raise argparse.ArgumentTypeError(f"must end in one of {', '.join('.' + kind for kind in picture.FORMATS)}")
    return report.writable(text)


def _saved(text):
    """Return the content of a file that --save wrote."""
    try:
        known = json.loads(Path(text).read_text())
        [Curve(**fields) for fields in known["curves"]]
        return {key: known[key] for key in ("curves", "machine", "load")}
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text!r} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise argparse.ArgumentTypeError(f"{text!r} was not written by --save") from None


def _options():
    parser = argparse.ArgumentParser(description="Time and memory of brainsim against the size of a network.")
    add, axes = parser.add_argument, ["cells", "rate", "delays", "threads", "ranks", "populations", "projections"]
    names = list(WORKLOAD.networks)
    add(
        "--only",
        type=lambda text: rounds.names_of(text, names),
        default=["brainsim", *PEERS],
        help=f"which of {','.join(names)} (default brainsim,{','.join(PEERS)})",
    )
    add("--axes", type=lambda text: rounds.names_of(text, axes), default=axes, help=f"which of {','.join(axes)}")
    add("--quick", action="store_true", help="a small grid")
    add("--runs", type=int, default=3, help="timed runs of each point (default 3)")
    add("--rounds", type=int, default=1, help="how often the whole grid is measured; the fastest run counts (default 1)")
    add("--seconds", type=float, default=1.0, help="about how long a timed run of brainsim takes (default 1)")
    add("--budget", type=float, default=180.0, help="a peer's curve ends where a process would take longer, s (default 180)")
    add("--largest", type=float, default=1e9, help="maximal number of synapses of a point (default 1e9)")
    add("--seed", type=int, default=1, help="of wiring and cells (default 1)")
    add("--timeout", type=float, default=900.0, help="seconds after which a process is stopped (default 900)")
    add("--out", type=_drawable, metavar="FILE.png", help="where to draw the picture")
    add("--save", type=report.writable, metavar="FILE.json", help="where to write all figures, after each point")
    add("--from", dest="known", type=_saved, metavar="FILE.json", help="print and draw saved measurements, measure nothing")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.runs = min(options.seconds, 0.1), min(options.runs, 2)
    return options


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        from harness import child

        child.serve(WORKLOAD, sys.argv[2])
    else:
        main()
