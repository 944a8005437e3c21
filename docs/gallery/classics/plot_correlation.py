"""
Correlation between cells grows with their rate
===============================================

Pairs of cells that share the same part of their input are more correlated the faster they fire (dots, and theory).
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "de la Rocha, Doiron, Shea-Brown, Josic & Reyes (2007), doi:10.1038/nature06028"
CLAIM = "spike counts are correlated by c s**2 (df/dI)**2/(CV**2 f), which grows with the rate f, if inputs are by c"
MARGIN, CONFIDENCE = 0.2, 0.95  # relative, at each of three rates

C, SIGMA, WINDOW = 0.1, 400.0, 200.0  # correlation of inputs; pA of white noise; ms of the counts
MEANS, STEP = (60.0, 100.0, 150.0), 6.0  # pA
RUNS, CELLS, SETTLE, DURATION = 16, 60, 200.0, 30_200.0  # ms


def run(mean, correlation, seed):
    """Return the spikes of cells that share a part of their noise."""
    cells = bs.Population(CELLS, bs.LIF(), name="cells")
    net = bs.Network(seed=1)
    net.stimulate(cells, bs.NoiseInput(SIGMA, mean=mean, correlation=correlation))
    return bs.simulate(net, DURATION, seed=seed).spikes["cells"].between(SETTLE, DURATION)


rates, predicted, found, tests = [], [], [], []
for mean in MEANS:
    low, high = (run(mean + step, 0.0, 1).rate() for step in (-STEP, STEP))
    runs = [run(mean, C, seed) for seed in range(2, 2 + RUNS)]
    rate = np.mean([spikes.rate() for spikes in runs]) / 1000.0  # 1/ms
    slope = (high - low) / (2.0 * STEP) / 1000.0  # 1/(ms pA)
    cv = np.mean([spikes.cv() for spikes in runs])
    found.append([bs.analysis.mean_correlation(spikes, bin=WINDOW) for spikes in runs])
    rates.append(1000.0 * rate)
    predicted.append(C * (SIGMA * slope / cv) ** 2 / rate)
    tests.append(bs.testing.compare_means(found[-1], predicted[-1], margin=MARGIN * predicted[-1], confidence=CONFIDENCE))

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    ax.plot(rates, predicted, color="#9a9a9a", label="theory")
    ax.errorbar(rates, np.mean(found, axis=1), np.std(found, axis=1) / np.sqrt(RUNS), fmt="o", label="simulation")
    ax.set(xlabel="rate [Hz]", ylabel="correlation of spike counts", ylim=(0.0, None))
    ax.legend()

values = ", ".join(f"{np.mean(f):.4f} ({p:.4f})" for f, p in zip(found, predicted, strict=True))
print(f"measured: {values} at {', '.join(f'{rate:.0f}' for rate in rates)} Hz (theory in brackets)")
print("verdict:", "reproduced" if all(test.equivalent for test in tests) else "not reproduced")
