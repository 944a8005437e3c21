"""
Pulses bring all oscillators together
=====================================

A hundred leaky cells, each of which pushes all others when it fires, start at random and end by firing together.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Mirollo & Strogatz (1990), doi:10.1137/0150098; here a pulse takes 0.01 ms, and is lost if the cell just fired"
CLAIM = "oscillators that charge with a falling slope and excite each other by pulses synchronise from almost all starts"
MARGIN, CONFIDENCE = 0.2, 0.95  # below the share of 1, of networks in which all fire within 0.1 ms

NETWORKS, N, PUSH, DT, DURATION = 20, 100, 0.05, 0.01, 1500.0  # cells of each; mV at a threshold of 15 mV; ms; ms

model = bs.LIF(tau_m=20.0, v_rest=0.0, v_th=15.0, v_reset=0.0, t_ref=0.1)
net = bs.Network(seed=1)
names = [f"network {k}" for k in range(NETWORKS)]
for name in names:
    cells = bs.Population(N, model, name=name, initial={"v": bs.Uniform(0.0, 15.0)})
    net.connect(cells, cells, bs.AllToAll(autapses=False), weight=PUSH, delay=DT, synapse=bs.Delta())
    net.stimulate(cells, bs.CurrentInput(200.0))  # to 20 mV, if there were no threshold
result = bs.simulate(net, DURATION, dt=DT, seed=2)
late = [np.array([times[-2] for times in result.spikes[name].per_cell()]) for name in names]
together = np.array([np.ptp(times) <= 0.1 for times in late])
test = bs.testing.compare_means(together, 1.0, margin=MARGIN, confidence=CONFIDENCE, name="share in synchrony")

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.6), layout="constrained")
    bs.plot.raster(result.spikes[names[0]], ax=ax)

print(f"measured: {together.sum()} of {NETWORKS} networks, widest {max(np.ptp(times) for times in late):.2f} ms")
print("verdict:", "reproduced" if test.equivalent else "not reproduced")
