"""What `Simulation.set` does: change parameters of a population or fields of an input, checked before they apply."""

import numpy as np

from brainsim.build.constants import check_against_dt
from brainsim.core.checks import MissingName, nearest
from brainsim.models.values import Distribution


def change_parameters(layout, name, values):
    """Change parameters of a population, a dict of name to value; raise an error, and change nothing, if one is wrong."""
    member = layout.members[name]
    model = member.population.model
    known = getattr(model, "parameters", {})
    new = dict(member.values)
    for key, value in values.items():
        label = f"{type(model).__name__}.{key}"
        if key not in known:
            raise ValueError(f"{type(model).__name__}: unknown parameter {key!r}{nearest(key, known)}")
        value, old = known[key].checked(value, label), member.values[key]
        if isinstance(value, Distribution):
            raise TypeError(f"{label}: must be numbers, not a distribution (got {value})")
        if np.ndim(value) > np.ndim(old):
            hint = "to change it cell by cell, give the population an array from the start"
            raise ValueError(f"{label}: must stay one number for all of {name!r}; {hint}")
        if np.ndim(value) and len(value) != member.n:
            raise ValueError(f"{label}: {name!r} has {member.n} cells (got {len(value)} values)")
        new[key] = np.broadcast_to(value, np.shape(old)) if np.ndim(old) else value
    parameters = {key: new[key] for key in known}
    model.check_values(parameters | {"dt": layout.dt})
    check_against_dt(model, parameters, layout.dt, member.step.method)
    layout.change(name, new)


def change_input(layout, original, target, values):
    """Change fields of an input; `original` are the inputs as they were when the simulation was made."""
    inputs = layout.inputs
    indices = [
        k
        for k, (now, was) in enumerate(zip(inputs, original, strict=True))
        if target is was.input or target is now.input or (isinstance(target, str) and target == was.name)
    ]
    if not indices:
        names = [*layout.members, *(stimulus.name for stimulus in original)]
        raise MissingName(
            f"Simulation.set: {target!r} is not an input or a population of this network{nearest(target, names)}"
        )
    if "synapse" in values:
        raise ValueError("PoissonInput.synapse: cannot change; stimulate with both and set the rate of one to 0")
    changed = {k: inputs[k].input.replaced(**values) for k in indices}
    for k, new in changed.items():
        new.check(inputs[k].target)
    for k, new in changed.items():
        inputs[k] = type(inputs[k])(inputs[k].target, new, inputs[k].name)
