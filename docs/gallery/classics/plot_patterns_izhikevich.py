"""
Six kinds of cells in two equations
===================================

Izhikevich's neuron with four parameters for each kind of cell, under the current of the paper's figure.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Izhikevich (2003), figure 2, doi:10.1109/TNN.2003.820440"
CLAIM = "four parameters make the cell regular or fast spiking, chattering, bursting at first, low-threshold or thalamic"
CLAIMED, MARGIN, CONFIDENCE = 6, 0, None  # kinds that are as defined in TESTS; nothing is random

KINDS = {  # a, b, c, d
    "regular spiking": (0.02, 0.2, -65.0, 8.0),
    "intrinsically bursting": (0.02, 0.2, -55.0, 4.0),
    "chattering": (0.02, 0.2, -50.0, 2.0),
    "fast spiking": (0.1, 0.2, -65.0, 2.0),
    "low-threshold spiking": (0.02, 0.25, -65.0, 2.0),
    "thalamo-cortical": (0.02, 0.25, -65.0, 0.05),
}
# of the intervals d between spikes, as the text of the paper describes them
TESTS = {
    "regular spiking": lambda d: d[-1] > 2.0 * d[0],
    "intrinsically bursting": lambda d: d[0] < 0.3 * d[-1] and d[-4:].std() < 0.1 * d[-4:].mean(),
    "chattering": lambda d: d.max() > 3.0 * d.min() and np.sum(d > 3.0 * d.min()) >= 5 and np.median(d) < 3.0 * d.min(),
    "fast spiking": lambda d: 1000.0 / d[-1] > 100.0,  # and READINGS
    "low-threshold spiking": lambda d: 1000.0 / d[0] > 100.0 and d[-1] > 1.5 * d[0],
    "thalamo-cortical": lambda d: d.size >= 2 and 1000.0 / d[0] > 100.0,  # a burst when hyperpolarisation ends
}
READINGS = (0, 1)  # which interval is the first that counts in "practically without any adaptation": growth below 1.5
DURATION, STEP = 500.0, 100.0  # ms
a, b, c, d = np.array(list(KINDS.values())).T

cells = bs.Population(len(KINDS), bs.Izhikevich(a=a, b=b, c=c, d=d), name="cells")
net = bs.Network(seed=1)
net.stimulate(cells, bs.CurrentInput([[0.0] * 5 + [-10.0], [10.0] * 5 + [0.0]], times=[0.0, STEP]))
result = bs.simulate(net, DURATION, dt=0.1, seed=1, record=bs.Trace(cells, "v"))
trains = result.spikes["cells"].between(STEP, DURATION).per_cell()
held = {kind: bool(TESTS[kind](np.diff(times))) for kind, times in zip(KINDS, trains, strict=True)}

with bs.plot.style():
    fig, axes = plt.subplots(len(KINDS), sharex=True, figsize=(8.0, 6.0), layout="constrained")
    for ax, kind, v in zip(axes, KINDS, result.traces["cells", "v"].values.T, strict=True):
        ax.plot(result.traces["cells", "v"].times, np.minimum(v, 30.0), linewidth=0.7)
        ax.set_title(f"{kind}: {'yes' if held[kind] else 'NO'}")
    axes[-1].set(xlabel="time [ms]", ylabel="v [mV]")

fast = np.diff(trains[list(KINDS).index("fast spiking")])
growth = [fast[-1] / fast[first] for first in READINGS]
both = [sum(held.values()) == CLAIMED and factor < 1.5 for factor in growth]
print(f"measured: {sum(held.values())} of 6; intervals of fast spiking grow {growth[0]:.2f}-fold", end=", ")
print(f"or {growth[1]:.2f}-fold from the second one on")
print("verdict:", "reproduced" if all(both) else "the text is ambiguous" if any(both) else "not reproduced")
