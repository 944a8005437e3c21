"""Activity over time as a film: populations beside their raster, or cells on a grid or at their positions."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from brainsim.core.checks import integer, number
from brainsim.plot.films import checked_path, frames_of, write_film
from brainsim.plot.groups import SpikesLike, groups_of, type_name
from brainsim.plot.rasters import raster, window_of
from brainsim.plot.styles import ink, style
from brainsim.plot.tables import labelled
from brainsim.plot.weights import MAPS
from brainsim.results.result import Result, Spikes, Traces

if TYPE_CHECKING:
    from brainsim.network.population import View

FRAMES, MAX_FRAMES = 150, 2000  # by default, and at most: a film of more would take minutes and gigabytes
TOP = 0.995  # share of the values that the scale of colours covers
DPI = 90


def animate(
    data: SpikesLike | Traces,
    path: str | os.PathLike,
    *,
    grid: tuple[int, int] | None = None,
    positions: "ArrayLike | View | None" = None,
    window: tuple[float, float] | None = None,
    step: float | None = None,
    tau: float | None = None,
    fps: float = 20.0,
    figsize: tuple[float, float] | None = None,
) -> Path:
    """Write a film of activity over time: a GIF, or an MP4 if the program ffmpeg is there.

    Without `grid` and `positions`, a line moves through the raster of all populations, beside bars of their rates. With one
    of them, each cell of a population is a dot or a field of an image, in the colour of its rate or of a recorded variable.

    Parameters
    ----------
    data : Spikes, Result, list of Spikes, or Traces
        What happens. On a grid: one population, or a variable recorded in its cells.
    path : str or Path
        The file, which ends in ``.gif`` or ``.mp4``.
    grid : (int, int), optional
        Rows and columns: cell k is in row ``k // columns`` and column ``k % columns``.
    positions : array of shape (n, 1) or (n, 2), or Population or View, optional
        Where cells are [um]: an array, or the cells themselves if they have positions.
    window : (float, float), optional
        Part of the recording [ms]; all by default.
    step : float, optional
        Time from frame to frame [ms]; by default a film has 150 frames.
    tau : float, optional
        Time constant with which the past fades from rates [ms]; by default three steps.
    fps : float
        Frames a second.
    figsize : (float, float), optional
        Width and height [inches].

    Returns
    -------
    Path
        That of the file.

    Raises
    ------
    TypeError, ValueError
        If the data, the grid or the positions do not fit, the window is outside the recording, or a film would have more
        than 2,000 frames.

    Examples
    --------
    >>> bs.plot.animate(result, "run.gif", window=(0.0, 300.0))                         # doctest: +SKIP
    >>> bs.plot.animate(result.spikes["sheet"], "waves.gif", grid=(200, 200))           # doctest: +SKIP
    """
    file = checked_path(path, "animate")
    fps = number(fps, "animate.fps", "1/s", above=0.0)
    if grid is None and positions is None:
        if isinstance(data, Traces):
            raise TypeError("animate: traces need grid= or positions=, which say where their cells are (got neither)")
        film = _of_populations(groups_of(data, "animate"), window, step, tau, figsize)
    else:
        film = _of_cells(data, grid, positions, window, step, tau, figsize)
    write_film(file, frames_of(*film), fps)
    return file


def _times_of(start, stop, step):
    """Return the times of the frames [ms]: the ends of equal steps."""
    if step is None:
        step = (stop - start) / FRAMES
    step = number(step, "animate.step", "ms", above=0.0)
    count = int((stop - start) / step * (1 + 1e-9))
    if not 1 <= count <= MAX_FRAMES:
        raise ValueError(
            f"animate.step: must give 1 to {MAX_FRAMES:,} frames of a window of {stop - start:g} ms "
            f"(got {step:g} ms: {count:,} frames)"
        )
    return start + step * np.arange(1, count + 1), step


def faded_rates(spikes, times, step, tau):
    """Yield the rate of each cell [Hz] at each time, in which the past fades with `tau`."""
    kept, gain = np.exp(-step / tau), 1000.0 * -np.expm1(-step / tau) / step
    edges = np.append(times[0] - step, times)
    before = np.searchsorted(spikes.times, edges + 1e-9 * np.maximum(np.abs(edges), 1.0), side="right")
    seen = np.zeros(spikes.n)
    for first, last in zip(before[:-1], before[1:], strict=True):
        seen = kept * seen + np.bincount(spikes.ids[first:last], minlength=spikes.n)
        yield gain * seen


def _of_populations(groups, window, step, tau, figsize):
    """Return a figure with a raster and bars of rates, what moves in it, and its frames."""
    start, stop = window_of(groups, window, "animate")
    times, step = _times_of(start, stop, step)
    tau = 3.0 * step if tau is None else number(tau, "animate.tau", "ms", above=0.0)
    rates = np.array([[one.mean() for one in faded_rates(group.spikes, times, step, tau)] for group in groups])
    with style():
        figure = Figure(figsize=figsize or (8.0, 3.6), dpi=DPI, layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 1))
        raster([group.spikes for group in groups], ax=left, window=(start, stop), color=[group.colour for group in groups])
        bars = right.barh(range(len(groups)), rates[:, 0], color=[group.colour for group in groups], height=0.72)
        right.set_xlim(0.0, 1.05 * rates.max() or 1.0)
        right.set_ylim(len(groups) - 0.4, -0.6)
        right.set_yticks(range(len(groups)), [group.label for group in groups])
        right.tick_params(axis="y", length=0)
        for text, group in zip(right.get_yticklabels(), groups, strict=True):
            text.set_color(ink(group.colour))
        right.set_xlabel("rate [Hz]")
        line = left.axvline(start, color="#222222", linewidth=1.0)
        clock = right.set_title(" ", loc="right", fontsize="medium")

    def frames():
        for k, time in enumerate(times):
            line.set_xdata([time, time])
            clock.set_text(f"{time:,.4g} ms")
            for bar, length in zip(bars, rates[:, k], strict=True):
                bar.set_width(length)
            yield k

    return figure, [line, clock, *bars], frames()


def _of_cells(data, grid, positions, window, step, tau, figsize):
    """Return a figure with the cells of a population, what moves in it, and its frames."""
    spikes, n, (first, last), label = _one_population(data)
    start, stop = (first, last) if window is None else _cut(window, first, last)
    times, step = _times_of(start, stop, step)
    if spikes is None:
        rows = np.clip(np.searchsorted(data.times, times * (1 + 1e-12), side="right") - 1, 0, data.times.size - 1)
        values, shades = data.values[rows], "viridis"
        low, high = np.nanmin(values), np.nanmax(values)
    else:
        tau = 3.0 * step if tau is None else number(tau, "animate.tau", "ms", above=0.0)
        values, shades = np.array(list(faded_rates(spikes, times, step, tau))), MAPS[False, True]
        active = values[values > 0.0]
        low, high = 0.0, np.quantile(active, TOP) if active.size else 1.0
    high = high if high > low else low + 1.0
    with style():
        figure = Figure(figsize=figsize or (5.2, 4.4), dpi=DPI, layout="constrained")
        ax = figure.subplots()
        look = {"cmap": shades, "vmin": low, "vmax": high}
        artist, show = _on_grid(ax, grid, n, look) if grid is not None else _at_positions(ax, positions, n, look)
        bar = figure.colorbar(artist, ax=ax, shrink=0.85)
        bar.set_label(label)
        bar.outline.set_visible(False)
        clock = ax.set_title(" ", loc="right", fontsize="medium")

    def frames():
        for k, time in enumerate(times):
            show(values[k])
            clock.set_text(f"{time:,.4g} ms")
            yield k

    return figure, [artist, clock], frames()


def _one_population(data):
    """Return the spikes, or None for traces; the number of cells, the start and stop, and the label of the values."""
    if isinstance(data, Traces):
        if not data.values.size:
            raise ValueError("animate: must hold values to draw (got empty traces)")
        return None, data.ids.size, (data.times[0], data.times[-1]), labelled(data.variable, data.unit)
    if not isinstance(data, Spikes | Result):
        raise TypeError(f"animate: on a grid must be Spikes or Traces of one population (got {type_name(data)})")
    every = [data] if isinstance(data, Spikes) else list(data.spikes.values())
    if len(every) != 1:
        raise ValueError(f"animate: on a grid must be one population, as result.spikes['sheet'] (got {len(every)})")
    return every[0], every[0].n, (every[0].start, every[0].stop), "rate [Hz]"


def _cut(window, first, last):
    start, stop = (number(edge, "animate.window", "ms") for edge in window)
    if not (start < stop and start < last and stop > first):
        raise ValueError(f"animate.window: must be a part of {first:g} to {last:g} ms (got {start:g} to {stop:g})")
    return max(start, first), min(stop, last)


def _on_grid(ax, grid, n, look):
    """Draw an image with a field for each cell; return it, and a function that shows values in it."""
    try:
        rows, columns = (integer(side, "animate.grid", at_least=1) for side in grid)
    except (TypeError, ValueError):
        raise ValueError(f"animate.grid: must be (rows, columns) (got {grid!r})") from None
    if rows * columns != n:
        raise ValueError(
            f"animate.grid: must have a field for each of {n:,} cells (got {rows} x {columns} = {rows * columns:,})"
        )
    image = ax.imshow(np.zeros((rows, columns)), interpolation="nearest", **look)
    ax.set_xlabel("column")
    ax.set_ylabel("row")
    return image, lambda values: image.set_data(values.reshape(rows, columns))


def _at_positions(ax, positions, n, look):
    """Draw a dot for each cell; return them, and a function that shows values in their colours."""
    places = getattr(positions, "positions", positions)
    if places is None:
        raise ValueError(f"animate.positions: {positions.name!r} has no positions; Population(positions=...) gives it some")
    where = np.asarray(places, dtype=float)
    if where.ndim != 2 or where.shape[0] != n or where.shape[1] not in (1, 2):
        raise ValueError(f"animate.positions: must have the shape ({n}, 1) or ({n}, 2) (got {where.shape})")
    y = where[:, 1] if where.shape[1] == 2 else np.zeros(n)
    size = np.clip(60_000.0 / n, 2.0, 120.0)
    dots = ax.scatter(where[:, 0], y, c=np.zeros(n), s=size, linewidths=0.0, **look)
    ax.set_xlabel("x [um]")
    ax.set_ylabel("y [um]" if where.shape[1] == 2 else "")
    if where.shape[1] == 2:
        ax.set_aspect("equal")
    else:
        ax.set_yticks([])
    return dots, dots.set_array
