"""
Autocorrelogram
===============

The rate of cells around their own spikes: none for 20 ms, in which they charge again, then about that of Poisson processes
with as many spikes (dashed), which is above the mean rate because cells that fire more have more spikes to count around.
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import cuba

net, _ = cuba.build()
result = bs.simulate(net, 4000.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    bs.plot.correlogram(result, ax=ax, window=40.0)
