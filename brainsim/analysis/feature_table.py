"""The features of a potential by their names in eFEL: what each is, its unit, and how it is computed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from brainsim.analysis.waveform import SLACK

NONE = np.empty(0)


@dataclass(frozen=True)
class Feature:
    """A function of a `Waveform` that returns an array: a value for each spike, one value, or none."""

    unit: str
    meaning: str
    values: Callable
    by_times: bool = False  # the times of the spikes are enough
    of_spikes: bool = False  # the potential must have the spikes


FEATURES: dict[str, Feature] = {}


def _timed(name, unit, meaning, values):
    FEATURES[name] = Feature(unit, meaning, values, by_times=True)


def _shaped(name, unit, meaning, values):
    FEATURES[name] = Feature(unit, meaning, values, of_spikes=True)


def _slow(name, unit, meaning, values):
    FEATURES[name] = Feature(unit, meaning, values)


def _one(values, k):
    """Return the k-th value as an array; none if there is none."""
    return values[k:][:1] if k >= 0 else values[k:][: 1 if values.size >= -k else 0]


def _later(values):
    """Return the intervals without the first one, as eFEL has them."""
    return values[1:]


def _mean(values):
    return values.mean(keepdims=True) if values.size else NONE


def _frequency(w):
    inside = w.times[(w.times > w.start) & (w.times < w.end)]
    return np.array([1000.0 * inside.size / (inside[-1] - w.start)]) if inside.size else np.zeros(1)


def _inverse(values):
    return 1000.0 / values if values.size else np.zeros(1)


def _cv(gaps):
    return np.array([gaps.std(ddof=1) / gaps.mean()]) if gaps.size > 1 else NONE


def _adaptation(times, skipped):
    """Return the mean of (second - first)/(second + first) over intervals that follow each other."""
    gaps = np.diff(times[skipped:])
    return _mean((gaps[1:] - gaps[:-1]) / (gaps[1:] + gaps[:-1])) if times.size >= 4 else NONE


def _slope_of_gaps(w, of_numbers):
    gaps = _later(w.gaps)
    if gaps.size < 2:
        return NONE
    return np.polyfit(of_numbers(np.arange(1.0, gaps.size + 1)), np.log(gaps), 1)[:1]


_timed("Spikecount", "", "number of spikes", lambda w: np.array([float(w.times.size)]))
_timed("Spikecount_stimint", "", "number of spikes in the stimulus", lambda w: np.array([float(w.within.size)]))
_timed("peak_time", "ms", "times of the peaks", lambda w: w.times)
_timed(
    "time_to_first_spike", "ms", "from the beginning of the stimulus to the first peak", lambda w: _one(w.times, 0) - w.start
)
_timed("time_to_second_spike", "ms", "the same to the second", lambda w: _one(w.times, 1) - w.start)
_timed("time_to_last_spike", "ms", "the same to the last", lambda w: _one(w.times, -1) - w.start)
_timed("inv_time_to_first_spike", "Hz", "1 over time_to_first_spike, or 0", lambda w: _inverse(_one(w.times, 0) - w.start))
_timed("mean_frequency", "Hz", "number of spikes in the stimulus over the time to the last of them, or 0", _frequency)
_timed("all_ISI_values", "ms", "intervals", lambda w: w.gaps)
_timed("ISI_values", "ms", "intervals but the first", lambda w: _later(w.gaps))
_timed("doublet_ISI", "ms", "the first interval", lambda w: _one(w.gaps, 0))
_timed("inv_first_ISI", "Hz", "1 over the first interval, or 0", lambda w: _inverse(_one(w.gaps, 0)))
_timed("inv_second_ISI", "Hz", "1 over the second, or 0", lambda w: _inverse(_one(w.gaps, 1)))
_timed("inv_third_ISI", "Hz", "1 over the third, or 0", lambda w: _inverse(_one(w.gaps, 2)))
_timed("inv_last_ISI", "Hz", "1 over the last, or 0", lambda w: _inverse(_one(w.gaps, -1)))
_timed("ISI_CV", "", "coefficient of variation of ISI_values", lambda w: _cv(_later(w.gaps)))
_timed("irregularity_index", "ms", "mean difference of ISI_values", lambda w: _mean(np.abs(np.diff(_later(w.gaps)))))
_timed(
    "ISI_log_slope",
    "",
    "slope of the logarithm of ISI_values over that of their number",
    lambda w: _slope_of_gaps(w, np.log),
)
_timed("ISI_semilog_slope", "", "the same over their number", lambda w: _slope_of_gaps(w, np.asarray))
_timed(
    "adaptation_index",
    "",
    "relative difference of successive intervals in the stimulus, without a tenth of its spikes, at most two",
    lambda w: _adaptation(w.within, min(2, int(0.1 * w.within.size + 0.5))),
)
_timed("adaptation_index2", "", "the same without the first interval", lambda w: _adaptation(w.within, 1))


def _height(w):
    return w.v[w.begun[1]] - w.v[w.begun[0]]


def _amplitudes(w):
    return _height(w)[w.t[w.begun[1]] <= w.end]


def _width_at(w, level, samples):
    """Return how long each spike is above a level, between crossings of straight lines."""
    found = [w.crossings(*three, high) for three, high in zip(samples, level, strict=True)]
    return np.array([np.nan if two is None else two[1] - two[0] for two in found])


def _half_width(w):
    level = (w.v[w.peaks] + w.v[w.troughs]) / 2.0
    return _width_at(w, level, zip(w.before, w.peaks, w.troughs, strict=True))


def _samples_above(w, level, samples):
    """Return how long each spike is above a level, from the first sample above it to the first below."""
    found = []
    for (a, p, b), high in zip(samples, level, strict=True):
        rise, fall = a + np.argmax(w.v[a : p + 1] > high), np.flatnonzero(w.v[p : b + 1] < high)
        found.append(w.t[p + fall[0]] - w.t[rise] if fall.size else np.nan)
    return np.array(found)


def _width(w):
    return _samples_above(w, np.full(w.peaks.size, w.threshold), zip(w.before, w.peaks, w.troughs, strict=True))


def _begin_width(w):
    found = []
    for a, p, b in w.begun.T:
        fall = np.flatnonzero(w.v[p : b + 1] < w.v[a])
        found.append(w.t[p + fall[0]] - w.t[a] if fall.size else np.nan)
    return np.array(found)


def _extreme_rates(w, extreme, first, last):
    return np.array([extreme(w.rate[a:b]) for a, b in zip(first, last, strict=True)])


def _after_hyperpolarisation(w):
    base = w.mean(0.9 * w.start, w.start, closed=True)
    return w.v[w.troughs] - base if base.size else NONE


def _before_next(w):
    """Return the beginning of each spike but the last, above the trough that follows."""
    return w.v[w.begun[0, :-1]] - w.v[w.begun[2, :-1]]


_shaped("peak_voltage", "mV", "potential of the peaks", lambda w: w.v[w.peaks])
_shaped("AP_begin_time", "ms", "where a spike begins: dv/dt is above `slope` for 0.5 ms", lambda w: w.t[w.begun[0]])
_shaped("AP_begin_voltage", "mV", "potential there", lambda w: w.v[w.begun[0]])
_shaped("AP_amplitude", "mV", "peak above the beginning of the spike, of those in the stimulus", _amplitudes)
_shaped("AP1_amp", "mV", "that of the first spike", lambda w: _one(_amplitudes(w), 0))
_shaped("AP2_amp", "mV", "that of the second", lambda w: _one(_amplitudes(w), 1))
_shaped("APlast_amp", "mV", "that of the last", lambda w: _one(_amplitudes(w), -1))
_shaped(
    "AP_amplitude_from_voltagebase",
    "mV",
    "peak above voltage_base",
    lambda w: w.v[w.peaks] - base if (base := w.mean(0.9 * w.start, w.start, closed=True)).size else NONE,
)
_shaped("AP_width", "ms", "time above `threshold`, in whole samples", _width)
_shaped("AP_begin_width", "ms", "time above the potential where the spike begins, in whole samples", _begin_width)
_shaped("spike_half_width", "ms", "time above the middle of peak and trough", _half_width)
_shaped("AP1_width", "ms", "that of the first spike", lambda w: _one(_half_width(w), 0))
_shaped("AP2_width", "ms", "that of the second", lambda w: _one(_half_width(w), 1))
_shaped("APlast_width", "ms", "that of the last", lambda w: _one(_half_width(w), -1))
_shaped(
    "AP_rise_rate",
    "mV/ms",
    "amplitude over time from beginning to peak",
    lambda w: _height(w) / (w.t[w.begun[1]] - w.t[w.begun[0]]),
)
_shaped("AP_peak_upstroke", "mV/ms", "highest dv/dt of a spike", lambda w: _extreme_rates(w, np.max, *w.begun[:2]))
_shaped(
    "AP_peak_downstroke", "mV/ms", "lowest dv/dt after the peak", lambda w: _extreme_rates(w, np.min, w.peaks, w.troughs + 1)
)
_shaped(
    "min_AHP_values",
    "mV",
    "the trough: the first minimum after the peak, below the next two samples",
    lambda w: w.v[w.troughs],
)
_shaped("AHP_depth_abs", "mV", "the same", lambda w: w.v[w.troughs])
_shaped("AHP_depth", "mV", "trough above voltage_base", _after_hyperpolarisation)
_shaped("AHP_depth_from_peak", "mV", "peak above trough", lambda w: w.v[w.peaks] - w.v[w.troughs])
_shaped("AHP_time_from_peak", "ms", "from the peak to the trough", lambda w: w.t[w.troughs] - w.t[w.peaks])
_shaped("fast_AHP", "mV", "beginning of the spike above the trough, for all but the last", _before_next)


def _extreme(w, extreme):
    inside = w.v[(w.t >= w.start - SLACK) & (w.t <= w.end + SLACK)]
    return np.array([extreme(inside)])


def _steady(w):
    return w.mean(w.end - 0.1 * (w.end - w.start), w.end)


def _base(w):
    return w.mean(0.9 * w.start, w.start, closed=True)


def _deflection(w):
    return _steady(w) - base if (base := _base(w)).size else NONE


def _sag(w):
    deflection = _deflection(w)
    return _steady(w) - _extreme(w, np.min) if deflection.size and deflection[0] <= 0.0 else NONE


def _sag_ratio(w):
    base, lowest = _base(w), _extreme(w, np.min)
    return _sag(w) / (base - lowest) if base.size and base[0] != lowest[0] else NONE


_slow("voltage_base", "mV", "mean over the last tenth of the time before the stimulus", _base)
_slow("steady_state_voltage_stimend", "mV", "mean over the last tenth of the stimulus", _steady)
_slow("steady_state_voltage", "mV", "mean after the stimulus", lambda w: w.mean(w.end + 2 * SLACK, np.inf))
_slow("minimum_voltage", "mV", "lowest in the stimulus", lambda w: _extreme(w, np.min))
_slow("maximum_voltage", "mV", "highest in the stimulus", lambda w: _extreme(w, np.max))
_slow("voltage_deflection_vb_ssse", "mV", "steady_state_voltage_stimend above voltage_base", _deflection)
_slow("sag_amplitude", "mV", "steady_state_voltage_stimend above the minimum, if it is below voltage_base", _sag)
_slow("sag_ratio1", "", "sag_amplitude over how far the minimum is below voltage_base", _sag_ratio)
