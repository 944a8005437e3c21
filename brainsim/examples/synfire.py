"""A synfire chain: a sharp, strong volley travels through ten groups, a weak one dies out (Diesmann 1999).

Each cell of ten groups of 100 sends to all cells of the next group. The background of each cell is that of 20,000 synapses:
17,600 excitatory ones at 2 Hz and 2,400 inhibitory ones at 12.6 Hz keep v about 8 mV above rest, with a standard deviation
of 2.8 mV. Volleys of 90 and of 45 spikes, both with a spread of 1 ms, reach the first group. Diesmann, Gewaltig and Aertsen
(1999), doi:10.1038/990101.
"""

import numpy as np

import brainsim as bs

DURATION = 250.0  # ms
GROUPS, SIZE = 10, 100
SPREAD = 1.0  # ms, standard deviation of the times in a volley
VOLLEYS = {50.0: 90, 150.0: 45}  # mean time [ms]: spikes
WEIGHT, RISE = 45.0, 0.325  # pA, ms: a postsynaptic potential of 0.14 mV


def build(seed=1):
    """Return the network and the traces to record."""
    lif = bs.LIF(tau_m=10.0, c_m=250.0, v_rest=-70.0, v_th=-55.0, v_reset=-70.0, t_ref=1.0)
    cells = bs.Population(GROUPS * SIZE, lif, name="chain", initial={"v": bs.Normal(-62.0, 2.8)})
    groups = [cells[k * SIZE : (k + 1) * SIZE].named(f"group {k + 1}") for k in range(GROUPS)]
    volley = bs.Population(SIZE, bs.SpikeTrains(**_volleys(seed)), name="volley")
    alpha = bs.Alpha(tau=RISE)

    net = bs.Network(seed=seed)
    for pre, post in zip([volley, *groups], groups, strict=False):
        net.connect(pre, post, bs.AllToAll(), weight=WEIGHT, delay=5.0, synapse=alpha)
    net.stimulate(cells, bs.PoissonInput(rate=17_600 * 2.0, weight=WEIGHT, synapse=alpha), name="excitation")
    net.stimulate(cells, bs.PoissonInput(rate=2_400 * 12.6, weight=-WEIGHT, synapse=alpha), name="inhibition")
    return net, [bs.Trace(groups[4][:2], "v")]


def _volleys(seed):
    """Return the spikes of all volleys, each spike from another cell."""
    rng = np.random.default_rng(seed)
    times = np.concatenate([rng.normal(mean, SPREAD, count) for mean, count in VOLLEYS.items()]).round(1)
    ids = np.concatenate([rng.permutation(SIZE)[:count] for count in VOLLEYS.values()])
    order = np.argsort(times, kind="stable")
    return {"times": times[order], "ids": ids[order]}


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    bs.plot.overview(result).savefig("synfire.png")
