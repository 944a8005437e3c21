"""Sources of spikes: models of cells that only send spikes, at random or at listed times."""

import os
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from brainsim.core.checks import indices, plain, read_only
from brainsim.core.hints import answers_calls
from brainsim.models.base import Initial, Neuron, Parameter, initial, parameter
from brainsim.models.inputs import check_times
from brainsim.models.values import Uniform, Value
from brainsim.results.spikes import OF_A_CODE, Spikes

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Poisson(Neuron):
    """Sources of independent Poisson spike trains: in each step a cell fires with probability ``rate*dt``.

    A cell sends at most one spike a step; ``rate*dt`` must stay below 1. A rate that is an expression or a `TimedArray`
    changes in time, as that of `PoissonInput`.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(1000, bs.Poisson(rate=8.0), name="background")
    Population('background', 1000 Poisson)
    >>> bs.Population(1000, bs.Poisson(rate="20 + 15*sin(2*pi*8*t/1000)"), name="theta waves")
    Population('theta waves', 1000 Poisson)

    References
    ----------
    Softky & Koch (1993), doi:10.1523/JNEUROSCI.13-01-00334.1993 (how nearly Poisson cortical cells fire).
    """

    threshold = "rand() < 0.001*rate*dt"
    conditions = ("0.001*rate*dt <= 1",)
    spiking_source = True

    rate: Value = parameter(
        10.0, "Hz", "firing rate; where an expression of the time is negative, the rate is 0", at_least=0.0, varying=True
    )


class PoissonPool(Neuron):
    """Sources that each stand for a pool of independent Poisson sources, and send the spikes of all of them.

    In each step a cell sends a binomial number of spikes, ``binomial(sources, rate*dt)``: as many as `sources` cells of
    `Poisson` would send together. In results these are spikes of one cell at one time; each acts on the targets, and on
    synapses that learn, like any other. The mean of a step, ``sources*rate*dt``, is at most 100.

    Examples
    --------
    A thousand sources of 8 Hz onto each of ten cells, which share their spikes:

    >>> import brainsim as bs
    >>> pool = bs.Population(1, bs.PoissonPool(sources=1000, rate=8.0), name="pool")
    >>> cells = bs.Population(10, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> shared = net.connect(pool, cells, bs.AllToAll(), weight=0.1, delay=1.0, synapse=bs.Delta())
    >>> round(bs.simulate(net, 1000.0, seed=2).spikes["pool"].rate(), -3)
    8000.0

    References
    ----------
    Amit & Brunel (1997), doi:10.1093/cercor/7.3.237 (a thousand external synapses on each cell, as one Poisson train).
    """

    threshold = "sources > 0"
    spikes_per_step = "binomial(sources, 0.001*rate*dt)"
    spiking_source = True

    rate: Value = parameter(
        10.0, "Hz", "rate of each source; where an expression of the time is negative, it is 0", at_least=0.0, varying=True
    )
    sources: Value = parameter(100.0, "", "number of sources for which a cell stands, a whole number", at_least=1.0)


class PoissonWithDeadTime(Neuron):
    """Sources of Poisson spike trains with a dead time after each spike, like cells with a refractory time.

    In each step, a cell outside its dead time fires with probability ``p = dt/(1/rate - t_dead)``. An interval is ``t_dead``
    plus a waiting time of mean ``1/rate - t_dead``, which is exponential except for the time grid. The coefficient of
    variation is ``(1 - rate*t_dead)*sqrt(1 - p)``, 0.2755 at 90 Hz and 8 ms with dt = 0.1 ms.

    If the rate changes in time, as in `Poisson`, the hazard outside the dead time is ``1/(1/rate - t_dead)`` with the rate
    of the moment. No source is in its dead time at the start, so the rate is too high during the first few dead times.

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

    rate: Value = parameter(10.0, "Hz", "mean firing rate, dead time included", above=0.0, varying=True)
    t_dead: Value = parameter(2.0, "ms", "dead time", at_least=0.0)


class GammaRenewal(Neuron):
    """Sources of gamma renewal processes, more regular than Poisson: intervals are sums of `order` exponential times.

    A cell passes through stages at the rate ``order*rate`` and fires after `order` of them: the intervals have the density
    ``x**(order - 1) exp(-x order*rate)``, the mean ``1/rate`` and the coefficient of variation ``1/sqrt(order)``. The
    process starts in its stationary state. A cell completes at most one stage a step, so ``order*rate*dt`` must stay below
    1; the square of the coefficient of variation is too small by this fraction. If the rate changes in time, as in
    `Poisson`, the process is a gamma process in operational time, the integral of the rate.

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
    events = {"stage": ("rand() < order*0.001*rate*dt", "progress += 1/order")}
    conditions = ("order == floor(order)", "order*0.001*rate*dt <= 1")
    spiking_source = True

    rate: Value = parameter(10.0, "Hz", "mean firing rate", at_least=0.0, varying=True)
    order: Value = parameter(2.0, "", "order of the process: the number of stages; 1 is a Poisson process", at_least=1.0)

    progress: float = initial(Uniform(0.0, 1.0), "", "completed fraction of the interval's stages")


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class SpikeTrains:
    """Sources that send listed spikes, as the model of a population.

    Spike s is sent by cell ids[s] at times[s], rounded to the grid of dt, and arrives after the delay of the connection.
    Rounding is reported in a warning, except for spikes that `bs.encode` made.

    Parameters
    ----------
    times : array of shape (k,), list of arrays, dict, Spikes, str, or object of Neo or pynapple
        When the spikes are sent [ms], >= 0, in ascending order. Without `ids`: a list with the times of each cell or a dict
        {cell: times}, with times in any order; recorded spikes, as in ``SpikeTrains(result.spikes["cells"])``; a list of
        ``neo.SpikeTrain``, a ``neo.Segment``, or a ``pynapple.TsGroup``, whose units are converted; or the name of a file: a
        text with the time [ms] and the cell of a spike in each line (or columns named ``time`` and ``id`` in its first
        line), ``.npz`` with the arrays ``times`` and ``ids``, or ``.h5`` with one population in the layout of SONATA
        (needs h5py: ``pip install h5py``).
    ids : array of int, shape (k,), optional
        The cell of the population that sends each spike, from 0.

    Raises
    ------
    TypeError, ValueError
        If times are negative, not finite or not sorted, ids are not whole numbers >= 0, or lengths differ; by
        `check_cells`, which Population calls, if there is no such cell.

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

    times: np.ndarray
    ids: Any = None

    if typing.TYPE_CHECKING:

        def __init__(
            self,
            times: ArrayLike | Sequence[ArrayLike] | Mapping[int, ArrayLike] | Spikes | str | os.PathLike[str],
            ids: ArrayLike | None = None,
        ) -> None: ...

    spiking_source = True
    on_a_grid = True  # False for spikes of `bs.encode`: rounding them to the grid of dt needs no warning
    equations = ""
    parameters: ClassVar[dict[str, Parameter]] = {}
    initials: ClassVar[dict[str, Initial]] = {}

    def __post_init__(self) -> None:
        given_times, given_ids = self._times_and_ids()
        times = read_only(np.atleast_1d(plain(given_times, "ms", "SpikeTrains.times")))
        check_times(times, "SpikeTrains.times")
        ids = indices(given_ids, "SpikeTrains.ids")
        if np.any(np.diff(times) < 0):
            raise ValueError(
                "SpikeTrains.times: must be in ascending order; sort them, e.g. order = np.argsort(times), "
                "then SpikeTrains(times[order], ids[order])"
            )
        if ids.shape != times.shape:
            raise ValueError(f"SpikeTrains.ids: must have as many elements as times, {times.size} (got shape {ids.shape})")
        self.__dict__.update(times=times, ids=read_only(ids))

    def _times_and_ids(self):
        """Return the times of all spikes and the cells that send them, in the order of the times."""
        if isinstance(self.times, Spikes):
            if self.ids is not None:
                raise TypeError("SpikeTrains.ids: must be left out if times is a Spikes, which has ids")
            self.__dict__["on_a_grid"] = not vars(self.times).get(OF_A_CODE, False)
            return self.times.times, self.times.ids
        if self.ids is not None:
            return self.times, self.ids
        from brainsim.models.neurons.listed import times_and_ids

        if (found := times_and_ids(self.times)) is None:
            hint = (
                "one cell per time: SpikeTrains(times, ids); or write a list for each cell: SpikeTrains([[1.0, 7.5], [2]])"
            )
            raise TypeError(f"SpikeTrains.ids: missing; give {hint}")
        return found

    def __repr__(self) -> str:
        return f"SpikeTrains({self.times.size} spikes)"

    def check_cells(self, n: int, name: str) -> None:
        """Raise ValueError if a spike is of a cell that the population `name` of `n` cells does not have."""
        if self.ids.size and self.ids.max() >= n:
            raise ValueError(f"SpikeTrains.ids: {self.ids.max()} is beyond {name!r}, whose {n} cells are 0 to {n - 1}")
