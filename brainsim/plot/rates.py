"""The population rate over time."""

import numpy as np
from matplotlib.axes import Axes

from brainsim.plot.elements.axes import axes_of
from brainsim.plot.elements.groups import Colours, SpikesLike, groups_of
from brainsim.plot.elements.mistakes import told_by
from brainsim.plot.elements.styles import legend_above
from brainsim.plot.elements.times import label_time
from brainsim.plot.rasters import window_of

PIXELS = 40_000  # points: lines of more are pixels in vector files
WIDTH, MAX_WIDTH, FEW = 1.2, 2.4, 4  # of lines [points]; up to four lines get different widths


def rate(
    spikes: SpikesLike,
    *,
    ax: Axes | None = None,
    bin: float = 1.0,
    sigma: float | None = 2.0,
    window: tuple[float, float] | None = None,
    color: Colours | None = None,
    legend: bool | None = None,
) -> Axes:
    """Draw the mean firing rate per cell over time, one line per population.

    Parameters
    ----------
    spikes : Spikes, Result, or list of Spikes
        The populations; the named views of a population in a Result have a line each.
    ax : Axes, optional
        Where to draw; the current axes by default.
    bin : float
        Width of the bins in which spikes are counted [ms].
    sigma : float or None
        Standard deviation of the Gaussian that smooths the counts [ms]; None does not smooth.
    window : (float, float), optional
        Part of the recording to draw [ms]; all by default.
    color : colour or list of colours, optional
        One for all, or one for each population or view.
    legend : bool, optional
        Whether to label the lines; by default if there are several.

    Returns
    -------
    Axes

    Examples
    --------
    >>> bs.plot.rate(result, sigma=5.0)                                     # doctest: +SKIP
    """
    groups = groups_of(spikes, "rate", color)
    with told_by("rate", "Spikes.population_rate"):
        curves = [group.spikes.population_rate(bin, sigma) for group in groups]
    ax = axes_of(ax, "rate")
    start, stop = window_of(groups, window, "rate")
    # if lines coincide, the edges of the lower ones remain visible
    widths = np.linspace(MAX_WIDTH, WIDTH, len(groups)) if 1 < len(groups) <= FEW else [WIDTH] * len(groups)
    for group, width, curve in zip(groups, widths, curves, strict=True):
        times, rates = curve
        shown = (times >= start) & (times <= stop)
        style = "default" if sigma is not None else "steps-mid"
        (line,) = ax.plot(
            times[shown], rates[shown], color=group.colour, label=group.shown, linewidth=width, drawstyle=style
        )
        line.set_rasterized(bool(np.count_nonzero(shown) > PIXELS))
    ax.set_xlim(start, stop)
    ax.set_ylim(bottom=0.0)
    label_time(ax)
    ax.set_ylabel("rate [Hz]")
    if len(groups) > 1 if legend is None else legend:
        legend_above(ax, len(groups))
    return ax
