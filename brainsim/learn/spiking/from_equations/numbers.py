"""The numbers in the kernels of a model, computed from its parameters, and derivatives with respect to those that learn."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from brainsim.build.constants import kernel_constants
from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError, Tree
from brainsim.equations.steps.methods import method_named
from brainsim.features.adjoints.step import Slopes, slope_of, slopes_of
from brainsim.learn.spiking.from_equations.smooth import TAUS, Smooth
from brainsim.learn.spiking.from_equations.upstroke import LEVEL

TAU_S = "tau_s"  # the time constant of the first receptor; of the next one it is "tau_s 1"
SLOWEST = 1e-9  # rate of decay in 1/ms: the response is written with its inverse
TINY = 1e-200  # stands for a factor 0, which means the smooth way


class Numbers(NamedTuple):
    """What the kernels of a layer read: numbers, and the state at the start of a sample.

    `factor` and `tau_m` describe the response of the potential to a spike, see `responses.potential`; `factor` is 0 for the
    smooth way.
    """

    scalars: np.ndarray
    initial: np.ndarray
    factor: float
    tau_m: float


class Sums(NamedTuple):
    """The derivatives of a loss with respect to the numbers that change, the state at the start, and the response."""

    by_number: Mapping[str, float]
    by_start: np.ndarray
    by_factor: float
    by_tau_m: float


class _Slope(NamedTuple):
    """The derivatives of all numbers with respect to one parameter."""

    kernel: Slopes
    initial: dict[str, Tree]
    gain: Tree
    decay: Tree


class Formulas:
    """From the parameters of a model to the `names` of numbers in its kernels, and back to derivatives of parameters.

    `learns` lists the parameters that learn, with ``"tau_s"`` for that of the synaptic current.
    """

    def __init__(self, smooth: Smooth, label: str, learns: Sequence[str]):
        self.smooth, self.label, self.learns, self.names = smooth, label, tuple(learns), tuple[str, ...]()
        self.step = method_named(smooth.model.method, label)(smooth.system, label)
        if self.step.product is not None:
            many = "the exact step of so many variables that depend on each other has no derived adjoint"
            raise EquationError(label, f"{many}; write method='heun'")
        given = smooth.model.cell_equations.initials
        defaults = {name: smooth.model.initials[name].default for name in smooth.variables}
        self._initial = {name: given.get(name, default) for name, default in defaults.items()}
        self._gain: Tree = smooth.gain if smooth.linear else algebra.ZERO
        self._decay: Tree = smooth.decay if smooth.linear else ast.Constant(0.05)
        self._slopes = {name: self._slope(name) for name in self.learns}

    def values(self, learned: Mapping[str, float], taus: Sequence[float]) -> dict[str, float]:
        """Return all parameters by name, with some learned ones."""
        model = self.smooth.model
        named = zip(TAUS, taus, strict=False)
        return {name: getattr(model, name) for name in model.parameters} | {**learned, **dict(named)}

    def at(self, values: dict[str, float], dt: float) -> Numbers:
        """Return the numbers for these parameters."""
        constants = kernel_constants(self.smooth.system, self.step, dict(values), dt, self.label)
        known = values | {"pi": np.pi, "dt": dt}
        if LEVEL in self.names and self.smooth.upstroke:
            constants[LEVEL] = self.smooth.upstroke.level(known | self._initial_state(known), dt)
        scalars = np.array([float(constants[name]) for name in self.names])
        initial = np.array([*self._initial_state(known).values(), *(0.0 for _ in self.smooth.currents)])
        gain, decay = self._response(known)
        return Numbers(scalars, initial, (gain / decay or TINY) if self.smooth.linear else 0.0, 1.0 / decay)

    def distance(self) -> float:
        """Return how far below its threshold a cell of the model as it is begins; 1 if it begins beyond it."""
        known = self.values({}, ()) | {"pi": np.pi}
        gap = float(lang.compute(self.smooth.gap, known | self._initial_state(known)))
        return -gap if gap < 0.0 else 1.0

    def changing(self, parameter: str) -> set[str]:
        """Return the numbers in the kernels that depend on a parameter that learns."""
        return self._slopes[parameter].kernel.names

    def acts(self, parameter: str) -> bool:
        """Return whether anything depends on a parameter that learns."""
        slope = self._slopes[parameter]
        others = (*slope.initial.values(), slope.gain, slope.decay)
        return bool(slope.kernel.names & {*self.names}) or not all(map(algebra.is_zero, others))

    def gradient(self, parameter: str, values: dict[str, float], dt: float, sums: Sums) -> float:
        """Return the derivative of a loss with respect to a parameter that learns, from those of the numbers."""
        slope, known = self._slopes[parameter], values | {"pi": np.pi, "dt": dt}
        by, total = slope.kernel.at(values, dt), 0.0
        for name, part in sums.by_number.items():
            total += part * by.get(name, 0.0)
        state = known | self._initial_state(known)
        for part, name in zip(sums.by_start, self._initial, strict=False):  # currents begin at 0
            total += float(part) * float(lang.compute(slope.initial[name], state))
        gain, decay = self._response(known)
        by_gain, by_decay = (float(lang.compute(tree, known)) for tree in (slope.gain, slope.decay))
        total += sums.by_factor * (by_gain - gain / decay * by_decay) / decay
        return total - sums.by_tau_m * by_decay / (decay * decay)

    def _response(self, known):
        """Return the change of v by the current, as a rate, and the rate at which v decays; see `Smooth`."""
        gain, decay = (float(lang.compute(tree, known)) for tree in (self._gain, self._decay))
        return gain, decay if abs(decay) > SLOWEST else SLOWEST

    def _initial_state(self, known):
        """Return the state at the start of a sample; an initial value may depend on those declared before it."""
        found: dict[str, float] = {}
        for name, value in self._initial.items():
            found[name] = float(lang.compute(value, known | found) if isinstance(value, ast.AST) else value)
        return found

    def _slope(self, learned):
        name = TAUS[int(learned[len(TAU_S) :] or 0)] if learned.startswith(TAU_S) else learned
        initial: dict[str, Tree] = {}
        for variable, value in self._initial.items():
            initial[variable] = slope_of(value, name, dict(initial), self.label)
        gain, decay = (slope_of(tree, name, {}, self.label) for tree in (self._gain, self._decay))
        return _Slope(slopes_of(self.smooth.system, self.step, name, self.label), initial, gain, decay)


def gradients(
    derived: Any,
    values: dict[str, float],
    dt: float,
    numbers: Numbers,
    records: Sequence[Any],
    by_slow: float,
    by_tau_m: float,
) -> dict[str, float]:
    """Return parameter -> derivative of the loss of a batch, for those that learn.

    The `records` of all chunks hold sums that are added up in this order. `by_slow` and `by_tau_m` are what `backward` has
    added up for the response of the potential, by its size and by its time constant.
    """
    by_number, by_start = np.zeros(len(derived.changing)), np.zeros(len(numbers.initial))
    for record in records:
        by_number += record["by_number"]
        by_start += record["by_start"]
    by_factor = by_slow / numbers.factor if numbers.factor else 0.0
    by = dict(zip(derived.changing, by_number.tolist(), strict=True))
    sums, formulas = Sums(by, by_start, float(by_factor), float(by_tau_m)), derived.formulas
    return {name: formulas.gradient(name, values, dt, sums) for name in formulas.learns}
