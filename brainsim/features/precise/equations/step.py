"""A system whose cells fire at the times at which they cross the threshold: its requirements, and one step of it.

A cell is advanced from one event to the next, so its step has any length. Linear equations are solved exactly; all others
by the Runge-Kutta method of fourth order, in the parts into which the model divides dt.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
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
    - `terms`: if they are, (variable, its factor, "" for 1) -> the constant, of their time derivatives
    - `slopes`: if not, statements that compute ``_x_k1``, the time derivative of each variable x
    - `gap`: the distance to the threshold, > 0 beyond it, None without a threshold; `gains`: its derivative with respect to
      each variable
    - `parts`: number of moves in one dt, if the equations are not linear
    """

    solved: bool = False
    terms: dict[tuple[str, str], str] = field(default_factory=dict)
    slopes: list[Assign] = field(default_factory=list)
    gap: Tree | None = None
    gains: dict[str, Tree] = field(default_factory=dict)
    parts: int = 1

    @property
    def written_by(self) -> Callable[..., Any]:
        """What writes the kernel that advances each cell from event to event."""
        from brainsim.features.precise.equations.kernel_text import write_precise_kernel

        return write_precise_kernel


@functools.lru_cache(MAX_KEPT)
def make_precise(system: System, label: str) -> tuple[PreciseSystem, PreciseStep]:
    """Return a System and its step for spikes at exact times; raise EquationError if that is not possible."""
    _check(system, label)
    changed = {"substeps": 1}
    new = PreciseSystem(**{f.name: getattr(system, f.name) for f in fields(system)} | changed)
    gap, gains = _gap_and_gains(new, label)
    try:
        whole = exact(new, label)
    except EquationError:
        return new, _in_parts(rk4(new, label), new, system.substeps, gap, gains)
    if whole.product is not None:
        raise EquationError(label, f"precise=True needs fewer than the {len(new.variables)} variables of these equations")
    return new, _solved(whole, gap, gains)


def _in_parts(step, system, parts, gap, gains):
    """Return the PreciseStep of equations that are not linear."""

    def compute(values, dt):
        return step.compute(values, dt) | {LONGEST: dt / parts}

    slopes = select_needed(step.lines, {f"_{name}_k1" for name in system.variables})
    known: dict[str, Any] = {"compute": compute, "constants": step.constants, "computes": step.computes, "order": 4}
    return PreciseStep("rk4", step.lines, **known, slopes=slopes, parts=parts, gap=gap, gains=gains)


def _solved(step, gap, gains):
    """Return the PreciseStep of linear equations."""
    propagator = next(compute for compute in step.computes if isinstance(compute, Propagator))

    def compute(values, dt):
        # a series converges within a few terms up to the time in which the fastest variable changes e-fold
        longest = 1.0 / np.maximum(propagator.fastest(values, dt), 1.0 / dt)
        numbers = step.compute(values, dt) | propagator.rates(values, dt)
        return numbers | {LONGEST: longest if np.ndim(longest) else float(longest)}

    known: dict[str, Any] = {"compute": compute, "constants": step.constants, "computes": step.computes}
    return PreciseStep("exact", step.lines, **known, solved=True, terms=propagator.terms, gap=gap, gains=gains)


def _check(system, label):
    """Raise EquationError if spikes of a system cannot have exact times."""
    if system.noise:
        name = next(iter(system.noise))
        raise EquationError(label, f"precise=True needs equations without noise, but d{name}/dt has some")
    if system.events:
        test = ast.unparse(system.events[0][0])
        raise EquationError(label, "precise=True finds the time of a spike only, not that of other events", test)
    if system.pulses is not None:
        raise EquationError(label, "precise=True has no steps, in which events that add to I would act; leave them out")
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
