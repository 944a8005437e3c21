"""The compiled functions of `poisson`: numbers of events by table, cell by cell, or by a table that changes in time.

The thresholds of up to 12 events a step take a few tens of nanoseconds to compute, once a step for all cells, so a rate that
changes costs about what a constant one does. An alias table takes some ten nanoseconds an entry.

Cell by cell, numbers are drawn by inversion, or above 10 events a step by the rejection method PTRS of Hoermann (1993),
doi:10.1016/0167-6687(93)90997-4.
"""

import math

import numpy as np

from brainsim.jit.decorators import helper
from brainsim.jit.records import array_of, by_address, record_at
from brainsim.jit.vmath import cast_like, exp, log
from brainsim.rng.hashing import hashed, mix, step_key, uniform
from brainsim.rng.probabilities import alias_table

BLOCK, PART = 1024, 128  # cells
MAX_THRESHOLD_MEAN = 12.0  # mean up to which comparing with every threshold beats the alias table
# mean events a step for which a table is used: below, its 32 bits would be off by 1e-4 or more; above, it is too large
MIN_MEAN, MAX_MEAN = 1e-6, 4096
TABLE_ROOM = 8192  # entries of the largest table: the next power of two above MAX_MEAN + 12 sqrt(MAX_MEAN) + 40
NEVER = np.uint32(2**32 - 1)  # a threshold that no random number exceeds
S32 = np.uint64(32)

# a stretch of cells that share a rate: its place in the state, the number of cells, the index of the first cell in the view,
# its table (size < 0: an alias table), its stream of random numbers, the steps in which it acts, and the weight of an event
DRIVE = [(name, "i8") for name in ("place", "cells", "cell", "table", "size")] + [("key", "u8"), ("on", "i8"), ("off", "i8")]
STRETCH = np.dtype([("place", "i8"), ("cells", "i8"), ("cell", "i8")])  # of a rate that changes


@by_address
def add_by_table(drives_, progress_):
    """Add the events of a step, in AFTER_UPDATE those of the step that has just been made."""
    c, p = record_at(drives_), record_at(progress_)
    drives, tables, aliases, state = array_of(c.drives), array_of(c.table), array_of(c.alias), array_of(c.state)
    words, halves, events = array_of(c.words), array_of(c.halves), array_of(c.events)
    step = p.step - (p.completed < p.step)
    for d in range(drives.size):
        drive = drives[d]
        if step < drive.on or step >= drive.off:
            continue
        key, start, size = step_key(drive.key, step), drive.table, drive.size
        table = tables[start : start + abs(size)]
        for low in range(0, drive.cells, BLOCK):
            n = min(BLOCK, drive.cells - low)
            target = state[drive.place + low : drive.place + low + n]
            if size > 0:
                _by_thresholds(key, drive.cell + low, table, words, halves, events[:n])
            else:
                _by_alias(key, drive.cell + low, table, aliases[start : start - size], events[:n])
            _add(target, events[:n], drive.weight)
    return 0


@helper
def _by_thresholds(key, cell, table, words, halves, events):
    # two cells share a random number, of which each takes a half: 0.3 ns a cell less
    first = cell >> 1
    for k in range((cell + events.size + 1 >> 1) - first):
        words[k] = hashed(key, first + k)
    bits = halves[cell & 1 : (cell & 1) + events.size]
    for low in range(0, events.size, PART):
        _count_thresholds(table, bits[low : low + PART], events[low : low + PART])


@helper
def _count_thresholds(table, bits, events):
    """Count the thresholds that each number exceeds; leaving out those that none exceeds takes 0.4 ns a cell less."""
    most = np.uint32(0)
    for k in range(bits.size):
        most = max(most, bits[k])
        events[k] = 0
    j = 0
    # four at a time: each pass loads and stores the counts
    while j < table.size and table[j] < most:
        a, b, c, d = table[j], table[j + 1], table[j + 2], table[j + 3]
        for k in range(bits.size):
            u = bits[k]
            events[k] += np.int32(u > a) + np.int32(u > b) + np.int32(u > c) + np.int32(u > d)
        j += 4


@helper
def _by_alias(key, cell, table, alias, events):
    mask = np.uint64(table.size - 1)
    for k in range(events.size):
        bits = hashed(key, cell + k)
        column = bits & mask
        events[k] = np.int32(column) if np.uint32(bits >> S32) < table[column] else alias[column]


@helper
def _add(target, events, weight):
    for k in range(target.size):
        target[k] += weight * cast_like(events[k], weight)


@helper
def poisson(bits, mean):
    """Return a Poisson number with this mean; further random numbers, if needed, follow from `bits`."""
    if mean < 10.0:
        u = uniform(bits)
        term = exp(-mean)
        total = term
        k = 0
        while u >= total and k < 200:
            k += 1
            term *= mean / k
            total += term
        return k
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = uniform(bits) - 0.5
        bits = mix(bits)
        v = uniform(bits)
        bits = mix(bits)
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + mean + 0.43)
        if us >= 0.07 and v <= v_r:
            return int(k)
        if k < 0.0 or (us < 0.013 and v > us):
            continue
        if log(v * inverse_alpha / (a / (us * us) + b)) <= -mean + k * log(mean) - log_factorial(k):
            return int(k)


@helper
def log_factorial(k):
    """Return log(k!) by Stirling's series; the functions of the C library differ between systems."""
    x, product = k + 1.0, 1.0
    while x < 15.0:  # the series is short from there on
        product *= x
        x += 1.0
    y = 1.0 / (x * x)
    series = (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y / 1680.0))) / x
    return (x - 0.5) * log(x) - x + 0.9189385332046727 + series - log(product)


@by_address
def add_per_cell(drives_, progress_):
    """Add the events of a step to each cell, in AFTER_UPDATE those of the step that has just been made."""
    c, p = record_at(drives_), record_at(progress_)
    state, places, cells = array_of(c.state), array_of(c.places), array_of(c.cells)
    means, weights = array_of(c.means), array_of(c.weights)
    step = p.step - (p.completed < p.step)
    if step < c.on or step >= c.off:
        return 0
    key = step_key(c.key, step)
    for e in range(cells.size):
        if means[e] > 0.0:
            at = np.int64(places[e])
            state[at] += cast_like(weights[e] * poisson(hashed(key, cells[e]), means[e]), state[at])
    return 0


@by_address
def add_over_time(drive_, progress_):
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


def poisson_table(mean):
    """Return (table, alias) of a Poisson distribution: thresholds and no alias for small means, else an alias table.

    A random number of 32 bits that exceeds the first k thresholds stands for at least k events. Threshold k is
    ``2**32 * P(fewer than k events) - 1``, rounded to a whole number.
    """
    if mean == 0.0:
        return np.full(4, NEVER), np.empty(0, np.int32)
    largest = int(mean + 12.0 * math.sqrt(mean) + 40.0)
    counts = np.arange(largest + 1)
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])
    probabilities = np.exp(counts * math.log(mean) - mean - log_factorials)
    if mean > MAX_THRESHOLD_MEAN:
        return alias_table(probabilities / probabilities.sum())
    thresholds = np.rint(np.cumsum(probabilities) * 2.0**32) - 1.0
    thresholds = thresholds[thresholds < NEVER]
    # filled up to a multiple of four
    filled = np.full(-(-thresholds.size // 4) * 4, NEVER)
    filled[: thresholds.size] = thresholds
    return filled, np.empty(0, np.int32)
