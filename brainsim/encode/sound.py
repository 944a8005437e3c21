"""Sounds as values over time: a bank of gammatone filters, as in the cochlea."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from brainsim.core.checks import integer, number, plain

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

ORDER = 4
BANDWIDTH = 1.019  # of a gammatone filter of order 4, in equivalent rectangular bandwidths


def filter_bank(
    sound: ArrayLike,
    sample_rate: float,
    *,
    channels: int = 32,
    low: float = 100.0,
    high: float | None = None,
    interval: float = 1.0,
    exponent: float = 0.3,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the envelopes of a sound in bands, from 0 to 1, as codes encode them.

    Each band is a gammatone filter of order 4, whose width grows with its frequency as in the human cochlea. The mean of the
    envelope in each interval is raised to a power, which compresses loud sounds, and divided by the largest.

    Parameters
    ----------
    sound : array of float, shape (samples,)
        The sound.
    sample_rate : float
        Samples in a second [Hz].
    channels : int
        Number of bands, 1 or more.
    low, high : float
        Centres of the first and the last band [Hz]; `high` is by default 0.4 times the sample rate, and at most half of it.
    interval : float
        Time between two values [ms], at least a sample.
    exponent : float
        Of the compression, above 0; 1 is none.

    Returns
    -------
    values : array of float, shape (times, channels)
        An incomplete last interval is left out.
    frequencies : array of float, shape (channels,)
        Centres of the bands [Hz].

    Raises
    ------
    TypeError, ValueError
        If a value is out of its range or the sound is shorter than an interval.

    Examples
    --------
    >>> import numpy as np, brainsim as bs
    >>> time = np.arange(8000) / 16_000.0
    >>> values, frequencies = bs.encode.filter_bank(np.sin(2 * np.pi * 1000.0 * time), 16_000.0, channels=20, interval=5.0)
    >>> values.shape, round(float(frequencies[values.mean(axis=0).argmax()]))
    ((100, 20), 936)
    >>> spikes = bs.encode.Rate(max_rate=200.0).encode(values, interval=5.0, seed=1)

    References
    ----------
    Glasberg & Moore (1990), doi:10.1016/0378-5955(90)90170-T; Hohmann (2002), *Acta Acustica* 88:433.
    """
    from scipy.signal import lfilter

    label = "encode.filter_bank"
    samples = np.asarray(plain(sound, "", f"{label}.sound"))
    fs = number(sample_rate, f"{label}.sample_rate", "Hz", above=0.0)
    channels = integer(channels, f"{label}.channels", at_least=1)
    low = number(low, f"{label}.low", "Hz", above=0.0)
    high = 0.4 * fs if high is None else number(high, f"{label}.high", "Hz", above=low, at_most=fs / 2)
    exponent = number(exponent, f"{label}.exponent", above=0.0)
    size = round(number(interval, f"{label}.interval", "ms", at_least=1000.0 / fs) * fs / 1000.0)
    if samples.ndim != 1 or samples.size < size:
        raise ValueError(f"{label}.sound: must be one series of at least an interval, {size} samples (got {samples.shape})")
    if high < low:
        raise ValueError(f"{label}.low: must be < 0.4 times the sample rate, {high:g} Hz (got {low:g}); or give high=")
    frequencies, frames = _erb_spaced(low, high, channels), samples.size // size
    values = np.empty((frames, channels))
    turns = np.arange(samples.size) / fs
    for channel, frequency in enumerate(frequencies):
        # shifted to frequency 0 the filter is a cascade of four leaky integrators, which is stable at any frequency
        decay = math.exp(-2.0 * math.pi * BANDWIDTH * 24.7 * (4.37e-3 * frequency + 1.0) / fs)
        shifted = samples * np.exp(-2j * np.pi * frequency * turns)
        for _ in range(ORDER):
            shifted = lfilter([1.0 - decay], [1.0, -decay], shifted)
        envelope = 2.0 * np.abs(shifted[: frames * size])
        values[:, channel] = envelope.reshape(frames, size).mean(axis=1) ** exponent
    largest = values.max(initial=0.0)
    return (values / largest if largest > 0.0 else values), frequencies


def _erb_spaced(low, high, count):
    """Return frequencies that are evenly spaced in equivalent rectangular bandwidths."""
    numbers = np.linspace(np.log1p(4.37e-3 * low), np.log1p(4.37e-3 * high), count)
    return np.expm1(numbers) / 4.37e-3
