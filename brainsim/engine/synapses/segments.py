"""From sampled rows to stored ones: a source's synapses are sorted, written and cut into segments.

They are sorted by (partition, class, delay, shared weight). A row is sampled, sorted and written while it lies in the cache:
10 ns a synapse, and no list of pairs or delays is kept.
"""

import numpy as np

from brainsim.engine.synapses.sampling import sample_row
from brainsim.jit.decorators import helper, kernel
from brainsim.jit.records import array_of

# a piece holds where the synapses of a segment start (37 bits), the tag of their kind (4), and how many they are (23)
LENGTH_BITS, TAG_BITS = np.int64(23), np.int64(4)
START_BITS = LENGTH_BITS + TAG_BITS
MAX_LENGTH, TAGS = np.int64(1 << 23) - 1, np.int64(1 << 4)
DIGIT = 256  # keys are sorted by digits of a byte: one pass if partitions times delays are not more


def segment_fields(room, with_weights, delay_type=np.uint16):
    """Return room for segments, runs of synapses with one source, partition, class and delay, as fields of a record."""
    return {
        "piece": np.empty(room, np.int64),  # see `make_piece`
        "delay": np.empty(room, delay_type),  # ticks, see `Layout`
        "weight": np.empty(room if with_weights else 0),  # shared by the synapses; NaN if each has one
    }


def max_segments(synapses, partitions, classes, delays, origins):
    """Return the largest number of segments into which `synapses` of one source are cut; elementwise for arrays."""
    return np.minimum(synapses, classes * partitions * delays * origins) + synapses // MAX_LENGTH


@helper
def make_piece(start, tag, length):
    """Return start, tag and length of a segment as one number, which is filed and read as a whole."""
    return start << START_BITS | tag << LENGTH_BITS | length


@helper
def split_piece(piece):
    """Return (start, length) of a segment."""
    return piece >> START_BITS, piece & MAX_LENGTH


@helper
def tag_of(piece):
    """Return the tag of the kind of a segment's synapses."""
    return piece >> LENGTH_BITS & (TAGS - 1)


@kernel
def assemble(start, stop, sampler, store):
    """Sample and store the rows of the sources from `start` to `stop`; return the number of segments written.

    The field ``sampled`` of `store` says for which partitions: EVERY one, or those of THIS process, see `sampling`.

    The synapses of class c of a source start at ``starts[c * cells + source]`` of the store; the number of segments of each
    source and partition goes to `per_part`.
    """
    r, s = sampler[0], store[0]
    starts, row_at, targets, per_part = array_of(s.starts), array_of(r.row_at), array_of(s.targets), array_of(s.per_part)
    weights = array_of(s.weights)
    written = np.int64(0)
    for source in range(start, stop):
        for c in range(r.classes):
            row_at[c] = starts[c * s.cells + source]
        count = sample_row(source, r, s.sampled, targets)
        for c in range(r.classes):
            row_at[c] = starts[c * s.cells + source]
        order = sort_row(count, r)
        parts = per_part[source * s.partitions : (source + 1) * s.partitions]
        written = store_row(count, order, r, s, targets, weights, written, parts)
    return written


@helper
def sort_row(count, r):
    """Sort the first `count` synapses by their keys, keeping the order of equal ones; return where the order starts."""
    key, order, bins = array_of(r.sort_key), array_of(r.order), array_of(r.bins)
    half = order.size // 2
    least, most, in_order = np.int64(0), np.int64(0), True
    if count:
        least = most = key[0]
    for k in range(count):
        least, most = min(least, key[k]), max(most, key[k])
        order[k] = np.int32(k)
    for k in range(1, count):
        in_order &= key[k] >= key[k - 1]
    now, shift = np.int64(0), np.int64(0)  # typed, or a second function is compiled for the literal
    while not in_order and (most - least) >> shift:
        to = half - now
        _sort_by_digit(count, key, least, shift, order[now : now + half], order[to : to + half], bins)
        now, shift = to, shift + 8
    return now


@helper
def _sort_by_digit(count, key, least, shift, source, sorted_, bins):
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
def store_row(count, order_at, r, s, targets, weights, written, parts):
    """Write sorted synapses from ``row_at[class]`` on, and their segments from index `written` on."""
    key, target, own, row_at = array_of(r.sort_key), array_of(r.target), array_of(r.sampled_weight), array_of(r.row_at)
    order = array_of(r.order)[order_at:]
    base, shared, tags = array_of(s.base), array_of(s.shared), array_of(s.tags)
    pieces, delays, segment_weights = array_of(s.piece), array_of(s.delay), array_of(s.weight)
    k = 0
    while k < count:
        now = key[order[k]]
        rest = now // r.origins
        part_class, delay = rest // r.delays, rest % r.delays + r.shortest
        part, class_ = part_class // r.classes, part_class % r.classes
        start = at = row_at[class_]
        last, zero = min(count, k + MAX_LENGTH), base[part]
        if class_ < r.weighted:
            while k < last and key[order[k]] == now:
                targets[at], weights[at] = target[order[k]] - zero, own[order[k]]
                at, k = at + 1, k + 1
        else:
            while k < last and key[order[k]] == now:
                targets[at] = target[order[k]] - zero
                at, k = at + 1, k + 1
        row_at[class_] = at
        pieces[written] = make_piece(start, tags[class_], at - start)
        delays[written] = delay
        if segment_weights.size:
            segment_weights[written] = np.nan if class_ < r.weighted else shared[now % r.origins]
        written += 1
        parts[part] += 1
    return written
