"""
Depressing synapses forget the rate
===================================

At high rates the stationary response of a depressing synapse is inversely proportional to the rate, so its sum is constant.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs
from brainsim.examples import short_term

SOURCE = "Tsodyks & Markram (1997), doi:10.1073/pnas.94.2.719"
CLAIM = "above a limiting rate the stationary response per spike falls as 1/rate, to 1/(rate tau_rec) of the absolute one"
CLAIMED, MARGIN, CONFIDENCE = -1.0, 0.05, None  # slope on logarithmic axes; and 5 % of the size; nothing is random

LIMIT = 20.0  # Hz: well above 1/(U tau_rec) = 2.5 Hz

net, traces = short_term.build(states="two")
result = bs.simulate(net, short_term.DURATION, seed=1, record=traces)
rates, rule = short_term.RATES, short_term.DEPRESSING
last = np.array([released[-1] for released in short_term.measure(result, "depressing")[-rates.size :]])
high = rates > LIMIT
slope = np.polyfit(np.log(rates[high]), np.log(last[high]), 1)[0]
size = last[-1] * rates[-1] * rule.tau_rec / 1000.0

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    ax.loglog(rates, last, "o")
    ax.loglog(rates, 1000.0 / (rates * rule.tau_rec), color="#9a9a9a", zorder=0)
    ax.set(xlabel="rate [Hz]", ylabel="stationary response / absolute one", ylim=(None, 1.0))

print(f"measured: slope {slope:.3f} above {LIMIT:g} Hz, {size:.3f} of the limit at {rates[-1]:g} Hz")
held = abs(slope - CLAIMED) < MARGIN and abs(size - 1.0) < MARGIN
print("verdict:", "reproduced" if held else "not reproduced")
