"""Poisson drive with a rate for each cell: inversion, or above 10 events a step the rejection method PTRS of
Hoermann (1993), doi:10.1016/0167-6687(93)90997-4.

Imported only if it is used: it would add 0.3 s to the first start of every network.
"""

import math

import numpy as np

from brainsim.jit.decorators import helper
from brainsim.jit.records import array_of, by_address, record_at
from brainsim.jit.vmath import cast_like, exp
from brainsim.rng.hashing import hashed, mix, step_key, uniform


@helper
def poisson(bits, mean):
    """Return a Poisson number with this mean; further random numbers, if needed, follow from `bits`."""
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


@by_address
def add_poisson_per_cell(drives_, progress_):
    """Add the events of a step to each cell, in AFTER_UPDATE those of the step that has just been made."""
    c, p = record_at(drives_), record_at(progress_)
    state, places, cells = array_of(c.state), array_of(c.places), array_of(c.cells)
    means, weights = array_of(c.means), array_of(c.weights)
    step = p.step - (p.completed < p.step)
    if step < c.on or step >= c.off:
        return 0
    key = step_key(c.key, step)
    for e in range(cells.size):
        if means[e] > 0.0:
            at = np.int64(places[e])
            state[at] += cast_like(weights[e] * poisson(hashed(key, cells[e]), means[e]), state[at])
    return 0
