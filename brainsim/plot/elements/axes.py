"""The axes to draw into, their limits and labels, panels above them, and figures that notebooks show once."""

from typing import Any, NoReturn

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.transforms import Bbox

from brainsim.core.docstrings import explain_by
from brainsim.plot.elements.groups import type_name
from brainsim.plot.elements.styles import FAINT, ink

SHARED = {  # arguments that functions of `bs.plot` explain alike
    "spikes": "spikes : Spikes, Result, or list of Spikes\n"
    "    The populations; the named views of a population in a Result are drawn one by one.",
    "ax": "ax : Axes, optional\n    Where to draw; the current axes by default.",
    "bin": "bin : float\n    Width of the bins in which spikes are counted [ms].",
    "window": "window : (float, float), optional\n    Part of the recording to draw [ms]; all by default.",
    "color": "color : colour or list of colours, optional\n    One for all, or one for each population or view.",
    "colorbar": "colorbar : bool\n    Whether to draw the scale of colours.",
    "max_frequency": "max_frequency : float, optional\n    Highest frequency drawn [Hz].",
    "grid": "grid : (int, int), optional\n"
    "    Rows and columns: cell k is in row ``k // columns`` and column ``k % columns``.",
    "at": "at : float, optional\n"
    "    Which sample of recorded weights: the last one at or before this time [ms]; by default the last.",
    "unit": "unit : str, optional\n    Of the weights, for the label; by default that of `weights`, if it is known.",
}
RETURNS = "Returns\n-------\nAxes"
drawing = explain_by(SHARED, RETURNS)


def axes_of(ax: Any, caller: str) -> Axes:
    """Return `ax`, by default the current axes; raise TypeError for anything else, such as an array of axes.

    If there are none yet, they are made in a figure whose margins leave room for all labels. Of the two layouts of
    matplotlib that do so, "tight" is the one after which users can still call `plt.tight_layout` if there is a scale of
    colours. Messages begin with `caller`.
    """
    if ax is None:
        figure = plt.gcf()
        if not figure.axes and figure.get_layout_engine() is None:
            figure.set_layout_engine("tight")
        return plt.gca()
    if not isinstance(ax, Axes):
        raise TypeError(f"{caller}.ax: must be one Axes (got {_describe(ax)}")
    return ax


def _describe(thing):
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


def find_limits(ax, axis):
    """Return the limits along "x" or "y" of axes in which data are drawn already, else None.

    Data of axes that share this axis count; lines and areas that only mark something along the other axis do not.
    """
    shared = (ax.get_shared_x_axes() if axis == "x" else ax.get_shared_y_axes()).get_siblings(ax)
    drawn = [getattr(one.dataLim, f"interval{axis}") for one in shared if one.has_data()]
    if not any(np.isfinite(interval).all() for interval in drawn):
        return None
    return ax.get_xlim() if axis == "x" else ax.get_ylim()


def cover_limits(limits, others):
    """Return limits that cover two pairs of them; the second may be None."""
    both = limits if others is None else (*limits, *others)
    return min(both), max(both)


def label_time(ax):
    """Label the time axis, unless other axes share it and show its numbers: then the label belongs there."""
    shown = ax.xaxis.get_tick_params()
    # before version 3.10, matplotlib names the sides of every axis as those of a y axis
    if shown.get("labelbottom", shown.get("labelleft", True)):
        ax.set_xlabel("time [ms]")


class Shortened:
    """A locator that gives axes only the lower part of their position, whatever layout placed them."""

    def __init__(self, ax, share):
        self.before, self.share = ax.get_axes_locator(), share
        self.get_subplotspec = ax.get_subplotspec  # for tight_layout

    def __call__(self, ax, renderer):
        """Return where the axes are drawn."""
        whole = self.before(ax, renderer) if self.before else ax.get_position(original=True)
        return Bbox.from_bounds(whole.x0, whole.y0, whole.width, self.share * whole.height)


def panel_above(ax, label, *, lower, gap=0.06):
    """Return axes above `ax` that share its horizontal axis; the same ones if some with this label exist already.

    `lower` is the share of the height that `ax` keeps, `gap` is relative to that.
    """
    for panel in ax.child_axes:
        if panel.get_label() == label:
            return panel
    if not isinstance(ax.get_axes_locator(), Shortened):
        ax.set_axes_locator(Shortened(ax, lower))
    panel = ax.inset_axes((0.0, 1.0 + gap, 1.0, 1.0 / lower - 1.0 - gap), sharex=ax, label=label)
    panel.tick_params(labelbottom=False, bottom=False)
    for side in ("top", "right", "bottom"):
        panel.spines[side].set_visible(False)
    return panel


class ShownOnce(Figure):
    """A figure of pyplot that a notebook shows once.

    A notebook shows the value of a cell, and its inline backend then shows all open figures, so a figure that a function
    makes and returns would appear twice. This one closes itself when it is shown as a value.
    """

    def _ipython_display_(self) -> NoReturn:
        """Close the figure under the inline backend; raise NotImplementedError so that IPython shows its usual picture."""
        if "inline" in plt.get_backend().lower():
            plt.close(self)
        raise NotImplementedError


def add_scale(ax, image, label, shrink=0.9):
    """Draw the scale of colours of an image next to its axes."""
    bar = ax.figure.colorbar(image, ax=ax, shrink=shrink, pad=0.02)
    bar.set_label(label)
    bar.outline.set_edgecolor(FAINT)
    bar.outline.set_linewidth(0.6)


def name_rows(ax, groups):
    """Write the names of groups at rows from top to bottom, in their colours."""
    ax.set_ylim(len(groups) - 0.4, -0.6)
    ax.set_yticks(range(len(groups)), [group.shown for group in groups])
    colour_names(ax, [group.colour for group in groups])


def colour_names(ax, colours):
    """Give the names at the vertical axis the colours of what they name, and no ticks."""
    ax.tick_params(axis="y", length=0)
    for text, colour in zip(ax.get_yticklabels(), colours, strict=True):
        text.set_color(ink(colour))
