"""Values of a distribution as functions of a key and a counter, in compiled code.

A distribution comes as its code ``[kind, a, b, low, high]`` (see ``Distribution.code`` in `brainsim.models.values`):

- 0 the constant a; 1 uniform on [a, b); 2 normal of mean a and deviation b, by the transform of Box and Muller (1958),
  doi:10.1214/aoms/1177706645; 3 the exponential function of that; 4 exponential of mean a;
- 5 gamma of shape a and scale b, by the rejection of Marsaglia and Tsang (2000), doi:10.1145/358407.358414.

A value outside [low, high] is drawn again with the next attempt number in the counter, so no draw depends on another one.
"""

import math

import numpy as np

from brainsim.numbers.jit import helper, kernel
from brainsim.numbers.rng import philox, uniform53

# What these numbers are for, in the last word of the counter ("VALU"); another use of the same key takes another word.
PURPOSE = np.uint64(0x56414C55)
# The least mass a clip may leave is 1e-4 (`values.LEAST_MASS`): there, one value in e**30 = 1e13 comes out as NaN.
ATTEMPTS = 300_000
_LOW = np.uint64(0xFFFFFFFF)
_ONE, _TWO = np.uint64(1), np.uint64(2)


@helper
def draw(code, key, i, j):
    """Return the value of the distribution `code` for the counter (i, j), each below 2**32, of the stream `key`."""
    if code[0] == 0.0:
        return code[1]
    for attempt in range(ATTEMPTS):
        value = _trial(code, key, np.uint64(i) & _LOW, np.uint64(j) & _LOW, np.uint64(attempt) * _TWO)
        if code[3] <= value <= code[4]:
            return value
    return math.nan


@kernel
def fill(out, code, key):
    """Write the values of counters (0, 0), (1, 0), (2, 0)... into the array `out`."""
    for i in range(out.size):
        out[i] = draw(code, key, np.uint64(i), np.uint64(0))


@helper
def _trial(code, key, i, j, block):
    """Return one draw without regard to the limits; NaN, which lies within none, where a rejection method rejects."""
    kind, a, b = code[0], code[1], code[2]
    u, v = _pair(key, i, j, block)
    if kind == 1.0:
        return a + (b - a) * u
    if kind == 2.0:
        return a + b * _gauss(u, v)
    if kind == 3.0:
        return math.exp(a + b * _gauss(u, v))
    if kind == 4.0:
        return -a * math.log1p(-u)
    return b * _gamma(a, _gauss(u, v), _pair(key, i, j, block + _ONE))


@helper
def _pair(key, i, j, block):
    """Return two uniforms in [0, 1)."""
    w0, w1, w2, w3 = philox(key, i, j, block, PURPOSE)
    return uniform53(w0, w1), uniform53(w2, w3)


@helper
def _gauss(u, v):
    return math.sqrt(-2.0 * math.log1p(-u)) * math.cos(2.0 * math.pi * v)


@helper
def _gamma(shape, z, uniforms):
    """Return a gamma variate of scale 1, or NaN where it is rejected; below the shape 1 that of shape + 1 is shrunk."""
    u, v = uniforms
    d = (shape if shape >= 1.0 else shape + 1.0) - 1.0 / 3.0
    cube = (1.0 + z / math.sqrt(9.0 * d)) ** 3
    if cube <= 0.0 or math.log1p(-u) >= 0.5 * z * z + d - d * cube + d * math.log(cube):
        return math.nan
    return d * cube if shape >= 1.0 else d * cube * (1.0 - v) ** (1.0 / shape)
