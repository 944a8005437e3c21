"""
A gamma rhythm of inhibitory cells
==================================

A hundred interneurons that inhibit each other, started at random, fire together at a rate that slow inhibition sets.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Wang & Buzsaki (1996), doi:10.1523/JNEUROSCI.16-20-06402.1996"
CLAIM = "inhibition that decays in 10 ms synchronises identical interneurons (coherence near 1) at 20 to 80 Hz"
MARGIN, COHERENT, BAND, CONFIDENCE = 0.25, 0.9, (20.0, 80.0), 0.95  # below the share of 1, of coherent networks; Hz

NETWORKS, N, SETTLE, DURATION = 10, 100, 600.0, 1000.0  # ms
DRIVE, STRENGTH, E_REV = 100.0, 10.0, -75.0  # pA, nS and mV: 1 uA/cm2 and 0.1 mS/cm2 on 10,000 um2


class Interneuron(bs.WangBuzsaki):
    """With the gate of its synapses, which a spike opens."""

    equations = bs.WangBuzsaki.equations + "ds/dt = 12*sigmoid(v/2)*(1 - s) - s/10"
    s: float = bs.initial(0.0, "", "share of open gates")


class Inhibition(bs.Coupling):
    """A conductance that the gates of the sources open."""

    source, current, weight_unit = "s", "total*(e_rev - v)", "nS"
    e_rev: float = bs.parameter(E_REV, "mV", "reversal potential")


def coherence(spikes):
    """Return the mean overlap of the spikes of two cells in bins of a tenth of the period, as in the paper."""
    width = 100.0 / spikes.rate()
    x = np.array([np.histogram(t, np.arange(SETTLE, DURATION, width))[0] > 0 for t in spikes.per_cell()], dtype=float)
    overlap = x @ x.T / np.sqrt(np.outer(x.sum(axis=1), x.sum(axis=1)))
    return (overlap.sum() - N) / (N * (N - 1))


net = bs.Network(seed=1)
for k in range(2 * NETWORKS):  # those of the second half without inhibition
    cells = bs.Population(N, Interneuron(), name=f"network {k}", initial={"v": bs.Uniform(-70.0, -50.0)})
    if k < NETWORKS:
        net.connect(cells, cells, bs.AllToAll(autapses=False), weight=STRENGTH / N, synapse=Inhibition())
    net.stimulate(cells, bs.CurrentInput(DRIVE))
result = bs.simulate(net, DURATION, dt=0.05, seed=2)
late = [result.spikes[f"network {k}"].between(SETTLE, DURATION) for k in range(2 * NETWORKS)]
found, alone = np.array([coherence(spikes) for spikes in late]).reshape(2, -1)
rate = np.mean([spikes.rate() for spikes in late[:NETWORKS]])
test = bs.testing.compare_means(found > COHERENT, 1.0, margin=MARGIN, confidence=CONFIDENCE, name="coherent networks")

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.6), layout="constrained")
    bs.plot.raster(result.spikes["network 0"], ax=ax)

print(f"measured: {rate:.1f} Hz, coherence at least {found.min():.2f}; without inhibition at most {alone.max():.2f}")
print("verdict:", "reproduced" if test.equivalent and BAND[0] < rate < BAND[1] else "not reproduced")
