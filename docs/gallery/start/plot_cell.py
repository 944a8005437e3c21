"""
A cell under steps of current
=============================

The potential of the cell follows the current; as soon as it passes the threshold (dashed) the cell fires.
"""

import matplotlib.pyplot as plt

import brainsim as bs

cell = bs.Population(1, bs.LIF(), name="cell")
net = bs.Network(seed=1)
net.stimulate(cell, bs.CurrentInput([100.0, 200.0, 300.0, 0.0], times=[50.0, 150.0, 250.0, 350.0]))  # pA, ms
result = bs.simulate(net, 400.0, seed=2, record=[bs.Trace(cell, "v")])

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.2), layout="constrained")
    bs.plot.trace(result, ("cell", "v"), ax=ax)
