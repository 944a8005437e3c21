"""Numbers of spikes in windows: count matrices, the Fano factor, and the histogram around events (PSTH)."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from brainsim.analysis.irregularity import _mean, check_spikes
from brainsim.core.arrays import smooth
from brainsim.core.checks import number, plain
from brainsim.core.hints import answers_calls
from brainsim.results.spikes import Spikes, reject_short, rounding

MAX_COUNTS = 1 << 31  # elements of a count matrix


@answers_calls
def count_matrix(spikes: Spikes, bin: float = 5.0) -> np.ndarray:
    """Return the number of spikes of each cell in each bin, int32, shape (n, bins).

    Parameters
    ----------
    spikes : Spikes
    bin : float
        Width of the bins [ms], > 0. An incomplete last bin is left out.

    Raises
    ------
    TypeError, ValueError
        If `spikes` is not a `Spikes` object, or `bin` is not a number > 0 or so small that the matrix would have 2**31
        elements.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.analysis.count_matrix(bs.Spikes([1.0, 3.0, 5.0], [0, 1, 0], n=2, duration=10.0), bin=5.0)
    array([[2, 0],
           [1, 0]], dtype=int32)
    """
    spikes, ids, index, bins = bin_spikes(spikes, bin, "analysis.count_matrix")
    _reject_many_counts(spikes.n, bins, "analysis.count_matrix.bin")
    counts = np.bincount(ids * bins + index, minlength=spikes.n * bins)
    return counts.astype(np.int32).reshape(spikes.n, bins)


def _reject_many_counts(cells, bins, label):
    if cells * bins >= MAX_COUNTS:
        raise ValueError(f"{label}: gives {cells:,} x {bins:,} counts; choose fewer cells or wider bins")


@answers_calls
def fano(spikes: Spikes, window: float | tuple[float, float] = 100.0, events: ArrayLike | None = None) -> float:
    """Return the Fano factor: variance over mean of a cell's number of spikes, averaged over the cells that fire.

    It is 1 for a Poisson process (1 - 1/k over k windows, since the variance divides by k) and 0 for a clock. NaN without
    spikes.

    Parameters
    ----------
    spikes : Spikes
    window : float or (float, float)
        Without `events`, the length of successive windows [ms]; an incomplete last one is left out. With `events`, start and
        stop of the window around each event [ms].
    events : array of float, optional
        Times of events, such as onsets of a stimulus [ms]: counts vary from trial to trial.

    Raises
    ------
    TypeError, ValueError
        If `spikes` is not a `Spikes` object, the window is empty, or there are fewer than two windows.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.analysis.fano(bs.Spikes([1.0, 3.0, 7.0, 12.0], [0, 0, 0, 0], n=1, duration=20.0), window=5.0)
    0.5
    """
    return _mean(fanos(spikes, window, events))


@answers_calls
def fanos(spikes: Spikes, window: float | tuple[float, float] = 100.0, events: ArrayLike | None = None) -> np.ndarray:
    """Return the Fano factor of each cell, shape (n,); NaN for cells without spikes. See `fano`."""
    if events is None:
        spikes, ids, index, windows = bin_spikes(spikes, window, "analysis.fano", "window")
    else:
        spikes = check_spikes(spikes, "analysis.fano")
        at, (t0, t1) = _check_events(events, "analysis.fano"), _check_window(window, "analysis.fano")
        ids, index, _ = _around(spikes, at, t0, t1)
        windows = at.size
    if windows < 2:
        raise ValueError(f"analysis.fano.window: must fit at least twice into the recording (got {windows} windows)")
    places, numbers = np.unique(ids * windows + index, return_counts=True)
    cells, counts = places // windows, numbers.astype(np.float64)
    mean = np.bincount(cells, counts, spikes.n) / windows
    empty = windows - np.bincount(cells, minlength=spikes.n)  # windows without spikes of each cell
    squares = np.bincount(cells, (counts - mean[cells]) ** 2, spikes.n) + empty * mean**2
    with np.errstate(invalid="ignore"):
        return squares / windows / mean


@answers_calls
def psth(
    spikes: Spikes,
    events: ArrayLike,
    window: tuple[float, float] = (-50.0, 200.0),
    bin: float = 5.0,
    sigma: float | None = None,
    per_cell: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rate around events, averaged over events: the peristimulus time histogram.

    Parameters
    ----------
    spikes : Spikes
    events : array of float
        Times of the events [ms], such as onsets of a stimulus.
    window : (float, float)
        Start and stop relative to the events [ms]. Only events whose window lies within the recording count.
    bin : float
        Width of the bins [ms], > 0. An incomplete last bin is left out.
    sigma : float, optional
        Standard deviation of a Gaussian that smooths the rates [ms].
    per_cell : bool
        Whether to return the rates of each cell instead of their mean.

    Returns
    -------
    times : array of float, shape (bins,)
        Middle of each bin, relative to the events [ms].
    rates : array of float, shape (bins,) or (n, bins)
        Rates [Hz].

    Raises
    ------
    TypeError, ValueError
        If a value is out of its range, or no event has its window within the recording.

    Examples
    --------
    >>> import brainsim as bs
    >>> spikes = bs.Spikes([12.0, 13.0, 32.0], [0, 0, 0], n=1, duration=50.0)
    >>> times, rates = bs.analysis.psth(spikes, events=[10.0, 30.0], window=(-5.0, 10.0), bin=5.0)
    >>> times.tolist(), rates.tolist()
    ([-2.5, 2.5, 7.5], [0.0, 300.0, 0.0])

    References
    ----------
    Gerstein & Kiang (1960), doi:10.1016/S0006-3495(60)86872-5.
    """
    label = "analysis.psth"
    spikes, at = check_spikes(spikes, label), _check_events(events, label)
    (t0, t1), bin = _check_window(window, label), number(bin, f"{label}.bin", "ms", above=0.0)
    reject_short(bin, t1 - t0, f"{label}.bin")
    bins = math.floor((t1 - t0) / bin * (1 + 1e-9))
    if bins < 1:
        raise ValueError(f"{label}.bin: must fit into the window of {t1 - t0:g} ms (got {bin:g})")
    slack = rounding(spikes.stop)
    inside = (at + t0 >= spikes.start - slack) & (at + t0 + bins * bin <= spikes.stop + slack)
    if not inside.any():
        raise ValueError(
            f"{label}.events: must have their window within the recording, {spikes.start:g} to {spikes.stop:g} ms "
            f"(of {at.size} events none has)"
        )
    at, edges = at[inside], t0 + bin * np.arange(bins + 1)
    ids, _, lags = _around(spikes, at, t0, edges[-1])
    index = np.clip(np.searchsorted(edges + rounding(edges), lags, side="left") - 1, 0, bins - 1)
    per_second = 1000.0 / (at.size * bin)
    if per_cell:
        _reject_many_counts(spikes.n, bins, f"{label}.bin")
        found = np.bincount(ids * bins + index, minlength=spikes.n * bins).reshape(spikes.n, bins)
        rates = found * per_second
    else:  # without a matrix of cells and bins
        rates = np.bincount(index, minlength=bins) / max(spikes.n, 1) * per_second
    if sigma is not None:
        rates = _smooth(rates, number(sigma, f"{label}.sigma", "ms", above=0.0) / bin)
    return (edges[1:] + edges[:-1]) / 2, rates


def bin_spikes(spikes, bin, label, name="bin"):
    """Return spikes, and the cell and the bin of each spike, without those in an incomplete last bin; the number of bins."""
    spikes, bin = check_spikes(spikes, label), number(bin, f"{label}.{name}", "ms", above=0.0)
    reject_short(bin, spikes.duration, f"{label}.{name}")
    bins = math.floor(spikes.duration / bin * (1 + 1e-9))
    if bins < 1:
        raise ValueError(f"{label}.{name}: must fit into the recording of {spikes.duration:g} ms (got {bin:g})")
    edges = spikes.start + bin * np.arange(bins + 1)
    before = np.searchsorted(spikes.times, edges + rounding(edges), side="right")
    before[0] = 0
    return spikes, spikes.ids[: before[-1]], np.repeat(np.arange(bins), np.diff(before)), bins


def _around(spikes, events, t0, t1):
    """Return cell, number of the event, and lag [ms] of all spikes in the windows (event + t0, event + t1]."""
    start, stop = events + t0, events + t1
    first = np.searchsorted(spikes.times, start + rounding(start), side="right")
    last = np.searchsorted(spikes.times, stop + rounding(stop), side="right")
    sizes = np.maximum(last - first, 0)
    owner = np.repeat(np.arange(events.size), sizes)
    chosen = np.arange(owner.size) + np.repeat(first - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes)
    return spikes.ids[chosen], owner, spikes.times[chosen] - events[owner]


def _smooth(rates, samples):
    """Smooth along the last axis; the weights sum to 1 at the ends too."""
    norm = smooth(np.ones(rates.shape[-1]), samples)
    return np.apply_along_axis(lambda row: smooth(row, samples) / norm, -1, rates)


def _check_events(events, label):
    events = np.atleast_1d(plain(events, "ms", f"{label}.events"))
    if events.ndim != 1 or events.size == 0:
        raise ValueError(f"{label}.events: must be a list of times, at least one (got shape {events.shape})")
    return events


def _check_window(window, label):
    if not isinstance(window, Sequence | np.ndarray) or getattr(window, "ndim", 1) != 1 or len(window) != 2:
        raise TypeError(f"{label}.window: must be (start, stop) around the events, such as (-50.0, 200.0) (got {window!r})")
    t0, t1 = (number(t, f"{label}.window", "ms") for t in window)
    if t1 <= t0:
        raise ValueError(f"{label}.window: must have its stop after its start (got {t0:g} to {t1:g} ms)")
    return t0, t1
