"""What `Simulation.set` and `Simulation.rewire` have changed, as a checkpoint holds it, and applying it again."""

import copy
from dataclasses import fields, replace

import numpy as np

from brainsim.engine.checkpoints.encoding import decoded, encoded
from brainsim.engine.simulation.set_parameters import change_input, change_parameters
from brainsim.engine.states.fingerprint import fingerprint
from brainsim.models.pair_lists import FromArrays
from brainsim.network.rewired import copied
from brainsim.results.archive import member


def changed_values(layout, described, inputs, arrays):
    """Return the parameters of populations and the fields of inputs that differ from the description, as JSON.

    Parameters
    ----------
    layout : Layout
    described : dict of str to dict
        Parameters of each population when the simulation was made.
    inputs : sequence of Stimulus
        The inputs then.
    arrays : dict of str to ndarray
        Arrays among the values are added here.
    """
    changes = {"populations": {}, "inputs": {}}
    for name, before in described.items():
        now = layout.members[name].values
        if now is not before:
            changes["populations"][name] = _encoded_changes(before, now, arrays, "population", name)
    for name, listed in layout.members.items():
        if (trains := listed.trains) not in (None, listed.population.model):
            old, new = {"times": None, "ids": None}, {"times": trains.times, "ids": trains.ids}
            changes["populations"][name] = _encoded_changes(old, new, arrays, "population", name)
    for before, now in zip(inputs, layout.inputs, strict=True):
        if now is not before:
            old, new = ({f.name: getattr(s.input, f.name) for f in fields(s.input)} for s in (before, now))
            changes["inputs"][now.name] = _encoded_changes(old, new, arrays, "input", now.name)
    return changes


def _encoded_changes(before, now, arrays, kind, name):
    """Return the values that differ, by name."""
    return {
        key: encoded(value, arrays, member("changes", kind, name, key), f"Simulation.save: {key} of {kind} {name!r}")
        for key, value in now.items()
        if value is not before[key] and fingerprint(value) != fingerprint(before[key])
    }


def apply_values(layout, inputs, changes, archive):
    """Change parameters and inputs as `changed_values` found them."""
    for name, values in changes["populations"].items():
        change_parameters(layout, name, {key: decoded(value, archive) for key, value in values.items()})
    for name, values in changes["inputs"].items():
        change_input(layout, inputs, name, {key: decoded(value, archive) for key, value in values.items()})


def rewired_projections(synapses, arrays):
    """Return the projections that list their synapses since `Simulation.rewire`, as JSON.

    Parameters
    ----------
    synapses : Synapses
    arrays : dict of str to ndarray
        The lists are added here.
    """
    changes = {}
    for before, name in synapses.former.items():
        now = synapses.projections[name]
        values = {"pre": now.rule.pre, "post": now.rule.post, "weight": now.weight, "delay": now.delay}
        of_rule = (
            {
                key: value
                for key, value in vars(now.plasticity).items()
                if isinstance(value, np.ndarray) and value is not vars(before.plasticity).get(key)
            }
            if now.plasticity is not None
            else {}
        )
        label = f"Simulation.save: projection {name!r}"
        changes[name] = {key: encoded(value, arrays, member("rewired", name, key), label) for key, value in values.items()}
        changes[name]["rule"] = {
            key: encoded(value, arrays, member("rewired", name, "rule", key), label) for key, value in of_rule.items()
        }
    return changes


def rewired_network(network, changes, archive):
    """Return (network, names of former projections): a copy with the synapses that `changes` lists."""
    former, projections = {}, []
    for projection in network.projections:
        if (change := changes.get(projection.name)) is None:
            projections.append(projection)
            continue
        values = {key: decoded(value, archive) for key, value in change.items() if key != "rule"}
        rule = FromArrays(values["pre"], values["post"])
        rule.check(projection.pre, projection.post)
        plasticity = projection.plasticity
        if change["rule"]:
            plasticity = copy.copy(plasticity)
            vars(plasticity).update({key: decoded(value, archive) for key, value in change["rule"].items()})
        projections.append(
            replace(projection, rule=rule, weight=values["weight"], delay=values["delay"], plasticity=plasticity)
        )
        projections[-1].__dict__["_seed"] = network.seed
        former[projection] = projection.name
    return copied(network, projections), former
