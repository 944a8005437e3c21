"""Binomial numbers from 64 random bits, in a time that does not grow with the number of trials."""

import math

import numpy as np

from brainsim.jit.decorators import helper
from brainsim.jit.vmath import exp, log, log1p
from brainsim.rng.hashing import hashed, uniform

MAX_TRIALS = 1000  # trials that are drawn one by one
MAX_BINOMIAL = 1e12  # trials; beyond, the sums of logarithms below are not exact enough
HALF_LOG_TWO_PI = 0.9189385332046727


@helper
def binomial(bits, n, p):
    """Turn 64 random bits into a number of successes in n trials, each with probability p; NaN if n is too large."""
    if n > MAX_TRIALS:
        return _of_many(bits, np.floor(n), p) if n <= MAX_BINOMIAL else math.nan
    successes = 0.0
    for trial in range(np.int64(n)):
        successes += uniform(hashed(bits, trial)) < p
    return successes


@helper
def _of_many(bits, n, p):
    """Return the successes in more than `MAX_TRIALS` trials, by way of the failures if these are fewer."""
    rarer = min(p, 1.0 - p)
    if not rarer > 0.0:  # p is 0 or less, 1 or more, or NaN, which no number is below
        return n if p >= 1.0 else 0.0
    k = _by_inversion(bits, n, rarer) if n * rarer < 10.0 else _by_rejection(bits, n, rarer)
    return k if p <= 0.5 else n - k


@helper
def _by_inversion(bits, n, p):
    """Return the number at which the distribution function passes a random number; for a mean below 10."""
    u = uniform(hashed(bits, 0))
    term, k = exp(n * log1p(-p)), 0.0
    total = term
    while u >= total and k < 200.0:
        term *= (n - k) / (k + 1.0) * (p / (1.0 - p))
        k += 1.0
        total += term
    return k


@helper
def _by_rejection(bits, n, p):
    """Return a number by the method BTRS of Hoermann (1993), doi:10.1080/00949659308811496; for n*p >= 10 and p <= 1/2."""
    spread = math.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    v_r, alpha, odds, mode = 0.92 - 4.2 / b, (2.83 + 5.1 / b) * spread, p / (1.0 - p), math.floor((n + 1.0) * p)
    attempt = 0
    while True:
        u, v = uniform(hashed(bits, attempt)) - 0.5, uniform(hashed(bits, attempt + 1))
        attempt += 2
        us = 0.5 - abs(u)
        k = np.floor((2.0 * a / us + b) * u + n * p + 0.5)
        if us >= 0.07 and v <= v_r:
            return k
        if not 0.0 <= k <= n:
            continue
        bound = (mode + 0.5) * log((mode + 1.0) / (odds * (n - mode + 1.0)))
        bound += (n + 1.0) * log((n - mode + 1.0) / (n - k + 1.0))
        bound += (k + 0.5) * log(odds * (n - k + 1.0) / (k + 1.0))
        bound += _rest(mode) + _rest(n - mode) - _rest(k) - _rest(n - k)
        if log(v * alpha / (a / (us * us) + b)) <= bound:
            return k


@helper
def _rest(k):
    """Return the logarithm of k! without the leading terms of Stirling's formula."""
    if k < 10.0:
        return math.lgamma(k + 1.0) - (HALF_LOG_TWO_PI + (k + 0.5) * log(k + 1.0) - (k + 1.0))
    square = (k + 1.0) ** 2
    return (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0)
