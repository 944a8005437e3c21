"""The figure of an echo state network beside a liquid: one sample in both, the outputs of the readouts, the accuracy."""

import numpy as np

from brainsim.ann.report.layout import side_by_side
from brainsim.ann.report.pictures import MACHINE, NEURON
from brainsim.ann.report.reservoirs import NAMES, as_text
from brainsim.plot.elements.styles import FAINT, style
from brainsim.plot.rasters import raster


def reservoir_figure(comparison):
    """Return the figure of a `ReservoirComparison`."""
    end = comparison.liquid.frame * len(comparison.sample)
    with style():
        figure, (machine, brain, both) = side_by_side(
            "echo state network",
            "liquid of spiking cells",
            "what they remember",
            caption=comparison.caption,
            heights=(1.25, 1.0),
        )
        _units(comparison, machine[0], end)
        _cells(comparison, brain[0], end)
        _evidence(comparison, machine[1], "echo")
        _evidence(comparison, brain[1], "liquid")
        _course(comparison, both[0], end)
        _bars(comparison, both[1])
    return figure


def _input(comparison, ax, end, rows, label):
    """Draw the size of the input above the rows of a network, and label both."""
    low, high = 1.06 * rows, 1.36 * rows
    largest = np.abs(comparison.sample).max()
    ax.imshow(
        np.abs(comparison.sample.T),
        aspect="auto",
        origin="lower",
        cmap="Greys",
        extent=(0.0, end, low, high),
        vmin=0.0,
        vmax=largest,
        interpolation="nearest",
    )
    ax.set(xlim=(0.0, end), ylim=(-0.5, high), xlabel="time [ms]", ylabel="")
    ax.set_yticks([0.5 * (low + high), 0.5 * rows], ["input", f"{rows}\n{label}"])
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _units(comparison, ax, end):
    """Draw the states of the artificial units, sorted by the time at which they are farthest from 0."""
    units = comparison.units[:, np.argsort(np.abs(comparison.units).argmax(axis=0), kind="stable")]
    largest = np.abs(units).max()
    ax.imshow(
        units.T,
        aspect="auto",
        origin="lower",
        cmap="RdGy_r",
        extent=(0.0, end, -0.5, units.shape[1] - 0.5),
        vmin=-largest,
        vmax=largest,
        interpolation="nearest",
    )
    _input(comparison, ax, end, units.shape[1], "units")
    ax.set_title("states of the units (red: above 0)", fontsize=10)


def _cells(comparison, ax, end):
    raster(comparison.spikes, ax=ax, window=(0.0, end), color=NEURON, size=2.0)
    _input(comparison, ax, end, comparison.spikes.n, "cells")
    ax.set_title("spikes of the cells", fontsize=10)


def _evidence(comparison, ax, name):
    """Draw the output of the readout for each class, with the true class in colour."""
    time = comparison.liquid.frame * comparison.frames
    colour, outputs = {"echo": MACHINE, "liquid": NEURON}[name], comparison.evidence[name]
    true = comparison.names[comparison.label]
    others = ax.plot(time, np.delete(outputs, comparison.label, axis=1), color=FAINT, linewidth=0.8)
    others[0].set_label("other classes")
    ax.plot(time, outputs[:, comparison.label], color=colour, linewidth=2.2, label=f"{true}, the true class")
    ax.set(xlim=(0.0, time[-1]), ylim=(-0.5, 1.9), xlabel="time [ms]", ylabel="output (target: 1 or 0)")
    ax.set_yticks((0.0, 0.5, 1.0))
    ax.set_title("outputs of the readout for this sample", fontsize=10)
    ax.legend(loc="upper left", fontsize=9)


def _course(comparison, ax, end):
    """Draw the accuracy after each frame, with a band of one standard deviation over seeds."""
    lines = {"input": (FAINT, "the frame alone"), "echo": (MACHINE, "echo state"), "liquid": (NEURON, "liquid")}
    time = comparison.liquid.frame * comparison.frames
    for name, (colour, label) in lines.items():
        mean, spread = 100.0 * comparison.over_time[name].mean(axis=0), 100.0 * comparison.over_time[name].std(axis=0)
        ax.plot(time, mean, color=colour, label=label)
        ax.fill_between(time, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0.0)
    ax.set(xlim=(0.0, end), ylim=(0.0, 140.0), xlabel="time [ms]", ylabel="accuracy [%]", yticks=range(0, 101, 20))
    ax.set_title("read out after each frame", fontsize=10)
    ax.legend(loc="upper left", fontsize=9)


def _bars(comparison, ax):
    colours, names = {"echo": MACHINE, "liquid": NEURON}, list(comparison.accuracy)
    values = [100.0 * comparison.accuracy[name].mean() for name in names]
    ax.barh([NAMES[name] for name in names], values, color=[colours.get(name, FAINT) for name in names], height=0.7)
    for row, (name, value) in enumerate(zip(names, values, strict=True)):
        inside = value > 60.0
        ax.annotate(
            as_text(comparison.accuracy[name]),
            (value, row),
            (-4 if inside else 4, 0),
            textcoords="offset points",
            va="center",
            ha="right" if inside else "left",
            color="white" if inside else "#444444",
        )
    chance = 100.0 / len(comparison.names)
    ax.axvline(chance, color="#444444", linewidth=0.8, linestyle=":")
    ax.annotate(
        "chance",
        (chance, 1.0),
        (3, -1),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        fontsize=8.5,
        color="#444444",
        va="bottom",
    )
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(0.0, 100.0), xlabel="accuracy at the end [%]")
