"""
Matrix of weights
=================

Sources in rows, targets in columns: each cell excites those just ahead of it on a ring, and inhibits those farther
ahead.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

n = 100
cells = bs.Population(n, bs.LIF(), name="ring")
ahead = (np.arange(n)[None, :] - np.arange(n)[:, None]) % n  # steps from source to target
weights = np.exp(-(((ahead - 8.0) / 6.0) ** 2)) - 0.5 * np.exp(-(((ahead - 30.0) / 10.0) ** 2))
net = bs.Network(seed=1)
wires = net.connect(cells, cells, bs.AllToAll(), weight=weights, delay=1.0, synapse=bs.Delta())

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(5.4, 4.4), layout="constrained")
    bs.plot.weight_matrix(net.synapses(wires), ax=ax)
