"""The base of rules of plasticity: what happens to a synapse at the spikes of its two cells."""

from __future__ import annotations

import ast
import copy
import typing
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

import numpy as np

from brainsim.core.checks import choice, nearest, plain, read_only
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.units import WEIGHT
from brainsim.features.plasticity.equations.parser import PlasticityEquations, parse_plasticity
from brainsim.features.plasticity.equations.rule_variables import START
from brainsim.features.plasticity.equations.target_cell import OF_TARGET
from brainsim.models.base import Model
from brainsim.models.conditions import at_ends, check_supports
from brainsim.models.values import Distribution, ValueLike, checked_value, is_number

TEXTS = (
    "equations",
    "on_pre",
    "on_post",
    "amplitude",
    "bounds",
    "between",
    "on_modulator",
    "on_step",
    "step_condition",
    "late",
)
SIGN = """sign : {1, -1}, default 1
    Whether weights are 0 and more, or 0 and less: with -1 the rule acts on -w, and -w_max is the lower bound."""


class _Equations:
    """The equations of a rule; of a class those for parameters that all synapses share."""

    def __get__(self, rule: Plasticity | None, cls: type[Plasticity]) -> Any:
        return cls._shared if rule is None else rule.equations_for(rule.per_synapse)


class Plasticity(Model):
    """A rule of plasticity: what the spikes of its two cells do to a synapse. A class with its equations as text.

    Class attributes
    ----------------
    equations : str
        One line ``dx/dt = (limit - x)*rate`` for each variable that changes between spikes, such as ``dx/dt = -x/tau``. The
        limit and the rate are made of parameters. Lines ``name = ...`` of parameters are shared expressions.
    on_pre, on_post : str
        What a spike of the source does, and what a spike of the target does: assignments to ``w``, the weight, and to
        variables, one after the other: ``"w = w - a*y; x = x + 1"``. In `on_post` a variable has its value at that moment.
    amplitude : str
        What the spike delivers to the synapse's target, after `on_pre`: by default ``"w"``.
    bounds : tuple of str
        The lower and the upper limit of w, made of parameters, ``""`` for none: ``("0", "w_max")``. After every assignment
        w is set to the nearer limit if it is beyond it.
    between : str
        How w and the variables of a synapse change from one of its events to the next, if that is not a relaxation:
        assignments that may read ``elapsed``, the time between the two in ms, but no traces. They must give the same result
        if the time is cut in two, since synapses are also visited at other times. Other names on the left are for the lines
        after them. If w follows a variable of the synapse here, and is assigned nowhere else, as in ``"w = w_0*(1 + q)"``,
        then the weight in ``connect`` is what q begins with. A rule may be this alone: ``"w = w*exp(-elapsed/tau)"``.
    on_modulator : str
        What a spike of the modulating cells (``connect(..., modulator=cells)``) does to the modulator, the one variable that
        all synapses of the projection share: ``"n = n + 1/tau_n"``. `on_pre` and `on_post` may read it, and the equation
        ``dw/dt = c*(n - n_base)``, in which c is a variable of the synapse that decays to 0, is solved exactly.
    step_condition, on_step : str
        A condition on the target such as ``"v_post > theta"``, and what happens in each step of dt at whose beginning it
        holds, from the first one that has been computed on: ``"w = w + dt*a*x*(v_post - theta)"``. The condition may read
        variables of the target, postsynaptic traces and parameters that all synapses share; `on_step` may also read ``dt``.
    late : dict
        Variables that follow the target and are read later: ``{"u": "delay_u"}``, name -> time [ms], a parameter.
    conditions, dimensions
        As for `Neuron`, which also explains the language.

    Notes
    -----
    **Units.** ``w`` has the unit ``"weight"``, whatever the unit of the weights in a network is. Parameters can have it too:
    ``w_max: float = bs.parameter(1.0, "weight", "...")``, or ``"weight/ms"``. So one rule fits all synapses.

    **Variables** are declared with ``bs.initial(number or "expression of parameters", unit, meaning)``; one without an
    equation keeps its value between spikes. A variable that only `on_pre` assigns, from parameters and other such variables,
    is a *presynaptic trace* and kept once for all synapses of a source; likewise a *postsynaptic trace*, once for each
    target. The others, and those that depend on a parameter that differs between synapses, are kept for each synapse:
    8 bytes, and more time.

    **The target cell.** ``v_post`` is the variable v of the target, and so for its other variables. A postsynaptic trace
    may follow them: ``du/dt = (v_post - u)/tau`` is advanced in each step of dt, with v as it was at its beginning, and
    begins at ``bs.initial("v_post", ...)`` or another value. `on_pre` and `amplitude` read variables as they were a step
    before the spike is at the synapse (traces are up to date), `on_post` as they are after the reset, `on_step` as they are.
    Targets without such a variable, or with v in another unit than mV, are refused by ``connect``.

    **The clock of a synapse.** The delay of a connection is the way along the axon and along the dendrite:
    ``connect(..., delay=1.5, dendritic_delay=0.5)``. A spike of the source is at the synapse after the axonal part, a spike
    of the target after the dendritic part, and what the synapse delivers arrives after the whole delay. Traces are read as
    they are at that moment, decayed exactly.

    **Exact times.** With ``simulate(..., precise=True)`` all times are real: those of spikes, of arrivals and of what a rule
    reads. Variables of the target are read as they are at that moment, before the event acts on it or after the reset, and
    two events that are nearer than 3e-11 ms come at one time. Rules with `on_step`, a modulator or variables that follow
    the target are refused, and so is reading the target at an arrival over a dendritic delay.

    **Ties.** At one time of the synapse, `on_pre` acts first, then `on_post`, then `on_step`, and all read the traces as
    they were before, which jump afterwards. So a pair without a lag does not pair. The reference that the engine is compared
    with has this order in one class, ``Synapses`` in ``brainsim/testing/reference/plasticity_synapses.py``.

    **What a rule may read**, and why no more: ``w``, its variables, its parameters, ``pi``, and variables of the target
    where something happens to the synapse. A synapse is not visited at each spike of its target, but catches up at the next
    spike of its source, which is several times faster. What happened in between must therefore follow from spikes, and from
    the steps that `step_condition` lists. So a rule cannot read ``t`` or the source's v, and between spikes a variable of a
    synapse relaxes on its own, as nothing else can be computed exactly after any time. Each trace is assigned once at a
    spike, or is not read between its assignments.

    **Two rules on one synapse.** ``connect(..., plasticity=(TsodyksMarkram(), STDP()))``: a rule that leaves w as it is and
    has an `amplitude` of its own says what a spike delivers of the weight that the other changes, whose `on_pre` acts first.

    **Negative weights.** A rule whose bounds begin at 0 has weights of 0 and more. With ``sign=-1`` they are 0 and less, and
    what the texts say of w happens to -w: ``VogelsSTDP(sign=-1)`` is for inhibition by currents. `a_plus` is then still what
    makes an effect stronger, and `w_max`, a number above 0, the largest -w.

    **Random numbers**, ``rand()``, ``randn()`` and ``binomial(n, p)``, are new for each synapse and event; traces cannot use
    them, as all synapses of a cell share them.

    **Parameters** are numbers, or differ between synapses: a distribution, or an array for a rule of connection that lists
    its pairs. So are initial values, which ``connect(..., initial={"x": bs.Uniform(0.0, 1.0)})`` gives; a trace whose
    initial value differs is kept for each synapse.

    Examples
    --------
    >>> import brainsim as bs
    >>> class Homeostatic(bs.Plasticity):
    ...     equations = "dy/dt = -y/tau"
    ...     on_pre = "w = w + rate*(target - y)"
    ...     on_post = "y = y + 1"
    ...     bounds = ("0", "w_max")
    ...     tau: float = bs.parameter(1000.0, "ms", "time over which spikes are counted", above=0.0)
    ...     target: float = bs.parameter(5.0, "", "number of spikes of the target to aim at")
    ...     rate: float = bs.parameter(0.001, "weight", "change at a spike for each missing one", at_least=0.0)
    ...     w_max: float = bs.parameter(1.0, "weight", "upper bound")
    ...     y: float = bs.initial(0.0, "", "recent spikes of the target")
    >>> Homeostatic.plasticity_equations.post_traces
    ('y',)
    >>> cells = bs.Population(100, bs.LIF(), name="cells")
    >>> net = bs.Network(seed=1)
    >>> net.connect(cells, cells, bs.FixedIndegree(10), weight=0.1, delay=1.5, synapse=bs.Delta(),
    ...             plasticity=Homeostatic(w_max=0.5)).plasticity
    Homeostatic(w_max=0.5)
    """

    equations = ""
    on_pre = ""
    on_post = ""
    amplitude = "w"
    bounds: ClassVar[tuple[str, str]] = ("", "")
    between = ""
    on_modulator = ""
    step_condition = ""
    on_step = ""
    late: ClassVar[dict[str, str]] = {}
    sign: Literal[1, -1] = 1
    plasticity_equations = _Equations()
    _shared: ClassVar[PlasticityEquations | None] = None
    _one_for_each: ClassVar[str] = "listed pair"
    _options: ClassVar[tuple[str, ...]] = ("sign",)
    _said_of_options: ClassVar[dict[str, str]] = {"sign": SIGN}
    _choices: ClassVar[dict[str, tuple[Any, ...]]] = {}  # option -> what it may be
    _sets: ClassVar[dict[str, dict[str, Any]]] = {}  # published values by name
    _begins: ClassVar[dict[str, tuple[float, float]]] = {}  # variable that w follows -> from where to where it may begin
    _parsed: ClassVar[dict[Any, PlasticityEquations]] = {}  # of this class, by its texts
    _initial: Mapping[str, Any] = {}  # noqa: RUF012 - replaced, never changed

    def __init__(self, *positional: object, **values: ValueLike) -> None:
        name = type(self).__name__
        if self._shared is None:
            raise TypeError(f"{name}: has no text that changes w; write in the class: on_post = 'w = w + a*x'")
        for key in self._options:
            allowed: tuple[Any, ...] = ({"sign": (1, -1)} | self._choices)[key]
            value: Any = values.pop(key, getattr(type(self), key))
            object.__setattr__(self, key, choice(value, allowed, f"{name}.{key}"))
        for key, spec in self.parameters.items():
            given = typing.cast(Any, values.get(key, 0.0))
            negative = isinstance(given, int | float) and given < 0.0
            if negative and "sign" in self._options and spec.unit == WEIGHT and spec.above == 0.0:
                message = f"must be > 0; for weights of 0 and less write {key}={-given:g}, sign=-1"
                raise ValueError(f"{name}.{key}: {message} (got {given:g})")
            listed = isinstance(given, list | tuple | np.ndarray)
            if listed and np.ndim(plain(given, spec.unit, f"{name}.{key}")) > 1:
                raise ValueError(
                    f"{name}.{key}: must be one number, a distribution, or an array with a value for each listed pair "
                    f"(got shape {np.shape(given)})"
                )
        super().__init__(*positional, **values)

    def texts(self) -> dict[str, Any]:
        """Return the texts of the rule: by default the class attributes, in some classes according to options.

        They must not depend on values of parameters: these are not known yet when the class is defined.
        """
        return {name: getattr(self, name) for name in TEXTS}

    @classmethod
    def published(cls, name: str, **changes: Any) -> Self:
        """Return the rule with the values of a publication, which the page of the rule lists; `changes` replace some.

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.TripletSTDP.published("hippocampus, all, minimal", w_max=3.0).a3_plus
        0.008
        """
        if name not in cls._sets:
            raise ValueError(f"{cls.__name__}.published: there is no set {name!r}{nearest(name, cls._sets)}")
        return cls(**cls._sets[name] | changes)

    @property
    def initial(self) -> dict[str, float | np.ndarray | Distribution]:
        """Initial values of variables that ``connect(..., initial=)`` has given, by name."""
        return dict(self._initial)

    def starting(self, initial: Mapping[str, ValueLike], label: str) -> Self:
        """Return the rule with other initial values; ``connect(..., initial=)`` does this.

        Parameters
        ----------
        initial : dict
            Variable -> number, distribution, or array with a value for each listed pair, in the unit of the variable.
        label : str
            How error messages begin.

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.TsodyksMarkram().starting({"x": 0.5}, "start").initial
        {'x': 0.5}
        """
        name = type(self).__name__
        if not isinstance(initial, Mapping):
            raise TypeError(f"{label}: must be a dict such as {{'x': 0.5}} (got {initial!r})")
        equations, new = self.plasticity_equations, copy.copy(self)
        known = (*equations.variables, *equations.pre_traces, *equations.post_traces)
        known += (equations.modulator,) * bool(equations.modulator)
        for key, value in initial.items():
            if key == "w":
                raise ValueError(f"{label}: the weight w begins with connect(..., weight={value!r})")
            if equations.followed is not None and key == equations.followed.variable:
                reason = f"since {lang.line_of(typing.cast(Any, equations.computed_weight)).text} in {name}"
                raise ValueError(f"{label}[{key!r}]: begins with connect(..., weight=...), {reason}; leave it out")
            if key not in known:
                raise ValueError(f"{label}: {name} has no variable {key!r}{nearest(key, known)}")
            value = checked_value(value, self.initials[key].unit, f"{label}[{key!r}]")
            if np.ndim(value) > 1 or np.size(value) == 0:
                message = "must be one number, a distribution, or an array with a value for each listed pair"
                raise ValueError(f"{label}[{key!r}]: {message} (got shape {np.shape(value)})")
            if key == equations.modulator and not is_number(value):
                raise ValueError(f"{label}[{key!r}]: must be one number, since all synapses share it (got {value!r})")
            vars(new)["_initial"] = {**new._initial, key: value}
            if not is_number(value):
                vars(new)[key + START] = value
        new.plasticity_equations  # noqa: B018 - a variable that follows the target must begin alike
        return new

    def for_pairs(self, values: Mapping[str, Any], n: int) -> Self:
        """Return the rule with other values of what differs between synapses, one for each of n listed pairs.

        Parameters
        ----------
        values : dict of str to array
            By the names in `per_synapse`.
        n : int

        Raises
        ------
        TypeError, ValueError
            If a name is not among them, or values are not n numbers in the range of the parameter.
        """
        name, new = type(self).__name__, copy.copy(self)
        for key, value in values.items():
            label = f"{name}.{key.removesuffix(START)}"
            if key not in self.per_synapse:
                raise ValueError(f"{label}: does not differ between synapses{nearest(key, sorted(self.per_synapse))}")
            if key in self.parameters and np.size(value):
                value = self.parameters[key].checked(value, label, self._one_for_each)
            value = read_only(plain(value, "", label))
            if np.shape(value) != (n,):
                raise ValueError(f"{label}: must be {n} numbers, one for each listed pair (got shape {np.shape(value)})")
            vars(new)[key] = value
        new._check_conditions()
        return new

    @property
    def per_synapse(self) -> frozenset[str]:
        """The parameters that differ between synapses."""
        values = {key: getattr(self, key) for key in self.parameters}
        values |= {key + START: value for key, value in self._initial.items()}
        return frozenset(key for key, value in values.items() if isinstance(value, Distribution) or np.ndim(value))

    def equations_for(self, per_synapse: Collection[str]) -> PlasticityEquations:
        """Return the equations of the rule if these parameters differ between synapses."""
        texts, cls = self.texts(), type(self)
        given = {n: v if is_number(v) else ast.Name(n + START) for n, v in self._initial.items()}
        key = self.sign, repr(texts), frozenset(per_synapse), repr({n: getattr(v, "id", v) for n, v in given.items()})
        if key not in cls._parsed:
            initials = {name: spec.default for name, spec in cls.initials.items()} | given
            declared = cls.declared()
            starts = {tree.id: declared.variables[n] for n, tree in given.items() if isinstance(tree, ast.Name)}
            declared = replace(declared, parameters={**declared.parameters, **starts})
            equations = parse_plasticity(
                cls.__name__, declared, **texts, initials=initials, per_synapse=frozenset(per_synapse)
            )
            cls._parsed[key] = equations if self.sign == 1 else equations.mirror()
        return cls._parsed[key]

    def bound_texts(self) -> tuple[str, str]:
        """Return the lower and the upper bound of w as text, ``""`` for none, for weights of the sign of the rule."""
        low, high = (text.strip() for text in self.texts()["bounds"])
        return (low, high) if self.sign == 1 else (_minus(high), _minus(low))

    def limits(self) -> tuple[float | np.ndarray | None, float | np.ndarray | None]:
        """Return the lower and the upper bound of w; None where there is none, or where it is sampled."""
        values = {key: getattr(self, key) for key in self.parameters} | {"pi": np.pi}
        known = {key for key, value in values.items() if not isinstance(value, Distribution)}
        trees = self.plasticity_equations.bounds
        low, high = (None if t is None or lang.names_in(t) - known else lang.evaluate(t, values) for t in trees)
        return low, high

    def limits_of_all(self) -> tuple[float | np.ndarray | None, float | np.ndarray | None]:
        """Return bounds within which w is allowed in all synapses, also those whose own are sampled; None for none."""
        values = {key: getattr(self, key) for key in self.parameters} | {"pi": np.pi}
        low, high = self.plasticity_equations.bounds
        return (
            None if low is None else np.max(np.broadcast_arrays(*at_ends(low, values)), axis=0),
            None if high is None else np.min(np.broadcast_arrays(*at_ends(high, values)), axis=0),
        )

    def _key(self):
        begun = ((name, v.tobytes() if isinstance(v, np.ndarray) else v) for name, v in sorted(self._initial.items()))
        return (*super()._key(), *begun)

    @classmethod
    def _parse(cls):
        cls._parsed = {}
        for name, spec in (cls.parameters | cls.initials).items():
            if name.endswith(OF_TARGET):
                message = f"names that end in {OF_TARGET} are kept for variables of the target cell; choose another"
                raise ValueError(f"{cls.__name__}.{name}: {message}")
            if getattr(spec, "called", False):
                message = "a rule reads neither the time nor a Curve, so its parameters are numbers"
                raise TypeError(f"{cls.__name__}.{name}: {message}")
        texts = cls.__new__(cls).texts()
        for name in TEXTS:
            if name in vars(cls) and vars(cls)[name] != texts[name]:
                base = next(base for base in cls.__mro__[1:] if "texts" in vars(base)).__name__
                message = (
                    f"has no effect, since {base} chooses its equations by options; derive the class from bs.Plasticity"
                )
                raise TypeError(f"{cls.__name__}.{name}: {message}")
        base = next(base for base in cls.__mro__ if Model in base.__bases__)
        if any(texts[name] != getattr(base, name) for name in TEXTS if name != "bounds"):
            cls._shared = cls.__new__(cls).equations_for(frozenset())

    def _check_conditions(self):
        super()._check_conditions()
        for text in self.conditions:
            check_supports(type(self).__name__, text, {key: getattr(self, key) for key in self.parameters})
        low, high = self.limits()
        if low is not None and high is not None and np.any(low >= high):
            pairs = np.array(np.broadcast_arrays(low, high)).reshape(2, -1)
            low, high = pairs[:, np.argmax(pairs[0] - pairs[1])]
            texts = self.bound_texts()
            message = f"the lower bound of w, {texts[0]} = {low:g}, must be below the upper one, {texts[1]} = {high:g}"
            raise ValueError(f"{type(self).__name__}.bounds: {message}")


def _minus(text):
    return text if text in ("", "0") else f"-{text}" if text.isidentifier() else f"-({text})"
