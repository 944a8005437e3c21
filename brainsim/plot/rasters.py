"""The raster: time on the horizontal axis, one row per cell, one mark per spike."""

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from brainsim.core.checks import choice, integer, number
from brainsim.core.hints import answers_calls
from brainsim.plot.elements.axes import axes_of, colour_names, drawing, label_time
from brainsim.plot.elements.groups import Colours, SpikesLike, groups_of, part_of
from brainsim.plot.elements.marks import add_marks

GAP = 0.012  # between two colours, relative to all rows
SORTS = ("id", "rate")


@answers_calls
@drawing
def raster(
    spikes: SpikesLike,
    *,
    ax: Axes | None = None,
    window: tuple[float, float] | None = None,
    max_cells: int | None = None,
    sort: Literal["id", "rate"] = "id",
    color: Colours | None = None,
    size: float | None = None,
) -> Axes:
    """Draw a raster, as fast for millions of spikes as for ten.

    Parameters
    ----------
    spikes : Spikes, Result, or list of Spikes
        Several populations are stacked, the first on top, each in its own colour and labelled at the axis. The named views
        of a population in a Result have a colour each.
    max_cells : int, optional
        Draw at most this many cells, evenly chosen from all; all by default.
    sort : {"id", "rate"}
        Order the rows by cell, or by spike count, the most active cell first.
    size : float, optional
        Size of a mark [points].

    Raises
    ------
    ValueError
        If an option has another value, or the window misses the recording.

    Examples
    --------
    >>> import brainsim as bs
    >>> spikes = bs.Spikes([10.0, 20.0, 150.0], [0, 1, 0], n=2, duration=200.0, name="cells")
    >>> ax = bs.plot.raster(spikes, window=(0.0, 200.0))                    # doctest: +SKIP
    """
    choice(sort, SORTS, "raster.sort")
    size = None if size is None else number(size, "raster.size", above=0.0)
    groups = groups_of(spikes, "raster", color)
    ax = axes_of(ax, "raster")
    start, stop = window_of(groups, window, "raster")
    cells = sum(group.spikes.n for group in groups)
    gap = GAP * cells if len(groups) > 1 else 0.0
    bases = np.cumsum([0.0] + [group.spikes.n + gap for group in groups])
    step = 1 if max_cells is None else -(-cells // integer(max_cells, "raster.max_cells", at_least=1))
    marks = [_marks(group.spikes.between(start, stop), sort, step) for group in groups]
    ax.set_xlim(start, stop)
    bottom, top = -0.5 - 0.01 * cells, max(bases[-1] - gap, 1.0) - 0.5 + 0.01 * cells
    ax.set_ylim(*((bottom, top) if len(groups) == 1 else (top, bottom)))
    total = sum(times.size for times, _ in marks)
    density = total / max((stop - start) * cells, 1e-300)
    for group, base, (times, rows) in zip(groups, bases, marks, strict=False):
        artist = add_marks(ax, times, rows + base, group.colour, total, density, size)
        artist.set_label(group.shown)
    label_time(ax)
    _label(ax, groups, bases, sort)
    return ax


def window_of(groups, window, caller):
    """Return start and stop [ms] of what is drawn: `window`, cut to the recording."""
    start, stop = min(g.spikes.start for g in groups), max(g.spikes.stop for g in groups)
    if start == stop:
        raise ValueError(f"{caller}: must cover some time (got a recording of 0 ms)")
    return part_of(window, start, stop, caller)


def _marks(spikes, sort, step):
    """Return the times and rows of the marks, of every `step`-th row only."""
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
    ax.set_yticks(apart(middles, _line_height(ax), bases[-1]), [group.shown for group in groups])
    colour_names(ax, [group.colour for group in groups])
    if by_rate:
        ax.set_ylabel(f"cells{by_rate}")


def _line_height(ax):
    """Return the height of a tick label, in rows of the axes."""
    low, high = ax.get_ylim()
    points = ax.get_window_extent().height * 72.0 / ax.figure.dpi
    return 1.3 * ax.yaxis.get_ticklabels()[0].get_fontsize() * abs(high - low) / points if points else 0.0


def apart(positions, gap, end):
    """Move ascending positions as little as needed to be `gap` apart and before `end`, if there is room."""
    positions = list(positions)
    for k in range(1, len(positions)):
        positions[k] = max(positions[k], positions[k - 1] + gap)
    limit = end
    for k in reversed(range(len(positions))):
        positions[k] = min(positions[k], limit)
        limit = positions[k] - gap
    return positions
