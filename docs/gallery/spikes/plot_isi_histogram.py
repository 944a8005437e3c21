"""
Intervals between spikes
========================

Few intervals are short, since a cell has to charge again; more are long than in a Poisson process (dashed), since cells
differ in their rates.
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import cuba

net, _ = cuba.build()
result = bs.simulate(net, 2000.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    bs.plot.isi_histogram(result, ax=ax, log=True)
