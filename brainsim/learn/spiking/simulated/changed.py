"""What a simulation has changed of a trained network: the weights of its projections and the parameters of its cells."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.learn.spiking.layers import DELAYS
from brainsim.learn.spiking.learned import LayersLayout


def as_simulated(given: Any, layout: Any, names: list[str]) -> tuple[LayersLayout, np.ndarray]:
    """Return the plan and the vector of a `Learned` with the weights and parameters that a simulation has now.

    `names` are the populations of the blocks, with the input as the first one. Raise ValueError if a change cannot act.
    """
    vector, projections = given.vector.copy(), {p.name: p for p in layout.network.projections}
    for what, pre, post in given.plan.connections():
        projection = projections[f"{names[pre]} -> {names[post]}"]
        _check_delays(given.plan, vector, what, post, projection)
        weight = given.plan.of(vector, what, post)
        now = _weights(projection, weight)
        if not pre and not np.array_equal(now, weight):
            _check_no_currents(given, names[1], projection)
        weight[...] = now
    layers = list(given.plan.layers)
    for b, name in enumerate(names[1:], 1):
        values = layout.members[name].values
        learned = _learned(given.plan, b, values)
        layers[b - 1] = _with_parameters(layers[b - 1], {key: values[key] for key in values if key not in learned})
        for key in learned:
            given.plan.of(vector, key, b)[...] = values[key]
    if all(now is then for now, then in zip(layers, given.plan.layers, strict=True)):
        return given.plan, vector
    return LayersLayout(layers, given.plan.n_in, given.plan.dt, given.plan.steps), vector


def _check_no_currents(given, name, projection):
    """Raise ValueError if the currents into the first layer do not follow from its weights during a simulation."""
    if given.currents.shape[0] and not given.plan.layers[0].t_ref:
        raise ValueError(
            f"Simulation: the currents into {name!r} were computed with the weights of {projection.name!r}, which therefore "
            "cannot change; change the currents, (steps, cells), by sim.set('currents', amplitude=...), or the weights in "
            "net.parts(), and make a new network by net.to_network(x)"
        )


def _weights(projection, learned):
    """Return the weights of a projection as a matrix: the learned ones where only the rounding of the store differs."""
    found = np.zeros(learned.shape)
    np.add.at(found, (projection.rule.pre, projection.rule.post), projection.weight)
    return np.where(found.astype(np.float32) == learned.astype(np.float32), learned, found)


def _check_delays(plan, vector, what, post, projection):
    """Raise ValueError if a synapse has another delay than the one that was learned, shown on the grid."""
    rule, key = projection.rule, "delay" if what == "weight" else "recurrent_delay"
    learned = np.broadcast_to(plan.of(vector, key, post), plan.slices[what, post][1])[rule.pre, rule.post]
    wanted = np.maximum(np.rint(learned / plan.dt), 1.0) * plan.dt
    delays = np.broadcast_to(projection.delay, wanted.shape)
    wrong = np.abs(delays - wanted) > 0.5 * plan.dt
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(
            f"Simulation.rewire: a new synapse of {projection.name!r} needs the delay of the trained network; from "
            f"{rule.pre[k]} to {rule.post[k]} write delay={wanted[k]:g} (got {delays[k]:g} ms)"
        )


def _learned(plan, b, values):
    """Return the parameters of the cells of a block that are parts of the vector."""
    layer = plan.layers[b - 1]
    parts = [what for what, block in plan.slices if block == b and what in values and what not in DELAYS]
    return [what for what in parts if layer.model is None or what in layer.learns]


def _with_parameters(layer, values):
    cells = layer if layer.model is None else layer.model
    names = ("v_th", "v_reset") if layer.model is None else layer.model.parameters
    now = {name: float(values[name]) for name in names if name in values}
    if all(now[name] == getattr(cells, name) for name in now):
        return layer
    if layer.model is None:
        return replace(layer, **now)
    new = copy.copy(layer)
    vars(new)["model"] = type(cells)(**{name: now.get(name, getattr(cells, name)) for name in names})
    return new
