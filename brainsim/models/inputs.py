"""The inputs of ``Network.stimulate``: `PoissonInput` and `CurrentInput`, frozen, with read-only copies of arrays."""

import typing
from dataclasses import KW_ONLY, Field, dataclass, fields
from typing import Any, ClassVar

import numpy as np

from brainsim.core.arrays import short_repr
from brainsim.core.checks import in_range, nearest, plain, read_only
from brainsim.models.synapses.checks import checked_synapse, checked_weight
from brainsim.models.values import Distribution

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from brainsim.models.base import Synapse
    from brainsim.models.values import ValueLike
    from brainsim.network.population import View


class Input:
    """Base of the inputs that ``Network.stimulate`` takes."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]  # every input is a dataclass
    is_current: ClassVar[bool] = False  # whether it adds to the injected current I_ext of its cells

    def __repr__(self) -> str:
        """Return the input as Python code, with long arrays abridged."""
        values = ", ".join(f"{f.name}={short_repr(v)}" for f in fields(self) if (v := getattr(self, f.name)) is not None)
        return f"{type(self).__name__}({values})"

    def check(self, view: "View") -> None:
        """Raise ValueError if an array does not have one value for each cell of `view`."""
        raise NotImplementedError

    def replaced(self, **changes: object) -> typing.Self:
        """Return a copy with other values: ``drive.replaced(rate=0.0)``."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in changes:
            if name not in values:
                raise TypeError(f"{type(self).__name__}: has no {name!r}{nearest(name, values)}")
        return type(self)(**(values | changes))

    def _check_cells(self, name, length, view):
        if length != view.n:
            raise ValueError(
                f"{type(self).__name__}.{name}: {length} values do not fit {view.name!r}, which has {view.n} "
                f"cells; give one number, or {view.n}"
            )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PoissonInput(Input):
    """Spikes at random times: each cell of the target receives an independent Poisson train.

    The number of events in a step is Poisson distributed with mean rate * dt; each acts as one event of the synapse. The
    train represents any number of independent sources whose rates sum to `rate`.

    Parameters
    ----------
    rate : float or array of shape (n,)
        Events per cell [Hz], >= 0; one rate for all cells of the target, or one for each.
    weight : float, array of shape (n,), or distribution
        Weight of an event, in the unit of the synapse (pA, nS or mV). A distribution gives each cell one weight, which all
        of its events share.
    synapse : Synapse
        The synapse at which the events arrive, e.g. ``Delta()``.

    Raises
    ------
    TypeError, ValueError
        If a value is not a number, is negative or not finite; by `check` if an array does not fit the target.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.PoissonInput(rate=20_000.0, weight=0.1, synapse=bs.Delta())
    PoissonInput(rate=20000.0, weight=0.1, synapse=Delta())
    """

    rate: float | np.ndarray
    weight: float | np.ndarray | Distribution
    synapse: "Synapse"

    if typing.TYPE_CHECKING:

        def __init__(self, *, rate: ArrayLike, weight: ValueLike, synapse: Synapse) -> None: ...

    def __post_init__(self) -> None:
        """Check the values and copy arrays."""
        rate = _flat(read_only(plain(self.rate, "Hz", "PoissonInput.rate")), "PoissonInput.rate")
        in_range(rate, "PoissonInput.rate", "Hz", at_least=0)
        synapse = checked_synapse(self.synapse, "PoissonInput.synapse")
        weight = _flat(checked_weight(self.weight, synapse, "PoissonInput.weight"), "PoissonInput.weight")
        self.__dict__.update(rate=rate, weight=weight)

    def check(self, view: "View") -> None:
        """Raise ValueError if the rates or weights are an array of another length than `view`."""
        for name in ("rate", "weight"):
            if isinstance(value := getattr(self, name), np.ndarray):
                self._check_cells(name, value.size, view)


@dataclass(frozen=True, eq=False, repr=False)
class CurrentInput(Input):
    """A current into each cell of the target, constant or piecewise constant; it adds to the term ``I`` of the equations.

    With `times`, amplitude[m] flows from times[m] until times[m + 1], and the last one from then on; before times[0] it is
    0 pA. The step from t_k to t_k + dt uses the value at t_k.

    Parameters
    ----------
    amplitude : float or array
        The current [pA]. Without `times`: a number, or shape (n,) for the n cells of the target. With m times: shape (m,),
        the same for all cells, or (m, n).
    times : array of shape (m,), optional
        When the current changes [ms], increasing, >= 0.

    Raises
    ------
    TypeError, ValueError
        If a value is not a finite number, times do not increase, or shapes differ; by `check` if n does not fit.

    Examples
    --------
    >>> import brainsim as bs
    >>> step = bs.CurrentInput([300.0, 0.0], times=[100.0, 400.0])
    >>> step
    CurrentInput(amplitude=[300.0, 0.0], times=[100.0, 400.0])
    """

    is_current: ClassVar[bool] = True

    amplitude: float | np.ndarray
    _: KW_ONLY
    times: np.ndarray | None = None

    if typing.TYPE_CHECKING:

        def __init__(self, amplitude: ArrayLike, *, times: ArrayLike | None = None) -> None: ...

    def __post_init__(self) -> None:
        """Check the values and copy arrays."""
        amplitude = read_only(plain(self.amplitude, "pA", "CurrentInput.amplitude"))
        if self.times is None:
            self.__dict__["amplitude"] = _flat(amplitude, "CurrentInput.amplitude")
            return
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

    def check(self, view: "View") -> None:
        """Raise ValueError if the amplitudes are for another number of cells than `view` has."""
        per_cell = 1 if self.times is None else 2
        if np.ndim(self.amplitude) == per_cell:
            self._check_cells("amplitude", np.shape(self.amplitude)[-1], view)


def _flat(value, label):
    """Return `value`, or raise ValueError if it is an empty array or one of two or more dimensions."""
    if np.ndim(value) > 1 or np.size(value) == 0:
        raise ValueError(f"{label}: must be one number or one per cell (got an array of shape {value.shape})")
    return value


def check_times(times, label):
    """Raise ValueError unless times are a one-dimensional array of numbers >= 0."""
    if times.ndim != 1:
        raise ValueError(f"{label}: must be a list of times (got an array of shape {times.shape})")
    in_range(times, label, "ms", at_least=0)
