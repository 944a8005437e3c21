"""What a model is: a class with its equations in text, its parameters and the initial values of its variables.

The built-in models are written exactly as a user's own::

    class QIF(bs.Neuron):
        equations = "dv/dt = (a*(v - v_rest)*(v - v_crit) + I)/c_m"
        threshold = "v >= v_peak"
        reset = "v = v_reset"
        method = "rk4"
        a: float = bs.parameter(0.04, "nS/mV", "steepness of the parabola", above=0.0)
        ...
        v: float = bs.initial("v_rest", "mV", "membrane potential")

The texts are checked when the class is defined. An instance is frozen and compares by its values.
"""

import inspect

import numpy as np

from brainsim.core.checks import integer, nearest, number
from brainsim.equations import language as lang
from brainsim.equations.diagnostics import refuse_without_spikes
from brainsim.equations.methods import method_named
from brainsim.equations.model_parser import Declared, check_condition, parse_cell, parse_receptor
from brainsim.equations.units import unit
from brainsim.models.attributes import check_declared_name, refuse_what_has_no_effect
from brainsim.models.declared import Initial, Parameter, initial, parameter
from brainsim.models.timed import TimedArray
from brainsim.models.values import Distribution

__all__ = ["Initial", "Model", "Neuron", "Parameter", "Synapse", "initial", "parameter"]

WITHOUT_SPIKES = (
    ". A current between cells without spikes (a gap junction, coupled rates) is not available in this version; a few cells "
    "can be coupled step by step: net.stimulate(cells, CurrentInput([0.0]*cells.n), name='gap'), and in each step "
    "sim.set('gap', amplitude=...) computed from sim.state, then sim.run(dt)"
)
AFTER_A_SPIKE = ("reset", "refractory", "frozen", "interpolate")  # of these, what acts at or after a spike only


class Model:
    """Common ground of `Neuron` and `Synapse`: frozen, keyword-only, checked values of the declared parameters."""

    parameters: dict = {}
    initials: dict = {}
    conditions: tuple = ()
    dimensions = True

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        own = {n: s for n, s in vars(cls).items() if isinstance(s, Parameter | Initial)}
        for name, spec in own.items():
            where = f"{cls.__name__}.{name}"
            taken = {*vars(Model), *vars(Neuron), *vars(Synapse)}
            # the weight of an event is a word of synapses only: cells may have a variable w
            check_declared_name(name, where, taken=taken, allowed={"w"} if issubclass(cls, Neuron) else ())
            unit(spec.unit, where)  # also where equations are not checked: it is a word of tables, axes and messages
            if isinstance(spec, Parameter):
                spec.checked(spec.default, where)
            delattr(cls, name)
        if cls.__bases__ != (Model,):
            refuse_what_has_no_effect(cls, "Synapse" if issubclass(cls, Neuron) else "Neuron")
        cls.parameters = cls.parameters | {n: s for n, s in own.items() if isinstance(s, Parameter)}
        cls.initials = cls.initials | {n: s for n, s in own.items() if isinstance(s, Initial)}
        cls.__signature__ = inspect.Signature(
            [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=s.default) for n, s in cls.parameters.items()]
        )
        cls._parse()
        for text in cls.conditions:
            check_condition(cls.__name__, cls.declared(), text)

    def __init__(self, *positional, **values):
        name = type(self).__name__
        if positional:
            first = next(iter(self.parameters), "tau")
            raise TypeError(f"{name}: parameters are given by name: {name}({first}={positional[0]!r})")
        for key in values:
            if key not in self.parameters:
                raise TypeError(f"{name}: unknown parameter {key!r}{nearest(key, self.parameters)}")
        for key, spec in self.parameters.items():
            object.__setattr__(self, key, spec.checked(values.get(key, spec.default), f"{name}.{key}"))
        self._check_conditions()

    def check_cells(self, n, name):
        """Raise ValueError where an array parameter does not have one value for each of the `n` cells of `name`."""
        for key in self.parameters:
            value = getattr(self, key)
            if isinstance(value, TimedArray):
                value.check_cells(n, f"{type(self).__name__}.{key}", name)
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
        values = {k: getattr(self, k) for k, s in self.parameters.items() if not _same(getattr(self, k), s.default)}
        given = [f"{key}={_short(value)}" for key, value in values.items()]
        return f"{type(self).__name__}({', '.join(given)})"

    @classmethod
    def declared(cls):
        """Return what the class declares beside its texts, as the equations need to know it."""
        units = ({n: s.unit for n, s in specs.items()} for specs in (cls.parameters, cls.initials))
        tables = frozenset(n for n, s in cls.parameters.items() if s.timed)
        return Declared(*units, tables, bool(cls.dimensions))

    @classmethod
    def _parse(cls):
        pass

    def _key(self):
        return tuple(v.tobytes() if isinstance(v, np.ndarray) else v for v in (getattr(self, k) for k in self.parameters))

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
    """A model of cells: a class with its equations in text. Nothing in the texts is run as Python.

    Class attributes
    ----------------
    equations : str
        A line ``dx/dt = ...`` for each variable that moves, and lines ``name = ...`` for what they share, in any order,
        each computed once a step. ``I`` is the sum of all synaptic and injected currents into the cell in pA.
    threshold, reset : str
        Condition of a spike, and what follows it: ``"v >= v_th"``, ``"v = v_reset; u += d"``. In a subclass
        ``threshold = ""`` takes away all that follows a spike.
    events : dict
        Others than the spike: ``{"burst": ("v > v_burst", "n += 1")}``, name -> (condition, effect). They are looked for in
        each step, also while refractory. All conditions, and the threshold, see the values before any effect; then come
        the reset and the effects, in their order.
    refractory : str or None
        How long a spike keeps the cell from the next one: a parameter or an expression in ms, taken after the reset
        (``"t_ref*(1 + u)"``, 0 where that becomes negative); or a condition, for as long as it holds at the beginning of a
        step (``"v > v_th"``). By default the parameter ``t_ref`` where there is one.
    frozen : tuple of str
        Variables that are held fixed while refractory; by default ``("v",)``, and ``()`` where refractory is a condition. So
        in a class with the parameter ``t_ref`` v stays at its reset value for that time, while in Brian2 it moves on unless
        its equation says ``(unless refractory)``: ``frozen = ()`` is the same here.
    method : str
        ``"exact" "exponential_euler" "exponential_strang" "euler" "heun" "rk4"``; with noise ``"exact" "exponential_euler"
        "heun" "euler_maruyama" "milstein"``. ``"auto"`` takes the first that can, but `exact` only if it compiles in a
        few seconds (up to about 17 variables that all lean on each other); the result's ``stats["methods"]`` says which.
    substeps : int
        Into how many steps of the method dt is divided, each with threshold and reset; a spike has the time of dt's end.
        ``dt`` in the texts is that part.
    interpolate : bool
        Whether the time of a spike is found within the step, by a cubic polynomial with the slopes at both ends. A spike
        reaches its targets, and refractory time counts, from the end of the step as always. For thresholds that are one
        comparison, linear in the variables and without ``t``; not with noise or substeps.
    conditions : tuple of str
        What must hold between parameters, e.g. ``("v_reset < v_th",)``.
    dimensions : bool
        False where the numbers in the equations have units of their own, as in empirical models: equations are then not
        checked. The units of parameters and variables stay those of the set below.

    Notes
    -----
    **The language.** Numbers, names, ``+ - * / **``, brackets, ``< <= > >= == !=``, ``and or not``, ``a if condition else
    b``; ``#`` begins a comment, and in brackets a line goes on. Names are of letters of any alphabet (``τ``, ``α``), digits
    and single underscores. Brackets are nested up to 60 deep; a sum or product and the brackets around it are up to 200.
    Functions:

    ====================================================  ==========================================================
    ``exp expm1 log log1p sqrt tanh sin cos abs``         as everywhere; radians
    ``floor(x) sign(x)``                                  the whole number below, -1, 0 or 1
    ``min(a, b) max(a, b) clip(x, low, high)``            the smaller, the greater, x within limits
    ``where(condition, a, b)``                            a where it holds, b where not; both are computed
    ``sigmoid(x) exprel(x)``                              1/(1 + exp(-x)); (exp(x) - 1)/x, which is 1 at 0
    ``rand() randn()``                                    uniform in [0, 1), standard normal: threshold, reset and events
    ``name(t)``                                           the value of a `TimedArray` at the start of the step
    ====================================================  ==========================================================

    The base of a power may be negative only where its exponent is a whole number that is written out (``v**3``). Words:
    ``I`` current into the cell [pA]; ``t`` time, ``dt`` time step [ms]; ``pi``; ``xi`` white noise.

    **Noise.** ``xi`` in ``dv/dt = -v/tau + sigma*sqrt(2/tau)*xi`` is white noise in 1/sqrt(ms), another one in each
    equation; ``xi_name`` is the same one wherever it stands. Where its factor depends on a variable, `euler_maruyama` and
    `milstein` mean it as Ito does, `heun` as Stratonovich.

    **Escape noise.** ``threshold = "rand() < 1 - exp(-rate*dt)"`` with a rate in 1/ms.

    **Units.** Every parameter and variable has one, of ms mV pA pF nS Hz um mM and their products (pA = nS*mV = pF*mV/ms),
    and an equation whose sides do not agree is refused. Numbers in the texts are plain ones, but 0 fits all: give a name
    and a unit to ``0.04`` in ``0.04*v**2``, or write ``dimensions = False``. Functions such as exp take plain numbers only.
    Hz counts per second: ``0.001*rate`` is in 1/ms.

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
    brainsim.equations.grammar.EquationError: Leaky.equations: '(v_rest - v) / tau' is in mV/ms, but 'I' is in pA; what is
    added must be of one unit
        dv/dt = (v_rest - v)/tau + I
                                   ^
    """

    equations = ""
    threshold = ""
    reset = ""
    events: dict = {}
    method = "auto"
    refractory: str | None = None
    frozen: tuple | None = None
    substeps = 1
    interpolate = False
    cell_equations = None
    spiking_source = False  # whether cells of this model only send spikes

    @classmethod
    def _parse(cls):
        name = cls.__name__
        method_named(cls.method, name)
        own = {field: vars(cls)[field] for field in AFTER_A_SPIKE if vars(cls).get(field)}
        if "t_ref" in cls.parameters and not any("t_ref" in getattr(base, "parameters", ()) for base in cls.__bases__):
            own["t_ref"] = cls.parameters["t_ref"]
        if cls.refractory is None and "t_ref" in cls.parameters:
            cls.refractory = "t_ref"
        after_a_spike = {"reset": cls.reset, "refractory": cls.refractory, "interpolate": bool(cls.interpolate)}
        cls.cell_equations = parse_cell(
            name,
            cls.declared(),
            equations=cls.equations,
            threshold=cls.threshold,
            events=cls.events,
            frozen=cls.frozen,
            substeps=integer(cls.substeps, f"{name}.substeps", at_least=1),
            initials={key: spec.default for key, spec in cls.initials.items()},
            **(after_a_spike if cls.threshold else {}),
        )
        refuse_without_spikes(name, own, threshold=cls.threshold, refractory=cls.refractory)
        for key, spec in cls.initials.items():
            if not isinstance(spec.default, str | Distribution):
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
        It may name any variable of the receptor or of its target: ``"theta = theta + w"`` raises the variable theta that the
        target's class has. A constant factor may stand before w (``"i = i + w/tau"``), and several assignments side by
        side, with ``;`` between them. Weights do not change during a run.
    weight_unit : str
        Unit of the weights: ``"pA"``, ``"nS"`` or ``"mV"``, or another, ``""`` for plain numbers; what an event adds to is
        of the same.
    dimensions : bool
        As for `Neuron`, where the language is explained: False where units are not to be checked.

    Every synapse takes ``name=``: how its variables are called in recordings (``"ampa.g"``); by default the class's name
    in lower case. Synapses equal in class, parameters and name share one receptor of a cell.

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
    receptor_equations = None

    def __init__(self, *positional, name=None, **values):
        if name is not None and not (isinstance(name, str) and name.isidentifier()):
            raise ValueError(f"{type(self).__name__}.name: must be a word such as 'ampa' (got {name!r})")
        if self.receptor_equations is None:
            message = "has no arrival; write in the class: arrival = 'g = g + w'"
            raise TypeError(f"{type(self).__name__}: {message}{WITHOUT_SPIKES if self.current else ''}")
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
                cls.__name__,
                cls.declared(),
                equations=cls.equations,
                arrival=cls.arrival,
                current=cls.current,
                weight_unit=cls.weight_unit,
            )

    def _key(self):
        return (*super()._key(), self.name)


def _short(value):
    if isinstance(value, np.ndarray):
        return f"<{len(value)} values from {value.min():g} to {value.max():g}>" if value.size else "<no values>"
    return f"{value:g}" if isinstance(value, float) and abs(value) >= 1e6 else repr(value)


def _same(value, default):
    return not isinstance(value, np.ndarray) and value == default
