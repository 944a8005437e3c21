"""The compiled functions of couplings: what sources give is kept in a ring, and added up for the targets.

Every sum has the order of its pairs, so its bits depend on nothing else. Sums over many sources have four parts, which are
added at the end: a sum alone waits for each addition, and takes three times as long.
"""

import numpy as np

from brainsim.engine.exchange.threads import row_of
from brainsim.jit.decorators import helper
from brainsim.jit.records import array_of, by_address, record_at


@by_address
def announce(signal_, progress_):
    """Keep what the cells give now that a run begins: the user may have written to the state.

    Before the first step, this is also what they gave at all times before.
    """
    signal, p = record_at(signal_), record_at(progress_)
    ring, fresh, last = array_of(signal.ring), array_of(signal.fresh), array_of(signal.last)
    # `ring` has a row of `width` numbers for each step, and a signal's are in the columns from `column` on
    n, begins = fresh.size, p.completed < p.step
    row = row_of(signal, p.step, 0) + signal.column
    for k in range(n):
        value = np.float64(fresh[k])
        if begins:
            for at in range(signal.depth):
                ring[at * signal.width + signal.column + k] = value
        # With order 2 and no delay the row holds an extrapolation, which is right as long as the user has changed nothing.
        # With a shift it holds means over steps, and the present value is in none of them.
        elif signal.shift == 0 and (signal.before == 0.0 or value != last[k]):
            ring[row + k] = value
        last[k] = value
    return 0


@by_address
def remember(signal_, progress_):
    """Take what the cells give now for what they have given last, after a state was loaded."""
    signal = record_at(signal_)
    fresh, last = array_of(signal.fresh), array_of(signal.last)
    for k in range(fresh.size):
        last[k] = np.float64(fresh[k])
    return 0


@by_address
def publish(signal_, progress_):
    """Keep what the cells give at the end of a step: ``now`` times this plus ``before`` times what they gave at its start.

    With a `shift`, it is what they gave during the step. What a spike has changed is not extrapolated, and not averaged.
    """
    signal, p = record_at(signal_), record_at(progress_)
    ring, fresh, last, n = array_of(signal.ring), array_of(signal.fresh), array_of(signal.last), array_of(signal.fresh).size
    # ``now, before`` are (1, 0) for order 1. For order 2 without a delay they are (1.5, -0.5): the straight line through
    # both ends of the step, half a step ahead: the middle of the next step, in which it is read. With a delay, (0.5, 0.5) is
    # the mean of the step, which is over when it is read; by `shift` it is in the row of its start.
    row = row_of(signal, p.step + 1, signal.shift) + signal.column
    out = ring[row : row + n]
    for k in range(n):
        out[k] = signal.now * np.float64(fresh[k]) + signal.before * last[k]
    if signal.jumps:
        # after a jump the line through both ends of the step means nothing: give the value after it, or with a shift that
        # before
        spikes, empty = array_of(p.spikes), p.parity * p.capacity
        for s in range(empty + p.emitted, empty + p.total):
            k = np.int64(spikes[s]) - signal.first
            if 0 <= k < n:
                out[k] = last[k] if signal.shift else np.float64(fresh[k])
    for k in range(n):
        last[k] = np.float64(fresh[k])
    return 0


@by_address
def clear(receptor_, progress_):
    """Begin the sums of the targets of a population."""
    total = array_of(record_at(receptor_).total)
    total[:] = 0
    return 0


@by_address
def add_all(sum_, progress_):
    """Compute one sum over all sources, for all targets."""
    s, p = record_at(sum_), record_at(progress_)
    ring, columns, value = array_of(s.ring), array_of(s.columns), array_of(s.value)
    row = row_of(s, p.step, s.delay)
    # `columns` names the sources within a row; the sum is made once for all targets
    value[0] = _sum(ring[row : row + s.width], columns, np.int64(0), columns.size)
    return 0


@by_address
def give_to_range(targets_, progress_):
    """Add the sum over all sources to that of each of some targets that lie side by side, if none leaves itself out."""
    t = record_at(targets_)
    total, given = array_of(t.total), t.weight * array_of(t.value)[0]
    for i in range(total.size):
        total[i] += given
    return 0


@by_address
def give_to_all(targets_, progress_):
    """Add the sum over all sources to that of each target, without what the target itself gives if it leaves itself out."""
    t, p = record_at(targets_), record_at(progress_)
    ring, state, places, own = array_of(t.ring), array_of(t.state), array_of(t.places), array_of(t.own)
    value, row = array_of(t.value)[0], row_of(t, p.step, t.delay)
    for i in range(places.size):
        # `own` is the column in which the target itself gives, -1 if it does not leave itself out
        itself = ring[row + own[i]] if own[i] >= 0 else 0.0
        state[places[i]] += t.weight * (value - itself)
    return 0


@by_address
def add_pairs(pairs_, progress_):
    """Add the weight times what the source gives of each pair to the sum of its target."""
    c, p = record_at(pairs_), record_at(progress_)
    state, ring, places, rows = array_of(c.state), array_of(c.ring), array_of(c.places), array_of(c.rows)
    first, source, weights, delays = array_of(c.first), array_of(c.source), array_of(c.weights), array_of(c.delays)
    row = row_of(c, p.step, c.delay)
    # `rows` are the targets of this partition among all; the pairs of target r are first[r] to first[r + 1], and `source`
    # has the column of each. `weights` and `delays` are empty if all pairs have the same.
    given = ring[row : row + c.width]
    for i in range(rows.size):
        start, stop = first[rows[i]], first[rows[i] + 1]
        if delays.size:
            total = _sum_delayed(c, p.step, ring, source, weights, delays, start, stop)
        elif weights.size:
            total = _sum_weighted(given, source, weights, start, stop)
        else:
            total = c.weight * _sum(given, source, start, stop)
        state[places[i]] += total
    return 0


@helper
def note_fault(pairs, step):
    """Note the first weight that is not finite, if there is one, unless an earlier one is noted."""
    # only called when a sum was not finite, so it may look at all pairs
    fault, weights, first, rows = array_of(pairs.fault), array_of(pairs.weights), array_of(pairs.first), array_of(pairs.rows)
    for i in range(rows.size):
        for k in range(first[rows[i]], first[rows[i] + 1]):
            if fault[0] < 0 and weights[k] - weights[k] != 0.0:
                fault[0], fault[1] = k, step


@helper
def _sum_weighted(given, source, weights, start, stop):
    # four sums over every fourth pair, since an addition has to wait for the one before it; their order is part of the bits
    a = b = c = d = 0.0
    # an unsigned index cannot be negative, so nothing is asked before it is used
    whole = stop - (stop - start) % 4
    for k in range(start, whole, 4):
        a += np.float64(weights[np.uint64(k)]) * given[np.uint64(source[np.uint64(k)])]
        b += np.float64(weights[np.uint64(k + 1)]) * given[np.uint64(source[np.uint64(k + 1)])]
        c += np.float64(weights[np.uint64(k + 2)]) * given[np.uint64(source[np.uint64(k + 2)])]
        d += np.float64(weights[np.uint64(k + 3)]) * given[np.uint64(source[np.uint64(k + 3)])]
    for k in range(whole, stop):
        a += np.float64(weights[np.uint64(k)]) * given[np.uint64(source[np.uint64(k)])]
    return (a + b) + (c + d)


@helper
def _sum(given, source, start, stop):
    # as `_sum_weighted`, without weights
    a = b = c = d = 0.0
    whole = stop - (stop - start) % 4
    for k in range(start, whole, 4):
        a += given[np.uint64(source[np.uint64(k)])]
        b += given[np.uint64(source[np.uint64(k + 1)])]
        c += given[np.uint64(source[np.uint64(k + 2)])]
        d += given[np.uint64(source[np.uint64(k + 3)])]
    for k in range(whole, stop):
        a += given[np.uint64(source[np.uint64(k)])]
    return (a + b) + (c + d)


@helper
def _sum_delayed(c, step, ring, source, weights, delays, start, stop):
    total = 0.0
    # each pair reads the row of the ring that its own delay says, one pair after the other, in the order of the table
    for k in range(start, stop):
        weight = np.float64(weights[k]) if weights.size else c.weight
        total += weight * ring[row_of(c, step, np.int64(delays[k])) + np.int64(source[k])]
    return total
