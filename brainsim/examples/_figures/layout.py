"""What figures share: three columns for a machine, a brain and both, notes, and panels of cells that learned by gradient."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np

from brainsim.ann.report.pictures import MACHINE, NEURON
from brainsim.plot.elements.axes import ShownOnce
from brainsim.plot.elements.styles import FAINT

BOTH, DARK = "#222222", "#444444"
SIZE, HEADING = (10.4, 6.5), 0.09  # inches; height of the row of headings, the two rows of axes together being 2
LETTERS = 148  # in a line of the caption
AXES = "axes fraction"  # coordinates from 0 to 1


def side_by_side(machine, brain, both="both", *, caption="", heights=(1.0, 1.0), last=None):
    """Return a figure of three columns with two axes each, and the columns; call it under ``bs.plot.style()``.

    `machine`, `brain` and `both` are the headings. The first is red and the second blue, `MACHINE` and `NEURON` of
    ``brainsim.ann.report.pictures``, like their curves in the third column. `last` are the relative heights in the third
    column, if they differ from `heights`.

    Examples
    --------
    >>> import brainsim as bs
    >>> with bs.plot.style():
    ...     figure, (machine, brain, both) = side_by_side("Hopfield network", "spiking attractor network")
    >>> len(machine), len(brain), len(both)
    (2, 2, 2)
    """
    figure = plt.figure(figsize=SIZE, layout="constrained", FigureClass=ShownOnce)
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


def by_first_spike(spikes):
    """Return the place of each cell in the order of their first spikes, and the number of cells that fire."""
    first = np.full(spikes.n, np.inf)
    np.minimum.at(first, spikes.ids, spikes.times)
    return np.argsort(np.argsort(first, kind="stable"), kind="stable"), int(np.isfinite(first).sum())


def input_spikes(ax, spikes, window, title):
    """Draw the spikes of many inputs as dots."""
    ax.plot(spikes.times, spikes.ids, ".", color=NEURON, markersize=2.5)
    ax.set(xlim=window, xlabel="time [ms]", ylabel="inputs", yticks=[], title=title)


def activations(ax, machine, sample):
    """Draw the activations of the hidden units of a perceptron, sorted."""
    values = machine.activations(sample[None])[0][0]
    ax.bar(np.arange(values.size), np.sort(values)[::-1], width=1.0, color=MACHINE)
    ax.set(xlabel="hidden unit, sorted", ylabel="activation", title="activations")


def hidden_spikes(ax, result, window):
    """Draw the input spikes above the hidden ones, cells in the order of their first spikes."""
    hidden, given = result.spikes["hidden0"], result.spikes["input"]
    place, firing = by_first_spike(hidden)
    ax.plot(hidden.times, place[hidden.ids], "|", color=NEURON, markersize=3)
    if given.n < 10:  # more have a picture of their own
        ax.plot(given.times, firing + 4 + 4.0 * given.ids, "|", color=DARK, markersize=6)
        ax.axhline(firing + 1, color=FAINT, linewidth=0.8)
    label = "cells that fire, inputs above" if given.n < 10 else "cells that fire"
    ax.set(xlim=window, xlabel="time [ms]", ylabel=label, yticks=[], title="spikes")


def accuracy(ax, epochs, shares, machine, label="perceptron, trained"):
    """Draw the accuracy of cells as they learned, and that of the trained machine."""
    ax.axhline(100.0 * machine, color=MACHINE, linestyle="--", label=label)
    ax.plot(epochs, 100.0 * shares, "o-", color=NEURON, markersize=4, label="spiking")
    ax.set(xlabel="epochs", ylabel="test accuracy [%]")
    ax.legend(loc="lower right")


def potentials(ax, result, label, names):
    """Draw the potentials of the readouts; the class is the one with the largest mean."""
    trace = result.traces["readout", "v"]
    values = trace.values if len(trace.values) == len(trace.times) else trace.values.T
    shown = list(names) if len(names) < 6 else [name if k == label else "" for k, name in enumerate(names)]
    dashes = iter(("-", "--", ":", "-.", (0, (1, 4))))  # those that have names can be told apart
    for k, name in enumerate(shown):
        look = {"color": NEURON, "linewidth": 1.8} if k == label else {"color": DARK, "linewidth": 0.9}
        look["linestyle"] = next(dashes) if name and k != label else "-"
        ax.plot(trace.times, values[:, k], label=name or "_others", **look)
    ax.set(xlabel="time [ms]", ylabel="potential of readouts", title=f"the right answer is {names[label]}")
    ax.legend(loc="best", fontsize=8.5)
