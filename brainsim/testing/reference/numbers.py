"""Random numbers by counter: each is a function of a key and an index, so no order of sampling matters.

A key is the hash of a seed and of names. The generator is the finaliser of SplitMix64, Steele et al. (2014),
doi:10.1145/2660193.2660195. Keys are whole numbers of Python, bits are arrays of uint64, whose sums and products wrap.
"""

import hashlib

import numpy as np
from scipy.special import gammaln

ALL_BITS = 2**64 - 1
GAMMA, STEP = 0x9E3779B97F4A7C15, 0xD1342543DE82EF95


class NotCovered(Exception):  # noqa: N818 - nothing is wrong
    """Something that this reference does not define."""


def not_covered(condition, what):
    """Raise NotCovered if a condition holds."""
    if condition:
        raise NotCovered(what)


def stream_key(seed, *names):
    """Return the key of the stream that is called by some names, under a seed."""
    text = "\x1f".join([str(int(seed)), *map(str, names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def mix(bits):
    """Scramble 64 bits."""
    z = np.atleast_1d(np.asarray(bits, np.uint64))
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def step_key(key, step):
    """Return the key of a step, of a row or of an attempt in a stream."""
    return int(mix((key + int(step) * STEP) & ALL_BITS)[0])


def hashed(key, index):
    """Return 64 random bits for each index; an index of -1 is the number that all cells share."""
    counter = np.atleast_1d(np.asarray(index, np.int64)).astype(np.uint64) + np.uint64(1)
    return mix(np.uint64(key & ALL_BITS) + counter * np.uint64(GAMMA))


def uniform(bits):
    """Turn random bits into numbers in [0, 1), multiples of 2**-53."""
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def gaussian(bits):
    """Turn random bits into standard normal numbers: Box and Muller, with 40 bits for the radius and 24 for the angle."""
    radius = ((bits >> np.uint64(24)).astype(np.float64) + 0.5) * 2.0**-40
    angle = ((bits & np.uint64(2**24 - 1)).astype(np.float64) + 0.5) * 2.0**-23 - 1.0
    return np.sqrt(-2.0 * np.log(radius)) * np.sin(0.5 * np.pi * angle)


def sample(distribution, key, index):
    """Return the values of a distribution at some indices; a value beyond the limits is sampled again, under another key."""
    low, high = getattr(distribution, "low", -np.inf), getattr(distribution, "high", np.inf)
    inner = getattr(distribution, "distribution", distribution)
    index = np.asarray(index)
    values, left, attempt = np.empty(index.size), np.arange(index.size), 0
    while left.size:
        with np.errstate(all="ignore"):
            found = _trial(inner, hashed(step_key(key, attempt), index[left]))
        kept = (low <= found) & (found <= high)
        values[left[kept]] = found[kept]
        left, attempt = left[~kept], attempt + 1
    return values


def _trial(d, bits):
    kind = type(d).__name__
    if kind == "Uniform":
        return d.low + (d.high - d.low) * uniform(bits)
    if kind == "Normal":
        return d.mean + d.sd * gaussian(bits)
    if kind == "LogNormal":
        return np.exp(d.mu + d.sigma * gaussian(bits))
    if kind == "ExponentialDistribution":
        return -d.mean * np.log1p(-uniform(bits))
    if kind == "Gamma":
        more = mix(bits + np.uint64(GAMMA))
        return d.scale * _gamma(d.shape, gaussian(bits), uniform(more), uniform(mix(more + np.uint64(GAMMA))))
    raise NotCovered(kind)


def _gamma(shape, z, u, v):
    """Return gamma variates of scale 1, NaN for what is rejected: Marsaglia and Tsang (2000)."""
    d = max(shape, shape + (shape < 1.0)) - 1.0 / 3.0
    cube = (1.0 + z / np.sqrt(9.0 * d)) ** 3
    value = d * cube * ((1.0 - v) ** (1.0 / shape) if shape < 1.0 else 1.0)
    taken = (cube > 0.0) & (np.log1p(-u) < 0.5 * z * z + d - d * cube + d * np.log(cube))
    return np.where(taken, value, np.nan)


def alias_table(chances):
    """Return the tables (accept, other) of Walker (1977), by which 64 bits sample a column with these chances."""
    size = 1 << int(np.ceil(np.log2(chances.size)))
    scaled = np.zeros(size)
    scaled[: chances.size] = chances * size
    accept, other = np.ones(size), np.arange(size)
    small, large = [k for k in range(size) if scaled[k] < 1.0], [k for k in range(size) if scaled[k] >= 1.0]
    while small and large:
        low, high = small.pop(), large.pop()
        accept[low], other[low] = scaled[low], high
        scaled[high] -= 1.0 - scaled[low]
        (small if scaled[high] < 1.0 else large).append(high)
    return np.minimum(np.floor(accept * 2.0**32), 2.0**32 - 1), other


def by_alias(bits, accept, other):
    """Return a column for each of some random bits: the low ones choose it, the 32 high ones whether to take the other."""
    column = (bits & np.uint64(accept.size - 1)).astype(np.int64)
    return np.where((bits >> np.uint64(32)).astype(np.float64) < accept[column], column, other[column])


def poisson_shared(key, cells, mean):
    """Return Poisson numbers of cells that share a mean: up to 12 by thresholds for 32 bits, beyond by an alias table."""
    counts = np.arange(int(mean + 12.0 * np.sqrt(mean) + 40.0) + 1)
    chances = np.exp(counts * np.log(mean) - mean - np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))]))
    if mean > 12.0:
        return by_alias(hashed(key, cells), *alias_table(chances / chances.sum()))
    thresholds = np.rint(np.cumsum(chances) * 2.0**32) - 1.0
    # two cells share 64 bits: the even one takes the low half
    halves = (hashed(key, cells >> 1) >> (32 * (cells & 1)).astype(np.uint64)) & np.uint64(2**32 - 1)
    return np.searchsorted(thresholds[thresholds < 2**32 - 1], halves.astype(np.float64), side="left")


def poisson_each(key, cells, means):
    """Return Poisson numbers of cells, each with its own mean: below 10 by inversion, else by rejection."""
    bits, means = hashed(key, cells), np.maximum(means, 0.0)
    u, term, events = uniform(bits), np.exp(-means), np.zeros(means.shape, np.int64)
    total = term.copy()
    while (more := (u >= total) & (events < 200) & (means < 10.0) & (means > 0.0)).any():
        events[more] += 1
        term[more] *= means[more] / events[more]
        total[more] += term[more]
    many = means >= 10.0
    events[many] = _poisson_by_rejection(bits[many], means[many])
    return events


def _poisson_by_rejection(bits, mean):
    """Return numbers by the method PTRS of Hoermann (1993), doi:10.1016/0167-6687(93)90997-4."""
    b = 0.931 + 2.53 * np.sqrt(mean)
    a, inverse_alpha, v_r = -0.059 + 0.02483 * b, 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2.0)
    events, left = np.empty(mean.shape), np.arange(mean.size)
    while left.size:
        at, m = (x[left] for x in (a, mean))
        u, second = uniform(bits[left]) - 0.5, mix(bits[left])
        v, us = uniform(second), 0.5 - np.abs(u)
        k = np.floor((2.0 * at / us + b[left]) * u + m + 0.43)
        with np.errstate(all="ignore"):
            bound = np.log(v * inverse_alpha[left] / (at / (us * us) + b[left]))
            slow = bound <= -m + k * np.log(m) - gammaln(k + 1.0)
        taken = ((us >= 0.07) & (v <= v_r[left])) | (slow & (k >= 0.0) & ~((us < 0.013) & (v > us)))
        events[left[taken]] = k[taken]
        bits[left], left = mix(second), left[~taken]
    return events.astype(np.int64)


def binomial(bits, n, p):
    """Return how many of n trials succeed, each with probability p, one trial after the other; n <= 1000."""
    bits, n, p = np.broadcast_arrays(bits, n, p)
    if np.max(n, initial=0) > 1000:
        raise NotCovered("binomial of more than 1000 trials")
    trials = [uniform(hashed(int(b), np.arange(int(m)))) for b, m in zip(bits, n, strict=True)]
    return np.array([(u < chance).sum() for u, chance in zip(trials, p, strict=True)], float)


def successes(bits, trials, chances):
    """Return how many of some trials succeed: the number at which the distribution function passes a uniform number."""
    not_covered(np.any(trials * np.minimum(chances, 1.0 - chances) >= 10.0), "10 spikes and more of a cell in a step")
    found = np.zeros(bits.shape, np.int64)
    for cell, (n, p) in enumerate(zip(trials, chances, strict=True)):
        u, rarer, k = uniform(hashed(int(bits[cell]), 0))[0], min(p, 1.0 - p), 0
        term = total = np.exp(n * np.log1p(-rarer)) if rarer > 0.0 else 1.0
        while u >= total and k < 200:
            term *= (n - k) / (k + 1.0) * (rarer / (1.0 - rarer))
            total, k = total + term, k + 1
        found[cell] = k if p <= 0.5 else n - k
    return found
