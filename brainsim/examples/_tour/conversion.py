"""The last pictures of the tour: a neuron whose spike count is a ReLU, and a network that reads a digit in spikes."""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs
from brainsim.ann.conversion.spiking import SubtractIF
from brainsim.ann.networks.activations import relu
from brainsim.ann.networks.mlp import MLP
from brainsim.ann.report.compare import compare
from brainsim.ann.report.pictures import NEURON, draw_staircase
from brainsim.examples._figures.layout import note
from brainsim.examples.data.datasets import digits
from brainsim.explore.theory import if_counts
from brainsim.plot.elements.styles import FAINT, style

STEPS = (4, 16, 64)
EXAMPLE = 0.33  # thresholds per step
READ = 32  # steps, for the digit


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
    with style():
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
    report = compare(mlp, data.X_test, data.y_test, calib=data.X_train, T=(2, 8, READ))
    accuracy = ", ".join(f"{100 * share:.1f} % with {T}" for T, share in zip(report.T, report.accuracy, strict=True))
    units = sum(mlp.hidden)
    ratio = report.energy / report.ann_energy
    caption = (
        f"An artificial network was trained on {len(data.y_train):,} digits; its weights then connect {units} spiking "
        f"neurons. Of {len(data.y_test)} test digits it reads {100 * report.ann_accuracy:.1f} %, the spiking "
        f"one {accuracy} steps. Each row shows the same units on both sides: the larger the activation, the denser "
        f"the spikes. With {READ} steps a neuron sends {report.spikes[-1] / units:.1f} spikes per digit, and the "
        f"arithmetic takes {ratio[-1]:.2f} times the energy of that of the artificial network, with 8 steps "
        f"{ratio[1]:.2f} times (a proxy: no memory traffic, no hardware measured)."
    )
    return "A digit, read in spikes", report.raster(0, READ), caption
