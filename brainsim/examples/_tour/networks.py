"""Pictures of networks: in balance, smaller versions of examples, and one that reads a digit in spikes."""

import importlib

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs
from brainsim.analysis.irregularity import poisson_intervals
from brainsim.ann.conversion.spiking import SubtractIF
from brainsim.ann.networks.activations import relu
from brainsim.ann.networks.mlp import MLP
from brainsim.ann.report.bodies import bodies
from brainsim.core.contexts import within
from brainsim.examples._tour.neurons import draw_staircase
from brainsim.examples.data.datasets import digits
from brainsim.explore.theory import if_counts
from brainsim.plot.elements.page_layout import note
from brainsim.plot.elements.styles import FAINT, NEURON, PALETTE, style

WINDOW, SETTLED = 300.0, 200.0  # ms: the part at the end that is drawn; time after which the network has settled
K_EXC, K_INH, DRIVE = 320, 80, 4000.0  # inputs of a cell from the network, and external spikes per second
WEIGHT, G, TAU = 20.0, 10.0, 5.0  # pA, how many times stronger inhibition is, ms
SHOWN = 200  # cells in the raster
EXC, INH = NEURON, PALETTE[3]


@within(style)
def balance(seed, small):
    """Excitatory and inhibitory cells that make each other irregular: spikes, currents into one of them, and intervals.

    van Vreeswijk & Sompolinsky (1996), doi:10.1126/science.274.5293.1724.
    """
    n, duration = (1000, 1000.0) if small else (4000, 2000.0)
    result = _simulate(n, duration, seed)
    spikes = result.spikes["cells"].between(SETTLED, duration)
    currents = {name: result.traces["cells", f"{name}.i"] for name in ("exc", "inh")}
    window = duration - WINDOW, duration
    figure, axes = plt.subplots(1, 3, figsize=(11.0, 4.0), width_ratios=(1.5, 1.3, 1.0), layout="constrained")
    bs.plot.raster(result, ax=axes[0], window=window, max_cells=SHOWN, color=[EXC, INH])
    axes[0].spines["left"].set_visible(False)
    axes[0].set_title(f"{SHOWN} of the cells")
    _currents(axes[1], currents, window)
    _gaps(axes[2], spikes)
    late = {name: current.values[current.times >= SETTLED] for name, current in currents.items()}
    total = late["exc"] + late["inh"]
    caption = (
        f"Each of {n:,} cells has {K_EXC} excitatory and {K_INH} inhibitory inputs from randomly chosen cells. "
        f"A cell gets {late['exc'].mean():.0f} pA of excitation and {late['inh'].mean():.0f} pA of "
        f"inhibition on average; the sum is only {total.mean():+.0f} pA, with fluctuations of "
        f"{total.std():.0f} pA (standard deviation). These decide when it fires: at {spikes.rate():.1f} Hz, "
        f"irregularly, with a coefficient of variation of {spikes.cv(least=10):.2f} (a clock has 0, pure chance 1). The "
        "output of an artificial layer is constant in time; here irregularity is normal."
    )
    return "A network: excitation and inhibition in balance", figure, caption


def _simulate(n, duration, seed):
    cells = bs.Population(n, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    exc, inh = cells[: 4 * n // 5].named("excitatory"), cells[4 * n // 5 :].named("inhibitory")
    net, delay = bs.Network(seed=seed), bs.Uniform(0.1, 1.0)
    excites, inhibits = bs.Exponential(tau=TAU, name="exc"), bs.Exponential(tau=TAU, name="inh")
    net.connect(exc, cells, bs.FixedIndegree(K_EXC), weight=WEIGHT, delay=delay, synapse=excites)
    net.connect(inh, cells, bs.FixedIndegree(K_INH), weight=-G * WEIGHT, delay=delay, synapse=inhibits)
    net.stimulate(cells, bs.PoissonInput(rate=DRIVE, weight=WEIGHT, synapse=excites))
    record = [bs.Trace(exc[:20], name) for name in ("exc.i", "inh.i")]
    return bs.simulate(net, duration, dt=0.1, seed=seed, record=record, progress=False)


def _currents(ax, currents, window):
    """Draw the excitatory and the inhibitory current into a cell, and their sum."""
    times = currents["exc"].times
    shown = (times >= window[0]) & (times <= window[1])
    exc, inh = (currents[name].values[shown, 0] for name in ("exc", "inh"))
    for values, colour, label in ((exc, EXC, "excitatory"), (inh, INH, "inhibitory"), (exc + inh, "#222222", "sum")):
        ax.plot(times[shown], values, color=colour, label=label, linewidth=1.0)
    ax.axhline(0.0, color=FAINT, linewidth=0.6, zorder=0)
    ax.set(
        xlim=window,
        xlabel="time [ms]",
        ylabel="current [pA]",
        title="currents into one cell",
        ylim=(1.35 * inh.min(), 1.1 * exc.max()),
    )
    ax.legend(loc="lower center", ncols=3)


def _gaps(ax, spikes):
    """Draw the distribution of intervals between spikes, and that for the same spike counts at random times."""
    intervals = spikes.isi()
    edges = np.linspace(0.0, 4.0 * intervals.mean(), 41)
    ax.hist(intervals, edges, weights=np.full(intervals.size, 1.0 / (intervals.size * edges[1])), color=NEURON)
    ax.plot(edges, poisson_intervals(spikes, edges), color="#222222", linestyle=(0, (5, 2)), label="pure chance")
    ax.set(
        xlim=(0.0, edges[-1]),
        xlabel="interval between spikes [ms]",
        ylabel="probability density [1/ms]",
        title="irregularity",
    )
    ax.legend(loc="upper right")


def memory(seed, small):
    """An attractor network and a Hopfield network, as `brainsim run memory`."""
    return _of_example("Memory: completing a pattern", "memory", seed, trials=1 if small else 3)


def decision(seed, small):
    """Competing pools of cells and drift-diffusion, as `brainsim run decision`."""
    return _of_example("Decision: summing evidence up to a bound", "decision", seed, trials=10 if small else 150)


def learning(seed, small):
    """Spiking cells that learn Yin-Yang and a perceptron, as `brainsim run timing`."""
    options = importlib.import_module("brainsim.examples.timing").SMALL if small else {}
    return _of_example("Learning from spike times", "timing", seed, **options)


def _of_example(title, name, seed, **options):
    """Run an example with fewer trials; the text below its figure becomes the caption."""
    example = importlib.import_module(f"brainsim.examples.{name}")
    network, traces = example.build(**options, seed=seed)
    settings = {"dt": getattr(example, "DT", 0.1), "precise": getattr(example, "PRECISE", False)}
    result = bs.simulate(network, example.DURATION, **settings, seed=seed, record=traces, progress=False)
    figure = example.draw(result, getattr(example, "WINDOW", (0.0, example.DURATION)))
    caption = " ".join(figure.get_supxlabel().split())
    figure.supxlabel("")
    return title, figure, caption


STEPS = (4, 16, 64)
EXAMPLE = 0.33  # thresholds per step
READ = 32  # steps, for the digit


@within(style)
def staircase(seed, small):
    """Cells that integrate and subtract the threshold at a spike: their spike counts compared with a ReLU."""
    drives = np.append(np.linspace(-0.25, 1.0, 2561), EXAMPLE)
    cells = bs.Population(drives.size, SubtractIF(), name="cells", initial={"v": 0.5})
    net = bs.Network(seed=0)
    net.stimulate(cells, bs.CurrentInput(drives))  # pA: with 1 pF and steps of 1 ms, thresholds per step
    record = [bs.Trace(cells[-1:], "v")]
    result = bs.simulate(net, float(max(STEPS)), dt=1.0, seed=0, record=record, threads=1, progress=False)
    spikes = result.spikes["cells"]
    counts = {T: np.bincount(spikes.ids[spikes.times <= T + 0.5], minlength=drives.size) for T in STEPS}
    same = all(np.array_equal(counts[T], if_counts(drives, T)) for T in STEPS)
    errors = {T: np.abs(counts[T] / T - relu(drives)).max() for T in STEPS}
    figure, axes = plt.subplots(1, 3, figsize=(11.0, 3.8), layout="constrained")
    _integration(axes[0], result, spikes.times[spikes.ids == drives.size - 1])
    draw_staircase(STEPS, axes[1]).set_title("spikes in T steps")
    _worst(axes[2], errors)
    largest = ", ".join(f"{error:.4f} with {T}" for T, error in errors.items())
    count = counts[16][-1]
    agrees = f"All counts of {drives.size:,} cells equal" if same else "Not all counts of the cells equal"
    caption = (
        f"This neuron has no leak, and each spike subtracts one threshold. With a drive of {EXAMPLE:g} thresholds per "
        f"step it sends {count} spikes in 16 steps, {count / 16:.4f} per step. {agrees} floor(1/2 + T z) between 0 and T: "
        f"a quantised ReLU. Its error is at most {largest} steps, never more than 1/(2T): precision costs time."
    )
    return "From spikes to numbers: a ReLU, step by step", figure, caption


def _integration(ax, result, times):
    v = result.traces["cells", "v"]
    shown = v.times <= 16.0
    ax.step(v.times[shown], v.values[shown, 0], where="post", color=NEURON)
    ax.vlines(times[times <= 16.0], 1.03, 1.2, color=NEURON)
    ax.axhline(1.0, color=FAINT, linewidth=0.8, linestyle=(0, (5, 4)))
    note(ax, "threshold", (0.0, 1.0), (3, -4), color="#666666", fontsize=8.5, va="top")
    ax.set(
        xlim=(0.0, 16.5),
        ylim=(0.0, 1.25),
        xlabel="step",
        ylabel="potential / threshold",
        title=f"drive {EXAMPLE:g}, 16 steps",
        xticks=range(0, 17, 4),
    )


def _worst(ax, errors):
    steps = np.array(list(errors))
    ax.loglog(steps, 0.5 / steps, color=FAINT, linestyle=(0, (5, 4)), label="1/(2T)")
    ax.loglog(steps, list(errors.values()), "o", color=NEURON, markersize=5.5, label="simulated")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    ax.set_xticks(steps, [str(T) for T in steps])
    ax.set_yticks(0.5 / steps, [f"1/{2 * T}" for T in steps])
    ax.minorticks_off()
    ax.set(xlabel="steps T", ylabel="largest distance from the ReLU", title="time buys precision")
    ax.legend(loc="upper right")


def digit(seed, small):
    """A network trained on digits, converted to spikes: one test sample in both networks, and their accuracy on all."""
    data = digits(seed=seed)
    mlp = MLP((24,) if small else (128, 64), epochs=20 if small else 60, seed=seed).fit(data.X_train, data.y_train)
    report = bodies(mlp, data.X_test, data.y_test, calib=data.X_train, T=(2, 8, READ))
    own, rows = report.row("artificial"), [report.row(T=T) for T in report.T]
    some, last = rows[1:]
    accuracy = ", ".join(f"{100 * row.accuracy:.1f} % with {T}" for T, row in zip(report.T, rows, strict=True))
    units = sum(mlp.hidden)
    caption = (
        f"An artificial network was trained on {len(data.y_train):,} digits; its weights then connect {units} spiking "
        f"neurons. Of {len(data.y_test)} test digits it reads {100 * own.accuracy:.1f} %, the spiking "
        f"one {accuracy} steps. Each row shows the same units on both sides: the larger the activation, the denser "
        f"the spikes. With {READ} steps a neuron sends {last.spikes / units:.1f} spikes per digit, and the "
        f"arithmetic takes {last.energy / own.energy:.2f} times the energy of that of the artificial network, with 8 steps "
        f"{some.energy / own.energy:.2f} times (counted from published costs, without memory; no hardware was measured)."
    )
    return "A digit, read in spikes", report.raster(0, READ), caption
