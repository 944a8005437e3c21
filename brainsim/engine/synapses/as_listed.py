"""Lists of pairs that are in the order of the store already: it takes their columns as they are, and keeps none of its own.

So the 15 million edges of a mapped brain are in memory once, 6 bytes each, and there is nothing to build but where their
rows begin. It takes a network whose only stored synapses are a long list of pairs, sorted by source, with one delay, onto
cells that are side by side in the state; in the order of the targets if there are several partitions.
"""

import numpy as np

from brainsim.core.arrays import lock
from brainsim.engine.synapses.kinds.registry import kind_of
from brainsim.engine.synapses.segments import LENGTH_BITS, MAX_LENGTH, START_BITS, segment_fields
from brainsim.jit.decorators import kernel
from brainsim.models.packed import Ascending, as_kept, has_one, is_listed


def find_rows(layout, projections):
    """Return (base, lengths) if the pairs of the only projection can be the synapses of the store, None if they cannot.

    An event at the target k goes to the place k after the base of its partition. The lengths are those of the row of each
    cell of the network onto each partition, (cells, partitions).
    """
    if len(projections) != 1 or len(layout.own) < layout.partitions:
        return None
    projection, rule = projections[0], projections[0].rule
    if rule.pairs is None or not isinstance(as_kept(rule, "pre"), Ascending) or kind_of(projection).called:
        return None
    sources = layout.global_indices(projection.pre)
    known = has_one(projection, "weight") or is_listed(as_kept(projection, "weight"))
    if not (known and has_one(projection, "delay")) or np.any(np.diff(sources) < 0):
        return None
    place, part = layout.input_places(projection.post, projection.synapse)
    shift, base = place - np.arange(place.size), np.zeros(layout.partitions, np.int64)
    base[part] = shift
    if base.min() < 0 or not np.array_equal(base[part], shift):
        return None
    first, lengths = as_kept(rule, "pre").first, np.zeros((layout.n_cells, layout.partitions), np.int64)
    rows = np.zeros((first.size - 1) * layout.partitions, np.int64)
    if layout.partitions == 1:
        rows[:] = np.diff(first)
    elif not cut_rows(first, lock(rule.post), part, layout.partitions, rows):
        return None
    lengths[sources[: first.size - 1]] = rows.reshape(-1, layout.partitions)
    return (base, lengths) if rows.max(initial=0) <= MAX_LENGTH else None


def segments_of(lengths, delay, tag, shared):
    """Return `first`, `piece`, `delay` and `weight` of the segments of a `Store`, one for each row and partition.

    `delay` is after how many steps they are filed, `tag` is their common tag, and `shared` the weight that all synapses
    share, in an array that is empty if each has its own.
    """
    lengths = lengths.ravel()
    starts, used = np.cumsum(lengths) - lengths, lengths > 0
    columns = segment_fields(int(used.sum()), shared.size > 0)
    columns["piece"][:] = starts[used] << START_BITS | tag << LENGTH_BITS | lengths[used]
    columns["delay"][:], columns["weight"][:] = delay, shared
    return np.concatenate([[0], np.cumsum(used)]), *columns.values()


@kernel
def cut_rows(first, post, part, partitions, lengths):
    """Count the pairs of each row in each partition; return whether all rows have them in the order of the partitions."""
    for row in range(first.size - 1):
        before = np.int64(0)
        for k in range(first[row], first[row + 1]):
            now = np.int64(part[post[k]])
            if now < before:
                return False
            before = now
            lengths[row * partitions + now] += 1
    return True
