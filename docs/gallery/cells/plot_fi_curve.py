"""
Rate against current
====================

Three cells that begin to fire at different currents, and in different ways.
"""

import matplotlib.pyplot as plt

import brainsim as bs

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    for model in (bs.LIF(), bs.QIF(), bs.AdEx(a=10.0, b=60.0)):
        curve = bs.explore.fi_curve(model, range(0, 1001, 10), dt=0.01)
        ax.plot(curve.currents, curve.rates, label=type(model).__name__)
    ax.set(xlabel="current [pA]", ylabel="rate [Hz]")
    ax.legend()
