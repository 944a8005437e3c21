"""Sounds as values over time: a bank of gammatone filters, as in the cochlea."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from brainsim.core.checks import integer, number, plain
from brainsim.core.docstrings import explain_by
from brainsim.core.hints import answers_calls

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SHARED = {
    "sound": "sound : array of float, shape (samples,)\n    The sound.",
    "sample_rate": "sample_rate : float\n    Samples in a second [Hz].",
    "channels": "channels : int\n    Number of bands, 1 or more.",
    "interval": "interval : float\n    Time between two values [ms], at least a sample.",
}
RAISES = """Raises
------
TypeError, ValueError
    If a value is out of its range, or the sound is shorter than an interval or a window."""
explained = explain_by(SHARED, RAISES)
ORDER = 4
BANDWIDTH = 1.019  # of a gammatone filter of order 4, in equivalent rectangular bandwidths


@answers_calls
@explained
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
    low, high : float
        Centres of the first and the last band [Hz]; `high` is by default 0.4 times the sample rate, and at most half of it.
    exponent : float
        Of the compression, above 0; 1 is none.

    Returns
    -------
    values : array of float, shape (times, channels)
        An incomplete last interval is left out.
    frequencies : array of float, shape (channels,)
        Centres of the bands [Hz].

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
    samples, fs, channels = _check_sound(sound, sample_rate, channels, label)
    low = number(low, f"{label}.low", "Hz", above=0.0)
    exponent = number(exponent, f"{label}.exponent", above=0.0)
    size = round(number(interval, f"{label}.interval", "ms", at_least=1000.0 / fs) * fs / 1000.0)
    if samples.ndim != 1 or samples.size < size:
        raise ValueError(f"{label}.sound: must be one series of at least an interval, {size} samples (got {samples.shape})")
    high = _check_high(high, low, 0.4, fs, label)
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


@answers_calls
@explained
def mel_bank(
    sound: ArrayLike,
    sample_rate: float,
    *,
    channels: int = 40,
    low: float = 80.0,
    high: float | None = None,
    interval: float = 10.0,
    window: float = 25.0,
    span: float = 26.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the loudness of a sound in bands of the mel scale, from 0 to 1, as codes encode them.

    The short-time power spectrum, of the sound with its high frequencies raised (``s[k] - 0.97*s[k - 1]``), is summed in
    triangular bands that are evenly spaced in mel, ``2595*log10(1 + f/700 Hz)``. Its decibels below the loudest percent of
    all values are scaled: 1 is as loud as that, 0 is `span` below it. It is faster than `filter_bank`, and coarser in time.

    Parameters
    ----------
    low, high : float
        Lower end of the first and upper end of the last band [Hz]; `high` is by default 0.36 times the sample rate, and at
        most half of it.
    window : float
        Length of the Hamming window [ms], at least 4 samples.
    span : float
        Range of loudness [dB], > 0.

    Returns
    -------
    values : array of float, shape (times, channels)
        A window that is not filled is left out.
    frequencies : array of float, shape (channels,)
        Centres of the bands [Hz].

    Examples
    --------
    >>> import numpy as np, brainsim as bs
    >>> time = np.arange(8000) / 16_000.0
    >>> values, frequencies = bs.encode.mel_bank(np.sin(2 * np.pi * 1000.0 * time), 16_000.0)
    >>> values.shape, round(float(frequencies[values.mean(axis=0).argmax()]))
    ((48, 40), 990)

    References
    ----------
    Davis & Mermelstein (1980), doi:10.1109/TASSP.1980.1163420.
    """
    label = "encode.mel_bank"
    samples, fs, channels = _check_sound(sound, sample_rate, channels, label)
    low = number(low, f"{label}.low", "Hz", at_least=0.0)
    high = _check_high(high, low, 0.36, fs, label)
    hop = round(number(interval, f"{label}.interval", "ms", at_least=1000.0 / fs) * fs / 1000.0)
    width = round(number(window, f"{label}.window", "ms", at_least=4000.0 / fs) * fs / 1000.0)
    span = number(span, f"{label}.span", "dB", above=0.0)
    if samples.ndim != 1 or samples.size < width:
        raise ValueError(f"{label}.sound: must be one series of at least a window, {width} samples (got {samples.shape})")
    edges = 700.0 * (10.0 ** (np.linspace(_mel(low), _mel(high), channels + 2) / 2595.0) - 1.0)  # Hz
    raised = np.append(samples[:1], samples[1:] - 0.97 * samples[:-1])
    frames = np.lib.stride_tricks.sliding_window_view(raised, width)[::hop] * np.hamming(width)
    size = 1 << max(10, (width - 1).bit_length())
    power = np.abs(np.fft.rfft(frames, size)) ** 2
    decibels = 10.0 * np.log10(power @ _triangles(edges, fs, size) + 1e-9 * max(power.max(), 1e-30))
    values = np.clip(1.0 + (decibels - np.percentile(decibels, 99.0)) / span, 0.0, 1.0)
    return (values if samples.any() else np.zeros_like(values)), edges[1:-1]


def _mel(frequency):
    return 2595.0 * math.log10(1.0 + frequency / 700.0)


def _triangles(edges, fs, size):
    """Return the weights (bins, bands) of triangular bands between each edge and the next but one."""
    bins, (low, middle, high) = np.arange(size // 2 + 1)[:, None] * fs / size, (edges[:-2], edges[1:-1], edges[2:])
    return np.maximum(0.0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))


def _check_sound(sound, sample_rate, channels, label):
    samples = np.asarray(plain(sound, "", f"{label}.sound"))
    fs = number(sample_rate, f"{label}.sample_rate", "Hz", above=0.0)
    return samples, fs, integer(channels, f"{label}.channels", at_least=1)


def _check_high(high, low, share, fs, label):
    """Return the highest frequency [Hz], by default a share of the sample rate."""
    if high is not None:
        return number(high, f"{label}.high", "Hz", above=low, at_most=fs / 2)
    if share * fs <= low:
        message = f"must be < {share:g} times the sample rate, {share * fs:g} Hz (got {low:g}); or give high="
        raise ValueError(f"{label}.low: {message}")
    return share * fs
