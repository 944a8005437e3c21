"""Which cells each partition has, and what of a network is in this process.

The processes of an MPI run, its *ranks*, have the same number of partitions. All ranks have the same `Layout`, with the same
numbers, but each builds and uses only what belongs to its own partitions. The arrays of all cells stay whole: memory that is
never written to takes no room.
"""

import contextlib
import copy

import numpy as np

ALIGNED = 16  # cells: the stretches of a group's first variable start at a cache line, of float64 and of float32


class Alone:
    """A process that runs a network alone, and what the ranks of an MPI run do together.

    All ranks must call the methods that are about values of all of them, in the same order. `neighbours` is the number of
    ranks on this machine, this one included.
    """

    rank, size, neighbours = 0, 1, 1

    def share(self, partitions, rank=None):
        """Return the partitions of this rank, or of another one, as a range."""
        each, rank = partitions // self.size, self.rank if rank is None else rank
        return range(each * rank, each * (rank + 1))

    def cut(self, layout):
        """Return the borders of the partitions of each group of a layout."""
        return [cut_evenly(group.n, layout.partitions) for group in layout.groups]

    def agree(self, call, doing=None, **values):
        """Raise an error, on all ranks, unless all make this call, with the same values; each waits for all others."""

    def number(self):
        """Return a number for another simulation, the same on all ranks."""
        return 0

    def all(self, value):
        """Return the values of all ranks, a list, on all of them."""
        return [value]

    def first(self, value):
        """Return the value of rank 0, on all ranks."""
        return value

    def everywhere(self, array):
        """Return the arrays of all ranks, of one dimension, on all of them."""
        return [array]

    def gather(self, value):
        """Return the values of all ranks, a list, on rank 0; None on the others. Arrays may be large."""
        return [value]

    def together(self, function):
        """Return what a function returns here; if it fails on one rank, an error is raised on all."""
        return function()

    def answer(self, function, agree):
        """Return what a function of the user answers on rank 0; all call this, and all fail if one does."""
        return function()

    def elsewhere(self, **known):
        """Return what takes the place of the Result on the ranks other than 0."""
        raise NotImplementedError

    def quiet(self):
        """Return a context in which no warnings are shown, except on rank 0."""
        return contextlib.nullcontext()

    def abort_on_error(self):
        """Return a context that ends all ranks if an error leaves it."""
        return contextlib.nullcontext()


ALONE = Alone()


def is_whole(layout):
    """Return whether all partitions of a layout are in this process."""
    return len(layout.own) == layout.partitions


def whole(layout):
    """Return the same layout for a process that has all partitions."""
    if is_whole(layout):
        return layout
    new = copy.copy(layout)
    new.ranks, new.own = ALONE, range(layout.partitions)
    return new


def index_here(layout, parts):
    """Return the index of partitions among those of this process, -1 for those of others; int16."""
    index = np.full(layout.partitions, -1, np.int16)
    index[layout.own] = np.arange(len(layout.own))
    return index[parts]


def each_from_its_rank(found, layout, projection):
    """Return a value for each target of a projection, of the arrays of all ranks that `found` lists.

    Each rank knows the values of its own targets.
    """
    parts = layout.input_places(projection.post, projection.synapse)[1]
    return np.stack(found)[parts // len(layout.own), np.arange(parts.size)]


def cells_here(layout, own=None):
    """Return the cells of each group that are in this process, or in some partitions, as slices of all cells."""
    own = layout.own if own is None else own
    return [
        slice(int(g.first + b[own.start]), int(g.first + b[own.stop]))
        for g, b in zip(layout.groups, layout.bounds, strict=True)
    ]


def state_here(layout, own=None):
    """Return what of the state is in this process, or in some partitions, as slices: variables, and buffers of inputs."""
    own = layout.own if own is None else own
    if len(own) == layout.partitions:
        return [slice(0, layout.n_numbers)]
    slices = []
    for group, bounds in zip(layout.groups, layout.bounds, strict=True):
        start, stop = int(bounds[own.start]), int(bounds[own.stop])
        rows = range(group.state_at, group.state_at + group.n_variables * group.n, max(group.n, 1))
        slices += [slice(row + start, row + stop) for row in rows]
    if layout.groups:
        last = own.stop == layout.partitions
        slices.append(slice(layout.input_at[own.start][0], layout.n_numbers if last else layout.input_at[own.stop][0]))
    return slices


def members_here(layout, own=None):
    """Return name -> slice of its cells of each population: those that are in this process, or in some partitions."""
    here, found = cells_here(layout, own), {}
    for name, member in layout.members.items():
        cells = here[layout.group_of[name]]
        found[name] = slice(*(min(max(edge - member.first, 0), member.n) for edge in (cells.start, cells.stop)))
    return found


def spikes_here(layout, cells):
    """Return which of the cells, by their global indices, send their spikes from this process; rank 0 sends listed ones."""
    mine = np.zeros(cells.size, bool)
    for group, here in zip(layout.groups, cells_here(layout), strict=True):
        if group.kernel is None:
            here = slice(group.first, group.first + (group.n if layout.ranks.rank == 0 else 0))
        mine |= (cells >= here.start) & (cells < here.stop)
    return mine


def cut_evenly(n, partitions):
    """Return the borders of stretches that divide n cells evenly, at multiples of a cache line.

    Weighting cells by their in-degree balances less well: in the microcircuit, what differs is the rates of the sources.
    """
    return aligned(np.linspace(0, n, partitions + 1), n)


def aligned(borders, n):
    """Return borders among n cells at multiples of a cache line."""
    borders = np.round(borders / ALIGNED).astype(np.int64) * ALIGNED
    borders[-1] = n
    return np.minimum(borders, n)
