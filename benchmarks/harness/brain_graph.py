"""Networks as uneven as those of brains: log-normal degrees and numbers of contacts, modules, and a core that is active.

The brain of a fly's size has 138,639 cells and 15.1 million edges in 100 modules. 21 cells are activated; 420 others in the
same four modules are so strongly connected that they fire, and a few hundred cells send all spikes, as if sugar were tasted
in the model of Shiu et al. (2024), doi:10.1038/s41586-024-07763-9.

The nervous system of a male fly's size has 166,700 cells and 25.6 million edges, and 8,000 sensory cells that are activated
all the time, so every cell gets an event every millisecond or two.
"""

import numpy as np

LARVA = 3013, 111_243  # cells, edges
FLY, MODULES, OWN_MODULE = (138_639, 15_100_000), 100, 0.5  # share of the edges that stay in their module
CNS, SENSORY = (166_700, 25_600_000), 8000
ACTIVATED, CORE, STRENGTH, EXCITING = 21, 420, 6.0, 0.6
FROM_ACTIVATED, FROM_CORE = 8, 10  # strong edges onto each cell of the core


def uneven(n, edges, seed):
    """Return source, target and contacts of edges with log-normal degrees and contacts; no edge occurs twice."""
    rng = np.random.default_rng([seed, 1])
    out, into = (share / share.sum() for share in rng.lognormal(0.0, 1.0, (2, n)))
    pairs = np.unique(rng.choice(n, 2 * edges, p=out) * n + rng.choice(n, 2 * edges, p=into))
    pairs = np.sort(rng.permutation(pairs)[:edges])
    return pairs // n, pairs % n, np.ceil(rng.lognormal(0.7, 0.9, pairs.size))


def fly(seed):
    """Return source, target and signed contacts of the edges of a brain of a fly's size, and the cells to be activated."""
    rng, (n, edges) = np.random.default_rng([seed, 2]), FLY
    module = np.sort(rng.integers(0, MODULES, n))
    starts = np.searchsorted(module, np.arange(MODULES + 1))
    members = rng.choice(starts[4], ACTIVATED + CORE, replace=False)
    activated, core = members[:ACTIVATED], members[ACTIVATED:]
    pre, post = _wired(rng, module, starts, edges - CORE * (FROM_ACTIVATED + FROM_CORE))
    contacts = np.ceil(rng.lognormal(0.4, 0.9, pre.size))
    strong_pre = np.concatenate([rng.choice(activated, (CORE, FROM_ACTIVATED)), rng.choice(core, (CORE, FROM_CORE))], axis=1)
    gain = STRENGTH * rng.lognormal(0.0, 0.35, (CORE, 1)) * rng.lognormal(-0.3, 0.8, strong_pre.shape)
    pre = np.concatenate([pre, strong_pre.ravel()])
    post = np.concatenate([post, np.repeat(core, strong_pre.shape[1])])
    contacts = np.concatenate([contacts, np.ceil(gain).ravel()])
    exciting = rng.random(n) < EXCITING
    exciting[activated] = True
    name = rng.permutation(n)  # the numbers of cells say nothing about their modules
    return name[pre], name[post], np.where(exciting[pre], contacts, -contacts), name[activated]


def cns(seed):
    """Return the same of the edges of a nervous system of a male fly's size, and its sensory cells."""
    rng, (n, edges) = np.random.default_rng([seed, 3]), CNS
    module = np.sort(rng.integers(0, MODULES, n))
    pre, post = _wired(rng, module, np.searchsorted(module, np.arange(MODULES + 1)), edges)
    contacts = np.ceil(rng.lognormal(0.4, 0.9, pre.size))
    name = rng.permutation(n)
    exciting = rng.random(n) < EXCITING
    return name[pre], name[post], np.where(exciting[pre], contacts, -contacts), name[rng.choice(n, SENSORY, replace=False)]


def _wired(rng, module, starts, edges):
    """Return sources and targets: half of them within a module, targets in proportion to their in-degree."""
    out, into = rng.lognormal(0.0, 1.0, (2, module.size))
    pre = np.repeat(np.arange(module.size), rng.poisson(out / out.sum() * edges))
    sums = np.concatenate([[0.0], np.cumsum(into)])
    own = rng.random(pre.size) < OWN_MODULE
    low = np.where(own, sums[starts[module[pre]]], 0.0)
    high = np.where(own, sums[starts[module[pre] + 1]], sums[-1])
    place = low + (high - low) * rng.random(pre.size)
    order = np.argsort(place)  # neighbours are found in the same part of the table: a fifth of the time
    post = np.empty(pre.size, np.int64)
    post[order] = np.searchsorted(sums, place[order], side="right") - 1
    return pre, np.minimum(post, module.size - 1)
