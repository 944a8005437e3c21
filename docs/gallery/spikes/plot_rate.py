"""
Population rate
===============

The mean rate per cell over time, smoothed by a Gaussian of 5 ms.
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import cuba

net, _ = cuba.build()
result = bs.simulate(net, 1000.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    bs.plot.rate(result, ax=ax, sigma=5.0, window=(200.0, 1000.0))
