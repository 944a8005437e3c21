"""Listed events: `EventInput`, the input whose events have times and weights of their own."""

import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from brainsim.core.checks import in_range, indices, plain, read_only
from brainsim.core.hints import answers_calls
from brainsim.models.inputs import Input, check_times
from brainsim.models.synapses.usable import checked_synapse, checked_weight
from brainsim.models.values import Distribution

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.models.base import Synapse
    from brainsim.models.rules import SomeCells


@answers_calls
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class EventInput(Input):
    """Events at listed times, each with a weight of its own: each acts as a spike that arrives at its cell then.

    Unlike the spikes of `SpikeTrains` they need no source, no connection and no delay.

    Parameters
    ----------
    times : array of shape (k,)
        When the events act [ms], > 0, in any order, rounded to the grid of dt. One that is already past is left out.
    ids : array of int, shape (k,)
        The cell of each event, as its index in the target.
    weight : float or array of shape (k,)
        Of each event, in the unit of the synapse (pA, nS or mV).
    synapse : Synapse
        The synapse at which the events arrive.

    Raises
    ------
    TypeError, ValueError
        If times are not numbers > 0, ids not whole numbers >= 0, lengths differ, or a conductance is negative; by `check` if
        there is no such cell.

    Examples
    --------
    >>> import brainsim as bs
    >>> net, cells = bs.Network(seed=1), bs.Population(3, bs.LIF(), name="cells")
    >>> given = bs.EventInput(times=[5.0, 5.0, 8.0], ids=[0, 2, 0], weight=[4.0, 5.0, 20.0], synapse=bs.Delta())
    >>> net.stimulate(cells, given)
    >>> result = bs.simulate(net, 10.0, record=bs.Trace(cells, "v", every=5.0))
    >>> result.traces["cells", "v"].values[1], result.spikes["cells"].times
    (array([-61., -65., -60.]), array([8.]))
    """

    _check_weight: ClassVar[Callable[..., Any]] = staticmethod(checked_weight)

    times: np.ndarray
    ids: np.ndarray
    weight: float | np.ndarray
    synapse: "Synapse"

    if typing.TYPE_CHECKING:

        def __init__(self, *, times: ArrayLike, ids: ArrayLike, weight: ArrayLike, synapse: Synapse) -> None: ...

    def __post_init__(self) -> None:
        label = type(self).__name__
        times = np.atleast_1d(plain(self.times, "ms", f"{label}.times"))
        check_times(times, f"{label}.times")
        in_range(times, f"{label}.times", "ms", above=0.0)
        ids, synapse = indices(self.ids, f"{label}.ids"), checked_synapse(self.synapse, f"{label}.synapse")
        if ids.shape != times.shape:
            raise ValueError(f"{label}.ids: must have as many elements as times, {times.size} (got shape {ids.shape})")
        if not hasattr(synapse, "arrival"):
            raise TypeError(f"{label}.synapse: {type(synapse).__name__} acts without spikes, so it takes no events")
        weight = self._check_weight(self.weight, synapse, f"{label}.weight")
        if isinstance(weight, Distribution) or np.shape(weight) not in ((), times.shape):
            raise ValueError(f"{label}.weight: must be one number or one for each of {times.size} events (got {weight})")
        self.__dict__.update(times=read_only(times), ids=read_only(ids), weight=weight)

    def check(self, view: "SomeCells") -> None:
        """Raise ValueError if an event is at a cell that the target does not have."""
        if self.ids.size and self.ids.max() >= view.n:
            raise ValueError(
                f"{type(self).__name__}.ids: {self.ids.max()} is beyond {view.name!r}, which has {view.n} cells"
            )
