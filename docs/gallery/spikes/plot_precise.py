"""
Synchrony that a grid of time makes
===================================

The currents that these cells send keep them apart. On a grid of 1 ms, cells that fire within one step are reset together
and stay together. With ``precise=True`` each spike has its own time, and the same steps suffice.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

start = np.random.default_rng(1).uniform(-65.0, -51.0, 100)
cells = bs.Population(100, bs.LIF(tau_m=20.0, t_ref=2.0), name="cells", initial={"v": start})
net = bs.Network(seed=1)
net.connect(cells, cells, bs.AllToAll(), weight=1.0, delay=1.0, synapse=bs.Exponential(tau=5.0))
net.stimulate(cells, bs.CurrentInput(380.0))

runs = {
    "spikes on a grid of 1 ms": bs.simulate(net, 1000.0, dt=1.0, seed=1),
    "spikes on a grid of 0.01 ms": bs.simulate(net, 1000.0, dt=0.01, seed=1),
    "exact spikes, steps of 1 ms": bs.simulate(net, 1000.0, dt=1.0, seed=1, precise=True),
}
figure, axes = plt.subplots(3, 1, figsize=(7.0, 6.0), sharex=True, sharey=True, layout="constrained")
for ax, (title, result) in zip(axes, runs.items(), strict=True):
    spikes = result.spikes["cells"].between(500.0, 1000.0)
    bs.plot.raster(spikes.between(900.0, 1000.0), ax=ax)
    ax.set(title=f"{title}: synchrony {spikes.synchrony(1.0):.2f}", ylabel="cell")
