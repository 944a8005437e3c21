"""Probabilities that are computed once: of intervals of distributions, and tables that sample a discrete one."""

import math

import numpy as np

from brainsim.core.contexts import default_arithmetic


def density(z: float) -> float:
    """Return the density of the standard normal distribution, exp(-z**2/2) / sqrt(2 pi)."""
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def mass(low: float, high: float) -> float:
    """Return the probability of a standard normal variate in [low, high]."""
    return (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2 if low < high else 0.0


def gamma_mass(shape: float, low: float, high: float) -> float:
    """Return the probability that a gamma variate of scale 1 lies in [low, high]."""
    from scipy.special import gammainc

    with default_arithmetic():
        return float(gammainc(shape, high) - gammainc(shape, low))


def alias_table(probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the tables (accept, other) by which one random number samples a discrete distribution.

    A sample is a random column if another 32 random bits are below ``accept[column]``, otherwise ``other[column]``. The
    probabilities, which sum to 1, are exact to 2**-32; their size is a power of two. The method is that of Walker
    (1977), doi:10.1145/355744.355749, built by Vose's algorithm.
    """
    size = 1 << int(np.ceil(np.log2(probabilities.size)))
    scaled = np.zeros(size)
    scaled[: probabilities.size] = probabilities * size
    table, other = np.ones(size), np.arange(size)
    small = [k for k in range(size) if scaled[k] < 1.0]
    large = [k for k in range(size) if scaled[k] >= 1.0]
    while small and large:
        low, high = small.pop(), large.pop()
        table[low], other[low] = scaled[low], high
        scaled[high] -= 1.0 - scaled[low]
        (small if scaled[high] < 1.0 else large).append(high)
    return np.minimum(np.floor(table * 2.0**32), 2.0**32 - 1).astype(np.uint32), other.astype(np.int32)
