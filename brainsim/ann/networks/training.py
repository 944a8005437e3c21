"""Training of weights: initial values and mini-batches."""

import numpy as np


def initial_weights(inputs, outputs, gain, rng):
    """Return weights of variance ``gain/inputs`` (He et al. 2015, arXiv:1502.01852, with a gain of 2 for a ReLU)."""
    return rng.normal(0.0, np.sqrt(gain / inputs), (inputs, outputs))


def batches(samples, size, rng):
    """Return lists of sample indices: each sample once, in random order."""
    order = rng.permutation(samples)
    return [order[start : start + size] for start in range(0, samples, size)]
