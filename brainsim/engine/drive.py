"""Poisson drive: the number of events of each cell in a step, from one random number, added to the cell's inputs.

There are two ways. If a stretch of cells shares one rate, a table of the distribution is used, exact up to 2**-32 in the
probabilities: thresholds that are all compared, which vectorises, for up to 12 events a step, and an alias table above. If
each cell has its own rate, or if the mean is so small that 2**-32 would matter, see `cell_drive`.
"""

import math
from typing import NamedTuple

import numpy as np

from brainsim.jit.calls import call_address
from brainsim.jit.decorators import helper
from brainsim.jit.vmath import cast_like
from brainsim.rng.alias import alias_table
from brainsim.rng.hashing import hashed, step_key

BLOCK, STRETCH = 1024, 128  # cells
MOST_THRESHOLDS = 12.0  # mean up to which comparing with every threshold beats the alias table
NEVER = np.uint32(2**32 - 1)  # a threshold that no random number exceeds
# whether a drive is added before the cells move, or after; of a type that keeps Numba from compiling one function for each
BEFORE, AFTER = np.int64(0), np.int64(1)
S32 = np.uint64(32)


class Drives(NamedTuple):
    """The Poisson inputs to one partition."""

    # int64 (inputs, 7): place in the state, cells, index of the first cell, table start, table size (below 0 for an alias
    # table), key, whether it is added after the cells have moved
    shared: np.ndarray
    weight: np.ndarray  # of the state's type (inputs): weight of an event of a shared input
    table: np.ndarray  # uint32: thresholds, or probabilities of an alias table
    alias: np.ndarray  # int32: the other outcome of an alias table
    # int64 (inputs, 8): address of `cell_drive.add_each`, of place, cell, mean and weights of its entries, their number,
    # key, whether it is added after
    own: np.ndarray
    words: np.ndarray  # uint64 (BLOCK // 2 + 1): scratch
    halves: np.ndarray  # uint32 (BLOCK + 2): the same memory
    events: np.ndarray  # int32 (BLOCK): scratch


@helper
def add_poisson(step, drives, state, after):
    """Draw the Poisson inputs of the partition for `step`: those that act before the threshold, or those added after."""
    for d in range(drives.shared.shape[0]):
        place, cells, cell, start, size, key, late = drives.shared[d]
        if late != after:
            continue
        key = step_key(np.uint64(key), step)
        table = drives.table[start : start + abs(size)]
        for low in range(0, cells, BLOCK):
            n = min(BLOCK, cells - low)
            target = state[place + low : place + low + n]
            if size > 0:
                _by_thresholds(key, cell + low, table, drives.words, drives.halves, drives.events[:n])
            else:
                _by_alias(key, cell + low, table, drives.alias[start : start - size], drives.events[:n])
            _add(target, drives.events[:n], drives.weight[d])
    for d in range(drives.own.shape[0]):
        address, places, cells, means, weights, entries, key, late = drives.own[d]
        if late == after:
            key = np.int64(step_key(np.uint64(key), step))
            at = np.int64(state.ctypes.data)
            call_address(address, (at, np.int64(state.size), places, cells, means, weights, entries, key))


@helper
def _by_thresholds(key, cell, table, words, halves, events):
    # two cells share a random number, of which each takes a half: 0.3 ns a cell less
    first = cell >> 1
    for k in range((cell + events.size + 1 >> 1) - first):
        words[k] = hashed(key, first + k)
    bits = halves[cell & 1 : (cell & 1) + events.size]
    for low in range(0, events.size, STRETCH):
        _count_thresholds(table, bits[low : low + STRETCH], events[low : low + STRETCH])


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


def poisson_table(mean):
    """Return (table, alias) of a Poisson distribution: thresholds and no alias for small means, else an alias table.

    A random number of 32 bits that exceeds the first k thresholds stands for at least k events. Threshold k is
    ``2**32 * P(fewer than k events) - 1``, rounded to a whole number.
    """
    largest = int(mean + 12.0 * math.sqrt(mean) + 40.0)
    counts = np.arange(largest + 1)
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])
    probabilities = np.exp(counts * math.log(mean) - mean - log_factorials)
    if mean > MOST_THRESHOLDS:
        return alias_table(probabilities / probabilities.sum())
    thresholds = np.rint(np.cumsum(probabilities) * 2.0**32) - 1.0
    thresholds = thresholds[thresholds < NEVER]
    # filled up to a multiple of four
    filled = np.full(-(-thresholds.size // 4) * 4, NEVER)
    filled[: thresholds.size] = thresholds
    return filled, np.empty(0, np.int32)
