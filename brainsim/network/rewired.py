"""The description of a network of which the synapses of one projection were changed."""

import copy
from dataclasses import replace

import numpy as np

from brainsim.models.pair_lists import FromArrays
from brainsim.models.values import is_number
from brainsim.network.plastic import dendritic_delay_of


def with_synapses(network, known, projection, pairs, parameters):
    """Return (network, projection): a copy of a network in which the synapses of a projection are listed.

    Parameters
    ----------
    network : Network
    known : sequence of Projection
        The projections of the copy.
    projection : Projection
        The one that changes; its name and all else stay.
    pairs : dict of str to ndarray
        ``pre``, ``post``, ``weight`` and ``delay`` of each synapse.
    parameters : dict of str to ndarray
        Parameters of the rule of plasticity that differ between synapses, one number for each.
    """
    rule = FromArrays(pairs["pre"], pairs["post"])
    rule.check(projection.pre, projection.post)
    plasticity = projection.plasticity
    if parameters:
        plasticity = copy.copy(plasticity)
        vars(plasticity).update(parameters)
    weight, delay = (_plain(getattr(projection, name), pairs[name]) for name in ("weight", "delay"))
    dendritic = projection.dendritic_delay
    if plasticity is not None and not isinstance(dendritic, str):
        dendritic_delay_of(dendritic, delay, plasticity)
    new = replace(projection, rule=rule, weight=weight, delay=delay, plasticity=plasticity)
    new.__dict__["_seed"] = network.seed
    return copied(network, [new if p is projection else p for p in known]), new


def copied(network, projections):
    """Return a copy of a network with these projections, which does not grow with the network."""
    new = copy.copy(network)
    for name in ("_populations", "_views", "_names"):
        setattr(new, name, dict(getattr(network, name)))
    new._inputs, new._projections = list(network._inputs), list(projections)
    return new


def _plain(before, values):
    """Return the number that all synapses had and have, else the values."""
    return before if is_number(before) and np.all(values == before) else values
