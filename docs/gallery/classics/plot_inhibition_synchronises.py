"""
Inhibition, not excitation, synchronises two cells
==================================================

Pairs that start nearly in phase: if they excite each other (red), they come to alternate; if they inhibit (blue), not.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "van Vreeswijk, Abbott & Ermentrout (1994), doi:10.1007/BF00961879"
CLAIM = "with slow alpha synapses, firing in phase is stable for two cells that inhibit, unstable for two that excite"
MARGIN, APART, CONFIDENCE = 0.02, 0.25, None  # of the cycle: at most and at least, for each of 20 pairs; nothing is random

TAU, DRIVE, COUPLING, ALPHA = 10.0, 1.3, 0.4, 2.0  # ms; I, g and alpha of the paper, in units of threshold and TAU
PAIRS, DURATION = 20, 15_000.0  # ms

# c_m = tau_m in value, so that 1 pA is 1 mV; the charge of a spike moves v by g of the threshold
model = bs.LIF(tau_m=TAU, c_m=TAU, v_rest=0.0, v_th=1.0, v_reset=0.0, t_ref=0.0)
start = np.linspace(0.01, 0.08, PAIRS)  # of v of one cell, and 0 of the other: within a twentieth of a cycle
first = np.arange(PAIRS)
net = bs.Network(seed=1)
for name, sign in (("excitation", 1.0), ("inhibition", -1.0)):
    cells = bs.Population(2 * PAIRS, model, name=name, initial={"v": np.concatenate([start, np.zeros(PAIRS)])})
    both = bs.FromArrays(np.concatenate([first, first + PAIRS]), np.concatenate([first + PAIRS, first]))
    net.connect(cells, cells, both, weight=sign * COUPLING * TAU, delay=0.02, synapse=bs.AlphaCharge(tau=TAU / ALPHA))
    net.stimulate(cells, bs.CurrentInput(DRIVE))
result = bs.simulate(net, DURATION, dt=0.02, seed=1)


def phases(spikes):
    """Return the phase of one cell in the cycle of the other, over the run, for each pair; 0 is in phase, 0.5 antiphase."""
    trains = spikes.per_cell()
    for one, other in zip(trains[:PAIRS], trains[PAIRS:], strict=True):
        at = one[(one > other[0]) & (one < other[-1])]
        last = np.searchsorted(other, at, side="right") - 1
        phase = (at - other[last]) / (other[last + 1] - other[last])
        yield np.minimum(phase, 1.0 - phase)


found = {name: list(phases(result.spikes[name])) for name in ("excitation", "inhibition")}
ends = {name: np.array([phase[-1] for phase in phases]) for name, phases in found.items()}

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    for name, colour in (("excitation", "#d3594c"), ("inhibition", "#1a5ca6")):
        for row, phase in enumerate(found[name]):
            ax.plot(phase[:400], color=colour, linewidth=0.8, label=name if row == 0 else None)
    ax.set(xlim=(0, 200), xlabel="cycle", ylabel="difference of phase (0.5: antiphase)")
    ax.legend()

print(f"measured: excitation {ends['excitation'].min():.3f} to {ends['excitation'].max():.3f}", end=", ")
print(f"inhibition {ends['inhibition'].min():.3f} to {ends['inhibition'].max():.3f} of a cycle")
held = np.all(ends["excitation"] > APART) and np.all(ends["inhibition"] < MARGIN)
print("verdict:", "reproduced" if held else "not reproduced")
