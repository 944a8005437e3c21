"""Traces of a variable in a few cells, with the spikes that a reset hides."""

import math

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like

from brainsim.core.checks import number
from brainsim.plot.groups import edges_of, kind_of
from brainsim.plot.styles import FAINT, colour, ink, legend_above
from brainsim.plot.times import label_time
from brainsim.results.result import Result, Spikes, Traces

OVERLAID = 2  # more cells than this lie above each other rather than over each other
HEADROOM = 0.45  # height of a spike above the threshold, as a part of the range of the trace


def trace(
    traces, key=None, *, ax=None, threshold=None, spikes=None, cells=None, window=None, offset=None, color=None
) -> Axes:
    """Draw the course of a variable in a few cells.

    Parameters
    ----------
    traces : Traces or Result
        What was recorded, as in ``result.traces["cells", "v"]``; or the Result itself, with `key`, which then brings the
        threshold of a voltage too, and the spikes if the model resets it.
    key : (population or view, str), optional
        Which traces of the Result: ``("cells", "v")``.
    ax : Axes, optional
        Where to draw; the current axes by default.
    threshold : float, optional
        Value drawn as a dashed line; spikes rise above it.
    spikes : Spikes, optional
        Spikes of the same population, drawn as strokes upwards: for models with a reset, whose values never show a spike.
    cells : int, array of int or slice, optional
        Which of the recorded cells to draw; all by default.
    window : (float, float), optional
        Part of the time to draw [ms]; all by default.
    offset : float or bool, optional
        Distance between cells drawn one below the other, in the unit of the trace; True chooses it, False draws all over
        each other. By default more than two cells get a lane each.
    color : colour or list of colours, optional
        One for all cells or one for each.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If `traces` are none, or the key of a Result is missing.
    MissingName
        If the Result has no such traces.
    ValueError
        If the spikes are of another population, or nothing was recorded in the window.

    Examples
    --------
    >>> bs.plot.trace(result, ("cells", "v"))                                                       # doctest: +SKIP
    >>> bs.plot.trace(result.traces["cells", "v"], threshold=20.0, spikes=result.spikes["cells"])   # doctest: +SKIP
    """
    if isinstance(traces, Result):
        result, traces = traces, _found(traces, key)
        marks = marks_of(result, traces)
        threshold = marks["threshold"] if threshold is None else threshold
        spikes = marks["spikes"] if spikes is None else spikes
    elif key is not None:
        raise TypeError("trace.key: goes with a Result, as in trace(result, ('cells', 'v')); Traces have none")
    traces = _checked(traces, spikes, cells)
    ax = plt.gca() if ax is None else ax
    shown = _shown(traces.times, window)
    times, values = traces.times[shown], traces.values[shown]
    low, top = _range(values, threshold, spikes)
    lane = _spacing(offset, traces.ids.size, top - low)
    colours = _colours(color, traces.ids.size)
    for place, (cell, line) in enumerate(zip(traces.ids, values.T, strict=True)):
        shift = -lane * place
        if threshold is not None and (lane or place == 0):
            ax.axhline(threshold + shift, color=FAINT, linewidth=0.7, linestyle=(0, (5, 4)), zorder=1)
        ax.plot(times, line + shift, color=colours[place], label=f"cell {cell}", linewidth=1.1, zorder=3)
        if spikes is not None:
            _strokes(ax, times, line, spikes.times[spikes.ids == cell], top, shift, colours[place])
    _frame(ax, traces, times, (low, top), lane, colours)
    return ax


def marks_of(result, traces):
    """Return the threshold and the spikes to draw with traces of a voltage, None for those of other variables.

    Only a reset hides a spike: a model without one shows it as it is, and a stroke would be false.
    """
    if traces.variable != "v":
        return {"threshold": None, "spikes": None}
    hidden = "v" in result.resets.get(traces.name, ())
    return {"threshold": result.thresholds.get(traces.name), "spikes": result.spikes.get(traces.name) if hidden else None}


def _found(result, key):
    """Return the traces of a result that `key` asks for."""
    if key is not None:
        return result.traces[key]
    if not result.traces:
        raise ValueError("trace: must hold traces (got a Result without any); record=[bs.Trace(cells, 'v')] records some")
    first, *others = result.traces
    raise TypeError(
        f"trace.key: must be given with a Result, as in trace(result, {first!r})"
        + (f"; there is also {', '.join(map(repr, others))}" if others else "")
    )


def _checked(traces, spikes, cells):
    if not isinstance(traces, Traces):
        raise TypeError(
            "trace: must be Traces, as result.traces['cells', 'v'], or a Result with the key of its traces "
            f"(got {kind_of(traces)})"
        )
    if spikes is not None and not isinstance(spikes, Spikes):
        raise TypeError(f"trace.spikes: must be Spikes, as result.spikes['cells'] (got {kind_of(spikes)})")
    if spikes is not None and spikes.name and traces.name and spikes.name != traces.name:
        raise ValueError(f"trace.spikes: must be the spikes of {traces.name!r}, as the traces are (got {spikes!r})")
    traces = traces if cells is None else traces.of(cells)
    if traces.values.size == 0:
        raise ValueError(f"trace: must hold values to draw (got {traces!r})")
    return traces


def _shown(times, window):
    if window is None:
        return slice(None)
    t0, t1 = edges_of(window, "trace")
    lo, hi = np.searchsorted(times, t0, "left"), np.searchsorted(times, t1, "right")
    if hi - lo < 1:
        raise ValueError(f"trace.window: must be a part of {times[0]:g} to {times[-1]:g} ms (got {t0:g} to {t1:g})")
    return slice(lo, hi)


def _range(values, threshold, spikes):
    """Return the lowest value and the top of the spikes."""
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    high = high if threshold is None else max(high, threshold)
    if low == high:  # a resting cell: a line in the middle of one unit
        low, high = low - 0.5, high + 0.5
    return low, high + (HEADROOM * (high - low) if spikes is not None else 0.0)


def _spacing(offset, cells, height):
    if offset is None:
        offset = cells > OVERLAID
    if offset is True or offset is False:
        return 1.12 * height if offset and cells > 1 else 0.0
    return number(offset, "trace.offset", at_least=0.0)


def _colours(color, cells):
    if color is None:
        return [colour(place) for place in range(cells)]
    colours = [color] * cells if is_color_like(color) else list(color)
    if len(colours) < cells:
        raise ValueError(f"trace.color: must be one colour or one for each of {cells} cells (got {len(colours)})")
    return colours


def _strokes(ax, times, line, fired, top, shift, colour):
    """Draw spikes from where the trace is, so that they grow out of it."""
    fired = fired[(fired >= times[0]) & (fired <= times[-1])]
    feet = np.interp(fired, times, line)
    ends = np.column_stack((feet, np.full_like(feet, top), np.full_like(feet, np.nan))).ravel() + shift
    ax.plot(np.repeat(fired, 3), ends, color=colour, linewidth=1.1, zorder=3, label="_spikes")


def _frame(ax, traces, times, ends, lane, colours):
    low, top = ends
    pad, bottom = 0.05 * (top - low), low - lane * (len(colours) - 1)
    ax.set_ylim(bottom - pad, top + pad)
    if times.size > 1:
        before = times[1] - times[0] if times[0] > 0 else 0.0  # the first value stands at the end of its interval
        ax.set_xlim(times[0] - before, times[-1])
    label_time(ax)
    unit = f" [{traces.unit}]" if traces.unit else ""
    if not lane:
        ax.set_ylabel(f"{traces.variable}{unit}")
        if len(colours) > 1:
            legend_above(ax, len(colours))
        return
    ax.set_yticks([low + 0.4 * (top - low) - lane * k for k in range(len(colours))], [f"cell {cell}" for cell in traces.ids])
    ax.tick_params(axis="y", length=0)
    for text, one in zip(ax.get_yticklabels(), colours, strict=True):
        text.set_color(ink(one))
    _scale_bar(ax, traces.variable, traces.unit, low - lane * (len(colours) - 1), top - low)


def _scale_bar(ax, variable, unit, bottom, height):
    """Draw a bar right of the axes that tells the scale where lanes leave no room for numbers."""
    length = round_number(0.5 * height)
    side = ax.get_yaxis_transform()
    ax.plot(
        [1.008, 1.008],
        [bottom, bottom + length],
        transform=side,
        color="#555555",
        linewidth=1.4,
        clip_on=False,
        solid_capstyle="butt",
        label="_scale",
    )
    ax.text(
        1.016,
        bottom + length / 2,
        f"{variable}\n{length:g} {unit}".rstrip(),
        transform=side,
        va="center",
        ha="left",
        fontsize="small",
        color="#555555",
    )


def round_number(value):
    """Return the largest of 1, 2, 5, 10, ... times a power of ten that is not above `value` (> 0)."""
    power = 10.0 ** math.floor(math.log10(value))
    return max(step for step in (1.0, 2.0, 5.0) if step * power <= value * (1 + 1e-9)) * power
