"""The pictures of single cells: each draws into the axes it is given, or the current ones, and returns them."""

import ast

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from brainsim.equations import language as lang
from brainsim.explore.cells import NAME
from brainsim.plot import trace
from brainsim.plot.styles import FAINT, PALETTE, legend_above

ARROWS = 18  # of the vector field, in each direction
ABOVE = (0.0, 1.04, 1.0, 0.17)  # where the current lies above a response, as parts of its axes


def draw_curve(curve, ax=None) -> Axes:
    """Draw an FICurve."""
    ax = plt.gca() if ax is None else ax
    order = np.argsort(curve.currents)
    currents, rates, onset = (values[order] for values in (curve.currents, curve.rates, curve.onset))
    dots = "o" if currents.size <= 60 else None
    adapts = np.abs(onset - rates).max() > 0.05 * max(rates.max(), onset.max(), 1e-9)
    if adapts:
        ax.plot(currents, onset, color=PALETTE[2], linestyle=(0, (4, 2)), label="first interval")
    ax.plot(currents, rates, color=PALETTE[0], marker=dots, markersize=3.5, label="later" if adapts else "_rate")
    ax.set_xlabel(labelled("current", "pA"))
    ax.set_ylabel(labelled("rate", "Hz"))
    ax.set_ylim(bottom=0.0)
    if adapts:
        legend_above(ax, 2)
    return ax


def draw_response(response, ax, variable) -> Axes:
    """Draw a variable of a Response, and the current above it."""
    ax = plt.gca() if ax is None else ax
    traces, n = response.result.traces[NAME, variable], response.current.shape[1]
    moving = moving_threshold(response) if variable == "v" and n == 1 else None
    threshold = response.result.thresholds.get(NAME) if variable == "v" and moving is None else None
    hidden = variable == "v" and response.model.cell_equations.reset  # where there is a reset, v never shows a spike
    trace(traces, ax=ax, threshold=threshold, spikes=response.spikes if hidden else None, offset=n > 1)
    if moving is not None:
        _draw_moving(ax, response.times, moving)
    if n > 1:  # the lanes of the cells are called by their currents
        names = [f"{level:g} pA" for level in response.current[_strongest(response.current), np.arange(n)]]
        ax.set_yticks(ax.get_yticks(), names)
    above = ax.inset_axes(ABOVE, sharex=ax)
    for cell in range(n):
        look = {"color": PALETTE[cell % len(PALETTE)], "linewidth": 1.0}
        above.step(response.times, response.current[:, cell], where="post", **look)
    above.tick_params(labelbottom=False, bottom=False)
    above.set_ylabel(labelled("I", current_unit(response.model)), fontsize="small")
    for side in ("top", "right", "bottom"):
        above.spines[side].set_visible(False)
    return ax


def draw_plane(plane, ax=None) -> Axes:
    """Draw a PhasePlane."""
    ax = plt.gca() if ax is None else ax
    _draw_field(plane, ax)
    names = dict(zip(("x", "y"), plane.variables, strict=True))
    for name, curves, colour in (("x", plane.x_nullcline, PALETTE[0]), ("y", plane.y_nullcline, PALETTE[1])):
        for k, curve in enumerate(curves):
            ax.plot(*curve.T, color=colour, linewidth=1.4, label=f"_{name}" if k else f"d{names[name]}/dt = 0", zorder=3)
    ax.plot(*_broken(plane).T, color="#222222", linewidth=0.9, label="trajectory", zorder=4)
    for point in plane.fixed_points:
        face = "#222222" if point.stable else "white"
        ax.plot(point.x, point.y, "o", markersize=6, markerfacecolor=face, markeredgecolor="#222222", zorder=5)
    ax.set_xlim(plane.x[0], plane.x[-1])
    ax.set_ylim(plane.y[0], plane.y[-1])
    units = {name: spec.unit for name, spec in plane.model.initials.items()}
    ax.set_xlabel(labelled(names["x"], units[names["x"]]))
    ax.set_ylabel(labelled(names["y"], units[names["y"]]))
    legend_above(ax, 3)
    return ax


def limit_of(model):
    """Return the tree of what v is compared with for a spike, None where that is not how a neuron fires."""
    tree = model.cell_equations.threshold
    compares = isinstance(tree, ast.Compare) and isinstance(tree.left, ast.Name) and tree.left.id == "v"
    return tree.comparators[0] if compares else None


def moving_threshold(response):
    """Return the threshold of the first cell over time, None where it stands still or cannot be told from the variables."""
    model, limit = response.model, limit_of(response.model)
    known = {name: getattr(model, name) for name in model.parameters}
    names = lang.names_in(limit) if limit is not None else set()
    if not names & set(model.initials) or not names <= {*known, *model.initials}:
        return None
    return lang.evaluate(limit, known | {name: response[name][:, 0] for name in model.initials})


def current_unit(model):
    """Return the unit of the current: none where the model's equations are of plain numbers."""
    plain = not model.dimensions and not any(spec.unit for spec in model.initials.values())
    return "" if plain else "pA"


def labelled(name, unit):
    """Return a name with its unit, as an axis is labelled."""
    return f"{name} [{unit}]" if unit else name


def _draw_moving(ax, times, values):
    """Draw a threshold that moves, in sight."""
    ax.plot(times, values, color=FAINT, linewidth=0.9, linestyle=(0, (5, 3)), label="_threshold", zorder=2)
    low, high = ax.get_ylim()
    ax.set_ylim(min(low, values.min()), max(high, values.max() + 0.03 * (high - low)))


def _draw_field(plane, ax):
    """Draw the directions of the field as arrows of one length: only they can be compared by eye."""
    across, up = (np.linspace(0, values.size - 1, min(ARROWS, values.size)).astype(int) for values in (plane.x, plane.y))
    box = ax.get_window_extent()  # angles are those on the screen
    u = plane.dx[np.ix_(up, across)] * box.width / (plane.x[-1] - plane.x[0])
    v = plane.dy[np.ix_(up, across)] * box.height / (plane.y[-1] - plane.y[0])
    with np.errstate(all="ignore"):
        length = np.hypot(u, v)
        u, v = (np.where((length > 0.0) & np.isfinite(length), part / length, 0.0) for part in (u, v))
    ax.quiver(plane.x[across], plane.y[up], u, v, angles="uv", scale=1.6 * ARROWS, width=0.0025, color=FAINT, pivot="mid",
              zorder=2)  # fmt: skip


def _broken(plane):
    """Return the trajectory with a gap at each reset: what jumps is no curve."""
    rows = np.rint(plane.spikes / (plane.times[1] - plane.times[0])).astype(int) if plane.times.size > 1 else []
    return np.insert(plane.trajectory, np.asarray(rows, dtype=int), np.nan, axis=0)


def _strongest(current):
    """Return for each cell the row at which its current is farthest from where it begins."""
    return np.abs(current - current[0]).argmax(axis=0)
