"""What was learned as an ordinary network: layers as populations and projections, or a copy of the network of the user."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.features.growing.listing import list_synapses, with_parts
from brainsim.learn.spiking.adaptive_cells import AdaptingLIF, kept_on_grid
from brainsim.learn.spiking.from_network import Graph
from brainsim.learn.spiking.kernels.net import TIMES
from brainsim.learn.spiking.layout import Layout
from brainsim.learn.spiking.samples import Inputs
from brainsim.models.inputs import CurrentInput
from brainsim.models.neurons.lif import LIF
from brainsim.models.neurons.nonspiking import LI
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.pair_lists import FromArrays
from brainsim.models.synapses.basic import Exponential
from brainsim.models.values import is_number
from brainsim.network.network import Network
from brainsim.network.population import Population


def network_of(layout: Layout, vector: np.ndarray, sample: Inputs, on_grid: bool, seed: int) -> Network:
    """Return the layers of a `SpikingNetwork` as a Network with one sample as its input."""
    source = Population(layout.n_in, SpikeTrains(sample.times, sample.units.astype(np.int64)), name="input")
    cells, network = [source], Network(seed=seed)
    network.add(source)
    for b, block in enumerate(layout.blocks, 1):
        name = f"hidden{b - 1}" if b < len(layout.blocks) else "readout"
        cells.append(Population(block.n, _cell(layout, vector, b, on_grid), name=name))
    for wire, weight, delay in zip(layout.wires, layout.weights, layout.delays, strict=True):
        pre, post, rule = cells[wire.pre], cells[wire.post], FromArrays(*np.indices(wire.weight.shape).reshape(2, -1))
        own = {"weight": vector[weight], "delay": vector[delay] if wire.each else float(vector[delay][0])}
        synapse = Exponential(tau=float(vector[layout.at["tau_s", wire.post]]))
        network.connect(pre, post, rule, **own, synapse=synapse, name=f"{pre.name} -> {post.name}")
    network.stimulate(cells[-1], CurrentInput(vector[layout.biases[len(layout.blocks)]].copy()), name="bias")
    if sample.currents.shape[1]:
        drive = sample.currents[0] @ vector[layout.weights[0]].reshape(layout.wires[0].weight.shape)
        network.stimulate(cells[1], CurrentInput(drive, times=layout.dt * np.arange(layout.steps)), name="currents")
    return network


def _cell(layout, vector, b, on_grid):
    """Return the model of the cells of a layer, in mV and pA, of which 1 pA makes 1 mV."""
    block = layout.blocks[b - 1]
    learned = {name: float(vector[layout.at[name, b]]) for name in (TIMES if block.model is None else block.of_model)}
    if block.model is not None:
        return _model(block.model, learned)
    keeps = on_grid and not block.t_ref  # then spikes are at the ends of steps, when v is above the threshold
    kind = LI if not block.spiking else AdaptingLIF if learned["beta"] or keeps else LIF
    values = vars(block) | learned | {"c_m": learned["tau_m"], "v_rest": 0.0, "keeps": float(keeps)}
    return kind(**{name: values[name] for name in kind.parameters})


def trained_network(graph: Graph, values: Iterable[np.ndarray], source: str, sample: Any, on_grid: bool) -> Network:
    """Return a copy of the network of a graph with the `values` that it has learned, and a sample as spikes of a source.

    `on_grid` says whether spikes were at the ends of steps.
    """
    net, learned = graph.net, zip(graph.learns, values, strict=True)
    found: dict[tuple[str, Any], np.ndarray] = {(item.what, item.of): value for item, value in learned}
    models = {
        name: _model(population.model, {what: float(v) for (what, of), v in found.items() if of is population}, on_grid)
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


def _model(model, learned, on_grid=False):
    """Return a model with other values of parameters.

    On the grid cells without a refractory time keep, in training, what v is above the threshold.
    """
    values = {name: getattr(model, name) for name in model.parameters} | learned
    if on_grid and type(model) in (LIF, AdaptingLIF):
        keeps = kept_on_grid(model)
        if keeps != values.get("keeps", 0.0):
            return AdaptingLIF(**values | {"keeps": keeps})
    return type(model)(**values) if learned else model


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
