"""The cost of a cell of each model: nanoseconds per cell and step, and seconds to compile a new model.

``python benchmarks/cells.py``: every neuron of the catalogue, with a current at which it fires, on one thread. The cache of
kernels contains only the time loop, so the compile time is that of a model that was just written.
"""

import argparse
import json
import os
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median

from harness import machine, report

N, DT = 20_000, 0.1  # cells; ms
CURRENTS = (0.0, *(step * 10.0**power for power in range(4) for step in (1.0, 2.0, 5.0)))  # pA
FIRES = 5.0  # Hz: the lowest current at which a cell fires at this rate is taken, if there is one


def main():
    """Measure all models, or those in the command line, and print a line for each."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BRAINSIM_CACHE_DIR"] = folder
        rows = measure(options)
    head = ["", "method", "current pA", "Hz", "compile s", "ns min", "median", "max"]
    lines = [
        [
            r["name"],
            r["method"],
            f"{r['current']:g}",
            f"{r['rate']:.3g}",
            f"{r['compile']:.2f}",
            *(f"{f(r['ns']):.2f}" for f in (min, median, max)),
        ]
        for r in rows
    ]
    about = machine.describe()
    print(f"{about['processor']}, {about['cores']} cores, load {machine.load()}; {N:,} cells, dt {DT} ms, one thread\n")
    print("\n".join(report.columns([head, *lines])))
    if options.save:
        Path(options.save).write_text(json.dumps({"machine": about, "rows": rows}, indent=1) + "\n")


def measure(options):
    """Return a dict of results for each model."""
    import brainsim as bs
    from brainsim.models.catalogue import catalogue

    names = [name for name, kind in catalogue().items() if issubclass(kind, bs.Neuron)]
    _simulation(bs, bs.LIF(v_th=-49.0), 0.0).run(1.0, progress=False)  # compiles the time loop
    warnings.simplefilter("ignore")  # the strongest currents are beyond the range of some models
    rows = []
    for name in options.models or names:
        model = getattr(bs, name)()
        first = _simulation(bs, model, 0.0).run(1.0, progress=False)
        current = _current(bs, model)
        simulation = _simulation(bs, model, current)
        simulation.run(options.duration, progress=False)
        costs, fired = [], 0
        for _ in range(options.runs):
            began = time.perf_counter()
            result = simulation.run(options.duration, progress=False)
            costs.append(1e9 * (time.perf_counter() - began) / (N * options.duration / DT))
            fired += len(result.spikes["cells"])
        rate = 1000.0 * fired / (N * options.duration * options.runs)
        rows.append(
            {
                "name": name,
                "method": first.stats["methods"]["cells"],
                "current": current,
                "rate": rate,
                "compile": first.stats["compile"],
                "ns": costs,
            }
        )
    return rows


def _current(bs, model):
    """Return the lowest current at which the model fires; 0 if it takes no current or never fires."""
    if not model.cell_equations.uses_current or not type(model).threshold:
        return 0.0
    rates = bs.explore.fi_curve(model, CURRENTS, duration=500.0).rates
    return next((current for current, rate in zip(CURRENTS, rates, strict=True) if rate >= FIRES), 0.0)


def _simulation(bs, model, current):
    cells = bs.Population(N, model, name="cells")
    net = bs.Network(seed=1)
    net.add(cells)
    if model.cell_equations.uses_current:
        net.stimulate(cells, bs.CurrentInput(current))
    return bs.Simulation(net, dt=DT, seed=1, threads=1)


def _options():
    parser = argparse.ArgumentParser(description="The cost of a cell of each model.")
    parser.add_argument("models", metavar="NAME", nargs="*", help="which neurons (default: all)")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of each (default 5)")
    parser.add_argument("--duration", type=float, default=200.0, help="of a timed run, ms (default 200)")
    parser.add_argument("--save", type=report.writable, metavar="FILE.json", help="where to write all figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
