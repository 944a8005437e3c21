"""
Inhibition that finds the balance
=================================

Inhibitory synapses grow wherever a cell fires more than its target rate: the weights onto excitatory cells, while an
explosion becomes a quiet network.
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import inhibitory_balance

net, traces = inhibitory_balance.build(n=1000)
result = bs.simulate(net, inhibitory_balance.DURATION, seed=2, record=traces)

with bs.plot.style():
    fig, (upper, lower) = plt.subplots(2, sharex=True, figsize=(7.0, 4.6), height_ratios=(1, 2), layout="constrained")
    bs.plot.rate(result.spikes["excitatory"], ax=upper, bin=50.0)
    bs.plot.weights(result.weights["learning"], ax=lower, colorbar=False)
