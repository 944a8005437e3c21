"""What `Simulation.set` does: other parameters for a population, other fields for an input, checked before they hold."""

import numpy as np

from brainsim.build.constants import check_against_dt
from brainsim.core.checks import MissingName, nearest
from brainsim.models.values import Distribution


def change_parameters(layout, name, values):
    """Give a population other parameters."""
    member = layout.members[name]
    model = member.population.model
    known = getattr(model, "parameters", {})
    new = dict(member.values)
    for key, value in values.items():
        where = f"{type(model).__name__}.{key}"
        if key not in known:
            raise ValueError(f"{type(model).__name__}: unknown parameter {key!r}{nearest(key, known)}")
        value, old = known[key].checked(value, where), member.values[key]
        if isinstance(value, Distribution):
            raise TypeError(f"{where}: give numbers here, not a distribution (got {value})")
        if np.ndim(value) > np.ndim(old):
            hint = "to change it cell by cell, give the population an array from the start"
            raise ValueError(f"{where}: is one number for all of {name!r}; {hint}")
        if np.ndim(value) and len(value) != member.n:
            raise ValueError(f"{where}: {name!r} has {member.n} cells (got {len(value)} values)")
        new[key] = np.broadcast_to(value, np.shape(old)) if np.ndim(old) else value
    own = {key: new[key] for key in known}
    model.check_values(own | {"dt": layout.dt})
    check_against_dt(model, own, layout.dt, member.step.method)
    layout.change(name, new)


def change_input(layout, given, target, values):
    """Give an input other fields; `given` are the inputs as the network had them when the simulation was made."""
    inputs = layout.inputs
    found = [
        k
        for k, (now, was) in enumerate(zip(inputs, given, strict=True))
        if target is was.input or target is now.input or (isinstance(target, str) and target == was.name)
    ]
    if not found:
        names = [*layout.members, *(stimulus.name for stimulus in given)]
        raise MissingName(f"Simulation.set: {target!r} is no input or population of this network{nearest(target, names)}")
    if "synapse" in values:
        raise ValueError("PoissonInput.synapse: cannot change in a run; stimulate with both and set the rate of one to 0")
    changed = {k: inputs[k].input.replaced(**values) for k in found}
    for k, new in changed.items():
        new.check(inputs[k].target)
    for k, new in changed.items():
        inputs[k] = type(inputs[k])(inputs[k].target, new, inputs[k].name)
