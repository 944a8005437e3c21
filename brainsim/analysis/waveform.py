"""A recorded potential as spikes are found in it: where they begin, peak and fall, from which features are computed."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

SLACK = 1e-9  # ms, of times that were computed
BEGINNING = 0.5  # ms for which the potential rises faster than `slope` where a spike begins


@dataclass(frozen=True, eq=False)
class Waveform:
    """The potential of one cell, and where its spikes are; without `v` only their times are known.

    Attributes
    ----------
    t, v : arrays, shape (samples,)
        Times at regular intervals [ms], and the potential [mV].
    start, end : float
        The stimulus [ms].
    threshold : float
        What is above it is a spike [mV].
    slope : float
        The potential rises faster than that where a spike begins [mV/ms].
    given : array, optional
        Times of the spikes, in place of those of the peaks [ms].
    """

    t: np.ndarray
    v: np.ndarray
    start: float
    end: float
    threshold: float
    slope: float
    given: np.ndarray | None = None

    @cached_property
    def peaks(self):
        """Sample of each peak: the highest of each time above the threshold that ends within the trace."""
        above = np.concatenate([[False], self.v > self.threshold])
        up, down = np.flatnonzero(above[1:] & ~above[:-1]), np.flatnonzero(above[:-1] & ~above[1:])
        return np.array([a + np.argmax(self.v[a:b]) for a, b in zip(up, down, strict=False)], np.int64)

    @cached_property
    def times(self):
        """Time of each spike [ms]."""
        return self.t[self.peaks] if self.given is None else self.given

    @cached_property
    def within(self):
        """Times of the spikes in the stimulus [ms]."""
        return self.times[(self.times >= self.start) & (self.times <= self.end)]

    @cached_property
    def gaps(self):
        """Intervals between all spikes [ms]."""
        return np.diff(self.times)

    @cached_property
    def troughs(self):
        """Sample of the first minimum after each peak: the next two are not lower; or the lowest before the next peak."""
        last = self.v.size
        if self.peaks.size and self.t[self.peaks[-1]] < self.end:
            last = int(np.searchsorted(self.t, self.end))
        found = []
        for a, b in zip(self.peaks, np.append(self.peaks[1:], last), strict=False):
            v = self.v[a:b]
            first = np.flatnonzero((v[:-2] <= v[1:-1]) & (v[:-2] <= v[2:]))
            found.append(a + (first[0] if first.size else np.argmin(v)))
        return np.array(found, np.int64)

    @cached_property
    def before(self):
        """Sample from which each spike is searched: the trough before it, or the beginning of the stimulus or trace."""
        first = int(np.searchsorted(self.t, self.start - SLACK))
        return np.concatenate([np.where(first < self.peaks[:1], first, 0), self.troughs[:-1]])

    @cached_property
    def rate(self):
        """dv/dt of each sample, by central differences [mV/ms]."""
        return np.gradient(self.v, self.t)

    @cached_property
    def begins(self):
        """Sample from which on the potential rises fast for `BEGINNING`; -1 if nowhere, or before the stimulus."""
        long = max(1, round(BEGINNING / (self.t[1] - self.t[0])))
        found = np.full(self.peaks.size, -1)
        for k, (a, b) in enumerate(zip(self.before, self.peaks, strict=True)):
            fast = np.convolve(self.rate[a : b + 1] >= self.slope, np.ones(long, int), "valid") == long
            if b + 1 - a >= long and fast.any() and self.t[b] >= self.start:
                found[k] = a + np.argmax(fast)
        return found

    @cached_property
    def begun(self):
        """Samples (begin, peak, trough) of the spikes of which the beginning is known, an array of three rows."""
        return np.array([self.begins, self.peaks, self.troughs])[:, self.begins >= 0]

    def mean(self, t0, t1, closed=False):
        """Return the mean at times in [t0, t1), with t1 if closed: an array of one number, of none without a sample."""
        inside = self.v[(self.t >= t0 - SLACK) & (self.t < t1 + (SLACK if closed else -SLACK))]
        return inside.mean(keepdims=True) if inside.size else inside

    def crossings(self, first, peak, last, level):
        """Return the times at which the potential passes a level before and after a peak, None without either."""
        rise, fall = np.flatnonzero(self.v[first : peak + 1] > level), np.flatnonzero(self.v[peak : last + 1] < level)
        if not rise.size or not fall.size or first + rise[0] == 0:
            return None
        return tuple(self._passes(sample, level) for sample in (first + rise[0], peak + fall[0]))

    def _passes(self, sample, level):
        """Return the time at which the line from the sample before to this one is at a level [ms]."""
        one, two = self.v[sample - 1], self.v[sample]
        return self.t[sample] - (self.t[sample] - self.t[sample - 1]) * (two - level) / (two - one)
