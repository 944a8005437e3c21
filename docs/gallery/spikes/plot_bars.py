"""
Bars
====

One number for each population: its rate, compared with that of the same network with ten times longer delays (strokes).
"""

import matplotlib.pyplot as plt

import brainsim as bs


def run(delay):
    """Return half a second of 1,000 cells, a fifth of them inhibitory."""
    lif = bs.LIF(v_rest=-49.0, v_reset=-60.0, t_ref=5.0)
    cells = bs.Population(1000, lif, name="cells", initial={"v": bs.Uniform(-60.0, -50.0)})
    exc, inh = cells[:800].named("excitatory"), cells[800:].named("inhibitory")
    net = bs.Network(seed=1)
    net.connect(exc, cells, bs.FixedIndegree(64), weight=16.2, delay=delay, synapse=bs.Exponential(tau=5.0, name="exc"))
    net.connect(inh, cells, bs.FixedIndegree(16), weight=-90.0, delay=delay, synapse=bs.Exponential(tau=10.0, name="inh"))
    return bs.simulate(net, 500.0, seed=2)


result, other = run(delay=0.5), run(delay=5.0).spikes["cells"]
late = [other.of(slice(800)).rate(), other.of(slice(800, 1000)).rate()]

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 1.9), layout="constrained")
    bs.plot.bars(result, bs.Spikes.rate, reference=late, label="rate [Hz]", ax=ax)
    ax.legend(ax.collections, ["with delays of 5 ms"], loc="lower right", bbox_to_anchor=(1.0, 1.0))
