"""Sparse network of 4,000 cells with synaptic currents that sustains itself (CUBA, Vogels and Abbott 2005).

Benchmark 2 of Brette et al. (2007), doi:10.1007/s10827-007-0038-6: there is no external drive, and the resting potential is
just above threshold; excitation and inhibition keep the cells firing irregularly at about 5.5 Hz.
"""

import brainsim as bs

DURATION = 1000.0  # ms
SMALL = {"n": 200}


def build(n=4000, seed=1):
    """Return the network and the traces to record."""
    lif = bs.LIF(tau_m=20.0, c_m=200.0, v_rest=-49.0, v_th=-50.0, v_reset=-60.0, t_ref=5.0)
    cells = bs.Population(n, lif, name="cells", initial={"v": bs.Uniform(-60.0, -50.0)})
    exc, inh = cells[: 4 * n // 5].named("excitatory"), cells[4 * n // 5 :].named("inhibitory")

    net = bs.Network(seed=seed)
    random = bs.FixedProbability(80.0 / n)
    net.connect(exc, cells, random, weight=16.2, delay=0.1, synapse=bs.Exponential(tau=5.0, name="exc"))
    net.connect(inh, cells, random, weight=-90.0, delay=0.1, synapse=bs.Exponential(tau=10.0, name="inh"))
    return net, [bs.Trace(exc[:2], "v")]


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    bs.plot.overview(result).savefig("cuba.png")
