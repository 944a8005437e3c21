"""
Eight firing patterns of one cell
=================================

The adaptive exponential neuron under a step of current, with the parameters of the eight rows of a published table.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Naud, Marcille, Clopath & Gerstner (2008), table 1, doi:10.1007/s00422-008-0264-7; as in an example of Brian2"
CLAIM = "with the parameters of the table, a step of current makes the AdEx cell fire in the eight patterns that it names"
CLAIMED, MARGIN, CONFIDENCE = 8, 0, None  # patterns that are as defined in TESTS; nothing is random

# c_m, g_l, v_rest, v_th, delta_t, a, tau_w, b, v_reset, current
ROWS = {
    "tonic": (200, 10, -70, -50, 2, 2, 30, 0, -58, 500),
    "adaptation": (200, 12, -70, -50, 2, 2, 300, 60, -58, 500),
    "initial burst": (130, 18, -58, -50, 2, 4, 150, 120, -50, 400),
    "regular bursting": (200, 10, -58, -50, 2, 2, 120, 100, -46, 210),
    "delayed accelerating": (200, 12, -70, -50, 2, -10, 300, 0, -58, 300),
    "delayed regular bursting": (100, 10, -65, -50, 2, -10, 90, 30, -47, 110),
    "transient": (100, 10, -65, -50, 2, 10, 90, 100, -47, 180),
    "irregular": (100, 12, -60, -50, 2, -11, 130, 30, -48, 160),
}
# of the intervals d between spikes, from the first spike on, and the time t of the first one after the step
TESTS = {
    "tonic": lambda d, t: d.std() < 0.05 * d.mean(),
    "adaptation": lambda d, t: np.all(np.diff(d[:4]) > 0.0) and d[-1] > 1.5 * d[0],
    "initial burst": lambda d, t: d[0] < 0.5 * d[-1] and d[-5:].std() < 0.1 * d[-5:].mean(),
    "regular bursting": lambda d, t: d[-9:].max() > 3.0 * d[-9:].min() and np.ptp(np.sort(d[-9:])[-2:]) < 0.1 * d[-9:].max(),
    "delayed accelerating": lambda d, t: t > d[0] and d[-1] < 0.9 * d[0],
    "delayed regular bursting": lambda d, t: t > d[0] and TESTS["regular bursting"](d, t),
    "transient": lambda d, t: d.size < 5,
    "irregular": lambda d, t: d[5:].std() > 0.3 * d[5:].mean() and np.unique(np.round(d[5:], 1)).size > 0.5 * d[5:].size,
}
STEP, DURATION = 50.0, 1050.0  # ms
names = ("c_m", "g_l", "v_rest", "v_th", "delta_t", "a", "tau_w", "b", "v_reset")
columns = np.array(list(ROWS.values()), dtype=float).T

cells = bs.Population(len(ROWS), bs.AdEx(**dict(zip(names, columns[:-1], strict=True))), name="cells")
net = bs.Network(seed=1)
net.stimulate(cells, bs.CurrentInput(columns[-1], start=STEP))
result = bs.simulate(net, DURATION, dt=0.02, seed=1, record=bs.Trace(cells, "v", every=0.2))
held = {}
for name, times in zip(ROWS, result.spikes["cells"].per_cell(), strict=True):
    held[name] = bool(TESTS[name](np.diff(times), times[0] - STEP))

with bs.plot.style():
    fig, axes = plt.subplots(len(ROWS), sharex=True, figsize=(8.0, 8.0), layout="constrained")
    for ax, name, v in zip(axes, ROWS, result.traces["cells", "v"].values.T, strict=True):
        ax.plot(result.traces["cells", "v"].times, v, linewidth=0.7)
        ax.set_title(f"{name}: {'yes' if held[name] else 'NO'}")
    axes[-1].set(xlabel="time [ms]", ylabel="v [mV]")

print(f"measured: {sum(held.values())} of {len(held)}")
print("verdict:", "reproduced" if sum(held.values()) == CLAIMED else "not reproduced")
