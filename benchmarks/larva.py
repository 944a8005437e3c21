"""The brain of a larva, with the cells of Shiu et al. (2024), in brainsim and in Brian2: every spike is compared.

``python benchmarks/larva.py --edges unmatched_full_edgelist.csv`` with the file of that name in the folder
``data/processed-elife`` of https://github.com/neurodata/bilateral-connectome, which has the 3,013 cells and 111,243 edges of
Winding et al. (2023), doi:10.1126/science.add9330: a line for each edge, with source, target and number of contacts. Without
it, a network of this size is drawn, with degrees that are as uneven. The file does not say which cells inhibit: a share of
them is drawn. Some cells are activated by listed events at v and have no refractory time; the others wait for 2.2 ms after a
spike, during which Brian2 discards what arrives.

Both get the same numbers, float32 weights included. No time is printed of a row whose spikes are not those of the first one.
"""

import argparse
import importlib.util
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness import machine
from harness.report import columns
from harness.rounds import names_of, numbers_of
from harness.workload import DT

CELLS, EDGES = 3013, 111_243
ACTIVATED, RATE, INHIBITING = 100, 150.0, 0.3  # cells, Hz, share of the cells
W_CONTACT, W_EVENT, DELAY, T_REF = 0.275, 68.75, 1.8, 2.2  # mV, mV, ms, ms


@dataclass
class Brain:
    """A network, whose cells from `first` to `n` are activated: those of `cells` at `steps`."""

    n: int
    first: int
    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    steps: np.ndarray
    cells: np.ndarray


def read(path):
    """Return source and target of each edge, from 0 on, and its number of contacts."""
    table = np.loadtxt(path, delimiter=",")
    ids, ends = np.unique(table[:, :2].astype(np.int64), return_inverse=True)
    return ids.size, *ends.reshape(-1, 2).T, table[:, 2]


def drawn(n, edges, seed):
    """Return the same of a network whose degrees and contacts are log-normal; no edge occurs twice."""
    rng = np.random.default_rng([seed, 1])
    out, into = (share / share.sum() for share in rng.lognormal(0.0, 1.0, (2, n)))
    pairs = np.unique(rng.choice(n, 2 * edges, p=out) * n + rng.choice(n, 2 * edges, p=into))
    pairs = np.sort(rng.permutation(pairs)[:edges])
    return n, pairs // n, pairs % n, np.ceil(rng.lognormal(0.7, 0.9, pairs.size))


def brain(options):
    """Return the Brain to be simulated: cells in an order in which those that are activated are the last."""
    size = options.n, options.n * EDGES // CELLS
    n, pre, post, contacts = read(options.edges) if options.edges else drawn(*size, options.seed)
    rng = np.random.default_rng(options.seed)
    order, inhibits = rng.permutation(n), rng.random(n) < INHIBITING
    weight = (np.where(inhibits[pre], -W_CONTACT, W_CONTACT) * contacts).astype(np.float32)
    activated = min(ACTIVATED, n // 2)
    events = rng.random((round(options.duration / DT), activated)) < RATE * DT / 1000.0
    steps, cells = np.nonzero(events)
    return Brain(n, n - activated, order[pre], order[post], weight, steps, cells)


def in_brainsim(brain, threads, duration):
    """Return the spikes as sorted numbers, step * n + cell, the seconds of a run, and the version."""
    import brainsim as bs

    class Activated(bs.ShiuLIF):
        """A cell whose events at v act after the threshold has been tested, which is the order of Brian2."""

        reset = "v = v_reset; g = 0; push = 0"
        events = {"pushed": ("push != 0", "v = v + push; push = 0")}  # noqa: RUF012 - no one writes to it
        frozen = ("v", "g", "push")
        push: float = bs.initial(0.0, "mV", "what has arrived in this step")

    first = brain.first
    activated = bs.Population(brain.n - first, Activated(t_ref=0.0), name="activated")
    # Brian2 counts the step of the spike as part of the refractory time
    others = bs.Population(first, bs.ShiuLIF(t_ref=T_REF - DT), name="others")
    source = bs.Population(brain.n - first, bs.SpikeTrains(brain.steps * DT, brain.cells), name="source")
    net = bs.Network(seed=1)
    pairs, drive = bs.FromArrays(brain.pre, brain.post), bs.Delta(variable="g")
    net.connect(others + activated, others + activated, pairs, weight=brain.weight, delay=DELAY, synapse=drive)
    net.connect(source, activated, bs.OneToOne(), weight=W_EVENT, delay=DT, synapse=bs.Delta(variable="push"))
    sim = bs.Simulation(net, dt=DT, seed=1, threads=threads)
    sim.run(duration, progress=False)  # compiles
    sim.reset()
    began = time.perf_counter()
    result = sim.run(duration, progress=False)
    seconds = time.perf_counter() - began
    found = []
    for name, shift in (("others", 0), ("activated", first)):
        spikes = result.spikes[name]
        # brainsim names a step by its end, Brian2 by its beginning
        found.append((np.rint(spikes.times / DT).astype(np.int64) - 1) * brain.n + spikes.ids + shift)
    return np.sort(np.concatenate(found)), seconds, bs.__version__


def in_brian2(brain, threads, duration):
    """Return the same of Brian2's standalone mode."""
    import brian2 as b2

    ms, mV = b2.ms, b2.mV
    folder = tempfile.mkdtemp(prefix="bench-brian2-")
    b2.set_device("cpp_standalone", directory=folder)
    b2.prefs.devices.cpp_standalone.openmp_threads = threads if threads > 1 else 0
    b2.defaultclock.dt = DT * ms
    known = {"v_0": -52 * mV, "v_rst": -52 * mV, "v_th": -45 * mV, "t_mbr": 20 * ms, "tau": 5 * ms}
    cells = b2.NeuronGroup(
        brain.n,
        """dv/dt = (v_0 - v + g)/t_mbr : volt (unless refractory)
           dg/dt = -g/tau : volt (unless refractory)
           rfc : second""",
        method="linear",
        threshold="v > v_th",
        reset="v = v_rst; g = 0*mV",
        refractory="rfc",
        namespace=known,
    )
    first = brain.first
    cells.v, cells.rfc = -52 * mV, np.where(np.arange(brain.n) < first, T_REF, 0.0) * ms
    synapses = b2.Synapses(cells, cells, "w : volt", on_pre="g += w", delay=DELAY * ms)
    synapses.connect(i=brain.pre, j=brain.post)
    synapses.w = brain.weight.astype(float) * mV
    source = b2.SpikeGeneratorGroup(brain.n - first, brain.cells, brain.steps * DT * ms)
    events = b2.Synapses(source, cells, "w : volt", on_pre="v += w")
    events.connect(i=np.arange(brain.n - first), j=np.arange(first, brain.n))
    events.w = W_EVENT * mV
    monitor = b2.SpikeMonitor(cells)
    b2.Network(cells, synapses, source, events, monitor).run(duration * ms)
    seconds = b2.get_device()._last_run_time
    spikes = np.rint(np.asarray(monitor.t / ms) / DT).astype(np.int64) * brain.n + np.asarray(monitor.i)
    b2.get_device().reinit()
    shutil.rmtree(folder, ignore_errors=True)
    return np.sort(spikes), seconds, b2.__version__


SIMULATORS = {"brainsim": in_brainsim, "brian2": in_brian2}


def difference(spikes, reference, n):
    """Return where spikes first differ from others, as text; empty if they do not."""
    other = np.setxor1d(spikes, reference)
    if not other.size:
        return ""
    step, cell = divmod(int(other[0]), n)
    return f"{other.size:,} spikes differ, the first of cell {cell} at {step * DT:.1f} ms"


def main():
    parser = argparse.ArgumentParser(description="The brain of a larva in brainsim and Brian2, spike for spike.")
    add, known = parser.add_argument, list(SIMULATORS)
    add("--edges", type=Path, metavar="FILE.csv", help="the edges of the brain; without it a network is drawn")
    add("--only", type=lambda text: names_of(text, known), default=known, help=f"which of {','.join(known)}")
    add("--threads", type=numbers_of, default=[1, 2], help="numbers of threads of brainsim (default 1,2); Brian2 has one")
    add("--n", type=int, default=CELLS, help=f"number of cells without a file (default {CELLS})")
    add("--duration", type=float, default=1000.0, help="ms (default 1000)")
    add("--seed", type=int, default=1, help="of signs, events and a network that is drawn (default 1)")
    options = parser.parse_args()
    if options.edges and not options.edges.is_file():
        parser.error(f"argument --edges: there is no file {str(options.edges)!r}")
    whole, rows, reference = brain(options), [["", "spikes", "s/s", ""]], None
    wanted = [(name, count) for name in options.only for count in (options.threads if name == "brainsim" else [1])]
    for name, threads in wanted:
        label = f"{name} x{threads}"
        if importlib.util.find_spec(name) is None:
            rows.append([label, "not installed", "", ""])
            continue
        print(label, file=sys.stderr, flush=True)
        spikes, seconds, version = SIMULATORS[name](whole, threads, options.duration)
        reference = spikes if reference is None else reference
        differs = difference(spikes, reference, whole.n)
        pace = "-" if differs else f"{seconds / options.duration * 1000.0:.3g}"
        rows.append([label, f"{spikes.size:,}", pace, differs or f"all equal, version {version}"])
    about = machine.describe()
    print(f"{'Larva' if options.edges else 'Drawn'}: {whole.n:,} cells, {whole.pre.size:,} edges, {options.duration:g} ms")
    print(f"{about['processor']}, {about['cores']} cores, Python {about['python']}, load {machine.load()}")
    print("\n".join(columns(rows)))
    return any("differ" in row[-1] for row in rows)


if __name__ == "__main__":
    sys.exit(main())
