"""
Cross-correlogram
=================

The rate of the inhibitory cells around a spike of an excitatory one: both share their fluctuations.
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import cuba

net, _ = cuba.build()
result = bs.simulate(net, 2000.0, seed=2)
exc, inh = result.spikes["excitatory"], result.spikes["inhibitory"]

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    bs.plot.correlogram(exc, inh, ax=ax, window=40.0)
