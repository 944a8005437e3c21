"""
A digit in five codes
=====================

The same 64 pixels as spikes: by rate, by the time of the first spike, by phase, by changes while the picture grows
brighter and darker, and by tuning curves of eight cells for each pixel of a row.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

image = bs.ann.datasets.digits().X_test[0]
image = image / image.max()
light = 1.0 - np.abs(np.linspace(-1.0, 1.0, 50))
film = light[:, None] * image  # the digit grows brighter and darker again, for changes
spikes = {
    "Rate": bs.encode.Rate(max_rate=100.0).encode(image, 100.0, seed=1),
    "Latency": bs.encode.Latency().encode(image, 100.0),
    "Phase": bs.encode.Phase().encode(image, 100.0),
    "Delta": bs.encode.DeltaModulation(threshold=0.1).encode(film, interval=2.0),
    "PopulationCode": bs.encode.PopulationCode(cells=8, by="latency").encode(image[16:24], 100.0),
}

with bs.plot.style():
    fig, axes = plt.subplots(2, 3, figsize=(8.0, 5.4), layout="constrained")
    axes = axes.ravel()
    axes[0].imshow(image.reshape(8, 8), cmap="Greys")
    axes[0].set(xticks=[], yticks=[], title="64 pixels")
    said = {"Delta": "Delta: on below, off above", "PopulationCode": "PopulationCode of a row"}
    for (name, train), ax in zip(spikes.items(), axes[1:], strict=True):
        bs.plot.raster(train, ax=ax, size=4.0)
        ax.set_title(said.get(name, name), fontsize="medium")
