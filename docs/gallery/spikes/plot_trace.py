"""
Potentials of several cells
===========================

More than two cells get a lane each; spikes rise above the threshold.
"""

import matplotlib.pyplot as plt

import brainsim as bs
from brainsim.examples import balanced

net, _ = balanced.build(n=2000)
traced = net.populations["cells"][:5]
result = bs.simulate(net, 300.0, seed=2, record=[bs.Trace(traced, "v")])

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 4.4), layout="constrained")
    bs.plot.trace(result, ("cells", "v"), ax=ax, window=(150.0, 300.0))
