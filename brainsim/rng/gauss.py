"""The standard normal law: its density, and how much of it lies between two numbers."""

import math


def density(z):
    """Return exp(-z**2/2) / sqrt(2 pi)."""
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def mass(low, high):
    """Return the probability of a value in [low, high]."""
    return (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2 if low < high else 0.0
