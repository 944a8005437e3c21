"""Numbers over time, read by name in equations."""

import numpy as np

from brainsim.core.checks import number, plain, read_only, unit_of, warn_user


class TimedArray:
    """Values that follow each other at a fixed interval, for use in equations: ``I_in(t)``.

    Value number k holds from k*dt to (k + 1)*dt; the last one stays for ever. A simulation with its own, shorter step reads
    the value at the start of each step and holds it over the step, like an injected current. A step that is longer than
    the interval would leave values out and is refused; an interval that is no multiple of the step is said in a warning,
    since each value then holds from the next step on. Where a model divides its step (``substeps``), a part counts as one.

    Parameters
    ----------
    values : array of float, shape (times,) or (times, cells)
        The values, in the unit of the parameter that they are given for, or quantities of another library, whose unit is
        then checked; with two dimensions, a column for each cell.
    dt : float
        The interval [ms], > 0.

    Raises
    ------
    TypeError, ValueError
        Where the values are no numbers or none at all, or have more than two dimensions, or dt is not above 0.

    Examples
    --------
    A parameter whose default is a TimedArray is read as ``name(t)``, of one column and of many alike:

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

    def __init__(self, values, dt):
        unit = unit_of(values, "TimedArray.values")
        values = plain(values, unit or "", "TimedArray.values")
        if np.ndim(values) not in (1, 2) or np.size(values) == 0:
            shape = np.shape(values)
            raise ValueError(f"TimedArray.values: must have the shape (times,) or (times, cells) (got the shape {shape})")
        self.__dict__.update(values=read_only(values), unit=unit, dt=number(dt, "TimedArray.dt", "ms", above=0.0))

    def __setattr__(self, key, value):
        raise AttributeError("a TimedArray is frozen; make a new one")

    def __eq__(self, other):
        return type(other) is TimedArray and self.dt == other.dt and np.array_equal(self.values, other.values)

    def __hash__(self):
        return hash((self.dt, self.values.shape, self.values.tobytes()))

    def __repr__(self):
        cells = f" for {self.values.shape[1]} cells" if self.per_cell else ""
        return f"<TimedArray: {len(self.values)} values every {self.dt:g} ms{cells}>"

    @property
    def per_cell(self):
        """Whether there is a column for each cell."""
        return self.values.ndim == 2

    def check_cells(self, n, where, name):
        """Raise ValueError unless there is one column for all, or one for each of the `n` cells of `name`."""
        if self.per_cell and self.values.shape[1] != n:
            raise ValueError(f"{where}: {name!r} has {n} cells, but the TimedArray has {self.values.shape[1]} columns")

    def check_step(self, step, where):
        """Raise ValueError where a time step [ms] is longer than the interval; warn where it does not divide it."""
        steps = self.dt / step
        if len(self.values) == 1 or abs(steps - max(round(steps), 1)) <= 1e-6 * steps:
            return
        if steps < 1.0:
            raise ValueError(
                f"{where}: the TimedArray has a value every {self.dt:g} ms, but the time step is {step:g} ms, so values "
                "would be left out; average them, or take a smaller dt"
            )
        warn_user(
            f"{where}: the TimedArray's {self.dt:g} ms are not a multiple of the time step, {step:g} ms; each value holds "
            "from the next step on"
        )
