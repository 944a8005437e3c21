"""What the slow twin of plasticity needs besides: random numbers, and a modulator that all synapses share."""

from collections import Counter

import numpy as np

from brainsim.jit.decorators import kernel
from brainsim.jit.vmath import gaussian
from brainsim.rng.hashing import hashed, step_key, uniform
from brainsim.rng.streams import stream_key
from brainsim.rng.variates import binomial

# what a synapse does at a time, by which its random numbers differ
ARRIVAL, RETURN, BETWEEN, ARRIVAL_AGAIN = range(4)


@kernel
def drawn(key, event, call, index, n, p):
    """Return a uniform, a normal and a binomial number of a place in the text, at an event: a time and what happens."""
    bits = hashed(step_key(key, event) + np.uint64(call), np.int64(index))
    return uniform(bits), gaussian(bits), binomial(bits, n, p)


class Draws:
    """The random numbers of one synapse: functions of the seed, the projection, the synapse, the time and the place.

    Parameters
    ----------
    seed : int
        Of the run.
    name : str
        Of the projection.
    index : int
        Of the synapse in the SynapseTable.
    """

    def __init__(self, seed, name, index):
        self._key, self._index = np.uint64(stream_key(seed, "plasticity", name)), int(index)
        self._event, self._call = 0, 0

    def begin(self, time, what, first):
        """Go to the texts of an event, whose random numbers are numbered from `first` on."""
        self._event, self._call = int(4 * time + what), first

    def functions(self):
        """Return the random functions of the language."""
        return {
            "rand": lambda: self._next()[0],
            "randn": lambda: self._next()[1],
            "binomial": lambda n, p: self._next(float(n), float(p))[2],
        }

    def _next(self, n=1.0, p=0.5):
        self._call += 1
        return drawn(self._key, self._event, self._call - 1, self._index, n, p)


class Modulator:
    """The modulator of a rule at all steps, from the spikes of the modulating cells.

    Parameters
    ----------
    name : str
    spikes : sequence of int
        Steps at which any of the cells fires.
    delay : int
        Steps until a spike acts.
    steps : int
        How far to follow it.
    start : float
        Value at time 0.
    slope, limit : float
        Change of the logarithm of the distance to the limit per step, and the limit.
    jump : callable
        Value before a spike -> value after it.
    """

    def __init__(self, name, spikes, delay, steps, start, slope, limit, jump):
        self.name, self.values, counts = name, [start], Counter(step + delay for step in spikes)
        for k in range(1, steps + 1):
            value = limit + (self.values[-1] - limit) * np.exp(slope)
            for _ in range(counts[k]):
                value = jump(value)
            self.values.append(value)
        self._slope, self._limit = slope, limit

    def at(self, step):
        """Return the value at a step."""
        return self.values[min(max(step, 0), len(self.values) - 1)]

    def driven(self, then, until, slope, gain, offset, dt):
        """Return the integral of ``(gain*n + offset)*exp(slope*(t - then))`` between two steps, step by step."""
        total = 0.0
        for k in range(max(then, 0), until):
            above = self.at(k) - self._limit
            part = gain * above * _grown(slope + self._slope, dt) + (gain * self._limit + offset) * _grown(slope, dt)
            total += np.exp(slope * (k - then)) * part
        return total


def _grown(slope, dt):
    """Return the integral of an exponential over a step; `slope` is per step."""
    return dt * (np.expm1(slope) / slope if slope else 1.0)
