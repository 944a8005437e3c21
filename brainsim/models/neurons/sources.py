"""Sources of spikes: models of populations that only send, at random or at listed times."""

from dataclasses import dataclass

import numpy as np

from brainsim.core.checks import MAX_INDEX, indices, integer, plain, read_only
from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.inputs import check_times
from brainsim.models.values import Uniform
from brainsim.results.spikes import Spikes


class Poisson(Neuron):
    """Sources of independent Poisson spike trains: in each step a cell fires with probability ``rate*dt``.

    At most one spike a cell and step; the rate times dt must stay below 1.

    Parameters
    ----------
    rate : float
        Firing rate [Hz], >= 0; a number, one per cell, or a distribution.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(1000, bs.Poisson(rate=8.0), name="background")
    Population('background', 1000 Poisson)

    References
    ----------
    Softky & Koch (1993), doi:10.1523/JNEUROSCI.13-01-00334.1993 (how nearly Poisson cortical cells fire).
    """

    threshold = "rand() < 0.001*rate*dt"
    conditions = ("0.001*rate*dt <= 1",)
    spiking_source = True

    rate: float = parameter(10.0, "Hz", "firing rate", at_least=0.0)


class PoissonWithDeadTime(Neuron):
    """Sources of Poisson spike trains with a dead time after each spike, as of cells with a refractory time.

    In each step a cell that is free fires with probability ``p = dt/(1/rate - t_dead)``. Intervals are ``t_dead`` and a
    waiting time of mean ``1/rate - t_dead``, exponential but for the grid: their coefficient of variation is
    ``(1 - rate*t_dead)*sqrt(1 - p)``, 0.2755 at 90 Hz and 8 ms with dt = 0.1 ms.

    Parameters
    ----------
    rate : float
        Mean firing rate, dead time included [Hz], > 0; ``rate*t_dead`` below 1.
    t_dead : float
        Dead time [ms], >= 0.

    All sources are free at the start, so the rate is raised for the first few dead times.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(1000, bs.PoissonWithDeadTime(rate=50.0, t_dead=5.0), name="background")
    Population('background', 1000 PoissonWithDeadTime)

    References
    ----------
    Deger et al. (2012), doi:10.1007/s10827-011-0362-8.
    """

    threshold = "rand() < dt/(1/(0.001*rate) - t_dead)"
    refractory = "t_dead"
    conditions = ("0.001*rate*(t_dead + dt) <= 1",)
    spiking_source = True

    rate: float = parameter(10.0, "Hz", "mean firing rate", above=0.0)
    t_dead: float = parameter(2.0, "ms", "dead time", at_least=0.0)


class GammaRenewal(Neuron):
    """Sources of gamma renewal processes: each interval is a sum of `order` exponential times, more regular than Poisson's.

    A cell passes from stage to stage at ``order*rate`` and fires after `order` of them: the intervals have the density
    ``x**(order - 1) exp(-x order*rate)``, the mean ``1/rate`` and the coefficient of variation ``1/sqrt(order)``. It starts
    somewhere in the middle, as one that has run for ever. At most one stage a step: ``order*rate*dt`` must stay below 1, and
    the square of the coefficient of variation is smaller by this share.

    Parameters
    ----------
    rate : float
        Mean firing rate [Hz], >= 0.
    order : float
        Order of the process, a plain whole number >= 1; 1 is a Poisson process.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(1000, bs.GammaRenewal(rate=20.0, order=4), name="regular")
    Population('regular', 1000 GammaRenewal)

    References
    ----------
    Cox (1962), *Renewal Theory*; Deger et al. (2012), doi:10.1007/s10827-011-0362-8.
    """

    threshold = "progress >= 1"
    reset = "progress -= 1"
    events = {"stage": ("rand() < order*0.001*rate*dt", "progress += 1/order")}  # noqa: RUF012 - no one writes to it
    conditions = ("order == floor(order)", "order*0.001*rate*dt <= 1")
    spiking_source = True

    rate: float = parameter(10.0, "Hz", "mean firing rate", at_least=0.0)
    order: float = parameter(2.0, "", "number of stages", at_least=1.0)

    progress: float = initial(Uniform(0.0, 1.0), "", "share of the interval's stages that is done")


@dataclass(frozen=True, eq=False, repr=False)
class SpikeTrains:
    """Sources that send a given list of spikes: the model of a population, not of cells with a membrane.

    Spike number s is sent by cell ids[s] at times[s] and reaches its targets after the delay of the connection. A time is
    rounded to the grid of dt.

    Parameters
    ----------
    times : array of shape (k,), list of arrays, dict, or Spikes
        When the spikes are sent, ms, >= 0, in ascending order. Without `ids`: a list with the times of each cell, a dict
        {cell: times}, each in any order, or recorded spikes, as in ``SpikeTrains(result.spikes["cells"])``.
    ids : array of int, shape (k,), optional
        Which cell of the population sends them, from 0.

    Raises
    ------
    TypeError, ValueError
        Where times are negative, not finite or not sorted, ids are no whole numbers >= 0, or lengths differ; by
        `check_cells`, which Population calls, where there is no such cell.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(3, bs.SpikeTrains(times=[1.0, 2.5, 2.5], ids=[0, 2, 1]), name="input")
    Population('input', 3 SpikeTrains)
    >>> by_cell = bs.SpikeTrains([[1.0], [2.5], [2.5]])
    >>> by_cell.times.tolist(), by_cell.ids.tolist()
    ([1.0, 2.5, 2.5], [0, 1, 2])
    >>> bs.SpikeTrains({7: [3.0, 1.0]}).times.tolist()
    [1.0, 3.0]
    """

    times: object
    ids: object = None

    spiking_source = True
    equations = ""
    parameters = {}
    initials = {}

    def __post_init__(self):
        """Check the values and copy arrays."""
        times, ids = self._given()
        times = read_only(np.atleast_1d(plain(times, "ms", "SpikeTrains.times")))
        check_times(times, "SpikeTrains.times")
        ids = indices(ids, "SpikeTrains.ids")
        if np.any(np.diff(times) < 0):
            raise ValueError(
                "SpikeTrains.times: must be in ascending order; sort them, e.g. order = np.argsort(times), "
                "then SpikeTrains(times[order], ids[order])"
            )
        if ids.shape != times.shape:
            raise ValueError(f"SpikeTrains.ids: must be as many as times, {times.size} (got shape {ids.shape})")
        self.__dict__.update(times=times, ids=read_only(ids))

    def _given(self):
        """Return times and cells as they were given, those of a `Spikes` too."""
        if isinstance(self.times, Spikes):
            if self.ids is not None:
                raise TypeError("SpikeTrains.ids: must be left out where Spikes are given, which have their cells")
            return self.times.times, self.times.ids
        if self.ids is None and _by_cell(self.times):
            return _in_order(self.times)
        if self.ids is None:
            hint = "one cell per time: SpikeTrains(times, ids); or write lists, one a cell: SpikeTrains([[1.0, 7.5], [2]])"
            raise TypeError(f"SpikeTrains.ids: must be given, {hint}")
        return self.times, self.ids

    def __repr__(self):
        """Return the number of spikes."""
        return f"SpikeTrains({self.times.size} spikes)"

    def check_cells(self, n, name):
        """Raise ValueError where a spike is of a cell that the population `name` of `n` cells does not have."""
        if self.ids.size and self.ids.max() >= n:
            raise ValueError(f"SpikeTrains.ids: {self.ids.max()} is beyond {name!r}, whose {n} cells are 0 to {n - 1}")


def _by_cell(times):
    """Return whether times are a dict or a list with the times of each cell."""
    if isinstance(times, dict):
        return True
    some = times if isinstance(times, (list, tuple)) or getattr(times, "ndim", 0) else ()
    return len(some) > 0 and all(isinstance(one, (list, tuple)) or getattr(one, "ndim", 0) == 1 for one in some)


def _in_order(times):
    """Return times and cells of a dict or a list with the times of each cell, in the order of the times."""
    found, cells = [np.empty(0)], [np.empty(0, np.int64)]
    for cell, some in times.items() if isinstance(times, dict) else enumerate(times):
        found.append(np.atleast_1d(plain(some, "ms", f"SpikeTrains.times[{cell!r}]")))
        if found[-1].ndim != 1:
            raise ValueError(f"SpikeTrains.times[{cell!r}]: must be a list of times (got shape {found[-1].shape})")
        cells.append(np.full(found[-1].size, integer(cell, "SpikeTrains.times: a cell", at_least=0, at_most=MAX_INDEX)))
    together = np.concatenate(found)
    order = np.argsort(together, kind="stable")
    return together[order], np.concatenate(cells)[order]
