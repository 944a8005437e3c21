"""When cells fire: their intervals and how irregular these are, and lags between spikes."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from brainsim.analysis import autocorrelogram
from brainsim.analysis import correlogram as cross
from brainsim.analysis.irregularity import poisson_intervals
from brainsim.core.checks import integer, number
from brainsim.core.contexts import default_arithmetic, within
from brainsim.core.hints import answers_calls
from brainsim.plot.elements.axes import axes_of, drawing
from brainsim.plot.elements.groups import Colours, SpikesLike, groups_of, report_as, type_name
from brainsim.plot.elements.styles import FAINT, legend_above
from brainsim.results.result import Spikes
from brainsim.results.spikes import ENOUGH

SHOWN = 0.995  # share of the intervals within the default limit: a few long ones would squeeze the rest
FEW_DOTS = 3_000  # more are drawn as pixels in vector files


@answers_calls
@drawing
@within(default_arithmetic)
def isi_histogram(
    spikes: SpikesLike,
    *,
    ax: Axes | None = None,
    bins: int = 60,
    max_isi: float | None = None,
    exponential: bool = True,
    log: bool = False,
    color: Colours | None = None,
) -> Axes:
    """Draw how the intervals between the spikes of a cell are distributed, over all cells of each population.

    Parameters
    ----------
    bins : int
        Number of bins from 0 to `max_isi`.
    max_isi : float, optional
        Longest interval drawn [ms]; by default 99.5 % are.
    exponential : bool
        Whether to draw, dashed, the law of Poisson processes for comparison: the distribution of intervals if each cell
        fired its spikes at random times of the recording. It is a mixture of the rates of all cells, and lacks long
        intervals as a short recording does.
    log : bool
        Whether the density has a logarithmic scale, on which the exponential law of one rate is a straight line.

    Returns
    -------
    Axes
        The area below each line is the share of the intervals that are drawn.

    Raises
    ------
    ValueError
        If no cell fired twice.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.isi_histogram(result.spikes["cells"])  # doctest: +SKIP
    """
    groups = groups_of(spikes, "isi_histogram", color)
    bins = integer(bins, "isi_histogram.bins", at_least=1)
    intervals = [group.spikes.isi() for group in groups]
    if not sum(isi.size for isi in intervals):
        raise ValueError("isi_histogram: no cell fired twice, so there are no intervals to draw")
    if max_isi is None:
        stop = max(np.quantile(isi, SHOWN) for isi in intervals if isi.size) or 1.0
    else:
        stop = number(max_isi, "isi_histogram.max_isi", "ms", above=0.0)
    edges, curve = np.linspace(0.0, stop, bins + 1), np.linspace(0.0, stop, 200)
    ax = axes_of(ax, "isi_histogram")
    for group, isi in zip(groups, intervals, strict=True):
        if isi.size:
            density = np.histogram(isi, edges)[0] / (isi.size * (edges[1] - edges[0]))
            ax.stairs(density, edges, color=group.colour, linewidth=1.3, label=group.shown)
        if isi.size and exponential:
            law = poisson_intervals(group.spikes, curve)
            ax.plot(curve, law, color=group.colour, linewidth=0.9, linestyle=(0, (4, 2.5)), label="_exponential")
    ax.set_xlim(0.0, stop)
    if log:
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0.0)
    ax.set_xlabel("interval [ms]")
    ax.set_ylabel("density [1/ms]")
    legend_with_law(ax, len(groups) > 1, "Poisson process" if exponential else None)
    return ax


@answers_calls
@drawing
def cv_rate(
    spikes: SpikesLike, *, ax: Axes | None = None, least: int = ENOUGH, size: float = 3.0, color: Colours | None = None
) -> Axes:
    """Draw a dot for each cell: the coefficient of variation of its intervals against its rate.

    Parameters
    ----------
    least : int
        Smallest number of spikes of a cell that is drawn, 3 or more. Few spikes make the coefficient too small: with 20,
        that of a Poisson process is 0.93 on average, with 10 it is 0.86 and with 3 it is 0.5.
    size : float
        Diameter of a dot [points].

    Returns
    -------
    Axes
        The dashed line at 1 is a Poisson process. In vector files more than 3,000 dots are pixels.

    Raises
    ------
    ValueError
        If no cell has enough spikes.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 2000.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.cv_rate(result)  # doctest: +SKIP
    """
    groups = groups_of(spikes, "cv_rate", color)
    size = number(size, "cv_rate.size", above=0.0)
    with report_as("cv_rate", "Spikes.cvs"):
        values = [(group.spikes.rates(), group.spikes.cvs(least)) for group in groups]
    cells = sum(int(np.isfinite(cvs).sum()) for _, cvs in values)
    if not cells:
        most = max(int(group.spikes.counts().max(initial=0)) for group in groups)
        raise ValueError(f"cv_rate: no cell has {least} spikes (at most {most}); run longer, or give least=")
    ax = axes_of(ax, "cv_rate")
    ax.axhline(1.0, color=FAINT, linewidth=0.9, linestyle=(0, (4, 2.5)), label="_poisson", zorder=1)
    for group, (rates, cvs) in zip(groups, values, strict=True):
        known = np.isfinite(cvs)
        look: dict[str, Any] = {"markersize": size, "markeredgewidth": 0.0, "alpha": 0.6 if cells < FEW_DOTS else 0.35}
        look |= {"rasterized": cells > FEW_DOTS, "label": group.shown, "color": group.colour}
        ax.plot(rates[known], cvs[known], "o", **look)
    ax.set_xlim(left=0.0)
    ax.set_ylim(bottom=0.0)
    ax.set_xlabel("rate [Hz]")
    ax.set_ylabel("CV of intervals")
    if len(groups) > 1:
        legend_above(ax, len(groups))
    return ax


def legend_with_law(ax, several, law):
    """Put a legend above axes, in which a grey dashed line explains the dashed lines."""
    if law:
        ax.plot([], [], color=FAINT, linewidth=0.9, linestyle=(0, (4, 2.5)), label=law)
    handles, labels = ax.get_legend_handles_labels()
    kept = [(h, name) for h, name in zip(handles, labels, strict=True) if several or name == law]
    if kept:
        legend_above(ax, len(kept), kept)


@answers_calls
@drawing
def correlogram(
    spikes: SpikesLike,
    other: Spikes | None = None,
    *,
    ax: Axes | None = None,
    bin: float = 1.0,
    window: float = 50.0,
    color: Colours | None = None,
) -> Axes:
    """Draw the rate of cells around spikes: around their own, or around those of other cells.

    Parameters
    ----------
    spikes : Spikes, Result, or list of Spikes
        Without `other`, each population or named view has an autocorrelogram: the rate of its cells around their own
        spikes. With `other`, one population.
    other : Spikes, optional
        Cells of the same recording, whose rate around the spikes of `spikes` is drawn: at positive lags they come later.
    window : float
        Largest lag [ms].

    Returns
    -------
    Axes
        Dashed lines are what independent cells would have: with `other`, its mean rate; without, the rate of Poisson
        processes with as many spikes around their own, in which cells that fire more count more, see
        `brainsim.analysis.autocorrelogram`.

    Raises
    ------
    TypeError, ValueError
        If `other` is not a `Spikes` object or covers another time span, or a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.correlogram(result.spikes["cells"])  # doctest: +SKIP
    >>> bs.plot.correlogram(result.spikes[cells[:50]], result.spikes[cells[50:]])  # doctest: +SKIP
    """
    groups = groups_of(spikes, "correlogram", color)
    if other is None:
        with report_as("correlogram", "analysis.autocorrelogram"):
            curves = [(group, autocorrelogram(group.spikes, bin, window, "rate"), _chance(group.spikes)) for group in groups]
    else:
        if not isinstance(other, Spikes):
            raise TypeError(f"correlogram.other: must be Spikes, as result.spikes['inh'] (got {type_name(other)})")
        if len(groups) > 1:
            raise ValueError(
                f"correlogram: must be the spikes of one population if other= is given (got {len(groups)} populations)"
            )
        (target,) = groups_of(other, "correlogram", color)
        with report_as("correlogram", "analysis.correlogram"):
            curves = [(target, cross(groups[0].spikes, other, bin, window, "rate"), other.rate())]
    ax = axes_of(ax, "correlogram")
    ax.axvline(0.0, color=FAINT, linewidth=0.6, zorder=1, label="_zero")
    for group, (lags, rates), mean in curves:
        ax.plot(lags, rates, color=group.colour, linewidth=1.2, drawstyle="steps-mid", label=group.shown)
        ax.axhline(mean, color=group.colour, linewidth=0.9, linestyle=(0, (4, 2.5)), label="_mean")
    ax.set_xlim(-window, window)
    ax.set_ylim(bottom=0.0)
    around = f" after a spike of {groups[0].shown}" if other is not None and groups[0].label else ""
    ax.set_xlabel(f"lag{around} [ms]")
    ax.set_ylabel("rate [Hz]" if other is None or not curves[0][0].label else f"rate of {curves[0][0].shown} [Hz]")
    legend_with_law(ax, len(curves) > 1, "mean rate" if other is not None else "Poisson process")
    return ax


def _chance(spikes):
    """Return the rate of cells around their own spikes [Hz] if each fired as many at random times of the recording."""
    counts = spikes.counts()
    return 1000.0 * (counts @ (counts - 1)) / (max(len(spikes), 1) * spikes.duration)
