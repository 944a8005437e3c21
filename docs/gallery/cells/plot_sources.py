"""
Sources of spikes
=================

At the same rate, trains of four kinds of source: Poisson processes, two that are more regular (intervals with a CV of 0.5),
and Poisson processes that have many spikes in common.
"""

import matplotlib.pyplot as plt

import brainsim as bs

kinds = {
    "Poisson": bs.Poisson(rate=40.0),
    "with dead time": bs.PoissonWithDeadTime(rate=40.0, t_dead=12.0),
    "gamma, order 4": bs.GammaRenewal(rate=40.0, order=4),
    "common spikes": bs.MultipleInteraction(rate=40.0, correlation=0.4),
}
net = bs.Network(seed=1)
for name, model in kinds.items():
    net.add(bs.Population(20, model, name=name))
result = bs.simulate(net, 500.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 4.2), layout="constrained")
    bs.plot.raster([result.spikes[name] for name in kinds], ax=ax)
