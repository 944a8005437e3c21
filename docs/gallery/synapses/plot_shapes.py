"""
Shapes of synaptic currents
===========================

One event of 100 pA at 10 ms: it jumps and decays, or rises first.
"""

import matplotlib.pyplot as plt

import brainsim as bs

kinds = [
    bs.Exponential(tau=5.0, name="psc"),
    bs.Alpha(tau=5.0, name="psc"),
    bs.DoubleExponential(tau_rise=1.0, tau_decay=10.0, name="psc"),
]
spike = bs.Population(1, bs.SpikeTrains([[9.0]]), name="spike")
net = bs.Network(seed=1)
traces = []
for kind in kinds:
    cell = bs.Population(1, bs.LIF(), name=type(kind).__name__)
    net.connect(spike, cell, bs.AllToAll(), weight=100.0, delay=1.0, synapse=kind)
    traces.append(bs.Trace(cell, "psc.current"))
result = bs.simulate(net, 60.0, seed=2, record=traces)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.4), layout="constrained")
    for (name, _), trace in result.traces.items():
        ax.plot(trace.times, trace.values[:, 0], label=name)
    ax.set(xlabel="time [ms]", ylabel="current [pA]")
    ax.legend()
