"""The phase plane: nullclines, vector field, fixed points and trajectory of two variables of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from brainsim.core.checks import integer, number, plain, takes_options
from brainsim.core.hints import answers_calls
from brainsim.explore.flow import VectorField
from brainsim.explore.single_cells import (
    NAME,
    check_model,
    check_variable,
    explained,
    find_firing_current,
    run_cells,
    steps_of_current,
    steps_with,
)
from brainsim.models.base import Neuron
from brainsim.plot.elements.axes import axes_of
from brainsim.plot.elements.groups import add_unit
from brainsim.plot.elements.styles import FAINT, PALETTE, legend_above

MARGIN = 0.15  # around the trajectory, relative to its range
STILL = 0.5  # a silent cell that moves less than this share of the range of a firing one is drawn in that range
AT_REST, GATE_MARGIN = 1e-3, 0.05  # relative; around a variable from 0 to 1
MAX_NEWTON_STEPS, TOLERANCE = 50, 1e-10
ARROWS = 18  # of the vector field, in each direction


class FixedPoint(NamedTuple):
    """A point where both derivatives are 0.

    Attributes
    ----------
    x, y : float
    eigenvalues : tuple of two complex
        Of the linearisation of the plane there [1/ms].
    """

    x: float
    y: float
    eigenvalues: tuple[complex, complex]

    @property
    def stable(self) -> bool:
        """Whether small deviations within the plane decay."""
        return max(value.real for value in self.eigenvalues) < 0.0

    @property
    def kind(self) -> str:
        """Type of the fixed point: ``"node"``, ``"focus"`` or ``"saddle"``."""
        first, second = self.eigenvalues
        return "focus" if first.imag else "saddle" if first.real * second.real < 0.0 else "node"


@dataclass(frozen=True, eq=False)
class PhasePlane:
    """The plane of two variables of a model under a constant current; `phase_plane` makes it.

    Attributes
    ----------
    model : Neuron
    variables : (str, str)
        x and y.
    current : float
        [pA]
    x, y : arrays, shapes (nx,) and (ny,)
        The grid.
    dx, dy : arrays, shape (ny, nx)
        Time derivatives on the grid [unit/ms].
    x_nullcline, y_nullcline : list of arrays of shape (k, 2)
        Curves on which the derivative of x, or y, is 0.
    fixed_points : tuple of FixedPoint
        Where they cross.
    times, trajectory : arrays, shapes (T,) and (T, 2)
        Times [ms], and x and y at these times, from a simulation of the whole model.
    spikes : array
        Times of its spikes [ms].
    """

    model: Neuron
    variables: tuple[str, str]
    current: float
    x: np.ndarray
    y: np.ndarray
    dx: np.ndarray
    dy: np.ndarray
    x_nullcline: list[np.ndarray]
    y_nullcline: list[np.ndarray]
    fixed_points: tuple[FixedPoint, ...]
    times: np.ndarray
    trajectory: np.ndarray
    spikes: np.ndarray

    def __repr__(self) -> str:
        x, y = self.variables
        lines = [f"PhasePlane of {self.model!r}: {x} and {y} at {self.current:g} pA"]
        for point in self.fixed_points:
            state = "stable" if point.stable else "unstable"
            lines.append(f"    {state} {point.kind} at {x} = {point.x:.4g}, {y} = {point.y:.4g}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw nullclines, field, trajectory and fixed points (filled if stable), and return the Axes."""
        ax = axes_of(ax, "PhasePlane.plot")
        _draw_field(self, ax)
        names = dict(zip(("x", "y"), self.variables, strict=True))
        for name, curves, colour in (("x", self.x_nullcline, PALETTE[0]), ("y", self.y_nullcline, PALETTE[1])):
            for k, curve in enumerate(curves):
                ax.plot(*curve.T, color=colour, linewidth=1.4, label=f"_{name}" if k else f"d{names[name]}/dt = 0", zorder=3)
        rows = _resets(self)
        ax.plot(
            *np.insert(self.trajectory, rows, np.nan, axis=0).T, color="#222222", linewidth=0.9, label="trajectory", zorder=4
        )
        if rows.size:  # from the last point before the reset to that after it
            jumps = np.stack([self.trajectory[rows - 1], self.trajectory[rows], np.full((rows.size, 2), np.nan)], axis=1)
            look: dict[str, Any] = {"color": FAINT, "linewidth": 0.9, "linestyle": (0, (2, 2)), "zorder": 2}
            look["label"] = "spike and reset"
            ax.plot(*jumps.reshape(-1, 2).T, **look)
        for point in self.fixed_points:
            face = "#222222" if point.stable else "white"
            ax.plot(point.x, point.y, "o", markersize=6, markerfacecolor=face, markeredgecolor="#222222", zorder=5)
        ax.set_xlim(self.x[0], self.x[-1])
        ax.set_ylim(self.y[0], self.y[-1])
        units = {name: spec.unit for name, spec in self.model.initials.items()}
        ax.set_xlabel(add_unit(names["x"], units[names["x"]]))
        ax.set_ylabel(add_unit(names["y"], units[names["y"]]))
        legend_above(ax, 4)
        return ax


@answers_calls
@takes_options("phase_plane")
@explained
def phase_plane(
    model: Neuron,
    x: str | None = None,
    y: str | None = None,
    *,
    current: float = 0.0,
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
    steady: Sequence[str] = (),
    held: Mapping[str, float] | None = None,
    points: int = 201,
    duration: float = 200.0,
    dt: float = 0.1,
    initial: Mapping[str, Any] | None = None,
    seed: int = 1,
) -> PhasePlane:
    """Return nullclines, vector field, fixed points and trajectory in the plane of two variables.

    Parameters
    ----------
    model : Neuron
        With one number per parameter; noise acts on the trajectory only.
    x, y : str, optional
        Two of its variables; needed if it has more than two.
    current : float
        Constant current I [pA].
    x_range, y_range : (float, float), optional
        Part of the plane, in the units of the variables; by default around the trajectory. If the cell is silent and moves
        little, the plane also covers the trajectory of one that fires.
    steady : sequence of str
        Other variables that are so fast that they are always at their steady state for x and y, such as the activation of
        sodium.
    held : dict, optional
        Other variables that are held fixed: ``{"h": 0.6}``; by default at their initial values.
    points : int
        Points of the grid in each direction.
    duration, dt : float
        Length and time step of the simulation of the trajectory [ms].

    Returns
    -------
    PhasePlane

    Raises
    ------
    ValueError, TypeError
        If the model has no such variable, or no ``I`` for a current that is not 0, or if a steady state is not known.

    Examples
    --------
    FitzHugh (1961), doi:10.1016/S0006-3495(61)86902-6, at rest:

    >>> import brainsim as bs
    >>> class Model(bs.Neuron):
    ...     equations = '''
    ...         dv/dt = v - v**3/3 - u + I
    ...         du/dt = 0.08*(v + 0.7 - 0.8*u)
    ...     '''
    ...     dimensions = False
    ...     v: float = bs.initial(-1.0, "", "fast variable")
    ...     u: float = bs.initial(-0.5, "", "slow variable")
    >>> plane = bs.explore.phase_plane(Model(), "v", "u", x_range=(-2.5, 2.5), y_range=(-1.0, 2.0))
    >>> plane
    PhasePlane of Model(): v and u at 0 pA
        stable focus at v = -1.199, u = -0.6243
    >>> ax = plane.plot()                                                                           # doctest: +SKIP
    """
    check_model(model, "phase_plane", current=False)
    current = number(current, "phase_plane.current", "pA")
    if current:
        check_model(model, "phase_plane")
    x, y = _two_variables(model, x, y)
    plane = _Plane(model, x, y, current, dt, steady, held, initial)
    result = _simulate(model, (x, y), current, duration, dt, initial, seed)
    traces = [result.traces[NAME, name] for name in (x, y)]
    trajectory = np.column_stack([trace.values[:, 0] for trace in traces])
    points, limits = (
        integer(points, "phase_plane.points", at_least=2),
        _limits(model, (x, y), (x_range, y_range), result, dt),
    )
    xs, ys = (np.linspace(low, high, points) for low, high in limits)
    dx, dy = plane(*np.meshgrid(xs, ys))
    return PhasePlane(
        model,
        (x, y),
        current,
        xs,
        ys,
        dx,
        dy,
        _zeros(xs, ys, dx),
        _zeros(xs, ys, dy),
        _fixed_points(plane, xs, ys, dx, dy),
        traces[0].times,
        trajectory,
        result.spikes[NAME].times,
    )


def _two_variables(model, x, y):
    """Return the names of two variables of a model: those that are given, or all that it has."""
    names, of = [*model.initials], type(model).__name__
    if len(names) < 2:
        raise ValueError(f"phase_plane: {of} has fewer than two variables, and a plane needs two")
    if x is None and y is None and len(names) == 2:
        return tuple(names)
    for label, given in (("x", x), ("y", y)):
        if not isinstance(given, str):
            example = ", ".join(repr(name) for name in names[:2])
            text = f"must be a variable of {of}, one of {', '.join(names)} (got {given!r})"
            raise TypeError(f"phase_plane.{label}: {text}; write phase_plane({of}(), {example}, current=300.0)")
        check_variable(model, given, f"phase_plane.{label}")
    if x == y:
        raise ValueError(f"phase_plane.y: must be another variable than x (got {y!r} twice)")
    return x, y


class _Plane:
    """The derivatives of x and y as a function of both, other variables held or at their steady states."""

    def __init__(self, model, x, y, current, dt, steady, held, initial):
        self.x, self.y, self.flow, held = x, y, VectorField(model, current, dt), dict(held or {})
        self.steady = (steady,) if isinstance(steady, str) else tuple(steady)
        for field, names in (("steady", self.steady), ("held", held)):
            for name in names:
                check_variable(model, name, f"phase_plane.{field}")
                if name in (x, y):
                    raise ValueError(f"phase_plane.{field}: must be another variable than x and y (got {name!r})")
                if name in self.steady and name in held:
                    raise ValueError(f"phase_plane.held: {name!r} cannot be both held and steady")
        numbers = {name: number(value, f"phase_plane.held[{name!r}]") for name, value in held.items()}
        self.state = self.flow.initial(initial) | numbers

    def __call__(self, x, y):
        state = self.state | {self.x: x, self.y: y}
        if self.steady:
            state = self.flow.steady(state, self.steady)
        slopes = self.flow.slopes(state)
        return tuple(np.broadcast_to(slopes[name], np.shape(x)) for name in (self.x, self.y))


def _simulate(model, variables, current, duration, dt, initial, seed):
    drive = steps_of_current([[current]], [0.0]) if model.cell_equations.uses_current else None
    inputs = [] if drive is None else [drive]
    return run_cells(model, duration, dt, inputs=inputs, variables=variables, initial=initial, seed=seed)


def _limits(model, variables, ranges, result, dt):
    """Return the limits of both axes: the given ranges, or limits around the values that the variables take."""
    limits = [_check_range(pair, f"phase_plane.{axis}_range") for axis, pair in zip("xy", ranges, strict=True)]
    silent = None in limits and not len(result.spikes[NAME])
    firing = find_firing_current(model, dt, variables=variables) if silent else None
    for axis, variable in enumerate(variables):
        if limits[axis] is None:
            of_firing = firing and _extent(firing[0].traces[NAME, variable].values[:, firing[1]])
            extent = _extent(result.traces[NAME, variable].values)
            limits[axis] = _around(extent, of_firing, model.initials[variable].unit)
    return limits


def _check_range(pair, label):
    if pair is None:
        return None
    limits = plain(pair, "", label)
    if np.shape(limits) != (2,) or not limits[0] < limits[1]:
        raise ValueError(f"{label}: must be (low, high) with low < high (got {pair!r})")
    return tuple(limits)


def _extent(values):
    values = values[np.isfinite(values)]
    return (values.min(), values.max()) if values.size else (-1.0, 1.0)


def _around(extent, of_firing, unit):
    """Return the limits of an axis around the extent of a cell, widened to that of a firing cell if it hardly moves."""
    low, high = extent
    if of_firing is not None and high - low < STILL * (of_firing[1] - of_firing[0]):
        low, high = min(low, of_firing[0]), max(high, of_firing[1])
    pad = MARGIN * (high - low)
    if high - low <= max(AT_REST * max(abs(low), abs(high)), 1e-9):  # the variable does not move at all
        if unit == "" and low >= 0.0 and high <= 1.0:  # a gate, from closed to open
            return -GATE_MARGIN, 1.0 + GATE_MARGIN
        pad = max(0.25 * abs(high), 1.0)
    return low - pad, high + pad


def _zeros(xs, ys, values):
    import contourpy

    finite = np.nan_to_num(values, nan=0.0, posinf=1e300, neginf=-1e300)
    return contourpy.contour_generator(xs, ys, np.ma.masked_array(finite, np.isnan(values))).lines(0.0)


def _fixed_points(plane, xs, ys, dx, dy):
    """Return the points where both derivatives are 0, by Newton's method from each grid cell in which both change sign."""
    points, scale = [], np.array([xs[-1] - xs[0], ys[-1] - ys[0]])
    with np.errstate(all="ignore"):
        rows, columns = np.nonzero(_changes_sign(dx) & _changes_sign(dy))
    for row, column in zip(rows, columns, strict=True):
        at = np.array([xs[column : column + 2].mean(), ys[row : row + 2].mean()])
        cell = np.array([xs[1] - xs[0], ys[1] - ys[0]])
        end = _newton(plane, at, scale)
        near = end is not None and np.all(np.abs(end - at) <= 2.0 * cell)
        if near and not any(np.all(np.abs(end - other) <= 1e-3 * cell) for other in points):
            points.append(end)
    return tuple(
        FixedPoint(float(at[0]), float(at[1]), tuple(complex(v) for v in np.linalg.eigvals(_jacobian(plane, at, scale))))
        for at in sorted(points, key=tuple)
    )


def _changes_sign(values):
    corners = np.stack([values[:-1, :-1], values[:-1, 1:], values[1:, :-1], values[1:, 1:]])
    return (corners.min(axis=0) <= 0.0) & (corners.max(axis=0) >= 0.0)


def _newton(plane, at, scale):
    for _ in range(MAX_NEWTON_STEPS):
        value, jacobian = np.array(plane(*at)), _jacobian(plane, at, scale)
        if not np.isfinite(value).all() or not np.isfinite(jacobian).all() or np.linalg.det(jacobian) == 0.0:
            return None
        move = np.linalg.solve(jacobian, value)
        at = at - move
        if np.all(np.abs(move) < TOLERANCE * scale):
            return at
    return None


def _jacobian(plane, at, scale):
    """Return the derivatives of (dx/dt, dy/dt) by x and y, by central differences."""
    columns = []
    for axis in range(2):
        step = np.zeros(2)
        step[axis] = 1e-6 * scale[axis]
        columns.append((np.array(plane(*(at + step))) - np.array(plane(*(at - step)))) / (2.0 * step[axis]))
    return np.column_stack(columns)


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
