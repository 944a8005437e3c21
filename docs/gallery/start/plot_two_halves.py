"""
A network, and a digit read twice
=================================

Left, a network in balance: each cell fires irregularly, because excitation and inhibition nearly cancel. Right, a
handwritten digit, read by an artificial network and by spiking cells with the same weights.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=0.0, v_th=20.0, v_reset=10.0, t_ref=2.0)  # ms, pF, mV
cells = bs.Population(2_500, lif, name="cells", initial={"v": bs.Uniform(0.0, 20.0)})
exc, inh = cells[:2_000].named("excitatory"), cells[2_000:].named("inhibitory")
net = bs.Network(seed=1)
net.connect(exc, cells, bs.FixedIndegree(200), weight=0.4, delay=1.5, synapse=bs.Delta())  # mV, ms
net.connect(inh, cells, bs.FixedIndegree(50), weight=-2.4, delay=1.5, synapse=bs.Delta())
net.stimulate(cells, bs.PoissonInput(rate=2_700.0, weight=0.4, synapse=bs.Delta()))  # Hz, mV
result = bs.simulate(net, 1_000.0, seed=2, record=[bs.Trace(exc[:1], "v", start=700.0)])

digits, steps = bs.ann.datasets.digits(), 64
machine = bs.ann.MLP(64, seed=1).fit(digits.X_train, digits.y_train)
brain = bs.ann.convert(machine, calib=digits.X_train)
digit = digits.X_test[0]
read = bs.simulate(brain.network_for(digit, T=steps), brain.duration(T=steps), dt=1.0).spikes["hidden1"]
activation = np.maximum(0.0, digit @ machine.coefs_[0] + machine.intercepts_[0])
row = np.argsort(np.argsort(-activation))  # the most active unit on top

with bs.plot.style():
    fig = plt.figure(figsize=(10.0, 4.2), layout="constrained")
    left, right = fig.subfigures(1, 2, width_ratios=(1.0, 1.0))
    left.suptitle("2,500 spiking cells that excite and inhibit each other", fontsize="medium")
    raster, voltage = left.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    bs.plot.raster(result, ax=raster, window=(700.0, 1_000.0))
    raster.set_xlabel("")
    bs.plot.trace(result, ("cells", "v"), ax=voltage)
    voltage.set(xlim=(700.0, 1_000.0), ylabel="one cell\n[mV]")

    right.suptitle(f"A handwritten {digits.y_test[0]}, read by a machine and by spikes, same weights", fontsize="medium")
    picture, bars, spikes = right.subplots(1, 3, width_ratios=(1.0, 1.0, 2.0))
    picture.imshow(digit.reshape(8, 8), cmap="gray_r")
    picture.set(xticks=[], yticks=[], title=f"read as {machine.predict(digit[None])[0]} and {brain.predict(digit[None])[0]}")
    bars.barh(row, activation, height=1.0, color="C1")
    bars.set(ylim=(39.5, -0.5), yticks=[], xlabel="activation", ylabel="the 40 most active of 64 units", title="machine")
    spikes.plot(read.times, row[read.ids], "|", color="C0", markersize=3.0)
    spikes.set(ylim=(39.5, -0.5), yticks=[], xlabel="time [ms]", title="spikes")
