"""
A sweep
=======

The rate of a network against the strength of its inhibition, with two seeds each.
"""

import matplotlib.pyplot as plt

import brainsim as bs


def rate(g, seed):
    """Return the rate of a network whose inhibition is g times as strong as its excitation [Hz]."""
    lif = bs.LIF(v_rest=0.0, v_th=20.0, v_reset=10.0)
    cells = bs.Population(500, lif, name="cells", initial={"v": bs.Uniform(0.0, 20.0)})
    net = bs.Network(seed=seed)
    net.connect(cells[:400], cells, bs.FixedIndegree(40), weight=0.5, delay=1.5, synapse=bs.Delta())
    net.connect(cells[400:], cells, bs.FixedIndegree(10), weight=-0.5 * g, delay=1.5, synapse=bs.Delta())
    net.stimulate(cells, bs.PoissonInput(rate=4_000.0, weight=0.5, synapse=bs.Delta()))
    return {"rate": bs.simulate(net, 500.0, seed=seed).spikes["cells"].rate()}


table = bs.sweep(rate, over={"g": [2.0, 3.0, 4.0, 5.0, 6.0, 8.0]}, seeds=2, workers=1)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(5.6, 3.4), layout="constrained")
    table.plot("rate", ax=ax).set_ylabel("rate [Hz]")
