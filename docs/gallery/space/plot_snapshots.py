"""
Snapshots of a wave
===================

Cells at the left edge are excited every 40 ms; what they start runs to the right, from neighbour to neighbour.
"""

import matplotlib.pyplot as plt

import brainsim as bs

places = bs.positions.grid((40, 40), spacing=25.0)  # um
sheet = bs.Population(1600, bs.LIF(t_ref=20.0), name="sheet", positions=places)
start = sheet[places[:, 0] < 60.0]
net = bs.Network(seed=1)
near = bs.DistanceRule.gaussian(0.5, sigma=50.0)
net.connect(sheet, sheet, near, weight=6.0, delay="0.5 + d/100", synapse=bs.Delta())
net.stimulate(start, bs.CurrentInput(bs.signals.pulses(2000.0, 5.0, period=40.0)))
result = bs.simulate(net, 120.0, seed=2)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(9.0, 2.8), layout="constrained")
    bs.plot.snapshots(result.spikes["sheet"], [5.0, 12.0, 19.0, 26.0], positions=sheet, ax=ax, tau=2.0, columns=4)
