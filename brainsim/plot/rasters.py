"""The raster: time to the right, one row per cell, one mark per spike."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from brainsim.core.checks import integer, nearest
from brainsim.plot.groups import edges_of, groups_of
from brainsim.plot.marks import add_marks
from brainsim.plot.styles import ink
from brainsim.plot.times import label_time

GAP = 0.012  # between two colours, as a part of all rows
SORTS = ("id", "rate")


def raster(spikes, *, ax=None, window=None, max_cells=None, sort="id", color=None, size=None) -> Axes:
    """Draw a raster, as fast for millions of spikes as for ten.

    Parameters
    ----------
    spikes : Spikes, Result, or list of Spikes
        Several populations are stacked, the first on top, each in its colour and named at the axis. The named views of a
        population in a Result have a colour each.
    ax : Axes, optional
        Where to draw; the current axes by default.
    window : (float, float), optional
        Part of the time to draw [ms]; all that was recorded by default.
    max_cells : int, optional
        Draw at most so many cells, evenly chosen from all; all by default.
    sort : {"id", "rate"}
        Rows in the order of cells, or of their spike count, the most active first.
    color : colour or list of colours, optional
        One for all, or one for each population or view.
    size : float, optional
        Of a mark [points].

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If an option is none of these, or the window misses the recording.

    Examples
    --------
    >>> bs.plot.raster(result.spikes["cells"], window=(0.0, 200.0))         # doctest: +SKIP
    """
    if sort not in SORTS:
        raise ValueError(f"raster.sort: must be one of {', '.join(map(repr, SORTS))} (got {sort!r}{nearest(sort, SORTS)})")
    groups = groups_of(spikes, "raster", color)
    ax = plt.gca() if ax is None else ax
    begin, end = window_of(groups, window, "raster")
    cells = sum(group.spikes.n for group in groups)
    gap = GAP * cells if len(groups) > 1 else 0.0
    bases = np.cumsum([0.0] + [group.spikes.n + gap for group in groups])
    step = 1 if max_cells is None else -(-cells // integer(max_cells, "raster.max_cells", at_least=1))
    marks = [_marks(group.spikes.between(begin, end), sort, step) for group in groups]
    ax.set_xlim(begin, end)
    bottom, top = -0.5 - 0.01 * cells, max(bases[-1] - gap, 1.0) - 0.5 + 0.01 * cells
    ax.set_ylim(*((bottom, top) if len(groups) == 1 else (top, bottom)))
    total = sum(times.size for times, _ in marks)
    density = total / max((end - begin) * cells, 1e-300)
    for group, base, (times, rows) in zip(groups, bases, marks, strict=False):
        artist = add_marks(ax, times, rows + base, group.colour, total, density, size)
        artist.set_label(group.label)
    label_time(ax)
    _label(ax, groups, bases, sort)
    return ax


def window_of(groups, window, where):
    """Return the begin and end [ms] of what is drawn: `window`, cut to the recording."""
    begin, end = min(g.spikes.start for g in groups), max(g.spikes.stop for g in groups)
    if begin == end:
        raise ValueError(f"{where}: must cover some time (got a recording of 0 ms)")
    if window is None:
        return begin, end
    t0, t1 = edges_of(window, where)
    if not (t0 < t1 and t0 < end and t1 > begin):
        raise ValueError(f"{where}.window: must be a part of {begin:g} to {end:g} ms (got {window!r})")
    return max(t0, begin), min(t1, end)


def _marks(spikes, sort, step):
    """Return the times and rows of the marks; of the rows only every `step`-th is kept."""
    rows = spikes.ids
    if sort == "rate":
        rank = np.empty(spikes.n, dtype=np.int64)
        rank[np.argsort(-spikes.counts(), kind="stable")] = np.arange(spikes.n)
        rows = rank[rows]
    if step == 1:
        return spikes.times, rows
    kept = rows % step == 0
    return spikes.times[kept], rows[kept]


def _label(ax, groups, bases, sort):
    by_rate = ", by rate" if sort == "rate" else ""
    if len(groups) == 1:
        ax.set_ylabel(f"cell{by_rate}")
        ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
        return
    middles = [base + group.spikes.n / 2 for base, group in zip(bases, groups, strict=False)]
    ax.set_yticks(apart(middles, _line_height(ax), bases[-1]), [group.label for group in groups])
    ax.tick_params(axis="y", length=0)
    for text, group in zip(ax.get_yticklabels(), groups, strict=True):
        text.set_color(ink(group.colour))
    if by_rate:
        ax.set_ylabel(f"cells{by_rate}")


def _line_height(ax):
    """Return the height of a line of tick labels in rows of the axes."""
    low, high = ax.get_ylim()
    points = ax.get_window_extent().height * 72.0 / ax.figure.dpi
    return 1.3 * ax.yaxis.get_ticklabels()[0].get_fontsize() * abs(high - low) / points if points else 0.0


def apart(places, gap, end):
    """Move ascending places as little as needed to be `gap` apart and before `end`, if there is room."""
    places = list(places)
    for k in range(1, len(places)):
        places[k] = max(places[k], places[k - 1] + gap)
    limit = end
    for k in reversed(range(len(places))):
        places[k] = min(places[k], limit)
        limit = places[k] - gap
    return places
