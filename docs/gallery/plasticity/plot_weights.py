"""
Synapses that compete
=====================

Of synapses with equal inputs, spike timing makes most weak and a few strong: the darker, the more synapses; the black
line is the mean of all.
"""

import matplotlib.pyplot as plt

import brainsim as bs

cell = bs.Population(1, bs.LIF(v_rest=-70.0, v_th=-54.0, v_reset=-60.0), name="cell")
sources = bs.Population(400, bs.Poisson(rate=20.0), name="sources")
net = bs.Network(seed=1)
synapse = bs.ExponentialConductance(tau=5.0, e_rev=0.0)
rule = bs.STDP(a_plus=0.02, a_minus=0.021, w_max=0.4)
wires = net.connect(sources, cell, bs.AllToAll(), weight=bs.Uniform(0.0, 0.4), delay=0.1, synapse=synapse, plasticity=rule)
trace = bs.WeightTrace(wires, synapses=None, every=200.0, bins=40)
result = bs.simulate(net, 60_000.0, seed=2, record=[trace])

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.6), layout="constrained")
    bs.plot.weights(result.weights[wires], ax=ax)
