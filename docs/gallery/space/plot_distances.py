"""
Synapses by distance
====================

How far apart connected cells are, and how weights and delays depend on it.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

places = bs.positions.ball(3000, 400.0, seed=1)  # a disc
disc = bs.Population(3000, bs.LIF(), name="disc", positions=places)
net = bs.Network(seed=1)
rule = bs.DistanceRule.exponential(0.6, 80.0)
table = net.synapses(net.connect(disc, disc, rule, weight="0.4*exp(-d/150)", delay="0.5 + d/300", synapse=bs.Delta()))
d = np.hypot(*(places[table.post] - places[table.pre]).T)
some = slice(None, None, 200)

with bs.plot.style():
    fig, axes = plt.subplots(1, 3, figsize=(9.0, 3.0), layout="constrained")
    axes[0].hist(d, bins=60)
    axes[0].set_ylabel("synapses")
    axes[1].plot(d[some], table.weight[some], ".", markersize=2.0)
    axes[1].set_ylabel("weight [mV]")
    axes[2].plot(d[some], table.delay[some], ".", markersize=2.0)
    axes[2].set_ylabel("delay [ms]")
    for ax in axes:
        ax.set_xlabel("distance [um]")
