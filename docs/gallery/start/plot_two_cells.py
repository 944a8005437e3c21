"""
Two cells that take turns
=========================

Each cell silences the other until it tires: its current of adaptation w grows with its spikes, and hands the turn over.
"""

import matplotlib.pyplot as plt

import brainsim as bs

model = bs.AdEx(a=0.0, b=40.0, tau_w=400.0)
cells = bs.Population(2, model, name="cells", initial={"v": [-55.0, -70.0]})
net = bs.Network(seed=1)
net.connect(cells, cells, bs.AllToAll(autapses=False), weight=-250.0, delay=1.0, synapse=bs.Exponential(tau=60.0))
net.stimulate(cells, bs.CurrentInput(1000.0))
result = bs.simulate(net, 3000.0, seed=2, record=[bs.Trace(cells, "v"), bs.Trace(cells, "w")])

with bs.plot.style():
    fig, axes = plt.subplots(2, sharex=True, figsize=(7.0, 4.6), layout="constrained")
    bs.plot.trace(result, ("cells", "v"), ax=axes[0], offset=True)
    bs.plot.trace(result, ("cells", "w"), ax=axes[1], offset=False)
    axes[0].set_xlabel("")
