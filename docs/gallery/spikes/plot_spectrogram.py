"""
Spectrogram
===========

The rate of the cells follows an input whose frequency rises from 5 to 80 Hz; the fainter lines at two, three and four times
the frequency are its overtones.
"""

import matplotlib.pyplot as plt

import brainsim as bs

cells = bs.Population(1000, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
net = bs.Network(seed=1)
rate = bs.signals.chirp(16_000.0, 6_000.0, 5.0, 80.0, stop=4000.0)  # Hz, from 5 to 80 Hz
net.stimulate(cells, bs.PoissonInput(rate=rate, weight=0.05, synapse=bs.Delta()))
result = bs.simulate(net, 4000.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    bs.plot.spectrogram(result.spikes["cells"], ax=ax, segment=500.0, max_frequency=180.0)
