"""The figure of a network compared with published rates and CV of intervals of its populations; their synchrony as well."""

import brainsim as bs
from brainsim.plot.elements.axes import ShownOnce

DRAWN, COUNTED = 8000, 1000  # maximal number of cells in the raster, and per population for the synchrony


def draw_beside(result, names, published, part, window, colours, relay=None):
    """Return a figure: the raster of `window`, and rates, CV and synchrony in `part` of the run, with published numbers.

    Synchrony, the variance over the mean of spike counts in bins of 3 ms, grows with the number of cells. It is that of
    the first 1,000 cells of each population, or of all if there are fewer. `relay` names a population that is in the
    raster only, with its pulse [ms] and its colour.
    """
    import matplotlib.pyplot as plt

    every = [result.spikes[name] for name in names]
    settled = [spikes.between(*part) for spikes in every]
    cells = [min(spikes.n, COUNTED) for spikes in every]
    counted = f"{min(cells):,} to {max(cells):,}" if min(cells) < max(cells) else f"{max(cells):,}"
    panels = {
        "rate [Hz]": (bs.Spikes.rate, published["rate"]),
        "CV of intervals (biased low in short runs)": (lambda spikes: spikes.cv(least=3), published["CV"]),
        f"synchrony ({counted} cells, 3 ms bins)": (lambda spikes: spikes.of(slice(COUNTED)).synchrony(), None),
    }
    with bs.plot.style():
        figure = plt.figure(figsize=(10.0, 7.0), layout="constrained", FigureClass=ShownOnce)
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
