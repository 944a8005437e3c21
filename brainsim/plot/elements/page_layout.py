"""What figures share: a page, three columns for a machine, a brain and both, notes, and shaded times."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np

from brainsim.plot.elements.axes import ShownOnce
from brainsim.plot.elements.styles import FAINT, MACHINE, NEURON

BOTH, DARK = "#222222", "#444444"
SIZE, HEADING = (10.4, 6.5), 0.09  # inches; height of the row of headings, the two rows of axes together being 2
LETTERS = 148  # in a line of the caption
AXES = "axes fraction"  # coordinates from 0 to 1


def page(width, height, title=""):
    """Return an empty figure [inches]; call it under ``bs.plot.style()``."""
    figure = plt.figure(figsize=(width, height), layout="constrained", FigureClass=ShownOnce)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
    return figure


def side_by_side(machine, brain, both="both", *, caption="", heights=(1.0, 1.0), last=None):
    """Return a figure of three columns with two axes each, and the columns; call it under ``bs.plot.style()``.

    `machine`, `brain` and `both` are the headings. The first is red and the second blue, `MACHINE` and `NEURON` of
    ``brainsim.plot.elements.styles``, like their curves in the third column. `last` are the relative heights in the third
    column, if they differ from `heights`.

    Examples
    --------
    >>> import brainsim as bs
    >>> with bs.plot.style():
    ...     figure, (machine, brain, both) = side_by_side("Hopfield network", "spiking attractor network")
    >>> len(machine), len(brain), len(both)
    (2, 2, 2)
    """
    figure = page(*SIZE)
    figure.get_layout_engine().set(w_pad=0.09, h_pad=0.05, wspace=0.03)
    firsts = [2.0 * top / (top + bottom) for top, bottom in (heights, heights, last or heights)]
    edges = [0.0, *sorted(set(firsts)), 2.0]  # ends of the rows of axes in all columns
    rows = [HEADING, *np.diff(edges)]
    grid = figure.add_gridspec(len(rows), 3, height_ratios=rows, width_ratios=(1.1, 1.1, 1.0))
    for column, (heading, colour) in enumerate(zip((machine, brain, both), (MACHINE, NEURON, BOTH), strict=True)):
        head = figure.add_subplot(grid[0, column])
        head.set_axis_off()
        head.text(0.0, 0.5, heading, color=colour, fontsize=13, fontweight="bold", va="center")
    if caption:
        figure.supxlabel(textwrap.fill(caption, LETTERS), fontsize=9.5, color=DARK, x=0.01, ha="left")
    cuts = [1 + edges.index(first) for first in firsts]
    return figure, [
        [figure.add_subplot(grid[rows, column]) for rows in (slice(1, cut), slice(cut, None))]
        for column, cut in enumerate(cuts)
    ]


def note(ax, text, at, offset=(0, 0), *, x="data", y="data", **look):
    """Write a note in grey at a point, moved by `offset` [points]; `x` and `y` may be coordinates of the axes, `AXES`."""
    look = {"color": DARK, "fontsize": 9} | look
    ax.annotate(text, at, offset, xycoords=(x, y), textcoords="offset points", **look)


def shade(ax, begin, end, window, color=FAINT, alpha=0.2):
    """Shade a time behind the curves, as far as it lies in the window."""
    if begin < window[1] and window[0] < end:
        ax.axvspan(max(begin, window[0]), min(end, window[1]), color=color, alpha=alpha, linewidth=0.0, zorder=0)
