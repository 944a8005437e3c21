"""A coupling is a class with texts, like a synapse: what a source gives in each step, and what targets do with the sum."""

from __future__ import annotations

import copy
import functools
import typing
from typing import Any, ClassVar

import numpy as np

from brainsim.core.arrays import short_repr
from brainsim.core.checks import check_word, choice, true_or_false
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError, Tree
from brainsim.equations.parsed import ReceptorEquations
from brainsim.features.couplings import equations as texts
from brainsim.models.base import Model
from brainsim.models.values import ValueLike, is_number

GATE = "gate"  # the side of a coupling that a source has


class Coupling(Model):
    """A model of how cells act on others without spikes, such as a gap junction: in each step, through their variables.

    Class attributes
    ----------------
    source : str
        What a source gives: an expression of its variables and of parameters of the coupling, ``"v"``.
    source_unit : str
        The unit of what it gives.
    current : str
        Current into the target in pA, an expression of

        - ``total``, the sum over all sources of the weight times what the source gives,
        - ``weights``, the sum of the weights, ``v`` of the target, and variables of `equations`.
    weight_unit : str
        Unit of the weights.
    equations : str
        Variables that each target has besides ``total``, one ``dx/dt = ...`` a line; they start at 0.
    gate, spike : str
        Equations of variables that each source has, which `source` may name, and what a spike of the source does to them:
        ``"s = s + 1"``. The equations may contain ``v`` of the source: ``"ds/dt = a*sigmoid(v/k)*(1 - s) - b*s"``. They
        are computed once for each source, however many targets it has. They start at 0.
        A parameter that nothing but the gate reads may be an array or a distribution, with a value for each cell of the
        population of the sources.
    pair : str
        What a pair adds to ``total``, if that is not ``w*x``: an expression of the weight ``w``, what the source gives,
        ``x``, variables of the target by their names, such as ``v``, and ``side``, which is -1 at the source's end of a
        symmetric pair and 1 everywhere else. All pairs are then computed one by one, with the variables at the beginning of
        the step.
    symmetric : bool
        Whether a pair of cells acts in both directions with one weight. What the rule connects are then pairs without a
        direction; see `GapJunction`.
    delayed : bool or None
        Whether connections have a delay: False, True, or None if they may have one.
    dimensions : bool
        As for `Neuron`, which explains the language: False if units are not to be checked.

    Every coupling takes ``name=``, by which recordings call its variables (``"gap.total"``), by default the class's name in
    lower case, and ``order=``, 1 or 2, by default 2. A class may have other defaults: ``order = 1``.

    Notes
    -----
    **Accuracy.** What a source gives is held over a step: with ``order=2``, the default, its value at the middle of the
    step, and with ``order=1`` that at the beginning. Without a delay the middle lies ahead, and is extrapolated from the
    last two values, ``1.5*x(t) - 0.5*x(t - dt)``; with a delay it is the mean of both ends. A variable that a reset has just
    changed is not extrapolated over the jump. The target's own v and variables are integrated by the method of the cell, so
    a step is of second order if that method is: `exact`, `exponential_strang`, `heun`, and `rk4` are, `exponential_euler`
    often is not.

    Without a delay, all threads and ranks of the network exchange values in each step. A network without such couplings does
    not.

    Examples
    --------
    Cells that draw others towards their rates, with kinetics of their own:

    >>> import brainsim as bs
    >>> class Slow(bs.Coupling):
    ...     source = "r"
    ...     source_unit = "Hz"
    ...     weight_unit = "pA/Hz"
    ...     equations = "da/dt = (total - a)/tau"
    ...     current = "a"
    ...     tau: float = bs.parameter(20.0, "ms", "time constant", above=0.0)
    >>> units = bs.Population(3, bs.RateUnit(), name="units", initial={"r": [80.0, 0.0, 0.0]})
    >>> net = bs.Network(seed=1)
    >>> net.connect(units, units, bs.FromArrays([0, 1], [1, 2]), weight=4.0, synapse=Slow(tau=10.0))
    Projection('units->units', FromArrays(2 pairs), Slow(tau=10.0), weight=4.0 pA/Hz, delay=0.0 ms, 2 synapses)
    """

    source = ""
    source_unit = ""
    current = ""
    weight_unit = ""
    equations = ""
    gate = ""
    spike = ""
    pair = ""
    symmetric = False
    delayed: ClassVar[bool | None] = None
    without_spikes: ClassVar[bool] = True
    name: str | None = None
    order: int = 2
    _options: ClassVar[tuple[str, ...]] = ("name", "order")
    side: ClassVar[str] = ""  # GATE of what a source has

    def __init__(self, *positional: object, name: str | None = None, order: int | None = None, **values: ValueLike) -> None:
        kind = type(self).__name__
        name = type(self).name if name is None else name
        order = type(self).order if order is None else order
        check_word(name, f"{kind}.name", "gap")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "order", choice(order, (1, 2), f"{kind}.order"))
        for key, text in self.texts().items():
            if not isinstance(text, str):
                raise TypeError(f"{kind}.{key}: must be a text, an expression such as 'v' (got {short_repr(text)})")
        super().__init__(*positional, **values)
        if not self.texts()["source"]:
            raise TypeError(f"{kind} has no source; write in the class: source = 'v', what a source gives in each step")
        if not self.texts()["current"]:
            raise TypeError(f"{kind} has no current; write in the class: current = 'total', what the sum does to the target")
        self._check_source_side()
        _ = self.receptor_equations  # mistakes in what options choose come here

    def texts(self) -> dict[str, str]:
        """Return the texts by their names; a class whose options choose among texts overrides this."""
        return {name: getattr(self, name) for name in ("source", "current", "equations", "gate", "spike", "pair")}

    @property
    def receptor_equations(self) -> ReceptorEquations:
        """The checked equations of this side."""
        return self._parsed()[self.side or "target"]

    @property
    def given(self) -> Tree:
        """The tree of what a source gives."""
        return self._parsed()["source"]

    @property
    def of_pair(self) -> Tree | None:
        """The tree of what a pair adds, None for ``w*x``."""
        return self._parsed()["pair"]

    @property
    def read_of_target(self) -> tuple[str, ...]:
        """Names of the variables of the target that a pair reads."""
        names = set() if self.of_pair is None else lang.names_in(self.of_pair)
        return tuple(sorted(names - {texts.GIVEN, texts.WEIGHT, texts.SIDE, "pi", "dt"} - self.parameters.keys()))

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables of this side."""
        return tuple(self.receptor_equations.derivatives)

    @property
    def summed(self) -> tuple[str, ...]:
        """The names that stand for sums over the weights of a target."""
        return (texts.WEIGHTS,) if not self.side and self._uses_weights() else ()

    def gate_side(self) -> typing.Self:
        """Return what a source has of this coupling, in place of a synapse."""
        new = copy.copy(self)
        object.__setattr__(new, "side", GATE)
        return new

    def target_side(self) -> typing.Self:
        """Return what a target has: the coupling itself."""
        if not self.side:
            return self
        new = copy.copy(self)
        object.__delattr__(new, "side")
        return new

    def unit_of(self, variable: str) -> str:
        """Return the unit of a variable for recordings, ``""`` if it is not known."""
        if variable == texts.TOTAL:
            dimension = texts.units.unit(texts.unit_of_total(self.weight_unit, self.source_unit), type(self).__name__)
            return next((u for u in KNOWN_UNITS if texts.units.unit(u, "").fits(dimension)), "")
        return ""

    @classmethod
    def _parse(cls):
        name = cls.__name__
        if cls.initials:
            first = next(iter(cls.initials))
            raise TypeError(f"{name}.{first}: variables of a coupling start at 0; only neurons have bs.initial(...)")
        for key, spec in cls.parameters.items():
            if key in texts.OF_COUPLINGS:
                raise ValueError(f"{name}.{key}: this name has a meaning in couplings; choose another")
            if spec.timed:
                raise TypeError(f"{name}.{key}: parameters of a coupling are numbers")
        true_or_false(cls.symmetric, f"{name}.symmetric")
        if cls.delayed not in (None, True, False):
            raise TypeError(f"{name}.delayed: must be True, False, or None if there may be a delay (got {cls.delayed!r})")
        if "source" in vars(cls) or "current" in vars(cls):
            empty = cls.__new__(cls)
            if empty.texts()["source"]:
                empty._parsed()

    def _parsed(self) -> dict[str, Any]:
        key: Any = (type(self), tuple(self.texts().items()))
        return _parsed(*key)

    def _key(self):
        return (*super()._key(), self.side)

    def _uses_weights(self):
        receptor = self.receptor_equations
        trees = [receptor.current, *receptor.derivatives.values(), *receptor.algebraic.values()]
        return any(texts.WEIGHTS in lang.names_in(tree) for tree in trees if tree is not None)

    def check_cells(self, n: int, name: str) -> None:
        """Raise ValueError if an array does not have one value for each of the `n` cells of `name`, on its side."""
        for key in self._read_by(self.receptor_equations):
            if np.ndim(value := getattr(self, key)) and len(value) != n:
                label = f"{type(self).__name__}.{key}"
                raise ValueError(f"{label}: {name!r} has {n} cells, but the array has {len(value)} values")

    def _read_by(self, side):
        """Return the parameters that the equations of a side read, None without them."""
        if side is None:
            return []
        trees = [*side.derivatives.values(), *side.algebraic.values(), *(tree for _, tree in side.spike)]
        trees += [side.current] if side.current is not None else []
        return sorted(set().union(*map(lang.names_in, trees)) & self.parameters.keys())

    def _check_source_side(self):
        """Raise TypeError if a parameter that sources or pairs use is not one number; of a gate alone it may be an array."""
        parsed = self._parsed()
        trees = [self.given, *([self.of_pair] if self.of_pair is not None else [])]
        of_all = set().union(*map(lang.names_in, trees)) & self.parameters.keys()
        both = {*self._read_by(parsed["target"])} & {*self._read_by(parsed[GATE])}
        for key in sorted(of_all | both):
            if not is_number(getattr(self, key)) and not self.parameters[key].called:
                hint = "" if key in of_all else "; a parameter that only the gate reads may have one for each source"
                raise TypeError(f"{type(self).__name__}.{key}: must be one number, since sources use it, too{hint}")


KNOWN_UNITS = ("pA", "nS", "mV", "Hz", "")


@functools.lru_cache(512)
def _parsed(cls, items) -> dict[str, Any]:
    """Return what the texts of a coupling say: side -> equations or tree. Equal couplings share one kernel by it."""
    label, declared, text = cls.__name__, cls.declared(), dict(items)
    units_of = {"weight_unit": cls.weight_unit, "source_unit": cls.source_unit}
    for name, unit in units_of.items():
        texts.units.unit(unit, f"{label}.{name}")
    try:
        return _parsed_sides(cls, label, declared, text, units_of)
    except EquationError as error:
        if cls.source_unit or not cls.dimensions or "unit" not in str(error) and " is in " not in str(error):
            raise
        hint = (
            f"{label}.source_unit: is not given, so {texts.TOTAL!r} is in {cls.weight_unit or 'plain numbers'}; if a source "
        )
        error.args = (f"{error}\n{hint}gives a quantity, write its unit in the class, such as source_unit = 'mV'",)
        raise


def _parsed_sides(cls, label, declared, text, units_of):
    pair = texts.parse_pair(label, declared, text["pair"], **units_of) if text["pair"] else None
    if text["spike"] and not text["gate"]:
        raise TypeError(f"{label}.spike: acts on variables of the gate; write its equations: gate = 'ds/dt = -s/tau'")
    return {
        "target": texts.parse_target(label, declared, equations=text["equations"], current=text["current"], **units_of),
        GATE: texts.parse_gate(label, declared, text["gate"], text["spike"]) if text["gate"] else None,
        "source": texts.parse_source(label, declared, text["source"]),
        "pair": None if pair is not None and is_product(pair) else pair,
    }


def is_product(pair: Tree) -> bool:
    """Return whether a pair adds ``w*x``."""
    parts = algebra.linear_in(pair, texts.WEIGHT)
    return parts is not None and algebra.is_zero(parts[1]) and getattr(parts[0], "id", None) == texts.GIVEN
