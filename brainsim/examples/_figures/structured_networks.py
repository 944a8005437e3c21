"""The figures of networks: with gap junctions, on a sheet, and compared with published rates."""

import numpy as np
from matplotlib.colors import ListedColormap

import brainsim as bs
from brainsim.core.contexts import within
from brainsim.examples.gap_junctions import CONDUCTANCES, NETWORKS, SETTLED, SHOWN, lags, phases, synchrony
from brainsim.plot.elements.page_layout import page
from brainsim.plot.elements.styles import FAINT, PALETTE, style
from brainsim.plot.firing_rates import rate

LABELS = {"none": "no junctions", "weak": "weak junctions", "strong": "strong junctions"}


@within(style)
def gap_junctions_figure(result, window):
    """Return the figure of the result of `gap_junctions`; potentials and spikes are drawn in `window`."""
    mosaic = [[row] * 3 + ["lag"] * 3 for row in "01"]
    mosaic += [["none", "none", "weak", "weak", "strong", "strong"]] * 2
    figure = page(10.0, 6.4)
    axes = figure.subplot_mosaic(mosaic)
    _phases(axes["0"], result)
    _pair(axes["1"], result, SHOWN[1], window)
    _lags(axes["lag"], result)
    for name in NETWORKS:
        _network(axes[name], result, name, window)
    axes["none"].set_ylabel("cell")
    return figure


def _phases(ax, result):
    """Draw how the lag of two pairs changes in time."""
    for pair, colour in zip(SHOWN, (PALETTE[3], PALETTE[0]), strict=True):
        ax.plot(*phases(result, pair), ".", color=colour, markersize=3.0)
    ax.set(xlim=(result.start, result.stop), ylim=(0.0, 1.0), ylabel="lag [periods]")
    weak, strong = CONDUCTANCES[[*SHOWN]]
    ax.set_title(f"{weak:g} nS (brown): falls behind; {strong:g} nS (blue): keeps up", loc="left")


def _pair(ax, result, pair, window):
    v = result.traces["pairs", "v"]
    shown = (v.times >= window[0]) & (v.times <= window[1])
    for cell, colour in ((2 * pair, PALETTE[1]), (2 * pair + 1, PALETTE[0])):
        ax.plot(v.times[shown], v.values[shown, cell], color=colour, linewidth=1.0)
    ax.set(xlim=window, xlabel="time [ms]", ylabel="potential [mV]")
    ax.set_title(f"{CONDUCTANCES[pair]:g} nS: the faster cell in red, the slower one in blue", loc="left")


def _lags(ax, result):
    """Draw how much later the slower cell fires, and the inverse of the conductance."""
    found = lags(result)
    locked = np.isfinite(found)
    apart = CONDUCTANCES[~locked]
    if locked.any():
        product = float(np.mean(found[locked] * CONDUCTANCES[locked]))
        fine = np.linspace(product / 0.26, CONDUCTANCES[-1], 300)
        ax.plot(fine, product / fine, color=FAINT, label=f"{product:.2f} nS/conductance")
        ax.plot(CONDUCTANCES[locked], found[locked], "o", color=PALETTE[0], markersize=5.0, label="measured")
        ax.legend(loc="upper right")
    if apart.size:
        ax.axvspan(-0.03, apart[-1] + 0.025, color=FAINT, alpha=0.2, linewidth=0)
        ax.annotate("two rates", (0.5 * apart[-1] + 0.02, 0.02), ha="center", rotation=90, color="#444444")
    ax.set(xlabel="conductance [nS]", ylabel="lag of the slower cell [periods]", xlim=(-0.03, 2.05), ylim=(0.0, 0.26))
    ax.set_title("pairs fire together from a critical conductance on", loc="left")


def _network(ax, result, name, window):
    spikes = result.spikes[name]
    shown = (spikes.times >= window[0]) & (spikes.times <= window[1])
    ax.plot(spikes.times[shown], spikes.ids[shown], "|", color=PALETTE[2], markersize=3.0)
    index = f", synchrony {synchrony(result, name):.2f}" if result.stop > SETTLED else ""
    ax.set(xlim=window, xlabel="time [ms]")
    ax.set_title(f"{LABELS[name]}{index}", loc="left")


PICTURES, SPAN = 8, 8.0  # pictures of the sheet, and how much time each shows [ms]
COLOURS = {"exc": PALETTE[0], "inh": PALETTE[1]}  # as in an overview
NAMES = {"exc": ("excitatory", 0.82), "inh": ("inhibitory", 0.99)}  # and where they stand, as a share of the axis


@within(style)
def sheet_figure(result, window, correlations, size):
    """Return the figure, with the distances [um] and correlations of spike counts, and the side of the sheet [mm]."""
    spikes = result.spikes["exc"]
    side = int(np.sqrt(spikes.n))
    span = min(SPAN, (window[1] - window[0]) / PICTURES)
    begins = np.linspace(window[1] - 2.5 * PICTURES * span, window[1] - span, PICTURES)
    begins = np.maximum(begins, window[0])
    figure = page(10.5, 8.0)
    upper, lower = figure.subfigures(2, height_ratios=(2.0, 1.0))
    upper.suptitle(f"excitatory cells that fire, on a sheet of {size:g} x {size:g} mm", x=0.01, ha="left")
    for ax, begin in zip(upper.subplots(2, PICTURES // 2).ravel(), begins, strict=True):
        _sheet(ax, spikes.between(begin, begin + span), side)
        ax.set_title(f"{begin:.0f} to {begin + span:.0f} ms", fontsize="medium")
    left, right = lower.subplots(1, 2)
    for name, colour in COLOURS.items():
        rate(result.spikes[name].between(*window), ax=left, color=colour)
        text, x = NAMES[name]
        left.annotate(text, (x, 1.0), xycoords="axes fraction", ha="right", va="bottom", color=colour)
    left.set_title("rates")
    _correlations(right, *correlations)
    return figure


def _sheet(ax, spikes, side):
    counts = np.bincount(spikes.ids, minlength=side * side).reshape(side, side)
    colours = ListedColormap(["white", COLOURS["exc"]])
    ax.imshow(counts > 0, cmap=colours, vmin=0, vmax=1, interpolation="nearest", origin="lower")
    ax.set(xticks=[], yticks=[])
    ax.spines[["top", "right"]].set_visible(True)


def _correlations(ax, distances, values):
    ax.axhline(0.0, color=FAINT, linewidth=0.8)
    ax.plot(distances / 1000.0, values, color=COLOURS["exc"], marker="o", markersize=3.5)
    ax.set(xlabel="distance [mm]", ylabel="correlation of spike counts", title="near cells fire together")


DRAWN, COUNTED = 8000, 1000  # maximal number of cells in the raster, and per population for the synchrony


@within(style)
def draw_beside(result, names, published, part, window, colours, relay=None):
    """Return a figure: the raster of `window`, and rates, CV and synchrony in `part` of the run, with published numbers.

    Synchrony, the variance over the mean of spike counts in bins of 3 ms, grows with the number of cells. It is that of
    the first 1,000 cells of each population, or of all if there are fewer. `relay` names a population that is in the
    raster only, with its pulse [ms] and its colour.
    """
    every = [result.spikes[name] for name in names]
    settled = [spikes.between(*part) for spikes in every]
    cells = [min(spikes.n, COUNTED) for spikes in every]
    counted = f"{min(cells):,} to {max(cells):,}" if min(cells) < max(cells) else f"{max(cells):,}"
    panels = {
        "rate [Hz]": (bs.Spikes.rate, published["rate"]),
        "CV of intervals (biased low in short runs)": (lambda spikes: spikes.cv(least=3), published["CV"]),
        f"synchrony ({counted} cells, 3 ms bins)": (lambda spikes: spikes.of(slice(COUNTED)).synchrony(), None),
    }
    figure = page(10.0, 7.0)
    axes = figure.subplot_mosaic([["raster", label] for label in panels], width_ratios=(1.8, 1.0))
    _draw_raster(result, every, window, axes["raster"], colours, relay)
    for label, (statistic, known) in panels.items():
        bs.plot.bars(settled, statistic, ax=axes[label], reference=known, color=colours, label=label)
    note = f"bars: {part[0]:,g} to {part[1]:,g} ms; black: published"
    axes["rate [Hz]"].set_title(note, fontsize=9.5)
    return figure


def _draw_raster(result, every, window, ax, colours, relay):
    """Draw the raster of the populations and, if there is one, of the relay below, with its pulse as a band."""
    if relay:
        name, pulse, colour = relay
        every, colours = [*every, result.spikes[name]], [*colours, colour]
        ax.axvspan(*pulse, color=colour, alpha=0.15, linewidth=0.0, zorder=0)
    bs.plot.raster(every, ax=ax, window=window, max_cells=DRAWN, color=colours)
    ax.spines["left"].set_visible(False)
    cells = sum(spikes.n for spikes in every)
    ax.set_title(f"{cells:,} cells" + (f", one in {-(-cells // DRAWN)} drawn" if cells > DRAWN else ""))
