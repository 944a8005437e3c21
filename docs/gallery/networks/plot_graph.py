"""
Graph of a network
==================

Circles are populations, arrows what their synapses do: points excite, bars inhibit; numbers are synapses per target
cell.
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import microcircuit

net, _ = microcircuit.build()  # nothing is sampled: it does not matter how large it is

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 6.0), layout="constrained")
    bs.plot.graph(net, ax=ax, labels=False)
