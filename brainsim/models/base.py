"""A model is a class with its equations as text, its parameters, and the initial values of its variables.

The built-in models are written exactly as a user's own::

    class QIF(bs.Neuron):
        equations = "dv/dt = (a*(v - v_rest)*(v - v_crit) + I)/c_m"
        threshold = "v >= v_peak"
        reset = "v = v_reset"
        method = "rk4"
        a: float = bs.parameter(0.04, "nS/mV", "steepness of the parabola", above=0.0)
        ...
        v: float = bs.initial("v_rest", "mV", "membrane potential")

The texts are checked when the class is defined. An instance is frozen, and equal to any other with the same values.
"""

import inspect
import typing
from typing import ClassVar

import numpy as np

from brainsim.core.arrays import short_repr
from brainsim.core.checks import check_word, integer, number, warn_of_larger_unit
from brainsim.core.doors import show_by
from brainsim.equations.diagnostics import reject_without_spikes
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.units import WEIGHT, unit
from brainsim.equations.model_parser import check_condition, parse_cell, parse_receptor
from brainsim.equations.parsed import CellEquations, Declared, ReceptorEquations
from brainsim.equations.steps.methods import method_named
from brainsim.models.attributes import LATER, check_declared_name, reject_attributes_without_effect
from brainsim.models.changing import check_texts_of, check_varying, extremes, instead_of
from brainsim.models.conditions import conditions_of
from brainsim.models.declared import Initial, Parameter, initial, parameter
from brainsim.models.documentation import write_sections
from brainsim.models.timed import TimedArray
from brainsim.models.values import Distribution, ValueLike
from brainsim.models.written import FromText, declarations

__all__ = ["Initial", "Model", "Neuron", "Parameter", "Synapse", "initial", "parameter"]

WITHOUT_SPIKES = (
    ". A current between cells without spikes is a coupling: derive the class from bs.Coupling, and write what a source "
    "gives, source = 'v'; bs.GapJunction, bs.GradedSynapse and bs.RateConnection are built in"
)
ONE_A_STEP = "; a source sends at most one spike in a step: choose a lower rate or a smaller dt, or use a PoissonPool"
AFTER_A_SPIKE = ("reset", "spikes_per_step", "refractory", "frozen", "arrivals")  # act only at spikes


# Editors and type checkers see the annotated fields of a model class as keyword arguments of its constructor.
@typing.dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(initial,))
class Model(FromText):
    """Base of `Neuron`, `Synapse` and `Plasticity`: declared parameters, checked, keyword-only and frozen."""

    parameters: ClassVar[dict[str, Parameter]] = {}
    initials: ClassVar[dict[str, Initial]] = {}
    conditions: ClassVar[tuple[str, ...]] = ()
    dimensions: ClassVar[bool] = True
    __signature__: ClassVar[inspect.Signature]
    _one_for_each: ClassVar[str] = "cell"  # what an array of a parameter has a value for
    # arguments of the constructor besides the parameters: class attributes, whose values are the defaults
    _options: ClassVar[tuple[str, ...]] = ()
    _said_of_options: ClassVar[dict[str, str]] = {}  # entries of the list of parameters, for options of several classes

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        declared = declarations(cls)
        kind = next(base for base in cls.__mro__ if Model in base.__bases__)
        for name, spec in declared.items():
            label = f"{cls.__name__}.{name}"
            taken = {*vars(FromText), *vars(Model), *vars(Neuron), *vars(Synapse), *vars(kind)}
            # w is the weight of an event in synapses only: cells may have a variable w
            check_declared_name(name, label, taken=taken, allowed={"w"} if issubclass(cls, Neuron) else ())
            # even if equations are not checked: tables, axes and messages show the unit
            if unit(spec.unit, label).of_weight and issubclass(cls, Neuron | Synapse):
                message = f"the unit {WEIGHT!r} is for rules of plasticity; write the unit itself, such as 'nS'"
                raise ValueError(f"{label}: {message}")
            if isinstance(spec, Parameter):
                spec.checked(spec.default, label)
            if name in vars(cls):
                delattr(cls, name)
        reject_attributes_without_effect(cls, kind)
        cls.parameters = cls.parameters | {n: s for n, s in declared.items() if isinstance(s, Parameter)}
        cls.initials = cls.initials | {n: s for n, s in declared.items() if isinstance(s, Initial)}
        defaults = {n: s.default for n, s in cls.parameters.items()} | {n: getattr(cls, n) for n in cls._options}
        arguments = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=value) for n, value in defaults.items()]
        cls.__signature__ = inspect.Signature(arguments)
        cls._parse()
        for text in cls.conditions:
            check_condition(cls.__name__, cls.declared(), text)
        write_sections(cls)

    def __init__(self, *positional: object, **values: ValueLike) -> None:
        name = type(self).__name__
        if positional:
            first = next(iter(self.parameters), "tau")
            raise TypeError(f"{name}: parameters are given by name: {name}({first}={positional[0]!r})")
        for key in values:
            if key not in self.parameters:
                raise TypeError(f"{name}: unknown parameter {key!r}{instead_of(self, key)}")
        for key, spec in self.parameters.items():
            label, value = f"{name}.{key}", values.get(key, spec.default)
            object.__setattr__(self, key, spec.checked(value, label, self._one_for_each))
            if key in values and isinstance(self.__dict__[key], float | np.ndarray):
                warn_of_larger_unit(self.__dict__[key], spec.default, spec.unit, label)
        check_texts_of(self)
        self._check_conditions()

    def check_cells(self, n: int, name: str) -> None:
        """Raise ValueError if an array parameter does not have one value for each of the `n` cells of `name`."""
        for key in self.parameters:
            label, value = f"{type(self).__name__}.{key}", getattr(self, key)
            if isinstance(value, TimedArray):
                value.check_cells(n, label, name)
            if np.ndim(value) and len(value) != n:
                raise ValueError(f"{label}: {name!r} has {n} cells, but the array has {len(value)} values")

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"{self!r} is frozen; make a new one: {type(self).__name__}({key}={value!r})")

    def __delattr__(self, key: str) -> None:
        raise AttributeError(f"{self!r} is frozen and {key!r} cannot be deleted; make a new one")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((type(self), self._key()))

    def __repr__(self) -> str:
        values = {k: getattr(self, k) for k, s in self.parameters.items() if not _same(getattr(self, k), s.default)}
        values |= {k: value for k in self._options if (value := getattr(self, k)) != getattr(type(self), k)}
        return f"{type(self).__name__}({', '.join(f'{key}={_short(value)}' for key, value in values.items())})"

    _repr_html_ = show_by("HTML of a model")

    @classmethod
    def declared(cls) -> Declared:
        """Return the declared names and units, as the equations need them."""
        parameters = {n: s.unit for n, s in cls.parameters.items()}
        variables = {n: s.unit for n, s in cls.initials.items()}
        tables = frozenset(n for n, s in cls.parameters.items() if s.timed)
        curves = {n: s.default.of for n, s in cls.parameters.items() if s.called and not s.timed}
        return Declared(parameters, variables, tables, bool(cls.dimensions), curves)

    @classmethod
    def check_values(cls, values: dict[str, typing.Any]) -> None:
        """Raise ValueError unless these values satisfy each condition of the class whose names are all among them."""
        for text in conditions_of(cls):
            names = lang.names_in(tree := lang.parse_expression(text, f"{cls.__name__}.conditions"))
            if names <= set(values) and not np.all(lang.evaluate(tree, values)):
                shown = ", ".join(f"{n} = {_short(values[n])}" for n in sorted(names))
                once = "dt" in names and getattr(cls, "spiking_source", False) and not getattr(cls, "spikes_per_step", "")
                raise ValueError(f"{cls.__name__}: {text} must hold ({shown}){ONE_A_STEP * once}")

    @classmethod
    def _parse(cls):
        pass

    def _key(self):
        values = (getattr(self, k) for k in (*self.parameters, *self._options))
        return tuple(v.tobytes() if isinstance(v, np.ndarray) else v for v in values)

    def _check_conditions(self):
        """Check relations between parameters, e.g. ``v_reset < v_th``; distributions are checked when they are sampled."""
        values = {k: getattr(self, k) for k in self.parameters}
        # of an expression, conditions are checked when it is computed
        self.check_values({k: v for k, v in values.items() if not isinstance(v, Distribution | str)} | extremes(self))


class Neuron(Model):
    """A model of cells: a class with its equations as text. The texts are parsed, and never run as Python.

    Class attributes
    ----------------
    equations : str
        One line ``dx/dt = ...`` for each state variable, and lines ``name = ...`` for shared expressions, in any order, each
        computed once a step. ``I`` is the sum of all synaptic and injected currents into the cell in pA. Besides, what is
        declared without `parameter` and `initial`, as `of` explains: ``tau = 20 ms, > 0  # time constant``, the unit of a
        variable, ``dv/dt = -v/tau : mV``, and where it starts, ``v(0) = 5``.
    threshold, reset : str
        The condition of a spike, and what happens at it: ``"v >= v_th"``, ``"v = v_reset; u += d"``. In a subclass,
        ``threshold = ""`` removes the spike and everything that follows it.
    spikes_per_step : str
        How many spikes a cell sends if the threshold holds: one, or ``"binomial(n, p)"`` of parameters, n*p <= 100.
    events : dict
        Events besides the spike: ``{"burst": ("v > v_burst", "n += 1")}``, name -> (condition, effect). They are checked in
        each step, also while refractory. All conditions, and the threshold, see the values before any effect; then come
        the reset and the effects, in their order.
    each_step : str
        What is assigned before these are tested, at the end of each step, also while refractory: ``"v = max(v, v_min)"``.
        A name that is not declared is one of this text, for what follows: ``"slope = (v - u)/dt; u = v; s = slope**2"``.
    refractory : str or None
        How long after a spike the cell cannot spike again: a parameter or an expression in ms, evaluated after the reset
        (``"t_ref*(1 + u)"``; 0 if that is negative); or a condition, for as long as it holds at the start of a step
        (``"v > v_th"``). By default the parameter ``t_ref``, if there is one.
    frozen : tuple of str
        Variables that are held fixed while refractory: by default ``("v",)``, or ``()`` if refractory is a condition. So a
        class with the parameter ``t_ref`` holds v at its reset value for that time. In Brian2, v keeps moving unless its
        equation says ``(unless refractory)``; ``frozen = ()`` does the same here. What a synapse adds to a frozen variable
        meanwhile is discarded; variables of the synapse itself, such as its current, are never frozen.
    arrivals : str
        What becomes of events that arrive at a frozen variable: ``"discarded"``, the default, or ``"kept"``, with which they
        are added to it, and act when the cell is free again.
    method : str
        ``"exact" "exponential_euler" "exponential_strang" "euler" "heun" "rk4"``; with noise ``"exact" "exponential_euler"
        "heun" "euler_maruyama" "milstein"``. ``"auto"`` takes the first that is possible, ``"accurate"`` `exact`, `rk4` if
        one equation is not linear, or `exponential_strang`. The result's ``stats["methods"]`` names it. `exact` is exact
        for any number of variables that depend on each other, such as the compartments of a cable. Of other equations a
        step is first compared with two half steps near the initial values: if they differ, a warning says what to write.
    substeps : int
        The number of equal parts of dt that the method takes one by one, each with threshold and reset; a spike has the time
        of dt's end. In the texts, ``dt`` is such a part.
    conditions : tuple of str
        Relations that must hold between parameters, e.g. ``("v_reset < v_th",)``.
    dimensions : bool
        False if numbers in the equations have units of their own, as in empirical models: then the units of the equations
        are not checked. Parameters and variables still have units, those listed below.

    Notes
    -----
    **The language.** Numbers, names, ``+ - * / ** % //``, parentheses, ``< <= > >= == !=``, ``and or not``, ``a if condition
    else b``; ``#`` begins a comment, and a line continues inside parentheses. Names have letters of any alphabet (``τ``),
    digits and single underscores. Parentheses may be nested 60 deep, sums and products with their parentheses 200 deep.
    Functions:

    ====================================================  ==========================================================
    ``exp expm1 log log1p log10 sqrt abs``                as everywhere
    ``sinh cosh tanh sin cos tan arcsin arccos arctan``   as everywhere; radians
    ``floor(x) ceil(x) sign(x)    x // y    x % y``       below; above; -1, 0 or 1; floor(x/y); x - y*floor(x/y)
    ``min(a, b) max(a, b) clip(x, low, high)``            the smaller; the greater; x within limits
    ``where(condition, a, b)``                            a if the condition holds, else b; both are computed
    ``sigmoid(x) exprel(x)``                              1/(1 + exp(-x)); (exp(x) - 1)/x, which is 1 at 0
    ``rand() randn()``                                    uniform in [0, 1), standard normal: threshold, reset and events
    ``rand_all()``                                        as rand, but one number for all cells of a population
    ``binomial(n, p)``                                    successes in n trials, as above
    ``name(t)``                                           the value of a `TimedArray` at the start of the step
    ``name(x)``                                           the value of a `Curve`, a function given by points, at x
    ====================================================  ==========================================================

    ``x/(exp(x) - 1)`` is computed as ``1/exprel(x)``, so it has a value for x = 0. The base of a power may be negative only
    if its exponent is a literal whole number (``v**3``). Reserved names: ``I``, the current into the cell [pA]; ``t``,
    time, and ``dt``, the time step [ms]; ``pi``; ``xi``, white noise.

    **Noise.** ``xi`` in ``dv/dt = -v/tau + sigma*sqrt(2/tau)*xi`` is white noise in 1/sqrt(ms), independent in each
    equation; ``xi_name`` is the same noise wherever it occurs. If its factor depends on a variable, `euler_maruyama` and
    `milstein` follow Ito, `heun` follows Stratonovich. Escape noise: ``threshold = "rand() < 1 - exp(-rate*dt)"``.

    **Units.** Parameters and variables have one, of ms mV pA pF nS Hz um mM uM and their products (pA = nS*mV = pF*mV/ms),
    and both sides of an equation must have the same. Numbers in the texts have none, but 0 fits all: give a name and a unit
    to ``0.04`` in ``0.04*v**2``, or write ``dimensions = False``. Functions such as exp take plain numbers. Hz counts per
    second: ``0.001*rate`` is in 1/ms.

    **Types.** Type checkers read annotations: ``tau: float`` is a number, ``tau: bs.values.Value`` also a distribution.

    Examples
    --------
    >>> import brainsim as bs
    >>> class Izhikevich(bs.Neuron):
    ...     equations = '''
    ...         dv/dt = 0.04*v**2 + 5*v + 140 - u + I
    ...         du/dt = a*(b*v - u)
    ...     '''
    ...     dimensions = False  # the numbers are fits, in ms and mV
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

    A wrong unit is found when the class is written:

    >>> class Leaky(bs.Neuron):
    ...     equations = "dv/dt = (v_rest - v)/tau + I"
    ...     v_rest: float = bs.parameter(-65.0, "mV", "resting potential")
    ...     tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    ...     v: float = bs.initial("v_rest", "mV", "membrane potential")
    Traceback (most recent call last):
    brainsim.equations.expressions.grammar.EquationError: Leaky.equations: '(v_rest - v) / tau' is in mV/ms, but 'I' is
    in pA; only quantities in the same unit can be added
        dv/dt = (v_rest - v)/tau + I
                                   ^
    """

    equations = ""
    threshold = ""
    reset = ""
    spikes_per_step = LATER["spikes_per_step"]
    events: ClassVar[dict[str, tuple[str, str]]] = {}
    each_step = LATER["each_step"]
    method = "auto"
    refractory: ClassVar[str | None] = None
    frozen: ClassVar[tuple[str, ...] | None] = None
    arrivals = LATER["arrivals"]
    substeps = 1
    cell_equations: ClassVar[CellEquations]
    spiking_source = False  # whether cells of this model only send spikes

    @classmethod
    def _parse(cls):
        name = cls.__name__
        method_named(cls.method, name)
        written = {field: value for field in AFTER_A_SPIKE if (value := vars(cls).get(field)) and value != LATER.get(field)}
        if "t_ref" in cls.parameters and not any("t_ref" in getattr(base, "parameters", ()) for base in cls.__bases__):
            written["t_ref"] = cls.parameters["t_ref"]
        if cls.refractory is None and "t_ref" in cls.parameters:
            cls.refractory = "t_ref"
        after_a_spike = {n: getattr(cls, n) for n in AFTER_A_SPIKE[:3]}
        cls.cell_equations = parse_cell(
            name,
            cls.declared(),
            equations=cls.equations,
            threshold=cls.threshold,
            events=cls.events,
            each_step=cls.each_step,
            frozen=cls.frozen,
            arrivals=cls.arrivals,
            substeps=integer(cls.substeps, f"{name}.substeps", at_least=1),
            initials={key: spec.default for key, spec in cls.initials.items()},
            **(after_a_spike if cls.threshold else {}),
        )
        frozen = cls.cell_equations.frozen
        reject_without_spikes(name, written, threshold=cls.threshold, refractory=cls.refractory, frozen=frozen)
        check_varying(cls)
        for key, spec in cls.initials.items():
            if not isinstance(spec.default, str | Distribution):
                number(spec.default, f"{name}.{key}", spec.unit)


class Synapse(Model):
    """A model of what a spike does to its target; all events at one receptor share its variables.

    Class attributes
    ----------------
    equations : str
        The receptor's variables, one ``dx/dt = ...`` a line; they start at 0. Empty for an instantaneous effect.
    arrival : str
        What an event of weight ``w`` does to variables of the receptor or of its target: ``"g = g + w"``, ``"v = v + w"``.
        A constant factor may stand before w (``"i = i + w/tau"``), and ``;`` separates several assignments. ``"I = I + w"``
        is a current that lasts the step at whose end the event arrives. Weights change by `Plasticity` only.
    current : str
        Current into the target in pA; ``v`` is the target's. Empty if there is none.
    weight_unit : str
        Unit of the weights: ``"pA"``, ``"nS"`` or ``"mV"``, or another, ``""`` for plain numbers; the variable that an event
        changes must have the same unit.
    dimensions : bool
        As for `Neuron`, which explains the language: False if units are not to be checked.

    Every synapse takes ``name=``, by which recordings call its variables (``"ampa.g"``); by default the class's name in
    lower case. Synapses of equal class, parameters and name share one receptor of a cell.

    Examples
    --------
    >>> import brainsim as bs
    >>> class NMDA(bs.Synapse):
    ...     equations = "dg/dt = -g/tau"
    ...     arrival = "g = g + w"
    ...     current = "g*(e_rev - v)/(1 + mg/mg_half*exp(-v/v_block))"
    ...     weight_unit = "nS"
    ...     tau: float = bs.parameter(100.0, "ms", "decay time", above=0.0)
    ...     e_rev: float = bs.parameter(0.0, "mV", "reversal potential")
    ...     mg: float = bs.parameter(1.0, "mM", "magnesium outside", at_least=0.0)
    ...     mg_half: float = bs.parameter(3.57, "mM", "magnesium that blocks half at 0 mV", above=0.0)
    ...     v_block: float = bs.parameter(16.13, "mV", "steepness of the block", above=0.0)
    >>> NMDA(tau=60.0, name="nmda")
    NMDA(tau=60.0, name='nmda')
    """

    equations = ""
    arrival = ""
    current = ""
    weight_unit = "pA"
    receptor_equations: ClassVar[ReceptorEquations | None] = None
    name: str | None = None
    _options: ClassVar[tuple[str, ...]] = ("name",)

    def __init__(self, *positional: object, name: str | None = None, **values: ValueLike) -> None:
        kind, known = type(self).__name__, self.receptor_equations
        check_word(name, f"{kind}.name", "ampa")
        if known is None:
            hint = WITHOUT_SPIKES if self.current else ""
            raise TypeError(f"{kind}: has no arrival; write in the class: arrival = 'g = g + w'{hint}")
        if not self.current and {name for name, _ in known.arrivals} <= {*self.variables}:
            raise TypeError(f"{kind}: has no current, so events do nothing; write in the class: current = 'g'")
        object.__setattr__(self, "name", name)
        super().__init__(*positional, **values)

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the receptor's state variables."""
        return () if self.receptor_equations is None else tuple(self.receptor_equations.derivatives)

    @classmethod
    def _parse(cls):
        for name in cls.initials:
            raise TypeError(f"{cls.__name__}.{name}: variables of a synapse start at 0; leave out bs.initial and ': unit'")
        if cls.arrival:
            cls.receptor_equations = parse_receptor(
                cls.__name__,
                cls.declared(),
                equations=cls.equations,
                arrival=cls.arrival,
                current=cls.current,
                weight_unit=cls.weight_unit,
            )


def _short(value):
    return f"{value:g}" if isinstance(value, float) and abs(value) >= 1e6 else short_repr(value)


def _same(value, default):
    return not isinstance(value, np.ndarray) and value == default
