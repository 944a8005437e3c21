"""The standard normal and the gamma distribution: densities, and the probabilities of intervals."""

import math

from brainsim.core.contexts import default_arithmetic


def density(z: float) -> float:
    """Return exp(-z**2/2) / sqrt(2 pi)."""
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def mass(low: float, high: float) -> float:
    """Return the probability of a value in [low, high]."""
    return (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2 if low < high else 0.0


def gamma_mass(shape: float, low: float, high: float) -> float:
    """Return the probability that a gamma variate of scale 1 lies in [low, high]."""
    from scipy.special import gammainc

    with default_arithmetic():
        return float(gammainc(shape, high) - gammainc(shape, low))
