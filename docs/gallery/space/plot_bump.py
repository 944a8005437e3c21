"""
A bump on a ring
================

Cells excite their neighbours and inhibit all others: the place of a short input (grey) is held long after it.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

n = 400
ring = np.arange(n) * 360.0 / n  # degrees, as positions on a line whose ends are joined
exc = bs.Population(n, bs.LIF(), name="excitatory", positions=ring, initial={"v": bs.Uniform(-65.0, -55.0)})
inh = bs.Population(100, bs.LIF(tau_m=10.0), name="inhibitory")
net = bs.Network(seed=1)
near = bs.DistanceRule.gaussian(1.0, sigma=18.0, periodic=360.0, k=40)
slow, fast = bs.Exponential(tau=60.0, name="slow"), bs.Exponential(tau=8.0, name="fast")
net.connect(exc, exc, near, weight=4.0, delay=1.0, synapse=slow)
net.connect(exc, inh, bs.FixedIndegree(40), weight=8.0, delay=1.0, synapse=slow)
net.connect(inh, exc, bs.FixedIndegree(40), weight=-40.0, delay=1.0, synapse=fast)
net.stimulate(exc, bs.NoiseInput(120.0, mean=100.0, tau=5.0))
net.stimulate(exc[180:220], bs.CurrentInput([0.0, 300.0, 0.0], times=[0.0, 200.0, 400.0]))
result = bs.simulate(net, 1500.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.6), layout="constrained")
    bs.plot.raster(result.spikes["excitatory"], ax=ax)
    ax.axvspan(200.0, 400.0, color="#9a9a9a", alpha=0.2, linewidth=0)
