"""Leaky integrate-and-fire encoders: each value drives a cell, and the spikes of the cells are the code."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from brainsim.core.checks import number
from brainsim.core.contexts import default_arithmetic, within
from brainsim.core.hints import answers_calls
from brainsim.encode.code import Code


@answers_calls
@dataclass(frozen=True, kw_only=True)
class IntegrateAndFire(Code):
    """A regular rate code: each value drives a leaky integrate-and-fire cell, and nothing is random.

    ``dv/dt = gain*x - v/tau``, a spike and ``v = 0`` when ``v >= 1``; x is the value between `low` and `high`, scaled to 0
    to 1, and the gain is such that a cell with ``x = 1`` fires at `max_rate`. Between two values x is constant, so the
    times of spikes are exact. A cell whose x is below ``1 - exp(-1/(max_rate*tau))`` never fires. `decode` returns the
    values that would send such spikes, if each were constant between two spikes of its cell; with an interval, their means.

    Parameters
    ----------
    max_rate : float
        Rate of a cell with the value `high` [Hz], > 0.
    tau : float
        Time constant of the leak [ms], > 0; infinite for cells that do not leak, whose rate is proportional to x.
    start : float
        Initial v, from 0 to below 1.
    low, high : float
        The range of values.

    Raises
    ------
    TypeError, ValueError
        If a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> code = bs.encode.IntegrateAndFire(max_rate=200.0)
    >>> spikes = code.encode([[0.5, 0.0], [1.0, 0.0]], interval=15.0)          # two values over time
    >>> spikes.times.round(3), spikes.ids
    (array([10. , 17.5, 22.5, 27.5]), array([0, 0, 0, 0]))
    >>> code.decode(spikes, interval=15.0)
    array([[0.55555556, 0.        ],
           [0.77777778, 0.        ]])
    >>> leaky = bs.encode.IntegrateAndFire(max_rate=200.0, tau=10.0)
    >>> leaky.encode([0.3, 0.5, 1.0], 1000.0).rates()
    array([  0.,  64., 200.])

    References
    ----------
    Gerstner, Kistler, Naud & Paninski (2014), *Neuronal Dynamics*, chapter 1 (the cell).
    """

    max_rate: float = 100.0
    tau: float = math.inf
    start: float = 0.0
    low: float = 0.0
    high: float = 1.0

    def _check(self):
        number(self.max_rate, "IntegrateAndFire.max_rate", "Hz", above=0.0)
        if self.tau != math.inf:
            number(self.tau, "IntegrateAndFire.tau", "ms", above=0.0)
        if number(self.start, "IntegrateAndFire.start", at_least=0.0) >= 1.0:
            raise ValueError(f"IntegrateAndFire.start: must be below 1, where a cell fires (got {self.start})")

    def _times(self, shares, length, label):
        v, times, ids = np.full(shares.shape[1], float(self.start)), [], []
        for frame, x in enumerate(shares):
            first, between = self._waits(x, v)
            counts = np.where(first <= length, 1.0 + np.floor(np.maximum(length - first, 0.0) / between), 0.0).astype(
                np.int64
            )
            cells = np.repeat(np.arange(x.size), counts)
            order = np.arange(cells.size) - np.repeat(np.cumsum(counts) - counts, counts)  # of the spike in its cell
            times.append(frame * length + first[cells] + order * np.where(order > 0, between[cells], 0.0))
            ids.append(cells)
            with np.errstate(invalid="ignore"):  # infinite waits of cells that do not fire
                last = np.where(counts > 0, first + (counts - 1) * np.where(counts > 1, between, 0.0), 0.0)
            v = self._after(x, np.where(counts > 0, 0.0, v), length - last)
        return np.minimum(np.concatenate(times), len(shares) * length), np.concatenate(ids), shares.shape[1]

    def _shares(self, spikes, frames, length, label):
        edges = length * np.arange(frames + 1)
        shares = np.zeros((frames, spikes.n))
        for cell, times in enumerate(spikes.per_cell()):
            after = np.asarray(times) - spikes.start
            v = np.r_[self.start, np.zeros(max(after.size - 1, 0))][: after.size]
            x = self._constant(np.diff(after, prepend=0.0), v)
            # the integral of x so far is linear between spikes, and flat after the last
            so_far = np.interp(edges, np.r_[0.0, after], np.r_[0.0, np.cumsum(x * np.diff(after, prepend=0.0))])
            shares[:, cell] = np.diff(so_far) / length
        return shares

    def _leak(self):
        """Return 1/tau [1/ms] and the gain [1/ms]."""
        rate = self.max_rate / 1000.0
        return (
            (0.0, rate)
            if self.tau == math.inf
            else (1.0 / self.tau, -1.0 / (self.tau * math.expm1(-1.0 / (rate * self.tau))))
        )

    def _waits(self, x, v):
        """Return the time to the first spike and between later ones [ms], infinite if there is none."""
        leak, gain = self._leak()
        drive = gain * x
        with np.errstate(divide="ignore", invalid="ignore"):
            if not leak:
                return np.where(drive > 0.0, (1.0 - v) / drive, np.inf), np.where(drive > 0.0, 1.0 / drive, np.inf)
            rest = drive / leak  # where v goes without threshold
            waits = [np.where(rest > 1.0, np.log((rest - begin) / (rest - 1.0)) / leak, np.inf) for begin in (v, 0.0)]
        return waits[0], waits[1]

    @within(default_arithmetic)
    def _after(self, x, v, time):
        """Return v after a time without spikes [ms]."""
        leak, gain = self._leak()
        if not leak:
            return v + gain * x * time
        return v * np.exp(-leak * time) - gain * x / leak * np.expm1(-leak * time)

    @within(default_arithmetic)
    def _constant(self, waits, v):
        """Return the constant x at which v needs the times `waits` [ms] to reach 1."""
        leak, gain = self._leak()
        with np.errstate(divide="ignore"):
            if not leak:
                return (1.0 - v) / (gain * waits)
            return leak * (1.0 - v * np.exp(-leak * waits)) / (gain * -np.expm1(-leak * waits))
