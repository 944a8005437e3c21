"""
Strength and duration of a stimulus
===================================

The shorter a pulse, the stronger it must be to make a cell fire: the weakest ones (dots) on the law (line).
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Lapicque (1907), translated by Brunel & van Rossum (2007), doi:10.1007/s00422-007-0189-6"
CLAIM = "the weakest pulse of length d that excites a leaky capacitor is rheobase/(1 - exp(-d/tau))"
MARGIN, CONFIDENCE = 0.01, None  # of the current, at each length; nothing is random

TAU, RHEOBASE = 20.0, 150.0  # ms, pA
lengths = np.array(
    [1.0, 2.0, 5.0, 10.0, 13.9, 20.0, 50.0, 100.0]
)  # ms; 13.9 is tau*ln(2), where twice the rheobase is needed
law = RHEOBASE / (1.0 - np.exp(-lengths / TAU))
factors = np.linspace(0.9, 1.1, 201)
pulses = np.multiply.outer(law, factors).ravel()  # pA, of one cell each
stop = np.repeat(lengths, factors.size)

cells = bs.Population(pulses.size, bs.LIF(tau_m=TAU), name="cells")
net = bs.Network(seed=1)
times = np.concatenate([[0.0], lengths])
net.stimulate(cells, bs.CurrentInput(np.where(times[:, None] < stop, pulses, 0.0), times=times))
fired = bs.simulate(net, 120.0, seed=1).spikes["cells"].counts().reshape(lengths.size, -1) > 0
weakest = np.where(fired, factors * law[:, None], np.inf).min(axis=1)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    smooth = np.geomspace(0.8, 120.0, 200)
    ax.loglog(smooth, RHEOBASE / (1.0 - np.exp(-smooth / TAU)), color="#9a9a9a")
    ax.loglog(lengths, weakest, "o")
    ax.set(xlabel="length of the pulse [ms]", ylabel="weakest current that excites [pA]")

largest = np.abs(weakest / law - 1.0).max()
print(f"measured: at most {100 * largest:.2f} % off the law")
print("verdict:", "reproduced" if largest < MARGIN else "not reproduced")
