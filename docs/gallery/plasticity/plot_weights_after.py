"""
Weights before and after
========================

Uniform weights (outline) have become weak, but for a few that are near the upper bound.
"""

import matplotlib.pyplot as plt

import brainsim as bs

cell = bs.Population(1, bs.LIF(v_rest=-70.0, v_th=-54.0, v_reset=-60.0), name="cell")
sources = bs.Population(400, bs.Poisson(rate=20.0), name="sources")
net = bs.Network(seed=1)
synapse = bs.ExponentialConductance(tau=5.0, e_rev=0.0)
rule = bs.STDP(a_plus=0.02, a_minus=0.021, w_max=0.4)
wires = net.connect(sources, cell, bs.AllToAll(), weight=bs.Uniform(0.0, 0.4), delay=0.1, synapse=synapse, plasticity=rule)
result = bs.simulate(net, 60_000.0, seed=2, record=[bs.WeightTrace(wires, synapses=None, every=1000.0)])

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.4), layout="constrained")
    bs.plot.weight_histogram(result.weights[wires], ax=ax, bins=25)
