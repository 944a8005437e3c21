"""
Four states of a balanced network
=================================

Synchronous regular (SR), synchronous irregular (SI, fast and slow) and asynchronous irregular (AI): the strengths of
inhibition and drive decide which (Brunel 2000).
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import balanced

with bs.plot.style():
    fig, axes = plt.subplots(2, 2, figsize=(9.0, 5.4), layout="constrained")
    for state, ax in zip(("SR", "SI-fast", "AI", "SI-slow"), axes.flat, strict=True):
        net, _ = balanced.build(state, n=4000)
        spikes = bs.simulate(net, 6000.0, seed=2).spikes["cells"]
        bs.plot.raster(spikes, ax=ax, window=(5800.0, 6000.0), max_cells=100, size=2.0)
        ax.set_title(f"{state}: {spikes.rate():.0f} Hz, CV {spikes.cv():.2f}")
