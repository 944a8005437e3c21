"""
A sound as spikes
=================

Bands of a chirp that rises from 200 to 3,000 Hz, as in the cochlea, and the spikes that they become.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

time = np.arange(16_000) / 16_000.0  # s
sound = np.sin(2.0 * np.pi * (200.0 * time + 1400.0 * time**2))
values, frequencies = bs.encode.filter_bank(sound, 16_000.0, channels=40, interval=5.0)
spikes = bs.encode.Rate(max_rate=150.0).encode(values, interval=5.0, seed=1)

with bs.plot.style():
    fig, axes = plt.subplots(2, sharex=True, figsize=(7.0, 4.6), layout="constrained")
    bands = axes[0].pcolormesh(np.arange(201) * 5.0, np.arange(41) - 0.5, values.T, cmap="Blues", rasterized=True)
    fig.colorbar(bands, ax=axes[0], label="strength")
    ticks = [100, 500, 1000, 2000, 5000]
    axes[0].set_yticks(np.interp(ticks, frequencies, np.arange(40)), [f"{tick:,}" for tick in ticks])
    axes[0].set_ylabel("band [Hz]")
    bs.plot.raster(spikes, ax=axes[1], size=1.5)
