"""A number of each population as a bar, beside the number it is compared with."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from brainsim.plot.groups import groups_of
from brainsim.plot.styles import ink

THICK = 0.72  # of a bar, as a part of the room that a population has
MARK = "#222222"  # of the numbers to compare with


def bars(spikes, values, *, ax=None, reference=None, color=None, label="") -> Axes:
    """Draw a number of each population as a horizontal bar, the first population on top, as in a raster.

    Parameters
    ----------
    spikes : Spikes, Result, or list of Spikes
        The populations; the named views of a population in a Result have a bar each.
    values : array of shape (populations,), or function
        The lengths of the bars; a function gets the Spikes of a population and returns its number, e.g.
        ``bs.Spikes.rate``. NaN has no bar.
    ax : Axes, optional
        Where to draw; the current axes by default.
    reference : array of shape (populations,), optional
        Numbers to compare with, a stroke across each bar; NaN has none.
    color : colour or list of colours, optional
        One for all, or one for each population or view.
    label : str
        Of the horizontal axis, with the unit.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is not one number for each population.

    Examples
    --------
    >>> bs.plot.bars(result, bs.Spikes.rate, label="rate [Hz]")             # doctest: +SKIP
    """
    groups = groups_of(spikes, "bars", color)
    if callable(values):
        values = [values(group.spikes) for group in groups]
    values = _one_each(values, groups, "values")
    ax = plt.gca() if ax is None else ax
    places, colours = np.arange(len(groups)), [group.colour for group in groups]
    ax.barh(places, np.nan_to_num(values), height=THICK, color=colours)
    if reference is not None:
        reference = _one_each(reference, groups, "reference")
        ax.vlines(reference, places - 0.5, places + 0.5, color=MARK, linewidth=1.6, label="reference")
    ax.set_ylim(len(groups) - 0.4, -0.6)
    ax.set_yticks(places, [group.label for group in groups])
    ax.tick_params(axis="y", length=0)
    for text, group in zip(ax.get_yticklabels(), groups, strict=True):
        text.set_color(ink(group.colour))
    ax.set_xlabel(label)
    return ax


def _one_each(values, groups, what):
    values = np.asarray(values, dtype=float)
    if values.shape != (len(groups),):
        raise ValueError(
            f"bars.{what}: must be one number for each of {len(groups)} populations (got the shape {values.shape})"
        )
    return values
