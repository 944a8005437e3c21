"""
Synaptic scaling
================

The cells have a goal of 5 Hz: their weights shrink until they fire at this rate.
"""

import matplotlib.pyplot as plt

import brainsim as bs

cells = bs.Population(100, bs.LIF(), name="cells")
sources = bs.Population(200, bs.Poisson(rate=10.0), name="sources")
net = bs.Network(seed=1)
wires = net.connect(
    sources,
    cells,
    bs.FixedIndegree(100),
    weight=bs.Uniform(0.5, 1.5),
    delay=1.0,
    synapse=bs.Delta(),
    plasticity=bs.STDP(a_plus=0.0, a_minus=0.0, w_max=3.0),  # only the scaling acts
    homeostasis=bs.Scaling(5.0, tau=2000.0, beta=0.01),
)
result = bs.simulate(net, 60_000.0, seed=2, record=[bs.WeightTrace(wires, synapses=60, every=200.0)])

with bs.plot.style():
    fig, axes = plt.subplots(2, sharex=True, figsize=(7.0, 4.6), layout="constrained")
    bs.plot.rate(result.spikes["cells"], ax=axes[0], bin=100.0, sigma=500.0)
    axes[0].axhline(5.0, color="#9a9a9a", linestyle="--", linewidth=0.8)
    bs.plot.weights(result.weights[wires], ax=axes[1])
    axes[0].set_xlabel("")
