"""Values of a distribution as functions of a key and an index, in compiled code.

A distribution is encoded as ``[kind, a, b, low, high]`` (see ``Distribution.code`` in `brainsim.models.values`). The kinds:

- 0: the constant a
- 1: uniform on [a, b)
- 2: normal with mean a and standard deviation b
- 3: log-normal, the exponential function of 2
- 4: exponential with mean a
- 5: gamma with shape a and scale b, by the rejection method of Marsaglia and Tsang (2000), doi:10.1145/358407.358414

A value outside [low, high] is sampled again under the key of the next attempt, so no value depends on another one.
"""

import math

from brainsim.jit.decorators import helper, kernel
from brainsim.jit.vmath import exp, gaussian, log, log1p, power
from brainsim.rng.hashing import GAMMA, hashed, mix, step_key, uniform

# Limits must leave a probability of at least 1e-4 (`models.values`). At 1e-4, one value in e**30 = 1e13 comes out as NaN.
MAX_ATTEMPTS = 300_000


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
    """Return one value without regard to the limits; NaN, which is within no limits, if a rejection method rejects it."""
    kind, a, b = code[0], code[1], code[2]
    if kind == 1.0:
        return a + (b - a) * uniform(bits)
    if kind == 2.0:
        return a + b * gaussian(bits)
    if kind == 3.0:
        return exp(a + b * gaussian(bits))
    if kind == 4.0:
        return -a * log1p(-uniform(bits))
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
