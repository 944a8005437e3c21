"""The figure of spiking cells that learned Yin-Yang compared with a perceptron."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch

from brainsim.ann.networks.mlp import MLP
from brainsim.examples import timing
from brainsim.examples._figures.layout import accuracy, activations, hidden_spikes, potentials, side_by_side
from brainsim.plot.elements.styles import style

GRID = 80  # points along a side of a map
PARTS = ListedColormap(["#c9d7e8", "#f2dcc4", "#d8e6cf"])  # yin, yang and dots
CLASSES = ("yin", "yang", "dots")


def settings_of(result):
    """Return the keywords of `timing.train_network` that belong to a result: seed, cells, and what is not the default."""
    cells, seed = result.spikes["hidden0"].n, result.stats["network_seed"]
    whole = cells == 200
    return {"seed": seed, "cells": cells} | ({} if whole else {k: timing.SMALL[k] for k in ("epochs", "samples")})


def machine_of(seed, cells, samples=5000):
    """Return a trained perceptron with the same number of hidden units, and its test accuracy."""
    points = timing.data(samples)
    machine = MLP(cells, dropout=0.0, epochs=100, validation=0.0, seed=seed).fit(points.X_train, points.y_train)
    return machine, machine.score(points.X_test, points.y_test)


def timing_figure(result, window):
    chosen = settings_of(result)
    samples = chosen.get("samples", 5000)
    net, epochs, shares = timing.train_network(  # the call of `build`: it is cached
        chosen["seed"], chosen.get("epochs", 60), chosen["cells"], samples
    )
    points = timing.data(samples)
    machine, share = machine_of(chosen["seed"], chosen["cells"], samples)
    with style():
        figure, (left, brain, both) = side_by_side(
            "multilayer perceptron",
            "spiking network",
            caption=_caption(chosen["cells"], share, shares[-1]),
            heights=(1.1, 0.9),
        )
        _map(left[0], machine.predict, points.X_test[timing.SHOWN], "the answer for each point")
        _map(
            brain[0], lambda X: net.predict(timing.spike_times(X)), points.X_test[timing.SHOWN], "the answer for each point"
        )
        activations(left[1], machine, points.X_test[timing.SHOWN])
        hidden_spikes(brain[1], result, window)
        accuracy(both[0], epochs, shares, share)
        potentials(both[1], result, int(points.y_test[timing.SHOWN]), CLASSES)
    return figure


def _caption(cells, machine, spiking):
    return (
        f"Both have {cells} hidden units and see the same points, the perceptron as numbers, the cells as spike times. "
        f"Of 1,000 test points the perceptron takes {100.0 * machine:.1f}\u00a0% right, the spiking network "
        f"{100.0 * spiking:.1f}\u00a0%. It learned from the exact gradient of its spike times. The spikes are those of the "
        "simulator, which runs the trained network with the point that is marked by a ring."
    )


def _map(ax, predict, point, title):
    """Draw the classes that a network sees in the square."""
    x, y = np.meshgrid(*(np.linspace(0.0, 1.0, GRID),) * 2)
    X = np.stack([x.ravel(), y.ravel(), 1.0 - x.ravel(), 1.0 - y.ravel()], axis=1)
    inside = (X[:, 0] - 0.5) ** 2 + (X[:, 1] - 0.5) ** 2 <= 0.25
    classes = np.where(inside, predict(X), np.nan).reshape(GRID, GRID)
    ax.imshow(classes, origin="lower", extent=(0.0, 1.0, 0.0, 1.0), cmap=PARTS, vmin=0, vmax=2, interpolation="nearest")
    ax.plot(*point[:2], "o", color="black", markersize=7, markerfacecolor="none")
    parts = [Patch(color=PARTS(k), label=name) for k, name in enumerate(CLASSES)]
    ax.legend(handles=parts, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, handlelength=1.0)
    ax.set_title(title, fontsize=10)
    ax.set_axis_off()
