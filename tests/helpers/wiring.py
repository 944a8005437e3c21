"""Synapses read back from the rows of the engine."""

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
    """Read the synapses of a projection (by default of the only one) back from the engine.

    Projections must differ in their synapse or in the populations at one end, else they cannot be told apart.
    """
    projection = next(p for p in net.projections if name in (None, p.name))
    simulation = bs.Simulation(net, dt=dt, seed=1, threads=threads)
    layout = simulation._layout
    pre, post = (layout.members[view.parts[0][0].name] for view in (projection.pre, projection.post))
    # what acts on the threshold is filed as it is, what does not a step later, since it is added after the cells have moved
    late = int(projection.synapse.receptor_equations.direct)
    rows = simulation._partitions[0].rows
    slots = layout.input_places(post.population, projection.synapse)[0]
    cell_at = np.full(layout.n_numbers, -1)
    cell_at[slots] = np.arange(slots.size)
    # of each synapse its segment, of each segment its source; segments lie in no order of their starts
    start, length = rows.piece >> 24, rows.piece & 0xFFFFFF
    assert length.sum() == rows.targets.size
    segment = np.repeat(np.arange(length.size), length)
    within = np.arange(segment.size) - np.repeat(np.cumsum(length) - length, length)
    place = start[segment] + within
    assert np.array_equal(np.sort(place), np.arange(rows.targets.size))
    owner = np.repeat(np.arange(rows.first.size - 1), np.diff(rows.first))[segment]
    source, part = owner // threads, owner % threads
    own = place < rows.weights.size
    weight = np.empty(place.size)
    weight[own] = rows.weights[place[own]]
    if not own.all():
        weight[~own] = rows.weight[segment[~own]]
    target = cell_at[rows.targets[place] + rows.base[part]]
    mine = (target >= 0) & (source >= pre.first) & (source < pre.first + pre.n)
    delay = rows.delay[segment].astype(int) - late
    table = np.array([source[mine] - pre.first, target[mine], weight[mine], delay[mine]])
    table = table[:, np.lexsort((table[2], table[3], table[0], table[1]))]
    return Synapses(table[0].astype(int), table[1].astype(int), table[2], table[3].astype(int))


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
