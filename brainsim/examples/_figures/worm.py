"""The figure of the touched worm: command cells in time, how much each touch moves them, and all cells by class."""

import numpy as np

from brainsim.examples._figures.layout import AXES, DARK, note, shade
from brainsim.examples.worm import BACKWARD, FORWARD, LASTS, TOUCHES, changes, groups
from brainsim.plot.elements.axes import ShownOnce
from brainsim.plot.elements.styles import PALETTE, style

COLOURS = dict(zip((*BACKWARD, *FORWARD), (PALETTE[1], PALETTE[5], PALETTE[3], PALETTE[0], PALETTE[2]), strict=True))
CLASSES = ("sensory", "inter", "central", "motor", "muscle")
SHARP = 0.5  # mV: changes up to this are in proportion to their colour, larger ones by their logarithm


def worm_figure(brain, result, window):
    """Return the figure of the result of `worm`; the potentials are drawn in `window`."""
    import matplotlib.pyplot as plt

    members, moved, real = groups(brain), changes(result), "AVAL" in brain
    names = {name: name if real else f"relay {k + 1}" for k, name in enumerate(COLOURS)}
    with style():
        figure = plt.figure(figsize=(10.5, 7.0), layout="constrained", FigureClass=ShownOnce)
        figure.suptitle(brain.title, x=0.01, ha="left", fontsize=13, fontweight="bold")
        upper, lower = figure.subfigures(2, height_ratios=(1.2, 1.0))
        ax = upper.subplots()
        _potentials(ax, result.traces["brain", "v"], members, names, window)
        if real:
            ax.set_title("command cells: AVA, AVD, AVE drive the worm backward, AVB, PVC forward", loc="left")
        if moved:
            left, right = lower.subplots(1, 2, width_ratios=(1.0, 1.3))
            _bars(left, members, moved)
            _cells(right, brain, moved)
    return figure


def _potentials(ax, v, members, names, window):
    """Draw the potentials of command cells, from that before the first touch."""
    before = np.flatnonzero(v.times <= min(TOUCHES.values()))[-1]
    shown = (v.times >= window[0]) & (v.times <= window[1])
    for name, colour in COLOURS.items():
        values = v.values[:, members[name]] - v.values[before, members[name]]
        ax.plot(v.times[shown], values[shown].mean(axis=1), color=colour, label=names[name], lw=1.4)
    for name, start in TOUCHES.items():
        shade(ax, start, start + LASTS, window)
        if window[0] <= start < window[1]:
            note(ax, name, (start, 1.0), (4, -4), y=AXES, va="top")
    ax.margins(y=0.16)  # room for the names
    ax.set(xlim=window, xlabel="time [ms]", ylabel="change of potential [mV]")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _bars(ax, members, moved):
    """Draw how much each touch moves the command cells."""
    width = 0.8 / len(COLOURS)
    for k, (name, colour) in enumerate(COLOURS.items()):
        heights = [change[members[name]].mean() for change in moved.values()]
        ax.bar(np.arange(len(moved)) + width * (k - 0.5 * (len(COLOURS) - 1)), heights, width, color=colour)
    ax.axhline(0.0, color=DARK, linewidth=0.6)
    ax.set_xticks(range(len(moved)), list(moved))
    ax.set(xlabel="touch", ylabel="change [mV]")
    ax.set_title("the same cells at the end of a touch", loc="left")


def _cells(ax, brain, moved):
    """Draw the change of each cell, cells of a class by its sum."""
    from matplotlib.colors import SymLogNorm

    values = np.array(list(moved.values()))
    super_class = brain.annotations["super_class"].astype(str)
    names = [name for name in CLASSES if np.any(super_class == name)]
    parts = [np.flatnonzero(super_class == name) for name in names]
    parts = [cells[np.argsort(-values[:, cells].sum(axis=0), kind="stable")] for cells in parts]
    high = max(np.abs(values).max(), 2.0 * SHARP)
    norm = SymLogNorm(SHARP, vmin=-high, vmax=high)
    image = ax.imshow(values[:, np.concatenate(parts)], cmap="RdBu_r", norm=norm, aspect="auto", interpolation="nearest")
    ends = np.cumsum([cells.size for cells in parts])
    for end in ends[:-1]:
        ax.axvline(end - 0.5, color=DARK, linewidth=0.8)
    ax.set_xticks(ends - np.array([cells.size for cells in parts]) / 2.0, names)
    ax.set_yticks(range(len(moved)), list(moved))
    ticks = [sign * mark for sign, mark in ((-1, high), (-1, SHARP), (1, 0.0), (1, SHARP), (1, high))]
    ax.figure.colorbar(image, ax=ax, label="change [mV]", ticks=ticks, format="{x:.2g}")
    ax.set_title("all cells: what a touch moves", loc="left")
