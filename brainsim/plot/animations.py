"""Activity over time as a film: populations and their raster, or cells on a grid or at their positions; GIF or MP4."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from brainsim.core.checks import nearest, number
from brainsim.core.files import writable
from brainsim.core.hints import answers_calls
from brainsim.network.population import View
from brainsim.plot.elements.axes import add_scale, name_rows
from brainsim.plot.elements.groups import SpikesLike, groups_of, part_of
from brainsim.plot.elements.places import check_tau, draw_cells, fade_rates, latest, one_population, places_of, scale_of
from brainsim.plot.elements.styles import style
from brainsim.plot.rasters import raster, window_of
from brainsim.plot.weights import MAPS
from brainsim.results.result import Traces

FRAMES, MAX_FRAMES = 150, 2000  # by default, and at most: a film of more would take minutes and gigabytes
DPI = 90


@answers_calls
def animate(
    data: SpikesLike | Traces,
    path: str | os.PathLike,
    *,
    grid: tuple[int, int] | None = None,
    positions: ArrayLike | View | None = None,
    window: tuple[float, float] | None = None,
    step: float | None = None,
    tau: float | None = None,
    fps: float = 20.0,
    figsize: tuple[float, float] | None = None,
) -> Path:
    """Write a film of activity over time: a GIF, or an MP4 if the program ffmpeg is installed.

    Without `grid` and `positions`, a line moves through the raster of all populations, next to bars of their rates. With one
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
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, sheet = bs.Network(seed=1), bs.positions.grid((20, 20), spacing=50.0)  # doctest: +SKIP
    >>> cells = bs.Population(400, bs.LIF(), name="sheet", positions=sheet)  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2)  # doctest: +SKIP
    >>> bs.plot.animate(result, "run.gif", window=(0.0, 300.0))  # doctest: +SKIP
    >>> bs.plot.animate(result.spikes["sheet"], "waves.gif", positions=sheet)  # doctest: +SKIP
    """
    file = check_path(path, "animate.path")
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
    tau = check_tau(tau, 3.0 * step, "animate")
    rates = np.array([[one.mean() for one in fade_rates(group.spikes, times, step, tau)] for group in groups])
    with style():
        figure = Figure(figsize=figsize or (8.0, 3.6), dpi=DPI, layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 1))
        raster([group.spikes for group in groups], ax=left, window=(start, stop), color=[group.colour for group in groups])
        if len(groups) > 1:  # Spikes of a named view have the name of the population
            left.set_yticks(left.get_yticks(), [group.shown for group in groups])
        bars = right.barh(range(len(groups)), rates[:, 0], color=[group.colour for group in groups], height=0.72)
        right.set_xlim(0.0, 1.05 * rates.max() or 1.0)
        name_rows(right, groups)
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
        tau = check_tau(tau, 3.0 * step, "animate")
        values, shades = np.array(list(fade_rates(spikes, times, step, tau))), MAPS[False, True]
    low, high = scale_of(values, spikes)
    where = None if grid is not None else places_of(positions, data, n, "animate")
    with style():
        figure = Figure(figsize=figsize or (5.2, 4.4), dpi=DPI, layout="constrained")
        ax = figure.subplots()
        look = {"cmap": shades, "vmin": low, "vmax": high}
        artist, show = draw_cells(ax, values[0], look, grid=grid, where=where, caller="animate")
        add_scale(ax, artist, label)
        clock = ax.set_title(" ", loc="right", fontsize="medium")

    def frames():
        for k, time in enumerate(times):
            show(values[k])
            clock.set_text(f"{time:,.4g} ms")
            yield k

    return figure, [artist, clock], frames()


COLOURS = 64  # of a GIF: a picture has few, and fewer make a smaller file
FORMATS = (".gif", ".mp4")


def check_path(path, label):
    """Return the path of a film; raise ValueError unless its suffix names a format that can be written here."""
    path = writable(path, label)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"{label}: must end in .gif or .mp4 (got {str(path)!r}{nearest(suffix, FORMATS)})")
    if suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise ValueError(f"{label}: an MP4 needs the program ffmpeg, which is not installed; a .gif needs nothing")
    return path


def frames_of(figure, moving, frames):
    """Yield the pictures of a figure as RGB bytes, shape (height, width, 3).

    Each step of `frames` changes the artists in `moving`, and only these are drawn again.
    """
    canvas = FigureCanvasAgg(figure)
    for artist in moving:
        artist.set_animated(True)
    canvas.draw()
    still = canvas.copy_from_bbox(figure.bbox)
    for _ in frames:
        canvas.restore_region(still)
        for artist in moving:
            (artist.axes or figure).draw_artist(artist)
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()


def write_film(path, pictures, fps):
    """Write pictures as a film, `fps` a second."""
    if path.suffix.lower() == ".gif":
        _write_gif(path, pictures, fps)
    else:
        _write_mp4(path, pictures, fps)


def _write_gif(path, pictures, fps):
    from PIL import Image

    first, *rest = (Image.fromarray(picture).quantize(COLOURS) for picture in pictures)
    length = max(round(100.0 / fps), 2) * 10  # a GIF counts in hundredths of a second
    first.save(path, save_all=True, append_images=rest, duration=length, loop=0)


def _write_mp4(path, pictures, fps):
    program = None
    try:
        for picture in pictures:
            picture = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]  # the format needs even sides
            program = program or _ffmpeg(path, picture.shape, fps)
            program.stdin.write(picture.tobytes())
    except BrokenPipeError:
        pass  # it ended early, and says why
    except BaseException:
        if program is not None:
            program.kill()
            program.wait()
        raise
    message = program.communicate()[1].decode(errors="replace").strip()
    if program.returncode:
        raise OSError(
            f"animate: ffmpeg could not write {str(path)!r}: {message.splitlines()[-1] if message else 'no reason'}"
        )


def _ffmpeg(path, shape, fps):
    """Return the program that reads pictures of a shape and writes a film of them."""
    size = f"{shape[1]}x{shape[0]}"
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", f"{fps:g}", "-i", "-"]
    command = ["ffmpeg", "-y", "-loglevel", "error", *source, "-an", "-pix_fmt", "yuv420p", str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
