"""
Intervals between spikes
========================

Few intervals are shorter than 20 ms, because a cell has to charge again, and more are a little longer; long ones are as in
Poisson processes with as many spikes of each cell (dashed).
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import cuba

net, _ = cuba.build()
result = bs.simulate(net, 2000.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    bs.plot.isi_histogram(result, ax=ax, log=True)
