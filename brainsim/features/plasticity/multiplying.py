"""Compiled functions that multiply the weights of a projection by a number for each target or source.

They work on one record, made by `homeostasis._record`. The segments of a projection are gone through source by source, in an
order that does not depend on the partitions, so neither do sums.
"""

import numpy as np

from brainsim.engine.states.sent import CELL
from brainsim.engine.synapses.kinds.kind import RANGE
from brainsim.engine.synapses.segments import split_piece, tag_of
from brainsim.jit.decorators import helper
from brainsim.jit.functions import MAX_EXPONENT
from brainsim.jit.records import array_of, by_address, record_at
from brainsim.jit.vmath import exp

PARTIALS = 64  # numbers without common bits that a sum of float64 has at most, and some more


@by_address
def add_up(given_):
    """Add up the weights onto each target, or those of each source."""
    r = record_at(given_)
    sums, weights = array_of(r.sums), array_of(r.weights)
    if r.by_source:
        # the synapses of source k are side by side: those from starts[k] to stops[k] of the block
        starts, stops, partials = array_of(r.starts), array_of(r.stops), array_of(r.partials)
        for k in range(sums.size):
            sums[k] = exact_sum(weights, starts[k], stops[k], partials)
    else:
        # those of a target are scattered: they are added up in `placed`, which has a number for each place of the state, and
        # read at `places`, where the events of target k go
        placed, places = array_of(r.placed), array_of(r.places)
        for k in range(placed.size):
            placed[k] = 0.0
        through(r, True)
        for k in range(sums.size):
            sums[k] = placed[places[k]]
    return 0


@by_address
def normalise(given_):
    """Multiply the weights so that sums become totals, unless there are none or a sum has the other sign."""
    r = record_at(given_)
    sums, totals, factors = array_of(r.sums), array_of(r.totals), array_of(r.factors)
    for k in range(sums.size):
        total = totals[k if totals.size > 1 else 0]
        # w*total/sum: the weights of a target keep their ratios. Where the sum is 0 or has the other sign, they stay
        factors[k] = total / sums[k] if sums[k] * total > 0.0 else 1.0
    multiply(r)
    return 0


@by_address
def scale(given_):
    """Follow the rates of the targets, from the spikes that were counted, and scale the weights."""
    r = record_at(given_)
    rates, counts, factors = array_of(r.rates), array_of(r.counts), array_of(r.factors)
    for k in range(rates.size):
        # d rate/dt = (count/seconds - rate)/tau over this time, exactly
        rates[k] = rates[k] * r.kept + (1.0 - r.kept) * (np.float64(counts[k]) / r.seconds)
        counts[k] = 0
        # dw/dt = beta*(goal - rate)*w over this time has the solution w*exp(beta*(goal - rate)*seconds)
        power = r.beta * (r.goal - rates[k]) * r.seconds
        factors[k] = np.inf if power > MAX_EXPONENT else exp(power)
    if r.learns:
        multiply(r)
    return 0


@by_address
def count(given_):
    """Count spikes, each ``step << 32 | cell``, by their target."""
    r = record_at(given_)
    spikes, index, counts = array_of(r.spikes), array_of(r.index), array_of(r.counts)
    for k in range(r.number):
        # `index` has the number of each cell among the targets; that of a cell that is none is their count
        target = index[spikes[k] & CELL]
        if target < counts.size:
            counts[target] += 1
    return 0


@helper
def multiply(r):
    """Multiply the weights by factors, and keep them within the bounds of the rule."""
    weights, factors = array_of(r.weights), array_of(r.factors)
    if r.by_source:
        starts, stops = array_of(r.starts), array_of(r.stops)
        for k in range(factors.size):
            for j in range(starts[k], stops[k]):
                weights[j] *= factors[k]
    else:
        # the other way round than in `add_up`: factors are put where the events of the targets go
        placed, places = array_of(r.placed), array_of(r.places)
        for k in range(placed.size):
            placed[k] = 1.0
        for k in range(factors.size):
            placed[places[k]] = factors[k]
        through(r, False)
    keep_within(r)


@helper
def keep_within(r):
    """Set weights that are beyond a bound to the bound, and note whether there are any; no bound is an empty array."""
    weights, low, high = array_of(r.weights), array_of(r.low), array_of(r.high)
    for j in range(weights.size):
        if low.size > 0 and weights[j] < low[j if low.size > 1 else 0]:
            weights[j], r.bounded = low[j if low.size > 1 else 0], 1
        if high.size > 0 and weights[j] > high[j if high.size > 1 else 0]:
            weights[j], r.bounded = high[j if high.size > 1 else 0], 1


@helper
def through(r, adding):
    """Add the weights onto each place of the state to `placed`, or multiply them by it, by source and delay."""
    first, pieces, sources, base = array_of(r.first), array_of(r.piece), array_of(r.sources), array_of(r.base)
    targets, weights, placed = array_of(r.targets), array_of(r.weights), array_of(r.placed)
    for s in range(sources.size):
        for part in range(r.partitions):
            # the segments of a source onto a partition are those from first[row] to first[row + 1] in the store
            row = sources[s] * r.partitions + part
            for k in range(first[row], first[row + 1]):
                start, length = split_piece(pieces[k])
                if r.start <= start < r.stop and tag_of(pieces[k]) != RANGE:
                    for j in range(start - r.start, start - r.start + length):
                        place = base[part] + targets[j]
                        if adding:
                            placed[place] += weights[j]
                        else:
                            weights[j] *= placed[place]


@helper
def exact_sum(values, start, stop, partials):
    """Return the sum of values, rounded once, so it does not depend on their order; the bits are those of `math.fsum`.

    Shewchuk (1997), doi:10.1007/PL00009321: `partials` are numbers without common bits, in increasing order.
    """
    n = 0
    for k in range(start, stop):
        x, kept = np.float64(values[k]), 0
        for j in range(n):
            y = partials[j]
            if abs(x) < abs(y):
                x, y = y, x
            high = x + y
            low = y - (high - x)
            if low != 0.0:
                partials[kept] = low
                kept += 1
            x = high
        partials[kept] = x
        n = kept + 1
    if n == 0:
        return 0.0
    n -= 1
    high, low = partials[n], 0.0
    while n > 0 and low == 0.0:
        x = high
        n -= 1
        high = x + partials[n]
        low = partials[n] - (high - x)
    # half-way between two numbers, what is left decides
    if n > 0 and ((low > 0.0 and partials[n - 1] > 0.0) or (low < 0.0 and partials[n - 1] < 0.0)):
        x = high + 2.0 * low
        if 2.0 * low == x - high:
            high = x
    return high
