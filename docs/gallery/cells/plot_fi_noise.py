"""
Rate against current, with noise
================================

Noise lets a cell fire below its threshold current, and makes the curve smooth.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs


class Noisy(bs.LIF):
    """A LIF with white noise; sigma is the standard deviation of v without a threshold."""

    equations = "dv/dt = (v_rest - v)/tau_m + I/c_m + sigma*sqrt(2/tau_m)*xi"
    sigma: float = bs.parameter(0.0, "mV", "standard deviation of v without a threshold", at_least=0.0)


with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    for sigma in (0.0, 2.0, 5.0):
        curve = bs.explore.fi_curve(Noisy(sigma=sigma), np.arange(0.0, 301.0, 15.0), trials=60)
        ax.plot(curve.currents, curve.rates, label=f"noise of {sigma:g} mV")
    ax.set(xlabel="current [pA]", ylabel="rate [Hz]")
    ax.legend()
