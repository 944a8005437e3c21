"""The inner loops of brainsim, one by one: what an event, a cell, a random number, a barrier and a call of `run` cost.

``python benchmarks/micro.py``. The sizes are those of the full-scale cortical microcircuit: 77,169 cells, 3,870 synapses a
source with about 45 delays, 25 spikes a step. Unlike the other benchmarks this one reaches into the engine.
"""

import argparse
import json
import threading
import time
from pathlib import Path
from statistics import median

import numba
import numpy as np
from harness import machine, report

import brainsim as bs
from brainsim.engine.exchange.barrier import SPINS, new_barrier, wait_for_all
from brainsim.engine.loop.program import new_progress
from brainsim.engine.operators.cell_kernels import CellKernels
from brainsim.engine.operators.poisson import PoissonInputs
from brainsim.engine.synapses.calendar import calendar_fields, clear_calendar
from brainsim.engine.synapses.delivery import deliver, file_slice
from brainsim.engine.synapses.kinds.kind import PER_SYNAPSE, SHARED
from brainsim.engine.synapses.segments import LENGTH_BITS, START_BITS
from brainsim.jit.intrinsics import call_address
from brainsim.jit.records import Context

CELLS, FAN_OUT, SPIKES_A_STEP = 77_169, 3870, 25
DT = 0.1  # ms


def main():
    """Measure everything and print it next to what the prototypes of these loops reached."""
    options = _options()
    rows = [(*what, _per_unit(measure, options.runs)) for what, measure in _measurements(options)]
    head = ["", "min", "median", "max", "target", ""]
    lines = [[name, *(f"{f(costs):.2f}" for f in (min, median, max)), f"{goal:g}", unit] for name, unit, goal, costs in rows]
    about = machine.describe()
    print(f"{about['processor']}, {about['cores']} cores, load {machine.load()}\n")
    print("\n".join(report.columns([head, *lines])))
    if options.save:
        figures = [{"name": n, "unit": u, "target": g, "costs": c} for n, u, g, c in rows]
        Path(options.save).write_text(json.dumps({"machine": about, "rows": figures}, indent=1) + "\n")


def _measurements(options):
    """Yield ((name, unit, target), function that returns seconds and units of work), one at a time to save memory."""
    rng = np.random.default_rng(1)
    for own, name in ((True, "a weight each"), (False, "one weight")):
        yield (f"delivery, {name}", "ns an event", 2.5), delivery(microcircuit_synapses(rng, options.sources, own), rng)
    for n in (CELLS, 4000):
        yield (f"LIF + Exponential, {n:,} cells", "ns a cell and step", 0.8), kernel(n)
    for mean in (2.0, 1.6):
        yield (f"Poisson drive, {mean} events a step", "ns a cell and step", 1.5), drive(CELLS, mean)
    yield ("barrier, two threads", "us a round", 3.0), barrier(2)
    yield ("run of one step, 100 cells", "us a run", 30.0), piece(100)


def _per_unit(measure, runs):
    """Return the cost of a unit in each run, after one run that compiles and is not counted."""
    scale, measure = measure
    measure()
    return [scale * seconds / units for seconds, units in (measure() for _ in range(runs))]


def microcircuit_synapses(rng, sources, own):
    """Return the columns of synapses whose delays have the microcircuit's spread, with a weight each or one a segment."""
    delays = np.clip(np.rint(rng.normal(1.5, 0.75, 1_000_000) / DT), 1, 46).astype(np.int64)
    share = np.bincount(delays) / delays.size
    counts = rng.multinomial(FAN_OUT, share, size=sources)
    source, delay = np.nonzero(counts)
    length = counts[source, delay]
    start = np.cumsum(length) - length
    targets = rng.integers(0, CELLS, sources * FAN_OUT, dtype=np.int32)
    return {
        "first": np.concatenate([[0], np.cumsum(np.bincount(source, minlength=sources))]),
        "piece": start << START_BITS | (PER_SYNAPSE if own else SHARED) << LENGTH_BITS | length,
        "delay": delay.astype(np.uint16),
        "weight": np.zeros(0) if own else rng.normal(size=length.size),
        "targets": targets,
        "weights": rng.standard_normal(targets.size if own else 0, dtype=np.float32),
    }


def delivery(columns, rng, steps=300):
    """Return what measures filing and delivering the spikes of some steps; the calendar is full from the first on."""
    slots, weighted, state = int(columns["delay"].max()) + 1, columns["weight"].size > 0, np.zeros(CELLS)
    spikes, ends = np.zeros(2 * SPIKES_A_STEP, np.int32), np.full(2, SPIKES_A_STEP, np.int32)
    progress = new_progress(0, 1, 1, 1, spikes, ends)
    progress["slice_steps"] = 1
    calendar = calendar_fields(slots, weighted, np.float64, blocks=4096)
    exchanged = {"all_spikes": spikes, "all_ends": ends, "lists": 1, "list_room": SPIKES_A_STEP, "ends_room": 1}
    synapses = Context(partition=0, partitions=1, state=state, here=state, **exchanged, **columns, **calendar)
    clear_calendar(synapses)
    addresses = [function.address(synapses.kind, progress.kind) for function in (file_slice, deliver)]

    def measure():
        fired = rng.integers(0, columns["first"].size - 1, (steps, SPIKES_A_STEP)).astype(np.int32)
        began = time.perf_counter()
        filed = _file_and_deliver(fired, spikes, *addresses, synapses.address, progress.record)
        seconds = time.perf_counter() - began
        if not filed:
            raise RuntimeError("the calendar of the benchmark is too small")
        return seconds, fired.size * FAN_OUT

    return 1e9, measure


@numba.njit
def _file_and_deliver(fired, spikes, file_, deliver_, synapses, progress_):
    p, given = progress_[0], (synapses, np.int64(progress_.ctypes.data))
    for step in range(fired.shape[0]):
        for k in range(fired.shape[1]):
            spikes[k] = fired[step, k]
        p.step, p.slice_start, p.filed = step, step - 1, 0
        if call_address(file_, given):
            return False
        call_address(deliver_, given)
    return True


def kernel(n, cell_steps=100_000_000):
    """Return what measures the advance kernel of cells that fire at about 8 Hz, without the events that reach them."""
    return _calls(_partition(n, 1000.0), CellKernels, n, cell_steps // n)


def drive(n, mean, cell_steps=50_000_000):
    """Return what measures a Poisson drive that all cells share, with `mean` events a step."""
    return _calls(_partition(n, mean * 1000.0 / DT), PoissonInputs, n, cell_steps // n)


def _calls(partition, operator, n, steps):
    """Return what measures the only call of an operator, of n cells."""
    ((*_, function, context),) = partition.operator(operator).calls()
    address, state = function.address(context.kind, partition.progress.kind), partition.shared.state.copy()

    def measure():
        partition.shared.state[:] = state
        began = time.perf_counter()
        _repeat(address, context.address, partition.progress.record, steps)
        return time.perf_counter() - began, n * steps

    return 1e9, measure


@numba.njit
def _repeat(address, context, progress_, steps):
    p = progress_[0]
    for step in range(steps):
        p.step, p.completed, p.total = step, step, 0
        call_address(address, (context, np.int64(progress_.ctypes.data)))


def _partition(n, rate):
    """Return the partition of n driven LIF cells with a current, whose threshold is just below where v comes to rest."""
    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-49.98, v_th=-50.0, v_reset=-60.0, t_ref=2.0)
    cells = bs.Population(n, lif, name="cells", initial={"v": bs.Uniform(-60.0, -50.0)})
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.PoissonInput(rate=rate, weight=1e-3, synapse=bs.Exponential(tau=5.0)))
    return bs.Simulation(net, dt=DT, seed=1, threads=1)._run.partitions[0]


def barrier(partitions, rounds=100_000):
    """Return what measures rounds of the engine's barrier in which nobody has anything to do."""

    def measure():
        finished = new_barrier(partitions)
        waiting = [threading.Thread(target=_wait, args=(finished, k, partitions, rounds)) for k in range(1, partitions)]
        began = time.perf_counter()
        for thread in waiting:
            thread.start()
        _wait(finished, 0, partitions, rounds)
        for thread in waiting:
            thread.join()
        return time.perf_counter() - began, rounds

    return 1e6, measure


def piece(n, runs=5000):
    """Return what measures `Simulation.run` of one step of a small network, as a closed loop calls it."""
    cells = bs.Population(n, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.FixedIndegree(10), weight=5.0, delay=1.0, synapse=bs.Exponential())
    net.stimulate(cells, bs.PoissonInput(rate=2000.0, weight=30.0, synapse=bs.Exponential()))
    sim = bs.Simulation(net, dt=DT, seed=1)

    def measure():
        sim.reset()
        began = time.perf_counter()
        for _ in range(runs):
            sim.run(DT)
        return time.perf_counter() - began, runs

    return 1e6, measure


@numba.njit(nogil=True)
def _wait(finished, partition, partitions, rounds):
    for generation in range(1, rounds + 1):
        if not wait_for_all(finished, partition, partitions, generation, SPINS):
            return


def _options():
    parser = argparse.ArgumentParser(description="The inner loops of brainsim, one by one.")
    parser.add_argument("--runs", type=int, default=7, help="timed runs of each (default 7)")
    parser.add_argument("--sources", type=int, default=20_000, help="of delivery, 31 kB each (default 20000)")
    parser.add_argument("--save", type=report.writable, metavar="FILE.json", help="where to write all figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
