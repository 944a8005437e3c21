"""Numbers over time, which equations read by name."""

import typing

import numpy as np

from brainsim.core.checks import in_range, number, plain, read_only, unit_of, warn_user
from brainsim.core.hints import answers_calls

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

CLOSE = 1e-9  # steps by which a delay may exceed a multiple of the interval because of rounding


@answers_calls
class TimedArray:
    """Values at a fixed interval, for use in equations: ``I_in(t)``.

    Value k holds from k*dt to (k + 1)*dt, and the last one from then on. A simulation with a shorter step reads the value at
    the start of each step and holds it over the step, like an injected current. A step longer than the interval would skip
    values and is rejected. If the interval is not a multiple of the step, a warning says that each value holds from the next
    step on. In a model with ``substeps``, a part of the step counts as a step.

    Parameters
    ----------
    values : array of float, shape (times,) or (times, cells)
        The values, in the unit of the parameter that they set, or quantities of another library, whose unit is then checked;
        with two dimensions, one column for each cell.
    dt : float
        The interval [ms], > 0.

    Raises
    ------
    TypeError, ValueError
        If the values are not numbers, are empty or have more than two dimensions, or dt is not above 0.

    Examples
    --------
    Equations read a parameter whose default is a TimedArray as ``name(t)``, whether it has one column or many:

    >>> import numpy as np
    >>> import brainsim as bs
    >>> class Driven(bs.Neuron):
    ...     equations = "dv/dt = (-v + R*I_in(t))/tau"
    ...     tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    ...     R: float = bs.parameter(0.1, "mV/pA", "resistance")
    ...     I_in = bs.parameter(bs.TimedArray([0.0, 100.0], dt=50.0), "pA", "current over time")
    ...     v: float = bs.initial(0.0, "mV", "membrane potential")
    >>> noisy = bs.TimedArray(np.random.default_rng(1).normal(size=(1000, 20)), dt=1.0)
    >>> bs.Population(20, Driven(I_in=noisy), name="cells")
    Population('cells', 20 Driven)
    """

    values: np.ndarray
    unit: str | None
    dt: float

    def __init__(self, values: "ArrayLike", dt: float) -> None:
        unit = unit_of(values, "TimedArray.values")
        values = plain(values, unit or "", "TimedArray.values")
        if np.ndim(values) not in (1, 2) or np.size(values) == 0:
            shape = np.shape(values)
            raise ValueError(f"TimedArray.values: must have the shape (times,) or (times, cells) (got the shape {shape})")
        self.__dict__.update(values=read_only(values), unit=unit, dt=number(dt, "TimedArray.dt", "ms", above=0.0))

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError("a TimedArray is frozen; make a new one")

    def __eq__(self, other: object) -> bool:
        return type(other) is TimedArray and self.dt == other.dt and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash((self.dt, self.values.shape, self.values.tobytes()))

    def __repr__(self) -> str:
        cells = f" for {self.values.shape[1]} cells" if self.per_cell else ""
        return f"<TimedArray: {len(self.values)} values every {self.dt:g} ms{cells}>"

    @property
    def per_cell(self) -> bool:
        """Whether there is one column for each cell."""
        return self.values.ndim == 2

    def delayed(self, delay: "ArrayLike", before: float | None = None) -> "TimedArray":
        """Return the values later by a delay, or by one for each cell: ``s.delayed(5.0)`` is what others write s(t - 5).

        Parameters
        ----------
        delay : float or array of float, shape (cells,)
            By how much later each value begins [ms], >= 0. Between two values the later one is taken, so a delay that is not
            a multiple of the interval is rounded up to one.
        before : float, optional
            What holds until the first value begins; by default the first value.

        Returns
        -------
        TimedArray
            With a column for each cell if the delays are an array or this one has columns.

        Raises
        ------
        TypeError, ValueError
            If a delay is not a finite number >= 0, or there are not as many as columns.

        Examples
        --------
        A sound that reaches one ear 0.2 ms later than the other:

        >>> import numpy as np
        >>> import brainsim as bs
        >>> sound = bs.TimedArray([1.0, 2.0, 3.0, 4.0], dt=0.1)
        >>> sound.delayed([0.0, 0.2], before=0.0).values[:, 1]
        array([0., 0., 1., 2., 3., 4.])
        """
        steps = plain(delay, "ms", "TimedArray.delayed.delay")
        in_range(steps, "TimedArray.delayed.delay", "ms", at_least=0.0)
        if np.ndim(steps) > 1 or (self.per_cell and np.ndim(steps) and np.size(steps) != self.values.shape[1]):
            cells = f"{self.values.shape[1]} of them, as many as columns" if self.per_cell else "one for each cell"
            shape = np.shape(steps)
            raise ValueError(f"TimedArray.delayed.delay: must be a number or {cells} (got an array of shape {shape})")
        later = np.ceil(np.asarray(steps) / self.dt - CLOSE).astype(np.int64)
        values, most = self.values, int(np.max(later, initial=0))
        rows = np.arange(len(values) + most).reshape(-1, *[1] * max(np.ndim(later), values.ndim - 1)) - later
        columns = (np.arange(values.shape[1]),) if self.per_cell else ()
        found = values[(np.clip(rows, 0, len(values) - 1), *columns)]
        if before is not None:
            found = np.where(rows < 0, number(before, "TimedArray.delayed.before", self.unit or ""), found)
        new = TimedArray(found, self.dt)
        new.__dict__["unit"] = self.unit
        return new

    @classmethod
    def constant(cls, value: float, like: "TimedArray") -> "TimedArray":
        """Return a TimedArray that has one value at all times, with the interval of another one."""
        return cls([value], like.dt)

    def check_cells(self, n: int, label: str, name: str) -> None:
        """Raise ValueError unless there is one column for all cells, or one for each of the `n` cells of `name`."""
        if self.per_cell and self.values.shape[1] != n:
            raise ValueError(f"{label}: {name!r} has {n} cells, but the TimedArray has {self.values.shape[1]} columns")

    def check_step(self, step: float, label: str) -> None:
        """Raise ValueError if a time step [ms] is longer than the interval; warn if it does not divide the interval."""
        steps = self.dt / step
        if len(self.values) == 1 or abs(steps - max(round(steps), 1)) <= 1e-6 * steps:
            return
        if steps < 1.0:
            raise ValueError(
                f"{label}: the TimedArray has a value every {self.dt:g} ms, but the time step is {step:g} ms, so values "
                "would be skipped; average them, or use a smaller dt"
            )
        warn_user(
            f"{label}: the TimedArray's {self.dt:g} ms are not a multiple of the time step, {step:g} ms; each value holds "
            "from the next step on"
        )
