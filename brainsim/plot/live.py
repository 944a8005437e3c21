"""A picture that follows a run: a raster of the last second with the rates beneath, in a notebook or a window."""

import io
import sys
import time

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from brainsim.core.checks import number, option
from brainsim.plot.elements.groups import groups_of
from brainsim.plot.elements.styles import FAINT, style
from brainsim.plot.firing_rates import rate
from brainsim.plot.rasters import raster

SHARE = 0.03  # of the time of the run that drawing may take
SOONEST = 0.2  # seconds between two pictures: eyes need no more
UPDATES = 400  # times in a run at which it is asked whether a picture is due
TRIES = 1000  # intervals that are tried until one divides the run, so that its end is drawn
WITHOUT_SCREEN = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}


class Live:
    """A callback of `Simulation.run` that draws what has happened in the last `window` ms.

    It waits after each picture until drawing has taken less than 3 % of the time, so a fast run is drawn often and a slow
    one as often as there is something new. The spikes of the run stay the same.

    Parameters
    ----------
    window : float
        How much of the run is shown [ms].
    duration : float, optional
        Duration of the run [ms]; if it is given, the end is drawn in any case.

    Raises
    ------
    ValueError
        If there is neither a notebook nor a window to draw into.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> sim = bs.Simulation(net, seed=2)  # doctest: +SKIP
    >>> sim.run(10_000.0, every=50.0, callback=bs.plot.Live())  # doctest: +SKIP
    """

    def __init__(self, window: float = 1000.0, duration: float | None = None):
        self.window = number(window, "Live.window", "ms", above=0.0)
        self.pictures, self.seconds = 0, 0.0
        self._duration = None if duration is None else number(duration, "Live.duration", "ms", at_least=0.0)
        self._screen, self._figure, self._due, self._end = _screen(), None, 0.0, np.inf

    def __call__(self, sim) -> None:
        """Draw if a picture is due."""
        began = time.perf_counter()
        if began < self._due and sim.time < self._end:
            return
        if self._duration is not None and self._figure is None:
            self._end = sim._origin * sim.dt + self._duration - 0.5 * sim.dt
        result = sim._latest(self.window)
        if not len(result.spikes) or not result.duration:
            return
        if self._figure is None:  # its cost is not that of drawing again and again
            self._figure = self._screen.figure()
            began = time.perf_counter()
        self._draw(result)
        self._screen.show(self._figure)
        took = time.perf_counter() - began
        self.pictures, self.seconds = self.pictures + 1, self.seconds + took
        self._due = began + took + max(SOONEST, took / SHARE)

    def _draw(self, result):
        start, stop = max(result.stop - self.window, result.start), result.stop
        with style():
            self._figure.clear()
            above, below = self._figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
            raster(result, ax=above, window=(start, stop))
            if sum(group.spikes.n for group in groups_of(result, "Live")) > 1:
                bins = max(round((stop - start) / 200.0 / result.dt), 1) * result.dt
                rate(result, ax=below, window=(start, stop), bin=bins, sigma=None, legend=False)
            above.tick_params(labelbottom=False)
            above.set_xlabel("")
            above.set_xlim(start, start + self.window)
            above.set_title(f"{result.stop:,.6g} ms", loc="right", color=FAINT, fontsize="medium")


class _Notebook:
    """Shows one picture in the output of a cell and replaces it."""

    def __init__(self):
        self._handle = None

    def figure(self):
        return Figure(figsize=(9.0, 4.6), layout="constrained")

    def show(self, figure):
        from IPython.display import Image, display

        file = io.BytesIO()  # the formatter of figures may not be there yet
        FigureCanvasAgg(figure).print_png(file)
        picture = Image(data=file.getvalue(), format="png")
        if self._handle is None:
            self._handle = display(picture, display_id=True)
        else:
            self._handle.update(picture)


class _Window:
    """Shows a window of the backend of matplotlib, which stays open after the run."""

    def figure(self):
        figure = plt.figure(figsize=(9.0, 4.6), layout="constrained")
        plt.show(block=False)
        return figure

    def show(self, figure):
        figure.canvas.draw_idle()
        figure.canvas.flush_events()


def _screen():
    """Return where pictures are shown; raise ValueError if there is nothing."""
    backend = matplotlib.get_backend().lower()
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and hasattr(shell, "kernel") and ("inline" in backend or backend in WITHOUT_SCREEN):
        return _Notebook()
    if backend in WITHOUT_SCREEN or "inline" in backend:
        raise ValueError(
            f"{option('live')}: needs a notebook or a window (this Python has neither: the backend of matplotlib is "
            f"{backend!r}); bs.plot.overview draws the result after the run"
        )
    return _Window()


def following(dt, duration, every, callback):
    """Return `every` and `callback` of `Simulation.run` with a live picture, in addition to a callback of the user."""
    live = Live(duration=duration)
    if callback is None:
        steps = round(duration / dt)
        least = max(steps // UPDATES, 1)
        whole = (interval for interval in range(least, min(least + TRIES, steps) + 1) if steps % interval == 0)
        return next(whole, least) * dt, live

    def both(sim):
        answer = callback(sim)
        live(sim)
        return answer

    return every, both
