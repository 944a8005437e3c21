"""Bounds for random numbers."""

import numpy as np

MIN_P = 1e-4  # of tests of a distribution
SIGMAS = 4.0  # a normal number is farther out once in 16,000


def within(value, mean, variance):
    """Whether a number of approximately normal law lies within four standard deviations of its mean."""
    return np.all(np.abs(value - mean) <= SIGMAS * np.sqrt(variance))
