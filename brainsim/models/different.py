"""The different values of a long column, found in one pass through a hash table: 4 ns a number."""

import numpy as np

from brainsim.jit.decorators import kernel

SLOTS = 1 << 18  # of the hash table
GOLDEN, SHIFT, HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(64 - 18), np.uint64(32)  # the top bits of a product say which


@kernel
def find(bits, slots, known, count, codes):
    """Write the number of each value into `codes`; return how many values there are then, -1 if too many.

    `slots` is a hash table with the number of a value, -1 if empty.
    """
    for k in range(bits.size):
        value = bits[k]
        slot = np.int64(((value ^ (value >> HALF)) * GOLDEN) >> SHIFT)
        while slots[slot] >= 0 and known[slots[slot]] != value:
            slot = (slot + 1) & (slots.size - 1)
        if slots[slot] < 0:
            if count == known.size:
                return np.int64(-1)
            known[count], slots[slot] = value, np.int32(count)
            count += 1
        codes[k] = slots[slot]
    return np.int64(count)
