"""The network of the user with what a `Trainer` has learned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.learn.spiking.graph import Graph
from brainsim.models.inputs import CurrentInput
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.values import is_number
from brainsim.network.network import Network
from brainsim.network.rewired import list_synapses, with_parts


def trained_network(graph: Graph, values: Iterable[np.ndarray], source: str, sample: Any) -> Network:
    """Return a copy of the network of a graph with the `values` that it has learned, and a sample as spikes of a source."""
    net, learned = graph.net, zip(graph.learns, values, strict=True)
    found: dict[tuple[str, Any], np.ndarray] = {(item.what, item.of): value for item, value in learned}
    models = {
        name: _model(population.model, {what: float(v) for (what, of), v in found.items() if of is population})
        for name, population in net.populations.items()
    }
    if sample is not None:
        first = graph.sources[source]
        own = (sample.units >= first) & (sample.units < first + net.populations[source].n)
        models[source] = SpikeTrains(sample.times[own], sample.units[own].astype(np.int64) - first)
    taus = {}  # (population, synapse as it was) -> time constant that was learned
    for (what, of), value in found.items():
        if what == "tau" and of in net.projections:
            taus[of.post.parts[0][0].name, of.synapse] = float(value)
    projections = [_projection(p, graph.tables[p.name], found, taus) for p in net.projections]
    currents = {s: found["amplitude", s] for s in net.inputs if ("amplitude", s) in found}
    inputs = [replace(s, input=CurrentInput(plain_of(currents[s]))) if s in currents else s for s in net.inputs]
    return with_parts(net, models, projections, inputs)


def plain_of(value):
    """Return a number for an array of one, else a copy."""
    return float(value) if value.ndim == 0 else value.copy()


def _model(model, learned):
    """Return a model with other values of parameters."""
    if not learned:
        return model
    return type(model)(**{name: getattr(model, name) for name in model.parameters} | learned)


def _projection(projection, table, found, taus):
    """Return a projection with the weights, delays and the time constant that were learned."""
    own = {name: plain_of(found[name, projection]) for name in ("weight", "delay") if (name, projection) in found}
    key = projection.post.parts[0][0].name, projection.synapse
    if key in taus:
        synapse = type(projection.synapse)(name=projection.synapse.name, tau=taus[key])
        projection = replace(projection, synapse=synapse)
    if not own:
        return projection
    if all(isinstance(value, float) for value in own.values()):
        return replace(projection, **own)
    # one number stays one, with all its digits
    kept = {name: getattr(projection, name) for name in ("weight", "delay") if is_number(getattr(projection, name))}
    pairs = {"pre": table.pre, "post": table.post, "weight": table.weight, "delay": table.delay} | kept | own
    return list_synapses(replace(projection, storage="stored"), pairs, {})
