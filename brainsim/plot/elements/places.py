"""Cells where they are: each is a field of an image, or a dot at its position."""

import numpy as np

from brainsim.core.checks import integer, number, plain
from brainsim.plot.elements.groups import add_unit, type_name
from brainsim.results.result import Result, Spikes, Traces

TOP = 0.995  # share of the values that the scale of colours covers
LEAST, MOST, FILLED = 0.3, 120.0, 0.35  # areas of dots [points²], and the share of the picture that all of them would fill
SAME = 1e-6  # relative to the extent: coordinates that differ by less are in one row of a grid


def one_population(data, subject):
    """Return the spikes, or None for traces; the number of cells, the start and stop, and the label of the values."""
    if isinstance(data, Traces):
        if not data.values.size:
            raise ValueError(f"{subject} the traces are empty, so there is nothing to draw")
        return None, data.ids.size, (data.times[0], data.times[-1]), add_unit(data.variable, data.unit)
    if not isinstance(data, Spikes | Result):
        raise TypeError(f"{subject} must be Spikes or Traces of one population (got {type_name(data)})")
    every = [data] if isinstance(data, Spikes) else list(data.spikes.values())
    if len(every) != 1:
        raise ValueError(
            f"{subject} must be the spikes of one population, such as result.spikes['sheet'] (got {len(every)} populations)"
        )
    return every[0], every[0].n, (every[0].start, every[0].stop), "rate [Hz]"


def places_of(positions, data, n, caller):
    """Return the positions of the cells of `data` [um], shape (n, 1) or (n, 2)."""
    places = getattr(positions, "positions", positions)
    if places is None:
        raise ValueError(f"{caller}.positions: {positions.name!r} has no positions; Population(positions=...) gives it some")
    where = np.asarray(plain(places, "um", f"{caller}.positions"))
    if where.ndim == 2 and isinstance(data, Traces) and where.shape[0] > max(n, data.ids.max()):
        where = where[data.ids]  # of all cells of the population, some of which were recorded
    if where.ndim != 2 or where.shape[0] != n or where.shape[1] not in (1, 2):
        flat = "; of three coordinates choose two, as cells.positions[:, :2]" if where.shape == (n, 3) else ""
        raise ValueError(f"{caller}.positions: must have the shape ({n}, 1) or ({n}, 2) (got {where.shape}{flat})")
    return where


def draw_cells(ax, values, look, *, grid=None, where=None, caller):
    """Draw values of cells, in fields of a grid (rows, columns) or at places; return the artist, and how it shows others."""
    if grid is not None:
        return _on_grid(ax, values, grid, look, caller)
    ax.set_xlabel("x [um]")
    if where.shape[1] == 1:
        ax.set_yticks([])
    else:
        ax.set_ylabel("y [um]")
        ax.set_aspect("equal")
    rows = _rows_of(where)
    return _dots(ax, values, where, look) if rows is None else _fields(ax, values, where, rows, look)


def _on_grid(ax, values, grid, look, caller):
    try:
        rows, columns = (integer(side, f"{caller}.grid", at_least=1) for side in grid)
    except (TypeError, ValueError):
        raise ValueError(f"{caller}.grid: must be (rows, columns) (got {grid!r})") from None
    if rows * columns != values.size:
        raise ValueError(
            f"{caller}.grid: must have a field for each of {values.size:,} cells "
            f"(got {rows} x {columns} = {rows * columns:,})"
        )
    image = ax.imshow(values.reshape(rows, columns), interpolation="nearest", **look)
    ax.set_xlabel("column")
    ax.set_ylabel("row")
    return image, lambda others: image.set_data(others.reshape(rows, columns))


def _rows_of(where):
    """Return the order in which cells fill a regular grid, shape (rows, columns), or None if they are not on one."""
    if where.shape[1] == 1 or len(where) < 4:
        return None
    cell = SAME * (np.ptp(where, axis=0).max() or 1.0)
    near = np.round(where / cell)
    x, y = (np.unique(axis) for axis in near.T)
    if x.size * y.size != len(where):
        return None
    order = np.lexsort(near.T).reshape(y.size, x.size)  # by y, then by x
    full = (near[order] == np.stack(np.meshgrid(x, y), axis=-1)).all()
    return order if full and np.ptp(np.concatenate([np.diff(x), np.diff(y)])) <= 10.0 else None


def _fields(ax, values, where, rows, look):
    lows, highs = where.min(axis=0), where.max(axis=0)
    counts = np.array(rows.shape[::-1])
    half = (highs - lows).max() / max(counts.max() - 1, 1) / 2
    box = (lows[0] - half, highs[0] + half, lows[1] - half, highs[1] + half)
    image = ax.imshow(values[rows], origin="lower", extent=box, interpolation="nearest", **look)
    return image, lambda others: image.set_data(others[rows])


def _dots(ax, values, where, look):
    y = where[:, 1] if where.shape[1] == 2 else np.zeros(len(where))
    box = ax.get_window_extent()
    area = np.prod(np.array([box.width, box.height]) * 72.0 / ax.figure.dpi)
    size = np.clip(FILLED * area / len(where), LEAST, MOST)
    dots = ax.scatter(where[:, 0], y, c=values, s=size, linewidths=0.0, rasterized=True, **look)
    return dots, dots.set_array


def latest(traces, times):
    """Return the values of traces at some times: of the last samples at or before them."""
    rows = np.searchsorted(traces.times, np.asarray(times) * (1 + 1e-12), side="right") - 1
    return traces.values[np.clip(rows, 0, traces.times.size - 1)]


def fade_rates(spikes, times, step, tau):
    """Yield the rate of each cell [Hz] at each time, in which the past fades with `tau`."""
    kept, gain = np.exp(-step / tau), 1000.0 * -np.expm1(-step / tau) / step
    edges = np.append(times[0] - step, times)
    before = np.searchsorted(spikes.times, edges + 1e-9 * np.maximum(np.abs(edges), 1.0), side="right")
    seen = np.zeros(spikes.n)
    for first, last in zip(before[:-1], before[1:], strict=True):
        seen = kept * seen + np.bincount(spikes.ids[first:last], minlength=spikes.n)
        yield gain * seen


def scale_of(values, spikes):
    """Return the ends of the scale of colours: from 0 for rates, which few cells exceed."""
    if spikes is None:
        known = values[np.isfinite(values)]
        low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    else:
        active = values[values > 0.0]
        low, high = 0.0, np.quantile(active, TOP) if active.size else 1.0
    return low, high if high > low else low + 1.0


def check_tau(tau, default, caller):
    """Return the time constant with which rates fade [ms]."""
    return default if tau is None else number(tau, f"{caller}.tau", "ms", above=0.0)
