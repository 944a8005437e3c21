"""Codes in the time of spikes: latency (the larger, the earlier) and phase within the cycles of an oscillation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from brainsim.core.checks import number
from brainsim.core.hints import answers_calls
from brainsim.encode.code import Code, explained, first_in_frames, latency_steps, whole_steps
from brainsim.results.spikes import Spikes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@answers_calls
@dataclass(frozen=True, kw_only=True)
class Latency(Code):
    """Time to first spike: each value sends one spike, the larger the earlier.

    A value x, scaled to 0 to 1, fires at ``duration*(1 - x)``; `low` sends no spike. With `tau`, it fires at
    ``tau*log(x/(x - threshold))``, when a leaky membrane that x charges reaches `threshold`, and not at all if that is
    after the duration. `decode` returns the values whose latencies are those of the first spikes; a cell without a spike
    gives `low`.

    Parameters
    ----------
    low, high : float
        The range of values.
    tau : float, optional
        Membrane time constant [ms], > 0; by default latencies are linear.
    threshold : float
        With `tau`, the threshold as a fraction of the range, above 0 and below 1.

    Raises
    ------
    TypeError, ValueError
        If a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.encode.Latency(high=255.0).encode([255, 204, 0], 50.0).times
    array([ 0., 10.])

    References
    ----------
    Thorpe, Delorme & Van Rullen (2001), doi:10.1016/S0893-6080(01)00083-1; Gollisch & Meister (2008),
    doi:10.1126/science.1149639.
    """

    low: float = 0.0
    high: float = 1.0
    tau: float | None = None
    threshold: float = 0.01

    def _check(self):
        if self.tau is not None:
            number(self.tau, "Latency.tau", "ms", above=0.0)
        if number(self.threshold, "Latency.threshold", above=0.0) >= 1.0:
            raise ValueError(f"Latency.threshold: must be < 1, a fraction of the range (got {self.threshold:g})")

    @explained
    def encode(
        self, values: ArrayLike, duration: float | None = None, *, interval: float | None = None, dt: float | None = None
    ) -> Spikes:
        """Return the spikes of values; nothing is random.

        Parameters
        ----------
        dt : float, optional
            A time grid [ms]: linear latencies are rounded to it.
        """
        return self._encode(values, duration, interval, dt=dt)

    def _times(self, shares, length, label, *, dt):
        if dt is not None:
            steps, dt = whole_steps(length, dt, "Latency.encode.dt")
            if self.tau is not None:
                raise ValueError("Latency.encode.dt: must be left out with tau; spikes enter a network on its own grid")
            after = latency_steps(shares, steps) * dt
        elif self.tau is None:
            after = length * (1.0 - shares)
        else:
            above = np.maximum(shares - self.threshold, 1e-300)
            after = np.where(shares > self.threshold, self.tau * np.log(np.maximum(shares, 1e-300) / above), np.inf)
        frame, cell = np.nonzero(after < length * (1.0 - 1e-8))
        return frame * length + after[frame, cell], cell, shares.shape[1]

    def _shares(self, spikes, frames, length, label):
        after = first_in_frames(spikes, frames, length)
        with np.errstate(divide="ignore"):
            shares = 1.0 - after / length if self.tau is None else self.threshold / -np.expm1(-after / self.tau)
        return np.where(np.isfinite(after), np.clip(shares, 0.0, 1.0), 0.0)


@answers_calls
@dataclass(frozen=True, kw_only=True)
class Phase(Code):
    """Phase code: each value sends one spike in each cycle of a common oscillation, the larger the earlier.

    A value x, scaled to 0 to 1, fires at ``period*span*(1 - x)`` after the beginning of each cycle. `decode` returns the
    values of the circular means of the phases; NaN for a cell without spikes. Durations are whole numbers of cycles.

    Parameters
    ----------
    period : float
        Of the oscillation [ms], > 0.
    span : float
        The part of a cycle that phases cover, above 0 and below 1; the rest tells the largest value from the smallest.
    low, high : float
        The range of values.

    Raises
    ------
    TypeError, ValueError
        If a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> code = bs.encode.Phase(period=20.0)
    >>> spikes = code.encode([1.0, 0.5], 40.0)
    >>> spikes.times, spikes.ids
    (array([ 0.,  5., 20., 25.]), array([0, 1, 0, 1]))
    >>> code.decode(spikes).round(6)
    array([1. , 0.5])

    References
    ----------
    Hopfield (1995), doi:10.1038/376033a0; Kayser et al. (2009), doi:10.1016/j.neuron.2009.01.008.
    """

    period: float = 25.0
    span: float = 0.5
    low: float = 0.0
    high: float = 1.0

    def _check(self):
        number(self.period, "Phase.period", "ms", above=0.0)
        if number(self.span, "Phase.span", above=0.0) >= 1.0:
            raise ValueError(f"Phase.span: must be < 1, a part of the cycle (got {self.span:g})")

    def _times(self, shares, length, label):
        cycles, n = self._cycles(length, label), shares.shape[1]
        after = self.period * self.span * (1.0 - np.repeat(shares, cycles, axis=0))
        times = self.period * np.arange(len(after))[:, None] + after
        return times.ravel(), np.tile(np.arange(n), len(after)), n

    def _shares(self, spikes, frames, length, label):
        cycles = self._cycles(length, label, "; give the duration of what was encoded")
        # phases are measured from the middle of the span, so that neither end lies at the border of a cycle
        angles = 2.0 * np.pi * ((spikes.times - spikes.start) / self.period - self.span / 2.0)
        cycle = np.floor((angles / (2.0 * np.pi)) + 0.5).astype(np.int64)
        frame = np.clip(cycle // cycles, 0, frames - 1)
        sums = np.zeros((frames, spikes.n), np.complex128)
        np.add.at(sums, (frame, spikes.ids), np.exp(1j * angles))
        counts = np.bincount(frame * spikes.n + spikes.ids, minlength=frames * spikes.n).reshape(frames, -1)
        return np.where(counts, 0.5 - np.angle(sums) / (2.0 * np.pi * self.span), np.nan)

    def _cycles(self, length, label, hint=""):
        """Return the number of cycles in a length [ms], which must be whole."""
        cycles = round(length / self.period)
        if cycles < 1 or abs(cycles * self.period - length) > 1e-6 * length:
            raise ValueError(f"{label}: must be a whole number of cycles of {self.period:g} ms (got {length:g}){hint}")
        return cycles
