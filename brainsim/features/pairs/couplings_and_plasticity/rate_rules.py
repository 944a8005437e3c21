"""Rules for the weights of couplings, which change in time by the rates of both cells."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from brainsim.core.checks import nearest, number
from brainsim.equations.expressions import language as lang
from brainsim.features.pairs.couplings_and_plasticity.equations import RateEquations, parse_rates
from brainsim.models.base import Model, initial, parameter
from brainsim.models.values import is_number


class RatePlasticity(Model):
    """A rule for the weights of a coupling such as `RateConnection`: how they change in time by what both cells give.

    Class attributes
    ----------------
    equations : str
        A line ``dw/dt = ...``, made of

        - ``w``, the weight,
        - ``pre``, what the source gives, as it arrives at the target: after the gain and the delay of the coupling,
        - ``post``, what the target itself would give by the same coupling, now,
        - parameters, and variables of the rule.

        A variable has a line ``dx/dt = ...`` made of ``post``, parameters and other variables, and is kept once for each
        target. Lines ``name = ...`` are shared expressions.
    bounds : tuple of str
        The lower and the upper limit of w, made of parameters, ``""`` for none: ``("0", "w_max")``. At the end of each step
        w is set to the nearer limit if it is beyond it.
    source_unit : str
        The unit of ``pre`` and ``post``, which the coupling must give: by default Hz.
    conditions, dimensions
        As for `Neuron`, which also explains the language. With ``dimensions = False`` the rule is for any coupling.

    Notes
    -----
    **Couplings.** A rule acts on couplings in which a pair adds the weight times what its source gives, in one direction:
    `RateConnection`, `GradedSynapse`, and classes of your own. Those with a gate, a symmetric pair or the sum of the
    ``weights`` in their equations are refused by ``connect``, and so are rules of spikes such as `STDP`. A population of
    targets must have the variables that a source needs.

    **Accuracy.** Weights and variables are advanced by the midpoint rule with a coupling of order 2, and by Euler's with
    order 1; ``pre`` and ``post`` are those that the coupling uses for the step (see `Coupling`), and so is the weight: that
    in the middle of the step, or at its beginning. ``sim.set(projection, learning=False)`` stops the weights, and not the
    variables of the targets.

    **Threads and memory.** The bits do not depend on the number of threads, nor on that of ranks. A weight that learns takes
    8 bytes, in single precision too, since a step adds too little to be seen in float32.

    **Units.** ``w`` has the unit ``"weight"``, whatever it is in a network, and the time of a rule is in ms.

    Examples
    --------
    A Hebbian rule whose weights decay:

    >>> import brainsim as bs
    >>> class Hebb(bs.RatePlasticity):
    ...     equations = "dw/dt = eta*pre*post - w/tau"
    ...     bounds = ("0", "w_max")
    ...     eta: float = bs.parameter(1e-6, "weight/ms/Hz**2", "rate of learning", at_least=0.0)
    ...     tau: float = bs.parameter(1e4, "ms", "time constant of forgetting", above=0.0)
    ...     w_max: float = bs.parameter(5.0, "weight", "upper bound")
    >>> units = bs.Population(2, bs.RateUnit(), name="units", initial={"r": 20.0})
    >>> net = bs.Network(seed=1)
    >>> wire = net.connect(units[:1], units[1:], bs.OneToOne(), weight=3.0, synapse=bs.RateConnection(), plasticity=Hebb())
    >>> sim = bs.Simulation(net, seed=1)
    >>> _ = sim.run(100.0)
    >>> sim.synapses(wire).weight.round(3)
    array([2.973])
    """

    equations = ""
    bounds: ClassVar[tuple[str, str]] = ("", "")
    source_unit = "Hz"
    rate_equations: ClassVar[RateEquations | None] = None
    per_synapse: ClassVar[frozenset[str]] = frozenset()  # parameters that differ between synapses: none
    _initial: Mapping[str, float] = {}  # noqa: RUF012 - replaced, never changed

    def __init__(self, *positional: object, **values: float) -> None:
        name = type(self).__name__
        if self.rate_equations is None:
            raise TypeError(f"{name}: has no text that changes w; write in the class: equations = 'dw/dt = eta*pre*post'")
        super().__init__(*positional, **values)

    def texts(self) -> dict[str, Any]:
        """Return the texts of the rule by their names."""
        return {"equations": self.equations, "bounds": self.bounds}

    @property
    def initial(self) -> dict[str, float]:
        """Initial values of variables that ``connect(..., initial=)`` has given, by name."""
        return dict(self._initial)

    def starting(self, initial: Mapping[str, float], label: str) -> Self:
        """Return the rule with other initial values, one number for each variable; ``connect(..., initial=)`` does this.

        Examples
        --------
        >>> import brainsim as bs
        >>> bs.BCM().starting({"theta": 5.0}, "start").begin()
        {'theta': 5.0}
        """
        if not isinstance(initial, Mapping):
            raise TypeError(f"{label}: must be a dict such as {{'theta': 5.0}} (got {initial!r})")
        new = copy.copy(self)
        for key, value in initial.items():
            if key not in self.initials:
                hint = "; the weight begins with connect(..., weight=...)" if key == "w" else nearest(key, self.initials)
                raise ValueError(f"{label}: {type(self).__name__} has no variable {key!r}{hint}")
            vars(new)["_initial"] = {**new._initial, key: number(value, f"{label}[{key!r}]", self.initials[key].unit)}
        return new

    def begin(self) -> dict[str, float]:
        """Return the initial value of each variable."""
        values = self._values()
        trees = self._equations().initials
        values |= {key: self._initial.get(key, spec.default) for key, spec in self.initials.items()}
        for key in (key for key in trees if key not in self._initial):
            values[key] = lang.evaluate(trees[key], values)
        return {key: float(values[key]) for key in self.initials}

    def limits(self) -> tuple[float | None, float | None]:
        """Return the lower and the upper bound of w, None for none."""
        values = self._values()
        low, high = (None if tree is None else float(lang.evaluate(tree, values)) for tree in self._equations().bounds)
        return low, high

    limits_of_all = limits

    def bound_texts(self) -> tuple[str, str]:
        """Return the lower and the upper bound of w as text, ``""`` for none."""
        return self.bounds

    def _values(self) -> dict[str, float]:
        return {key: getattr(self, key) for key in self.parameters} | {"pi": math.pi}

    def _equations(self) -> RateEquations:
        assert self.rate_equations is not None  # or it would not have been made
        return self.rate_equations

    def _key(self):
        return (*super()._key(), *sorted(self._initial.items()))

    @classmethod
    def _parse(cls):
        for name, spec in cls.parameters.items():
            if spec.called:
                raise TypeError(f"{cls.__name__}.{name}: parameters of a rule are numbers")
        if cls.equations:
            initials = {name: spec.default for name, spec in cls.initials.items()}
            texts = {"equations": cls.equations, "bounds": cls.bounds, "source_unit": cls.source_unit}
            cls.rate_equations = parse_rates(cls.__name__, cls.declared(), **texts, initials=initials)

    def _check_conditions(self):
        for key in self.parameters:
            if not is_number(getattr(self, key)):
                message = f"must be one number for all pairs (got {getattr(self, key)!r})"
                raise TypeError(f"{type(self).__name__}.{key}: {message}")
        super()._check_conditions()
        low, high = self.limits()
        if low is not None and high is not None and low >= high:
            message = f"the lower bound of w, {self.bounds[0]} = {low:g}, must be below the upper one, {self.bounds[1]} = "
            raise ValueError(f"{type(self).__name__}.bounds: {message}{high:g}")


class Oja(RatePlasticity):
    """Hebbian learning that keeps weights finite: ``dw/dt = eta*post*(pre - alpha*post*w)``, for `RateConnection`.

    ``pre`` is what a source gives, ``post`` what the target itself would give by the same coupling: its rate, with a linear
    gain. If the target is linear, its rate the weighted sum of its inputs times a gain G [Hz/pA], and learning much slower
    than the rates change, the weights of a target tend to the first eigenvector of the mean of ``pre_i*pre_j``, up to the
    sign; their length tends to ``1/sqrt(alpha*G)``. Rates that are never negative have a mean, which is most of that
    eigenvector; deviations from a mean are rates of either sign in a model of your own.

    `bs.learn.OjaUnit` is the same rule for the rows of an array, without a simulation.

    Examples
    --------
    >>> import brainsim as bs
    >>> inputs = bs.Population(2, bs.RateUnit(), name="inputs", initial={"r": [30.0, 10.0]})
    >>> cell = bs.Population(1, bs.RateUnit(), name="cell")
    >>> net = bs.Network(seed=1)
    >>> wires = net.connect(inputs, cell, bs.AllToAll(), weight=5.0, synapse=bs.RateConnection(), plasticity=bs.Oja())
    >>> result = bs.simulate(net, 100.0, seed=1, record=bs.WeightTrace(wires, every=50.0))
    >>> result.weights[wires].values.shape
    (3, 2)

    References
    ----------
    Oja (1982), doi:10.1007/BF00275687.
    """

    equations = "dw/dt = eta*post*(pre - alpha*post*w)"

    eta: float = parameter(1e-6, "weight/ms/Hz**2", "rate of learning", at_least=0.0)
    alpha: float = parameter(1.0, "1/weight", "strength of the decay, which limits the length of the weights", at_least=0.0)


class BCM(RatePlasticity):
    """Learning that makes a target selective: Hebbian above a threshold that slides with its rate, and the reverse below.

    ``dw/dt = eta*pre*post*(post - theta)`` and ``dtheta/dt = (post**2/r_0 - theta)/tau``, for `RateConnection`; `Oja`
    explains ``pre`` and ``post``. The threshold theta is kept for each target and is the mean of ``post**2/r_0`` over about
    the last `tau`. With one input pattern the target ends at the rate `r_0`. If n patterns, none of them a mixture of the
    others, come equally often, a linear target ends at the rate ``n*r_0`` for one of them and at 0 for the others. For this,
    `tau` must be longer than the patterns last, but so short that the weights change more slowly; otherwise both oscillate.

    `bs.learn.BCMUnit` is the same rule for the rows of an array, without a simulation.

    Examples
    --------
    >>> import brainsim as bs
    >>> inputs = bs.Population(2, bs.RateUnit(), name="inputs", initial={"r": [30.0, 10.0]})
    >>> cell = bs.Population(1, bs.RateUnit(), name="cell")
    >>> net = bs.Network(seed=1)
    >>> wires = net.connect(inputs, cell, bs.AllToAll(), weight=5.0, synapse=bs.RateConnection(), plasticity=bs.BCM())
    >>> result = bs.simulate(net, 100.0, seed=1, record=bs.WeightTrace(wires, "theta", every=50.0))
    >>> result.weights[wires, "theta"].unit
    'Hz'

    References
    ----------
    Bienenstock, Cooper & Munro (1982), doi:10.1523/JNEUROSCI.02-01-00032.1982; the mean square as the threshold is that of
    Intrator & Cooper (1992), doi:10.1016/S0893-6080(05)80003-6.
    """

    equations = """
        dtheta/dt = (post**2/r_0 - theta)/tau
        dw/dt = eta*pre*post*(post - theta)
    """

    eta: float = parameter(1e-7, "weight/ms/Hz**3", "rate of learning", at_least=0.0)
    r_0: float = parameter(10.0, "Hz", "rate at which the threshold equals the rate", above=0.0)
    tau: float = parameter(1000.0, "ms", "time over which the threshold is a mean", above=0.0)

    theta: float = initial(0.0, "Hz", "threshold between weakening and strengthening")
