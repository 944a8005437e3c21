"""Pictures of sweeps: curves with the deviation over seeds, and maps."""

import numpy as np

from brainsim.core.checks import MissingName, nearest
from brainsim.plot.elements.axes import axes_of
from brainsim.plot.elements.styles import colour, shorten

MAX_TICKS = 6  # values of an axis that are all labelled


def draw(table, name, ax):
    """Draw a value of a sweep into axes and return them."""
    if not table.names:
        raise ValueError("Sweep.plot: there are no values to draw")
    name = table.names[0] if name is None else name
    if name not in table.names:
        raise MissingName(f"Sweep.plot: has no value {name!r}{nearest(name, table.names)}")
    values = table.values(name)
    axes = list(table.axes)
    if values.ndim > len(axes):
        raise ValueError(f"Sweep.plot: {name!r} is an array at each point; draw table.values({name!r}) yourself")
    with_seeds = axes[-1].names == ("seed",) and len(axes) > 1
    if with_seeds:
        axes.pop()
    for position in reversed([k for k, axis in enumerate(axes) if len(axis.values) == 1 and len(axes) > 1]):
        values = values.take(0, axis=position)  # an axis of one value is none
        axes.pop(position)
        if len(axes) == 1:
            break
    if len(axes) > 2:
        raise ValueError(f"Sweep.plot: draws one or two axes besides the seeds (got {', '.join(a.name for a in axes)})")
    ax = axes_of(ax, "Sweep.plot")
    mean, deviation = _over_seeds(values, with_seeds)
    if len(axes) == 2:
        return _map(ax, axes, mean, _label(name))
    places = _places(ax.xaxis, axes[0])
    ax.plot(places, mean, "o-", color=colour(0), markersize=4)
    if with_seeds and values.shape[-1] > 1:
        ax.fill_between(places, mean - deviation, mean + deviation, color=colour(0), alpha=0.2, linewidth=0)
    if np.isnan(mean).all():  # such as the CV of runs that are too short for intervals
        ax.set_yticks([])
        ax.text(
            0.5,
            0.5,
            "NaN at every point:\ntoo few spikes, or runs too short",
            ha="center",
            va="center",
            transform=ax.transAxes,
        )
    ax.set_xlabel(axes[0].name)
    ax.set_ylabel(_label(name))
    return ax


def _label(name):
    """Return the name of a value, with the unit of the rates of a Result."""
    return f"{shorten(name)} [Hz]" if name.startswith("rate ") else shorten(name)


def _over_seeds(values, with_seeds):
    """Return mean and standard deviation over seeds of what is not NaN."""
    if not with_seeds:
        return values, np.zeros_like(values)
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=-1) / count
        squares = np.where(known, (values - mean[..., None]) ** 2, 0.0).sum(axis=-1)
        return mean, np.sqrt(squares / np.maximum(count - 1, 1))


def _map(ax, axes, mean, name):
    vertical, horizontal = axes
    x, y = _places(ax.xaxis, horizontal), _places(ax.yaxis, vertical)
    image = ax.pcolormesh(_edges(x), _edges(y), mean, cmap="viridis")
    ax.figure.colorbar(image, ax=ax, label=name)
    ax.set_xlabel(horizontal.name)
    ax.set_ylabel(vertical.name)
    return ax


def _places(axis, of):
    """Return where the values of an axis are: at the numbers, or one after the other under their names."""
    labels = [value[0] if len(value) == 1 else ", ".join(map(str, value)) for value in of.values]
    if all(isinstance(label, int | float) and not isinstance(label, bool) for label in labels) and _ascending(labels):
        if len(labels) <= MAX_TICKS:
            axis.set_ticks(labels, [f"{label:g}" for label in labels])
        return np.array(labels, dtype=float)
    axis.set_ticks(range(len(labels)), [shorten(label) for label in labels])
    return np.arange(len(labels), dtype=float)


def _ascending(labels):
    return all(a < b for a, b in zip(labels[:-1], labels[1:], strict=True))


def _edges(places):
    """Return the borders between places, and beyond the outer ones."""
    if places.size == 1:
        return places[0] + np.array([-0.5, 0.5])
    middle = (places[1:] + places[:-1]) / 2
    return np.concatenate([[2 * places[0] - middle[0]], middle, [2 * places[-1] - middle[-1]]])
