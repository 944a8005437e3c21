"""Correlations between cells, and correlograms: how often spikes follow each other after a time."""

import math
from typing import Literal

import numpy as np

from brainsim.analysis.counting import bin_spikes
from brainsim.analysis.irregularity import check_spikes
from brainsim.core.arrays import order_by_cell
from brainsim.core.checks import choice, number
from brainsim.core.hints import answers_calls
from brainsim.results.spikes import Spikes

NORMS = ("counts", "rate", "coefficient")


@answers_calls
def correlations(spikes: Spikes, bin: float = 5.0) -> np.ndarray:
    """Return the correlation coefficients of the spike counts of all pairs of cells, shape (n, n).

    Parameters
    ----------
    spikes : Spikes
    bin : float
        Width of the bins in which spikes are counted [ms], > 0. An incomplete last bin is left out.

    Returns
    -------
    array of float, shape (n, n)
        Symmetric, 1 on the diagonal; NaN in the rows and columns of cells whose count is the same in all bins.

    Raises
    ------
    TypeError, ValueError
        If `spikes` is not a `Spikes` object, or `bin` is not a number > 0 that fits into the recording.

    Examples
    --------
    >>> import brainsim as bs
    >>> spikes = bs.Spikes([1.0, 2.0, 11.0, 12.0, 26.0], [0, 1, 0, 1, 1], n=2, duration=40.0)
    >>> bs.analysis.correlations(spikes, bin=10.0).round(3).tolist()
    [[1.0, 0.577], [0.577, 1.0]]

    References
    ----------
    Perkel, Gerstein & Moore (1967), doi:10.1016/S0006-3495(67)86597-4; Cohen & Kohn (2011), doi:10.1038/nn.2842.
    """
    from brainsim.analysis.spike_pairs import count_pairs

    spikes, ids, index, bins = bin_spikes(spikes, bin, "analysis.correlations")
    pairs, before = np.zeros((spikes.n, spikes.n), np.int64), np.searchsorted(index, np.arange(bins + 1))
    count_pairs(pairs, ids, before)
    totals = np.bincount(ids, minlength=spikes.n)
    squares = 2 * pairs.diagonal() + totals
    covariance = (pairs + pairs.T) - np.outer(totals, totals) / bins
    np.fill_diagonal(covariance, squares - totals * totals / bins)
    varying = squares * bins > totals * totals  # in whole numbers: the difference of the floats is never quite 0
    spread = np.where(varying, np.sqrt(np.where(varying, covariance.diagonal(), 1.0)), np.nan)
    covariance /= np.outer(spread, spread)
    np.fill_diagonal(covariance, np.where(varying, 1.0, np.nan))
    return covariance


@answers_calls
def mean_correlation(spikes: Spikes, bin: float = 5.0) -> float:
    """Return the mean of the correlation coefficients of all pairs of cells; NaN if fewer than two cells fire.

    Parameters
    ----------
    spikes : Spikes
    bin : float
        Width of the bins in which spikes are counted [ms], > 0.

    Raises
    ------
    TypeError, ValueError
        As `correlations`.

    Examples
    --------
    >>> import brainsim as bs
    >>> spikes = bs.Spikes([1.0, 2.0, 11.0, 12.0, 26.0], [0, 1, 0, 1, 1], n=2, duration=40.0)
    >>> round(bs.analysis.mean_correlation(spikes, bin=10.0), 3)
    0.577
    """
    spikes = check_spikes(spikes, "analysis.mean_correlation")
    if (spikes.counts() == 0).any():  # a matrix of those that fire is smaller
        spikes = spikes.of(np.flatnonzero(spikes.counts()))
    matrix = correlations(spikes, bin)
    cells = int(np.count_nonzero(~np.isnan(matrix.diagonal())))
    return float((np.nansum(matrix) - cells) / (cells * (cells - 1))) if cells > 1 else math.nan


@answers_calls
def correlogram(
    a: Spikes, b: Spikes, bin: float = 1.0, window: float = 50.0, norm: Literal["counts", "rate", "coefficient"] = "counts"
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often spikes of `b` follow spikes of `a` after each lag: the cross-correlogram.

    Spikes are counted in bins first, all cells of `a` together and all of `b`; lags are differences of bins. For a pair of
    cells, take ``spikes.of(i)`` and ``spikes.of(j)``.

    Parameters
    ----------
    a, b : Spikes
        Two recordings of the same time.
    bin : float
        Width of the bins [ms], > 0.
    window : float
        Largest lag [ms], >= 0, shorter than the recording.
    norm : {"counts", "rate", "coefficient"}
        ``"counts"``: pairs of spikes, fewer at long lags, where part of the recording has no partner. ``"rate"``: the rate
        of a cell of `b` around a spike of `a` [Hz], corrected for that: of N bins, N - abs(k) have a partner k bins away,
        so the pairs are multiplied by N/(N - abs(k)). Independent cells have the mean rate of `b` at all lags.
        ``"coefficient"``: covariance of the counts over the product of their standard deviations, from -1 to 1, without
        that correction. Each is Elephant's, ``"rate"`` with ``border_correction=True``.

    Returns
    -------
    lags : array of float
        From -window to window [ms]; positive if `b` comes later.
    values : array of float, of the same shape

    Raises
    ------
    TypeError, ValueError
        If a value is out of its range or the recordings are not of the same time.

    Examples
    --------
    >>> import brainsim as bs
    >>> a, b = bs.Spikes([5.0, 15.0], [0, 0], 1, 30.0), bs.Spikes([7.0, 17.0, 20.0], [0, 0, 0], 1, 30.0)
    >>> lags, pairs = bs.analysis.correlogram(a, b, window=5.0)
    >>> lags[pairs > 0].tolist(), pairs[pairs > 0].tolist()
    ([2.0, 5.0], [2.0, 1.0])

    References
    ----------
    Perkel, Gerstein & Moore (1967), doi:10.1016/S0006-3495(67)86597-4.
    """
    label = "analysis.correlogram"
    (a, _, in_a, bins), (b, _, in_b, bins_b) = bin_spikes(a, bin, label), bin_spikes(b, bin, label)
    if (a.start, bins) != (b.start, bins_b):
        raise ValueError(
            f"{label}: a and b must be recordings of the same time (got {a.start:g} to {a.stop:g} ms and "
            f"{b.start:g} to {b.stop:g} ms); between() cuts them"
        )
    choice(norm, NORMS, f"{label}.norm")
    reach = _reach(window, bin, bins, label)
    x, y = (np.bincount(index, minlength=bins).astype(np.float64) for index in (in_a, in_b))
    lags = np.arange(-reach, reach + 1)
    pairs = np.array([x[max(0, -k) : bins - max(0, k)] @ y[max(0, k) : bins + min(0, k)] for k in lags])
    with np.errstate(invalid="ignore", divide="ignore"):
        if norm == "rate":
            pairs = pairs * 1000.0 / (x.sum() * b.n * bin) * bins / (bins - abs(lags))
        elif norm == "coefficient":
            spread = np.sqrt((x @ x - x.sum() ** 2 / bins) * (y @ y - y.sum() ** 2 / bins))
            pairs = (pairs - x.sum() * y.sum() / bins) / spread
    return lags * float(bin), pairs


@answers_calls
def autocorrelogram(
    spikes: Spikes, bin: float = 1.0, window: float = 50.0, norm: Literal["counts", "rate"] = "counts"
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often spikes follow spikes of the same cell after each lag, summed over cells.

    Spikes are counted in bins first, and lags are differences of bins. A spike is not paired with itself.

    Parameters
    ----------
    spikes : Spikes
    bin : float
        Width of the bins [ms], > 0.
    window : float
        Largest lag [ms], >= 0, shorter than the recording.
    norm : {"counts", "rate"}
        ``"counts"``: pairs of spikes, fewer at long lags, where part of the recording has no partner. ``"rate"``: the rate
        of a cell around its own spikes [Hz], corrected for that as in `correlogram`. Poisson processes have the rate
        ``sum(c*(c - 1))/(T*sum(c))`` at all lags, with the counts c of the cells in the time T: cells that fire more count
        more, so it is above the mean rate if rates differ.

    Returns
    -------
    lags : array of float
        From -window to window [ms].
    values : array of float, of the same shape
        Symmetric.

    Raises
    ------
    TypeError, ValueError
        If a value is out of its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> lags, pairs = bs.analysis.autocorrelogram(bs.Spikes([5.0, 7.0, 9.0], [0, 0, 0], 1, 30.0), window=4.0)
    >>> pairs.tolist()
    [1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0, 0.0, 1.0]
    """
    label = "analysis.autocorrelogram"
    spikes, ids, index, bins = bin_spikes(spikes, bin, label)
    choice(norm, NORMS[:2], f"{label}.norm")
    reach = _reach(window, bin, bins, label)
    order = order_by_cell(ids, spikes.n)
    # a cell's bins are apart from those of the next by more than the window, so that differences need no look at the cell
    places = index[order] + ids[order] * (bins + reach)
    later, pairs = 1, np.zeros(reach + 1)
    while later < places.size:
        gaps = places[later:] - places[:-later]
        near = gaps[gaps <= reach]
        if near.size == 0:
            break
        pairs += np.bincount(near, minlength=reach + 1)
        later += 1
    both, lags = np.concatenate([pairs[:0:-1], [2.0 * pairs[0]], pairs[1:]]), np.arange(-reach, reach + 1)
    if norm == "rate" and places.size:
        both = both * 1000.0 / (places.size * bin) * bins / (bins - abs(lags))
    return lags * float(bin), both


def _reach(window, bin, bins, label):
    reach = round(number(window, f"{label}.window", "ms", at_least=0.0) / bin)
    if reach >= bins:
        raise ValueError(f"{label}.window: must be shorter than the recording, {bins * bin:g} ms (got {window:g})")
    return reach
