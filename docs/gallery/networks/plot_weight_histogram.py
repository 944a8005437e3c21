"""
Histogram of weights
====================

Lognormal weights: most synapses are weak, a few are ten times as strong.
"""

import matplotlib.pyplot as plt

import brainsim as bs

cells = bs.Population(1000, bs.LIF(), name="cells")
net = bs.Network(seed=1)
strength = bs.LogNormal(-0.7, 0.9)
wires = net.connect(cells, cells, bs.FixedIndegree(100), weight=strength, delay=1.5, synapse=bs.Delta())

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.2), layout="constrained")
    bs.plot.weight_histogram(net.synapses(wires), ax=ax)
