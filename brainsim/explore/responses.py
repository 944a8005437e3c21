"""The response of a cell to a step or a ramp of current."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from brainsim.core.checks import number, takes_options
from brainsim.core.hints import answers_calls
from brainsim.equations.expressions import language as lang
from brainsim.explore import single_cells
from brainsim.explore.single_cells import (
    NAME,
    check_currents,
    check_model,
    check_variable,
    current_unit,
    explained,
    limit_of,
)
from brainsim.models.base import Neuron
from brainsim.plot import trace
from brainsim.plot.elements.axes import axes_of, panel_above
from brainsim.plot.elements.groups import add_unit
from brainsim.plot.elements.styles import FAINT, PALETTE
from brainsim.plot.traces import marks_of
from brainsim.results.result import Result, Spikes

LOWER = 0.78  # share of the height of its axes that a response takes
MAX_LABELS = 12  # of lanes


@dataclass(frozen=True, eq=False)
class Response:
    """All variables of cells over time under a changing current; `step_response` and `current_ramp` make it.

    Attributes
    ----------
    model : Neuron
    times : array, shape (T,)
        Multiples of dt from 0 on [ms].
    current : array, shape (T, n)
        The current from each time on [pA], a column for each cell.
    result : Result
        The result of the run, with the traces of all variables.
    """

    model: Neuron
    times: np.ndarray
    current: np.ndarray
    result: Result

    @property
    def spikes(self) -> Spikes:
        """The spikes: ``.times`` [ms], ``.ids``."""
        return self.result.spikes[NAME]

    @property
    def at_spikes(self) -> np.ndarray:
        """The current at each spike [pA]: on a ramp the first is the rheobase."""
        return self.current[single_cells.steps_with(self.spikes.times, self.result.dt) - 1, self.spikes.ids]

    def __getitem__(self, variable: str) -> np.ndarray:
        """Return the values of a variable, shape (T, n)."""
        return self.result.traces[NAME, check_variable(self.model, variable, "Response")].values

    def __repr__(self) -> str:
        low, high = self.current.min(), self.current.max()
        spikes = f"{len(self.spikes)} spikes in {self.result.duration:g} ms"
        return f"Response of {self.model!r}: {low:g} to {high:g} pA, {spikes}"

    def plot(self, ax: Axes | None = None, variable: str | None = None) -> Axes:
        """Draw a variable over time, with the current above it, and return its Axes.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; the current axes by default. The current takes their upper fifth.
        variable : str, optional
            By default the first of the model, usually ``"v"``.
        """
        first = next(iter(self.model.initials))
        variable = first if variable is None else check_variable(self.model, variable, "plot")
        ax = axes_of(ax, "Response.plot")
        traces, n = self.result.traces[NAME, variable], self.current.shape[1]
        moving = _moving_threshold(self) if variable == "v" and n == 1 else None
        threshold = self.result.thresholds.get(NAME) if variable == "v" and moving is None else None
        spikes = marks_of(self.result, traces)["spikes"]
        trace(traces, ax=ax, threshold=threshold, spikes=spikes, offset=n > 1)
        if moving is not None:
            _draw_moving(ax, self.times, moving)
        if n > 1:
            _label_lanes(ax, self)
        _draw_current(panel_above(ax, "_current", lower=LOWER), self)
        return ax


@answers_calls
@takes_options("step_response")
@explained
def step_response(
    model: Neuron,
    amplitude: ArrayLike,
    *,
    onset: float = 50.0,
    length: float = 200.0,
    duration: float = 300.0,
    baseline: float = 0.0,
    dt: float = 0.1,
    initial: Mapping[str, Any] | None = None,
    seed: int = 1,
) -> Response:
    """Return all variables of a cell under a step of current, or of one cell for each of several steps.

    Parameters
    ----------
    amplitude : float or array of shape (n,)
        The current during the step [pA].
    onset, length, duration : float
        Start of the step, its length, and the length of the run [ms].
    baseline : float
        The current before and after the step [pA].

    Returns
    -------
    Response

    Examples
    --------
    >>> import brainsim as bs
    >>> response = bs.explore.step_response(bs.LIF(), [100.0, 300.0])
    >>> response["v"].max(axis=0).round(1)
    array([-55., -50.])
    >>> response.spikes.times.round(1)[:3]
    array([63.9, 79.8, 95.7])
    >>> ax = response.plot()                                                                        # doctest: +SKIP
    """
    check_model(model, "step_response")
    amplitude = check_currents(amplitude, "step_response.amplitude")
    onset = number(onset, "step_response.onset", "ms", at_least=0.0)
    length = number(length, "step_response.length", "ms", above=0.0)
    baseline = number(baseline, "step_response.baseline", "pA")
    edges = [0.0, onset, onset + length] if onset else [0.0, length]
    rest = np.full(amplitude.size, baseline)
    levels = np.array([rest, amplitude, rest] if onset else [amplitude, rest])
    return _response(model, levels, edges, duration, dt, initial, seed)


@answers_calls
@takes_options("current_ramp")
@explained
def current_ramp(
    model: Neuron,
    stop: float,
    *,
    start: float = 0.0,
    duration: float = 1000.0,
    dt: float = 0.1,
    initial: Mapping[str, Any] | None = None,
    seed: int = 1,
) -> Response:
    """Return all variables of a cell under a current that changes linearly from `start` to `stop`.

    Parameters
    ----------
    stop, start : float
        The current at the end and at the beginning [pA].
    duration : float
        Length of the ramp and of the run [ms].
    dt : float
        Time step [ms]; the current is constant in each step.

    Returns
    -------
    Response

    Examples
    --------
    The rheobase of a LIF is ``c_m*(v_th - v_rest)/tau_m`` = 150 pA; on a ramp the potential lags by about tau_m:

    >>> import brainsim as bs
    >>> ramp = bs.explore.current_ramp(bs.LIF(), 300.0, duration=10_000.0)
    >>> ramp.at_spikes[0].round(2)
    np.float64(150.6)
    >>> ax = ramp.plot()                                                                            # doctest: +SKIP
    """
    check_model(model, "current_ramp")
    start, stop = number(start, "current_ramp.start", "pA"), number(stop, "current_ramp.stop", "pA")
    duration = number(duration, "current_ramp.duration", "ms", above=0.0)
    steps = round(duration / number(dt, "current_ramp.dt", "ms", above=0.0))
    levels = start + (stop - start) * (np.arange(steps) + 0.5) / max(steps, 1)  # the mean over each step
    return _response(model, levels[:, None], dt * np.arange(steps), duration, dt, initial, seed)


def _response(model, levels, edges, duration, dt, initial, seed):
    """Return the Response to the currents `levels`, shape (m, n), which start at `edges`."""
    drive = single_cells.steps_of_current(levels, edges)
    options = {"n": levels.shape[1], "variables": tuple(model.initials), "initial": initial, "seed": seed}
    result = single_cells.run_cells(model, duration, dt, inputs=[drive], **options)
    times = result.traces[NAME, next(iter(model.initials))].times
    flows = np.searchsorted(np.rint(np.asarray(edges) / dt), np.rint(times / dt), side="right") - 1
    return Response(model, times, levels[flows], result)


def _moving_threshold(response):
    """Return the threshold of the first cell over time; None if it is constant or not a function of the variables."""
    model, limit = response.model, limit_of(response.model)
    known = {name: getattr(model, name) for name in model.parameters}
    names = lang.names_in(limit) if limit is not None else set()
    if not names & set(model.initials) or not names <= {*known, *model.initials}:
        return None
    return lang.evaluate(limit, known | {name: response[name][:, 0] for name in model.initials})


def _label_lanes(ax, response):
    """Label the lanes of the cells with their currents; if there are many, only every second, third, ... of them."""
    n, unit = response.current.shape[1], current_unit(response.model)
    strongest = np.abs(response.current - response.current[0]).argmax(axis=0)
    levels = response.current[strongest, np.arange(n)]
    every = -(-n // MAX_LABELS)
    colours = [text.get_color() for text in ax.get_yticklabels()]
    ax.set_yticks(ax.get_yticks()[::every], [f"{float(f'{level:.4g}'):g} {unit}".strip() for level in levels[::every]])
    for text, colour in zip(ax.get_yticklabels(), colours[::every], strict=True):
        text.set_color(colour)


def _draw_current(ax, response):
    for cell in range(response.current.shape[1]):
        look = {"color": PALETTE[cell % len(PALETTE)], "linewidth": 1.0}
        ax.step(response.times, response.current[:, cell], where="post", **look)
    unit = current_unit(response.model)
    ax.set_ylabel(add_unit("I", unit) if unit else "current", fontsize="small")


def _draw_moving(ax, times, values):
    """Draw a threshold that changes over time, and keep it within the limits."""
    ax.plot(times, values, color=FAINT, linewidth=0.9, linestyle=(0, (5, 3)), label="_threshold", zorder=2)
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, values.min()), max(high, values.max() + 0.03 * (high - low)))
