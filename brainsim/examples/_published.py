"""The picture of a network whose populations have published rates, CV of intervals and synchrony."""

import numpy as np

import brainsim as bs

DRAWN, COMPARED = 8000, 1000  # most cells in the raster; cells from which published synchrony is


def draw_beside(result, names, published, part, window, colours, relay=None):
    """Return a figure: the raster of `window`, and statistics of `part` of the run beside published ones.

    Synchrony grows with the number of cells, so it is compared where a population has as many as the published one is of.

    Parameters
    ----------
    result : Result
    names : sequence of str
        The populations.
    published : dict of str to ndarray
        ``"rate"`` [Hz], ``"CV"`` and ``"synchrony"``, a number for each population.
    part, window : (float, float)
        Begin and end [ms] of what is compared, and of what is drawn as a raster.
    colours : sequence of str
        One for each population.
    relay : (str, (float, float), str), optional
        A population that is in the raster only, its pulse [ms], drawn as a band, and its colour.
    """
    import matplotlib.pyplot as plt

    every = [result.spikes[name] for name in names]
    settled = [one.between(*part) for one in every]
    cells = [min(one.n, COMPARED) for one in every]
    synchrony = np.where(np.array(cells) < COMPARED, np.nan, published["synchrony"])
    counted = f"{min(cells):,} to {max(cells):,}" if min(cells) < max(cells) else f"{max(cells):,}"
    panels = {
        "rate [Hz]": (bs.Spikes.rate, published["rate"]),
        "CV of intervals (too small in short runs)": (bs.Spikes.cv, published["CV"]),
        f"synchrony ({counted} cells, 3 ms bins)": (lambda one: one.of(slice(COMPARED)).synchrony(), synchrony),
    }
    with bs.plot.style():
        figure = plt.figure(figsize=(10.0, 7.0), layout="constrained")
        axes = figure.subplot_mosaic([["raster", label] for label in panels], width_ratios=(1.8, 1.0))
        _draw_raster(result, every, window, axes["raster"], colours, relay)
        for label, (statistic, known) in panels.items():
            bs.plot.bars(settled, statistic, ax=axes[label], reference=known, color=colours, label=label)
        axes["rate [Hz]"].set_title(f"bars: {part[0]:,g} to {part[1]:,g} ms; strokes: published", fontsize=9.5)
    return figure


def _draw_raster(result, every, window, ax, colours, relay):
    """Draw the raster of the populations and, where there is one, of the relay below, with its pulse as a band."""
    if relay:
        name, pulse, colour = relay
        every, colours = [*every, result.spikes[name]], [*colours, colour]
        ax.axvspan(*pulse, color=colour, alpha=0.15, linewidth=0.0, zorder=0)
    bs.plot.raster(every, ax=ax, window=window, max_cells=DRAWN, color=colours)
    ax.spines["left"].set_visible(False)
    cells = sum(one.n for one in every)
    ax.set_title(f"{cells:,} cells" + (f", one in {-(-cells // DRAWN)} drawn" if cells > DRAWN else ""))
