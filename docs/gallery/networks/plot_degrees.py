"""
Degrees
=======

Each pair is connected with a probability of 5 %, so both degrees are binomial (dots).
"""

import matplotlib.pyplot as plt

import brainsim as bs

cells = bs.Population(1000, bs.LIF(), name="cells")
net = bs.Network(seed=1)
wires = net.connect(cells, cells, bs.FixedProbability(0.05), weight=0.1, delay=1.0, synapse=bs.Delta())

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    bs.plot.degrees(net.synapses(wires), ax=ax)
