"""The time within a step at which the threshold was crossed: models with ``interpolate = True``.

The distance g to the threshold is approximated by the cubic polynomial that has the values and slopes of g at both ends of
the step (Hermite interpolation); its zero is found by Newton's method without a branch. For smooth solutions the error is
of fourth order in dt: the spike times of a LIF cell with dt = 0.1 ms and tau_m = 10 ms are correct to 1e-9 ms.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import RANDOM, EquationError
from brainsim.equations.expressions.lower import lower
from brainsim.equations.statements import Assign, formula

if TYPE_CHECKING:
    from brainsim.equations.system import System

ITERATIONS = 4  # starting from the secant, each squares the error: 1e-2, 1e-4, 1e-8, 1e-16


def crossing_lines(system: System, label: str) -> list[Assign]:
    """Return the statements that compute ``_lag`` [ms], the time from the crossing to the end of the step.

    It is 0 if an event at the end of the step crossed the threshold. They read ``x`` and ``_x_new`` of each variable,
    before events are added. Raises EquationError if the threshold is not a comparison that is linear in the variables, or
    the solution is not smooth.
    """
    gap, rate = _gap_and_rate(system, label)
    end = {n: ast.Name(f"_{n}_new") for n in system.variables} | {"t": formula("t + dt")}
    values = {
        "_gap0": lower(gap),
        "_gap1": lower(lang.substitute(gap, end)),
        "_rate0": formula("dt*rate", rate=lower(rate)),
        "_rate1": formula("dt*rate", rate=lower(lang.substitute(rate, end))),
        "_bend": formula("3.0*(_gap1 - _gap0) - 2.0*_rate0 - _rate1"),
        "_twist": formula("2.0*(_gap0 - _gap1) + _rate0 + _rate1"),
        "_at0": formula("min(max(_gap0/(_gap0 - _gap1), 0.0), 1.0)"),
    }
    value, slope = "_gap0 + at*(_rate0 + at*(_bend + at*_twist))", "_rate0 + at*(2.0*_bend + 3.0*at*_twist)"
    for k in range(ITERATIONS):
        values[f"_at{k + 1}"] = formula(f"min(max(at - ({value})/({slope}), 0.0), 1.0)", at=f"_at{k}")
    values["_lag"] = formula("(1.0 - (at if _gap0 < 0.0 else 0.0))*dt if _gap1 >= 0.0 else 0.0", at=f"_at{ITERATIONS}")
    return [Assign(name, tree) for name, tree in values.items()]


def _gap_and_rate(system, label):
    """Return the trees of the distance to the threshold, positive beyond it, and of its time derivative."""
    test, gap = system.threshold, system.gap(label, "interpolate needs a threshold that is")
    if system.noise or system.substeps > 1 or system.each_step or lang.calls_in(test) & RANDOM:
        raise EquationError(label, "interpolate needs equations without noise, without substeps and without each_step")
    if "t" in lang.names_in(gap):  # the time derivative of such a threshold is not known
        hint = "write an equation 'dtheta/dt = ...' for the threshold, or drop interpolate"
        raise EquationError(label, f"interpolate needs a threshold without t; {hint}", ast.unparse(test))
    rate = algebra.ZERO
    for name in system.variables:
        parts = algebra.linear_in(gap, name)
        if parts is None or system.changes(parts[0]):
            raise EquationError(label, f"interpolate needs a threshold that is linear in {name!r}", ast.unparse(test))
        rate = algebra.plus(rate, algebra.times(parts[0], system.full(system.derivatives[name], label)))
    return gap, rate
