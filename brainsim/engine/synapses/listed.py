"""Weights that are given as an array, with a number for each pair.

Rows hold weights as float32. Synapses that learn begin with the numbers as they were given: a rule of plasticity bounds
them, and rounded to float32 they may be beyond a bound. While such synapses are built, the bits of the float32 are those of
the index of the weight in the array, so a synapse takes no more room for it.
"""

import numpy as np

MOST = 0x7F800000  # indices whose bits are those of a finite float32, which is copied and converted without a change
BATCH = 1 << 20  # weights that are looked up at once: an index is 8 bytes then


def listed_weights(projection):
    """Return the weights, or what stands for them, for the list from which rows are sampled; empty if there is none."""
    weight = projection.weight
    if np.ndim(weight) == 0:
        return np.empty(0)
    if projection.plasticity is None:
        return np.ravel(weight)
    if weight.size > MOST:
        raise ValueError(f"{projection.name}.weight: of synapses that learn, an array can hold {MOST:,} at most")
    return np.arange(weight.size, dtype=np.uint32).view(np.float32)


def weights_in_full(projection, kept, kind=np.float64):
    """Return the weights of synapses, of which the store keeps `kept`, as an array of some kind."""
    if projection.plasticity is None or np.ndim(projection.weight) == 0:
        return kept.astype(kind)
    listed, indices, found = np.ravel(projection.weight), kept.view(np.uint32), np.empty(kept.size, kind)
    for at in range(0, kept.size, BATCH):
        found[at : at + BATCH] = listed[indices[at : at + BATCH]]
    return found
