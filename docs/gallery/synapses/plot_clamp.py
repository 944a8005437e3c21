"""
Voltage clamp
=============

The potential is held at four levels in turn; the clamp has to supply the current of the open sodium and potassium
channels.
"""

import matplotlib.pyplot as plt

import brainsim as bs

cell = bs.Population(1, bs.HodgkinHuxley(), name="axon")
net = bs.Network(seed=1)
net.stimulate(cell, bs.VoltageClamp(bs.signals.steps([10.0, 30.0, 50.0], [-40.0, -20.0, 0.0], before=-65.0)), name="clamp")
result = bs.simulate(net, 70.0, dt=0.01, seed=2, record=[bs.Trace(cell, "v"), bs.Trace(cell, "clamp")])

with bs.plot.style():
    fig, axes = plt.subplots(2, sharex=True, figsize=(7.0, 4.2), layout="constrained")
    bs.plot.trace(result.traces["axon", "v"], ax=axes[0])
    current = result.traces["axon", "clamp"]
    axes[1].plot(current.times, current.values[:, 0] / 1000.0)
    axes[1].set(xlabel="time [ms]", ylabel="current of the clamp [nA]")
    axes[0].set_xlabel("")
