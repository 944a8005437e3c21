"""
Learning by spike times
=======================

Two classes differ only in which inputs come first; the exact gradient of spike times teaches the readouts to tell them
apart.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

rng = np.random.default_rng(1)
times, labels = rng.uniform(10.0, 20.0, (200, 8)), rng.integers(0, 2, 200)  # ms: a spike of each of eight inputs
times[labels == 1, :4] -= 8.0
times[labels == 0, 4:] -= 8.0
layer = bs.learn.Layer(30, weight=(1.0, 0.7))
learner = bs.learn.SpikingNetwork(layer, epochs=15, learning_rate=0.02, duration=40.0, validation=0.0)
learner.fit(times[:150], labels[:150])

with bs.plot.style():
    fig, axes = plt.subplots(1, 2, sharey=True, figsize=(8.0, 3.4), layout="constrained")
    for label, ax in enumerate(axes):
        sample = times[150:][labels[150:] == label][:1]
        net = learner.to_network(sample[0])
        result = bs.simulate(net, 40.0, dt=1.0, seed=2, precise=True, record=[bs.Trace(net.populations["readout"], "v")])
        trace = result.traces["readout", "v"]
        for k in range(2):
            ax.plot(trace.times, trace.values[:, k], label=f"readout of class {k}")
        ax.set(xlabel="time [ms]", title=f"a sample of class {label}")
    axes[0].set_ylabel("potential")
    axes[0].legend()
