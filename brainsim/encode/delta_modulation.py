"""Delta modulation: spikes for changes, as the pixels of an event camera send them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from brainsim.core.checks import number, plain
from brainsim.core.hints import answers_calls
from brainsim.encode.code import make_spikes, spikes_of
from brainsim.results.spikes import Spikes, rounding

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MAX_SPIKES = 1 << 28  # of one signal


@answers_calls
@dataclass(frozen=True, kw_only=True)
class DeltaModulation:
    """Delta modulation: a spike whenever a signal has moved by a threshold, of an ON cell if up, of an OFF cell if down.

    Between samples the signal is a straight line, so the times of spikes are exact, and `decode` is never further from the
    signal than a threshold.

    Parameters
    ----------
    threshold : float
        The change that sends a spike, > 0, in the unit of the signal.

    Raises
    ------
    TypeError, ValueError
        If the threshold is not a number > 0.

    Examples
    --------
    >>> import brainsim as bs
    >>> code = bs.encode.DeltaModulation(threshold=0.5)
    >>> spikes = code.encode([0.0, 1.0, 1.0, 0.4], interval=10.0)
    >>> spikes.times.round(3), spikes.ids                               # cell 0 is ON, cell 1 is OFF
    (array([ 5.   , 10.   , 28.333]), array([0, 0, 1]))
    >>> code.decode(spikes, interval=10.0)
    array([0. , 1. , 1. , 0.5])

    References
    ----------
    Lichtsteiner, Posch & Delbruck (2008), doi:10.1109/JSSC.2007.914337; Petro, Kasabov & Kiss (2020),
    doi:10.1109/TNNLS.2019.2906158.
    """

    threshold: float = 0.1

    def __post_init__(self) -> None:
        number(self.threshold, "DeltaModulation.threshold", above=0.0)

    def encode(self, values: ArrayLike, *, interval: float) -> Spikes:
        """Return the spikes of a signal.

        Parameters
        ----------
        values : array, shape (times,) or (times, ...)
            Samples of one or of several signals.
        interval : float
            Time between two samples [ms].

        Returns
        -------
        Spikes
            Of 2 k cells for k signals: the ON cells first. The first sample is at 0 ms, the last at the end.

        Raises
        ------
        TypeError, ValueError
            If there are fewer than two samples, or too many changes for the spikes to fit into memory.
        """
        interval = number(interval, "DeltaModulation.encode.interval", "ms", above=0.0)
        array = np.asarray(plain(values, "", "DeltaModulation.encode.values"))
        if array.ndim == 0 or len(array) < 2:
            raise ValueError(f"DeltaModulation.encode.values: must be at least two samples (got shape {array.shape})")
        signals = array.reshape(len(array), -1)
        expected = np.abs(np.diff(signals, axis=0)).sum() / self.threshold
        if expected > MAX_SPIKES:
            raise ValueError(
                f"DeltaModulation.threshold: gives {expected:,.0f} spikes; choose a larger one (got {self.threshold:g})"
            )
        times, ids = _crossings(signals, self.threshold)
        return make_spikes(times * interval, ids, 2 * signals.shape[1], (len(signals) - 1) * interval)

    def decode(
        self,
        spikes: Spikes,
        duration: float | None = None,
        *,
        interval: float,
        initial: ArrayLike = 0.0,
        shape: int | tuple[int, ...] | None = None,
    ) -> np.ndarray:
        """Return the signals: `initial`, and a threshold more or less for each spike.

        Parameters
        ----------
        spikes : Spikes
            Of the ON cells and the OFF cells.
        duration : float, optional
            The time from the first to the last sample [ms]; later spikes are not read. By default the whole recording.
        interval : float
            Time between two samples of the result [ms].
        initial : float or array
            The first sample of each signal.
        shape : tuple of int, optional
            The shape of the signals at one time; by default none for one signal, else one axis.

        Returns
        -------
        array of float, shape (times, ...)

        Raises
        ------
        TypeError, ValueError
            If `spikes` is not a Spikes or has an odd number of cells.
        """
        spikes = spikes_of(self, spikes, duration)
        if spikes.n % 2:
            raise ValueError(f"DeltaModulation.decode: must be spikes of as many OFF as ON cells (got {spikes.n} cells)")
        interval = number(interval, "DeltaModulation.decode.interval", "ms", above=0.0)
        n, count = spikes.n // 2, int(np.floor(spikes.duration / interval * (1 + 1e-9))) + 1
        when = spikes.start + interval * np.arange(count)
        frame = np.searchsorted(when + rounding(when), spikes.times, side="left")
        inside = frame < count
        steps = np.zeros((count, n))
        signs = np.where(spikes.ids < n, self.threshold, -self.threshold)
        np.add.at(steps, (frame[inside], spikes.ids[inside] % max(n, 1)), signs[inside])
        signals = np.cumsum(steps, axis=0) + np.ravel(plain(initial, "", "DeltaModulation.decode.initial"))
        return signals.reshape((count, *(() if n == 1 else (n,))) if shape is None else (count, *np.atleast_1d(shape)))


def _crossings(signals, threshold):
    """Return times, in intervals, and cells at which signals, straight between samples, have moved by the threshold."""
    n, level = signals.shape[1], signals[0].copy()
    times, ids = [np.zeros(0)], [np.zeros(0, np.int64)]
    for k, (before, after) in enumerate(zip(signals[:-1], signals[1:], strict=True)):
        # a change of exactly some thresholds counts them, whatever the last digit of the sum
        count = np.floor(np.abs(after - level) / threshold * (1 + 1e-12)).astype(np.int64)
        moved = np.flatnonzero(count)
        if moved.size == 0:
            continue
        owner = np.repeat(moved, count[moved])
        number_of = np.arange(1, owner.size + 1) - np.repeat(np.cumsum(count[moved]) - count[moved], count[moved])
        sign = np.sign(after - level)
        reached = level[owner] + sign[owner] * number_of * threshold
        times.append(k + np.clip((reached - before[owner]) / (after[owner] - before[owner]), 0.0, 1.0))
        ids.append(owner + n * (sign[owner] < 0))
        level = level + sign * count * threshold
    return np.concatenate(times), np.concatenate(ids)
