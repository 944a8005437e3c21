"""
The rate of a cell in noise
===========================

Rates of leaky cells in white noise (dots) on the formula for the time that they take to reach threshold (lines).
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Siegert (1951), doi:10.1103/PhysRev.81.617; as in Brunel (2000), doi:10.1023/A:1008925309027"
CLAIM = "the mean first-passage time of an Ornstein-Uhlenbeck process gives the rate of a leaky cell in white noise"
MARGIN, CONFIDENCE = 0.05, 0.95  # relative, at each of six inputs

TAU, V_TH, V_RESET, T_REF = 20.0, 20.0, 10.0, 2.0  # ms, mV, mV, ms
MEANS, NOISES = (16.0, 18.0, 24.0), (3.0, 6.0)  # mV, mV
CELLS, SETTLE, DURATION = 80, 200.0, 10_200.0  # at each input; ms; ms


class Noisy(bs.LIF):
    """A LIF around `mean`, with white noise."""

    equations = "dv/dt = (mean - v)/tau_m + sigma*xi/sqrt(tau_m) + I/c_m"
    mean: float = bs.parameter(0.0, "mV", "mean input")
    sigma: float = bs.parameter(0.0, "mV", "noise: sqrt(2) times the standard deviation of v", at_least=0.0)


def formula(mean, sigma):
    """Return the rate [Hz]."""
    u = np.linspace(1e-6, 12.0, 40_000)
    high, low = (V_TH - mean) / sigma, (V_RESET - mean) / sigma
    time = np.trapezoid((np.exp(2.0 * high * u - u**2) - np.exp(2.0 * low * u - u**2)) / u, u)
    return 1000.0 / (T_REF + TAU * time)


pairs = [(mean, sigma) for sigma in NOISES for mean in MEANS]
mean, sigma = np.repeat(pairs, CELLS, axis=0).T
model = Noisy(tau_m=TAU, v_rest=0.0, v_th=V_TH, v_reset=V_RESET, t_ref=T_REF, mean=mean, sigma=sigma)
cells = bs.Population(mean.size, model, name="cells")
net = bs.Network(seed=1)
net.add(cells)
spikes = bs.simulate(net, DURATION, dt=0.0025, seed=2).spikes["cells"]
rates = spikes.between(SETTLE, DURATION).rates().reshape(len(pairs), CELLS)
ratios = rates / [[formula(*pair)] for pair in pairs]
tests = [bs.testing.compare_means(ratio, 1.0, margin=MARGIN, confidence=CONFIDENCE) for ratio in ratios]

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    for noise, row in zip(NOISES, rates.mean(axis=1).reshape(2, -1), strict=True):
        axis = np.linspace(11.0, 26.0, 61)
        ax.plot(axis, [formula(m, noise) for m in axis], label=f"sigma = {noise:g} mV")
        ax.plot(MEANS, row, "o", color="#333333")
    ax.set(xlabel="mean input [mV]", ylabel="rate [Hz]")
    ax.legend()

print(f"measured: ratios {min(1 + t.difference for t in tests):.3f} to {max(1 + t.difference for t in tests):.3f}")
print("verdict:", "reproduced" if all(test.equivalent for test in tests) else "not reproduced")
