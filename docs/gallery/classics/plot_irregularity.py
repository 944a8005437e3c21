"""
A cell that adds many inputs fires regularly
============================================

The more inputs a cell needs for a spike, the more regular its spikes, though the inputs are random: the irregularity puzzle.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Softky & Koch (1993), doi:10.1523/JNEUROSCI.13-01-00334.1993"
CLAIM = "a perfect integrator that needs N random inputs for a spike has CV = 1/sqrt(N), far below the 0.5 to 1 of cortex"
MARGIN, CONFIDENCE = 0.05, 0.95  # relative, at each N

NEEDED, CELLS, RATE, DURATION = (1, 4, 16, 64), 40, 20.0, 20_000.0  # inputs; at each; Hz; ms

net = bs.Network(seed=1)
for n in NEEDED:
    cells = bs.Population(CELLS, bs.IF(v_th=1.0, v_reset=0.0, t_ref=0.0), name=f"needs {n}")
    net.stimulate(cells, bs.PoissonInput(rate=n * RATE, weight=1.0 / (n - 0.5), synapse=bs.Delta()))
spikes = bs.simulate(net, DURATION, seed=2).spikes
cvs = np.array([spikes[f"needs {n}"].cvs() for n in NEEDED])
tests = []
for n, sample in zip(NEEDED, cvs, strict=True):
    tests.append(bs.testing.compare_means(sample * np.sqrt(n), 1.0, margin=MARGIN, confidence=CONFIDENCE, name=f"N = {n}"))

with bs.plot.style():
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.4), layout="constrained")
    for row, n in enumerate(NEEDED):
        times = spikes[f"needs {n}"].of(0).between(0.0, 1000.0).times
        left.plot(times, np.full(times.size, row), "|", color="#1a5ca6")
    left.set(xlabel="time [ms]", ylabel="inputs for a spike", yticks=range(len(NEEDED)), yticklabels=NEEDED)
    right.loglog(NEEDED, cvs.mean(axis=1), "o")
    right.loglog(NEEDED, 1.0 / np.sqrt(NEEDED), color="#9a9a9a", zorder=0)
    right.set(xlabel="inputs for a spike", ylabel="CV of intervals", xticks=NEEDED, xticklabels=NEEDED)
    right.set_yticks((0.125, 0.25, 0.5, 1.0), ("1/8", "1/4", "1/2", "1"))
    right.minorticks_off()

print("measured: CV", ", ".join(f"{cv:.3f}" for cv in cvs.mean(axis=1)), "for N =", ", ".join(map(str, NEEDED)))
print("verdict:", "reproduced" if all(test.equivalent for test in tests) else "not reproduced")
