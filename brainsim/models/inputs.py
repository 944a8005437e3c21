"""The inputs of ``Network.stimulate``: `PoissonInput` and `CurrentInput`, frozen, with read-only copies of arrays."""

import typing
from dataclasses import KW_ONLY, Field, dataclass, fields
from typing import Any, ClassVar

import numpy as np

from brainsim.core.arrays import short_repr
from brainsim.core.checks import in_range, nearest, number, plain, read_only
from brainsim.core.hints import answers_calls
from brainsim.core.hooks import reject_misspelled
from brainsim.core.identity import Identified
from brainsim.models.changing import check_text, checked_signal, is_timed
from brainsim.models.synapses.usable import checked_synapse, checked_weight
from brainsim.models.timed import TimedArray
from brainsim.models.values import Distribution

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.models.base import Synapse
    from brainsim.models.rules import SomeCells
    from brainsim.models.values import ValueLike

    Signal = ArrayLike | TimedArray | str  # a number, one per cell, or what changes in time


class Input(Identified):
    """Base of the inputs that ``Network.stimulate`` takes; each acts in the steps from `start` until `stop`."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]  # every input is a dataclass
    is_current: ClassVar[bool] = False  # whether it adds to the injected current I_ext of its cells
    over_time: ClassVar[dict[str, str]] = {}  # fields that may change in time, and their units
    conditions: ClassVar[dict[str, tuple[str, ...]]] = {}  # what must hold of them, with the time step dt
    not_negative: ClassVar[tuple[str, ...]] = ()  # those that count as 0 at times at which they are negative

    start: float | None = None
    stop: float | None = None

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        reject_misspelled(cls, Input)

    @property
    def observed(self) -> tuple[str, str] | None:
        """What a `Trace` of the input records, and its unit: by default its first field that may change in time, if any."""
        return next(iter(self.over_time.items()), None)

    def __repr__(self) -> str:
        values = ", ".join(f"{f.name}={short_repr(v)}" for f in fields(self) if (v := getattr(self, f.name)) is not None)
        return f"{type(self).__name__}({values})"

    def check(self, view: "SomeCells") -> None:
        """Raise an error if an array does not have one value per cell, or an expression has names that `view` lacks."""
        for name, unit in self.over_time.items():
            value, label = getattr(self, name), f"{type(self).__name__}.{name}"
            if isinstance(value, str):
                check_text(value, label, unit, view)
            elif isinstance(value, TimedArray):
                value.check_cells(view.n, label, view.name)
            elif isinstance(value, np.ndarray) and value.ndim == 1:
                self._check_cells(name, value.size, view)

    def replaced(self, **changes: object) -> typing.Self:
        """Return a copy with other values: ``drive.replaced(rate=0.0)``."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in changes:
            if name not in values:
                raise TypeError(f"{type(self).__name__}: has no {name!r}{nearest(name, values)}")
        return type(self)(**(values | changes))

    def _check_window(self):
        label = type(self).__name__
        for name in ("start", "stop"):
            if getattr(self, name) is not None:
                self.__dict__[name] = number(getattr(self, name), f"{label}.{name}", "ms", at_least=0.0)
        if self.stop is not None and self.stop <= (self.start or 0.0):
            raise ValueError(f"{label}.stop: must be > {self.start or 0.0:g} ms, the start (got {self.stop:g})")

    def _check_cells(self, name, length, view):
        if length != view.n:
            raise ValueError(
                f"{type(self).__name__}.{name}: {length} values do not fit {view.name!r}, which has {view.n} "
                f"cells; give one number, or {view.n}"
            )


@answers_calls
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PoissonInput(Input):
    """Spikes at random times: each cell of the target receives an independent Poisson train.

    The number of events in a step is Poisson distributed with mean rate * dt; each acts as one event of the synapse. The
    train represents any number of independent sources whose rates sum to `rate`. A rate that changes in time holds over each
    step: an expression has its value at the middle of the step, a `TimedArray` that at its start.

    Parameters
    ----------
    rate : float, array of shape (n,), TimedArray, or str
        Events per cell [Hz], >= 0; one rate for all cells of the target, or one for each. A `TimedArray` has one column, or
        one for each cell. A string is an expression, written as in equations (``help(bs.Neuron)``), of the time ``t`` [ms],
        of parameters of the cells, of their index ``i`` in the target and of their positions ``x``, ``y``, ``z`` [um]:
        ``"20 + 15*sin(2*pi*8*t/1000)"``, or a bump that moves, ``"900*exp(-((x - 0.5*t)/40)**2)"``; ``bs.signals`` has
        functions for common ones. Numbers in it have any unit, names have theirs. Where it is negative, the rate is 0; it
        cannot be negative everywhere. A step has at most 1e9 events.
    weight : float, array of shape (n,), or distribution
        Weight of an event, in the unit of the synapse (pA, nS or mV). A distribution gives each cell one weight, which all
        of its events share.
    synapse : Synapse
        The synapse at which the events arrive, e.g. ``Delta()``.
    start, stop : float, optional
        The input acts from `start` until `stop` [ms]; by default from 0, forever. ``t`` counts from the start of the run.

    Raises
    ------
    TypeError, ValueError
        If a value is not a number, is negative or not finite; by `check` if an array or an expression does not fit the
        target. By a Simulation if a rate is too high for its time step. In a run, at the first step at which an expression
        is too high or not finite.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.PoissonInput(rate=20_000.0, weight=0.1, synapse=bs.Delta())
    PoissonInput(rate=20000.0, weight=0.1, synapse=Delta())
    >>> waves = bs.PoissonInput(rate="8000 + 6000*sin(2*pi*t/125)", weight=0.1, synapse=bs.Delta(), start=50.0, stop=300.0)
    """

    over_time: ClassVar[dict[str, str]] = {"rate": "Hz"}
    conditions: ClassVar[dict[str, tuple[str, ...]]] = {"rate": ("0.001*rate*dt <= 1e9",)}
    not_negative: ClassVar[tuple[str, ...]] = ("rate",)

    rate: float | np.ndarray | TimedArray | str
    weight: float | np.ndarray | Distribution
    synapse: "Synapse"
    start: float | None = None
    stop: float | None = None

    if typing.TYPE_CHECKING:

        def __init__(
            self, *, rate: Signal, weight: ValueLike, synapse: Synapse, start: float | None = None, stop: float | None = None
        ) -> None: ...

    def __post_init__(self) -> None:
        rate = checked_signal(self.rate, "PoissonInput.rate", "Hz", at_least=0)
        synapse = checked_synapse(self.synapse, "PoissonInput.synapse")
        if not hasattr(synapse, "arrival"):
            kind = type(synapse).__name__
            raise TypeError(f"PoissonInput.synapse: {kind} acts without spikes, so it takes no events; use a synapse")
        weight = one_per_cell(checked_weight(self.weight, synapse, "PoissonInput.weight"), "PoissonInput.weight")
        self.__dict__.update(rate=rate, weight=weight)
        self._check_window()

    def check(self, view: "SomeCells") -> None:
        """Raise an error if the rates or weights do not fit the cells of `view`."""
        super().check(view)
        if isinstance(self.weight, np.ndarray):
            self._check_cells("weight", self.weight.size, view)


@answers_calls
@dataclass(frozen=True, eq=False, repr=False)
class CurrentInput(Input):
    """A current into each cell of the target, constant or changing in time; it adds to the term ``I`` of the equations.

    With `times`, amplitude[m] flows from times[m] until times[m + 1], and the last one from then on; before times[0] it is
    0 pA. The current holds over each step: an expression has its value at the middle of the step, a `TimedArray` or `times`
    that at its start.

    Parameters
    ----------
    amplitude : float, array, TimedArray, or str
        The current [pA]. Without `times`: a number, shape (n,) for the n cells of the target, a `TimedArray`, or an
        expression such as ``"200*sin(2*pi*40*t/1000)"``, as for `PoissonInput`. With m times: shape (m,), the same for all
        cells, or (m, n).
    times : array of shape (m,), optional
        When the current changes [ms], increasing, >= 0.
    start, stop : float, optional
        The input acts from `start` until `stop` [ms]; by default from 0, forever. `times` and ``t`` count from the start of
        the run.

    Raises
    ------
    TypeError, ValueError
        If a value is not a finite number, times do not increase, or shapes differ; by `check` if n or an expression does
        not fit. In a run, at the first step at which an expression is not finite.

    Examples
    --------
    >>> import brainsim as bs
    >>> step = bs.CurrentInput([300.0, 0.0], times=[100.0, 400.0])
    >>> step
    CurrentInput(amplitude=[300.0, 0.0], times=[100.0, 400.0])
    >>> bs.CurrentInput("250 + 100*sin(2*pi*t/25)", stop=500.0)
    CurrentInput(amplitude='250 + 100*sin(2*pi*t/25)', stop=500.0)
    """

    is_current: ClassVar[bool] = True
    over_time: ClassVar[dict[str, str]] = {"amplitude": "pA"}

    amplitude: float | np.ndarray | TimedArray | str
    _: KW_ONLY
    times: np.ndarray | None = None
    start: float | None = None
    stop: float | None = None

    if typing.TYPE_CHECKING:

        def __init__(
            self, amplitude: Signal, *, times: ArrayLike | None = None, start: float | None = None, stop: float | None = None
        ) -> None: ...

    def __post_init__(self) -> None:
        self._check_window()
        if self.times is None:
            self.__dict__["amplitude"] = checked_signal(self.amplitude, "CurrentInput.amplitude", "pA")
            return
        if is_timed(self.amplitude):
            kind = "an expression" if isinstance(self.amplitude, str) else "a TimedArray"
            raise TypeError(f"CurrentInput.times: must be left out if the amplitude is {kind}, which says when it changes")
        amplitude = read_only(plain(self.amplitude, "pA", "CurrentInput.amplitude"))
        times = read_only(np.atleast_1d(plain(self.times, "ms", "CurrentInput.times")))
        check_times(times, "CurrentInput.times")
        if np.any(np.diff(times) <= 0):
            raise ValueError(
                "CurrentInput.times: must increase (got "
                f"{times[1:][np.diff(times) <= 0][0]:g} ms after an equal or later time)"
            )
        amplitude = read_only(np.atleast_1d(amplitude))
        if amplitude.ndim > 2 or amplitude.shape[0] != times.size:
            raise ValueError(
                f"CurrentInput.amplitude: must have the shape ({times.size},) or ({times.size}, cells), "
                f"one row per time (got {amplitude.shape})"
            )
        self.__dict__.update(times=times, amplitude=amplitude)

    def check(self, view: "SomeCells") -> None:
        """Raise an error if the amplitudes do not fit the cells of `view`."""
        if self.times is None:
            super().check(view)
        elif isinstance(self.amplitude, np.ndarray) and self.amplitude.ndim == 2:
            self._check_cells("amplitude", self.amplitude.shape[-1], view)


def one_per_cell(value, label):
    """Return `value`, or raise ValueError if it is an empty array or one of two or more dimensions."""
    if np.ndim(value) > 1 or np.size(value) == 0:
        raise ValueError(f"{label}: must be one number or one per cell (got an array of shape {value.shape})")
    return value


def check_times(times, label):
    """Raise ValueError unless times are a one-dimensional array of numbers >= 0."""
    if times.ndim != 1:
        raise ValueError(f"{label}: must be a list of times (got an array of shape {times.shape})")
    in_range(times, label, "ms", at_least=0)
