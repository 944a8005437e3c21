"""How far spike trains are from those that they should be: coincidences, van Rossum, Victor and Purpura, and Md*."""

import numpy as np

from brainsim.analysis.irregularity import check_spikes
from brainsim.core.arrays import order_by_cell
from brainsim.core.checks import number
from brainsim.core.docstrings import explain_by
from brainsim.core.hints import answers_calls
from brainsim.results.spikes import Spikes

SHARED = {
    "spikes": "spikes : Spikes\n    Those of a model.",
    "target": "target : Spikes\n    Those of the recording, of as many cells: cell i is compared with cell i.",
}
RAISES = "Raises\n------\nTypeError, ValueError\n    "
RAISES += "If these are not two `Spikes` of as many cells, or a value is out of its range."
explained = explain_by(SHARED, RAISES)


@answers_calls
@explained
def coincidence_factor(spikes: Spikes, target: Spikes, window: float = 4.0) -> np.ndarray:
    """Return the coincidence factor Gamma of each cell: 1 for equal trains, 0 for what chance would give.

    ``Gamma = (N_c - E) / ((N + N') / 2) / (1 - 2 f window)``, where N_c is the number of coincidences of the N' spikes of
    the cell with the N spikes of its target, f = N' / duration is the rate of the cell, and ``E = 2 f window N`` what a
    Poisson process of this rate would have. Each spike is in one coincidence at most.

    Parameters
    ----------
    window : float
        Largest distance of two spikes that coincide [ms], > 0.

    Returns
    -------
    array of float, shape (n,)
        At most 1; negative if there are fewer coincidences than by chance. NaN without any spike, and for a cell whose
        ``2 f window`` is 1 or more, so that chance alone would make every spike coincide.

    Examples
    --------
    >>> import brainsim as bs
    >>> target = bs.Spikes([100.0, 300.0, 700.0], [0, 0, 0], n=1, duration=1000.0)
    >>> spikes = bs.Spikes([101.0, 303.0, 500.0], [0, 0, 0], n=1, duration=1000.0)
    >>> bs.analysis.coincidence_factor(spikes, target).round(3).tolist()
    [0.658]

    References
    ----------
    Kistler, Gerstner & van Hemmen (1997), doi:10.1162/neco.1997.9.5.1015; Jolivet et al. (2008),
    doi:10.1016/j.jneumeth.2007.11.006.
    """
    from brainsim.analysis.spike_pairs import match

    label = "analysis.coincidence_factor"
    pairs, window = _trains(spikes, target, label), number(window, f"{label}.window", "ms", above=0.0)
    found = np.full(spikes.n, np.nan)
    for k, (own, given) in enumerate(pairs):
        chance = 2.0 * own.size / spikes.duration * window if own.size else 0.0
        if own.size + given.size and chance < 1.0:
            surplus = match(own, given, window) - chance * given.size
            found[k] = 2.0 * surplus / (own.size + given.size) / (1.0 - chance)
    return found


@answers_calls
@explained
def van_rossum(spikes: Spikes, target: Spikes, tau: float = 10.0) -> np.ndarray:
    """Return the squared distance of van Rossum, of each cell from its target: 0 for equal trains.

    ``D^2 = 1 / tau * integral of (f - g)^2``, where f and g are the trains of which each spike is ``exp(-(t - t_i) / tau)``
    from its time on, forever. So a spike that is missing counts 1/2, and so does each of two that are far apart.

    Parameters
    ----------
    tau : float
        Time constant [ms], > 0: spikes that are much nearer than that are equal, those farther apart are unrelated.

    Returns
    -------
    array of float, shape (n,)
        Elephant's ``van_rossum_distance`` is the square root of twice this number.

    Examples
    --------
    >>> import brainsim as bs
    >>> target = bs.Spikes([100.0, 300.0], [0, 0], n=1, duration=1000.0)
    >>> spikes = bs.Spikes([100.0, 310.0], [0, 0], n=1, duration=1000.0)
    >>> bs.analysis.van_rossum(spikes, target, tau=10.0).round(3).tolist()
    [0.632]

    References
    ----------
    van Rossum (2001), doi:10.1162/089976601300014321.
    """
    from brainsim.analysis.spike_pairs import filtered

    label = "analysis.van_rossum"
    pairs, tau = _trains(spikes, target, label), number(tau, f"{label}.tau", "ms", above=0.0)
    found = np.zeros(spikes.n)
    for k, (own, given) in enumerate(pairs):
        times, signs = np.concatenate([own, given]), np.repeat([1.0, -1.0], [own.size, given.size])
        order = np.argsort(times, kind="stable")
        found[k] = filtered(times[order], signs[order], tau)
    return np.maximum(found, 0.0)


@answers_calls
@explained
def victor_purpura(spikes: Spikes, target: Spikes, cost: float = 0.1) -> np.ndarray:
    """Return the distance of Victor and Purpura of each cell: the least cost of turning one train into the other.

    A spike that is added or removed costs 1, one that is moved by t costs ``cost * t``. So it is the number of spikes in
    which the trains differ if `cost` is 0, and two spikes are paired if they are at most ``2 / cost`` apart. The time grows
    with the product of the numbers of spikes: 10,000 by 10,000 take about a second.

    Parameters
    ----------
    cost : float
        Of moving a spike [1/ms], >= 0.

    Returns
    -------
    array of float, shape (n,)

    Examples
    --------
    >>> import brainsim as bs
    >>> target = bs.Spikes([100.0, 300.0], [0, 0], n=1, duration=1000.0)
    >>> spikes = bs.Spikes([105.0], [0], n=1, duration=1000.0)
    >>> bs.analysis.victor_purpura(spikes, target, cost=0.1).tolist()
    [1.5]

    References
    ----------
    Victor & Purpura (1996), doi:10.1152/jn.1996.76.2.1310.
    """
    label = "analysis.victor_purpura"
    pairs, cost = _trains(spikes, target, label), number(cost, f"{label}.cost", at_least=0.0)
    return np.array([_cost_of_moving(own, given, cost) for own, given in pairs])


@answers_calls
def md_star(spikes: Spikes, target: Spikes, window: float = 4.0) -> float:
    """Return Md*, by which repeats of a model are compared with repeats of a recording: 1 if both have the same rates.

    ``Md* = 2 <S, T> / (|S|^2 + |T|^2)``, where <S, T> is the mean over all pairs of a repeat of the model and one of the
    recording of the number of their spikes at most `window` apart, and |T|^2 the same over pairs of two different repeats of
    the recording. To compare a repeat with itself would count chance as
    reliability, so that few repeats would look better than many.

    Parameters
    ----------
    spikes : Spikes
        Of the model; each "cell" is a repeat with the same input. One repeat is that of a model without noise, whose
        repeats are all the same.
    target : Spikes
        Of the recording, two repeats or more.
    window : float
        Largest distance of two spikes that coincide [ms], > 0.

    Returns
    -------
    float
        0 without any coincidence. As it is estimated without bias, from few repeats it may lie above 1. NaN if neither the
        model nor the recording has a coincidence of two repeats.

    Raises
    ------
    TypeError, ValueError
        If these are not Spikes, the recording has less than two repeats or the model none, or `window` is out of its range.

    Examples
    --------
    >>> import brainsim as bs
    >>> target = bs.Spikes([100.0, 300.0, 102.0, 500.0], [0, 0, 1, 1], n=2, duration=1000.0)
    >>> model = bs.Spikes([101.0], [0], n=1, duration=1000.0)
    >>> bs.analysis.md_star(model, target)
    1.0

    References
    ----------
    Naud, Gerhard, Mensi & Gerstner (2011), doi:10.1162/NECO_a_00208.
    """
    label = "analysis.md_star"
    for given, name, least in ((spikes, "spikes", 1), (target, "target", 2)):
        if check_spikes(given, f"{label}.{name}").n < least:
            raise ValueError(f"{label}.{name}: must have {least} or more repeats, a cell for each (got {given.n})")
    window = number(window, f"{label}.window", "ms", above=0.0)
    model, data = _of_cells(spikes), _of_cells(target)
    norms = _mean_coincidences(model, model, window, spikes.n > 1) + _mean_coincidences(data, data, window, True)
    return 2.0 * _mean_coincidences(model, data, window, False) / norms if norms else float("nan")


def _trains(spikes, target, label):
    """Return the sorted times of each cell in both, after checks."""
    check_spikes(spikes, f"{label}.spikes")
    check_spikes(target, f"{label}.target")
    if spikes.n != target.n:
        raise ValueError(f"{label}.target: must have a train for each of the {spikes.n} cells (got {target.n})")
    return list(zip(_of_cells(spikes), _of_cells(target), strict=True))


def _of_cells(spikes):
    """Return the sorted times of each cell."""
    order = order_by_cell(spikes.ids, spikes.n)
    trains = np.split(spikes.times[order], np.cumsum(np.bincount(spikes.ids, minlength=spikes.n))[:-1]) if spikes.n else []
    return [np.sort(train) for train in trains]


def _cost_of_moving(a, b, cost):
    """Return the distance of two sorted trains; each row of the table is the least cost up to a spike of the first."""
    row = up_to = np.arange(b.size + 1.0)
    for k, time in enumerate(a, 1):
        moved = row[:-1] + cost * np.abs(time - b)
        best = np.concatenate([[float(k)], np.minimum(row[1:] + 1.0, moved)])
        row = np.minimum.accumulate(best - up_to) + up_to  # or one more spike of the second is added
    return float(row[-1])


def _mean_coincidences(a, b, window, differ):
    """Return the mean number of pairs at most `window` apart, over all pairs of trains, or of different ones if a is b."""
    every, others = (np.sort(np.concatenate(trains)) for trains in (a, b))
    total = _near(every, others, window)
    if not differ:
        return total / (len(a) * len(b))
    return (total - sum(_near(train, train, window) for train in a)) / (len(a) * (len(a) - 1))


def _near(a, b, window):
    """Return the number of pairs of spikes of two sorted trains that are at most `window` apart."""
    return int((np.searchsorted(b, a + window, "right") - np.searchsorted(b, a - window, "left")).sum())
