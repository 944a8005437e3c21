"""
How far a potential reaches along a dendrite
============================================

A current into the middle of a passive cable: the potential falls off exponentially, by a length that its conductances set.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Rall (1959), doi:10.1016/0014-4886(59)90046-9"
CLAIM = "along a passive cable a steady potential falls as exp(-x/lambda), lambda = sqrt((d/4) R_m/R_i)"
MARGIN, CONFIDENCE = 0.01, None  # of lambda, in cables of three widths; nothing is random

R_M, R_I, C_M = 20_000.0, 100.0, 1.0  # Ohm cm2, Ohm cm, uF/cm2
DIAMETERS, PIECE, N, DURATION = (2.0, 4.0, 8.0), 50.0, 401, 300.0  # um, um, pieces, ms: fifteen time constants of 20 ms

net, record = bs.Network(seed=1), []
first, middle = np.arange(N - 1), N // 2
for d in DIAMETERS:
    area = np.pi * d * PIECE * 1e-8  # cm2
    leak, capacitance = area / R_M * 1e9, area * C_M * 1e6  # nS, pF
    along = np.pi * (d / 2.0) ** 2 / PIECE / R_I * 1e-4 * 1e9  # nS
    model = bs.LI(tau_m=capacitance / leak, c_m=capacitance, v_rest=-65.0)
    cable = bs.Population(N, model, name=f"{d:g} um")
    net.connect(cable, cable, bs.FromArrays(first, first + 1), weight=along, synapse=bs.GapJunction(order=1))
    net.stimulate(cable[middle : middle + 1], bs.CurrentInput(50.0))
    record.append(bs.Trace(cable, "v", every=DURATION))
result = bs.simulate(net, DURATION, dt=0.02, seed=1, record=record)

place = PIECE * (np.arange(N) - middle)
law, found, potentials = [], [], []
for d in DIAMETERS:
    v = result.traces[f"{d:g} um", "v"].values[-1] + 65.0
    law.append(1e4 * np.sqrt(d * 1e-4 / 4.0 * R_M / R_I))  # um
    near = (place > 0.0) & (place < 2.0 * law[-1])
    found.append(-1.0 / np.polyfit(place[near], np.log(v[near]), 1)[0])
    potentials.append(v)

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    for d, length, v in zip(DIAMETERS, law, potentials, strict=True):
        (line,) = ax.semilogy(place, v, linewidth=2.5, alpha=0.6, label=f"{d:g} um thick")
        ax.semilogy(place, v.max() * np.exp(-np.abs(place) / length), ":", color=line.get_color())
    ax.set(xlabel="distance [um] (dotted: the law)", ylabel="depolarisation [mV]", ylim=(0.01, None), xlim=(-7000.0, 7000.0))
    ax.legend()

print("measured: lambda", ", ".join(f"{f:.0f} um (law {p:.0f})" for f, p in zip(found, law, strict=True)))
print("verdict:", "reproduced" if np.all(np.abs(np.divide(found, law) - 1.0) < MARGIN) else "not reproduced")
