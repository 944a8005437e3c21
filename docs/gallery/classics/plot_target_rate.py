"""
Inhibition learns to hold a rate
================================

Inhibitory synapses that learn bring excitatory cells, which fire too often at first, to the target of the rule (line).
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs
from brainsim.examples import inhibitory_balance

SOURCE = "Vogels, Sprekeler, Zenke, Clopath & Gerstner (2011), doi:10.1126/science.1211095"
CLAIM = (
    "plasticity of inhibitory synapses brings the excitatory cells of a recurrent network to the rate rho_0 = alpha/(2 tau)"
)
MARGIN, CONFIDENCE = 0.1, 0.95  # relative, of the mean rate at the end

TARGET, CELLS, RUNS, DURATION, END = inhibitory_balance.TARGET, 4000, 3, 5000.0, 2000.0  # Hz; of each network; ms

ends, courses = [], []
for seed in range(RUNS):
    net, _ = inhibitory_balance.build(n=CELLS, seed=10 + seed)
    exc = bs.simulate(net, DURATION, dt=0.1, seed=20 + seed).spikes["cells"].of(slice(0, 4 * CELLS // 5))
    courses.append(exc.population_rate(100.0))
    ends.append(exc.between(DURATION - END, DURATION).rate())
test = bs.testing.compare_means(ends, TARGET, margin=MARGIN * TARGET, confidence=CONFIDENCE, name="rate [Hz]")

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
    for times, rate in courses:
        ax.semilogy(times / 1000.0, np.maximum(rate, 0.1), color="#1a5ca6")
    ax.axhline(TARGET, color="#9a9a9a", zorder=0)
    ax.set(xlabel="time [s]", ylabel="rate of excitatory cells [Hz]")

print(f"measured: {np.mean(ends):.2f} Hz for a target of {TARGET:g} Hz")
print("verdict:", "reproduced" if test.equivalent else "not reproduced")
