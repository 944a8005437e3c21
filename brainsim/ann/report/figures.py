"""Pictures of a comparison: a panel for each part of its table, and one sample in both networks."""

import textwrap
from html import escape

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import softmax

from brainsim.ann.report.damage import DAMAGES
from brainsim.ann.report.rows import AC, ARTIFICIAL, BODIES, LEARNED, MAC, RATES, SPIKING, SRAM, chosen
from brainsim.ann.report.summary import CAVEAT
from brainsim.plot.elements.axes import ShownOnce
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON, PALETTE, shades, style
from brainsim.plot.page import write_page

MAX_DOTS = 4000  # of a scatter
COLUMNS = 3
LOOKS = {
    ARTIFICIAL: {"color": MACHINE, "marker": "s", "linestyle": "--", "markerfacecolor": "none", "zorder": 3},
    RATES: {"color": MACHINE, "marker": ".", "linestyle": ":"},
    SPIKING: {"color": NEURON, "marker": "o", "linestyle": "-"},
    LEARNED: {"color": PALETTE[2], "marker": "D", "linestyle": "-"},
}


def panels_of(report):
    """Return the names of all panels of a report: those that each has, and one for each damage."""
    return [*PANELS, *(kind for kind in DAMAGES if chosen(report.rows, damage=kind))]


def draw_panel(report, panel, ax):
    """Draw a panel on Axes, and return them; blue is the spiking network, red the artificial one."""
    PANELS[panel](report, ax) if panel in PANELS else _damage(report, panel, ax)
    return ax


def bodies_figure(report):
    """Return a figure of all panels."""
    panels = panels_of(report)
    rows = -(-len(panels) // COLUMNS)
    with style():
        figure, axes = plt.subplots(
            rows, COLUMNS, figsize=(11.0, 3.2 * rows + 0.8), layout="constrained", FigureClass=ShownOnce
        )
        for panel, ax in zip(panels, axes.flat, strict=False):
            draw_panel(report, panel, ax)
        for ax in axes.flat[len(panels) :]:
            ax.set_axis_off()
        lines = [textwrap.fill(line, 150) for line in (*report.verdict.splitlines(), *CAVEAT.splitlines())]
        figure.supxlabel("\n".join(lines), fontsize=9, color="#444444", x=0.01, ha="left")
    return figure


def _against(ax, rows, x, body, **look):
    """Draw accuracies with their intervals against numbers `x`."""
    accuracy = np.array([100.0 * row.accuracy for row in rows])
    ends = np.array([[100.0 * row.low for row in rows], [100.0 * row.high for row in rows]])
    ax.fill_between(x, *ends, color=LOOKS[body]["color"], alpha=0.15, linewidth=0.0)
    ax.plot(x, accuracy, **LOOKS[body] | {"markersize": 4} | look)


def _accuracy(report, ax):
    own = report.row(ARTIFICIAL)
    ax.axhspan(100.0 * own.low, 100.0 * own.high, color=MACHINE, alpha=0.12, linewidth=0.0)
    ax.axhline(100.0 * own.accuracy, color=MACHINE, linestyle="--", label="artificial")
    for body, label in ((RATES, "its rates: T + 1 values"), (SPIKING, "spiking")):
        _against(ax, [report.row(body, T) for T in report.T], report.T, body, label=label)
    for row in report.rows:
        if row.answer:
            mark = {"margin": "<", "first spike": "^"}[row.answer]
            ax.plot(
                row.steps, 100.0 * row.accuracy, mark, color=NEURON, markerfacecolor="none", label=f"spiking, {row.answer}"
            )
        elif row.body == LEARNED and row.layer != row.layer and not row.damage:
            ax.plot(row.steps, 100.0 * row.accuracy, "D", color=PALETTE[2], markersize=4, label=LEARNED)
    _scale_steps(ax, report.T, "accuracy [%]")
    ax.set_title("accuracy against time")
    ax.legend(loc="lower right")


def _scale_steps(ax, T, label):
    """Give axes a logarithmic scale of steps T, with a tick at each number of steps, and label them."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(T, [str(steps) for steps in T])
    ax.set(xlabel="steps T", ylabel=label)


def _decisions(report, ax):
    ways = [(pair, way) for pair in report.pairs for way in pair.decided]
    if not ways:
        reason = "layers run in turns" if report.pairs[0].snn.plan.sequential else "no calibration data"
        ax.text(0.5, 0.5, f"no early answers:\n{reason}", ha="center", color=FAINT)
        ax.set_axis_off()
        return
    last = report.row(SPIKING).time
    late = last - report.T[-1]
    for way, look in {"margin": {"color": NEURON, "alpha": 0.5}, "first spike": {"color": "#222222"}}.items():
        steps = np.concatenate([pair.decided[way] for pair, one in ways if one == way]) + late
        shares = np.array([np.mean(steps <= t) for t in np.arange(0.0, last + 1.0)])
        (row,) = chosen(report.rows, answer=way)
        label = f"{way}: {row.time:.1f} ms, {100 * row.accuracy:.1f} %"
        ax.step(np.arange(0.0, last + 1.0), 100.0 * shares, where="post", label=label, **look)
    ax.set(xlabel="time since stimulus onset [ms]", ylabel="samples answered [%]", title="time to an early answer")
    ax.set_ylim(0.0, 104.0)
    ax.legend(loc="lower right")


def _rates(report, ax):
    T = min(report.T, key=lambda steps: abs(np.log2(steps / 32)))
    pair = report.pairs[0]
    snn, some = pair.snn, pair.X[:100]
    layers = zip(snn.counts(some, T), snn.trained.activations(some), snn.thresholds, strict=False)
    colours = shades(NEURON, len(snn.thresholds))
    for k, (counts, h, theta) in enumerate(layers):
        rates, values = counts.ravel() / T, h.ravel() / theta
        some_dots = np.random.default_rng(0).permutation(rates.size)[:MAX_DOTS]
        r = report.row(SPIKING, T, k + 1).correlation
        label = f"layer {k + 1}: r = {r:.4f}"
        ax.plot(values[some_dots], rates[some_dots], ".", color=colours[k], markersize=2.5, label=label)
    line = np.linspace(0.0, 1.15, 200)
    clipped = np.minimum(line, 1.0)
    ax.fill_between(line, clipped - 0.5 / T, clipped + 0.5 / T, color=MACHINE, alpha=0.3, linewidth=0.0, label="± 1/(2T)")
    ax.set(
        xlim=(-0.02, 1.15),
        ylim=(-0.02, 1.08),
        xlabel="activation / threshold",
        ylabel="spikes per step",
        title=f"rate against activation, T = {T}",
    )
    ax.legend(loc="upper left", markerscale=3)


def _operations(report, ax):
    depth = len(report.pairs[0].snn.thresholds)
    names, T = ["inputs", *(f"layer {k}" for k in range(1, depth + 1))], report.enough
    x = np.arange(depth + 1)
    own = [report.row(ARTIFICIAL, layer=k) for k in range(depth + 1)]
    cells = [report.row(SPIKING, T, k) for k in range(depth + 1)]
    ax.bar(x - 0.2, [row.macs for row in own], 0.38, color=MACHINE, label="artificial: MACs")
    macs, acs = (np.nan_to_num([getattr(row, name) for row in cells]) for name in ("macs", "acs"))
    ax.bar(x + 0.2, macs, 0.38, color=PALETTE[2], label="spiking: input MACs")
    ax.bar(x + 0.2, acs, 0.38, bottom=macs, color=NEURON, label=f"spiking: ACs, T = {T}")
    for place, row in zip(x + 0.2, cells, strict=True):
        if row.spikes == row.spikes:
            ax.annotate(
                f"{row.spikes:.0f}", (place, np.nan_to_num(row.acs)), ha="center", va="bottom", fontsize=8, color="#444444"
            )
    ax.set_xticks(x, names)
    ax.set_ylim(top=1.4 * max(ax.get_ylim()[1], 1e-12))
    ax.set(ylabel="operations per sample", title="operations by layer (numbers: spikes)")
    ax.legend(loc="upper right")


def _energy(report, ax):
    x, rows, own = np.arange(len(report.T)), [report.row(SPIKING, T) for T in report.T], report.row(ARTIFICIAL)
    below = np.zeros(x.size)
    parts = {
        "input MACs": (PALETTE[2], [MAC * row.macs for row in rows]),
        "ACs": (NEURON, [AC * row.acs for row in rows]),
        "words moved": ("#c9d6e6", [SRAM * row.words for row in rows]),
    }
    for label, (colour, values) in parts.items():
        values = 1e-3 * np.array(values)
        ax.bar(x, values, bottom=below, color=colour, label=f"spiking: {label}")
        below += values
    ax.axhline(1e-3 * own.energy, color=MACHINE, linestyle="--", label="artificial: MACs")
    ax.axhline(1e-3 * own.energy_moved, color=MACHINE, linestyle=":", label="artificial: with words moved")
    ax.set_xticks(x, [str(T) for T in report.T])
    ax.set(xlabel="steps T", ylabel="energy, counted [nJ]", title="energy of arithmetic and memory")
    ax.legend(loc="upper left")


def _errors(report, ax):
    kinds = ("clipping", "quantisation", "inherited", "unevenness")
    depth, drawn = len(report.pairs[0].snn.thresholds), {}
    for kind, colour in zip(kinds, (PALETTE[0], PALETTE[3], PALETTE[7], PALETTE[6]), strict=True):
        for layer in range(depth):
            values = np.array([getattr(report.row(SPIKING, T, layer + 1), kind) for T in report.T])
            look = {"color": colour, "linestyle": ("-", "--", ":", "-.")[layer % 4]}
            values[values == 0] = np.nan
            drawn[kind] = drawn.get(kind, False) or np.isfinite(values).any()
            # dots, since a value between two zeros has no line
            ax.loglog(report.T, values, ".", markersize=4, label=kind if layer == 0 else None, **look)
    ax.set_ylim(1e-4, 4.0)
    _scale_steps(ax, report.T, "rms error / threshold")
    deeper = ("", " (dashed: layer 2)")[depth - 1] if depth < 3 else " (dashed, dotted: deeper)"
    ax.set_title("errors of rates" + deeper)
    in_legend = [line for line in ax.lines if drawn.get(line.get_label(), False)]
    if in_legend:
        ax.legend(handles=in_legend, loc="upper right", ncols=2)
    if zero := [kind for kind, is_drawn in drawn.items() if not is_drawn]:
        note = f"zero throughout: {', '.join(zero)}"
        ax.annotate(note, (0.02, 0.02), xycoords="axes fraction", color="#666666", fontsize=8)


def _damage(report, kind, ax):
    """Draw the accuracy of each body against the level of a damage."""
    for body in BODIES:
        rows = chosen(report.rows, damage=kind, body=body)
        if rows:
            _against(ax, rows, [row.level for row in rows], body, label=body)
    ax.set(xlabel=DAMAGES[kind].label, ylabel="accuracy [%]", title=kind)
    if kind == "bits":
        ax.invert_xaxis()
    if kind == "layers":
        ax.set_xticks(list(dict.fromkeys(row.level for row in chosen(report.rows, damage=kind))))
    ax.set_ylim(0.0, 104.0)
    ax.legend(loc="best")


PANELS = {
    "accuracy": _accuracy,
    "decisions": _decisions,
    "rates": _rates,
    "operations": _operations,
    "energy": _energy,
    "errors": _errors,
}


def sample_figure(pair, i, T):
    """Return a figure of one sample: input, activations and spikes of each layer, softmax and evidence."""
    snn, x = pair.snn, pair.X[i]
    spikes, evidence = snn.spikes(x[None], T), snn.evidence(x[None], T)[0]
    activations = [h[0] for h in snn.trained.activations(x[None])]
    probabilities, decision = softmax(activations[-1]), snn.classes_[evidence[-1].argmax()]
    depth, starts = len(spikes), [start for start, _ in snn.windows(T)]
    with style():
        figure = plt.figure(figsize=(11.0, 1.2 + 2.0 * (depth + 1)), layout="constrained", FigureClass=ShownOnce)
        grid = figure.add_gridspec(depth + 1, 3, width_ratios=(1.3, 1.3, 4.0))
        _input(x, figure.add_subplot(grid[0, 0])).set_title(f"input: {pair.y[i]}")
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


def write_bodies(report, path, examples):
    """Write the table, the figure and some samples to a page."""
    pictures = [("", report.plot(), "Blue: the spiking network; red: the artificial one. Costs are means for one sample.")]
    pictures += [
        ("", report.raster(i), f"Sample {i}: the same units in the same order, as activations and as spikes.")
        for i in examples
    ]
    title = f"An artificial network and its spiking version: {report.pairs[0].snn!r}"
    write_page(path, title, pictures, f"<pre>{escape(report.summary())}</pre>")
