"""
Window of spike timing
======================

One pair of spikes changes the synapse: it grows if the source fires first, and shrinks if the target does.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

lags = np.arange(-60.0, 61.0, 2.0)
lags = lags[lags != 0.0]
sources = bs.Population(lags.size, bs.SpikeTrains([[100.0]] * lags.size), name="sources")
cells = bs.Population(lags.size, bs.LIF(), name="cells")
teachers = bs.Population(lags.size, bs.SpikeTrains([[100.0 + lag] for lag in lags]), name="teachers")
net = bs.Network(seed=1)
rule = bs.STDP(a_plus=0.01, a_minus=0.0105, w_max=1.0)
# the whole delay is in the dendrite: spikes of the source count when they are sent
options = {"dendritic_delay": "all", "synapse": bs.Delta(), "plasticity": rule}
wires = net.connect(sources, cells, bs.OneToOne(), weight=0.5, delay=1.0, **options)
net.connect(teachers, cells, bs.OneToOne(), weight=100.0, delay=0.1, synapse=bs.Delta())  # mV: each spike makes one
sim = bs.Simulation(net, seed=2)
sim.run(300.0)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    change = 100.0 * (sim.synapses(wires).weight - 0.5)
    ax.axhline(0.0, color="#9a9a9a", linewidth=0.8)
    ax.plot(lags, change, "o", markersize=3.5)
    ax.set(xlabel="t(post) − t(pre) [ms]", ylabel="change [% of the bound]")
