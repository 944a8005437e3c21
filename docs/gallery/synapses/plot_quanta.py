"""
Vesicles one by one
===================

Six trials of the same five spikes: vesicles are released at random, and the mean (black) follows the smooth rule.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

trials = 300
spikes = bs.Population(1, bs.SpikeTrains([[20.0, 60.0, 100.0, 140.0, 180.0]]), name="spikes")
cells = bs.Population(trials, bs.LIF(), name="cells")
net = bs.Network(seed=1)
rule = bs.QuantalRelease(sites=6, U=0.5, tau_rec=300.0)
net.connect(spikes, cells, bs.AllToAll(), weight=60.0, delay=1.0, synapse=bs.Exponential(tau=5.0), plasticity=rule)
result = bs.simulate(net, 250.0, seed=2, record=[bs.Trace(cells, "v")])
traces = result.traces["cells", "v"]

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    ax.plot(traces.times, traces.values[:, :6], linewidth=0.9)
    ax.plot(traces.times, np.mean(traces.values, axis=1), color="black", linewidth=2.0)
    ax.set(xlabel="time [ms]", ylabel="v [mV]")
