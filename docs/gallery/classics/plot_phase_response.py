"""
When a small push advances the next spike
=========================================

A cell of type I (blue) fires earlier whenever it is pushed; one of type II (red) later, if pushed soon after a spike.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Ermentrout (1996), doi:10.1162/neco.1996.8.5.979; Hansel, Mato & Meunier (1995), doi:10.1162/neco.1995.7.2.307"
CLAIM = "near onset, the response of a type I cell is 1 - cos(2 pi phase); that of the axon (type II) is negative early"
MARGIN, CONFIDENCE = 0.1, None  # rms of the difference, relative to the largest response; nothing is random

N = 80  # pushed cells, each at another phase; the last one is not pushed


def response(model, current, push, warm):
    """Return phases and by which part of the period a push there advances the spikes after it."""
    cells = bs.Population(N + 1, model, name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.CurrentInput(current))
    free = bs.simulate(net, warm, dt=0.01, seed=1).spikes["cells"].of(N).times
    period, start = free[-1] - free[-2], free[-4]
    phase = (np.arange(N) + 0.5) / N
    given = bs.EventInput(times=np.round(start + phase * period, 2), ids=np.arange(N), weight=push, synapse=bs.Delta())
    net.stimulate(cells, given)
    spikes = bs.simulate(net, warm, dt=0.01, seed=1).spikes["cells"].per_cell()
    return phase, np.array([(spikes[N][-2] - times[-2]) / period for times in spikes[:N]])


phase, one = response(bs.MorrisLecar(g_ca=4.0, v_3=12.0, v_4=17.4, phi=1 / 15), 40.0, 0.05, 6000.0)
_, two = response(bs.HodgkinHuxley(), 1000.0, 1.0, 250.0)
law = 1.0 - np.cos(2.0 * np.pi * phase)
size = (one @ law) / (law @ law)
off = np.sqrt(np.mean((one - size * law) ** 2)) / one.max()

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    ax.plot(phase, one / one.max(), ".", color="#1a5ca6", label="type I, near onset")
    ax.plot(phase, size * law / one.max(), color="#9a9a9a", zorder=0)
    ax.plot(phase, two / two.max(), ".", color="#d3594c", label="type II")
    ax.set(xlabel="phase of the push", ylabel="advance (largest = 1)")
    ax.legend()

early = two[: N // 2].min() / two.max()
print(
    f"measured: {100 * off:.1f} % off 1 - cos, lowest {one.min() / one.max():.2f}; type II lowest {early:.2f} of the largest"
)
print("verdict:", "reproduced" if off < MARGIN and early < 0.0 else "not reproduced")
