"""
Connectivity matrix
===================

How many synapses a cell of each layer receives from each: blue excites, red inhibits.
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import microcircuit

net, _ = microcircuit.build()

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 5.2), layout="constrained")
    bs.plot.connectivity(net, ax=ax)
