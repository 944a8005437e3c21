"""Values of a distribution as functions of a key and a number, in compiled code.

A distribution comes as its code ``[kind, a, b, low, high]`` (see ``Distribution.code`` in `brainsim.models.values`):

- 0 the constant a; 1 uniform on [a, b); 2 normal of mean a and deviation b; 3 the exponential function of that; 4
  exponential of mean a;
- 5 gamma of shape a and scale b, by the rejection of Marsaglia and Tsang (2000), doi:10.1145/358407.358414.

A value outside [low, high] is drawn again under the key of the next attempt, so no draw depends on another one.
"""

import math

from brainsim.jit.decorators import helper, kernel
from brainsim.jit.vmath import exp, gaussian, log, log1p, power
from brainsim.rng.hashing import GAMMA, hashed, mix, step_key, uniform

# The least mass a clip may leave is 1e-4 (`values.LEAST_MASS`): there, one value in e**30 = 1e13 comes out as NaN.
ATTEMPTS = 300_000


@helper
def sample(code, key, i):
    """Return value number i of the distribution `code` in the stream `key`."""
    if code[0] == 0.0:
        return code[1]
    for attempt in range(ATTEMPTS):
        value = _trial(code, hashed(step_key(key, attempt), i))
        if code[3] <= value <= code[4]:
            return value
    return math.nan


@helper
def sample_each(code, key, numbers, out):
    """Write the values of these numbers into `out`; normal ones by a loop that vectorises, 3 ns each instead of 12."""
    if code[0] != 2.0:
        for k in range(out.size):
            out[k] = sample(code, key, numbers[k])
        return
    a, b, low, high, outside = code[1], code[2], code[3], code[4], 0
    first = step_key(key, 0)
    for k in range(out.size):
        value = a + b * gaussian(hashed(first, numbers[k]))
        outside += not (low <= value <= high)
        out[k] = value
    # in float32 a value may be rounded onto a limit, so they are looked for by a second computation
    if outside:
        for k in range(out.size):
            out[k] = sample(code, key, numbers[k])


@kernel
def fill(out, code, key):
    """Write the values 0, 1, 2... of the stream `key` into the array `out`."""
    for i in range(out.size):
        out[i] = sample(code, key, i)


@helper
def _trial(code, bits):
    """Return one draw without regard to the limits; NaN, which lies within none, where a rejection method rejects."""
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
    """Return a gamma variate of scale 1, or NaN where it is rejected; below the shape 1 that of shape + 1 is shrunk."""
    d = (shape if shape >= 1.0 else shape + 1.0) - 1.0 / 3.0
    cube = (1.0 + z / math.sqrt(9.0 * d)) ** 3
    if cube <= 0.0 or log1p(-u) >= 0.5 * z * z + d - d * cube + d * log(cube):
        return math.nan
    return d * cube if shape >= 1.0 else d * cube * power(1.0 - v, 1.0 / shape)
