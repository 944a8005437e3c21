"""Where groups of cells are cut into the stretches of partitions. The bits do not depend on it."""

import numpy as np

ALIGNED = 16  # cells: the stretches of a group's first variable start at a cache line, of float64 and of float32
PER_CELL = 20.0  # synapses that take as much memory as a cell


def cuts(n, partitions):
    """Return the borders of stretches of equally many of n cells, at multiples of a cache line.

    Weighting cells by their in-degree balances less well: in the microcircuit, what differs is the rates of the sources.
    """
    return _aligned(np.linspace(0, n, partitions + 1), n)


def balanced(layout):
    """Return the borders of the partitions of each group, so that all ranks of an MPI run have equally many synapses.

    What ranks divide is memory: in the microcircuit, the largest of four ranks with equally many cells would have 29 percent
    more synapses than the mean. The threads of a rank have equally many cells.
    """
    ranks, threads = layout.ranks.size, layout.partitions // layout.ranks.size
    loads = [np.full(group.n, PER_CELL) for group in layout.groups]
    for projection in layout.network.projections:
        for population, ids in projection.post.parts:
            index, member = layout.group_of[population.name], layout.members[population.name]
            first = member.first - layout.groups[index].first
            np.add.at(loads[index], first + ids, projection.expected / projection.post.n)
    bounds = []
    for load in loads:
        total = np.concatenate([[0.0], np.cumsum(load)])
        of_ranks = _aligned(np.searchsorted(total, np.linspace(0.0, total[-1], ranks + 1)), load.size)
        parts = [np.linspace(start, stop, threads + 1)[:-1] for start, stop in zip(of_ranks[:-1], of_ranks[1:], strict=True)]
        bounds.append(_aligned(np.concatenate([*parts, of_ranks[-1:]]), load.size))
    return bounds


def _aligned(borders, n):
    """Return borders among n cells at multiples of a cache line."""
    borders = np.round(borders / ALIGNED).astype(np.int64) * ALIGNED
    borders[-1] = n
    return np.minimum(borders, n)
