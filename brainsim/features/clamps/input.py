"""Voltage clamp: the membrane potential of cells is held at a command potential."""

import typing
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from brainsim.core.hints import answers_calls
from brainsim.models.changing import checked_signal
from brainsim.models.inputs import Input
from brainsim.models.timed import TimedArray

if typing.TYPE_CHECKING:
    from brainsim.models.inputs import Signal
    from brainsim.models.rules import SomeCells


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class VoltageClamp(Input):
    """An ideal voltage clamp: ``v`` of the cells is the command potential in each step.

    At the start of each step ``v`` is set to the command; the cell then moves for one step, with all its channels and
    synapses, and the clamp brings it back. What it needs for that is the clamp current, ``(command - v)*c_m/dt``: positive
    inwards like an injected current, right to first order in dt, without the charge of a jump of the command. An expression
    has its value at the middle of the step, a `TimedArray` at its start. ``bs.Trace(cells, "name of the input")`` records
    it.

    Parameters
    ----------
    v : float, array of shape (n,), TimedArray, or str
        Command potential [mV], as the rate of `PoissonInput`: ``"-70 + where(t > 50, 30, 0)"``.
    start, stop : float, optional
        The clamp is on from `start` until `stop` [ms]; by default from 0, forever.

    Raises
    ------
    TypeError, ValueError
        If a value is not a number, or by `check` if it does not fit the target or cells have no ``v``.

    Notes
    -----
    A cell sends no spikes while it is clamped. At a command above the threshold, the reset of a model still acts on its
    other variables in each step, and the current is that of the reset: hold integrate-and-fire cells below threshold.
    Noise in the equation of ``v`` is part of the clamp current.

    Examples
    --------
    >>> import brainsim as bs
    >>> net, cells = bs.Network(seed=1), bs.Population(5, bs.HodgkinHuxley(), name="cells")
    >>> net.stimulate(cells, bs.VoltageClamp(bs.signals.steps([10.0, 30.0], [-20.0, -70.0], before=-70.0), stop=50.0))

    References
    ----------
    Hodgkin, Huxley & Katz (1952), doi:10.1113/jphysiol.1952.sp004716.
    """

    over_time: ClassVar[dict[str, str]] = {"v": "mV"}

    v: float | np.ndarray | TimedArray | str
    _: KW_ONLY
    start: float | None = None
    stop: float | None = None

    if typing.TYPE_CHECKING:

        def __init__(self, v: Signal, *, start: float | None = None, stop: float | None = None) -> None: ...

    @property
    def observed(self) -> tuple[str, str]:
        """What a `Trace` of the input records, and its unit: the clamp current of the step before."""
        return "current", "pA"

    def __post_init__(self) -> None:
        self.__dict__["v"] = checked_signal(self.v, "VoltageClamp.v", "mV")
        self._check_window()

    def check(self, view: "SomeCells") -> None:
        """Raise an error if the potentials do not fit the cells of `view`, or these have none."""
        for population, _ in view.parts:
            if "v" not in population.model.initials:
                raise ValueError(
                    f"VoltageClamp: {population.name!r} is of {type(population.model).__name__}, which has no variable 'v'"
                )
        super().check(view)
