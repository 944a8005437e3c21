"""
A cell that prefers pulses at its own frequency
===============================================

The weakest pair of pulses that makes a resonate-and-fire cell fire, against the time between them.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Izhikevich (2001), doi:10.1016/S0893-6080(01)00078-8"
CLAIM = "two pulses excite a resonator most easily if they are one period of its oscillation apart"
MARGIN, CONFIDENCE = 0.05, None  # of the period; nothing is random

model = bs.ResonateAndFire()  # z' = (-1 + 10i) z, with 10 ms as the unit of time
period = 2.0 * np.pi / model.omega  # ms
apart = np.round(np.arange(0.5 * period, 1.5 * period, 0.1), 1)  # ms
weights = np.arange(0.4, 1.3, 0.002)  # mV
pairs = np.arange(apart.size * weights.size)
first, second = np.full(pairs.size, 5.0), 5.0 + np.repeat(apart, weights.size)

cells = bs.Population(pairs.size, model, name="cells")
net = bs.Network(seed=1)
pulses = bs.EventInput(
    times=np.concatenate([first, second]),
    ids=np.tile(pairs, 2),
    weight=np.tile(weights, 2 * apart.size),
    synapse=bs.Delta(variable="x"),
)
net.stimulate(cells, pulses)
result = bs.simulate(net, 40.0, dt=0.02, seed=1)
fired = result.spikes["cells"].counts().reshape(apart.size, -1) > 0
weakest = np.where(fired, weights, np.inf).min(axis=1)
best = apart[weakest == weakest.min()].mean()

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    ax.plot(apart, weakest, "o", markersize=3.0)
    ax.axvline(period, color="#9a9a9a", linewidth=0.8, zorder=0)
    ax.set(xlabel="time between the pulses [ms]", ylabel="weakest pulses that excite [mV]")

print(f"measured: {best:.2f} ms apart, period {period:.2f} ms")
print("verdict:", "reproduced" if abs(best / period - 1.0) < MARGIN else "not reproduced")
