"""
Synapses that depress by their own weight stay in the middle
============================================================

If depression grows with the weight and potentiation does not, weights gather around one value (compare with competition).
"""

import matplotlib.pyplot as plt
import numpy as np

import brainsim as bs

SOURCE = (
    "van Rossum, Bi & Turrigiano (2000), doi:10.1523/JNEUROSCI.20-23-08812.2000; learning ten times as fast, without noise"
)
CLAIM = "STDP with depression in proportion to the weight gives a unimodal distribution of weights, not at the bounds"
MARGIN, CONFIDENCE = 0.1, None  # below the share of 1, of weights within half and twice the median, in each cell

N, RATE, RUNS, DURATION, DT = 1000, 20.0, 4, 100_000.0, 0.2  # inputs of a cell; Hz; cells; ms
C_P, C_D, FAST = 0.001, 0.003, 10.0  # nS, and its share of a weight: by one pair; how much faster
W_MAX = 2.0  # nS, which no weight reaches
AMPA = bs.ExponentialConductance(tau=5.0, e_rev=0.0, name="ampa")

rule = bs.STDP(weight_dependence="power_law", mu=0.0, a_plus=FAST, a_minus=FAST * C_D, w_0=C_P, w_max=W_MAX)
cells = bs.Population(RUNS, bs.LIF(tau_m=20.0, c_m=2000.0, v_rest=-74.0, v_th=-54.0, v_reset=-60.0), name="cells")
source = np.arange(RUNS * N)
inputs = bs.Population(source.size, bs.Poisson(rate=RATE), name="inputs")
net = bs.Network(seed=1)
pairs, start = bs.FromArrays(source, source // N), bs.Uniform(0.0, 0.8)
wires = net.connect(inputs, cells, pairs, weight=start, delay=DT, synapse=AMPA, plasticity=rule, name="learning")
record = bs.WeightTrace(wires, synapses=None, every=DURATION / 2.0)
result = bs.simulate(net, DURATION, dt=DT, seed=2, record=record, spikes=[cells])

weights = result.weights["learning"].values.reshape(-1, RUNS, N)
middle = np.median(weights[-1], axis=1)[:, None]
within = np.mean((weights[-1] > 0.5 * middle) & (weights[-1] < 2.0 * middle), axis=1)
counts, edges = np.histogram(weights[-1], np.linspace(0.0, 0.8, 17))
peaks = np.sum((counts[1:-1] > counts[:-2]) & (counts[1:-1] >= counts[2:]) & (counts[1:-1] > 0.2 * counts.max()))

with bs.plot.style():
    fig, ax = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
    ax.stairs(counts, edges, fill=True, color="#1a5ca6", alpha=0.8, label="at the end")
    ax.hist(weights[0].ravel(), edges, histtype="step", color="#333333", label="at the start")
    ax.set(xlabel="weight [nS]", ylabel="synapses of four cells")
    ax.legend()

rate = result.spikes["cells"].between(0.5 * DURATION, DURATION).rate()
print(f"measured: {100 * within.mean():.1f} % within half and twice {middle.mean():.2f} nS; peaks: {peaks}; {rate:.0f} Hz")
print("verdict:", "reproduced" if within.min() > 1.0 - MARGIN and peaks == 1 else "not reproduced")
