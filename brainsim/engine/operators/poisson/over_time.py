"""Poisson drive with a rate that all cells share and that changes in time: its table is computed when the rate changes.

The thresholds of up to 12 events a step take a few tens of nanoseconds, once a step for all cells, so the drive costs about
what a constant one does. An alias table takes some ten nanoseconds an entry.

Imported only if it is used, like `poisson_per_cell`.
"""

import numpy as np

from brainsim.engine.operators.poisson.per_cell import poisson
from brainsim.engine.operators.poisson.poisson import (
    BLOCK,
    MAX_MEAN,
    MAX_THRESHOLD_MEAN,
    MIN_MEAN,
    NEVER,
    _add,
    _by_alias,
    _by_thresholds,
)
from brainsim.jit.decorators import helper
from brainsim.jit.records import Context, array_of, by_address, record_at
from brainsim.jit.vmath import exp
from brainsim.rng.hashing import hashed, step_key

MOST = 8192  # entries of the largest table: the next power of two above MAX_MEAN + 12 sqrt(MAX_MEAN) + 40
STRETCH = np.dtype([("place", "i8"), ("cells", "i8"), ("cell", "i8")])


def shared_rate(partition, signal, stretches, key, weight):
    """Return the function that adds the events, and its record.

    Parameters
    ----------
    partition : Partition
    signal : Signal
        Its value is the mean number of events in a step.
    stretches : list of tuple
        Cells that lie side by side: place in the state, number, and index of the first in the view.
    key : int
        Of the stream of random numbers.
    weight : float
        Of an event.
    """
    words = np.empty(BLOCK // 2 + 1, np.uint64)
    return add_poisson_over_time, Context(
        mean=signal.values,
        stretches=np.array(stretches, STRETCH),
        state=partition.shared.state,
        weight=np.array([weight], partition.layout.dtype),
        key=np.uint64(key),
        of=-1.0,  # the mean of which the table is
        size=0,  # its entries, < 0 of an alias table
        table=np.empty(MOST, np.uint32),
        alias=np.empty(MOST, np.int32),
        scaled=np.empty(MOST),
        stack=np.empty(MOST, np.int32),
        words=words,  # scratch, and the same memory as halves of words
        halves=words.view(np.uint32),
        events=np.empty(BLOCK, np.int32),
    )


@by_address
def add_poisson_over_time(drive_, progress_):
    """Add the events of a step, in AFTER_UPDATE those of the step that has just been made."""
    c, p = record_at(drive_), record_at(progress_)
    mean = array_of(c.mean)[0]
    if not mean > 0.0:
        return 0
    key = step_key(c.key, p.step - (p.completed < p.step))
    stretches, state, weight, table = array_of(c.stretches), array_of(c.state), array_of(c.weight)[0], array_of(c.table)
    words, halves, events, alias = array_of(c.words), array_of(c.halves), array_of(c.events), array_of(c.alias)
    by_table = MIN_MEAN <= mean <= MAX_MEAN
    if by_table and mean != c.of:
        c.of = mean
        if mean > MAX_THRESHOLD_MEAN:
            c.size = -_write_alias(mean, table, alias, array_of(c.scaled), array_of(c.stack))
        else:
            c.size = _write_thresholds(mean, table)
    size = c.size
    for s in range(stretches.size):
        stretch = stretches[s]
        for low in range(0, stretch.cells, BLOCK):
            n = min(BLOCK, stretch.cells - low)
            target = state[stretch.place + low : stretch.place + low + n]
            if not by_table:
                for k in range(n):
                    events[k] = poisson(hashed(key, stretch.cell + low + k), mean)
            elif size > 0:
                _by_thresholds(key, stretch.cell + low, table[:size], words, halves, events[:n])
            else:
                _by_alias(key, stretch.cell + low, table[:-size], alias[:-size], events[:n])
            _add(target, events[:n], weight)
    return 0


@helper
def _write_thresholds(mean, table):
    """Write the thresholds of `poisson_table`, filled up to a multiple of four; return how many there are."""
    term = exp(-mean)
    total, k = term, 0
    while k < table.size - 4:
        threshold = np.floor(total * 4294967296.0 + 0.5) - 1.0
        if threshold >= 4294967295.0:
            break
        table[k] = np.uint32(np.int64(threshold))
        k += 1
        term *= mean / k
        if term < 1e-18 and k > mean:
            break
        total += term
    while k == 0 or k % 4:
        table[k] = NEVER
        k += 1
    return k


@helper
def _write_alias(mean, table, alias, scaled, stack):
    """Write the tables of Walker's method as `alias_table` does; return their size."""
    largest = np.int64(mean + 12.0 * np.sqrt(mean) + 40.0)
    size = 1
    while size < largest + 1:
        size *= 2
    # relative to the most probable number, so that nothing underflows
    mode = np.int64(mean)
    scaled[:size] = 0.0
    scaled[mode] = total = 1.0
    for k in range(mode, 0, -1):
        scaled[k - 1] = scaled[k] * k / mean
        total += scaled[k - 1]
    for k in range(mode + 1, largest + 1):
        scaled[k] = scaled[k - 1] * mean / k
        total += scaled[k]
    small, large = 0, size  # two stacks that grow towards each other
    for k in range(size):
        scaled[k] *= size / total
        alias[k] = k
        if scaled[k] < 1.0:
            stack[small] = k
            small += 1
        else:
            large -= 1
            stack[large] = k
    while small > 0 and large < size:
        small -= 1
        low, high = stack[small], stack[large]
        alias[low] = high
        scaled[high] -= 1.0 - scaled[low]
        table[low] = _share(scaled[low])
        if scaled[high] < 1.0:
            large += 1
            stack[small] = high
            small += 1
    for k in range(small):
        table[stack[k]] = NEVER
    for k in range(large, size):
        table[stack[k]] = NEVER
    return size


@helper
def _share(probability):
    """Return a probability as a number of 32 bits."""
    return np.uint32(np.int64(min(np.floor(probability * 4294967296.0), 4294967295.0)))
