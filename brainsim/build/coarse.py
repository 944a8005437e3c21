"""A warning about populations whose method is too coarse for their equations at this dt; see `equations.steps.accuracy`."""

import numpy as np

from brainsim.core.checks import warn_user
from brainsim.equations.expressions import language as lang
from brainsim.equations.expressions.grammar import NOW
from brainsim.equations.steps.accuracy import LIMIT, advice, deviation
from brainsim.models.changing import OVER_TIME
from brainsim.models.timed import TimedArray
from brainsim.models.values import Distribution


def warn_where_inaccurate(members, dt):
    """Warn of each kind of cells for which one step and two half steps differ much; the first cell stands for all."""
    warned = set()
    for member in members:
        model, part = member.population.model, dt / member.system.substeps
        values = _of_first_cell(member)
        start = _initial(member, values | {"pi": np.pi})
        found, variable = deviation(member.system, member.step, tuple(values.items()), start, part)
        if found <= LIMIT or type(model) in warned:
            continue
        warned.add(type(model))
        label = next(label for label, row in member.rows.items() if member.system.variables[row] == variable)
        parts = f" in {member.system.substeps} parts" if member.system.substeps > 1 else ""
        warn_user(
            f"{member.population.name}: the method {member.step.method!r} is too coarse for the equations of "
            f"{type(model).__name__} at dt = {dt:g} ms{parts}: near the initial values, one step moves {label!r} and what "
            f"is coupled to it {min(100.0 * found, 999.0):.0f} % differently from two half steps; "
            f"{advice(member.system, values, start, part, member.step.method)}"
        )


def _of_first_cell(member):
    """Return the parameters of the first cell, and the first values of its tables."""
    values = {}
    for name, value in member.values.items():
        if isinstance(value, TimedArray):
            values[name], values[name + NOW] = value, float(np.ravel(value.values[0])[0])
        elif not name.endswith(OVER_TIME):
            values[name] = float(np.ravel(value)[0])
    return values


def _initial(member, known):
    """Return the initial values of the first cell; those of receptors are 0."""
    model, given, start = member.population.model, member.population.initial, {}
    for name, spec in model.initials.items():
        value = given.get(name, spec.default)
        if isinstance(value, Distribution):
            value = value.mean
        elif isinstance(value, str):
            value = lang.evaluate(model.cell_equations.initials[name], known | start)
        start[name] = float(np.ravel(value)[0])
    return tuple(start.get(name, 0.0) for name in member.system.variables)
