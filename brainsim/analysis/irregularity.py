"""How irregular intervals are from one to the next: CV2, Lv and LvR, which slow changes of the rate hardly affect."""

import math

import numpy as np

from brainsim.core.checks import integer, number
from brainsim.core.docstrings import explain_by
from brainsim.core.hints import answers_calls
from brainsim.results.spikes import Spikes

SHARED = {
    "spikes": "spikes : Spikes",
    "least": "least : int\n    Smallest number of spikes of a cell that counts, 3 or more.",
}
RAISES = "Raises\n------\nTypeError, ValueError\n    If `spikes` is not a `Spikes` object, or a value is out of its range."
explained = explain_by(SHARED, RAISES)


@answers_calls
@explained
def cv2(spikes: Spikes, least: int = 3) -> float:
    """Return CV2, averaged over the cells with at least `least` spikes: 1 for a Poisson process, 0 for a clock.

    Of a cell it is the mean of ``2 |I' - I| / (I' + I)`` over its pairs of successive intervals I and I'. NaN if no cell has
    enough spikes.

    Examples
    --------
    >>> import brainsim as bs
    >>> round(bs.analysis.cv2(bs.Spikes([1.0, 2.0, 5.0], [0, 0, 0], n=1, duration=10.0)), 3)
    1.0

    References
    ----------
    Holt et al. (1996), doi:10.1152/jn.1996.75.5.1806.
    """
    return _mean(cv2s(spikes, least))


@answers_calls
def cv2s(spikes: Spikes, least: int = 3) -> np.ndarray:
    """Return CV2 of each cell, shape (n,); NaN for cells with fewer than `least` spikes. See `cv2`."""
    return _of_pairs(spikes, least, "cv2s", lambda a, b: 2.0 * np.abs(b - a) / (a + b))


@answers_calls
@explained
def lv(spikes: Spikes, least: int = 3) -> float:
    """Return the local variation Lv, averaged over the cells with at least `least` spikes: 1 for a Poisson process.

    Of a cell it is the mean of ``3 (I' - I)^2 / (I' + I)^2`` over its pairs of successive intervals I and I'. NaN if no cell
    has enough spikes.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.analysis.lv(bs.Spikes([1.0, 2.0, 5.0], [0, 0, 0], n=1, duration=10.0))
    0.75

    References
    ----------
    Shinomoto et al. (2003), doi:10.1162/089976603322518759.
    """
    return _mean(lvs(spikes, least))


@answers_calls
def lvs(spikes: Spikes, least: int = 3) -> np.ndarray:
    """Return Lv of each cell, shape (n,); NaN for cells with fewer than `least` spikes. See `lv`."""
    return _of_pairs(spikes, least, "lvs", lambda a, b: 3.0 * ((b - a) / (a + b)) ** 2)


@answers_calls
@explained
def lvr(spikes: Spikes, refractory: float = 5.0, least: int = 3) -> float:
    """Return the revised local variation LvR, which corrects `lv` for a refractory time, averaged over cells.

    Of a cell it is the mean of ``3 (1 - 4 I I' / (I + I')^2) (1 + 4 R / (I + I'))`` over its pairs of successive intervals I
    and I', with the constant R. NaN if no cell has enough spikes.

    Parameters
    ----------
    refractory : float
        The constant R [ms], >= 0.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.analysis.lvr(bs.Spikes([10.0, 20.0, 50.0], [0, 0, 0], n=1, duration=100.0))
    1.125

    References
    ----------
    Shinomoto et al. (2009), doi:10.1371/journal.pcbi.1000433.
    """
    return _mean(lvrs(spikes, refractory, least))


@answers_calls
def lvrs(spikes: Spikes, refractory: float = 5.0, least: int = 3) -> np.ndarray:
    """Return LvR of each cell, shape (n,); NaN for cells with fewer than `least` spikes. See `lvr`."""
    r = number(refractory, "analysis.lvr.refractory", "ms", at_least=0.0)

    def term(a, b):
        both = a + b
        return 3.0 * (1.0 - 4.0 * a * b / both**2) * (1.0 + 4.0 * r / both)

    return _of_pairs(spikes, least, "lvrs", term)


def _of_pairs(spikes, least, name, term):
    """Return each cell's mean of a term of successive intervals."""
    spikes = check_spikes(spikes, f"analysis.{name}")
    least = integer(least, f"analysis.{name}.least", at_least=3)
    owner, gaps = spikes.intervals_by_cell()
    same = owner[1:] == owner[:-1]
    owner, first, second = owner[1:][same], gaps[:-1][same], gaps[1:][same]
    with np.errstate(invalid="ignore", divide="ignore"):  # three spikes at one time have no such ratio: NaN
        terms = term(first, second)
        means = np.bincount(owner, terms, spikes.n) / np.bincount(owner, minlength=spikes.n)
    return np.where(spikes.counts() < least, np.nan, means)


def poisson_intervals(spikes, lengths):
    """Return the density of the intervals at some lengths [1/ms] if each cell fired its spikes at random times instead.

    The times of a Poisson process of which c spikes fell into a recording of length T are uniform on it. Each of its c - 1
    intervals then has the density c/T*(1 - s/T)**(c - 1), which is exact in a recording of any length. Cells with fewer than
    two spikes have no interval.

    Pyke (1965), doi:10.1111/j.2517-6161.1965.tb00602.x.
    """
    counts, cells = np.unique(spikes.counts(), return_counts=True)
    counts, cells = counts[counts > 1], cells[counts > 1]
    left = np.clip(1.0 - np.asarray(lengths) / spikes.duration, 0.0, 1.0)
    intervals = cells * (counts - 1)
    return (intervals * counts / spikes.duration * left[:, None] ** (counts - 1)).sum(axis=1) / intervals.sum()


def _mean(values):
    """Return the mean of what is not NaN, NaN if nothing is left."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else math.nan


def check_spikes(spikes, label):
    """Return `spikes` if it is a Spikes, or raise TypeError."""
    if not isinstance(spikes, Spikes):
        raise TypeError(
            f"{label}: must be Spikes, such as result.spikes['cells'] or bs.Spikes(times, ids, n, duration) "
            f"(got a {type(spikes).__name__})"
        )
    return spikes
