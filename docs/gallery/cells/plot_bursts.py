"""
Bursts
======

The slow variable z rises during a burst and ends it, then falls until the next one begins.
"""

import matplotlib.pyplot as plt

import brainsim as bs

cell = bs.Population(1, bs.HindmarshRose(), name="cell")
net = bs.Network(seed=1)
net.stimulate(cell, bs.CurrentInput(2.6))
result = bs.simulate(net, 1500.0, dt=0.05, seed=2, record=[bs.Trace(cell, "v"), bs.Trace(cell, "z")])

with bs.plot.style():
    fig, axes = plt.subplots(2, sharex=True, figsize=(7.0, 4.4), layout="constrained")
    for name, ax in zip(("v", "z"), axes, strict=True):
        bs.plot.trace(result, ("cell", name), ax=ax, window=(300.0, 1500.0))
    axes[0].set_xlabel("")
