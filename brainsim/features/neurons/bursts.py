"""Sources whose spikes come together: bursts of one cell, and packets of a population."""

import typing
from typing import ClassVar

import numpy as np

from brainsim.core.checks import in_range, plain
from brainsim.models.base import Neuron, initial, parameter
from brainsim.models.curve import Curve
from brainsim.models.values import Uniform, Value, ValueLike, is_number

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

FIRST = "left > spikes - 0.5"  # whether no spike of a burst has been sent
RATE = parameter(
    1.0, "Hz", "rate of bursts; where an expression of the time is too small, there are none", above=0.0, varying=True
)
SPIKES = parameter(4.0, "", "spikes of a burst, a whole number", at_least=1.0)
INTERVAL = parameter(5.0, "ms", "between two spikes of a burst", above=0.0)
LONGEST, EARLIER = 4.0, 5.0  # by how many sigma a spike may be off its packet, and how much earlier it is drawn


class Bursts(Neuron):
    """Sources of bursts at random times: `spikes` spikes with `interval` between them, and a waiting time.

    From the first spike of a burst to that of the next one it is ``spikes*interval`` and a waiting time of mean
    ``1/rate - spikes*interval``, exponential except for the time grid: bursts do not overlap, `rate` is their mean rate, and
    a cell sends ``rate*spikes`` spikes a second. No cell is in a burst at the start, so rates are a little too high in the
    first few bursts. An interval that is not a multiple of dt is right on average, and so is a rate that changes in time.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.Bursts(rate=2.0, spikes=5, interval=4.0), name="bursting")
    Population('bursting', 100 Bursts)

    References
    ----------
    Lisman (1997), doi:10.1016/S0166-2236(96)10070-9 (bursts as a unit of information).
    """

    each_step = "wait = max(wait - dt, -dt)"
    threshold = "left > 0.5 and wait < 0.5*dt"
    reset = f"wait = interval + (0 if {FIRST} else wait); left -= 1"
    events: ClassVar[dict[str, tuple[str, str]]] = {
        "burst": (
            "left < 0.5 and wait < 0.5*dt and rand() < dt/(1/(0.001*rate) - spikes*interval)",
            "left = spikes; wait = dt",
        )
    }
    conditions = ("spikes == floor(spikes)", "interval >= dt", "0.001*rate*(spikes*interval + dt) <= 1")
    spiking_source = True

    rate: Value = RATE
    spikes: Value = SPIKES
    interval: Value = INTERVAL

    left: float = initial(0.0, "", "spikes of the burst that are still to be sent")
    wait: float = initial(0.0, "ms", "time to the next of them")


class RegularBursts(Neuron):
    """Sources of bursts at regular times: a burst begins each ``1/rate``, in each cell at another time.

    A burst has `spikes` spikes with `interval` between them. Cells begin anywhere in their period; for bursts of all cells
    at once write ``Population(..., initial={"phase": 0.0})``. If the rate changes in time, its integral grows by one from a
    burst to the next.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(100, bs.RegularBursts(rate=4.0, spikes=3, interval=10.0), name="rhythm")
    Population('rhythm', 100 RegularBursts)

    References
    ----------
    Lisman & Idiart (1995), doi:10.1126/science.7878473 (bursts in each cycle of a rhythm).
    """

    each_step = "wait = max(wait - dt, -dt); phase += 0.001*rate*dt"
    threshold = Bursts.threshold
    reset = Bursts.reset
    events: ClassVar[dict[str, tuple[str, str]]] = {"burst": ("phase >= 1", "phase -= 1; left = spikes; wait = dt")}
    conditions = Bursts.conditions
    spiking_source = True

    rate: Value = RATE
    spikes: Value = SPIKES
    interval: Value = INTERVAL

    left: float = initial(0.0, "", "spikes of the burst that are still to be sent")
    wait: float = initial(0.0, "ms", "time to the next of them")
    phase: float = initial(Uniform(0.0, 1.0), "", "share of the period that is over")


class PulsePackets(Neuron):
    """Packets of nearly synchronous spikes: each cell sends one spike in each packet, at a time of its own.

    Times scatter around that of the packet by a Gaussian with the standard deviation `sigma`. So a packet has as many
    spikes as the population has cells: a hundred sources are a packet of a = 100 spikes. Times are independent between
    cells and packets, and rounded to the grid of dt.

    Parameters
    ----------
    times : list of float
        When the packets come [ms], at least ``9*sigma`` from each other and from ``5*sigma`` on; by default 50, 150 and
        250 ms. A spike is off its packet by at most ``4*sigma``.

    Examples
    --------
    A packet of 50 spikes with a spread of 3 ms onto each of a hundred cells:

    >>> import brainsim as bs
    >>> packet = bs.Population(50, bs.PulsePackets(times=[100.0, 200.0], sigma=3.0), name="packet")
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> all_to_all = net.connect(packet, cells, bs.AllToAll(), weight=0.3, delay=1.0, synapse=bs.Delta())
    >>> bs.simulate(net, 250.0, seed=2).spikes["packet"].times.size
    100

    References
    ----------
    Diesmann, Gewaltig & Aertsen (1999), doi:10.1038/990101.
    """

    threshold = "sent > 0.5*dt and t > sent - 0.5*dt"
    reset = "sent = -dt"
    events: ClassVar[dict[str, tuple[str, str]]] = {
        "packet": (
            "packet(t) > packet(t - dt)",
            f"sent = packet(t + 0.5*sigma) + sigma*clip(randn(), -{LONGEST}, {LONGEST})",
        )
    }
    conditions = ("sigma >= dt",)
    spiking_source = True
    times: ClassVar[typing.Any] = (50.0, 150.0, 250.0)
    _options: ClassVar[tuple[str, ...]] = ("times",)

    sigma: float = parameter(2.0, "ms", "standard deviation of the times in a packet; in a run only smaller", above=0.0)
    packet: Curve = parameter(
        Curve([39.8, 40.0, 139.8, 140.0, 239.8, 240.0], [49.0, 50.0, 50.0, 150.0, 150.0, 250.0], of="ms"),
        "ms",
        "which packet is drawn at a time; follows from `times`",
    )

    sent: float = initial(-1.0, "ms", "when the next spike is sent, negative if it is not known")

    def __init__(self, *positional: object, times: "ArrayLike | None" = None, **values: ValueLike) -> None:
        name = type(self).__name__
        if positional or "packet" in values:
            given = repr(positional[0]) if positional else "packet"
            raise TypeError(f"{name}: parameters are given by name, {name}(times=[100.0, 200.0], sigma=2.0) (got {given})")
        at = np.atleast_1d(plain(self.times if times is None else times, "ms", f"{name}.times"))
        object.__setattr__(self, "times", tuple(at.tolist()))
        sigma = values.get("sigma", self.parameters["sigma"].default)
        if not is_number(sigma):
            raise TypeError(f"{name}.sigma: must be one number, the same in all cells (got {sigma!r})")
        sigma = float(typing.cast("float", self.parameters["sigma"].checked(sigma, f"{name}.sigma")))
        super().__init__(**values, packet=_drawn_at(at, sigma, name))


def _drawn_at(times, sigma, name):
    """Return the Curve that rises to the time of a packet before its first spike can come."""
    if times.ndim != 1 or times.size == 0:
        raise ValueError(f"{name}.times: must be a list of times (got an array of shape {times.shape})")
    in_range(times, f"{name}.times", "ms", at_least=0.0)
    if times[0] < EARLIER * sigma:
        first = f"{EARLIER:g}*sigma = {EARLIER * sigma:g} ms"
        raise ValueError(f"{name}.times: the first packet must be at {first} or later (got {times[0]:g} ms)")
    least = (LONGEST + EARLIER) * sigma
    if times.size > 1 and (near := np.flatnonzero(np.diff(times) < least * (1.0 - 1e-9))).size:
        k = near[0]
        raise ValueError(
            f"{name}.times: packets must be at least {LONGEST + EARLIER:g}*sigma = {least:g} ms apart, in ascending order "
            f"(got {times[k]:g} and then {times[k + 1]:g} ms); those that overlap are sent by two populations"
        )
    begin = times - EARLIER * sigma
    x = np.stack([begin - 0.1 * sigma, begin], axis=1).ravel()
    before = np.concatenate([[times[0] - 1.0], times[:-1]])
    return Curve(x, np.stack([before, times], axis=1).ravel(), of="ms")
