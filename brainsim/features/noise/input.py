"""Noise currents: white noise, and noise with a correlation time."""

import typing
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from brainsim.core.checks import in_range, number, plain, read_only
from brainsim.core.hints import answers_calls
from brainsim.models.changing import checked_signal
from brainsim.models.inputs import Input, one_per_cell
from brainsim.models.timed import TimedArray

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.models.inputs import Signal
    from brainsim.models.rules import SomeCells


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class NoiseInput(Input):
    """A random current into each cell of the target: white noise, or an Ornstein-Uhlenbeck process if it has a `tau`.

    With `tau`, the current is ``mean + sigma*x`` with ``dx/dt = -x/tau + sqrt(2/tau)*xi``: its standard deviation is `sigma`
    and its autocorrelation ``exp(-|lag|/tau)``, from the start and exactly at any dt. Without, it is white noise of which
    the average over T ms has the standard deviation ``sigma*sqrt(1 ms/T)``, whatever dt is: in a step of dt the current
    has the standard deviation ``sigma*sqrt(1 ms/dt)``. A leaky membrane without spikes then fluctuates by ``sigma*sqrt(tau_m
    * 1 ms/2)/c_m`` around its mean. The current holds over each step.

    Parameters
    ----------
    sigma : float, array of shape (n,), TimedArray, or str
        Size of the noise [pA], >= 0, as above; it may change in time, as the rate of `PoissonInput`.
    mean : float, array of shape (n,), TimedArray, or str
        Mean current [pA].
    tau : float or array of shape (n,), optional
        Correlation time [ms], > 0; by default the noise is white.
    correlation : float
        Correlation of the noise of any two cells of the target, from 0, independent, to 1, the same for all.
    start, stop : float, optional
        The input acts from `start` until `stop` [ms]; by default from 0, forever.

    Raises
    ------
    TypeError, ValueError
        If a value is not a number or out of range; by `check` if an array or an expression does not fit the target.

    Examples
    --------
    >>> import brainsim as bs
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")
    >>> net.stimulate(cells, bs.NoiseInput(100.0, mean=250.0, tau=5.0))
    >>> net.stimulate(cells, bs.NoiseInput(50.0, correlation=0.3), name="white")

    Notes
    -----
    The numbers are functions of the seed, the name of the input, the cell and the step: the same for any number of threads.
    A State holds the current of an Ornstein-Uhlenbeck process, and `Simulation.set` of `sigma`, `mean` or `tau` keeps it.

    References
    ----------
    Gillespie (1996), doi:10.1103/PhysRevE.54.2084 (the exact update).
    """

    is_current: ClassVar[bool] = True
    over_time: ClassVar[dict[str, str]] = {"sigma": "pA", "mean": "pA"}
    not_negative: ClassVar[tuple[str, ...]] = ("sigma",)

    sigma: float | np.ndarray | TimedArray | str
    _: KW_ONLY
    mean: float | np.ndarray | TimedArray | str = 0.0
    tau: float | np.ndarray | None = None
    correlation: float = 0.0
    start: float | None = None
    stop: float | None = None

    if typing.TYPE_CHECKING:

        def __init__(
            self,
            sigma: Signal,
            *,
            mean: Signal = 0.0,
            tau: ArrayLike | None = None,
            correlation: float = 0.0,
            start: float | None = None,
            stop: float | None = None,
        ) -> None: ...

    @property
    def observed(self) -> tuple[str, str]:
        """What a `Trace` of the input records, and its unit: the current."""
        return "current", "pA"

    def __post_init__(self) -> None:
        sigma = checked_signal(self.sigma, "NoiseInput.sigma", "pA", at_least=0.0)
        mean = checked_signal(self.mean, "NoiseInput.mean", "pA")
        tau = self.tau
        if tau is not None:
            tau = one_per_cell(read_only(plain(tau, "ms", "NoiseInput.tau")), "NoiseInput.tau")
            in_range(tau, "NoiseInput.tau", "ms", above=0.0)
        correlation = number(self.correlation, "NoiseInput.correlation", at_least=0.0, at_most=1.0)
        self.__dict__.update(sigma=sigma, mean=mean, tau=tau, correlation=correlation)
        self._check_window()

    def check(self, view: "SomeCells") -> None:
        """Raise an error if a value does not fit the cells of `view`."""
        super().check(view)
        if isinstance(self.tau, np.ndarray):
            self._check_cells("tau", self.tau.size, view)
