"""A synfire chain: a volley that is strong and sharp enough travels through ten groups, a weak one dies out (Diesmann 1999).

Each of ten groups of 100 LIF cells sends to all cells of the next; every cell has noisy background. A volley of 90 spikes
spread by 1 ms arrives at the first group at 100 ms, one of 45 at 200 ms. Diesmann, Gewaltig and Aertsen (1999),
doi:10.1038/990101.
"""

import numpy as np

import brainsim as bs

DURATION = 300.0  # ms
GROUPS, SIZE = 10, 100


def build(seed=1):
    """Return the network and what to record of it."""
    lif = bs.LIF(tau_m=10.0, c_m=250.0, v_rest=-70.0, v_th=-55.0, v_reset=-70.0, t_ref=1.0)
    cells = bs.Population(GROUPS * SIZE, lif, name="chain", initial={"v": bs.Uniform(-65.0, -57.0)})
    groups = [cells[k * SIZE : (k + 1) * SIZE].named(f"group {k + 1}") for k in range(GROUPS)]
    psc = bs.Alpha(tau=0.33)

    net = bs.Network(seed=seed)
    volley = bs.Population(SIZE, bs.SpikeTrains(**_volleys(seed)), name="volley")
    for pre, post in zip([volley, *groups], groups, strict=False):
        net.connect(pre, post, bs.AllToAll(), weight=51.0, delay=5.0, synapse=psc)
    # 20,000 excitatory and inhibitory inputs at 2 Hz hold the cells just below threshold
    net.stimulate(cells, bs.PoissonInput(rate=17_600.0, weight=51.0, synapse=psc), name="excitation")
    net.stimulate(cells, bs.PoissonInput(rate=12_500.0, weight=-51.0, synapse=psc), name="inhibition")
    return net, [bs.Trace(groups[4][:2], "v")]


def _volleys(seed):
    """Return the spikes of two volleys: 90 around 100 ms, 45 around 200 ms, both with 1 ms standard deviation."""
    rng = np.random.default_rng(seed)
    times = np.concatenate([rng.normal(100.0, 1.0, 90), rng.normal(200.0, 1.0, 45)]).round(1)
    ids = np.concatenate([rng.permutation(SIZE)[:90], rng.permutation(SIZE)[:45]])
    order = np.argsort(times, kind="stable")
    return {"times": times[order], "ids": ids[order]}


if __name__ == "__main__":
    network, traces = build()
    result = bs.simulate(network, DURATION, seed=2, record=traces)
    print(result)
    bs.plot.overview(result).savefig("synfire.png")
