"""Weights that take few different values, such as the contacts of a connectome times the weight of one of them.

If all weights of a store are listed, and there are not more than 65,536 different ones, the store keeps a table of them, and
for each synapse which of them it has, in 2 bytes instead of 4. The values are those that it would keep otherwise, so the
bits of a run are the same.
"""

import numpy as np

from brainsim.engine.synapses.kinds.registry import kind_of
from brainsim.jit.decorators import kernel
from brainsim.models.values import is_number

MOST = 1 << 16  # different values: their numbers are uint16
SLOTS = 1 << 18  # of the hash table in which they are found
GOLDEN, SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(64 - 18)  # the top bits of a product are the slot
WORTH = 1 << 20  # synapses: with fewer, to compile delivery once more takes longer than reading fewer bytes saves
BATCH = 1 << 20  # weights that are rounded at once


class FewValues:
    """The different values of weights, float32 in the order in which they were found."""

    def __init__(self):
        self._bits, self._slots, self._count = np.empty(MOST, np.uint32), np.full(SLOTS, -1, np.int32), 0

    @property
    def table(self):
        """The values."""
        return self._bits[: self._count].view(np.float32)

    def find(self, weights):
        """Return the number of each weight in the table, to which new values are added; None if they are too many."""
        weights, numbers = np.ravel(weights), np.empty(np.size(weights), np.uint16)
        for at in range(0, weights.size, BATCH):
            bits = weights[at : at + BATCH].astype(np.float32).view(np.uint32)
            self._count = find(bits, self._slots, self._bits, self._count, numbers[at : at + BATCH])
            if self._count < 0:
                return None
        return numbers


def few_values_of(projections):
    """Return the FewValues of the weights of some projections; None if it is not worth it, or some have too many."""
    each = [p for p in projections if not is_number(p.weight)]
    listed = all(isinstance(p.weight, np.ndarray) and p.plasticity is None and not kind_of(p).called for p in each)
    if not listed or sum(p.weight.size for p in each) < WORTH:
        return None
    few = FewValues()
    return few if all(few.find(p.weight) is not None for p in each) else None


@kernel
def find(bits, slots, known, count, numbers):
    """Write the number of each value into `numbers`; return how many values there are then, -1 if too many.

    Values are compared by their bits, so 0 and -0 differ. `slots` is a hash table with the number of a value, -1 if empty.
    """
    for k in range(bits.size):
        slot = np.int64((np.uint64(bits[k]) * GOLDEN) >> SHIFT)
        while slots[slot] >= 0 and known[slots[slot]] != bits[k]:
            slot = (slot + 1) & (slots.size - 1)
        if slots[slot] < 0:
            if count == known.size:
                return np.int64(-1)
            known[count], slots[slot] = bits[k], np.int32(count)
            count += 1
        numbers[k] = slots[slot]
    return np.int64(count)
