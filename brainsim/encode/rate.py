"""Rate code: Poisson spike trains whose rates are the values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from brainsim.core.checks import number
from brainsim.core.hints import answers_calls
from brainsim.encode.code import Code, explained, exponentials, random_steps, whole_steps
from brainsim.results.spikes import Spikes, rounding
from brainsim.rng.streams import checked_seed, stream_key

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

BLOCK = 1 << 22  # random numbers at a time


@answers_calls
@dataclass(frozen=True, kw_only=True)
class Rate(Code):
    """Rate code: each value becomes an independent Poisson spike train, ``rate = min_rate + x (max_rate - min_rate)``.

    x is the value between `low` and `high`, scaled to 0 to 1. Values over time give the rate in each interval. `decode`
    returns the values whose rates are those of the spikes: an unbiased estimate, which may lie outside the range.

    Parameters
    ----------
    max_rate, min_rate : float
        Rates of the values `high` and `low` [Hz], ``0 <= min_rate < max_rate``.
    low, high : float
        The range of values.

    Raises
    ------
    TypeError, ValueError
        If a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> code = bs.encode.Rate(max_rate=80.0)
    >>> spikes = code.encode([0.0, 0.25, 1.0], 20_000.0, seed=1)
    >>> spikes.rates()
    array([ 0. , 21.7, 81. ])
    >>> code.decode(spikes).round(2)
    array([0.  , 0.27, 1.01])

    References
    ----------
    Adrian & Zotterman (1926), doi:10.1113/jphysiol.1926.sp002281; Heeger (2000), *Poisson model of spike generation*.
    """

    max_rate: float = 100.0
    min_rate: float = 0.0
    low: float = 0.0
    high: float = 1.0

    def _check(self):
        least = number(self.min_rate, "Rate.min_rate", "Hz", at_least=0.0)
        number(self.max_rate, "Rate.max_rate", "Hz", above=least)

    @explained
    def encode(
        self,
        values: ArrayLike,
        duration: float | None = None,
        *,
        interval: float | None = None,
        dt: float | None = None,
        seed: int | None = None,
    ) -> Spikes:
        """Return the spikes of values.

        Parameters
        ----------
        dt : float, optional
            A time grid [ms]: in each step a cell fires with probability ``rate*dt``, which must be at most 1. By default
            times are continuous, and the process is exactly Poisson.
        """
        return self._encode(values, duration, interval, dt=dt, seed=seed)

    def _times(self, shares, length, label, *, dt, seed):
        rates = (self.min_rate + shares * (self.max_rate - self.min_rate)) / 1000.0
        seed = checked_seed(seed, "Rate.encode.seed")
        times, ids = _exact(rates, length, seed) if dt is None else _on_grid(rates, length, dt, seed)
        return times, ids, rates.shape[1]

    def _shares(self, spikes, frames, length, label):
        edges = spikes.start + length * np.arange(frames + 1)
        frame = np.maximum(np.searchsorted(edges + rounding(edges), spikes.times, side="left") - 1, 0)
        inside = frame < frames
        counts = np.bincount(frame[inside] * spikes.n + spikes.ids[inside], minlength=frames * spikes.n)
        rates = counts.reshape(frames, spikes.n) * (1000.0 / length)
        return (rates - self.min_rate) / (self.max_rate - self.min_rate)


def _exact(rates, length, seed):
    """Return times and cells of Poisson processes with the rates [1/ms] of each frame.

    A process of rate 1 is put on the axis of the expected number of spikes so far, and its events are read as times.
    """
    n, expected = rates.shape[1], np.vstack([np.zeros(rates.shape[1]), np.cumsum(rates * length, axis=0)])
    rows = max(1, min(64, BLOCK // max(n, 1)))  # of random numbers at a time, depending only on n
    place, block, times, ids = np.zeros(n), 0, [], []
    alive = expected[-1] > 0.0
    while alive.any():
        waits = exponentials((rows, n), stream_key(seed, "encode", "rate", str(block)))
        events = place + np.cumsum(waits, axis=0)
        place, block = events[-1], block + 1
        row, cell = np.nonzero(events < expected[-1])
        times.append(_times_of(events[row, cell], cell, expected, rates, length))
        ids.append(cell)
        alive = place < expected[-1]
    return np.concatenate(times or [np.zeros(0)]), np.concatenate(ids or [np.zeros(0, np.int64)])


def _times_of(events, cells, expected, rates, length):
    """Return the times [ms] at which the expected numbers of spikes of cells reach the events."""
    if len(rates) == 1:
        return events / rates[0, cells]
    frame, times = np.zeros(events.size, np.int64), np.empty(events.size)
    order = np.argsort(cells, kind="stable")
    bounds = np.searchsorted(cells[order], np.arange(expected.shape[1] + 1))
    for cell in np.flatnonzero(np.diff(bounds)):
        mine = order[bounds[cell] : bounds[cell + 1]]
        frame[mine] = np.searchsorted(expected[:, cell], events[mine], side="right") - 1
    times = (frame + (events - expected[frame, cells]) / (rates[frame, cells] * length)) * length
    return np.minimum(times, len(rates) * length)


def _on_grid(rates, length, dt, seed):
    """Return times and cells of spikes at the ends of steps of dt."""
    steps, dt = whole_steps(length, dt, "Rate.encode.dt")
    p = rates * dt
    if p.max(initial=0.0) > 1.0:
        raise ValueError(
            f"Rate.encode.dt: must be at most {1.0 / rates.max():g} ms, since a cell has one spike in a step (got {dt:g})"
        )
    times, ids, rows = [], [], max(1, BLOCK // max(rates.shape[1], 1))
    for frame, first in ((f, k) for f in range(len(rates)) for k in range(0, steps, rows)):
        key = stream_key(seed, "encode", "steps", str(frame), str(first))
        step, cell = np.nonzero(random_steps(p[frame], min(rows, steps - first), key))
        times.append((frame * steps + first + step + 1) * dt)
        ids.append(cell)
    return np.concatenate(times), np.concatenate(ids)
