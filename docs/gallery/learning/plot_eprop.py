"""
A pattern learned by e-prop
===========================

A recurrent network of spiking cells learns to draw a curve; each synapse uses only what it can know.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

inputs = np.random.default_rng(1).random((1, 400, 20)) < 0.05  # spikes: samples, steps, inputs
steps = np.arange(400.0)
target = (np.sin(steps / 30.0) + 0.5 * np.sin(steps / 12.0)).reshape(1, 400, 1)
learner = bs.learn.EProp(20, 80, 1, adaptive=40)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.6), layout="constrained")
    ax.plot(steps, target.ravel(), color="black", linewidth=2.0, label="target")
    for epochs in (20, 400):
        learner.fit(inputs, target, epochs=epochs)
        ax.plot(steps, learner.predict(inputs).ravel(), label=f"after {epochs} epochs")
    ax.set(xlabel="time [ms]", ylabel="output")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3)
