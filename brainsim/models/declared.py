"""What a model class declares: its parameters and the initial values of its variables."""

import typing
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from brainsim.core.checks import check_unit, in_range, number, plain, read_only
from brainsim.equations.expressions.units import WEIGHT
from brainsim.equations.expressions.units import unit as parse_unit
from brainsim.models.changing import checked_signal, is_timed
from brainsim.models.curve import Curve
from brainsim.models.timed import TimedArray
from brainsim.models.values import Distribution


@dataclass(frozen=True)
class Parameter:
    """Default, unit, meaning and range of a parameter; what `parameter` returns.

    If it is `varying`, an instance may also give a TimedArray or an expression of the time, as for inputs.
    """

    default: Any
    unit: str
    meaning: str
    above: float | None = None
    at_least: float | None = None
    varying: bool = False

    def checked(self, value: Any, label: str, of: str = "cell") -> float | np.ndarray | Distribution | TimedArray | Curve:
        """Return `value` as float, array or distribution, or raise ValueError or TypeError; an array has one `of` each."""
        if self.called:
            return self._checked_called(value, label)
        if self.varying and (is_timed(value) or callable(value)):
            return checked_signal(value, label, self.unit, at_least=0.0 if self.at_least is None else self.at_least)
        if isinstance(value, TimedArray | Curve):
            kind, read = type(value).__name__, "name(t)" if isinstance(value, TimedArray) else "name(v)"
            raise TypeError(
                f"{label}: must be one number or one per {of} (got {value}); a parameter whose default is a {kind} "
                f"takes one, and equations read it as {read}"
            )
        if isinstance(value, Distribution):
            check_unit(value, self.unit, label)
            low = value.support[0]
            if (self.above is not None and low < self.above) or (self.at_least is not None and low < self.at_least):
                limit = self.at_least if self.above is None else self.above
                sign = ">=" if self.above is None else ">"
                raise ValueError(
                    f"{label}: must be {sign} {limit:g}{f' {self.unit}' * bool(self.unit)}, but {value} can be less; "
                    f"write Clipped({value}, low=...)"
                )
            return value
        value = plain(value, self.unit, label)
        if np.ndim(value) > 1:
            raise ValueError(f"{label}: must be one number or one per {of} (got an array of shape {value.shape})")
        if np.size(value) == 0:
            raise ValueError(f"{label}: must be one number or one per {of} (got an empty array)")
        shown = "" if WEIGHT in self.unit else self.unit
        in_range(value, label, shown, above=self.above, at_least=self.at_least)
        return read_only(value)

    @property
    def timed(self) -> bool:
        """Whether the value is a TimedArray, which equations read as ``name(t)``."""
        return isinstance(self.default, TimedArray)

    @property
    def called(self) -> bool:
        """Whether equations call it: a TimedArray, ``name(t)``, or a Curve, ``name(v)``."""
        return isinstance(self.default, TimedArray | Curve)

    def _checked_called(self, value, label):
        """Return a TimedArray or a Curve, what the default is; a number becomes a constant one."""
        kind = type(self.default)
        if not isinstance(value, kind):
            try:
                value = kind.constant(number(value, label, self.unit), self.default)
            except TypeError:
                unit = f" in {self.unit}" * bool(self.unit)
                raise TypeError(f"{label}: must be a {kind.__name__} or a number{unit} (got {value!r})") from None
        check_unit(value, self.unit, label)
        if kind is Curve and parse_unit(value.of, label) != parse_unit(self.default.of, label):
            of = [f"of={one.of!r}" if one.of else "without of=" for one in (self.default, value)]
            raise ValueError(f"{label}: must be a Curve {of[0]} (got one {of[1]})")
        in_range(value.values, label, self.unit, above=self.above, at_least=self.at_least)
        return value


@dataclass(frozen=True)
class Initial:
    """Initial value, unit and meaning of a state variable; what `initial` returns."""

    default: Any
    unit: str
    meaning: str


def parameter(
    default: float | Distribution | TimedArray | Curve,
    unit: str,
    meaning: str,
    *,
    above: float | None = None,
    at_least: float | None = None,
    varying: bool = False,
) -> Any:
    """Declare a parameter of a model class.

    Parameters
    ----------
    default : float, Distribution, TimedArray or Curve
        Value if the user gives none; of a distribution each cell draws its own. A TimedArray or a Curve stays one, and
        equations call it: ``name(t)``, ``name(v)``.
    unit : str
        ``"ms" "mV" "pA" "pF" "nS" "Hz" "um" "mM" "uM"``, an expression of these such as ``"nS/mV"``, ``"mV**2"`` or
        ``"mV/sqrt(ms)"``, or ``""`` for a plain number. In a rule of plasticity also ``"weight"``, the unit of the weights,
        whatever that is.
    meaning : str
        What it is, in a few words; shown in help, tables and axis labels.
    above, at_least : float, optional
        The value must be > `above`, >= `at_least`.
    varying : bool
        Whether a cell model may also be given a `TimedArray` or an expression of the time, ``rate="20 +
        15*sin(2*pi*t/125)"``, as `PoissonInput` explains. The threshold, the reset and the events may use such a parameter,
        but nothing else.

    Examples
    --------
    >>> import brainsim as bs
    >>> class Leaky(bs.Neuron):
    ...     equations = "dv/dt = -v/tau"
    ...     tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    ...     v: float = bs.initial(0.0, "mV", "membrane potential")
    >>> Leaky(tau=20.0)
    Leaky(tau=20.0)
    >>> Leaky(tau=-1.0)
    Traceback (most recent call last):
    ValueError: Leaky.tau: must be > 0 ms (got -1.0)
    """
    return Parameter(default, unit, meaning, above, at_least, varying)


if typing.TYPE_CHECKING:  # `init` says that a variable is not an argument of the model's constructor

    def initial(default: float | str | Distribution, unit: str, meaning: str, *, init: Literal[False] = False) -> Any:
        """Declare a state variable of a neuron class."""

else:

    def initial(default: float | str | Distribution, unit: str, meaning: str) -> Any:
        """Declare a state variable of a neuron class.

        Parameters
        ----------
        default : float, str or distribution
            Value at t = 0: a number, a distribution, or an expression of the parameters, of other variables, of lines of the
            equations and of ``dt``, e.g. ``"v_rest"``.
        unit, meaning : str
            As for `parameter`.

        Examples
        --------
        >>> import brainsim as bs
        >>> class Leaky(bs.Neuron):
        ...     equations = "dv/dt = (v_rest - v)/tau"
        ...     tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
        ...     v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
        ...     v: float = bs.initial("v_rest", "mV", "membrane potential")
        >>> list(Leaky.initials)
        ['v']
        """
        return Initial(default, unit, meaning)
