"""Sparse network of 4,000 cells with conductances that sustains itself (COBA, Vogels and Abbott 2005).

Benchmark 1 of Brette et al. (2007), doi:10.1007/s10827-007-0038-6: as CUBA, but synapses open conductances of 6 nS
(excitatory, reversal 0 mV) and 67 nS (inhibitory, -80 mV). Spikes to fifty cells for 50 ms start the activity; traces are of
other cells.
"""

import brainsim as bs

DURATION = 1000.0  # ms
KICKED = 50  # cells that are driven at the beginning
SMALL = {"n": 200}


def build(n=4000, seed=1):
    """Return the network and the traces to record."""
    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-60.0, v_th=-50.0, v_reset=-60.0, t_ref=5.0)
    cells = bs.Population(n, lif, name="cells", initial={"v": bs.Normal(-65.0, 5.0)})
    exc, inh = cells[: 4 * n // 5].named("excitatory"), cells[4 * n // 5 :].named("inhibitory")
    ampa = bs.ExponentialConductance(tau=5.0, e_rev=0.0, name="ampa")
    gaba = bs.ExponentialConductance(tau=10.0, e_rev=-80.0, name="gaba")

    net = bs.Network(seed=seed)
    random = bs.FixedProbability(80.0 / n)
    net.connect(exc, cells, random, weight=6.0, delay=0.1, synapse=ampa)
    net.connect(inh, cells, random, weight=67.0, delay=0.1, synapse=gaba)
    # some cells are driven for the first 50 ms and activate the others
    kick = bs.Population(KICKED, bs.SpikeTrains(**_volley(KICKED, seed)), name="kick")
    net.connect(kick, exc[:KICKED], bs.OneToOne(), weight=100.0, delay=0.1, synapse=ampa)
    traced = exc[KICKED : KICKED + 2]
    return net, [bs.Trace(traced, "v"), bs.Trace(traced[:1], "ampa.g"), bs.Trace(traced[:1], "gaba.g")]


def _volley(n, seed):
    """Return Poisson spikes of n sources at 300 Hz from 1 to 51 ms, as in the benchmark."""
    import numpy as np

    rng = np.random.default_rng(seed)
    step, cell = np.nonzero(rng.random((500, n)) < 0.03)
    return {"times": 1.0 + step / 10, "ids": cell}


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    bs.plot.overview(result).savefig("coba.png")
