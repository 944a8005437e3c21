"""The brain of a larva or of a fly, with the cells of Shiu et al. (2024), in brainsim, Brian2 and NEST.

``python benchmarks/brains.py --edges unmatched_full_edgelist.csv`` with the file of that name in the folder
``data/processed-elife`` of https://github.com/neurodata/bilateral-connectome, which has the 3,013 cells and 111,243 edges of
Winding et al. (2023), doi:10.1126/science.add9330: a line for each edge, with source, target and number of contacts. Without
it, a network of this size is drawn, with degrees that are as uneven; with ``--size fly`` one of 138,639 cells and 15.1
million edges, and with ``--size cns`` one of a male fly's nervous system, 166,700 cells and 25.6 million edges, whose 8,000
sensory cells are activated; cells then send 1.3 million spikes a second, and half of that with ``--rate 75``. The file does
not say which cells inhibit: a share of them is drawn. Some cells are activated by listed events at v and have no refractory
time; the others wait for 2.2 ms after a spike, during which Brian2 discards what arrives.

All get the same numbers, float32 weights included. Every spike of brainsim is compared with those of Brian2, and no time is
printed of a row whose spikes are not those of the first one. NEST has no such cells: in its row, arrivals at refractory
cells are added, and spikes are others. "all visited" is brainsim without the part that leaves out cells at rest.
"""

import argparse
import importlib.util
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness import brain_graph, machine
from harness.report import columns
from harness.rounds import names_of, numbers_of
from harness.workload import DT

ACTIVATED, RATE, INHIBITING = 100, 150.0, 0.3  # cells, Hz, share of the cells
DRAWN = {"fly": (brain_graph.FLY, brain_graph.fly), "cns": (brain_graph.CNS, brain_graph.cns)}
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


def larva(options, rng):
    """Return the number of cells, the edges with signed contacts, and the cells to be activated."""
    cells, edges = brain_graph.LARVA
    size = options.n or cells
    drawn = () if options.edges else brain_graph.uneven(size, size * edges // cells, options.seed)
    n, pre, post, contacts = read(options.edges) if options.edges else (size, *drawn)
    order, inhibits = rng.permutation(n), rng.random(n) < INHIBITING
    return n, pre, post, np.where(inhibits[pre], -contacts, contacts), order[-min(ACTIVATED, n // 2) :]


def brain(options):
    """Return the Brain to be simulated: cells in an order in which those that are activated are the last."""
    rng = np.random.default_rng(options.seed)
    if options.size in DRAWN:
        (n, _), draw = DRAWN[options.size]
        pre, post, contacts, activated = draw(options.seed)
    else:
        n, pre, post, contacts, activated = larva(options, rng)
    others = np.setdiff1d(np.arange(n), activated)
    place = np.empty(n, np.int64)
    place[np.concatenate([others, activated])] = np.arange(n)
    events = rng.random((round(options.duration / DT), activated.size)) < options.rate * DT / 1000.0
    events[: round(DELAY / DT)] = False  # sources may send them with the delay of all others
    steps, cells = np.nonzero(events)
    weight = (W_CONTACT * contacts).astype(np.float32)
    return Brain(n, others.size, place[pre], place[post], weight, steps, cells)


def in_brainsim(brain, threads, duration, fewest=None):
    """Return the spikes as sorted numbers, step * n + cell, the seconds of a run, and the version.

    `fewest` is the number of cells from which on brainsim finds out which are at rest, None for the usual one.
    """
    import brainsim as bs
    from brainsim.build import layout

    usual = layout.MANY
    layout.MANY = usual if fewest is None else fewest

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
    # with a shorter delay, partitions exchange spikes more often, which only early events need
    delay = DELAY if brain.steps.min(initial=brain.n) * DT >= DELAY - DT else DT
    sent = bs.SpikeTrains((brain.steps + 1) * DT - delay, brain.cells)
    source = bs.Population(brain.n - first, sent, name="source")
    net = bs.Network(seed=1)
    pairs, drive = bs.FromArrays(brain.pre, brain.post), bs.Delta(variable="g")
    net.connect(others + activated, others + activated, pairs, weight=brain.weight, delay=DELAY, synapse=drive)
    net.connect(source, activated, bs.OneToOne(), weight=W_EVENT, delay=delay, synapse=bs.Delta(variable="push"))
    sim = bs.Simulation(net, dt=DT, seed=1, threads=threads)
    layout.MANY = usual
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


def visiting_all(brain, threads, duration):
    """Return the same of brainsim without leaving out cells at rest."""
    return in_brainsim(brain, threads, duration, fewest=sys.maxsize)


def in_nest(brain, threads, duration):
    """Return the same of NEST's `iaf_psc_exp`, which adds what arrives at a refractory cell, for at most 200 ms."""
    import nest

    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.resolution, nest.local_num_threads = DT, threads
    # a current of 1 pA into a capacitance of tau_m pF moves v as g does
    cells = {"E_L": -52.0, "V_reset": -52.0, "V_th": -45.0, "V_m": -52.0, "C_m": 20.0, "tau_m": 20.0, "t_ref": T_REF}
    cells = nest.Create("iaf_psc_exp", brain.n, cells | {"tau_syn_ex": 5.0, "tau_syn_in": 5.0})
    cells[brain.first :].t_ref = DT
    given = {
        "weight": brain.weight.astype(float),
        "delay": np.full(brain.pre.size, DELAY),
        "synapse_model": "static_synapse",
    }
    nest.Connect(brain.pre + 1, brain.post + 1, "one_to_one", given)
    for cell in range(brain.n - brain.first):
        times = np.round((brain.steps[brain.cells == cell] + 1) * DT, 1)
        source = nest.Create("spike_generator", params={"spike_times": times})
        # a jump of v by W_EVENT, made of a current: large enough to fire at once
        nest.Connect(source, cells[brain.first + cell], syn_spec={"weight": 6000.0, "delay": DT})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Simulate(DELAY)
    duration = min(duration, 200.0)
    began = time.perf_counter()
    nest.Simulate(duration)
    seconds = time.perf_counter() - began
    events = recorder.get("events")
    steps = np.rint(events["times"] / DT).astype(np.int64) - 1
    return np.sort(steps * brain.n + events["senders"] - 1), seconds * 1000.0 / duration, nest.__version__


@dataclass
class Simulator:
    """A row of the table: its module, what it is called, the function, and whether its spikes are compared."""

    module: str
    label: str
    run: Callable
    compared: bool = True


SIMULATORS = {
    "brainsim": Simulator("brainsim", "brainsim", in_brainsim),
    "visited": Simulator("brainsim", "all visited", visiting_all),
    "brian2": Simulator("brian2", "Brian2", in_brian2),
    "nest": Simulator("nest", "NEST", in_nest, compared=False),
}


def difference(spikes, reference, n):
    """Return where spikes first differ from others, as text; empty if they do not."""
    other = np.setxor1d(spikes, reference)
    if not other.size:
        return ""
    step, cell = divmod(int(other[0]), n)
    return f"{other.size:,} spikes differ, the first of cell {cell} at {step * DT:.1f} ms"


def main():
    parser = argparse.ArgumentParser(
        description="The brain of a larva or a fly in brainsim, Brian2 and NEST, spike for spike."
    )
    add, known = parser.add_argument, list(SIMULATORS)
    add("--edges", type=Path, metavar="FILE.csv", help="the edges of the brain; without it a network is drawn")
    add("--size", choices=("larva", *DRAWN), default="larva", help="of the network that is drawn (default larva)")
    add("--rate", type=float, default=RATE, help="events onto each cell that is activated [Hz] (default 150)")
    add("--only", type=lambda text: names_of(text, known), default=known, help=f"which of {','.join(known)}")
    add("--threads", type=numbers_of, default=[1, 2], help="numbers of threads of brainsim (default 1,2); others have one")
    add("--n", type=int, help="number of cells of a larva that is drawn, instead of 3,013")
    add("--duration", type=float, default=1000.0, help="ms (default 1000)")
    add("--seed", type=int, default=1, help="of signs, events and a network that is drawn (default 1)")
    options = parser.parse_args()
    if options.edges and not options.edges.is_file():
        parser.error(f"argument --edges: there is no file {str(options.edges)!r}")
    whole, rows, reference = brain(options), [["", "spikes", "s/s", ""]], None
    several = "brainsim", "visited"
    wanted = [(name, count) for name in options.only for count in (options.threads if name in several else [1])]
    for name, threads in wanted:
        simulator = SIMULATORS[name]
        label = f"{simulator.label} x{threads}"
        if importlib.util.find_spec(simulator.module) is None:
            rows.append([label, "not installed", "", ""])
            continue
        print(label, file=sys.stderr, flush=True)
        spikes, seconds, version = simulator.run(whole, threads, options.duration)
        about = "other cells, for 200 ms at most"
        if simulator.compared:
            reference = spikes if reference is None else reference
            about = difference(spikes, reference, whole.n) or "all equal"
        pace = "-" if "differ" in about else f"{seconds / options.duration * 1000.0:.3g}"
        rows.append([label, f"{spikes.size:,}", pace, f"{about}, version {version}"])
    about = machine.describe()
    title = "Larva" if options.edges else f"Drawn, of the size of the {options.size}"
    print(f"{title}: {whole.n:,} cells, {whole.pre.size:,} edges, {options.duration:g} ms")
    print(f"{about['processor']}, {about['cores']} cores, Python {about['python']}, load {machine.load()}")
    print("\n".join(columns(rows)))
    return any("differ" in row[-1] for row in rows)


if __name__ == "__main__":
    sys.exit(main())
