"""Whether a step follows the motion of its equations, found by comparing it with two steps of half the length.

Near the initial values a step is a linear map. Its eigenvalues say how much of each mode of the system is left after the
step. If those of one step and of two half steps differ, the method is too coarse for the system at this dt: it makes a mode
too slow, as exponential Euler does with closely coupled compartments, or lets it grow, as Euler's method does with a fast
decay. A system that becomes stiff only far away from its initial values is not found.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import FUNCTIONS, EquationError
from brainsim.equations.steps.methods import METHODS

if TYPE_CHECKING:
    from brainsim.equations.steps.step import Step
    from brainsim.equations.system import System

LIMIT = 0.2  # of the change of a mode in a step: above it, a method is too coarse
FINE = 0.02  # of the same: below it, a method is recommended
SLOWEST = 1e-4  # changes in a step below this are not compared: rounding is in their digits
MAX_VARIABLES = 400  # of a system that is checked: 0.3 s
MAX_PARTS = 1024  # that are suggested
SHIFT = 1e-6  # of a variable, to find the linear map
ALTERNATIVES = ("rk4", "exponential_strang", "heun", "exponential_euler", "euler_maruyama")


def _relaxation(z):
    return np.where(z == 0.0, 1.0, -np.expm1(-z) / np.where(z == 0.0, 1.0, z))


# the helpers of kernels (see `lower`) on arrays
NUMPY: dict[str, Any] = FUNCTIONS | {
    "cube": lambda x: x**3,
    "exprel_inverse": lambda x: 1.0 / FUNCTIONS["exprel"](x),
    "flushed": lambda x: x,
    "fourth": lambda x: x**4,
    "greater": np.maximum,
    "int64": lambda n: n,
    "lesser": np.minimum,
    "power": np.power,
    "relaxation": _relaxation,
    "square": np.square,
    "whole_power": np.power,
}


@functools.lru_cache(512)
def deviation(
    system: System, step: Step, values: tuple[tuple[str, Any], ...], start: tuple[float, ...], dt: float
) -> tuple[float, str]:
    """Return how much one step and two half steps differ, relative to the change of a mode in a step, and a variable.

    `values` are the parameters of one cell and the values of its tables, `start` its initial values in the order of the
    variables, and `dt` is in ms. A deviation of 0.2 is 20 %; the result is 0 and "" if the comparison is not possible. The
    variable is the one whose own change differs most.
    """
    # exponential Euler is of second order if it solves all equations one after the other
    solved = step.method == "exact" or (step.method == "exponential_euler" and step.order != 1)
    if solved or not 0 < len(start) <= MAX_VARIABLES:
        return 0.0, ""
    with np.errstate(all="ignore"):
        known = dict(values)
        whole, half = (_Map(system, step, known, part) for part in (dt, 0.5 * dt))
        once, twice = _slopes(whole, np.array(start)), _slopes(lambda state: half(half(state)), np.array(start))
        if not (np.isfinite(once).all() and np.isfinite(twice).all()):
            return 0.0, ""
        left, expected = np.sort_complex(np.linalg.eigvals(once)), np.sort_complex(np.linalg.eigvals(twice))
        error = np.abs(left - expected) / np.maximum(np.abs(1.0 - expected), SLOWEST)
        name = system.variables[int(np.argmax(np.abs(np.diag(once - twice))))]
    return float(error.max()), name


def advice(system: System, values: Mapping[str, Any], start: tuple[float, ...], dt: float, own: str) -> str:
    """Return what to write in a class whose steps are too coarse: the method, and into how many parts it must divide dt."""
    best, parts = "", MAX_PARTS
    for method in dict.fromkeys((own, *ALTERNATIVES)):
        try:
            step = METHODS[method](system, own)
        except EquationError:
            continue
        needed = 1
        while needed < parts and deviation(system, step, tuple(values.items()), start, dt / needed)[0] > FINE:
            needed *= 2
        if needed < parts:
            best, parts = method, needed
    if not best:
        return "use a much smaller dt"
    changed = f"method = {best!r}" * (best != own)
    changed += (" and " if best != own and parts > 1 else "") + f"substeps = {parts * system.substeps}" * (parts > 1)
    return f"write {changed} in the class" + f", or use dt = {dt * system.substeps / parts:.3g} ms" * (best == own)


class _Map:
    """One step as a function of the state, an array with one row per variable."""

    def __init__(self, system, step, values, dt):
        self.system, self.lines, self.product = system, step.lines, step.product
        self.known = values | {"dt": dt, "pi": np.pi, "t": 0.0, "I_ext": 0.0, "_free": True, "1.0": 1.0}
        self.known |= step.compute(values, dt) | dict.fromkeys(step.normals, 0.0)

    def __call__(self, state):
        known = self.known | dict(zip(self.system.variables, state, strict=True))
        if (product := self.product) is not None:
            inputs = [np.broadcast_to(known[name], state.shape[1:]) for name in product.inputs]
            matrix = np.array([known[name] for name in product.constants]).reshape(len(inputs), -1)
            known |= dict(zip(product.outputs, matrix.T @ np.array(inputs), strict=True))
        for line in self.lines:
            known[line.name] = lang.evaluate(line.whole, known, NUMPY)
        return np.array([np.broadcast_to(known[f"_{name}_new"], state.shape[1:]) for name in self.system.variables])


def _slopes(function, start):
    """Return the matrix of derivatives of a map; at a corner the smaller of the two slopes, 0 if their signs differ."""
    shifts = SHIFT * np.maximum(np.abs(start), 0.1)
    apart = np.diag(shifts)
    states = start[:, None] + np.concatenate([apart, -apart, np.zeros((len(start), 1))], axis=1)
    moved = function(states)
    up, down = moved[:, : len(start)] - moved[:, -1:], moved[:, -1:] - moved[:, len(start) : -1]
    return np.where(np.sign(up) * np.sign(down) < 0.0, 0.0, np.where(np.abs(up) < np.abs(down), up, down)) / shifts
