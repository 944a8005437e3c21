"""Activity over time as a film: populations beside their raster, or cells on a grid or at their positions."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from brainsim.core.checks import number
from brainsim.plot.elements.groups import SpikesLike, groups_of
from brainsim.plot.elements.places import (
    checked_tau,
    draw_cells,
    faded_rates,
    latest,
    one_population,
    part_of,
    places_of,
    scale_of,
)
from brainsim.plot.elements.styles import ink, style
from brainsim.plot.moving.films import checked_path, frames_of, write_film
from brainsim.plot.rasters import raster, window_of
from brainsim.plot.weights import MAPS
from brainsim.results.result import Traces

if TYPE_CHECKING:
    from brainsim.network.population import View

FRAMES, MAX_FRAMES = 150, 2000  # by default, and at most: a film of more would take minutes and gigabytes
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
    file = checked_path(path, "animate.path")
    fps = number(fps, "animate.fps", "1/s", above=0.0)
    if grid is not None and positions is not None:
        raise TypeError("animate: give either grid= or positions=, not both")
    if tau is not None and isinstance(data, Traces):
        raise TypeError(f"animate.tau: applies to the rates of spikes, not to traces; leave it out (got {tau!r})")
    if grid is None and positions is None:
        if isinstance(data, Traces):
            raise TypeError("animate: traces are drawn at the positions of their cells; give grid= or positions=")
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


def _of_populations(groups, window, step, tau, figsize):
    """Return a figure with a raster and bars of rates, what moves in it, and its frames."""
    start, stop = window_of(groups, window, "animate")
    times, step = _times_of(start, stop, step)
    tau = checked_tau(tau, 3.0 * step, "animate")
    rates = np.array([[one.mean() for one in faded_rates(group.spikes, times, step, tau)] for group in groups])
    with style():
        figure = Figure(figsize=figsize or (8.0, 3.6), dpi=DPI, layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 1))
        raster([group.spikes for group in groups], ax=left, window=(start, stop), color=[group.colour for group in groups])
        if len(groups) > 1:  # Spikes of a named view have the name of the population
            left.set_yticks(left.get_yticks(), [group.shown for group in groups])
        bars = right.barh(range(len(groups)), rates[:, 0], color=[group.colour for group in groups], height=0.72)
        right.set_xlim(0.0, 1.05 * rates.max() or 1.0)
        right.set_ylim(len(groups) - 0.4, -0.6)
        right.set_yticks(range(len(groups)), [group.shown for group in groups])
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
    spikes, n, (first, last), label = one_population(data, "animate: on a grid")
    start, stop = part_of(window, first, last, "animate")
    times, step = _times_of(start, stop, step)
    if spikes is None:
        values, shades = latest(data, times), "viridis"
    else:
        tau = checked_tau(tau, 3.0 * step, "animate")
        values, shades = np.array(list(faded_rates(spikes, times, step, tau))), MAPS[False, True]
    low, high = scale_of(values, spikes)
    where = None if grid is not None else places_of(positions, data, n, "animate")
    with style():
        figure = Figure(figsize=figsize or (5.2, 4.4), dpi=DPI, layout="constrained")
        ax = figure.subplots()
        look = {"cmap": shades, "vmin": low, "vmax": high}
        artist, show = draw_cells(ax, values[0], look, grid=grid, where=where, caller="animate")
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
