"""A system whose cells fire at the times at which they cross the threshold: what is asked of it, and its step.

A cell is advanced from one event to the next, so its step has any length. Linear equations are solved exactly; all others
by the Runge-Kutta method of fourth order, in the parts into which the model divides dt.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, EquationError, Tree
from brainsim.equations.statements import Assign, select_needed
from brainsim.equations.steps.exact import Propagator
from brainsim.equations.steps.methods import exact, rk4
from brainsim.equations.steps.step import Step
from brainsim.equations.system import System

LONGEST = "_longest__part"  # the longest time by which a cell is moved at once [ms]
MAX_KEPT = 512


@dataclass(frozen=True, eq=False)
class PreciseSystem(System):
    """A System whose refractory time is not counted in steps, and whose substeps are those of its step."""

    @property
    def fixed_time(self) -> bool:
        """Whether the refractory time is a number of steps: it is any time."""
        return False


@dataclass(eq=False)
class PreciseStep(Step):
    """A step of any length.

    - `lines`: the move by dt as a whole, as in any Step
    - `solved`: whether the equations are linear, so that `lines` are exact for one dt only
    - `slopes`: statements that compute ``_x_k1``, the time derivative of each variable x
    - `gap`: the distance to the threshold, > 0 beyond it, None without a threshold; `gains`: its derivative with respect to
      each variable
    - `parts`: number of moves in one dt, if the equations are not linear
    """

    solved: bool = False
    slopes: list[Assign] = field(default_factory=list)
    gap: Tree | None = None
    gains: dict[str, Tree] = field(default_factory=dict)
    parts: int = 1


@functools.lru_cache(MAX_KEPT)
def make_precise(system: System, label: str) -> tuple[PreciseSystem, PreciseStep]:
    """Return a System and its step for spikes at exact times; raise EquationError if that is not possible."""
    _check(system, label)
    changed = {"substeps": 1, "crossing": ()}
    new = PreciseSystem(**{f.name: getattr(system, f.name) for f in fields(system)} | changed)
    moved = rk4(new, label)
    slopes = select_needed(moved.lines, {f"_{name}_k1" for name in new.variables})
    parts: dict[str, Any] = {"slopes": slopes, "parts": system.substeps}
    parts["gap"], parts["gains"] = _gap_and_gains(new, label)
    try:
        whole = exact(new, label)
    except EquationError:
        return new, _joined("rk4", moved, [moved], solved=False, order=4, **parts)
    if whole.product is not None:
        raise EquationError(label, f"precise=True needs fewer than the {len(new.variables)} variables of these equations")
    return new, _joined("exact", whole, [whole, moved], solved=True, **parts)


def _joined(method, moved, steps, **parts):
    """Return the PreciseStep with the lines of one step and the constants of all."""
    trees = {name: tree for step in steps for name, tree in step.constants.items()}
    computes = [compute for step in steps for compute in step.computes]
    solvers = [compute for compute in computes if isinstance(compute, Propagator)]

    def compute(values, dt):
        numbers = {name: number for step in steps for name, number in step.compute(values, dt).items()}
        longest = dt / parts["parts"]
        if solvers:
            # a series converges within a few terms up to the time in which the fastest variable changes e-fold
            longest = 1.0 / np.maximum(solvers[0].fastest(values, dt), 1.0 / dt)
        return numbers | {LONGEST: longest if np.ndim(longest) else float(longest)}

    known: dict[str, Any] = {"compute": compute, "constants": trees, "computes": tuple(computes)}
    return PreciseStep(method, moved.lines, **known, **parts)


def _check(system, label):
    """Raise EquationError if spikes of a system cannot have exact times."""
    if system.noise:
        name = next(iter(system.noise))
        raise EquationError(label, f"precise=True needs equations without noise, but d{name}/dt has some")
    if system.events:
        test = ast.unparse(system.events[0][0])
        raise EquationError(label, "precise=True finds the time of a spike only, not that of other events", test)
    if system.spikes is not None:
        raise EquationError(label, "precise=True needs cells that send one spike at a time", ast.unparse(system.spikes))
    if system.tables:
        raise EquationError(label, "precise=True needs equations without a TimedArray")
    if system.refractory is not None and lang.is_condition(system.refractory):
        text = ast.unparse(system.refractory)
        if text != ast.unparse(system.threshold) or {*system.frozen} & {*system.variables}:
            message = "precise=True needs a refractory time in ms, or the threshold itself with frozen = ()"
            raise EquationError(label, message, text)
    for name, tree in (*system.derivatives.items(), *system.algebraic.items()):
        if "dt" in lang.names_in(tree):
            raise EquationError(label, f"precise=True has steps of any length, but the equation of {name} contains dt")
    for tree in (system.threshold, system.refractory, *(tree for _, tree in system.reset)):
        if tree is not None and lang.calls_in(tree) & RANDOM:
            raise EquationError(
                label, "precise=True needs a threshold and a reset without random numbers", ast.unparse(tree)
            )


def _gap_and_gains(system, label):
    """Return the distance to the threshold and its derivatives, (None, {}) without a threshold."""
    if system.threshold is None:
        return None, {}
    gap, gains = system.gap(label, "precise=True needs a threshold that is"), {}
    if "t" in lang.names_in(gap):
        hint = "write an equation 'dtheta/dt = ...' for it"
        raise EquationError(label, f"precise=True needs a threshold without t; {hint}", ast.unparse(system.threshold))
    for name in system.variables:
        parts = algebra.linear_in(gap, name)
        if parts is None or system.changes(parts[0]):
            text = ast.unparse(system.threshold)
            raise EquationError(label, f"precise=True needs a threshold that is linear in {name!r}", text)
        if not algebra.is_zero(parts[0]):
            gains[name] = parts[0]
    return gap, gains
