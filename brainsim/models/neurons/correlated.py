"""Correlated Poisson trains: sources that copy spikes from a train that they have in common."""

from brainsim.models.base import Neuron, parameter
from brainsim.models.values import Value


class SingleInteraction(Neuron):
    """Poisson trains with a common source, all of whose spikes appear in every train (single-interaction process).

    Each train is a train of its own and the common one together. The spikes of the common train are those of all cells at
    once: correlations of every order. In steps of dt, in which a cell sends at most one spike, counts of any two cells have
    exactly the given correlation at any bin, and each cell fires with probability ``rate*dt``.

    Parameters
    ----------
    rate : float, array, TimedArray, or str
        Firing rate of each cell [Hz], >= 0, which may change in time as that of `Poisson`; ``rate*dt`` must stay below 1.
        Between cells of different rates the correlation is smaller.
    correlation : float
        Pairwise correlation of the counts, from 0, independent, to 1, identical.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.SingleInteraction(rate=10.0, correlation=0.1), name="background")
    Population('background', 100 SingleInteraction)

    References
    ----------
    Kuhn, Aertsen & Rotter (2003), doi:10.1162/089976603321043702.
    """

    # common events with probability a, and an event of its own with b: a + (1 - a)*b is rate*dt
    threshold = (
        "rand_all() < correlation*0.001*rate*dt/(1 - (1 - correlation)*0.001*rate*dt)"
        " or rand() < (1 - correlation)*0.001*rate*dt"
    )
    conditions = ("0.001*rate*dt <= 1", "correlation <= 1")
    spiking_source = True

    rate: Value = parameter(10.0, "Hz", "firing rate", at_least=0.0, varying=True)
    correlation: Value = parameter(0.1, "", "pairwise correlation", at_least=0.0)


class MultipleInteraction(Neuron):
    """Poisson trains that copy each spike of a common train with the same probability (multiple-interaction process).

    Each spike of the common train appears in a random part of the trains, about the share `correlation`: correlations of
    higher order are weaker than those of `SingleInteraction`. In steps of dt, in which a cell sends at most one spike,
    counts of any two cells have exactly the given correlation at any bin, and each cell fires with probability ``rate*dt``.

    Parameters
    ----------
    rate : float, array, TimedArray, or str
        Firing rate of each cell [Hz], >= 0, which may change in time as that of `Poisson`; ``rate*dt`` must stay below 1.
        Between cells of different rates the correlation is smaller.
    correlation : float
        Pairwise correlation of the counts, from 0, independent, to 1, identical.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.MultipleInteraction(rate=10.0, correlation=0.1), name="background")
    Population('background', 100 MultipleInteraction)

    References
    ----------
    Kuhn, Aertsen & Rotter (2003), doi:10.1162/089976603321043702.
    """

    # a copy with probability c = rate*dt + correlation*(1 - rate*dt), of common spikes with probability rate*dt/c
    threshold = (
        "rand_all()*(0.001*rate*dt + correlation*(1 - 0.001*rate*dt)) < 0.001*rate*dt"
        " and rand() < 0.001*rate*dt + correlation*(1 - 0.001*rate*dt)"
    )
    conditions = ("0.001*rate*dt <= 1", "correlation <= 1")
    spiking_source = True

    rate: Value = parameter(10.0, "Hz", "firing rate", at_least=0.0, varying=True)
    correlation: Value = parameter(0.1, "", "pairwise correlation", at_least=0.0)
