"""The population rate over time."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from brainsim.plot.groups import groups_of
from brainsim.plot.rasters import window_of
from brainsim.plot.styles import legend_above
from brainsim.plot.times import label_time

WIDTH, WIDEST, FEW = 1.2, 2.4, 4  # of lines [points]; so many or fewer are of different widths


def rate(spikes, *, ax=None, bin=1.0, sigma=2.0, window=None, color=None, legend=None) -> Axes:
    """Draw the mean firing rate per cell over time, one line per population.

    Parameters
    ----------
    spikes : Spikes, Result, or list of Spikes
        The named views of a population in a Result have a line each.
    ax : Axes, optional
        Where to draw; the current axes by default.
    bin : float
        Width of the bins in which spikes are counted [ms].
    sigma : float or None
        Standard deviation of the Gaussian that smooths the counts [ms]; None shows the bare counts.
    window : (float, float), optional
        Part of the time to draw [ms]; all that was recorded by default.
    color : colour or list of colours, optional
        One for all, or one for each population or view.
    legend : bool, optional
        Whether to name the lines; by default where there are several.

    Returns
    -------
    Axes

    Examples
    --------
    >>> bs.plot.rate(result, sigma=5.0)                                     # doctest: +SKIP
    """
    groups = groups_of(spikes, "rate", color)
    ax = plt.gca() if ax is None else ax
    begin, end = window_of(groups, window, "rate")
    # where lines coincide, the edges of those below are still seen
    widths = np.linspace(WIDEST, WIDTH, len(groups)) if 1 < len(groups) <= FEW else [WIDTH] * len(groups)
    for group, width in zip(groups, widths, strict=True):
        times, rates = group.spikes.population_rate(bin, sigma)
        shown = (times >= begin) & (times <= end)
        style = "default" if sigma is not None else "steps-mid"
        ax.plot(times[shown], rates[shown], color=group.colour, label=group.label, drawstyle=style, linewidth=width)
    ax.set_xlim(begin, end)
    ax.set_ylim(bottom=0.0)
    label_time(ax)
    ax.set_ylabel("rate [Hz]")
    if len(groups) > 1 if legend is None else legend:
        legend_above(ax, len(groups))
    return ax
