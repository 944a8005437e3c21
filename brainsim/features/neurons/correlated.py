"""Correlated Poisson trains: sources that copy spikes from a train that they have in common."""

import typing

from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.values import Value, ValueLike

# a copy with probability c = rate*dt + correlation*(1 - rate*dt), of common spikes with probability rate*dt/c
COPIED = (
    "rand_all()*(0.001*rate*dt + correlation*(1 - 0.001*rate*dt)) < 0.001*rate*dt"
    " and rand() < 0.001*rate*dt + correlation*(1 - 0.001*rate*dt)"
)

RATE = parameter(
    10.0,
    "Hz",
    "firing rate of each cell; between cells of different rates the correlation is smaller",
    at_least=0.0,
    varying=True,
)
CORRELATION = parameter(0.1, "", "pairwise correlation of the counts, from 0, independent, to 1, identical", at_least=0.0)


class SingleInteraction(Neuron):
    """Poisson trains with a common source, all of whose spikes appear in every train (single-interaction process).

    Each train is the union of a separate train and the common one. The spikes of the common train are those of all cells at
    once: correlations of every order. In steps of dt, in which a cell sends at most one spike, counts of any two cells have
    exactly the given correlation at any bin, and each cell fires with probability ``rate*dt``.

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

    rate: Value = RATE
    correlation: Value = CORRELATION


class MultipleInteraction(Neuron):
    """Poisson trains that copy each spike of a common train with the same probability.

    The multiple-interaction process: each spike of the common train appears in a random part of the trains, about the share
    `correlation`: correlations of higher order are weaker than those of `SingleInteraction`. In steps of dt, in which a
    cell sends at most one spike, counts of any two cells have exactly the given correlation at any bin, and each cell fires
    with probability ``rate*dt``.

    Parameters
    ----------
    jitter : float, optional
        Each copy comes later by a random time of this mean [ms], see `JitteredInteraction`; by default all come at once.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.MultipleInteraction(rate=10.0, correlation=0.1), name="background")
    Population('background', 100 MultipleInteraction)
    >>> bs.MultipleInteraction(rate=20.0, jitter=5.0)
    JitteredInteraction(rate=20.0)

    References
    ----------
    Kuhn, Aertsen & Rotter (2003), doi:10.1162/089976603321043702.
    """

    threshold = COPIED
    conditions = ("0.001*rate*dt <= 1", "correlation <= 1")
    spiking_source = True
    jitter: typing.ClassVar[typing.Any] = 0.0
    _options: typing.ClassVar[tuple[str, ...]] = ("jitter",)

    rate: Value = RATE
    correlation: Value = CORRELATION

    def __new__(cls, *positional: object, jitter: typing.Any = None, **values: ValueLike) -> typing.Self:
        """Return a JitteredInteraction if there is a jitter: its cells have a variable more."""
        # an expression or an array is an error or a jitter, which its own class tells
        none = jitter is None or (isinstance(jitter, int | float) and jitter == 0.0)
        return object.__new__(JitteredInteraction if cls is MultipleInteraction and not none else cls)  # type: ignore[return-value]

    def __init__(self, *positional: object, jitter: typing.Any = None, **values: ValueLike) -> None:
        if "jitter" in self.parameters and jitter is not None:
            values["jitter"] = jitter
        super().__init__(*positional, **values)


class JitteredInteraction(MultipleInteraction):
    """Poisson trains that copy spikes of a common train, each copy later by a random time: imprecise synchrony.

    As `MultipleInteraction`, but each copy waits for a random time, exponential with the mean `jitter`, before the cell
    sends it. Counts have the given correlation in bins that are long compared with the jitter, and the cross-correlation of
    two trains falls off as ``exp(-abs(lag)/jitter)/(2*jitter)``.

    A copy waits at least one step of dt, and a cell sends at most one spike a step. Nothing waits at the start, so rates are
    too low during the first few `jitter`. If the rate changes in time, the changes come later as well.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.JitteredInteraction(rate=10.0, correlation=0.1, jitter=5.0), name="background")
    Population('background', 100 JitteredInteraction)

    References
    ----------
    Kuhn, Aertsen & Rotter (2003), doi:10.1162/089976603321043702; Brette (2009), doi:10.1162/neco.2009.12-07-657 (copies
    with jitter, and their cross-correlation).
    """

    # waiting times without memory: it is enough to count the copies that wait
    threshold = "rand() < -expm1(-waiting*dt/jitter)"
    reset = "waiting -= 1"
    events: typing.ClassVar[dict[str, tuple[str, str]]] = {"copied": (COPIED, "waiting += 1")}
    _options = ()

    jitter: Value = parameter(5.0, "ms", "mean of the waiting times", above=0.0)  # type: ignore[misc]

    waiting: float = initial(0.0, "", "copies that wait")
