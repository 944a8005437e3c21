"""
A direction learned without labels
==================================

The weights of a unit that learns by Oja's rule turn to the direction in which its inputs (grey) vary most.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

rng = np.random.default_rng(1)
points = rng.normal(size=(500, 2)) @ [[1.0, 0.6], [0.6, 0.6]]

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(5.6, 4.2), layout="constrained")
    ax.plot(*points.T, ".", color="#c9c9c9", markersize=3.0)
    for epochs, colour, name in ((1, "#6fb1e4", "1 pass"), (2, "#1a76c6", "2 passes"), (20, "#0b2e57", "20 passes")):
        learner = bs.learn.OjaUnit(2, learning_rate=0.002, seed=3).fit(points, epochs=epochs)
        arrow = {"arrowstyle": "->", "linewidth": 2.0, "color": colour}
        ax.annotate("", 2.0 * learner.weights, (0.0, 0.0), arrowprops=arrow)
        ax.plot([], [], color=colour, linewidth=2.0, label=name)
    ax.set(xlabel="input 1", ylabel="input 2", aspect="equal")
    ax.legend(loc="lower right")
