"""What `set` and `rewire` have changed since a simulation was described, and changing another one like it."""

from dataclasses import fields

import numpy as np

from brainsim.engine.states.fingerprint import fingerprint
from brainsim.features.growing.changes import change_input, change_parameters
from brainsim.features.growing.listing import list_synapses
from brainsim.network.network import copy_network
from brainsim.results.archive import part_of_it


def find_changed_values(layout, described, inputs):
    """Return the parameters of populations and the fields of inputs that differ from the description, as `Changes`.

    `described` has the parameters of each population when the simulation was made, `inputs` the inputs then.
    """
    changes = {"populations": {}, "inputs": {}}
    for name, before in described.items():
        now = layout.members[name].values
        if now is not before:
            changes["populations"][name] = _differing(before, now)
    for name, cells in layout.members.items():
        if (trains := cells.trains) not in (None, cells.population.model):
            changes["populations"][name] = {"times": trains.times, "ids": trains.ids}
    for before, now in zip(inputs, layout.inputs, strict=True):
        if now is not before:
            old, new = ({f.name: getattr(s.input, f.name) for f in fields(s.input)} for s in (before, now))
            changes["inputs"][now.name] = _differing(old, new)
    return changes


def _differing(before, now):
    return {k: v for k, v in now.items() if v is not before[k] and fingerprint(v) != fingerprint(before[k])}


def apply_values(layout, inputs, changes):
    """Change parameters and inputs as `find_changed_values` found them; they pass the checks of `Simulation.set`."""
    for name, values in changes["populations"].items():
        with part_of_it(f"what was set of population {name!r}"):
            change_parameters(layout, name, values)
    for name, values in changes["inputs"].items():
        with part_of_it(f"what was set of input {name!r}"):
            change_input(layout, inputs, name, values)


def list_rewired(synapses):
    """Return the `Lists` of the projections that list their synapses since `Simulation.rewire`, by name."""
    changes = {}
    for before, name in synapses.former.items():
        now = synapses.projections[name]
        rule = {} if now.plasticity is None else vars(now.plasticity)
        differing = {
            key: value
            for key, value in rule.items()
            if isinstance(value, np.ndarray) and value is not vars(before.plasticity).get(key)
        }
        values = {"pre": now.rule.pre, "post": now.rule.post, "weight": now.weight, "delay": now.delay}
        changes[name] = values | {"rule": differing}
    return changes


def rewire_network(network, changes):
    """Return (network, names of former projections): a copy with the synapses that `changes` lists.

    They pass the checks of `Simulation.rewire`.
    """
    former, projections, left = {}, [], dict(changes)
    for projection in network.projections:
        if (values := left.pop(projection.name, None)) is not None:
            former[projection] = projection.name
            with part_of_it(f"the synapses of {projection.name!r}, which were rewired"):
                projection = list_synapses(projection, {k: v for k, v in values.items() if k != "rule"}, values["rule"])
        projections.append(projection)
    if left:
        raise ValueError(f"the synapses of {next(iter(left))!r} were rewired, and the network has no such projection")
    return copy_network(network, projections), former
