"""What is known of ranks before they run: how many there are, and which cells each has."""

import numpy as np

from brainsim.build.own import Alone, aligned

PER_CELL = 20.0  # synapses that take as much memory as a cell


class Planned(Alone):
    """Rank 0 of an MPI run that is only planned, for the estimate of memory; `Ranks` are those of a run."""

    def __init__(self, size):
        self.size = size

    def cut(self, layout):
        """Return the borders of the partitions of each group of a layout: ranks divide memory."""
        return balance(layout)


def balance(layout):
    """Return the borders of the partitions of each group, such that all ranks of an MPI run have equal numbers of synapses.

    Ranks divide memory: in the microcircuit, the largest of four ranks with the same number of cells would have 29 percent
    more synapses than the mean. The threads of a rank have the same number of cells.
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
        of_ranks = aligned(np.searchsorted(total, np.linspace(0.0, total[-1], ranks + 1)), load.size)
        parts = [np.linspace(start, stop, threads + 1)[:-1] for start, stop in zip(of_ranks[:-1], of_ranks[1:], strict=True)]
        bounds.append(aligned(np.concatenate([*parts, of_ranks[-1:]]), load.size))
    return bounds
