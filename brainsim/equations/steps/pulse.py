"""What an event adds to the variables of a cell if it adds to ``I``: the effect of a current that lasts one step.

The current flows during the step at whose end the event arrives. Linear equations with constant coefficients move a cell by
the same amount from any state, so this amount is a constant of the kernel, and what is computed here for a current of 1.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from brainsim.equations.expressions import algebra
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import EquationError
from brainsim.equations.steps.exact import linear_part
from brainsim.equations.steps.methods import METHODS
from brainsim.equations.system import System, compose

if TYPE_CHECKING:
    from brainsim.equations.parsed import CellEquations, ReceptorEquations
    from brainsim.equations.steps.step import Step

CURRENT = "I_ext"


def compose_with_pulses(
    cell: CellEquations, receptors: Sequence[ReceptorEquations], *, external_current: bool, label: str
) -> System:
    """Return what `compose` does, with events that add to all variables that a current moves in the place of those to I."""
    system = compose(cell, receptors, external_current=external_current, label=label)
    if all(name != "I" for arrivals in system.arrivals for name, _ in arrivals):
        return system
    silent = [replace(receptor, arrivals=()) for receptor in receptors]
    pulses = _find_responding(compose(cell, silent, external_current=True, label=label), label)

    def parts(name, gain):
        if name != "I":
            return [(name, gain)]
        return [(moved, algebra.times(gain, ast.Name(_response_name(moved)))) for moved in pulses.variables]

    arrivals = tuple(tuple(part for arrival in each for part in parts(*arrival)) for each in system.arrivals)
    return replace(system, arrivals=arrivals, pulses=pulses)


def _response_name(variable):
    """Return the name of what a current of 1 in the last step has added to a variable."""
    return f"_response__{variable}"


def _find_responding(system, label):
    """Return those variables of a system that an injected current moves, with equations in which nothing else does.

    Raise EquationError if one of them is not linear.
    """
    rows = linear_part(system, system.variables, label, keep_all=False)
    needs = {name: lang.names_in(system.full(tree, label)) for name, tree in system.derivatives.items()}
    moved: set[str] = set()
    while more := {name for name, needed in needs.items() if needed & {CURRENT, *moved}} - moved:
        moved |= more
    derivatives = {}
    for name in (name for name in system.variables if name in moved):
        if name not in rows:
            message = "a current that lasts one step needs equations that are linear with constant coefficients"
            raise EquationError(
                label, f"{message}, but d{name}/dt is not; events may add to v or to a variable of a synapse"
            )
        sources = (*(other for other in system.variables if other in moved & rows.keys()), CURRENT)
        terms = [algebra.times(rows[name][source], ast.Name(source)) for source in sources]
        derivatives[name] = functools.reduce(algebra.plus, terms)
    return replace(system, variables=tuple(derivatives), derivatives=derivatives, algebraic={}, noise={}, arrivals=())


def with_responses(step: Step, system: System, label: str) -> Step:
    """Return a step that also computes what the events of a system which add to I do, by its method."""
    if system.pulses is None:
        return step
    pulses, compute = system.pulses, step.compute
    of_pulses = METHODS[step.method](pulses, label)
    return replace(step, compute=lambda values, dt: compute(values, dt) | _respond(pulses, of_pulses, values, dt))


def _respond(pulses, step, values, dt) -> dict[str, Any]:
    """Return name -> response of each variable, from 0 through the parts of a step."""
    from brainsim.jit.functions import FUNCTIONS as EXACT

    functions = lang.FUNCTIONS | EXACT | {"flushed": lambda x: x, "relaxation": lambda x: EXACT["exprel"](-x)}
    known = values | step.compute(values, dt) | {"dt": dt, "t": 0.0, CURRENT: 1.0, "_free": True}
    state = dict.fromkeys(pulses.variables, 0.0)
    for _ in range(pulses.substeps):
        names = known | state
        for line in step.lines:
            names[line.name] = lang.evaluate(line.whole, names, functions)
        state = {name: names[f"_{name}_new"] for name in pulses.variables}
    return {_response_name(name): value for name, value in state.items()}
