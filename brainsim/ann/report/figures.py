"""Pictures of a comparison: six panels over all samples, and one sample in both networks."""

import textwrap
from html import escape

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter
from scipy.special import softmax

from brainsim.ann.report.summary import AC, CAVEAT, MAC
from brainsim.plot.elements.axes import ShownOnce
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, PALETTE, shades, style
from brainsim.plot.page import write_page

MAX_DOTS = 4000  # of a scatter


def scale_steps(ax, T, label):
    """Give axes a logarithmic scale of steps T, with a tick at each number of steps, and label them."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(T, [str(steps) for steps in T])
    ax.set(xlabel="steps T", ylabel=label)


def comparison_figure(comparison):
    """Return a figure of six panels; blue is the spiking network, red the artificial one."""
    with style():
        figure, axes = plt.subplots(2, 3, figsize=(11.0, 7.0), layout="constrained", FigureClass=ShownOnce)
        _accuracy(comparison, axes[0, 0])
        _operations(comparison, axes[0, 1])
        _decisions(comparison, axes[0, 2])
        _rates(comparison, axes[1, 0])
        _errors(comparison, axes[1, 1])
        _energy(comparison, axes[1, 2])
        lines = [textwrap.fill(line, 150) for line in (*comparison.verdict.splitlines(), CAVEAT)]
        figure.supxlabel("\n".join(lines), fontsize=9, color="#444444", x=0.01, ha="left")
    return figure


def _accuracy(comparison, ax):
    ax.axhline(100.0 * comparison.ann_accuracy, color=MACHINE, linestyle="--", label="artificial")
    ax.semilogx(
        comparison.T,
        100.0 * comparison.quantised,
        color=MACHINE,
        linestyle=":",
        zorder=3,
        label="artificial, rounded to T + 1 values",
    )
    ax.semilogx(comparison.T, 100.0 * comparison.accuracy, "o-", color=NEURON, markersize=4, label="spiking")
    scale_steps(ax, comparison.T, "accuracy [%]")
    ax.set_title("accuracy against time")
    ax.legend(loc="best")


def _operations(comparison, ax):
    costs = comparison.macs + comparison.acs
    ax.semilogx(costs, 100.0 * comparison.accuracy, "o-", color=NEURON, markersize=4, label="spiking: MACs + ACs")
    ax.semilogx(
        [comparison.ann_macs],
        [100.0 * comparison.ann_accuracy],
        "s",
        color=MACHINE,
        markerfacecolor="none",
        label="artificial: MACs",
    )
    for cost, accuracy, T in zip(costs, comparison.accuracy, comparison.T, strict=True):
        ax.annotate(
            f"{T}", (cost, 100.0 * accuracy), (5, -9), textcoords="offset points", fontsize=8.5, color="#666666", ha="left"
        )
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    ax.margins(x=0.09, y=0.12)  # room for the numbers of steps next to the dots
    ax.set(
        xlabel="operations per inference (next to the dots: steps T)",
        ylabel="accuracy [%]",
        title="accuracy against operations",
    )
    ax.legend(loc="lower right")


def _decisions(comparison, ax):
    if comparison.decided is None:
        reason = "layers run in turns" if comparison.snn.plan.sequential else "no calibration data"
        ax.text(0.5, 0.5, f"no early decisions:\n{reason}", ha="center", color=FAINT)
        ax.set_axis_off()
        return
    ax.hist(comparison.decision_time, bins=np.arange(0.5, comparison.time[-1] + 1.0), color=NEURON)
    mean = comparison.decision_time.mean()
    ax.axvline(mean, color=FAINT, linewidth=0.8)
    ax.annotate(
        f"mean {mean:.1f} ms, accuracy {100 * comparison.early_accuracy:.1f} %",
        (mean, 0.95),
        (4, 0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        fontsize=8,
        color="#444444",
    )
    ax.set(xlabel="time since stimulus onset [ms]", ylabel="samples", title="time to decision")


def _rates(comparison, ax):
    T = min(comparison.T, key=lambda steps: abs(np.log2(steps / 32)))
    snn, some = comparison.snn, comparison.X[:100]
    layers = zip(snn.counts(some, T), snn.trained.activations(some), snn.thresholds, strict=False)
    colours = shades(NEURON, len(snn.thresholds))
    for k, (counts, h, theta) in enumerate(layers):
        rates, values = counts.ravel() / T, h.ravel() / theta
        chosen = np.random.default_rng(0).permutation(rates.size)[:MAX_DOTS]
        ax.plot(values[chosen], rates[chosen], ".", color=colours[k], markersize=2.5, label=f"layer {k + 1}")
    line = np.linspace(0.0, 1.15, 200)
    clipped = np.minimum(line, 1.0)
    ax.fill_between(line, clipped - 1.0 / T, clipped + 1.0 / T, color=MACHINE, alpha=0.25, linewidth=0.0, label="± 1/T")
    ax.set(
        xlim=(-0.02, 1.15),
        ylim=(-0.02, 1.08),
        xlabel="activation / threshold",
        ylabel="spikes per step",
        title=f"rate against activation, T = {T}",
    )
    ax.legend(loc="upper left", markerscale=3)


def _errors(comparison, ax):
    kinds = ("clipping", "quantisation", "inherited", "unevenness")
    depth, drawn = len(comparison.snn.thresholds), {}
    for kind, colour in zip(kinds, (PALETTE[0], PALETTE[3], PALETTE[7], PALETTE[6]), strict=True):
        for layer in range(depth):
            values = np.array([getattr(comparison.layers[T][layer], kind) for T in comparison.T])
            look = {"color": colour, "linestyle": ("-", "--", ":", "-.")[layer % 4]}
            values[values == 0] = np.nan
            drawn[kind] = drawn.get(kind, False) or np.isfinite(values).any()
            # dots, since a value between two zeros has no line
            ax.loglog(comparison.T, values, ".", markersize=4, label=kind if layer == 0 else None, **look)
    ax.set_ylim(1e-4, 4.0)
    scale_steps(ax, comparison.T, "rms error / threshold")
    deeper = ("", " (dashed: layer 2)")[depth - 1] if depth < 3 else " (dashed, dotted: deeper)"
    ax.set_title("where errors come from" + deeper)
    in_legend = [line for line in ax.lines if drawn.get(line.get_label(), False)]
    if in_legend:
        ax.legend(handles=in_legend, loc="upper right", ncols=2)
    if zero := [kind for kind, is_drawn in drawn.items() if not is_drawn]:
        note = f"zero throughout: {', '.join(zero)}"
        ax.annotate(note, (0.02, 0.02), xycoords="axes fraction", color="#666666", fontsize=8)


def _energy(comparison, ax):
    x = np.arange(len(comparison.T))
    macs = np.full(x.size, 1e-3 * MAC * comparison.macs)
    ax.bar(x, macs, color=PALETTE[2], label="spiking: input MACs")
    ax.bar(x, 1e-3 * AC * comparison.acs, bottom=macs, color=NEURON, label="spiking: ACs")
    ax.axhline(1e-3 * comparison.ann_energy, color=MACHINE, linestyle="--", label="artificial: MACs")
    ax.set_xticks(x, [str(T) for T in comparison.T])
    ax.set_ylim(top=1.45 * max(ax.get_ylim()[1], 1e-12))  # room for the legend
    ax.set(xlabel="steps T", ylabel="energy proxy [nJ]", title="arithmetic energy (proxy)")
    ax.legend(loc="upper left")


def sample_figure(comparison, i, T):
    """Return a figure of one sample: input, activations and spikes of each layer, softmax and evidence."""
    snn, x = comparison.snn, comparison.X[i]
    spikes, evidence = snn.spikes(x[None], T), snn.evidence(x[None], T)[0]
    activations = [h[0] for h in snn.trained.activations(x[None])]
    probabilities, decision = softmax(activations[-1]), snn.classes_[evidence[-1].argmax()]
    depth, starts = len(spikes), [start for start, _ in snn.windows(T)]
    with style():
        figure = plt.figure(figsize=(11.0, 1.2 + 2.0 * (depth + 1)), layout="constrained", FigureClass=ShownOnce)
        grid = figure.add_gridspec(depth + 1, 3, width_ratios=(1.3, 1.3, 4.0))
        _input(x, figure.add_subplot(grid[0, 0])).set_title(f"input: {comparison.y[i]}")
        for layer in range(depth):
            row = depth - layer  # the first layer is at the bottom, the output at the top
            bars, raster = figure.add_subplot(grid[row, 1]), figure.add_subplot(grid[row, 2])
            _layer(activations[layer], spikes[layer][0], starts[layer], bars, raster)
            raster.set_xlim(0.0, snn.duration(T) + 0.5)
            bars.set_ylabel(f"layer {layer + 1}: {activations[layer].size} units")
            _label_below(bars, raster, layer == 0)
        _outputs(probabilities, snn.classes_, figure.add_subplot(grid[0, 1]))
        _evidence(evidence, snn.classes_, figure.add_subplot(grid[0, 2]), decision, snn.duration(T))
        count = sum(int(layer.sum()) for layer in spikes)
        _notes(snn.classes_[probabilities.argmax()], decision, T, count, figure.add_subplot(grid[1:, 0]))
    return figure


def _layer(activations, spikes, start, bars, raster):
    """Draw the activations and the spikes of a layer, whose units are sorted by activation."""
    order = np.argsort(activations, kind="stable")
    bars.barh(np.arange(order.size), activations[order], height=1.0, color=MACHINE)
    times, units = np.nonzero(spikes[:, order])
    height = min(110.0 / order.size, 3.0)  # points, at most the height of a row
    raster.plot(start + times + 1, units, "|", color=NEURON, markersize=height, markeredgewidth=1.6)
    for ax in (bars, raster):
        ax.set_ylim(-0.5, order.size - 0.5)
        ax.set_yticks([])


def _label_below(bars, raster, lowest):
    """Label the axes of the lowest layer, and leave out the numbers of those above it."""
    if lowest:
        bars.set_xlabel("activation")
        raster.set_xlabel("time since stimulus onset [ms], one step each")
    else:
        for ax in (bars, raster):
            ax.tick_params(labelbottom=False)


def _notes(label, decision, T, count, ax):
    """Write what both networks say, next to the layers."""
    ax.set_axis_off()
    ax.text(
        0.0,
        0.98,
        f"artificial: {label}\nspiking: {decision} after {T} steps\n{count} spikes\n\n"
        "The units of a layer are\nsorted by activation, in the\nsame order on both sides.",
        va="top",
        color="#444444",
    )


def _input(x, ax):
    side = int(np.sqrt(x.size))
    if side * side == x.size and side > 2:
        ax.imshow(x.reshape(side, side), cmap="Greys")
    else:
        ax.barh(np.arange(x.size), x, color=FAINT)
    ax.set_xticks([])
    ax.set_yticks([])
    return ax


def _outputs(probabilities, classes, ax):
    ax.barh(np.arange(classes.size), probabilities, color=MACHINE)
    ax.set_yticks(np.arange(classes.size), [str(label) for label in classes], fontsize=8)
    ax.set_xlim(0.0, 1.0)
    ax.set_xlabel("probability")
    ax.set_title("artificial: softmax")
    ax.set_ylabel("output")


def _evidence(evidence, classes, ax, decision, stop):
    times = stop + np.arange(1 - len(evidence), 1)
    for k, label in enumerate(classes):
        best = label == decision
        ax.plot(times, evidence[:, k], color=NEURON if best else "#c4c4c4", linewidth=1.6 if best else 0.8, zorder=2 + best)
    k = int(np.flatnonzero(classes == decision)[0])
    ax.annotate(f" {decision}", (stop, evidence[-1, k]), color=NEURON, va="center")
    ax.set_xlim(0.0, stop + 0.5)
    ax.set_ylabel("sum of the output so far")
    ax.set_title("spiking: potentials of the output cells over time")


def write_comparison(comparison, path, examples, robustness=None):
    """Write the summary, the six panels and some samples of a `Comparison` to a page, and its `Robustness` if not None."""
    pictures = [
        ("", comparison.plot(), "Blue: the spiking network; red: the artificial one. Costs are means per inference.")
    ]
    pictures += [
        ("", comparison.raster(i), f"Sample {i}: the same units in the same order, as activations and as spikes.")
        for i in examples
    ]
    noise = "" if robustness is None else f"<h2>Under noise</h2><pre>{escape(repr(robustness))}</pre>"
    title = f"An artificial network and its spiking version: {comparison.snn!r}"
    write_page(path, title, pictures, f"<pre>{escape(comparison.summary())}</pre>{noise}")
