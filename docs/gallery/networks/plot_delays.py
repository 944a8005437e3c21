"""
What delays do
==============

Cells that inhibit each other oscillate together; the longer the delay of their synapses, the slower.
"""

import matplotlib.pyplot as plt

import brainsim as bs

with bs.plot.style():
    fig, axes = plt.subplots(3, sharex=True, figsize=(7.0, 5.0), layout="constrained")
    for delay, ax in zip((1.0, 2.0, 4.0), axes, strict=True):
        cells = bs.Population(400, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
        net = bs.Network(seed=1)
        net.connect(cells, cells, bs.FixedIndegree(80), weight=-0.2, delay=delay, synapse=bs.Delta())
        net.stimulate(cells, bs.PoissonInput(rate=20_000.0, weight=0.1, synapse=bs.Delta()))
        result = bs.simulate(net, 300.0, seed=2)
        bs.plot.raster(result, ax=ax, window=(150.0, 300.0))
        ax.set_title(f"delay {delay:g} ms")
    for ax in axes[:-1]:
        ax.set_xlabel("")
