"""
Noise of the right size makes an excitable cell regular
=======================================================

A cell that rests without noise: weak noise makes it fire at random, strong noise too, noise in between nearly periodically.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Pikovsky & Kurths (1997), figures 1 and 2, doi:10.1103/PhysRevLett.78.775"
CLAIM = "the CV of the intervals of an excitable FitzHugh-Nagumo cell is lower at noise D = 0.07 than at 0.02 and at 0.25"
MARGIN, CONFIDENCE = 0.0, 0.95  # of the differences of CV, each of which must be above it

NOISES, CELLS, DURATION = (0.02, 0.04, 0.07, 0.12, 0.25), 16, 100_000.0  # at each noise; ms: 1,000 units of time


class Excitable(bs.Neuron):
    """The equations of the paper, one unit of whose time is 100 ms here."""

    equations = """
        dx/dt = (x - x**3/3 - y)/(eps*unit)
        dy/dt = (x + a)/unit + noise*xi/sqrt(unit)
    """
    dimensions = False
    threshold = "x >= 1"
    refractory = "x >= -0.5"
    a: float = bs.parameter(1.05, "", "above 1 the cell is excitable")
    eps: float = bs.parameter(0.01, "", "ratio of the time scales")
    unit: float = bs.parameter(100.0, "ms", "unit of time")
    noise: float = bs.parameter(0.0, "", "D of the paper", at_least=0.0)
    x: float = bs.initial(-1.05, "", "fast variable")
    y: float = bs.initial(-0.66, "", "slow variable")


cells = bs.Population(len(NOISES) * CELLS, Excitable(noise=np.repeat(NOISES, CELLS)), name="cells")
net = bs.Network(seed=1)
net.add(cells)
result = bs.simulate(net, DURATION, dt=0.1, seed=2)
cvs = result.spikes["cells"].cvs().reshape(len(NOISES), CELLS)
best = cvs[NOISES.index(0.07)]
tests = [bs.testing.compare_means(cvs[k], best, margin=1e-9, confidence=CONFIDENCE) for k in (0, -1)]

with bs.plot.style():
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.4), layout="constrained")
    for row in range(len(NOISES)):
        times = result.spikes["cells"].of(row * CELLS).between(0.0, 10_000.0).times
        left.plot(times / 100.0, np.full(times.size, row), "|", color="#1a5ca6")
    left.set(xlabel="time [units of the paper]", ylabel="noise D", yticks=range(len(NOISES)), yticklabels=NOISES)
    right.semilogx(NOISES, cvs.mean(axis=1), "o-")
    right.set(xlabel="noise D", ylabel="CV of intervals", xticks=NOISES, xticklabels=NOISES)
    right.minorticks_off()

print("measured: CV", ", ".join(f"{cv:.2f}" for cv in cvs.mean(axis=1)), "at D =", ", ".join(map(str, NOISES)))
print("verdict:", "reproduced" if all(test.low > MARGIN for test in tests) else "not reproduced")
