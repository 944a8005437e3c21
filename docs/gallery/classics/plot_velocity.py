"""
How fast a spike travels along an axon
======================================

An axon of 200 pieces that electrical coupling joins, each a membrane of Hodgkin and Huxley: the spike travels at one speed.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Hodgkin & Huxley (1952), doi:10.1113/jphysiol.1952.sp004764"
CLAIM = "the spike travels at 18.8 m/s, in an axon 476 um thick at 18.5 degrees (measured in the squid: 21.2 m/s)"
CLAIMED, MARGIN, CONFIDENCE = 18.8, 0.02, None  # m/s; of it; nothing is random

RADIUS, RESISTIVITY, PIECE = 0.0238, 35.4, 0.05  # cm, Ohm cm, cm
PIECES, DT = 200, 0.0002  # 10 cm; ms: coarser steps slow the spike
area = 2.0 * np.pi * RADIUS * PIECE  # cm2
between = np.pi * RADIUS**2 / (RESISTIVITY * PIECE) / area * 1e5  # nS, for the 10,000 um2 of the model

axon = bs.Population(PIECES, bs.HodgkinHuxley(phi=3.0 ** ((18.5 - 6.3) / 10.0)), name="axon")
net = bs.Network(seed=1)
first = np.arange(PIECES - 1)
net.connect(axon, axon, bs.FromArrays(first, first + 1), weight=between, synapse=bs.GapJunction())
net.stimulate(axon[:10], bs.CurrentInput([30_000.0, 0.0], times=[0.0, 0.3]))  # a shock at one end
result = bs.simulate(net, 8.0, dt=DT, seed=1, record=bs.Trace(axon[::40], "v", every=0.025))

spikes = result.spikes["axon"]
arrival = np.array([times[0] for times in spikes.per_cell()])
start, stop = PIECES // 4, 3 * PIECES // 4
speed = 10.0 * PIECE * (stop - start) / (arrival[stop] - arrival[start])  # mm/ms, which is m/s

with bs.plot.style():
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.4), layout="constrained")
    bs.plot.trace(result, ("axon", "v"), ax=left)
    right.plot(PIECE * np.arange(PIECES), arrival)
    right.set(xlabel="place along the axon [cm]", ylabel="arrival of the spike [ms]", title=f"{speed:.1f} m/s")

print(f"measured: {speed:.2f} m/s")
print("verdict:", "reproduced" if abs(speed / CLAIMED - 1.0) < MARGIN else "not reproduced")
