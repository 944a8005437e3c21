"""
Intervals of a random walk to threshold
=======================================

Intervals between spikes of a cell without a leak (bars) are first-passage times of a random walk (line).
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Gerstein & Mandelbrot (1964), doi:10.1016/S0006-3495(64)86768-0"
CLAIM = "intervals of a random walk with drift m and noise s to theta have CV = s/sqrt(theta m), and a skewness of 3 CV"
MARGIN, CONFIDENCE = 0.05, 0.95  # relative, of the CV and of the skewness over the CV

THETA, DRIFT, CV = 15.0, 0.3, 0.5  # mV, mV/ms
SIGMA = CV * np.sqrt(THETA * DRIFT)  # mV/sqrt(ms)
GROUPS, CELLS, DURATION = 10, 60, 4500.0  # ms

model = bs.IF(c_m=200.0, v_th=THETA, v_reset=0.0, t_ref=0.0)
cells = bs.Population(GROUPS * CELLS, model, name="cells")
net = bs.Network(seed=1)
net.stimulate(cells, bs.NoiseInput(200.0 * SIGMA, mean=200.0 * DRIFT))
trains = bs.simulate(net, DURATION, dt=0.02, seed=2).spikes["cells"].per_cell()
# of each cell, the same number of intervals, so that long ones are not missed
intervals = np.array([np.diff(times[:51], prepend=0.0) for times in trains])
groups = intervals.reshape(GROUPS, -1)
middle, spread = groups.mean(axis=1), groups.std(axis=1)
cvs = spread / middle
skew = np.mean((groups - middle[:, None]) ** 3, axis=1) / spread**3
first = bs.testing.compare_means(cvs / CV, 1.0, margin=MARGIN, confidence=CONFIDENCE, name="CV")
second = bs.testing.compare_means(skew / cvs / 3.0, 1.0, margin=MARGIN, confidence=CONFIDENCE, name="skewness")

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    ax.hist(intervals.ravel(), np.arange(0.0, 160.0, 4.0), density=True, color="#1a5ca6", alpha=0.5)
    t = np.linspace(0.5, 160.0, 400)
    density = THETA / np.sqrt(2.0 * np.pi * SIGMA**2 * t**3) * np.exp(-((THETA - DRIFT * t) ** 2) / (2.0 * SIGMA**2 * t))
    ax.plot(t, density, color="#333333")
    ax.set(xlabel="interval [ms]", ylabel="density [1/ms]")

print(f"measured: CV {CV * (1 + first.difference):.3f} for {CV}, skewness {1 + second.difference:.3f} of 3 CV")
print("verdict:", "reproduced" if first.equivalent and second.equivalent else "not reproduced")
