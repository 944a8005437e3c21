"""The description of a network of which the synapses of one projection were changed."""

from dataclasses import replace

import numpy as np

from brainsim.core.checks import plain, read_only
from brainsim.core.doors import through
from brainsim.models.packed import pack
from brainsim.models.pair_lists import FromArrays
from brainsim.models.synapses.usable import check_sign
from brainsim.models.values import is_number
from brainsim.network.arguments import check_float32
from brainsim.network.network import copy_network
from brainsim.network.population import Population, View


def with_synapses(network, known, projection, pairs, parameters):
    """Return (network, projection): a copy of a network in which the synapses of a projection are listed.

    `known` are the projections of the copy. `pairs` has ``pre``, ``post``, ``weight`` and ``delay`` of each synapse, and
    `parameters` those of the rule of plasticity that differ between synapses, one number for each.
    """
    weight, delay = (_plain(getattr(projection, name), pairs[name]) for name in ("weight", "delay"))
    new = list_synapses(projection, pairs | {"weight": weight, "delay": delay}, parameters)
    return copy_network(network, [new if p is projection else p for p in known]), new


def list_synapses(projection, pairs, parameters):
    """Return a projection that lists its synapses, after the checks of `Network.connect` of what is listed.

    How delays fit dt is checked when synapses are built. `pairs` and `parameters` are as for `with_synapses`; weight and
    delay may be one number. Raise TypeError or ValueError if an array is of another length or type, an index, weight or
    delay is out of its range, or a parameter is not one of those that differ between the synapses.
    """
    if projection.storage == "procedural":
        raise ValueError(f"{projection.name}: is procedural; its synapses cannot be listed")
    rule = FromArrays(pairs["pre"], pairs["post"])
    rule.check(projection.pre, projection.post)
    of_each = {}
    for name in ("weight", "delay"):
        value = of_each[name] = read_only(plain(pairs[name], "", f"{projection.name}.{name}"))
        if np.shape(value) not in ((), (rule.pairs,)):
            message = f"must be one number or one for each of {rule.pairs} synapses (got shape {np.shape(value)})"
            raise ValueError(f"{projection.name}.{name}: {message}")
    plasticity, dendritic = projection.plasticity, projection.dendritic_delay
    check_float32(of_each["weight"], f"{projection.name}.weight")
    if plasticity is None:
        check_sign(of_each["weight"], projection.synapse, f"{projection.name}.weight")
    if parameters and (plasticity is None or projection.is_coupling):
        raise ValueError(f"{projection.name}: has no rule of synapses (got {', '.join(parameters)} of one)")
    if plasticity is not None:
        plasticity = plasticity if projection.is_coupling else plasticity.for_pairs(parameters, rule.pairs)
        rules = through("plasticity")
        rules.check_weights(of_each["weight"], plasticity, f"{projection.name}.weight", rules.CLOSE)
        if not isinstance(dendritic, str):
            rules.dendritic_delay_of(dendritic, of_each["delay"], plasticity)
    packed = {name: pack(value) if plasticity is None else value for name, value in of_each.items()}
    return replace(projection, rule=rule, plasticity=plasticity, _connected=projection._as_connected(), **packed)


def _plain(before, values):
    """Return the number that all synapses had and have, else the values."""
    return before if is_number(before) and np.all(values == before) else values


def with_parts(network, models, projections, inputs):
    """Return a copy of a network with other models of its populations, by name, and other projections and inputs.

    Populations whose models stay are the same objects; of the others, and of all views of them, there are new ones.
    """
    populations = {}
    for name, population in network.populations.items():
        same = models[name] is population.model
        places = {"initial": population.initial, "positions": population.positions, "names": population.names}
        populations[population] = population if same else Population(population.n, models[name], name=name, **places)

    def moved(view):
        if view is None or all(populations[p] is p for p, _ in view.parts):
            return view
        if view in populations:
            return populations[view]
        parts = tuple((populations[p], ids) for p, ids in view.parts)
        return View(parts, view.name, view._base, view.is_named)

    new = copy_network(network, [])
    new._populations = {p.name: p for p in populations.values()}
    new._views = {name: moved(view) for name, view in network._views.items()}
    ends = ("pre", "post", "modulator")
    new._projections = [replace(p, **{end: moved(getattr(p, end)) for end in ends}) for p in projections]
    new._inputs = [replace(s, target=moved(s.target)) for s in inputs]
    return new
