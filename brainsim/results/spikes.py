"""The spikes of one population: their times and cells, and the most common statistics.

Intervals are open on the left and closed on the right, (t0, t1], here as in the engine: a step covers (t_k, t_k+1] and a
spike in it has the time t_k+1. So each spike of a run is in exactly one of its two halves. A spike within rounding error
of an edge is on the edge, because 3 * 0.1 is not 0.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from brainsim.core.arrays import choose_cells, freeze, freeze_copy, order_by_cell, plural, same_fields, smooth
from brainsim.core.checks import MAX_INDEX, integer, number
from brainsim.core.docstrings import needs
from brainsim.core.doors import optional, show_by
from brainsim.core.hints import Answering, answers_calls
from brainsim.results.colours import place_of, set_place

if TYPE_CHECKING:
    import pandas
    from numpy.typing import ArrayLike

OF_A_CODE = "_of_a_code"  # marks the spikes that `bs.encode` makes: their times lie on no grid
ENOUGH = 20  # spikes of a cell for a CV: that of a Poisson process is then 7 % too small on average
ROUNDING = 1e-9  # relative, or in ms below 1 ms: far below any time step, far above the rounding error of k * dt


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class Spikes(Answering):
    """The spikes of one population, read-only and sorted by time, then by cell.

    Parameters
    ----------
    times : array of float, shape (spikes,)
        Time of each spike [ms].
    ids : array of int, shape (spikes,)
        Cell that fired each spike, 0 to n - 1: of ``result.spikes["name"]`` counted within the population, as by
        `SynapseTable.pre_cells`; ``SynapseTable.pre`` counts within what was connected.
    n : int
        Number of cells, including silent ones.
    duration : float
        Length of the recording [ms].
    start : float
        Start of the recording [ms]; it covers (start, start + duration].
    name : str
        Name of the population.

    Raises
    ------
    TypeError
        If an array does not hold numbers of its type.
    ValueError
        If the arrays differ in length, or a cell or a time is outside the recording.

    Examples
    --------
    >>> import brainsim as bs
    >>> spikes = bs.Spikes([1.0, 3.0, 5.0], [0, 1, 0], n=2, duration=10.0, name="cells")
    >>> spikes
    Spikes of 'cells': 3 spikes of 2 cells in 10 ms, 150 Hz
    """

    times: np.ndarray
    ids: np.ndarray
    n: int
    duration: float
    start: float = 0.0
    name: str = ""

    if TYPE_CHECKING:  # lists are accepted too, the attributes are arrays

        def __init__(
            self, times: ArrayLike, ids: ArrayLike, n: int, duration: float, start: float = 0.0, name: str = ""
        ) -> None: ...

    def __post_init__(self) -> None:
        times, ids = freeze_copy(self.times, np.float64, "Spikes.times"), freeze_copy(self.ids, np.int64, "Spikes.ids")
        checked = {
            "n": integer(self.n, "Spikes.n", at_least=0),
            "name": str(self.name),
            "duration": number(self.duration, "Spikes.duration", "ms", at_least=0.0),
            "start": number(self.start, "Spikes.start", "ms"),
        }
        vars(self).update(checked)
        self._check(times, ids)
        later, same = times[1:] > times[:-1], times[1:] == times[:-1]
        if not (later | (same & (ids[1:] >= ids[:-1]))).all():
            order = np.lexsort((ids, times))
            times, ids = freeze(times[order]), freeze(ids[order])
        vars(self).update(times=times, ids=ids)

    def _check(self, times, ids):
        if times.ndim != 1 or times.shape != ids.shape:
            raise ValueError(f"Spikes.ids: must be one cell per time (got shapes {ids.shape} and {times.shape})")
        if times.size == 0:
            return
        if ids.min() < 0 or ids.max() >= self.n:
            bad = ids[(ids < 0) | (ids >= self.n)][0]
            raise ValueError(f"Spikes.ids: must be 0 to {self.n - 1} (got {bad})")
        start, stop = self.start - rounding(self.start), self.stop + rounding(self.stop)
        if not (times.min() >= start and times.max() <= stop):
            bad = times[~((times >= start) & (times <= stop))][0]
            raise ValueError(f"Spikes.times: must be {self.start:g} to {self.stop:g} ms (got {bad})")

    @property
    def stop(self) -> float:
        """End of the recording [ms]."""
        return self.start + self.duration

    @property
    def cells(self) -> np.ndarray:
        """Which cells 0 to n - 1 are, int64, shape (n,): of a part that `of` returned, their indices in the whole."""
        return vars(self).get("_cells", np.arange(self.n))

    def __len__(self) -> int:
        return self.times.size

    def __getitem__(self, key: object) -> NoReturn:
        """Raise TypeError: what an index means, a spike or a cell, would be a guess."""
        cell = key if isinstance(key, int) else 0
        raise TypeError(f"Spikes: cannot be indexed; spikes.per_cell()[{cell}] are the times of a cell")

    def __eq__(self, other: object) -> bool:
        """Return whether everything is equal to the last bit."""
        return same_fields(self, other) if isinstance(other, Spikes) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        of = f" of {self.name!r}" if self.name else ""
        return (
            f"Spikes{of}: {plural(len(self), 'spike')} of {plural(self.n, 'cell')} in {self.duration:,.6g} ms, "
            f"{self.rate():.3g} Hz"
        )

    _repr_html_ = show_by("HTML of spikes")

    def counts(self) -> np.ndarray:
        """Return the number of spikes of each cell, int64, shape (n,)."""
        return np.bincount(self.ids, minlength=self.n)

    def rate(self) -> float:
        """Return the mean firing rate per cell [Hz]; NaN without cells or without time."""
        return 1000.0 * len(self) / (self.n * self.duration) if self.n and self.duration else math.nan

    def rates(self) -> np.ndarray:
        """Return the firing rate of each cell [Hz], shape (n,)."""
        return 1000.0 * self.counts() / self.duration if self.duration else np.full(self.n, np.nan)

    def isi(self) -> np.ndarray:
        """Return all intervals between successive spikes of a cell [ms], cell by cell, in order of time."""
        return self._intervals[1].copy()

    def cv(self, least: int | None = None) -> float:
        """Return the coefficient of variation of the intervals, averaged over cells with enough spikes.

        It is 1 for a Poisson process and 0 for a clock. Few spikes make it too small, because a short recording misses the
        long intervals: for a Poisson process it is 0.5 on average over cells with 3 spikes, 0.86 with 10, 0.93 with 20 and
        0.97 with 50. Therefore a cell counts by default if it has 20 spikes or more, and the mean is NaN if less than half
        of the cells that fired have that many, because those that fire fastest say little about the others.

        Parameters
        ----------
        least : int, optional
            Smallest number of spikes of a cell that counts, 3 or more. If it is given, the mean is over all cells with that
            many spikes, and NaN only if there are none.

        Examples
        --------
        >>> import brainsim as bs
        >>> spikes = bs.Spikes([1.0, 2.0, 3.0, 4.0, 5.0, 8.0], [0, 1, 0, 1, 0, 1], n=3, duration=10.0)
        >>> spikes.cvs()
        array([0.        , 0.33333333,        nan])
        >>> spikes.cv(), round(spikes.cv(least=3), 3)
        (nan, 0.167)
        """
        return pooled_cv([self], least)

    def cvs(self, least: int = 3) -> np.ndarray:
        """Return each cell's coefficient of variation, shape (n,): standard deviation over mean of its intervals.

        The standard deviation divides by the number of intervals (as `scipy.stats.variation` and Elephant do). Few
        intervals make the value too small, see `cv`: published protocols use a larger `least` and a minute or more.

        Parameters
        ----------
        least : int
            Smallest number of spikes, 3 or more; cells with fewer get NaN.
        """
        least = integer(least, "Spikes.cvs.least", at_least=3)
        return np.where(self.counts() < least, np.nan, self._cvs)

    def synchrony(self, bin: float = 3.0) -> float:
        """Return the variance divided by the mean of the number of spikes of all cells in bins of `bin` ms.

        It is 1 for independent Poisson processes (1 - 1/b in a recording of b bins), smaller for clocks, and larger if cells
        fire together. It grows with the number of cells that do: compare equal numbers,
        ``spikes.of(slice(1000)).synchrony()``. An incomplete last bin is not counted. NaN without spikes or with fewer than
        two bins. Potjans and Diesmann (2014), doi:10.1093/cercor/bhs358.

        Parameters
        ----------
        bin : float
            Width of the bins [ms].

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.Spikes([1.0, 2.0, 3.0, 7.0], [0, 1, 2, 0], n=3, duration=10.0).synchrony(bin=5.0)
        0.5
        """
        bin = number(bin, "Spikes.synchrony.bin", "ms", above=0.0)
        reject_short(bin, self.duration, "Spikes.synchrony.bin")
        bins = math.floor(self.duration / bin * (1 + ROUNDING))
        counts = self._bin(bin)[1][:bins]
        return float(counts.var() / counts.mean()) if bins > 1 and counts.any() else math.nan

    def between(self, t0: float | None = None, t1: float | None = None) -> Spikes:
        """Return the spikes of the window (t0, t1].

        `start` and `duration` of the result are those of the window within the recording, so its rates are correct.

        Parameters
        ----------
        t0, t1 : float, optional
            Start and end of the window [ms], by default those of the recording.

        Raises
        ------
        ValueError
            If the window is empty or does not overlap the recording.

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.Spikes([1.0, 3.0, 5.0], [0, 1, 0], n=2, duration=10.0).between(3.0).times
        array([5.])
        """
        t0 = self.start if t0 is None else number(t0, "Spikes.between.t0", "ms")
        t1 = self.stop if t1 is None else number(t1, "Spikes.between.t1", "ms")
        if t1 <= t0:
            raise ValueError(f"Spikes.between.t1: must be > {t0:g} ms, the start of the window (got {t1:g})")
        if t0 >= self.stop or t1 <= self.start:
            raise ValueError(f"Spikes.between: must overlap {self.start:g} to {self.stop:g} ms (got {t0:g} to {t1:g})")
        start, stop = np.searchsorted(self.times, [t0 + rounding(t0), t1 + rounding(t1)], side="right")
        start, t0, t1 = 0 if t0 <= self.start else start, max(t0, self.start), min(t1, self.stop)
        window = Spikes(self.times[start:stop], self.ids[start:stop], self.n, t1 - t0, t0, self.name)
        return self._hand_on_notes(window)

    def of(self, ids: slice | ArrayLike) -> Spikes:
        """Return the spikes of some cells, numbered 0, 1, ... in the order of `ids`, so that `rates` has a number for each.

        Their indices here are then in `cells`, as those of the columns of `Traces` are in ``Traces.ids``.

        Parameters
        ----------
        ids : slice, int, array of int or mask of n bools
            The cells, each once.

        Raises
        ------
        TypeError
            If `ids` is none of these.
        IndexError
            If a cell does not exist.
        ValueError
            If a cell is named twice.

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.Spikes([1.0, 3.0, 5.0], [0, 1, 0], n=2, duration=10.0).of([1, 0]).ids  # cell 1 becomes cell 0
        array([1, 0, 1])
        """
        chosen = choose_cells(ids, self.n, "Spikes.of")
        new_index = np.full(self.n, -1, dtype=np.int64)
        new_index[chosen] = np.arange(chosen.size)
        new = new_index[self.ids]
        kept = new >= 0
        times, ids = freeze(self.times[kept]), freeze(new[kept])
        part = self._hand_on_notes(Spikes(times, ids, chosen.size, self.duration, self.start, self.name))
        vars(part)["_cells"] = freeze(self.cells[chosen])
        return part

    def _hand_on_notes(self, part):
        """Return a subset that keeps its metadata: place and cells, and whether a code made them."""
        vars(part).update({note: vars(self)[note] for note in (OF_A_CODE, "_cells") if note in vars(self)})
        return set_place(part, place_of(self))

    def per_cell(self) -> list[np.ndarray]:
        """Return the spike times of each cell [ms]: a list of n sorted arrays, empty ones for silent cells.

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.Spikes([1.0, 3.0, 5.0], [0, 1, 0], n=3, duration=10.0).per_cell()
        [array([1., 5.]), array([3.]), array([], dtype=float64)]
        """
        if not self.n:
            return []
        times = freeze(self.times[order_by_cell(self.ids, self.n)])
        return np.split(times, np.cumsum(self.counts())[:-1])

    def histogram(self, bin: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Count the spikes of all cells in bins of `bin` ms.

        Parameters
        ----------
        bin : float
            Width of the bins [ms].

        Returns
        -------
        centres : array of float, shape (bins,)
            Middle of each bin [ms]. The last bin is shorter if `bin` does not divide the duration.
        counts : array of int, shape (bins,)
            Number of spikes in each bin; they sum to ``len(spikes)``.

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.Spikes([1.0, 3.0, 5.0], [0, 1, 0], n=2, duration=10.0).histogram(bin=5.0)
        (array([2.5, 7.5]), array([3, 0]))
        """
        edges, counts = self._bin(number(bin, "Spikes.histogram.bin", "ms", above=0.0))
        return (edges[1:] + edges[:-1]) / 2, counts

    def population_rate(self, bin: float = 1.0, sigma: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean rate per cell over time.

        Parameters
        ----------
        bin : float
            Width of the bins [ms].
        sigma : float, optional
            Standard deviation of a Gaussian that smooths the rate [ms]; its weights sum to 1 at the ends too.

        Returns
        -------
        times, rates : arrays of float, shape (bins,)
            Middle of each bin [ms] and the mean rate per cell in it [Hz].

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.Spikes([1.0, 3.0, 5.0], [0, 1, 0], n=2, duration=10.0).population_rate(bin=5.0)[1]
        array([300.,   0.])
        """
        bin = number(bin, "Spikes.population_rate.bin", "ms", above=0.0)
        edges, counts = self._bin(bin)
        seconds = np.diff(edges) / 1000.0
        if sigma is not None:
            samples = number(sigma, "Spikes.population_rate.sigma", "ms", above=0.0) / bin
            counts, seconds = smooth(counts, samples), smooth(seconds, samples)
        with np.errstate(invalid="ignore"):
            return (edges[1:] + edges[:-1]) / 2, counts / (self.n * seconds)

    @needs("pandas")
    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas DataFrame with a row for each spike, in order of time: columns ``time`` [ms] and ``cell``.

        Its ``attrs`` hold n, duration, start and name.

        Examples
        --------
        >>> import brainsim as bs; frame = bs.Spikes([10, 20], [0, 1], n=2, duration=30).to_frame()  # doctest: +SKIP
        """
        pandas = optional("pandas", "Spikes.to_frame")
        frame = pandas.DataFrame({"time": self.times, "cell": self.ids})
        frame.attrs.update(n=self.n, duration=self.duration, start=self.start, name=self.name)
        return frame

    @needs("neo")
    def to_neo(self) -> list[Any]:
        """Return a list of n ``neo.SpikeTrain`` from `start` to `stop` in ms, one for each cell, as Elephant takes them.

        Each is annotated with ``population`` and ``cell``. Elephant's bins are closed on the left, those of brainsim on the
        right: a spike exactly on an edge falls into the next bin there.

        Examples
        --------
        >>> import brainsim as bs; trains = bs.Spikes([10, 20], [0, 1], n=2, duration=30).to_neo()  # doctest: +SKIP

        References
        ----------
        Garcia et al. (2014), doi:10.3389/fninf.2014.00010 (Neo); Denker et al. (2018), doi:10.12751/incf.ni2018.0019
        (Elephant).
        """
        neo = optional("neo", "Spikes.to_neo")
        limits = {"t_start": self.start, "t_stop": self.stop, "units": "ms"}
        inside = [np.clip(train, self.start, self.stop) for train in self.per_cell()]  # rounding can put one just outside
        return [
            neo.SpikeTrain(times, **limits, name=f"{self.name}[{cell}]", population=self.name, cell=cell)
            for cell, times in enumerate(inside)
        ]

    @needs("pynapple")
    def to_pynapple(self) -> Any:
        """Return a ``pynapple.TsGroup`` of n cells, whose time support is the recording; pynapple's times are in seconds.

        Examples
        --------
        >>> import brainsim as bs; group = bs.Spikes([10, 20], [0, 1], n=2, duration=30).to_pynapple()  # doctest: +SKIP

        References
        ----------
        Viejo et al. (2023), doi:10.7554/eLife.85786.
        """
        nap = optional("pynapple", "Spikes.to_pynapple")
        support = nap.IntervalSet(start=self.start, end=self.stop, time_units="ms")
        seconds = [np.clip(train, self.start, self.stop) / 1000.0 for train in self.per_cell()]
        cells = {cell: nap.Ts(t=times, time_units="s") for cell, times in enumerate(seconds)}
        return nap.TsGroup(cells, time_support=support)

    def _bin(self, bin):
        """Return the edges of bins of `bin` ms and the number of spikes in each."""
        reject_short(bin, self.duration, "Spikes.bin")
        bins = max(math.ceil(self.duration / bin * (1 - ROUNDING)), 1)
        edges = np.append(self.start + bin * np.arange(bins), self.stop)
        before = np.searchsorted(self.times, edges + rounding(edges), side="right")
        before[0], before[-1] = 0, len(self)
        return edges, np.diff(before)

    def intervals_by_cell(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the cell and the length [ms] of each interval of `isi`."""
        owner, gaps = self._intervals
        return owner.copy(), gaps.copy()

    @cached_property
    def _intervals(self):
        """Cell and length [ms] of every interval, ordered by cell."""
        order = order_by_cell(self.ids, self.n)
        ids, times = self.ids[order], self.times[order]
        same = ids[1:] == ids[:-1]
        return ids[1:][same], np.diff(times)[same]

    @cached_property
    def _cvs(self):
        owner, gaps = self._intervals
        count = np.bincount(owner, minlength=self.n)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(owner, gaps, self.n) / count
            cvs = np.sqrt(np.bincount(owner, (gaps - mean[owner]) ** 2, self.n) / count) / mean
        cvs[count < 2] = np.nan
        return cvs


def pooled_cv(every, least=None):
    """Return the mean coefficient of variation over the cells of several `Spikes`, with the criterion of `Spikes.cv`."""
    cvs = np.concatenate([spikes.cvs(ENOUGH if least is None else least) for spikes in every] or [np.empty(0)])
    known = cvs[~np.isnan(cvs)]
    firing = sum(np.count_nonzero(spikes.counts()) for spikes in every)
    return float(known.mean()) if known.size and (least is not None or 2 * known.size >= firing) else math.nan


def rounding(time):
    """Return how far from an edge a time may be to count as on it [ms]."""
    return ROUNDING * np.maximum(np.abs(time), 1.0)


def reject_short(bin: float, duration: float, label: str) -> None:
    """Raise ValueError if more bins fit into a recording than can be counted."""
    if duration / bin > MAX_INDEX:
        raise ValueError(f"{label}: must be longer, since {duration:g} ms have at most 2**31 - 1 bins (got {bin:g} ms)")
