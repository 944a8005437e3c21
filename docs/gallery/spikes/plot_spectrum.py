"""
Spectrum of the population rate
===============================

The fast oscillation of the network is a peak far above independent Poisson processes (dashed).
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import balanced

net, _ = balanced.build("SI-fast", n=4000)
result = bs.simulate(net, 2000.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    bs.plot.spectrum(result, ax=ax, max_frequency=500.0)
