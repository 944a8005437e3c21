"""
Graph of a small network
========================

Two populations and their input, with the in-degrees; the synapses that learn are dashed.
"""

import matplotlib.pyplot as plt

import brainsim as bs

exc = bs.Population(800, bs.LIF(), name="excitatory")
inh = bs.Population(200, bs.LIF(), name="inhibitory")
fibres = bs.Population(100, bs.Poisson(rate=10.0), name="fibres")
net, delta = bs.Network(seed=1), bs.Delta()
net.connect(exc, inh, bs.FixedProbability(0.1), weight=0.1, delay=1.0, synapse=delta)
net.connect(exc, exc, bs.FixedProbability(0.1), weight=0.1, delay=1.0, synapse=delta)
net.connect(inh, exc, bs.FixedProbability(0.2), weight=-0.5, delay=1.0, synapse=delta)
net.connect(fibres, exc, bs.FixedIndegree(20), weight=0.2, delay=1.0, synapse=delta, plasticity=bs.STDP(w_max=0.4))

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 4.6), layout="constrained")
    bs.plot.graph(net, ax=ax)
