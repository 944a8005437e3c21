"""What a model is: a class with its equations in text, its parameters and the initial values of its variables.

The built-in models are written exactly as a user's own::

    class QIF(bs.Neuron):
        equations = "dv/dt = (a*(v - v_rest)*(v - v_crit) + I)/c_m"
        threshold = "v >= v_peak"
        reset = "v = v_reset"
        method = "euler"
        a: float = bs.parameter(0.04, "nS/mV", "steepness of the parabola", above=0.0)
        ...
        v: float = bs.initial("v_rest", "mV", "membrane potential")

The texts are checked when the class is defined. An instance is frozen and compares by its values.
"""

import difflib
import inspect
import re
from dataclasses import dataclass

import numpy as np

from brainsim.equations import language as lang
from brainsim.equations.methods import method_named
from brainsim.equations.system import RESERVED, parse_cell, parse_receptor
from brainsim.models.values import Distribution, read_only
from brainsim.numbers.checks import in_range, nearest, number, plain

# what a user writes into a class besides parameters and initial values
ATTRIBUTES = (
    "equations", "threshold", "reset", "method", "refractory", "frozen", "conditions", "arrival", "current", "weight_unit",
)  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """Default, unit, meaning and range of a parameter; what `parameter` returns."""

    default: object
    unit: str
    meaning: str
    above: float | None = None
    at_least: float | None = None

    def checked(self, value, where):
        """Return `value` as float, array or distribution, or raise ValueError or TypeError."""
        if isinstance(value, Distribution):
            low = value.support[0]
            if (self.above is not None and low < self.above) or (self.at_least is not None and low < self.at_least):
                limit = self.at_least if self.above is None else self.above
                sign = ">=" if self.above is None else ">"
                raise ValueError(
                    f"{where}: must be {sign} {limit:g} {self.unit}, but {value} can be less; "
                    f"write Clipped({value}, low=...)"
                )
            return value
        value = plain(value, self.unit, where)
        if np.ndim(value) > 1:
            raise ValueError(f"{where}: must be one number or one per cell (got an array of shape {value.shape})")
        if np.size(value) == 0:
            raise ValueError(f"{where}: must be one number or one per cell (got an empty array)")
        in_range(value, where, self.unit, above=self.above, at_least=self.at_least)
        return read_only(value)


@dataclass(frozen=True)
class Initial:
    """Initial value, unit and meaning of a state variable; what `initial` returns."""

    default: object
    unit: str
    meaning: str


def parameter(default, unit, meaning, *, above=None, at_least=None):
    """Declare a parameter of a model class.

    Parameters
    ----------
    default : float
        Value where the user gives none.
    unit : str
        ``"ms" "mV" "pA" "pF" "nS" "Hz"``, an expression of these, or ``""``.
    meaning : str
        What it is, in a few words; shown in help, tables and axis labels.
    above, at_least : float, optional
        The value must be > `above`, >= `at_least`.

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
    return Parameter(default, unit, meaning, above, at_least)


def initial(default, unit, meaning):
    """Declare a state variable of a neuron class.

    Parameters
    ----------
    default : float or str
        Value at t = 0, or an expression of the parameters, e.g. ``"v_rest"``.
    unit, meaning : str
        As for `parameter`.

    Examples
    --------
    >>> import brainsim as bs
    >>> class Leaky(bs.Neuron):
    ...     equations = "dv/dt = (v_rest - v)/10"
    ...     v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    ...     v: float = bs.initial("v_rest", "mV", "membrane potential")
    >>> list(Leaky.initials)
    ['v']
    """
    return Initial(default, unit, meaning)


class Model:
    """Common ground of `Neuron` and `Synapse`: frozen, keyword-only, checked values of the declared parameters."""

    parameters: dict = {}
    initials: dict = {}
    conditions: tuple = ()

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        own = {n: s for n, s in vars(cls).items() if isinstance(s, Parameter | Initial)}
        for name, spec in own.items():
            where = f"{cls.__name__}.{name}"
            if name in RESERVED or re.match(r"_|\w*__|r\d+_", name):
                raise ValueError(f"{where}: this name is a word of the language of equations; take another")
            if any(name in vars(base) for base in (Model, Neuron, Synapse)) or name == "name":
                raise ValueError(f"{where}: every model has an attribute of this name; take another")
            if isinstance(spec, Parameter):
                spec.checked(spec.default, where)
            delattr(cls, name)
        cls._refuse_what_has_no_effect()
        cls.parameters = cls.parameters | {n: s for n, s in own.items() if isinstance(s, Parameter)}
        cls.initials = cls.initials | {n: s for n, s in own.items() if isinstance(s, Initial)}
        cls.__signature__ = inspect.Signature(
            [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=s.default) for n, s in cls._fields().items()]
        )
        cls._parse()
        for text in cls.conditions:
            tree = lang.parse_expression(text, f"{cls.__name__}.conditions")
            lang.check_names(tree, {*cls.parameters, "dt"}, f"{cls.__name__}.conditions")
            lang.check_kind(tree, f"{cls.__name__}.conditions", condition=True)

    def __init__(self, *positional, **values):
        name = type(self).__name__
        if positional:
            first = next(iter(self.parameters), "tau")
            raise TypeError(f"{name}: parameters are given by name: {name}({first}={positional[0]!r})")
        for key in values:
            if key not in self._fields():
                raise TypeError(f"{name}: unknown parameter {key!r}{nearest(key, self._fields())}")
        for key, spec in self._fields().items():
            object.__setattr__(self, key, spec.checked(values.get(key, spec.default), f"{name}.{key}"))
        self._check_conditions()

    def check_cells(self, n, name):
        """Raise ValueError where an array parameter does not have one value for each of the `n` cells of `name`."""
        for key in self.parameters:
            value = getattr(self, key)
            if np.ndim(value) and len(value) != n:
                raise ValueError(
                    f"{type(self).__name__}.{key}: {name!r} has {n} cells, but the array has {len(value)} values"
                )

    def __setattr__(self, key, value):
        raise AttributeError(f"{self!r} is frozen; make a new one: {type(self).__name__}({key}={value!r})")

    def __delattr__(self, key):
        raise AttributeError(f"{self!r} is frozen and {key!r} cannot be deleted; make a new one")

    def __eq__(self, other):
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self):
        return hash((type(self), self._key()))

    def __repr__(self):
        values = {k: getattr(self, k) for k, s in self._fields().items() if not _same(getattr(self, k), s.default)}
        given = [f"{key}={_short(value)}" for key, value in values.items()]
        return f"{type(self).__name__}({', '.join(given)})"

    @classmethod
    def _refuse_what_has_no_effect(cls):
        """Raise TypeError for attributes that look as if they meant something, but would not."""
        for name, value in vars(cls).items():
            if name in cls.parameters or name in cls.initials:
                hint = f"{name}: float = bs.parameter({value!r}, unit, meaning), or give it to the instance"
                raise TypeError(f"{cls.__name__}.{name}: a plain value does not replace the parameter; write {hint}")
            near = difflib.get_close_matches(name, ATTRIBUTES, n=1, cutoff=0.8)
            if isinstance(value, str | tuple) and name not in ATTRIBUTES and near:
                raise TypeError(f"{cls.__name__}.{name}: no such attribute of a model; did you mean {near[0]!r}?")

    @classmethod
    def _fields(cls):
        return cls.parameters

    @classmethod
    def _parse(cls):
        pass

    def _key(self):
        return tuple(v.tobytes() if isinstance(v, np.ndarray) else v for v in (getattr(self, k) for k in self._fields()))

    def _check_conditions(self):
        """Check what must hold between parameters, e.g. ``v_reset < v_th``; distributions are checked when drawn."""
        values = {k: getattr(self, k) for k in self.parameters}
        self.check_values({k: v for k, v in values.items() if not isinstance(v, Distribution)})

    @classmethod
    def check_values(cls, values):
        """Raise ValueError unless each of the class's conditions holds for these values (those it can tell)."""
        for text in cls.conditions:
            tree = lang.parse_expression(text, f"{cls.__name__}.conditions")
            names = lang.names_in(tree)
            if names <= set(values) and not np.all(lang.evaluate(tree, values)):
                shown = ", ".join(f"{n} = {_short(values[n])}" for n in sorted(names))
                raise ValueError(f"{cls.__name__}: {text} must hold ({shown})")


class Neuron(Model):
    """A model of cells.

    Class attributes
    ----------------
    equations : str
        One ``dx/dt = ...`` a line; ``I`` is the sum of all synaptic and injected currents in pA.
    threshold, reset : str
        Condition of a spike, and what follows it: ``"v >= v_th"``, ``"v = v_reset; u += d"``.
    method : str
        ``"exact"`` for linear equations, ``"exponential_euler"``, ``"euler"``; ``"auto"`` takes the first that can.
    refractory : str or None
        The parameter that holds the refractory time in ms; by default ``t_ref`` where there is one.
    frozen : tuple of str
        Variables that stand still while refractory; by default ``v``.
    conditions : tuple of str
        What must hold between parameters, e.g. ``("v_reset < v_th",)``.

    Examples
    --------
    >>> import brainsim as bs
    >>> class Izhikevich(bs.Neuron):
    ...     equations = '''
    ...         dv/dt = 0.04*v**2 + 5*v + 140 - u + I
    ...         du/dt = a*(b*v - u)
    ...     '''
    ...     threshold = "v >= 30"
    ...     reset = "v = c; u += d"
    ...     method = "euler"
    ...     a: float = bs.parameter(0.02, "1/ms", "rate of recovery")
    ...     b: float = bs.parameter(0.2, "", "coupling of recovery to v")
    ...     c: float = bs.parameter(-65.0, "mV", "reset potential")
    ...     d: float = bs.parameter(8.0, "", "step of recovery at a spike")
    ...     v: float = bs.initial(-65.0, "mV", "membrane potential")
    ...     u: float = bs.initial("b*c", "", "recovery")
    >>> bs.Population(100, Izhikevich(d=2.0), name="cells")
    Population('cells', 100 Izhikevich)
    """

    equations = ""
    threshold = ""
    reset = ""
    method = "auto"
    refractory: str | None = None
    frozen: tuple = ("v",)
    cell_equations = None
    spiking_source = False  # whether cells of this model only send spikes

    @classmethod
    def _parse(cls):
        name = cls.__name__
        method_named(cls.method, name)
        if cls.refractory is None and "t_ref" in cls.parameters:
            cls.refractory = "t_ref"
        if cls.refractory is not None and cls.refractory not in cls.parameters:
            hint = nearest(cls.refractory, cls.parameters)
            raise ValueError(f"{name}.refractory: {cls.refractory!r} is no parameter{hint}")
        cls.cell_equations = parse_cell(
            name, cls.equations, cls.threshold, cls.reset, tuple(cls.initials), tuple(cls.parameters)
        )
        for key in vars(cls).get("frozen", ()):
            if cls.initials and key not in cls.initials:
                raise ValueError(f"{name}.frozen: {key!r} is no variable{nearest(key, cls.initials)}")
        for key, spec in cls.initials.items():
            if isinstance(spec.default, str):
                tree = lang.parse_expression(spec.default, f"{name}.{key}")
                lang.check_names(tree, set(cls.parameters), f"{name}.{key}")
                lang.check_kind(tree, f"{name}.{key}")
                if "rand" in lang.calls_in(tree):
                    raise ValueError(f"{name}.{key}: random ones are Population(..., initial={{{key!r}: Uniform(a, b)}})")
            elif not isinstance(spec.default, Distribution):
                number(spec.default, f"{name}.{key}", spec.unit)


class Synapse(Model):
    """A model of what a spike does to its target; all events of one receptor share its variables.

    Class attributes
    ----------------
    equations : str
        The receptor's variables, one ``dx/dt = ...`` a line; they start at 0. Empty for an instantaneous effect.
    arrival : str
        What an event of weight ``w`` does: ``"g = g + w"``, ``"v = v + w"``.
    current : str
        Current into the target in pA; ``v`` is the target's. Empty where there is none.
    weight_unit : str
        Unit of the weights: ``"pA"``, ``"nS"`` or ``"mV"``.

    Every synapse takes ``name=``: how its variables are called in recordings (``"ampa.g"``); by default the class's name
    in lower case. Synapses equal in class, parameters and name share one receptor of a cell.

    Examples
    --------
    >>> import brainsim as bs
    >>> class NMDA(bs.Synapse):
    ...     equations = "dg/dt = -g/tau"
    ...     arrival = "g = g + w"
    ...     current = "g*(e_rev - v)/(1 + mg*exp(-0.062*v)/3.57)"
    ...     weight_unit = "nS"
    ...     tau: float = bs.parameter(100.0, "ms", "decay time", above=0.0)
    ...     e_rev: float = bs.parameter(0.0, "mV", "reversal potential")
    ...     mg: float = bs.parameter(1.0, "mM", "magnesium outside", at_least=0.0)
    >>> NMDA(tau=60.0, name="nmda")
    NMDA(tau=60.0, name='nmda')
    """

    equations = ""
    arrival = ""
    current = ""
    weight_unit = "pA"
    receptor_equations = None

    def __init__(self, *positional, name=None, **values):
        if name is not None and not (isinstance(name, str) and name.isidentifier()):
            raise ValueError(f"{type(self).__name__}.name: must be a word such as 'ampa' (got {name!r})")
        if self.receptor_equations is None:
            raise TypeError(f"{type(self).__name__}: has no arrival; write in the class: arrival = 'g = g + w'")
        object.__setattr__(self, "name", name)
        super().__init__(*positional, **values)

    @property
    def variables(self):
        """Names of the receptor's state variables."""
        return tuple(self.receptor_equations.derivatives)

    def __repr__(self):
        text = super().__repr__()
        return text if self.name is None else f"{text[:-1]}{', ' * (text[-2] != '(')}name={self.name!r})"

    @classmethod
    def _parse(cls):
        for name in cls.initials:
            raise TypeError(f"{cls.__name__}.{name}: variables of a synapse start at 0; only neurons have bs.initial(...)")
        if cls.arrival:
            cls.receptor_equations = parse_receptor(
                cls.__name__, cls.equations, cls.arrival, cls.current, tuple(cls.parameters)
            )

    def _key(self):
        return (*super()._key(), self.name)


def _short(value):
    if isinstance(value, np.ndarray):
        return f"<{len(value)} values from {value.min():g} to {value.max():g}>" if value.size else "<no values>"
    return f"{value:g}" if isinstance(value, float) and abs(value) >= 1e6 else repr(value)


def _same(value, default):
    return not isinstance(value, np.ndarray) and value == default


