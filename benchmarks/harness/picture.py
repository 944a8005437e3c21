"""Draws the curves of `scaling`: a row each for time, memory and building, a column for each quantity that varies."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from brainsim.plot import style

FORMATS = ("png", "svg", "pdf", "jpg")
COSTS = {
    "time [s per biological second]": lambda point: min(point["seconds_per_second"]),
    "memory at its peak [MB]": lambda point: point["memory"],
    "building [s]": lambda point: max(point["build"], 1e-3),
}
COLUMNS = {
    "number of cells": ("cells",),
    "firing rate [Hz]": ("rate",),
    "distinct delays": ("delays",),
    "threads, ranks": ("threads", "ranks"),
    "populations, projections": ("populations", "projections"),
}
COLOURS = {
    "brainsim": "#2a6fb0",
    "brainsim-single": "#3a9696",
    "brian2": "#7d1f1a",
    "brian2-float32": "#c8453a",
    "nest": "#c29a1c",
}


def draw(curves):
    """Return a figure of all curves with at least one measured point."""
    curves = [curve for curve in curves if any(not point["error"] for point in curve.points)]
    shown = {label: axes for label, axes in COLUMNS.items() if any(curve.axis in axes for curve in curves)}
    with style():
        figure, grid = plt.subplots(
            len(COSTS), len(shown), figsize=(3.2 * len(shown) + 1.0, 8.6), layout="constrained", squeeze=False, sharex="col"
        )
        lines = []
        for column, (label, axes) in zip(grid.T, shown.items(), strict=True):
            here = [curve for curve in curves if curve.axis in axes]
            for ax, cost in zip(column, COSTS.values(), strict=True):
                for curve in here:
                    _line(ax, curve, cost, here)
                _scales(ax, threads="threads" in label)
            column[-1].set_xlabel(label)
            if len(here) > 1:
                lines += column[0].lines
        for ax, title in zip(grid[:, 0], COSTS, strict=True):
            ax.set_ylabel(title)
        figure.legend(handles=lines, loc="outside upper left", ncols=4, fontsize="small")
        figure.supxlabel(_usual(curves), fontsize="small", color="#444444")
    return figure


def _usual(curves):
    """Return a text with the values of the quantities that do not vary."""
    setting = next((curve.points[0]["setting"] for curve in curves if curve.axis == "threads"), None)
    if setting is None:
        return ""
    return (
        f"unless varied: {setting['n']:,} cells with {setting['k']:,} inputs each, {setting['rate']:g} Hz, one delay, "
        "one thread, one population, one projection"
    )


def _line(ax, curve, cost, curves):
    """Draw a curve: solid if it is the last of its simulator, otherwise dashed."""
    solid = curve is [other for other in curves if other.simulator == curve.simulator][-1]
    points = [point for point in curve.points if not point["error"]]
    colour = COLOURS[curve.simulator]
    ax.plot(
        [point["x"] for point in points],
        [cost(point) for point in points],
        color=colour,
        marker="o",
        markersize=4.0,
        markerfacecolor=colour if solid else "white",
        linestyle="-" if solid else "--",
        label=curve.name if curve.about else f"{curve.name}, {curve.axis}",
    )


def _scales(ax, threads):
    """Make both axes logarithmic, except that of the threads; costs span at least two decades, so that noise stays small."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    short = max(1.0, (100.0 / (high / low)) ** 0.5)
    ax.set_ylim(low / short, high * short)
    if threads:
        ax.set_xticks(sorted({int(x) for line in ax.lines for x in line.get_xdata()}))
    else:
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.grid(axis="y", color="#eeeeee", linewidth=0.6)
