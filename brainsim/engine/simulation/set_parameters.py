"""What `Simulation.set` does: change parameters of a population or fields of an input, checked before they apply."""

import numpy as np

from brainsim.build.constants import check_against_dt
from brainsim.core.checks import MissingName, computed_values, nearest
from brainsim.core.contexts import within
from brainsim.equations.expressions.language import names_in
from brainsim.equations.signals import parse_signal
from brainsim.models.changing import OVER_TIME, PLACES, check_text, is_timed
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.timed import TimedArray
from brainsim.models.values import Distribution


@within(computed_values)
def change_parameters(layout, name, values):
    """Change parameters of a population, a dict of name to value; raise an error, and change nothing, if one is wrong."""
    member = layout.members[name]
    if member.trains is not None:
        change_trains(layout, name, values)
        return
    model = member.population.model
    known = getattr(model, "parameters", {})
    new = dict(member.values)
    for key, value in values.items():
        label = f"{type(model).__name__}.{key}"
        if key not in known:
            raise ValueError(f"{type(model).__name__}: unknown parameter {key!r}{nearest(key, known)}")
        value, old = known[key].checked(value, label), member.values[key]
        if key + OVER_TIME in new:
            new[key + OVER_TIME] = _checked_over_time(layout, name, key, value, label)
            continue
        if is_timed(value) and not known[key].timed:
            hint = f"to change it, give it an expression or a TimedArray from the start: {type(model).__name__}({key}=...)"
            raise ValueError(f"{label}: must stay a number or one per cell; {hint}")
        if isinstance(value, Distribution):
            raise TypeError(f"{label}: must be numbers, not a distribution (got {value})")
        if np.ndim(value) > np.ndim(old):
            hint = "to change it cell by cell, give the population an array from the start"
            raise ValueError(f"{label}: must stay one number for all of {name!r}; {hint}")
        if np.ndim(value) and len(value) != member.n:
            raise ValueError(f"{label}: {name!r} has {member.n} cells (got {len(value)} values)")
        new[key] = np.broadcast_to(value, np.shape(old)) if np.ndim(old) else value
    parameters = {key: new[key] for key in known}
    model.check_values(parameters | _bounds(new) | {"dt": layout.dt})
    check_against_dt(model, parameters, layout.dt, member.step.method)
    layout.change(name, new)


def change_trains(layout, name, values, first=0):
    """Give a population other listed spikes, none of them before the step `first`."""
    member = layout.members[name]
    for key in values:
        if key not in ("times", "ids"):
            raise ValueError(f"SpikeTrains: unknown parameter {key!r}{nearest(key, ['times', 'ids'])}")
    if "times" not in values:
        raise ValueError("SpikeTrains.times: must be given with ids; they replace all spikes that are still to be sent")
    trains = SpikeTrains(**values)
    trains.check_cells(member.n, name)
    past = trains.times[np.rint(trains.times / layout.dt) < first]  # a spike is sent in the step that is nearest
    if past.size:
        hint = f"leave out what has been sent: times[times > {(first - 0.5) * layout.dt:g}]"
        raise ValueError(f"SpikeTrains.times: must be after the time that was reached (got {past[0]:g} ms); {hint}")
    member.trains = trains


def _checked_over_time(layout, name, key, value, label):
    """Return another value for a parameter that may change in time: of any kind, for the cells of the population."""
    member, one = layout.members[name], np.ndim(value) == 0
    if isinstance(value, Distribution):
        raise TypeError(f"{label}: must be numbers, a TimedArray or an expression, not a distribution (got {value})")
    if isinstance(value, str):
        check_text(value, label, member.population.model.parameters[key].unit, member.population)
        names = names_in(parse_signal(value, label))
        one = not any(np.ndim(member.values.get(other, [] if other in ("i", *PLACES) else 0.0)) for other in names)
    elif isinstance(value, TimedArray):
        value.check_cells(member.n, label, name)
        one = not value.per_cell
    elif np.ndim(value) and len(value) != member.n:
        raise ValueError(f"{label}: {name!r} has {member.n} cells (got {len(value)} values)")
    if not one and np.ndim(member.values[key]) == 0:
        hint = "to change it cell by cell, give it an expression with the index i or a column for each cell from the start"
        raise ValueError(f"{label}: must stay one value for all of {name!r}; {hint}")
    return value


def _bounds(values):
    """Return what conditions are checked with for parameters that change in time: their ends, nothing of an expression."""
    found = {}
    for key, value in values.items():
        if key.endswith(OVER_TIME) and not isinstance(value, str):
            table = value.values if isinstance(value, TimedArray) else np.atleast_2d(value)
            found[key.removesuffix(OVER_TIME)] = np.array([table.min(axis=0), table.max(axis=0)]).reshape(2, -1)
    return found


@within(computed_values)
def change_input(layout, original, target, values):
    """Change fields of an input; `original` are the inputs as they were when the simulation was made."""
    inputs = layout.inputs
    indices = [
        k
        for k, (now, was) in enumerate(zip(inputs, original, strict=True))
        if target is was.input or target is now.input or (isinstance(target, str) and target == was.name)
    ]
    if not indices:
        names = [*layout.members, *(stimulus.name for stimulus in original), *(p.name for p in layout.network.projections)]
        raise MissingName(
            f"Simulation.set: {target!r} is not an input, population or projection of this network{nearest(target, names)}"
        )
    if "synapse" in values:
        raise ValueError(
            "PoissonInput.synapse: cannot change in a run; give the cells two inputs, and set the rate of one to 0"
        )
    changed = {k: inputs[k].input.replaced(**values) for k in indices}
    for k, new in changed.items():
        new.check(inputs[k].target)
    for k, new in changed.items():
        inputs[k] = type(inputs[k])(inputs[k].target, new, inputs[k].name)
