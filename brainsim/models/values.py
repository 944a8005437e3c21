"""Distributions: what may stand wherever a number may (parameters, initial values, weights, delays).

A distribution is a description. It holds no generator and draws nothing; the engine draws its values from counter-based
streams (`brainsim.rng.variates`), so value number i depends on the seed and on the name of its object only.

All of them live in ``bs.values``. ``bs.Uniform``, ``bs.Normal``, ``bs.LogNormal``, ``bs.Gamma`` and ``bs.Clipped`` are also
at the top level; the exponential distribution is ``bs.values.Exponential``, because ``bs.Exponential`` is the synapse.
"""

import functools
import math
from dataclasses import dataclass, field, fields
from typing import ClassVar

import numpy as np

from brainsim.core.checks import check_unit, in_one_unit, number, plain, read_only, unit_of
from brainsim.rng import gauss

__all__ = ["Clipped", "Distribution", "Exponential", "Gamma", "LogNormal", "Normal", "Uniform"]

CONSTANT = 0
# Below this share, redrawing until a value lies inside the limits takes longer than anybody waits.
LEAST_MASS = 1e-4


class Distribution:
    """Base of the distributions; ``isinstance(value, Distribution)`` tells them from numbers and arrays.

    Attributes
    ----------
    support : tuple of float
        The lowest and the highest value that can be drawn; ``-inf`` or ``inf`` where there is no limit.
    mean : float
        The expected value.
    unit : str or None
        The unit of the quantities that it was made of, None where it was made of plain numbers.
    code : ndarray of float64, shape (5,)
        ``[kind, a, b, low, high]``, which is how kernels see it: the two parameters and the limits of a clip.
    """

    kind: ClassVar[int]
    lowest: ClassVar[float] = 0.0
    positive: ClassVar[tuple] = ()
    pure: ClassVar[tuple] = ()  # parameters that are plain numbers whatever the values are in

    def __post_init__(self):
        """Check the parameters and keep them as floats, with the unit that quantities were in."""
        name, given = type(self).__name__, {f.name: getattr(self, f.name) for f in fields(self)}
        same, unit = in_one_unit({n: value for n, value in given.items() if n not in self.pure}, name)
        self.__dict__["unit"] = unit
        for n, value in (given | same).items():
            self.__dict__[n] = number(value, f"{name}.{n}", above=0 if n in self.positive else None)
        self._check()

    def __repr__(self):
        """Return the distribution as it is typed."""
        return f"{type(self).__name__}({', '.join(repr(getattr(self, f.name)) for f in fields(self))})"

    @property
    def code(self):
        """The five numbers by which kernels know this distribution."""
        values = [getattr(self, f.name) for f in fields(self)]
        return np.array([self.kind, *values, *[0.0] * (2 - len(values)), -math.inf, math.inf])

    @property
    def support(self):
        """The lowest and the highest value that can be drawn."""
        return self.lowest, math.inf

    @functools.cached_property  # no plain property, so that `mean` may be a field of Normal and Exponential
    def mean(self):
        """The expected value."""
        return self._part(-math.inf, math.inf)[1]

    def mass(self, low, high):
        """Return the probability that a value lies in [low, high]."""
        return self._part(low, high)[0]

    def _check(self):
        """Raise where parameters do not go together."""

    def _part(self, low, high):
        """Return the integrals of f(x) and of x f(x) from `low` to `high`, f being the density."""
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Uniform(Distribution):
    """Values spread evenly over [low, high): density 1 / (high - low).

    Parameters
    ----------
    low, high : float
        The limits, in the unit of what they are given for; low < high.

    Raises
    ------
    TypeError, ValueError
        Where a limit is no finite number, or low is not below high.

    Examples
    --------
    >>> from brainsim.models.values import Uniform
    >>> Uniform(0.0, 20.0).mean
    10.0
    """

    low: float
    high: float
    kind = 1

    def _check(self):
        if self.low >= self.high:
            raise ValueError(f"Uniform.high: must be above low (got low={self.low:g}, high={self.high:g})")

    @property
    def support(self):
        """The limits (low, high)."""
        return self.low, self.high

    def _part(self, low, high):
        low, high, width = max(low, self.low), min(high, self.high), self.high - self.low
        return ((high - low) / width, (high - low) * (high + low) / (2 * width)) if low < high else (0.0, 0.0)


@dataclass(frozen=True, repr=False)
class Normal(Distribution):
    """Values of the Gaussian law: density exp(-(x - mean)**2 / (2 sd**2)) / (sd sqrt(2 pi)).

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation, in the unit of what they are given for; sd > 0.

    Raises
    ------
    TypeError, ValueError
        Where one is no finite number, or sd is not above 0.

    Notes
    -----
    Drawn by the transform of Box and Muller (1958), doi:10.1214/aoms/1177706645. A delay must be above 0, so a normal
    delay needs a limit: ``Clipped(Normal(1.5, 0.75), low=0.1)``.

    Examples
    --------
    >>> from brainsim.models.values import Normal
    >>> round(Normal(1.5, 0.75).mass(0.75, 2.25), 4)
    0.6827
    """

    mean: float = field()
    sd: float = field()
    kind = 2
    lowest = -math.inf
    positive = ("sd",)

    def _part(self, low, high):
        low, high = (low - self.mean) / self.sd, (high - self.mean) / self.sd
        mass = gauss.mass(low, high)
        return mass, self.mean * mass + self.sd * (gauss.density(low) - gauss.density(high))


@dataclass(frozen=True, repr=False)
class LogNormal(Distribution):
    """Values whose logarithm is normal: x = exp(mu + sigma z), z standard normal.

    Parameters
    ----------
    mu, sigma : float
        Mean and standard deviation of the logarithm of x, not of x; sigma > 0.

    Raises
    ------
    TypeError, ValueError
        Where one is no finite number, sigma is not above 0, or the mean is too large for a float.

    Notes
    -----
    The mean of x is exp(mu + sigma**2 / 2) and its standard deviation mean * sqrt(exp(sigma**2) - 1). Turned round, for a
    wanted mean m and standard deviation s: sigma**2 = log(1 + (s / m)**2) and mu = log(m) - sigma**2 / 2.

    Examples
    --------
    >>> from brainsim.models.values import LogNormal
    >>> round(LogNormal(-0.702, 0.9355).mean, 3)  # synaptic weights of Song et al. (2005), mV
    0.768
    """

    mu: float
    sigma: float
    kind = 3
    positive = ("sigma",)
    pure = ("mu", "sigma")

    def _check(self):
        if self.mu + self.sigma**2 / 2 > 700:
            hint = f"; mu is of the logarithm: did you mean {math.log(self.mu):.3g}?" if self.mu > 0 else ""
            raise ValueError(f"LogNormal.mu: exp(mu + sigma**2/2) is too large for a float (got {self}){hint}")

    def _part(self, low, high):
        low, high = ((_log(x) - self.mu) / self.sigma for x in (low, high))
        mean = math.exp(self.mu + self.sigma**2 / 2)
        return gauss.mass(low, high), mean * gauss.mass(low - self.sigma, high - self.sigma)


@dataclass(frozen=True, repr=False)
class Exponential(Distribution):
    """Values of the exponential law, above 0: density exp(-x / mean) / mean.

    This is ``bs.values.Exponential``; the public name ``bs.Exponential`` is the synapse with an exponential current.

    Parameters
    ----------
    mean : float
        The mean, which is also the standard deviation, in the unit of what it is given for; > 0.

    Raises
    ------
    TypeError, ValueError
        Where the mean is no finite number above 0.

    Examples
    --------
    >>> from brainsim.models import values
    >>> round(values.Exponential(2.0).mass(0.0, 2.0), 4)
    0.6321
    """

    mean: float = field()
    kind = 4
    positive = ("mean",)

    def _part(self, low, high):
        low, high = max(low, 0.0), max(high, 0.0)
        if low >= high:
            return 0.0, 0.0
        at, end = math.exp(-low / self.mean), math.exp(-high / self.mean)
        beyond = (high + self.mean) * end if high < math.inf else 0.0
        return at - end, (low + self.mean) * at - beyond


@dataclass(frozen=True, repr=False)
class Gamma(Distribution):
    """Values of the gamma law, above 0: density proportional to x**(shape - 1) exp(-x / scale).

    Parameters
    ----------
    shape : float
        The shape k > 0, a pure number; the coefficient of variation is 1 / sqrt(k).
    scale : float
        The scale > 0, in the unit of what the distribution is given for; the mean is shape * scale.

    Raises
    ------
    TypeError, ValueError
        Where one is no finite number above 0.

    Notes
    -----
    Drawn by the rejection of Marsaglia and Tsang (2000), doi:10.1145/358407.358414.

    Examples
    --------
    >>> from brainsim.models.values import Gamma
    >>> Gamma(2.0, 0.5).mean
    1.0
    """

    shape: float
    scale: float
    kind = 5
    positive = ("shape", "scale")
    pure = ("shape",)

    def _part(self, low, high):
        from scipy.special import gammainc

        low, high = max(low, 0.0) / self.scale, max(high, 0.0) / self.scale
        if low >= high:
            return 0.0, 0.0
        mass = gammainc(self.shape, high) - gammainc(self.shape, low)
        moment = gammainc(self.shape + 1, high) - gammainc(self.shape + 1, low)
        return float(mass), float(self.shape * self.scale * moment)


@dataclass(frozen=True, repr=False)
class Clipped(Distribution):
    """Values of another distribution that lie in [low, high]; a value outside is drawn again.

    The density is that of `distribution` inside the limits, scaled to have the mass 1 there. No value piles up at a limit,
    as it would by ``numpy.clip``.

    Parameters
    ----------
    distribution : Distribution
        What is drawn; a Clipped within a Clipped keeps the narrower limits.
    low, high : float
        The limits, in the unit of the distribution; by default there is none.

    Raises
    ------
    TypeError, ValueError
        Where `distribution` is none, low is not below high, or less than 1e-4 of its mass lies between them.

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

    def __post_init__(self):
        """Check the limits and what lies between them."""
        inner = checked_distribution(self.distribution, "Clipped.distribution")
        low, high = (_limit(getattr(self, name), inner.unit, f"Clipped.{name}") for name in ("low", "high"))
        if low >= high:
            raise ValueError(f"Clipped.high: must be above low (got low={low:g}, high={high:g})")
        if isinstance(inner, Clipped):
            inner, low, high = inner.distribution, max(low, inner.low), min(high, inner.high)
        if inner.mass(low, high) < LEAST_MASS:
            raise ValueError(
                f"Clipped: only {inner.mass(low, high):.2g} of the mass of {inner} is in [{low:g}, {high:g}]; "
                f"at least {LEAST_MASS:g} must: move the limits towards the mean, {inner.mean:.4g}"
            )
        self.__dict__.update(distribution=inner, low=low, high=high, unit=inner.unit)

    def __repr__(self):
        """Return it as it is typed, with the limits that there are."""
        limits = [f"{name}={limit!r}" for name, limit in (("low", self.low), ("high", self.high)) if math.isfinite(limit)]
        return f"Clipped({', '.join([repr(self.distribution), *limits])})"

    @property
    def code(self):
        """The code of what is clipped, with the limits in the last two places."""
        code = self.distribution.code
        code[3:] = self.low, self.high
        return code

    @property
    def support(self):
        """The part of the support within the limits."""
        low, high = self.distribution.support
        return max(low, self.low), min(high, self.high)

    def _part(self, low, high):
        whole = self.distribution.mass(self.low, self.high)
        low, high = max(low, self.low), min(high, self.high)
        mass, moment = self.distribution._part(low, high) if low < high else (0.0, 0.0)
        return mass / whole, moment / whole


def is_number(value):
    """Return whether a value is one number for all, not a distribution and not an array with one for each."""
    return np.ndim(value) == 0 and not isinstance(value, Distribution)


def value_code(value):
    """Return the code ``[0, value, 0, -inf, inf]`` of a number that is the same for all; see `Distribution.code`."""
    return np.array([CONSTANT, value, 0.0, -math.inf, math.inf])


def checked_distribution(value, where):
    """Return `value` if it is a distribution, or say what to write instead."""
    if isinstance(value, type) and issubclass(value, Distribution):
        raise TypeError(f"{where}: {value.__name__} is a class; give it its numbers, as in Normal(1.5, 0.75)")
    if not isinstance(value, Distribution):
        raise TypeError(f"{where}: must be a distribution such as Normal(1.5, 0.75) (got {value!r})")
    return value


def checked_value(value, unit, where):
    """Return what may stand for a number: a float, a read-only float64 array (copied), or a distribution as it is.

    `unit` is one of `brainsim.core.checks.SI`, `where` the ``Object.field`` that starts an error message; TypeError and
    ValueError are raised where it is none of the three, or holds NaN or infinity.
    """
    if isinstance(value, Distribution) or (isinstance(value, type) and issubclass(value, Distribution)):
        check_unit(checked_distribution(value, where), unit, where)
        return value
    if hasattr(value, "weight_unit"):
        raise TypeError(f"{where}: {value!r} is a synapse; the distribution of that kind is bs.values.Exponential(mean)")
    return read_only(plain(value, unit, where))


def _limit(value, unit, where):
    """Return a limit as a float, in the unit of what is clipped; infinity is allowed here, NaN is not."""
    if isinstance(value, (float, np.floating)) and math.isinf(value):
        return float(value)
    if unit_of(value, where) != unit:
        raise ValueError(f"{where}: must be {f'in {unit}' if unit else 'a plain number'}, as the rest is (got {value})")
    return number(value, where, unit or "")


def _log(x):
    return math.log(x) if x > 0 else -math.inf
