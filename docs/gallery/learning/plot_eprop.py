"""
A pattern learned by e-prop
===========================

A recurrent network of spiking cells learns to draw a curve; each synapse uses only what it can know.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

random = np.random.default_rng(1).random((1, 400, 20)) < 0.05  # samples, steps of 1 ms, inputs
inputs = [np.nonzero(sample) for sample in random]  # times and ids of the spikes of each sample
steps = np.arange(400.0)
target = (np.sin(steps / 30.0) + 0.5 * np.sin(steps / 12.0)).reshape(1, 400, 1)
layer = bs.learn.Layer(80, recurrent=True, beta=0.03, tau_a=2000.0)
options = {"gradient": "eprop", "surrogate": "triangle", "loss": "sequence", "duration": 400.0, "validation": 0.0}
learner = bs.learn.SpikingNetwork(layer, **options, learning_rate=0.03)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.6), layout="constrained")
    ax.plot(steps, target.ravel(), color="black", linewidth=2.0, label="target")
    for epochs in (20, 400):
        learner.partial_fit(inputs, target, epochs=epochs)
        ax.plot(steps, learner.predict(inputs).ravel(), label=f"after {epochs} epochs")
    ax.set(xlabel="time [ms]", ylabel="output")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3)
