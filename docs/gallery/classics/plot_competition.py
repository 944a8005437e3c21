"""
Synapses that compete end weak or strong
========================================

Weights of a cell with 1,000 inputs after additive spike-timing-dependent plasticity: most are near zero or near the maximum.
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = "Song, Miller & Abbott (2000), figure 2, doi:10.1038/78829; learning four times as fast, which shortens the run"
CLAIM = (
    "additive STDP ends with a bimodal distribution: few weights remain in the middle, and the cell fires less than at first"
)
MARGIN, CONFIDENCE = 0.4, None  # below the share of 1, of weights in the outer fifths (at first 0.4), in each of two cells

N, RATE, RUNS, DURATION, DT = 1000, 20.0, 2, 300_000.0, 0.2  # inputs of a cell; Hz; cells; ms
G_LEAK, W_MAX = 10.0, 0.15  # nS; 0.015 of the leak
AMPA = bs.ExponentialConductance(tau=5.0, e_rev=0.0, name="ampa")
GABA = bs.ExponentialConductance(tau=5.0, e_rev=-70.0, name="gaba")

published = bs.STDP.published("Song 2000", w_max=W_MAX)
values = {name: getattr(published, name) for name in published.parameters}
rule = bs.STDP(**values | {name: 4.0 * values[name] for name in ("a_plus", "a_minus")})
model = bs.LIF(tau_m=20.0, c_m=20.0 * G_LEAK, v_rest=-70.0, v_th=-54.0, v_reset=-60.0, t_ref=0.0)
cells, source = bs.Population(RUNS, model, name="cells"), np.arange(RUNS * N)
inputs = bs.Population(RUNS * N, bs.Poisson(rate=RATE), name="inputs")
net = bs.Network(seed=1)
pairs, start = bs.FromArrays(source, source // N), bs.Uniform(0.0, W_MAX)
wires = net.connect(inputs, cells, pairs, weight=start, delay=DT, synapse=AMPA, plasticity=rule, name="learning")
net.stimulate(cells, bs.PoissonInput(rate=200 * 10.0, weight=0.05 * G_LEAK, synapse=GABA))
record = bs.WeightTrace(wires, synapses=None, every=DURATION / 3.0)
result = bs.simulate(net, DURATION, dt=DT, seed=2, record=record, spikes=[cells])

weights = result.weights["learning"].values.reshape(-1, RUNS, N) / W_MAX
fifths = np.array([np.histogram(cell, np.linspace(0.0, 1.0, 6))[0] for cell in weights[-1]]) / N
outer = fifths[:, 0] + fifths[:, 4]
valley = np.all(fifths[:, 1:4].min(axis=1) < np.minimum(fifths[:, 0], fifths[:, 4]))
spikes = result.spikes["cells"]
before, after = spikes.between(0.0, 2000.0).rate(), spikes.between(0.8 * DURATION, DURATION).rate()

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    edges = np.linspace(0.0, 1.0, 26)
    ax.hist(weights[-1].ravel(), edges, color="#1a5ca6", alpha=0.8, label="at the end")
    ax.hist(weights[0].ravel(), edges, histtype="step", color="#333333", label="at the start")
    ax.set(xlabel="weight / maximum", ylabel="synapses of two cells")
    ax.legend()

print(f"measured: {100 * outer.min():.0f} % weak or strong, {'a' if valley else 'no'} valley between", end="; ")
print(f"{before:.0f} Hz at first, {after:.1f} Hz at the end")
print("verdict:", "reproduced" if outer.min() > 1.0 - MARGIN and valley and after < before else "not reproduced")
