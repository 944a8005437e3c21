"""The pictures of single cells: each draws into `ax`, by default the current axes, and returns the axes."""

import ast

import numpy as np
from matplotlib.axes import Axes

from brainsim.equations.expressions import language as lang
from brainsim.explore.cells import NAME, steps_with
from brainsim.plot import trace
from brainsim.plot.elements.axes import axes_of, panel_above
from brainsim.plot.elements.groups import add_unit
from brainsim.plot.elements.styles import FAINT, PALETTE, legend_above
from brainsim.plot.traces import marks_of

ARROWS = 18  # of the vector field, in each direction
LOWER = 0.78  # share of the height of its axes that a response takes
MAX_LABELS = 12  # of lanes


def draw_curve(curve, ax=None) -> Axes:
    """Draw an `FICurve`."""
    ax = axes_of(ax, "FICurve.plot")
    order = np.argsort(curve.currents)
    currents, rates, onset = (values[order] for values in (curve.currents, curve.rates, curve.onset))
    dots = "o" if currents.size <= 60 else None
    adapts = np.abs(onset - rates).max() > 0.05 * max(rates.max(), onset.max(), 1e-9)
    if adapts:
        ax.plot(currents, onset, color=PALETTE[2], linestyle=(0, (4, 2)), label="first interval")
    ax.plot(currents, rates, color=PALETTE[0], marker=dots, markersize=3.5, label="later" if adapts else "_rate")
    ax.set_xlabel(add_unit("current", current_unit(curve.model)))
    ax.set_ylabel(add_unit("rate", "Hz"))
    ax.set_ylim(bottom=0.0)
    if adapts:
        legend_above(ax, 2)
    return ax


def draw_response(response, ax, variable) -> Axes:
    """Draw a variable of a `Response`, and the current above it."""
    ax = axes_of(ax, "Response.plot")
    traces, n = response.result.traces[NAME, variable], response.current.shape[1]
    moving = moving_threshold(response) if variable == "v" and n == 1 else None
    threshold = response.result.thresholds.get(NAME) if variable == "v" and moving is None else None
    spikes = marks_of(response.result, traces)["spikes"]
    trace(traces, ax=ax, threshold=threshold, spikes=spikes, offset=n > 1)
    if moving is not None:
        _draw_moving(ax, response.times, moving)
    if n > 1:
        _label_lanes(ax, response)
    _draw_current(panel_above(ax, "_current", lower=LOWER), response)
    return ax


def draw_plane(plane, ax=None) -> Axes:
    """Draw a `PhasePlane`."""
    ax = axes_of(ax, "PhasePlane.plot")
    _draw_field(plane, ax)
    names = dict(zip(("x", "y"), plane.variables, strict=True))
    for name, curves, colour in (("x", plane.x_nullcline, PALETTE[0]), ("y", plane.y_nullcline, PALETTE[1])):
        for k, curve in enumerate(curves):
            ax.plot(*curve.T, color=colour, linewidth=1.4, label=f"_{name}" if k else f"d{names[name]}/dt = 0", zorder=3)
    rows = _resets(plane)
    ax.plot(
        *np.insert(plane.trajectory, rows, np.nan, axis=0).T, color="#222222", linewidth=0.9, label="trajectory", zorder=4
    )
    if rows.size:  # from the last point before the reset to that after it
        jumps = np.stack([plane.trajectory[rows - 1], plane.trajectory[rows], np.full((rows.size, 2), np.nan)], axis=1)
        look = {"color": FAINT, "linewidth": 0.9, "linestyle": (0, (2, 2)), "label": "spike and reset", "zorder": 2}
        ax.plot(*jumps.reshape(-1, 2).T, **look)
    for point in plane.fixed_points:
        face = "#222222" if point.stable else "white"
        ax.plot(point.x, point.y, "o", markersize=6, markerfacecolor=face, markeredgecolor="#222222", zorder=5)
    ax.set_xlim(plane.x[0], plane.x[-1])
    ax.set_ylim(plane.y[0], plane.y[-1])
    units = {name: spec.unit for name, spec in plane.model.initials.items()}
    ax.set_xlabel(add_unit(names["x"], units[names["x"]]))
    ax.set_ylabel(add_unit(names["y"], units[names["y"]]))
    legend_above(ax, 4)
    return ax


def limit_of(model):
    """Return the tree that v is compared with for a spike; None if the threshold is not a comparison with v."""
    tree = model.cell_equations.threshold
    compares = isinstance(tree, ast.Compare) and isinstance(tree.left, ast.Name) and tree.left.id == "v"
    return tree.comparators[0] if compares else None


def moving_threshold(response):
    """Return the threshold of the first cell over time; None if it is constant or not a function of the variables."""
    model, limit = response.model, limit_of(response.model)
    known = {name: getattr(model, name) for name in model.parameters}
    names = lang.names_in(limit) if limit is not None else set()
    if not names & set(model.initials) or not names <= {*known, *model.initials}:
        return None
    return lang.evaluate(limit, known | {name: response[name][:, 0] for name in model.initials})


def current_unit(model):
    """Return the unit of the current: none if the units of the equations are not checked, and no capacitance takes pA."""
    return "pA" if model.dimensions or any(spec.unit == "pF" for spec in model.parameters.values()) else ""


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


def _draw_field(plane, ax):
    """Draw the directions of the field as arrows of one length, since only directions can be compared by eye."""
    across, up = (np.linspace(0, values.size - 1, min(ARROWS, values.size)).astype(int) for values in (plane.x, plane.y))
    box = ax.get_window_extent()  # angles are those on the screen
    u = plane.dx[np.ix_(up, across)] * box.width / (plane.x[-1] - plane.x[0])
    v = plane.dy[np.ix_(up, across)] * box.height / (plane.y[-1] - plane.y[0])
    with np.errstate(all="ignore"):
        length = np.hypot(u, v)
        u, v = (np.where((length > 0.0) & np.isfinite(length), part / length, 0.0) for part in (u, v))
    ax.quiver(
        plane.x[across], plane.y[up], u, v, angles="uv", scale=1.6 * ARROWS, width=0.0025, color=FAINT, pivot="mid", zorder=2
    )


def _resets(plane):
    """Return the rows of the trajectory that follow a reset of x or y: a jump is not part of the curve."""
    jumps = any(name in plane.variables for name, _ in plane.model.cell_equations.reset)
    rows = steps_with(plane.spikes, plane.times[1] - plane.times[0]) if jumps and plane.times.size > 1 else []
    return np.asarray(rows, dtype=int)
