"""
An axon that rests or fires under the same current
==================================================

Cells that come from firing (red) keep firing under weaker currents than those that come from rest (blue).
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Rinzel & Miller (1980), doi:10.1016/0025-5564(80)90109-1"
CLAIM = (
    "repetitive firing exists above 6.26 uA/cm2, but rest is stable up to 9.78 uA/cm2, in the membrane of Hodgkin and Huxley"
)
CLAIMED, MARGIN, CONFIDENCE = np.array([6.26, 9.78]), 0.01, None  # uA/cm2; of each; nothing is random

START, HIGH, RAMP, DURATION = 20.0, 8.0, 1500.0, 12_000.0  # uA/cm2: strong enough to fire, and from where; ms; ms
currents = np.round(np.arange(5.8, 10.3, 0.03), 2)  # uA/cm2; 1 is 100 pA for the 10,000 um2 of the model
times = np.arange(0.0, RAMP + 1.0, 5.0)
part = (times / RAMP)[:, None]
up, down = part * currents, HIGH + part * (currents - HIGH)  # from rest, and from firing
first = times < 300.0
down[first] = START + (times[first, None] / 300.0) * (HIGH - START)

axon = bs.Population(2 * currents.size, bs.HodgkinHuxley(), name="axon")
net = bs.Network(seed=1)
net.stimulate(axon, bs.CurrentInput(100.0 * np.hstack([up, down]), times=times))
slight = bs.EventInput(times=np.full(axon.n, RAMP), ids=np.arange(axon.n), weight=0.02, synapse=bs.Delta())
net.stimulate(axon, slight)  # rest that is unstable is left at once
late = bs.simulate(net, DURATION, seed=1).spikes["axon"].between(DURATION - 500.0, DURATION)
from_rest, from_firing = late.rates().reshape(2, -1)
found = np.array([currents[rates > 0.0].min() for rates in (from_firing, from_rest)])

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    ax.plot(currents, from_firing, ".", color="#d3594c", label="after firing")
    ax.plot(currents, from_rest, ".", color="#1a5ca6", label="after rest", markersize=3.0)
    for claimed in CLAIMED:
        ax.axvline(claimed, color="#9a9a9a", linewidth=0.8, zorder=0)
    ax.set(xlabel="current [uA/cm²]", ylabel="rate [Hz]")
    ax.legend()

print(f"measured: {found[0]:.2f} and {found[1]:.2f} uA/cm2")
print("verdict:", "reproduced" if np.all(np.abs(found / CLAIMED - 1.0) < MARGIN) else "not reproduced")
