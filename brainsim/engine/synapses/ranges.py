"""Projections of all cells to all with one weight and one delay: a spike adds it to a *range* of the state.

The targets of such a projection lie side by side in the state, so a segment says where they begin and how many they are.
Nothing is stored but these segments, and delivery is a loop that LLVM vectorises: 0.07 ns an event, where a list of targets
takes 0.43 ns and 2 bytes (2,000 cells). Each target gets the same additions in the same order as from the store, so the
bits are the same.
"""

import numpy as np

from brainsim.build.layout import has_many_cells
from brainsim.build.own import index_here
from brainsim.engine.synapses.kinds.kind import RANGE, SharedWeight
from brainsim.engine.synapses.kinds.registry import kind_of
from brainsim.engine.synapses.segments import LENGTH_BITS, MAX_LENGTH, START_BITS, segment_fields
from brainsim.engine.synapses.wiring import AllPairs, wiring_of
from brainsim.models.packed import has_one

FEW = 0.1  # share of the cells up to which sources are few


def find_ranges(layout, projections):
    """Return the projections, of those that are stored, whose synapses are ranges.

    A source that also has listed synapses with a shared weight onto the same receptor keeps all of them in the store, which
    sorts those with equal delays by their weights: the order of additions stays as it is. So does a network of many cells
    with few such sources, whose targets may be at rest between their spikes.
    """
    if layout.within_steps:  # events have times of their own
        return set()
    fewest = FEW * layout.n_cells if has_many_cells(layout) else 0
    found = {projection for projection in projections if projection.pre.n >= fewest and _is_range(projection)}
    others = {projection for projection in projections if projection not in found and has_one(projection, "weight")}
    while others and found:
        taken = {ends for projection in others for ends in _ends(projection)}
        others = {projection for projection in found if not taken.isdisjoint(_ends(projection))}
        found -= others
    return found


def _is_range(projection):
    return (
        wiring_of(projection.rule) is AllPairs
        and kind_of(projection) is SharedWeight
        and has_one(projection, "delay")
        and all(int(ids.max()) - int(ids.min()) == ids.size - 1 for _, ids in projection.post.parts)
    )


def _ends(projection):
    """Return the pairs of populations that a projection connects, with the receptor."""
    pre, post = ([population for population, _ in view.parts] for view in (projection.pre, projection.post))
    return {(source, target, projection.synapse) for source in pre for target in post}


def number_of_ranges(layout, projection):
    """Return how many segments a projection of ranges has in this process; at most, if sources leave themselves out."""
    place, part = layout.input_places(projection.post, projection.synapse)
    here = index_here(layout, part) >= 0
    alone = 0.0 if projection.rule.autapses else projection.pre.in_common(projection.post) * here.mean()
    return projection.pre.n * _runs(place[here].astype(np.int64), part[here])[0].size + alone


def merge_ranges(layout, plans, first, columns):
    """Return `first` and the columns of segments of a `Store` with the ranges of some plans, which follow those of a row."""
    if not plans:
        return first, columns
    found = [_segments_of(layout, plan) for plan in plans]
    row, *new = (np.concatenate(parts) for parts in zip(*found, strict=True))
    origins = np.concatenate([np.full(len(part[0]), plan.origin[0]) for plan, part in zip(plans, found, strict=True)])
    order = np.lexsort((origins, new[1], row))  # as in the store: by delay, and then by weight
    row, counts = row[order], np.bincount(row, minlength=first.size - 1)
    before = np.cumsum(counts) - counts
    old = np.arange(first[-1]) + np.repeat(before, np.diff(first))
    at = np.arange(row.size) + first[row + 1]
    whole = segment_fields(old.size + at.size, True, layout.delay_type)
    for column, former, values in zip(whole.values(), columns, new, strict=True):
        column[at] = values[order]
        if old.size:
            column[old] = former if former.size else np.nan  # no weight is shared among those
    return first + np.concatenate([[0], np.cumsum(counts)]), [*whole.values()]


def _segments_of(layout, plan):
    """Return the row, the piece, the delay and the weight of each segment of a plan; a row is a source and a partition."""
    place, part = layout.input_places(plan.projection.post, plan.projection.synapse)
    part, sources = index_here(layout, part), plan.sources.astype(np.int64)
    start, stop, number = _runs(place[part >= 0].astype(np.int64), part[part >= 0])
    row = sources[:, None] * len(layout.own) + number
    start, stop = np.broadcast_arrays(start, stop, row)[:2]
    if (itself := plan.wiring.self_index).size:
        own = np.where(itself >= 0, place[itself], -1)[:, None]
        inside = (start <= own) & (own < stop)
        row, after = np.concatenate([row, row[inside]], axis=None), np.broadcast_to(own, row.shape)[inside] + 1
        start, stop = (
            np.concatenate([start, after], axis=None),
            np.concatenate([np.where(inside, own, stop), stop[inside]], axis=None),
        )
    row, start, length = row.ravel(), start.ravel(), (stop - start).ravel()
    some = length > 0
    piece = start << START_BITS | RANGE << int(LENGTH_BITS) | length
    delay = np.full(row.size, plan.delays[0] + plan.extra_step)
    return row[some], piece[some], delay[some], np.full(row.size, plan.shared_weight)[some]


def _runs(place, part):
    """Return (start, stop, partition) of the runs of places that lie side by side, none longer than a segment can be."""
    order = np.lexsort((place, part))
    place, part = place[order], part[order]
    new = np.diff(place, prepend=-2) != 1
    new[1:] |= part[1:] != part[:-1]
    begin = np.flatnonzero(new)
    within = np.arange(place.size) - np.repeat(begin, np.diff(np.append(begin, place.size)))
    begin = np.flatnonzero(within % MAX_LENGTH == 0)
    return place[begin], place[begin] + np.diff(np.append(begin, place.size)), part[begin].astype(np.int64)
