"""Random numbers as functions of a key and a counter: no state, so no order of drawing and no thread count matters.

Two generators, both for use inside compiled code:

- `philox`: Philox4x32-10 of Salmon et al. (2011), doi:10.1145/2063384.2063405; for wiring, parameters and initial
  values. Its published known answers are a test.
- `mix`: the finaliser of SplitMix64, Steele et al. (2014), doi:10.1145/2660193.2660195, over ``key + counter * GAMMA``;
  for what is drawn for each cell in each step. It vectorises: 0.8 ns a number against 4.6 for Philox.
"""

import numpy as np

from brainsim.numbers.jit import helper

GAMMA = np.uint64(0x9E3779B97F4A7C15)
STEP = np.uint64(0xD1342543DE82EF95)
_A, _B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S32, _S11 = (np.uint64(k) for k in (27, 30, 31, 32, 11))
_LOW = np.uint64(0xFFFFFFFF)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@helper
def mix(z):
    """Scramble 64 bits; two different inputs never give the same output."""
    z = (z ^ (z >> _S30)) * _A
    z = (z ^ (z >> _S27)) * _B
    return z ^ (z >> _S31)


@helper
def step_key(key, step):
    """Return the key of time step `step` within the stream `key`."""
    return mix(key + np.uint64(step) * STEP)


@helper
def hashed(key, index):
    """Return 64 random bits for `index` under a step's key."""
    return mix(key + (np.uint64(index) + np.uint64(1)) * GAMMA)


@helper
def uniform(bits):
    """Turn 64 random bits into a float64 in [0, 1): a multiple of 2**-53."""
    # the detour over int64 keeps the conversion vectorisable where only signed conversions are
    return np.float64(np.int64(bits >> _S11)) * 1.1102230246251565e-16


@helper
def philox(key, c0, c1, c2, c3):
    """Return four 32-bit words for the 128-bit counter (c0, c1, c2, c3), each held in a uint64."""
    k0, k1 = key & _LOW, key >> _S32
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c1, c2, c3 = (p1 >> _S32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _S32) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@helper
def uniform53(high, low):
    """Turn two 32-bit words into a float64 in [0, 1): a multiple of 2**-53."""
    return uniform(high << _S32 | low)
