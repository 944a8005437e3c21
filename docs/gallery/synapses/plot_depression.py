"""
Depression and facilitation
===========================

Ten spikes at 20 Hz, and one later: a depressing synapse tires, a facilitating one warms up.
"""

import matplotlib.pyplot as plt

import brainsim as bs

times = [50.0 + 50.0 * k for k in range(10)] + [1000.0]
spikes = bs.Population(1, bs.SpikeTrains([times]), name="spikes")
net, traces = bs.Network(seed=1), []
rules = {
    "depressing": bs.TsodyksMarkram(U=0.5, tau_rec=800.0),
    "facilitating": bs.TsodyksMarkram(U=0.05, tau_rec=100.0, tau_fac=800.0),
}
for (name, rule), weight in zip(rules.items(), (200.0, 600.0), strict=True):
    cell = bs.Population(1, bs.LIF(), name=name)
    net.connect(spikes, cell, bs.AllToAll(), weight=weight, delay=1.0, synapse=bs.Exponential(tau=5.0), plasticity=rule)
    traces.append(bs.Trace(cell, "v"))
result = bs.simulate(net, 1200.0, seed=2, record=traces)

with bs.plot.style():
    fig, axes = plt.subplots(2, sharex=True, figsize=(7.0, 4.2), layout="constrained")
    for name, ax in zip(rules, axes, strict=True):
        bs.plot.trace(result.traces[name, "v"], ax=ax)
        ax.set_title(name)
    axes[0].set_xlabel("")
