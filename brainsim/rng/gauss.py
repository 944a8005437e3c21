"""The standard normal distribution: its density, and the probability of an interval."""

import math


def density(z: float) -> float:
    """Return exp(-z**2/2) / sqrt(2 pi)."""
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def mass(low: float, high: float) -> float:
    """Return the probability of a value in [low, high]."""
    return (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2 if low < high else 0.0
