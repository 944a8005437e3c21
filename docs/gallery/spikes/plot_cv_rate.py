"""
Irregularity against rate
=========================

A dot for each cell with 20 spikes or more in ten seconds: the faster a cell fires, the more regular are its intervals.
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import cuba

net, _ = cuba.build()
result = bs.simulate(net, 10_000.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    bs.plot.cv_rate(result, ax=ax)
