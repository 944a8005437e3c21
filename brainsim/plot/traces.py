"""Traces of a variable in a few cells, with the spikes that a reset hides."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from brainsim.core.checks import number
from brainsim.core.hints import answers_calls
from brainsim.network.population import Population, View
from brainsim.plot.elements.axes import axes_of, colour_names, cover_limits, drawing, find_limits, label_time
from brainsim.plot.elements.groups import Colours, edges_of, family_of, groups_of, report_as, type_name, warn_of_seconds
from brainsim.plot.elements.styles import FAINT, choose_colours, colour, legend_above
from brainsim.results.result import Result, Spikes, Traces

OVERLAID = 2  # up to this many cells are drawn over each other, more get a lane each
PIXELS = 40_000  # points: lines of more are pixels in vector files
HEADROOM = 0.45  # height of a spike above the threshold, relative to the range of the trace


@answers_calls
@drawing
def trace(
    traces: Traces | Result,
    key: tuple[str | Population | View, str] | None = None,
    *,
    ax: Axes | None = None,
    threshold: float | None = None,
    spikes: Spikes | None = None,
    cells: int | Sequence[int] | np.ndarray | slice | None = None,
    window: tuple[float, float] | None = None,
    offset: float | bool | None = None,
    color: Colours | None = None,
) -> Axes:
    """Draw a variable over time in a few cells.

    Parameters
    ----------
    traces : Traces or Result
        What was recorded, as in ``result.traces["cells", "v"]``; or the Result itself with `key`, which also provides the
        threshold of a voltage, and the spikes if the model resets it.
    key : (population or view, str), optional
        Which traces of the Result: ``("cells", "v")``.
    threshold : float, optional
        Value drawn as a dashed line; spikes rise above it.
    spikes : Spikes, optional
        Spikes of the same population, or of some of its cells (`Spikes.of`), drawn as upward strokes: for models with a
        reset, whose values never show a spike.
    cells : int, array of int or slice, optional
        Which of the recorded cells to draw; all by default.
    offset : float or bool, optional
        Vertical distance between cells, in the unit of the trace; True chooses it, False draws them over each other. By
        default more than two cells get a lane each.
    color : colour or list of colours, optional
        One for all cells or one for each; by default shades of the colour of the population if the Result has several.

    Returns
    -------
    Axes
        If they, or axes that share an axis with them, already hold something, their limits cover that as well.

    Raises
    ------
    TypeError
        If `traces` is neither Traces nor a Result, or the key of a Result is missing.
    MissingName
        If the Result has no such traces.
    ValueError
        If the spikes are of another population, or nothing was recorded in the window.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> net.stimulate(cells, bs.NoiseInput(60.0, mean=150.0, tau=5.0))  # doctest: +SKIP
    >>> result = bs.simulate(net, 500.0, seed=2, record=bs.Trace(cells[:2], "v"))  # doctest: +SKIP
    >>> bs.plot.trace(result, ("cells", "v"))  # doctest: +SKIP
    >>> bs.plot.trace(result.traces["cells", "v"], threshold=-50.0, spikes=result.spikes["cells"])  # doctest: +SKIP
    """
    groups: list = []
    if isinstance(traces, Result):
        result, traces = traces, _traces_of(traces, key)
        groups = groups_of(result, "trace") if len(result.spikes) else []
        marks = marks_of(result, traces)
        threshold = marks["threshold"] if threshold is None else threshold
        spikes = marks["spikes"] if spikes is None else spikes
    elif key is not None:
        raise TypeError("trace.key: applies to a Result only, as in trace(result, ('cells', 'v')); leave it out for Traces")
    chosen = _check(traces, spikes, cells)
    if color is None and len(groups) > 1:
        color = family_of(chosen, groups)
    ax = axes_of(ax, "trace")
    before = {axis: find_limits(ax, axis) for axis in "xy"}
    shown = _slice_of(chosen.times, window)
    times, values = chosen.times[shown], chosen.values[shown]
    low, top = _range(values, threshold, spikes)
    lane = _spacing(offset, chosen.ids.size, top - low)
    colours = _colours(color, chosen.ids.size)
    for i, (cell, line) in enumerate(zip(chosen.ids, values.T, strict=True)):
        shift = -lane * i
        if threshold is not None and (lane or i == 0):
            ax.axhline(threshold + shift, color=FAINT, linewidth=0.7, linestyle=(0, (5, 4)), zorder=1)
        look = {"color": colours[i], "linewidth": 1.1, "zorder": 3, "rasterized": values.size > PIXELS}
        ax.plot(times, line + shift, label=f"cell {cell}", **look)
        if spikes is not None:
            _strokes(ax, times, line, spikes.times[spikes.cells[spikes.ids] == cell], top, shift, colours[i])
    _frame(ax, chosen, times, (low, top), lane, colours)
    ax.set_ylim(*cover_limits(ax.get_ylim(), before["y"]))
    if window is None:
        ax.set_xlim(*cover_limits(ax.get_xlim(), before["x"]))
    return ax


def marks_of(result, traces):
    """Return the threshold and the spikes to draw with traces of a voltage; None for other variables.

    Only a reset hides a spike: the voltage of a model without one shows it, and a stroke would be wrong.
    """
    if traces.variable != "v":
        return {"threshold": None, "spikes": None}
    hidden = "v" in result.resets.get(traces.name, ())
    return {"threshold": result.thresholds.get(traces.name), "spikes": result.spikes.get(traces.name) if hidden else None}


def _traces_of(result, key):
    if key is not None:
        return result.traces[key]
    if not result.traces:
        raise ValueError("trace: no traces were recorded; run with record=[bs.Trace(cells, 'v')]")
    first, *others = result.traces
    raise TypeError(
        f"trace.key: missing; choose the traces to draw, as in trace(result, {first!r})"
        + (f"; also available: {', '.join(map(repr, others))}" if others else "")
    )


def _check(traces, spikes, cells) -> Traces:
    if not isinstance(traces, Traces):
        raise TypeError(
            "trace: must be Traces, as result.traces['cells', 'v'], or a Result with the key of its traces "
            f"(got {type_name(traces)})"
        )
    if spikes is not None and not isinstance(spikes, Spikes):
        raise TypeError(f"trace.spikes: must be Spikes, as result.spikes['cells'] (got {type_name(spikes)})")
    if spikes is not None and spikes.name and traces.name and spikes.name != traces.name:
        raise ValueError(
            f"trace.spikes: must be the spikes of {traces.name!r}, the population of the traces (got {spikes!r})"
        )
    if cells is not None:
        with report_as("trace.cells", "Traces.of"):
            traces = traces.of(cells)
    if traces.values.size == 0:
        raise ValueError(f"trace: the traces are empty, so there is nothing to draw (got {traces!r})")
    return traces


def _slice_of(times, window):
    if window is None:
        return slice(None)
    t0, t1 = edges_of(window, "trace")
    warn_of_seconds(t0, t1, times[-1])
    start, stop = np.searchsorted(times, t0, "left"), np.searchsorted(times, t1, "right")
    if stop - start < 1:
        raise ValueError(f"trace.window: must be a part of {times[0]:g} to {times[-1]:g} ms (got {t0:g} to {t1:g})")
    return slice(start, stop)


def _range(values, threshold, spikes):
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    high = high if threshold is None else max(high, threshold)
    if low == high:  # a cell at rest: draw the line in the middle of one unit
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
        return [colour(i) for i in range(cells)]
    return choose_colours(color, cells, "trace.color", "cells")


def _strokes(ax, times, line, fired, top, shift, colour):
    fired = fired[(fired >= times[0]) & (fired <= times[-1])]
    feet = np.interp(fired, times, line)
    ends = np.column_stack((feet, np.full_like(feet, top), np.full_like(feet, np.nan))).ravel() + shift
    ax.plot(np.repeat(fired, 3), ends, color=colour, linewidth=1.1, zorder=3, label="_spikes")


def _frame(ax, traces, times, limits, lane, colours):
    """Set limits, labels and, for lanes, the scale bar."""
    low, top = limits
    pad, bottom = 0.05 * (top - low), low - lane * (len(colours) - 1)
    ax.set_ylim(bottom - pad, top + pad)
    if times.size > 1:
        before = times[1] - times[0] if times[0] > 0 else 0.0  # the first value is at the end of its interval
        ax.set_xlim(times[0] - before, times[-1])
    label_time(ax)
    unit = f" [{traces.unit}]" if traces.unit else ""
    if not lane:
        ax.set_ylabel(f"{traces.variable}{unit}")
        if len(colours) > 1:
            legend_above(ax, len(colours))
        return
    ax.set_yticks([low + 0.4 * (top - low) - lane * k for k in range(len(colours))], [f"cell {cell}" for cell in traces.ids])
    colour_names(ax, colours)
    _scale_bar(ax, traces.variable, traces.unit, low - lane * (len(colours) - 1), top - low)


def _scale_bar(ax, variable, unit, bottom, height):
    """Draw a scale bar right of the axes, since lanes leave no room for numbers."""
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
