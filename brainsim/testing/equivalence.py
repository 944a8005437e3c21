"""Tests of equivalence: whether two means are within a margin of each other, at a stated confidence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

LEAST = 2  # values of a sample


@dataclass(frozen=True)
class Equivalence:
    """What `compare_means` found.

    Attributes
    ----------
    name : str
        What was compared.
    difference : float
        Mean of the first sample minus the mean of the second one; with ``relative=True``, their ratio minus 1.
    low, high : float
        The interval that is compared with the margin: of the level ``2*confidence - 1``, 90 % for a confidence of 95 %.
    margin : float
        What was declared.
    confidence : float
        Of each of the two one-sided tests.
    counts : tuple of int
        Number of values in each sample; 0 in place of the second one if it is a number without an error.
    bounds : tuple of float
        The margin as the two ends of an interval of differences.
    """

    name: str
    difference: float
    low: float
    high: float
    margin: float
    confidence: float
    counts: tuple[int, int]
    bounds: tuple[float, float]

    @property
    def equivalent(self) -> bool:
        """Whether the difference is within the margin, at the confidence: the interval lies within it."""
        return self.bounds[0] < self.low and self.high < self.bounds[1]

    @property
    def different(self) -> bool:
        """Whether the difference is beyond the margin, at the confidence: the interval lies outside of it."""
        return self.low > self.bounds[1] or self.high < self.bounds[0]

    @property
    def verdict(self) -> Literal["equivalent", "different", "undecided"]:
        """What can be said: undecided means that more values are needed, not that nothing differs."""
        return "equivalent" if self.equivalent else "different" if self.different else "undecided"

    def __str__(self) -> str:
        relative = self.bounds[0] != -self.bounds[1]
        number = (lambda x: f"{100 * x:+.3g} %") if relative else (lambda x: f"{x:+.3g}")
        margin = f"{100 * self.margin:g} %" if relative else f"{self.margin:g}"
        many = " and ".join(f"{n}" for n in self.counts if n)
        return (
            f"{self.name}: {self.verdict} (margin {margin}, confidence {100 * self.confidence:g} %; "
            f"difference {number(self.difference)}, {200 * self.confidence - 100:g} % interval {number(self.low)} to "
            f"{number(self.high)}, {many} values)"
        )


def compare_means(
    first: Sequence[float] | np.ndarray,
    second: float | Sequence[float] | np.ndarray,
    *,
    margin: float,
    relative: bool = False,
    paired: bool = False,
    confidence: float = 0.95,
    name: str = "mean",
) -> Equivalence:
    """Test whether two means are equivalent: whether they differ by less than a margin that was chosen before.

    A test that finds no difference says little: with few values it never finds one. This one asks the reverse. Two one-sided
    tests (TOST, Schuirmann 1987) must reject that the difference is above the margin, and that it is below its negative.
    That is so if the interval of the level ``2*confidence - 1`` around the difference lies within the margin. Means are
    compared with t tests for unequal variances (Welch), shares by the interval of Newcombe (1998).

    Several statistics of the same runs, such as rate, coefficient of variation and correlation, may each be tested at the
    same confidence: if the claim is that all are equivalent, it needs no correction.

    Parameters
    ----------
    first : array_like of float or of bool
        A value for each independent run, at least two: the mean rate of a network, say, and not the rate of each of its
        cells, which are not independent. Booleans are counted: the share of those that are true is compared.
    second : float or array_like
        The same of what it is compared with, such as another simulator; or a number, such as a published one, which is taken
        to have no error.
    margin : float
        The largest difference that does not matter, in the unit of the values; with `relative`, as a share: 0.05 is 5 %.
    relative : bool
        Compare the ratio of geometric means, which takes positive values, with the range from 1/(1 + margin) to 1 + margin.
    paired : bool
        Whether value i of both belongs together, because both simulate the same network i, say.
    confidence : float
        Of each one-sided test: the chance that means that differ by more than the margin are called equivalent is at most
        1 - confidence.
    name : str
        What is compared, for the text of the result.

    Returns
    -------
    Equivalence
        With its `verdict`, "equivalent", "different" or "undecided"; as text it says all numbers.

    Raises
    ------
    ValueError
        If there are fewer than two values, if no value differs from the others, so that the error of the mean is unknown, or
        for a margin or a confidence that cannot be.

    References
    ----------
    Schuirmann (1987), doi:10.1007/BF01068419. Newcombe (1998),
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.

    Examples
    --------
    >>> import brainsim as bs
    >>> found = bs.testing.compare_means([9.8, 10.1, 10.3, 9.9], 10.0, margin=0.5, name="rate [Hz]")
    >>> found.verdict
    'equivalent'
    >>> print(found)
    rate [Hz]: equivalent (margin 0.5, confidence 95 %; difference +0.025, 90 % interval -0.236 to +0.286, 4 values)
    """
    _check_options(margin, confidence)
    shares = np.asarray(first).dtype == bool
    if np.ndim(second) and (np.asarray(second).dtype == bool) != shares:
        raise ValueError("compare_means: booleans are compared with booleans, or with a number, and numbers with numbers")
    one, other = _values(first, "first"), _values(second, "second", fixed=True)
    bounds = (-margin / (1.0 + margin) if relative else -float(margin), float(margin))
    if relative and not shares:
        one, other = _logarithms(one), _logarithms(other)
    if shares:
        difference, low, high = _of_shares(one, other, confidence, relative or paired)
    else:
        one, other = _differences(one, other) if paired else (one, other)
        difference, low, high = _of_means(one, other, confidence)
    if relative:
        difference, low, high = map(math.expm1, (difference, low, high))
    counts = (one.size, other.size if other.ndim else 0)
    return Equivalence(name, float(difference), float(low), float(high), float(margin), float(confidence), counts, bounds)


def _check_options(margin, confidence):
    if not (np.isscalar(margin) and 0.0 < margin < np.inf):
        raise ValueError(f"compare_means.margin: must be > 0, the largest difference that does not matter (got {margin!r})")
    if not (np.isscalar(confidence) and 0.5 < confidence < 1.0):
        raise ValueError(f"compare_means.confidence: must be above 0.5 and below 1, such as 0.95 (got {confidence!r})")


def _values(values: Any, label, fixed=False) -> np.ndarray:
    """Return values as an array; a single number has no dimension, if it is allowed."""
    values = np.asarray(values, dtype=float)
    if values.ndim > 1 or (values.ndim == 0 and not fixed):
        raise ValueError(f"compare_means.{label}: must be a sequence of numbers, one a run (got shape {values.shape})")
    if values.ndim and values.size < LEAST:
        raise ValueError(f"compare_means.{label}: must have at least {LEAST} values of independent runs (got {values.size})")
    if not np.isfinite(values).all():
        raise ValueError(f"compare_means.{label}: all values must be finite")
    return values


def _logarithms(values):
    if values.min() <= 0.0:
        raise ValueError("compare_means.relative: all values must be > 0; without relative=True the margin is a difference")
    return np.log(values)


def _differences(one, other):
    if one.shape != other.shape:
        raise ValueError(f"compare_means.paired: both must have as many values (got {one.size} and {other.size})")
    return one - other, np.zeros(())


def _of_means(one, other, confidence):
    """Return the difference of two means and its interval, by Welch's t."""
    from scipy.stats import t

    parts = [(values.var(ddof=1) / values.size, values.size - 1) for values in (one, other) if values.ndim]
    variance = sum(part for part, _ in parts)
    if variance == 0.0:
        raise ValueError(
            "compare_means: no value differs from the others, so their error is unknown; what is the same in each run is "
            "compared with ==, and shares are given as booleans"
        )
    freedom = variance**2 / sum(part**2 / n for part, n in parts)
    reach, difference = t.ppf(confidence, freedom) * math.sqrt(variance), one.mean() - other.mean()
    return difference, difference - reach, difference + reach


def _of_shares(one, other, confidence, unfit):
    """Return the difference of two shares and its interval, by the method of Newcombe from the intervals of Wilson."""
    if unfit:
        raise ValueError("compare_means.first: shares (booleans) are neither paired nor relative; give numbers for these")
    (p, low, high), (q, least, most) = (_wilson(values, confidence) for values in (one, other))
    return p - q, p - q - math.hypot(p - low, most - q), p - q + math.hypot(high - p, q - least)


def _wilson(values, confidence):
    """Return a share and its interval by Wilson; a number without error is its own interval."""
    from scipy.stats import norm

    if not values.ndim:
        return float(values), float(values), float(values)
    z, n, p = norm.ppf(confidence), values.size, values.mean()
    middle, reach = p + z * z / (2 * n), z * math.sqrt(p * (1.0 - p) / n + (z / (2 * n)) ** 2)
    return p, (middle - reach) / (1.0 + z * z / n), (middle + reach) / (1.0 + z * z / n)
