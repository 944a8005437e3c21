"""The figure of cells that gap junctions synchronise: two pairs in time, the lag against the conductance, three networks."""

import numpy as np

from brainsim.examples.gap_junctions import CONDUCTANCES, NETWORKS, SETTLED, SHOWN, lags, phases, synchrony
from brainsim.plot.elements.axes import ShownOnce
from brainsim.plot.elements.styles import FAINT, PALETTE, style

LABELS = {"none": "no junctions", "weak": "weak junctions", "strong": "strong junctions"}


def gap_junctions_figure(result, window):
    """Return the figure of the result of `gap_junctions`; potentials and spikes are drawn in `window`."""
    import matplotlib.pyplot as plt

    mosaic = [[row] * 3 + ["lag"] * 3 for row in "01"]
    mosaic += [["none", "none", "weak", "weak", "strong", "strong"]] * 2
    with style():
        figure = plt.figure(figsize=(10.0, 6.4), layout="constrained", FigureClass=ShownOnce)
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
        ax.plot(*phases(result, pair), ".", color=colour, markersize=3.0, label=f"{CONDUCTANCES[pair]:g} nS")
    ax.set(xlim=(result.start, result.stop), ylim=(0.0, 1.0), ylabel="lag [periods]")
    ax.legend(loc="upper right", markerscale=2.0, framealpha=0.9)
    ax.set_title(f"with {CONDUCTANCES[SHOWN[0]]:g} nS the slower cell falls behind", loc="left")


def _pair(ax, result, pair, window):
    """Draw the potentials of the two cells of a pair."""
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
    """Draw the spikes of a network, with its synchrony."""
    spikes = result.spikes[name]
    shown = (spikes.times >= window[0]) & (spikes.times <= window[1])
    ax.plot(spikes.times[shown], spikes.ids[shown], "|", color=PALETTE[2], markersize=3.0)
    index = f", synchrony {synchrony(result, name):.2f}" if result.stop > SETTLED else ""
    ax.set(xlim=window, xlabel="time [ms]")
    ax.set_title(f"{LABELS[name]}{index}", loc="left")
