"""The axes to draw into: those that the user passes, or else the current ones."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from brainsim.plot.elements.groups import type_name


def axes_of(ax: Any, caller: str) -> Axes:
    """Return the axes to draw into, by default the current ones.

    If there are none yet, they are made in a figure whose margins leave room for all labels. Of the two layouts of
    matplotlib that do so, "tight" is the one after which users can still call `plt.tight_layout` beside a scale of colours.

    Parameters
    ----------
    ax : Axes or None
        What the user passed.
    caller : str
        The public function, for messages.

    Raises
    ------
    TypeError
        If `ax` is anything else, such as the array of Axes that `plt.subplots` returns.
    """
    if ax is None:
        figure = plt.gcf()
        if not figure.axes and figure.get_layout_engine() is None:
            figure.set_layout_engine("tight")
        return plt.gca()
    if not isinstance(ax, Axes):
        raise TypeError(f"{caller}.ax: must be one Axes (got {_described(ax)}")
    return ax


def _described(thing):
    """Return the end of a message: what came, and what to type."""
    if isinstance(thing, (np.ndarray, list, tuple)):
        shape = thing.shape if isinstance(thing, np.ndarray) else (len(thing),)
        first = ", ".join("0" for _ in shape)
        return f"{_kind(thing)} of {' x '.join(map(str, shape))}); choose one, such as ax[{first}]"
    if isinstance(thing, FigureBase):
        return f"a {type_name(thing)}); figure.subplots() gives it Axes"
    return f"{type_name(thing)})"


def _kind(thing):
    return "an array" if isinstance(thing, np.ndarray) else f"a {type_name(thing)}"
