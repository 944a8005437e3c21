"""
Vesicles one by one
===================

Six of 300 trials of the same five spikes: vesicles are released at random, and the mean of all (black) follows the smooth
rule of short-term depression (yellow).
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

trials = 300
spikes = bs.Population(1, bs.SpikeTrains([[20.0, 60.0, 100.0, 140.0, 180.0]]), name="spikes")
cells, smooth = bs.Population(trials, bs.LIF(), name="cells"), bs.Population(1, bs.LIF(), name="smooth")
net = bs.Network(seed=1)
rule = bs.QuantalRelease(sites=6, U=0.5, tau_rec=300.0)
synapse, mean = bs.Exponential(tau=5.0), bs.TsodyksMarkram(U=0.5, tau_rec=300.0, tau_fac=0.0)
net.connect(spikes, cells, bs.AllToAll(), weight=60.0, delay=1.0, synapse=synapse, plasticity=rule)
net.connect(spikes, smooth, bs.AllToAll(), weight=6 * 60.0, delay=1.0, synapse=synapse, plasticity=mean)
result = bs.simulate(net, 250.0, seed=2, record=[bs.Trace(cells, "v"), bs.Trace(smooth, "v")])
traces = result.traces["cells", "v"]

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    ax.plot(traces.times, traces.values[:, :6], linewidth=0.9)
    ax.plot(traces.times, np.mean(traces.values, axis=1), color="black", linewidth=3.0)
    ax.plot(traces.times, result.traces["smooth", "v"].values, color="#ffd24d", linewidth=1.2)
    ax.set(xlabel="time [ms]", ylabel="v [mV]")
