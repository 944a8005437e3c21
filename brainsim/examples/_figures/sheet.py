"""The figure of activity on a sheet: where cells fire at some times, rates, and correlations over the distance."""

import numpy as np
from matplotlib.colors import ListedColormap

from brainsim.plot.elements.axes import ShownOnce
from brainsim.plot.elements.styles import FAINT, PALETTE, style
from brainsim.plot.rates import rate

SHOWN, SPAN = 8, 8.0  # pictures of the sheet, and how much time each shows [ms]
COLOURS = {"exc": PALETTE[0], "inh": PALETTE[1]}  # as in an overview
NAMES = {"exc": ("excitatory", 0.82), "inh": ("inhibitory", 0.99)}  # and where they stand, as a share of the axis


def sheet_figure(result, window, correlations, size):
    """Return the figure, with the distances [um] and correlations of spike counts, and the side of the sheet [mm]."""
    import matplotlib.pyplot as plt

    spikes = result.spikes["exc"]
    side = int(np.sqrt(spikes.n))
    span = min(SPAN, (window[1] - window[0]) / SHOWN)
    begins = np.linspace(window[1] - 2.5 * SHOWN * span, window[1] - span, SHOWN)
    begins = np.maximum(begins, window[0])
    with style():
        figure = plt.figure(figsize=(10.5, 8.0), layout="constrained", FigureClass=ShownOnce)
        upper, lower = figure.subfigures(2, height_ratios=(2.0, 1.0))
        upper.suptitle(f"excitatory cells that fire, on a sheet of {size:g} x {size:g} mm", x=0.01, ha="left")
        for ax, begin in zip(upper.subplots(2, SHOWN // 2).ravel(), begins, strict=True):
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
    """Draw the cells that fire as dots."""
    counts = np.bincount(spikes.ids, minlength=side * side).reshape(side, side)
    colours = ListedColormap(["white", COLOURS["exc"]])
    ax.imshow(counts > 0, cmap=colours, vmin=0, vmax=1, interpolation="nearest", origin="lower")
    ax.set(xticks=[], yticks=[])
    ax.spines[["top", "right"]].set_visible(True)


def _correlations(ax, distances, values):
    ax.axhline(0.0, color=FAINT, linewidth=0.8)
    ax.plot(distances / 1000.0, values, color=COLOURS["exc"], marker="o", markersize=3.5)
    ax.set(xlabel="distance [mm]", ylabel="correlation of spike counts", title="near cells fire together")
