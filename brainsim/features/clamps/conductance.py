"""A conductance as an input: what a dynamic clamp injects, and what a recorded conductance does to a cell."""

import typing
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from brainsim.core.checks import number
from brainsim.core.hints import answers_calls
from brainsim.models.base import Synapse
from brainsim.models.changing import checked_signal
from brainsim.models.declared import parameter
from brainsim.models.inputs import Input
from brainsim.models.timed import TimedArray

if typing.TYPE_CHECKING:
    from brainsim.models.inputs import Signal


class HeldConductance(Synapse):
    """The receptor of a `ConductanceInput`: a conductance that stays as it is until it is set again."""

    equations = "dg/dt = 0"
    arrival = "g = g + w"
    current = "g*(e_rev - v)"
    weight_unit = "nS"
    e_rev: float = parameter(0.0, "mV", "reversal potential")


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class ConductanceInput(Input):
    r"""A conductance that is given over time, as a dynamic clamp injects it: the current ``g(t)*(e_rev - v)``.

    The cell's own method integrates it with the conductances of its synapses, and v within the step counts. An expression
    has its value at the middle of the step, a `TimedArray` at its start, and is held over the step. Where it is negative,
    it counts as 0.

    Parameters
    ----------
    g : float, array of shape (n,), TimedArray, or str
        Conductance [nS], as the rate of `PoissonInput`: ``"5 + 5*sin(2*pi*t/125)"``.
    e_rev : float
        Reversal potential [mV].
    start, stop : float, optional
        It acts from `start` until `stop` [ms]; by default from 0, forever.
    name : str, default "conductance"
        Name of its receptor: ``bs.Trace(cells, "conductance.current")`` records the current. Several of equal name and
        reversal potential add up.

    Raises
    ------
    TypeError, ValueError
        If a value is not a number, or by `check` if it does not fit the target.

    Examples
    --------
    Inhibition that shunts a cell for 100 ms:

    >>> import brainsim as bs
    >>> net, cells = bs.Network(seed=1), bs.Population(2, bs.LIF(), name="cells")
    >>> net.stimulate(cells, bs.CurrentInput(200.0))
    >>> net.stimulate(cells[:1], bs.ConductanceInput(20.0, e_rev=-65.0, start=100.0, stop=200.0))
    >>> bs.simulate(net, 300.0, seed=1).spikes["cells"].counts().tolist()
    [6, 10]

    References
    ----------
    Sharp et al. (1993), doi:10.1152/jn.1993.69.3.992; Robinson & Kawai (1993), doi:10.1016/0165-0270(93)90119-C.
    """

    over_time: ClassVar[dict[str, str]] = {"g": "nS"}
    not_negative: ClassVar[tuple[str, ...]] = ("g",)

    g: float | np.ndarray | TimedArray | str
    e_rev: float
    _: KW_ONLY
    start: float | None = None
    stop: float | None = None
    name: str = "conductance"

    if typing.TYPE_CHECKING:

        def __init__(
            self,
            g: Signal,
            e_rev: float,
            *,
            start: float | None = None,
            stop: float | None = None,
            name: str = "conductance",
        ) -> None: ...

    def __post_init__(self) -> None:
        self.__dict__["g"] = checked_signal(self.g, "ConductanceInput.g", "nS", at_least=0.0)
        self.__dict__["e_rev"] = number(self.e_rev, "ConductanceInput.e_rev", "mV")
        self.__dict__["synapse"] = HeldConductance(e_rev=self.e_rev, name=self.name)
        self._check_window()
