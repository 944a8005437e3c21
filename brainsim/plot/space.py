"""Activity in space as still pictures: where cells are active at some times, and along an axis over time."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from brainsim.core.checks import integer, number, plain
from brainsim.core.contexts import default_arithmetic, within
from brainsim.core.hints import answers_calls
from brainsim.network.population import View
from brainsim.plot.elements.axes import add_scale, axes_of, drawing, label_time
from brainsim.plot.elements.groups import SpikesLike, part_of
from brainsim.plot.elements.places import check_tau, draw_cells, latest, one_population, places_of, scale_of
from brainsim.plot.weights import MAPS
from brainsim.results.result import Traces

MOST = 40  # snapshots in one picture
TAU = 5.0  # ms: what of the past a snapshot shows
STRIPES, COLUMNS = 60, 250  # of a picture over time: more stripes only if cells are in that many rows
AXES = "xyz"


@answers_calls
@drawing
def snapshots(
    data: SpikesLike | Traces,
    times: ArrayLike,
    *,
    ax: Axes | None = None,
    grid: tuple[int, int] | None = None,
    positions: ArrayLike | View | None = None,
    tau: float | None = None,
    columns: int | None = None,
    colorbar: bool = True,
) -> Axes:
    """Draw where a population is active at some times: a small picture for each time, all with one scale of colours.

    The rate of a cell at time t is the sum of ``exp(-(t - s)/tau)/tau`` over its spikes s until then. Cells on a regular
    grid are fields of an image, others dots.

    Parameters
    ----------
    data : Spikes, Result with one population, or Traces
        What happens: spikes, or a variable recorded in cells.
    times : float or list of float
        Times to draw [ms], at most 40.
    ax : Axes, optional
        Where to draw; the current axes by default. The small pictures divide its room.
    positions : array of shape (n, 1) or (n, 2), or Population or View, optional
        Where cells are [um]: an array, or the cells themselves if they have positions. Either this or `grid`.
    tau : float, optional
        Time constant with which the past fades from rates [ms]; 5 ms by default.
    columns : int, optional
        Small pictures in a row; by default as many as suit the shape of the axes.

    Returns
    -------
    Axes
        The small pictures are its ``child_axes``.

    Raises
    ------
    TypeError, ValueError
        If the data, the times, the grid or the positions do not fit.

    See Also
    --------
    animate : the same as a film.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, sheet = bs.Network(seed=1), bs.positions.grid((20, 20), spacing=50.0)  # doctest: +SKIP
    >>> cells = bs.Population(400, bs.LIF(), name="sheet", positions=sheet)  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.snapshots(result.spikes["sheet"], [100, 120, 140, 160], positions=sheet)  # doctest: +SKIP
    """
    spikes, n, (first, last), label = one_population(data, "snapshots:")
    moments = _check_times(times, first, last)
    if (grid is None) == (positions is None):
        raise TypeError("snapshots: cells are drawn at their positions; give either grid= or positions=")
    where = None if grid is not None else places_of(positions, data, n, "snapshots")
    tau = check_tau(tau, TAU, "snapshots")
    columns = None if columns is None else integer(columns, "snapshots.columns", at_least=1)
    values = latest(data, moments) if spikes is None else np.array([_rates_at(spikes, time, tau) for time in moments])
    low, high = scale_of(values, spikes)
    look = {"cmap": "viridis" if spikes is None else MAPS[False, True], "vmin": low, "vmax": high}
    ax = axes_of(ax, "snapshots")
    ax.set_axis_off()
    panels = _panels(ax, moments.size, columns, _shape_of(grid, where))
    for panel, time, each in zip(panels, moments, values, strict=True):
        artist, _ = draw_cells(panel, each, look, grid=grid, where=where, caller="snapshots")
        panel.set_title(f"{time:,.6g} ms", fontsize="small", pad=3.0)
    _label_the_lowest(panels)
    if colorbar:
        add_scale(ax, artist, label)
    return ax


@answers_calls
@drawing
def space_time(
    data: SpikesLike | Traces,
    positions: ArrayLike | View,
    *,
    ax: Axes | None = None,
    axis: str = "x",
    bin: float | None = None,
    stripes: int | None = None,
    window: tuple[float, float] | None = None,
    colorbar: bool = True,
) -> Axes:
    """Draw activity along an axis of space over time: a wave is a slanted line, whose slope is its speed.

    Parameters
    ----------
    data : Spikes, Result with one population, or Traces
        What happens: spikes, drawn as the mean rate of the cells in each stripe of space, or a recorded variable, whose
        mean is drawn.
    positions : array of shape (n, dimensions), or Population or View
        Where cells are [um]: an array, or the cells themselves if they have positions.
    axis : {"x", "y", "z"}
        Along which axis of space.
    bin : float, optional
        Width of the bins of time in which spikes are counted [ms]; by default the window has 250.
    stripes : int, optional
        Into how many stripes space is cut; by default one for each row of cells, but at most 60.
    window : (float, float), optional
        Part of the recording [ms]; all by default.

    Raises
    ------
    TypeError, ValueError
        If the data, the positions or the window do not fit.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, sheet = bs.Network(seed=1), bs.positions.grid((20, 20), spacing=50.0)  # doctest: +SKIP
    >>> cells = bs.Population(400, bs.LIF(), name="sheet", positions=sheet)  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.space_time(result.spikes["sheet"], sheet, axis="y")  # doctest: +SKIP
    """
    spikes, n, (first, last), label = one_population(data, "space_time:")
    place = _along(positions, data, n, axis)
    start, stop = part_of(window, first, last, "space_time")
    edges, stripe = _stripes_of(place, stripes)
    cells = np.bincount(stripe, minlength=edges.size - 1)
    if isinstance(data, Traces):
        shown = (data.times >= start) & (data.times <= stop)
        if not shown.any():
            raise ValueError(f"space_time.window: contains no sample of {data.variable!r} (got {start:g} to {stop:g} ms)")
        sums = np.array([np.bincount(stripe, each, edges.size - 1) for each in data.values[shown]]).T
        per_cell = 1.0
    else:
        count = _bins(bin, start, stop)
        column = np.minimum(((spikes.times - start) / (stop - start) * count * (1 - 1e-12)).astype(int), count - 1)
        inside = (spikes.times > start) & (spikes.times <= stop)
        sums = np.zeros((edges.size - 1, count))
        np.add.at(sums, (stripe[spikes.ids[inside]], column[inside]), 1.0)
        per_cell = 1000.0 * count / (stop - start)
    with np.errstate(invalid="ignore"):
        values = sums * per_cell / cells[:, None]  # a stripe without cells is left white
    low, high = scale_of(values[cells > 0], spikes)
    ax = axes_of(ax, "space_time")
    box, shades = (start, stop, edges[0], edges[-1]), "viridis" if spikes is None else MAPS[False, True]
    image = ax.imshow(
        values, cmap=shades, vmin=low, vmax=high, extent=box, origin="lower", aspect="auto", interpolation="nearest"
    )
    label_time(ax)
    ax.set_ylabel(f"{axis} [um]")
    if colorbar:
        add_scale(ax, image, label)
    return ax


def _check_times(times, first, last):
    times = np.atleast_1d(plain(times, "ms", "snapshots.times"))
    if times.ndim != 1 or not 1 <= times.size <= MOST:
        raise ValueError(f"snapshots.times: must be 1 to {MOST} times in ms (got the shape {times.shape})")
    outside = times[~((times >= first) & (times <= last))]
    if outside.size:
        raise ValueError(f"snapshots.times: must be between {first:g} and {last:g} ms (got {outside[0]:g})")
    return times


@within(default_arithmetic)
def _rates_at(spikes, time, tau):
    """Return the rate of each cell [Hz] at a time, in which the past fades with `tau`."""
    begin, end = np.searchsorted(spikes.times, [time - 40.0 * tau, time * (1 + 1e-12)], side="right")
    faded = np.exp((spikes.times[begin:end] - time) / tau)
    return np.bincount(spikes.ids[begin:end], faded, spikes.n) * 1000.0 / tau


def _shape_of(grid, where):
    """Return width by height of what a small picture shows."""
    if grid is not None:
        try:
            return grid[1] / grid[0]
        except (TypeError, ZeroDivisionError, IndexError):
            return 1.0  # draw_cells says what is wrong with it
    if where.shape[1] == 1:
        return 6.0
    width, height = np.ptp(where, axis=0)
    return float(np.clip(width / height, 0.1, 10.0)) if height > 0.0 else 10.0


def _panels(ax, count, columns, shape):
    box = ax.get_window_extent()
    if columns is None:  # the number with the largest pictures
        sizes = [min(box.width / side / shape, box.height / -(-count // side) * 0.85) for side in range(1, count + 1)]
        columns = int(np.argmax(sizes)) + 1
    columns = min(columns, count)
    rows = -(-count // columns)
    width, height = 1.0 / columns, 1.0 / rows
    return [
        ax.inset_axes(((k % columns + 0.04) * width, 1.0 - (k // columns + 1) * height, 0.92 * width, 0.86 * height))
        for k in range(count)
    ]


def _label_the_lowest(panels):
    """Keep the labels and numbers of one small picture; all have the same axes."""
    lowest = min(panels, key=lambda panel: (round(panel.get_position().y0, 6), panel.get_position().x0))
    for panel in panels:
        panel.tick_params(length=2.0, labelsize="small")
        for side in ("top", "right"):
            panel.spines[side].set_visible(True)
        if panel is not lowest:
            panel.tick_params(labelbottom=False, labelleft=False)
            panel.set_xlabel("")
            panel.set_ylabel("")


def _along(positions, data, n, axis):
    """Return where each cell is along an axis [um]."""
    places = getattr(positions, "positions", positions)
    if places is None:
        return places_of(positions, data, n, "space_time")  # says that it has none
    where = np.asarray(plain(places, "um", "space_time.positions"))
    where = where[:, None] if where.ndim == 1 else where
    if where.ndim != 2:
        return places_of(where, data, n, "space_time")  # says that its shape is wrong
    axes = list(AXES[: where.shape[1]])
    if axis not in axes:
        raise ValueError(f"space_time.axis: must be one of {', '.join(map(repr, axes))} (got {axis!r})")
    return places_of(where[:, AXES.index(axis)][:, None], data, n, "space_time")[:, 0]


def _stripes_of(place, stripes):
    """Return the edges of the stripes of space, and in which stripe each cell is."""
    low, high = place.min(), place.max()
    rows = np.unique(place)
    if stripes is None:
        stripes = rows.size if rows.size <= STRIPES else STRIPES
    stripes = integer(stripes, "space_time.stripes", at_least=1)
    margin = (high - low) / max(rows.size - 1, 1) / 2 or 0.5  # of half a row, so that the outer rows have whole stripes
    edges = np.linspace(low - margin, high + margin, stripes + 1)
    return edges, np.clip(np.searchsorted(edges, place, side="right") - 1, 0, stripes - 1)


def _bins(bin, start, stop):
    if bin is None:
        return COLUMNS
    bin = number(bin, "space_time.bin", "ms", above=0.0)
    count = round((stop - start) / bin)
    if not 1 <= count <= 20_000:
        raise ValueError(
            f"space_time.bin: must give 1 to 20,000 bins in {stop - start:g} ms (got {bin:g} ms: {count:,} bins)"
        )
    return count
