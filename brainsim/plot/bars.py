"""A bar for each population, beside a reference value."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from brainsim.plot.elements.axes import axes_of
from brainsim.plot.elements.groups import Colours, SpikesLike, groups_of
from brainsim.plot.elements.styles import ink
from brainsim.results.result import Spikes

THICKNESS = 0.72  # of a bar, relative to the space of a population
REFERENCE_COLOUR = "#222222"


def bars(
    spikes: SpikesLike,
    values: ArrayLike | Callable[[Spikes], float],
    *,
    ax: Axes | None = None,
    reference: ArrayLike | None = None,
    color: Colours | None = None,
    label: str = "",
) -> Axes:
    """Draw one value per population as a horizontal bar, the first population on top, as in a raster.

    Parameters
    ----------
    spikes : Spikes, Result, or list of Spikes
        The populations; the named views of a population in a Result have a bar each.
    values : array of shape (populations,), or function
        The lengths of the bars, or a function that takes the Spikes of a population and returns the length of its bar,
        e.g. ``bs.Spikes.rate``. NaN has no bar.
    ax : Axes, optional
        Where to draw; the current axes by default.
    reference : array of shape (populations,), optional
        Values to compare with, each drawn as a stroke across its bar; NaN has no stroke.
    color : colour or list of colours, optional
        One for all, or one for each population or view.
    label : str
        Label of the horizontal axis, with the unit.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the number of values is not that of the populations.

    Examples
    --------
    >>> bs.plot.bars(result, bs.Spikes.rate, label="rate [Hz]")             # doctest: +SKIP
    """
    groups = groups_of(spikes, "bars", color)
    if callable(values):
        values = [values(group.spikes) for group in groups]
    lengths = _one_each(values, groups, "values")
    ax = axes_of(ax, "bars")
    rows, colours = np.arange(len(groups)), [group.colour for group in groups]
    ax.barh(rows, np.nan_to_num(lengths), height=THICKNESS, color=colours)
    if reference is not None:
        marks = _one_each(reference, groups, "reference")
        ax.vlines(marks, rows - 0.5, rows + 0.5, color=REFERENCE_COLOUR, linewidth=1.6, label="reference")
    ax.set_ylim(len(groups) - 0.4, -0.6)
    ax.set_yticks(rows, [group.shown for group in groups])
    ax.tick_params(axis="y", length=0)
    for text, group in zip(ax.get_yticklabels(), groups, strict=True):
        text.set_color(ink(group.colour))
    ax.set_xlabel(label)
    return ax


def _one_each(values, groups, parameter):
    try:
        values = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"bars.{parameter}: must be numbers (got {values!r})") from None
    if np.isinf(values).any():
        raise ValueError(f"bars.{parameter}: must be finite (got inf); write NaN for a population without a value")
    if values.shape != (len(groups),):
        raise ValueError(
            f"bars.{parameter}: must be one number for each of {len(groups)} populations (got the shape {values.shape})"
        )
    return values
