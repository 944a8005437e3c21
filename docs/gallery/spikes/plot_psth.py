"""
Trials: raster and PSTH
=======================

A pulse of current of 30 ms comes every 500 ms: the cells answer within a few milliseconds, at first together.
"""

import matplotlib.pyplot as plt

import brainsim as bs

cells = bs.Population(60, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
net = bs.Network(seed=1)
net.stimulate(cells, bs.NoiseInput(90.0, mean=100.0, tau=5.0))
net.stimulate(cells, bs.CurrentInput(bs.signals.pulses(250.0, 30.0, period=500.0)))
result = bs.simulate(net, 10_000.0, seed=2)
onsets = [500.0 * k for k in range(1, 20)]  # ms

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(7.0, 4.4), layout="constrained")
    bs.plot.psth(result, onsets, ax=ax, window=(-50.0, 150.0), bin=2.0)
