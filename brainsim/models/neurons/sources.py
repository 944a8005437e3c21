"""Sources of random spikes: populations that only send. (Given spike times are `SpikeTrains`, with the inputs.)"""

from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.values import Uniform


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
