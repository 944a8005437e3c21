"""
Raster, ordered by rate
=======================

The same cells in the order of their rates: random wiring makes some cells several times as active as others.
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import cuba

net, _ = cuba.build()
result = bs.simulate(net, 1000.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    bs.plot.raster(result.spikes["cells"], ax=ax, sort="rate", max_cells=1000)
