"""Spikes and continuous signals: the spectrum of the population rate, and signals averaged around spikes."""

import math

import numpy as np

from brainsim.analysis.counting import _check_window, bin_spikes
from brainsim.analysis.irregularity import check_spikes
from brainsim.core.arrays import interval_of
from brainsim.core.checks import number
from brainsim.core.contexts import default_arithmetic, within
from brainsim.core.hints import answers_calls
from brainsim.results.spikes import Spikes
from brainsim.results.traces import Traces


@answers_calls
@within(default_arithmetic)
def spectrum(spikes: Spikes, bin: float = 1.0, segment: float = 1000.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the power spectral density of the population rate, by Welch's method.

    The rate is averaged over cells; segments overlap by half, have a Hann window, and their mean is removed. Of n
    independent Poisson processes of the rate r it is ``2 r / n`` at all frequencies.

    Parameters
    ----------
    spikes : Spikes
    bin : float
        Width of the bins in which spikes are counted [ms], > 0; the highest frequency is ``500 / bin`` [Hz].
    segment : float
        Length of the segments [ms], at least two bins; the resolution is ``1000 / segment`` [Hz]. A shorter recording is
        one segment, whose values scatter by 100 %; the scatter shrinks with the square root of the number of segments.

    Returns
    -------
    frequencies : array of float
        In Hz, from 0.
    power : array of float
        In Hz^2/Hz, one-sided.

    Raises
    ------
    TypeError, ValueError
        If `spikes` is not a `Spikes` object or a value is out of its range.

    Examples
    --------
    >>> import numpy as np, brainsim as bs
    >>> spikes = bs.Spikes(np.arange(25.0, 4000.0, 25.0), np.zeros(159, int), n=1, duration=4000.0)
    >>> frequencies, power = bs.analysis.spectrum(spikes)
    >>> frequencies[np.argmax(power[:60])]                                                  # a spike each 25 ms
    np.float64(40.0)

    References
    ----------
    Welch (1967), doi:10.1109/TAU.1967.1161901.
    """
    from scipy.signal import welch

    spikes, _, index, bins = bin_spikes(spikes, bin, "analysis.spectrum")
    length = min(round(number(segment, "analysis.spectrum.segment", "ms", at_least=2.0 * bin) / bin), bins)
    if length < 2:
        raise ValueError(f"analysis.spectrum.bin: must fit twice into the recording of {spikes.duration:g} ms (got {bin:g})")
    rate = np.bincount(index, minlength=bins) * (1000.0 / (max(spikes.n, 1) * bin))
    return welch(rate, fs=1000.0 / bin, nperseg=length, noverlap=length // 2)


@answers_calls
def spike_triggered_average(
    spikes: Spikes, traces: Traces, window: tuple[float, float] = (-50.0, 50.0)
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of recorded signals around the spikes, those of all cells of `spikes` together.

    Only spikes whose whole window was recorded count. For the average around a cell's own spikes, take ``spikes.of(i)`` and
    ``traces.of(i)``.

    Parameters
    ----------
    spikes : Spikes
    traces : Traces
        Signals at regular times.
    window : (float, float)
        Start and stop around a spike [ms].

    Returns
    -------
    lags : array of float, shape (lags,)
        Times relative to the spikes [ms], from the start of the window to before its stop.
    average : array of float, shape (lags, cells)
        In the unit of the traces, a column for each recorded cell; NaN if no spike counts.

    Raises
    ------
    TypeError, ValueError
        If the times of `traces` are irregular, a value is not finite, or the window is shorter than their interval.

    Examples
    --------
    >>> import numpy as np, brainsim as bs
    >>> times = np.arange(100.0)
    >>> ramp = bs.Traces("cells", "v", "mV", times, [0], times[:, None] % 10.0)
    >>> lags, mean = bs.analysis.spike_triggered_average(bs.Spikes([25.0, 45.0], [0, 0], 1, 99.0), ramp, (-2.0, 3.0))
    >>> lags.tolist(), mean[:, 0].round(6).tolist()
    ([-2.0, -1.0, 0.0, 1.0, 2.0], [3.0, 4.0, 5.0, 6.0, 7.0])

    References
    ----------
    Schwartz et al. (2006), doi:10.1167/6.4.13.
    """
    label = "analysis.spike_triggered_average"
    spikes, (t0, t1) = check_spikes(spikes, label), _check_window(window, label)
    if not isinstance(traces, Traces):
        raise TypeError(f"{label}.traces: must be Traces: result.traces['cells', 'v'] (got a {type(traces).__name__})")
    interval = interval_of(traces.times)
    if interval is None:
        raise ValueError(f"{label}.traces: must have at least two times at regular intervals")
    if not np.isfinite(traces.values).all():
        raise ValueError(f"{label}.traces: must be finite")
    first, width = round(t0 / interval), math.ceil((t1 - t0) / interval * (1 - 1e-9))
    samples = np.floor((spikes.times - traces.times[0]) / interval + 1e-6).astype(np.int64) + first
    begin, end = traces.times[0], traces.times[0] + traces.times.size * interval
    slack = 1e-6 * interval
    whole = (spikes.times + t0 >= begin - slack) & (spikes.times + t1 <= end + slack)
    samples = samples[whole & (samples >= 0) & (samples + width <= traces.times.size)]
    return (first + np.arange(width)) * interval, _average(traces.values, samples, width)


@within(default_arithmetic)
def _average(values, samples, width):
    """Return the mean of ``values[s : s + width]`` over the samples s: a correlation, by the fast Fourier transform."""
    from scipy import fft

    if samples.size == 0:
        return np.full((width, values.shape[1]), np.nan)
    # without its mean a signal is small, and so is the rounding error of the transform
    mean, size = values.mean(axis=0), len(values)
    length = fft.next_fast_len(size + width, real=True)
    trigger = np.conj(fft.rfft(np.bincount(samples, minlength=size).astype(np.float64), length))
    average = np.empty((width, values.shape[1]))
    for column in range(values.shape[1]):
        product = fft.rfft(values[:, column] - mean[column], length) * trigger
        average[:, column] = fft.irfft(product, length)[:width] / samples.size
    return average + mean
