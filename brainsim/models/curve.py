"""A function given by points, which equations call by name."""

import typing

import numpy as np

from brainsim.core.checks import plain, read_only, unit_of
from brainsim.core.hints import answers_calls
from brainsim.equations.expressions.units import unit as parse_unit

if typing.TYPE_CHECKING:
    from numpy.typing import ArrayLike

MAX_POINTS = 1 << 20


@answers_calls
class Curve:
    """A function of one variable, given by points, for use in equations: ``m_inf(v)``.

    Between two points it is a straight line. Before the first point it has the value of the first, and beyond the last that
    of the last. All cells of a population have the same curve.

    Parameters
    ----------
    x : array of float, shape (points,)
        Where the function is known, increasing, at least two points, or quantities of another library.
    y : array of float, shape (points,)
        Its values there, in the unit of the parameter that they set, or quantities, whose unit is then checked.
    of : str
        Unit of `x`, as in `parameter`: ``"mV"``; by default that of plain numbers. What equations write in the brackets must
        have this unit.

    Raises
    ------
    TypeError, ValueError
        If x or y are not finite numbers, have different lengths or fewer than two points, x does not increase, or `of` is
        not a unit.

    Notes
    -----
    A parameter whose default is a Curve takes one, or a number, which becomes a constant. Curves are possible in all texts
    of neurons, in equations and currents of synapses, and in couplings; not in rules of plasticity. The slope of a curve
    jumps at its points, so `precise=True` and layers that learn refuse them. In a step of `exponential_euler` and
    `exponential_strang`, ``dm/dt = (m_inf(v) - m)/tau_m(v)`` is linear in m, so gates with tables are stable at any dt.

    Examples
    --------
    A gate whose steady state was measured:

    >>> import brainsim as bs
    >>> class Gated(bs.Neuron):
    ...     equations = '''
    ...         dv/dt = (g_l*(e_l - v) + g*m*(e - v) + I)/c_m
    ...         dm/dt = (m_inf(v) - m)/tau
    ...     '''
    ...     m_inf = bs.parameter(bs.Curve([-70.0, -50.0, -30.0], [0.0, 0.3, 1.0], of="mV"), "", "steady state of the gate")
    ...     tau: float = bs.parameter(5.0, "ms", "time constant of the gate", above=0.0)
    ...     c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    ...     g_l: float = bs.parameter(10.0, "nS", "leak", above=0.0)
    ...     g: float = bs.parameter(20.0, "nS", "largest conductance", at_least=0.0)
    ...     e_l: float = bs.parameter(-65.0, "mV", "reversal potential of the leak")
    ...     e: float = bs.parameter(-90.0, "mV", "reversal potential")
    ...     v: float = bs.initial("e_l", "mV", "membrane potential")
    ...     m: float = bs.initial("m_inf(v)", "", "gate")
    >>> measured = bs.Curve([-80.0, -60.0, -40.0], [0.0, 0.2, 0.9], of="mV")
    >>> bs.Population(20, Gated(m_inf=measured), name="cells")
    Population('cells', 20 Gated)
    >>> measured.at([-100.0, -50.0]).tolist()
    [0.0, 0.55]
    """

    x: np.ndarray
    y: np.ndarray
    of: str
    unit: str | None

    def __init__(self, x: "ArrayLike", y: "ArrayLike", of: str = "") -> None:
        parse_unit(of, "Curve.of")
        unit = unit_of(y, "Curve.y")
        x, y = np.asarray(plain(x, of, "Curve.x")), np.asarray(plain(y, unit or "", "Curve.y"))
        for name, values in (("x", x), ("y", y)):
            if values.ndim != 1 or not 2 <= values.size <= MAX_POINTS:
                message = f"must be a list of 2 to {MAX_POINTS} numbers (got an array of shape {values.shape})"
                raise ValueError(f"Curve.{name}: {message}")
        if x.size != y.size:
            raise ValueError(f"Curve.y: must have a value for each of the {x.size} points of x (got {y.size} values)")
        if (back := np.flatnonzero(np.diff(x) <= 0.0)).size:
            k = int(back[0])
            same = x[k] == x[k + 1]
            hint = "; for a jump, take two points close to each other" if same else "; sort both: order = np.argsort(x)"
            raise ValueError(f"Curve.x: must increase (got {x[k]:g} and then {x[k + 1]:g}, points {k} and {k + 1}){hint}")
        self.__dict__.update(x=read_only(x), y=read_only(y), of=of, unit=unit)

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError("a Curve is frozen; make a new one")

    def __eq__(self, other: object) -> bool:
        return type(other) is Curve and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        of = f" {self.of}" * bool(self.of)
        return f"<Curve: {self.x.size} points from {self.x[0]:g} to {self.x[-1]:g}{of}>"

    def _key(self):
        return self.x.tobytes(), self.y.tobytes(), self.of

    def at(self, x: "ArrayLike") -> np.ndarray:
        """Return the values of the function, with the bits that a simulation has.

        Parameters
        ----------
        x : array of float
            Where, in the unit `of`.

        Returns
        -------
        ndarray
            In the shape of `x`.
        """
        clipped = np.clip(np.asarray(x, dtype=np.float64), self.x[0], self.x[-1])
        low = np.clip(np.searchsorted(self.x, clipped, side="right") - 1, 0, self.x.size - 2)
        share = (clipped - self.x[low]) / (self.x[low + 1] - self.x[low])
        return self.y[low] + share * (self.y[low + 1] - self.y[low])

    @property
    def values(self) -> np.ndarray:
        """The values at all points, `y`."""
        return self.y

    @classmethod
    def constant(cls, value: float, like: "Curve") -> "Curve":
        """Return a Curve that has one value everywhere, over the range of another one."""
        return cls(like.x[[0, -1]], [value, value], like.of)
