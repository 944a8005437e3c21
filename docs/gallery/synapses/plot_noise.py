"""
Noise that cells share
======================

Two cells receive noise with a correlation time of 20 ms; in the lower panel, 80 % of its variance is shared.
"""

import matplotlib.pyplot as plt

import brainsim as bs

net, traces = bs.Network(seed=1), []
for correlation in (0.0, 0.8):
    cells = bs.Population(2, bs.LIF(v_th=1000.0), name=f"correlation {correlation:g}")
    net.stimulate(cells, bs.NoiseInput(80.0, tau=20.0, correlation=correlation), name=f"noise {correlation:g}")
    traces.append(bs.Trace(cells, "v"))
result = bs.simulate(net, 600.0, seed=2, record=traces)

with bs.plot.style():
    fig, axes = plt.subplots(2, sharex=True, sharey=True, figsize=(7.0, 4.2), layout="constrained")
    for (name, _), ax in zip(result.traces, axes, strict=True):
        bs.plot.trace(result.traces[name, "v"], ax=ax, offset=False)
        ax.set_title(name)
    axes[0].set_xlabel("")
