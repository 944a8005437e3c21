"""The synapses of small networks, read back from a simulation."""

from typing import NamedTuple

import numpy as np

import brainsim as bs

DT = 0.1
LIF = bs.LIF()
DELTA = bs.Delta()
RULES = [bs.FixedProbability(0.1), bs.FixedIndegree(30), bs.FixedOutdegree(30), bs.FixedTotal(9000), bs.AllToAll()]


class Synapses(NamedTuple):
    """All synapses of one projection, sorted by target, source, delay and weight; cells counted within their population."""

    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    delay: np.ndarray  # steps


def read(net, name=None, threads=2, dt=DT):
    """Return the synapses of a projection, by default of the only one."""
    assert name or len(net.projections) == 1
    projection = next(p for p in net.projections if name in (None, p.name))
    table = bs.Simulation(net, dt=dt, seed=1, threads=threads).synapses(projection)
    pre, post = (view.parts[0][1][ends] for view, ends in ((projection.pre, table.pre), (projection.post, table.post)))
    delay = np.rint(table.delay / dt).astype(int)
    assert np.array_equal(delay * dt, table.delay)
    order = np.lexsort((table.weight, delay, pre, post))
    return Synapses(pre[order], post[order], table.weight[order], delay[order])


def wired(rule, pre, post, *, weight=0.5, delay=1.5, synapse=DELTA, seed=1, threads=2):
    net = bs.Network(seed=seed)
    net.connect(pre, post, rule, weight=weight, delay=delay, synapse=synapse)
    return read(net, threads=threads)


def cells(n, name="cells"):
    return bs.Population(n, LIF, name=name)


def pairs_of(s):
    return set(zip(s.pre.tolist(), s.post.tolist(), strict=True))


def equal(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
