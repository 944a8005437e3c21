"""
Inhibition that only shunts
===========================

At rest, a conductance with the resting potential as its reversal does nothing; during excitation it divides.
"""

import matplotlib.pyplot as plt

import brainsim as bs

times = {"excitation": [20.0, 120.0], "inhibition": [70.0, 119.0]}
cell = bs.Population(1, bs.LIF(), name="cell")
net = bs.Network(seed=1)
for (name, spikes), e_rev, weight in zip(times.items(), (0.0, -65.0), (3.0, 60.0), strict=True):
    source = bs.Population(1, bs.SpikeTrains([spikes]), name=name)
    synapse = bs.ExponentialConductance(tau=8.0, e_rev=e_rev, name=name)
    net.connect(source, cell, bs.AllToAll(), weight=weight, delay=1.0, synapse=synapse)
traces = [bs.Trace(cell, variable) for variable in ("v", "excitation.g", "inhibition.g")]
result = bs.simulate(net, 180.0, seed=2, record=traces)

with bs.plot.style():
    fig, axes = plt.subplots(2, sharex=True, figsize=(7.0, 4.2), layout="constrained")
    bs.plot.trace(result.traces["cell", "v"], ax=axes[0])
    for name in times:
        trace = result.traces["cell", f"{name}.g"]
        axes[1].plot(trace.times, trace.values[:, 0], label=name)
    axes[1].set(xlabel="time [ms]", ylabel="conductance [nS]")
    axes[1].legend()
    axes[0].set_xlabel("")
