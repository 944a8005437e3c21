"""Poisson drive where each cell has a rate of its own: inversion, or above 10 events a step the rejection method PTRS of
Hoermann (1993), doi:10.1016/0167-6687(93)90997-4.

Called by address and imported only where it is used: it would add 0.3 s to the first start of every network.
"""

import functools
import math

import numpy as np
from numba import carray, types

from brainsim.jit.decorators import callback, helper
from brainsim.jit.vmath import cast_like, exp
from brainsim.rng.hashing import hashed, mix, uniform

F8, I4, I8 = (types.CPointer(kind) for kind in (types.float64, types.int32, types.int64))


@helper
def poisson(bits, mean):
    """Return a Poisson number of the given mean; further random numbers, where needed, follow from `bits`."""
    if mean < 10.0:
        u = uniform(bits)
        term = exp(-mean)
        total = term
        k = 0
        while u >= total and k < 200:
            k += 1
            term *= mean / k
            total += term
        return k
    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = uniform(bits) - 0.5
        bits = mix(bits)
        v = uniform(bits)
        bits = mix(bits)
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + mean + 0.43)
        if us >= 0.07 and v <= v_r:
            return int(k)
        if k < 0.0 or (us < 0.013 and v > us):
            continue
        if math.log(v * inverse_alpha / (a / (us * us) + b)) <= -mean + k * math.log(mean) - math.lgamma(k + 1.0):
            return int(k)


@functools.cache
def add_each_to(dtype):
    """Return the compiled function that draws the events of each entry and adds them to a state of this type.

    Its arguments are the address and the size of the state, the addresses of place, cell, mean and weights of the entries,
    their number, and the key of the step.
    """
    state_type = types.CPointer(types.float64 if dtype == np.float64 else types.float32)

    @callback(types.int64(state_type, types.int64, I4, I8, F8, F8, types.int64, types.uint64))
    def add_each(state_, size, place_, cell_, mean_, weights_, entries, key):
        state = carray(state_, (size,))
        place, cell = carray(place_, (entries,)), carray(cell_, (entries,))
        mean, weights = carray(mean_, (entries,)), carray(weights_, (entries,))
        for e in range(entries):
            if mean[e] > 0.0:
                at = np.int64(place[e])
                state[at] += cast_like(weights[e] * poisson(hashed(key, cell[e]), mean[e]), state[at])
        return 0

    return add_each
