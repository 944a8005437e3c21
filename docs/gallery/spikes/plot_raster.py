"""
Raster
======

A dot for each spike: excitatory cells above, inhibitory ones below, each with a colour of its own.
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import cuba

net, _ = cuba.build()
result = bs.simulate(net, 500.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    bs.plot.raster(result, ax=ax, window=(200.0, 500.0))
