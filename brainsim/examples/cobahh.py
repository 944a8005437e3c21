"""Sparse network of 4,000 Hodgkin-Huxley cells with synaptic conductances that sustains itself (COBAHH).

Benchmark 3 of Brette et al. (2007), doi:10.1007/s10827-007-0038-6: the wiring and the synapses of COBA, with cells of
Traub and Miles (1991). A current into fifty cells starts the activity; traces are of other cells. Cells are integrated with
one step of exponential Euler, as in the benchmark, which is five times as fast as the default of `TraubMiles`; cells fire a
few per cent slower with it.
"""

import brainsim as bs

DURATION = 1000.0  # ms
KICKED = 50  # cells that are driven at the beginning
SMALL = {"n": 200}


class FastTraubMiles(bs.TraubMiles):
    """The cell with the method of the benchmark."""

    method = "exponential_euler"
    substeps = 1


def build(n=4000, seed=1):
    """Return the network and the traces to record."""
    cells = bs.Population(n, FastTraubMiles(), name="cells", initial={"v": bs.Normal(-65.0, 5.0)})
    exc, inh = cells[: 4 * n // 5].named("excitatory"), cells[4 * n // 5 :].named("inhibitory")
    ampa = bs.ExponentialConductance(tau=5.0, e_rev=0.0, name="ampa")
    gaba = bs.ExponentialConductance(tau=10.0, e_rev=-80.0, name="gaba")

    net = bs.Network(seed=seed)
    random = bs.FixedProbability(80.0 / n)
    net.connect(exc, cells, random, weight=6.0, delay=0.1, synapse=ampa)
    net.connect(inh, cells, random, weight=67.0, delay=0.1, synapse=gaba)
    # a current into some cells for the first 50 ms activates the others
    net.stimulate(exc[:KICKED], bs.CurrentInput([1000.0, 0.0], times=[0.0, 50.0]))
    traced = exc[KICKED : KICKED + 2]
    return net, [bs.Trace(traced, "v"), bs.Trace(traced[:1], "n"), bs.Trace(traced[:1], "gaba.g")]


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    bs.plot.overview(result).savefig("cobahh.png")
