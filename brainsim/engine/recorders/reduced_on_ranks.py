"""Sums over cells that are on several ranks of an MPI run: each sends what its partitions have stored, rank 0 adds it up."""

import numpy as np

from brainsim.engine.recorders.reduced import KINDS, Stretch, reduced, stored


def positions(trace, layout, partitions):
    """Return, for each of some partitions, which of the cells of a trace it has: positions in `Recorded.ids`."""
    number = layout.group_of[trace.population]
    member, bounds = layout.members[trace.population], layout.bounds[number]
    cells = member.first - layout.groups[number].first + trace.ids
    return [np.flatnonzero((cells >= bounds[k]) & (cells < bounds[k + 1])) for k in partitions]


def stretch_of(trace, columns):
    """Return the Stretch of the cells of a trace that are at these positions, in order and without gaps."""
    kind = KINDS[trace.reduce]
    return Stretch.of(int(columns[0]), int(columns[-1]) + 1, trace.ids.size, kind)


def stored_here(trace, layout, cells):
    """Return what the partitions of this rank would have stored of samples of its cells, shape (samples, cells)."""
    found, at = [cells[:, :0]], 0
    for columns in positions(trace, layout, layout.own):
        if columns.size:
            found.append(stored(cells[:, at : at + columns.size], stretch_of(trace, columns)))
            at += columns.size
    return np.concatenate(found, axis=1)


def reduced_on_ranks(trace, layout, stored_):
    """Return `reduced` of what all ranks have stored, (samples, numbers), on rank 0; None on the others. All call it."""
    parts = layout.ranks.gathered(stored_)
    if parts is None:
        return None
    samples, stretches = [], []
    for rank, values in enumerate(parts):
        at = 0
        for columns in positions(trace, layout, layout.ranks.share(layout.partitions, rank)):
            if columns.size:
                stretches.append(stretch_of(trace, columns))
                samples.append(values[:, at : at + stretches[-1].width])
                at += stretches[-1].width
    return reduced(samples, stretches, trace.ids.size, trace.reduce)
