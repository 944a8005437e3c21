"""
Synchrony
=========

The number of spikes of all cells in a bin varies more than for independent cells (dashed), most in bins of about 20 ms.
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import cuba

net, _ = cuba.build()
result = bs.simulate(net, 4000.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    bs.plot.synchrony(result, ax=ax)
