"""Layouts of the ranks of a run that there is not: each is built as that rank builds it, without MPI."""

from brainsim.build.layout import Layout
from brainsim.features.ranks.planned import Planned


class Rank(Planned):
    def __init__(self, rank, size):
        super().__init__(size)
        self.rank = rank


def layouts(network, ranks, threads):
    """Return the layout of each rank."""
    return [Layout(network, 0.1, ranks * threads, ranks=Rank(k, ranks)) for k in range(ranks)]
