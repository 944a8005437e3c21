"""Correlograms: when cells fire relative to their own spikes, or to those of others."""

from matplotlib.axes import Axes

from brainsim.analysis import autocorrelogram
from brainsim.analysis import correlogram as cross
from brainsim.plot.elements.axes import axes_of
from brainsim.plot.elements.groups import Colours, SpikesLike, groups_of, type_name
from brainsim.plot.elements.mistakes import told_by
from brainsim.plot.elements.styles import FAINT
from brainsim.plot.intervals import legend_with_law
from brainsim.results.result import Spikes


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
    ax : Axes, optional
        Where to draw; the current axes by default.
    bin : float
        Width of the bins in which spikes are counted [ms].
    window : float
        Largest lag [ms].
    color : colour or list of colours, optional
        One for all, or one for each population or view.

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
    >>> bs.plot.correlogram(result.spikes["exc"])                           # doctest: +SKIP
    >>> bs.plot.correlogram(result.spikes["exc"], result.spikes["inh"])     # doctest: +SKIP
    """
    groups = groups_of(spikes, "correlogram", color)
    if other is None:
        with told_by("correlogram", "analysis.autocorrelogram"):
            curves = [(group, autocorrelogram(group.spikes, bin, window, "rate"), _chance(group.spikes)) for group in groups]
    else:
        if not isinstance(other, Spikes):
            raise TypeError(f"correlogram.other: must be Spikes, as result.spikes['inh'] (got {type_name(other)})")
        if len(groups) > 1:
            raise ValueError(
                f"correlogram: must be the spikes of one population if other= is given (got {len(groups)} populations)"
            )
        (target,) = groups_of(other, "correlogram", color)
        with told_by("correlogram", "analysis.correlogram"):
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
