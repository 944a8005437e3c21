"""Values of a distribution, and binomial numbers, as functions of a key and an index, in compiled code.

A distribution is encoded as ``[kind, a, b, low, high]`` (see ``Distribution.code`` in `brainsim.models.values`). The kinds:

- 0: the constant a
- 1: uniform on [a, b)
- 2: normal with mean a and standard deviation b
- 3: log-normal, the exponential function of 2
- 4: exponential with mean a
- 5: gamma with shape a and scale b, by the rejection method of Marsaglia and Tsang (2000), doi:10.1145/358407.358414
- above: the address of a compiled function of 64 bits, a and b, the sampler of a distribution of a user

A value outside [low, high] is sampled again under the key of the next attempt, so no value depends on another one.
"""

import math

import numpy as np

from brainsim.jit.decorators import helper, kernel
from brainsim.jit.intrinsics import call_sampler
from brainsim.jit.vmath import exp, gaussian, log, log1p, power
from brainsim.rng.hashing import GAMMA, hashed, mix, step_key, uniform

# Limits must leave a probability of at least 1e-4 (`models.values`). At 1e-4, one value in e**30 = 1e13 comes out as NaN.
MAX_ATTEMPTS = 300_000
MAX_TRIALS = 1000  # trials that are drawn one by one
MAX_BINOMIAL = 1e12  # trials; beyond, the sums of logarithms below are not exact enough
HALF_LOG_TWO_PI = 0.9189385332046727
# log(k!) of k = 0, 1, 2, ...; the C library's `lgamma` may differ in the last bit from system to system
LOG_FACTORIALS = (
    0.0,
    0.0,
    0.6931471805599453,
    1.791759469228055,
    3.1780538303479458,
    4.787491742782046,
    6.579251212010101,
    8.525161361065415,
    10.60460290274525,
    12.801827480081469,
)


@helper
def sample(code, key, i):
    """Return the value with index i of the distribution `code` in the stream `key`."""
    if code[0] == 0.0:
        return code[1]
    for attempt in range(MAX_ATTEMPTS):
        value = _trial(code, hashed(step_key(key, attempt), i))
        if code[3] <= value <= code[4]:
            return value
    return math.nan


@helper
def sample_each(code, key, indices, out):
    """Write the values with these indices into `out`; normal ones in a loop that vectorises, 3 ns each instead of 12."""
    if code[0] != 2.0:
        for k in range(out.size):
            out[k] = sample(code, key, indices[k])
        return
    a, b, low, high, outside = code[1], code[2], code[3], code[4], 0
    first = step_key(key, 0)
    for k in range(out.size):
        value = a + b * gaussian(hashed(first, indices[k]))
        outside += not (low <= value <= high)
        out[k] = value
    # all are computed again, since rounding to float32 may have moved a value from outside onto a limit
    if outside:
        for k in range(out.size):
            out[k] = sample(code, key, indices[k])


@kernel
def fill(out, code, key):
    """Write the values with the indices 0, 1, 2, ... of the stream `key` into the array `out`."""
    for i in range(out.size):
        out[i] = sample(code, key, i)


@helper
def _trial(code, bits):
    """Return one value without regard to the limits; NaN, which is within no limits, if a rejection method rejects it.

    What the package has is part of the kernels: a call by address would take as long as a value.
    """
    kind, a, b = code[0], code[1], code[2]
    if kind == 1.0:
        return a + (b - a) * uniform(bits)
    if kind == 2.0:
        return a + b * gaussian(bits)
    if kind == 3.0:
        return exp(a + b * gaussian(bits))
    if kind == 4.0:
        return -a * log1p(-uniform(bits))
    if kind != 5.0:
        return call_sampler(np.int64(kind), bits, a, b)
    more = mix(bits + GAMMA)
    return b * _gamma(a, gaussian(bits), uniform(more), uniform(mix(more + GAMMA)))


@helper
def _gamma(shape, z, u, v):
    """Return a gamma variate of scale 1, or NaN if it is rejected; for shapes below 1 a variate of shape + 1 is shrunk."""
    d = (shape if shape >= 1.0 else shape + 1.0) - 1.0 / 3.0
    cube = (1.0 + z / math.sqrt(9.0 * d)) ** 3
    if cube <= 0.0 or log1p(-u) >= 0.5 * z * z + d - d * cube + d * log(cube):
        return math.nan
    return d * cube if shape >= 1.0 else d * cube * power(1.0 - v, 1.0 / shape)


@helper
def binomial(bits, n, p):
    """Turn 64 random bits into a number of successes in n trials, each with probability p; NaN if n is too large."""
    if n > MAX_TRIALS:
        return binomial_of_many(bits, np.floor(n), p) if n <= MAX_BINOMIAL else math.nan
    successes = 0.0
    for trial in range(np.int64(n)):
        successes += uniform(hashed(bits, trial)) < p
    return successes


@helper
def binomial_of_many(bits, n, p):
    """Return the successes in n trials, from few random numbers; by way of the failures if these are fewer."""
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
        return LOG_FACTORIALS[np.int64(k)] - (HALF_LOG_TWO_PI + (k + 0.5) * log(k + 1.0) - (k + 1.0))
    square = (k + 1.0) ** 2
    return (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0)
