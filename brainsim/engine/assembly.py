"""From drawn rows to stored ones: a source's synapses are sorted by (partition, class, delay, shared weight), put into place
and cut into segments.

A row is drawn, sorted and written while it lies in the cache: 10 ns a synapse, and no list of pairs or delays is kept.
"""

from typing import NamedTuple

import numpy as np

from brainsim.engine.drawing import COMMON, OWN, draw_row
from brainsim.jit.decorators import helper, kernel

LENGTH_BITS = np.int64(24)
MOST = np.int64(1 << 24) - 1  # synapses of a segment
DIGIT = 256  # keys are sorted by digits of a byte: one pass where partitions times delays are at most so many


class Segments(NamedTuple):
    """Runs of synapses that have source, partition, class, delay and shared weight in common."""

    piece: np.ndarray  # int64: where it begins, and how many synapses they are; see `make_piece`
    delay: np.ndarray  # uint16 [steps]
    weight: np.ndarray  # float64, or empty where no weight is shared


def most_segments(synapses, partitions, plans):
    """Return into how many segments so many synapses of one source are cut at most; arrays are taken element by element."""
    return np.minimum(synapses, 2 * partitions * plans.delays * plans.origins) + synapses // MOST


@helper
def make_piece(begin, length):
    """Return place and length of a segment as one number, which is filed and read in one go."""
    return begin << LENGTH_BITS | length


@helper
def split_piece(piece):
    """Return (begin, length) of a segment."""
    return piece >> LENGTH_BITS, piece & MOST


@kernel
def assemble(low, high, plans, own_at, common_at, base, targets, weights, shared, partitions, segments, per_part, desk):
    """Draw and store the rows of the sources from `low` to `high`; return the number of segments written.

    `own_at` and `common_at` say where the synapses of each source begin in `targets`, which are counted from the `base` of
    their partition; the number of segments of each source and partition goes to `per_part`.
    """
    written = np.int64(0)
    for source in range(low, high):
        count = draw_row(source, plans, -1, targets, own_at[source], common_at[source], desk)
        order = sort_row(count, desk)
        parts = per_part[source * partitions : (source + 1) * partitions]
        written = store_row(
            count,
            order,
            plans,
            own_at[source],
            common_at[source],
            base,
            targets,
            weights,
            shared,
            segments,
            written,
            parts,
            desk,
        )
    return written


@helper
def sort_row(count, desk):
    """Sort the first `count` synapses by their keys, keeping the order of equals; return which order array holds it."""
    key, order = desk.key, desk.order
    least, most, in_order = np.int64(0), np.int64(0), True
    if count:
        least = most = key[0]
    for k in range(count):
        least, most = min(least, key[k]), max(most, key[k])
        order[0, k] = np.int32(k)
    for k in range(1, count):
        in_order &= key[k] >= key[k - 1]
    now, shift = 0, np.int64(0)  # typed, or a second function is compiled for the literal
    while not in_order and (most - least) >> shift:
        _sort_by_digit(count, key, least, shift, order[now], order[1 - now], desk.bins)
        now, shift = 1 - now, shift + 8
    return now


@helper
def _sort_by_digit(count, key, least, shift, source, sorted_, bins):
    """Sort by one byte of the keys."""
    for b in range(DIGIT + 1):
        bins[b] = 0
    for k in range(count):
        bins[((key[source[k]] - least) >> shift & 255) + 1] += 1
    for b in range(DIGIT):
        bins[b + 1] += bins[b]
    for k in range(count):
        digit = (key[source[k]] - least) >> shift & 255
        sorted_[bins[digit]] = source[k]
        bins[digit] += 1


@helper
def store_row(count, which, plans, own_at, common_at, base, targets, weights, shared, segments, written, parts, desk):
    """Write sorted synapses from `own_at` and `common_at` on, and their segments from number `written` on."""
    key, order = desk.key, desk.order[which]
    k = 0
    while k < count:
        now = key[order[k]]
        rest = now // plans.origins
        part_class, delay = rest // plans.delays, rest % plans.delays + plans.shortest
        begin = at = common_at if part_class & 1 == COMMON else own_at
        last, zero = min(count, k + MOST), base[part_class >> 1]
        if part_class & 1 == OWN:
            while k < last and key[order[k]] == now:
                targets[at], weights[at] = desk.target[order[k]] - zero, desk.weight[order[k]]
                at, k = at + 1, k + 1
            own_at = at
        else:
            while k < last and key[order[k]] == now:
                targets[at] = desk.target[order[k]] - zero
                at, k = at + 1, k + 1
            common_at = at
        segments.piece[written] = make_piece(begin, at - begin)
        segments.delay[written] = delay
        if segments.weight.size:
            segments.weight[written] = shared[now % plans.origins] if part_class & 1 == COMMON else np.nan
        written += 1
        parts[part_class >> 1] += 1
    return written
