"""Distributions, which can replace a number: in parameters, initial values, weights and delays.

A distribution is a description. It has no generator and samples nothing; the engine samples its values from counter-based
streams (`brainsim.rng.variates`), so value i depends only on the seed and on the name of its object. Most are also at the
top level, as ``bs.Normal``. Parameters that are not finite or out of their range raise ValueError or TypeError.
"""

import math
import typing
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from brainsim.core.checks import check_unit, number, plain, read_only, unit_of
from brainsim.core.hints import answers_calls
from brainsim.models.distribution import Distribution
from brainsim.rng import probabilities

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = [
    "Clipped",
    "Distribution",
    "ExponentialDistribution",
    "Gamma",
    "LogNormal",
    "Normal",
    "Uniform",
    "Value",
    "ValueLike",
]

ValueLike: TypeAlias = "ArrayLike | Distribution"  # a number, or what may replace one

MIN_MASS = 1e-4  # a clip with a smaller share would take too long to sample by rejection


class Value:
    """Annotation of model parameters: type checkers let it be set to any `ValueLike`, and read as whichever it is."""

    if typing.TYPE_CHECKING:

        def __get__(self, instance: object, owner: type | None = None) -> Any: ...

        def __set__(self, instance: object, value: ValueLike) -> None: ...


@answers_calls
@dataclass(frozen=True, repr=False)
class Uniform(Distribution):
    """Uniform distribution on [low, high): density 1 / (high - low).

    Parameters
    ----------
    low, high : float
        The limits, in the unit of the quantity; low < high.

    Raises
    ------
    TypeError, ValueError
        If a limit is not a finite number, or low is not below high.

    Examples
    --------
    >>> from brainsim.models.values import Uniform
    >>> Uniform(0.0, 20.0).mean
    10.0
    """

    low: float
    high: float
    sampler = 1

    def _check(self):
        if self.low >= self.high:
            raise ValueError(f"Uniform.high: must be above low (got low={self.low:g}, high={self.high:g})")

    @property
    def support(self) -> tuple[float, float]:
        """The limits (low, high)."""
        return self.low, self.high

    def integrals(self, low: float, high: float) -> tuple[float, float]:
        """Return the integrals of the density f(x) and of x f(x) from `low` to `high`."""
        low, high, width = max(low, self.low), min(high, self.high), self.high - self.low
        return ((high - low) / width, (high - low) * (high + low) / (2 * width)) if low < high else (0.0, 0.0)


@answers_calls
@dataclass(frozen=True, repr=False)
class Normal(Distribution):
    """Normal distribution: density exp(-(x - mean)**2 / (2 sd**2)) / (sd sqrt(2 pi)).

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation, in the unit of the quantity; sd > 0.

    Notes
    -----
    Sampled by the transform of Box and Muller (1958), doi:10.1214/aoms/1177706645. A delay must be above 0, so a normal
    delay needs a limit: ``Clipped(Normal(1.5, 0.75), low=0.1)``.

    Examples
    --------
    >>> from brainsim.models.values import Normal
    >>> round(Normal(1.5, 0.75).mass(0.75, 2.25), 4)
    0.6827
    """

    mean: float = field()
    sd: float = field()
    sampler = 2
    lowest = -math.inf
    positive = ("sd",)

    def integrals(self, low: float, high: float) -> tuple[float, float]:
        """Return the integrals of the density f(x) and of x f(x) from `low` to `high`."""
        low, high = (low - self.mean) / self.sd, (high - self.mean) / self.sd
        mass = probabilities.mass(low, high)
        return mass, self.mean * mass + self.sd * (probabilities.density(low) - probabilities.density(high))


@answers_calls
@dataclass(frozen=True, repr=False)
class LogNormal(Distribution):
    """Log-normal distribution: x = exp(mu + sigma z), z standard normal.

    Parameters
    ----------
    mu, sigma : float
        Mean and standard deviation of the logarithm of x, not of x; sigma > 0.

    Raises
    ------
    TypeError, ValueError
        If one of them is not a finite number, sigma is not above 0, or the mean is too large for a float.

    Notes
    -----
    The mean of x is exp(mu + sigma**2 / 2) and its standard deviation mean * sqrt(exp(sigma**2) - 1). Conversely, for a mean
    m and a standard deviation s: sigma**2 = log(1 + (s / m)**2) and mu = log(m) - sigma**2 / 2.

    Examples
    --------
    >>> from brainsim.models.values import LogNormal
    >>> round(LogNormal(-0.702, 0.9355).mean, 3)  # synaptic weights of Song et al. (2005), mV
    0.768
    """

    mu: float
    sigma: float
    sampler = 3
    positive = ("sigma",)
    pure = ("mu", "sigma")

    def _check(self):
        if self.mu + self.sigma * self.sigma / 2 > 700:  # a product overflows to infinity, a power raises OverflowError
            hint = f"; mu is the mean of the logarithm: did you mean {math.log(self.mu):.3g}?" if self.mu > 0 else ""
            raise ValueError(f"LogNormal.mu: exp(mu + sigma**2/2) is too large for a float (got {self}){hint}")

    def integrals(self, low: float, high: float) -> tuple[float, float]:
        """Return the integrals of the density f(x) and of x f(x) from `low` to `high`."""
        low, high = (((math.log(x) if x > 0 else -math.inf) - self.mu) / self.sigma for x in (low, high))
        mean = math.exp(self.mu + self.sigma**2 / 2)
        return probabilities.mass(low, high), mean * probabilities.mass(low - self.sigma, high - self.sigma)


@answers_calls
@dataclass(frozen=True, repr=False)
class ExponentialDistribution(Distribution):
    """Exponential distribution on x > 0: density exp(-x / mean) / mean.

    Parameters
    ----------
    mean : float
        The mean, which is also the standard deviation, in the unit of the quantity; > 0.

    Examples
    --------
    >>> from brainsim.models import values
    >>> round(values.ExponentialDistribution(2.0).mass(0.0, 2.0), 4)
    0.6321
    """

    mean: float = field()
    sampler = 4
    positive = ("mean",)

    def integrals(self, low: float, high: float) -> tuple[float, float]:
        """Return the integrals of the density f(x) and of x f(x) from `low` to `high`."""
        low, high = max(low, 0.0), max(high, 0.0)
        if low >= high:
            return 0.0, 0.0
        start, stop = math.exp(-low / self.mean), math.exp(-high / self.mean)
        beyond = (high + self.mean) * stop if high < math.inf else 0.0
        return start - stop, (low + self.mean) * start - beyond


@answers_calls
@dataclass(frozen=True, repr=False)
class Gamma(Distribution):
    """Gamma distribution on x > 0: density proportional to x**(shape - 1) exp(-x / scale).

    Parameters
    ----------
    shape : float
        The shape k > 0, a plain number; the coefficient of variation is 1 / sqrt(k).
    scale : float
        The scale > 0, in the unit of the quantity; the mean is shape * scale.

    Notes
    -----
    Sampled by the rejection method of Marsaglia and Tsang (2000), doi:10.1145/358407.358414.

    Examples
    --------
    >>> from brainsim.models.values import Gamma
    >>> Gamma(2.0, 0.5).mean
    1.0
    """

    shape: float
    scale: float
    sampler = 5
    positive = ("shape", "scale")
    pure = ("shape",)

    def integrals(self, low: float, high: float) -> tuple[float, float]:
        """Return the integrals of the density f(x) and of x f(x) from `low` to `high`."""
        low, high = max(low, 0.0) / self.scale, max(high, 0.0) / self.scale
        if low >= high:
            return 0.0, 0.0
        mass = probabilities.gamma_mass(self.shape, low, high)
        moment = probabilities.gamma_mass(self.shape + 1, low, high)
        return float(mass), float(self.shape * self.scale * moment)


@answers_calls
@dataclass(frozen=True, repr=False)
class Clipped(Distribution):
    """Another distribution truncated to [low, high]: a value outside is sampled again.

    The density is that of `distribution` inside the limits, normalised to 1. Values do not pile up at the limits, as they
    would with ``numpy.clip``.

    Parameters
    ----------
    distribution : Distribution
        The distribution to truncate; a Clipped within a Clipped keeps the narrower limits.
    low, high : float or None
        The limits, in the unit of the distribution; None, the default, or infinity means no limit.

    Raises
    ------
    TypeError, ValueError
        If `distribution` is not a distribution, low is not below high, or less than 1e-4 of the mass lies between them.

    Examples
    --------
    >>> from brainsim.models.values import Clipped, Normal
    >>> delay = Clipped(Normal(1.5, 0.75), low=0.1)
    >>> delay
    Clipped(Normal(1.5, 0.75), low=0.1)
    >>> round(delay.mean, 4)
    1.5541
    """

    distribution: Distribution
    low: float = -math.inf
    high: float = math.inf

    if typing.TYPE_CHECKING:

        def __init__(self, distribution: Distribution, low: float | None = ..., high: float | None = ...) -> None: ...

    def __post_init__(self) -> None:
        inner = checked_distribution(self.distribution, "Clipped.distribution")
        given = (-math.inf if self.low is None else self.low, math.inf if self.high is None else self.high)
        low, high = (_limit(x, inner.unit, f"Clipped.{name}") for x, name in zip(given, ("low", "high"), strict=True))
        if low >= high:
            raise ValueError(f"Clipped.high: must be above low (got low={low:g}, high={high:g})")
        if isinstance(inner, Clipped):
            low, high = max(low, inner.low), min(high, inner.high)
            inner = inner.distribution
        if inner.mass(low, high) < MIN_MASS:
            raise ValueError(
                f"Clipped: only {inner.mass(low, high):.2g} of the mass of {inner} is in [{low:g}, {high:g}]; "
                f"at least {MIN_MASS:g} must be: move the limits towards the mean, {inner.mean:.4g}"
            )
        self.__dict__.update(distribution=inner, low=low, high=high, unit=inner.unit)

    def __repr__(self) -> str:
        limits = [f"{name}={limit!r}" for name, limit in (("low", self.low), ("high", self.high)) if math.isfinite(limit)]
        return f"Clipped({', '.join([repr(self.distribution), *limits])})"

    @property
    def code(self) -> np.ndarray:
        """The code of the inner distribution, with the limits as its last two numbers."""
        code = self.distribution.code
        code[3:] = self.low, self.high
        return code

    @property
    def support(self) -> tuple[float, float]:
        """The part of the inner support that is within the limits."""
        return max(self.distribution.support[0], self.low), min(self.distribution.support[1], self.high)

    def integrals(self, low: float, high: float) -> tuple[float, float]:
        """Return the integrals of the density f(x) and of x f(x) from `low` to `high`."""
        whole = self.distribution.mass(self.low, self.high)
        low, high = max(low, self.low), min(high, self.high)
        mass, moment = self.distribution.integrals(low, high) if low < high else (0.0, 0.0)
        return mass / whole, moment / whole


def is_number(value):
    """Return whether a value is a single number: neither a distribution nor an array."""
    return np.ndim(value) == 0 and not isinstance(value, Distribution)


def value_code(value):
    """Return the code ``[0, value, 0, -inf, inf]`` of a number, as if it were a distribution; see `Distribution.code`."""
    return np.array([0.0, value, 0.0, -math.inf, math.inf])


def checked_distribution(value, label):
    """Return `value` if it is a distribution, or raise TypeError saying what to write instead."""
    if isinstance(value, type) and issubclass(value, Distribution):
        raise TypeError(f"{label}: {value.__name__} is a class; call it with its parameters, as in Normal(1.5, 0.75)")
    if not isinstance(value, Distribution):
        raise TypeError(f"{label}: must be a distribution such as Normal(1.5, 0.75) (got {value!r})")
    return value


def checked_value(value, unit, label):
    """Return a value as a float, as a read-only float64 copy of an array, or unchanged if it is a distribution.

    `unit` is one of `brainsim.core.checks.SI`, `label` the ``Object.field`` that starts an error message. TypeError or
    ValueError is raised if the value is none of the three, or contains NaN or infinity.
    """
    if isinstance(value, Distribution) or (isinstance(value, type) and issubclass(value, Distribution)):
        check_unit(checked_distribution(value, label), unit, label)
        return value
    if hasattr(value, "weight_unit"):
        raise TypeError(f"{label}: {value!r} is a synapse; a distribution is bs.values.ExponentialDistribution(mean)")
    return read_only(plain(value, unit, label))


def _limit(value, unit, label):
    """Return a limit of a clip as a float, in the unit of its distribution; it may be infinite, but not NaN."""
    if isinstance(value, (float, np.floating)) and math.isinf(value):
        return float(value)
    if unit_of(value, label) != unit:
        expected = f"in {unit}" if unit else "a plain number"
        raise ValueError(f"{label}: must be {expected}, like the distribution (got {value})")
    return number(value, label, unit or "")


def __getattr__(name):
    hint = "; it is now ExponentialDistribution, and bs.Exponential is a synapse" if name == "Exponential" else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
