"""
Neighbours on a sheet
=====================

The targets of five cells, whose probability falls off with distance; the edges are joined, so one reaches around.
"""

import matplotlib.pyplot as plt

import brainsim as bs

places = bs.positions.box(4000, (1000.0, 600.0), seed=1)  # um
sheet = bs.Population(4000, bs.LIF(), name="sheet", positions=places)
net = bs.Network(seed=1)
near = bs.DistanceRule.gaussian(0.5, sigma=60.0, periodic=(1000.0, 600.0))
table = net.synapses(net.connect(sheet, sheet, near, weight=0.1, delay="0.5 + d/300", synapse=bs.Delta()))

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 4.2), layout="constrained")
    ax.plot(*places.T, ".", color="#dddddd", markersize=2.0)
    for cell in (10, 20, 30, 40, 50):
        targets = places[table.post[table.pre == cell]]
        (dots,) = ax.plot(*targets.T, ".", markersize=4.0)
        ax.plot(*places[cell], "o", markersize=8.0, color=dots.get_color(), markeredgecolor="black")
    ax.set(xlabel="x [um]", ylabel="y [um]", aspect="equal")
