"""A trained `SpikingNetwork` as an ordinary network of populations and projections, with one sample as its input."""

from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.learn.spiking.cells import AdaptingLIF
from brainsim.learn.spiking.plan import TIMES
from brainsim.models.inputs import CurrentInput
from brainsim.models.neurons.lif import LIF
from brainsim.models.neurons.nonspiking import LI
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.pair_lists import FromArrays
from brainsim.models.synapses.basic import Exponential
from brainsim.network.network import Network
from brainsim.network.population import Population


def network_of(learned: Any, x: Any, seed: int) -> Network:
    """Return the Network of a trained `SpikingNetwork` with one sample as its input."""
    plan, vector = learned._plan, learned._vector
    x = np.asarray(x)[None] if isinstance(x, np.ndarray | list) else [x]
    inputs = learned._inputs(x, "SpikingNetwork.to_network.x")
    source = Population(plan.n_in, SpikeTrains(times=inputs.times, ids=inputs.units.astype(np.int64)), name="input")
    populations, network = [source], Network(seed=seed)
    network.add(source)
    for b, block in enumerate(plan.blocks, 1):
        name = f"hidden{b - 1}" if b < len(plan.blocks) else "readout"
        populations.append(Population(block.n, _model(plan, vector, b, learned.gradient != "exact"), name=name))
    for wire, weight, delay in zip(plan.wires, plan.weights, plan.delays, strict=True):
        pre, post = populations[wire.pre], populations[wire.post]
        network.connect(
            pre,
            post,
            FromArrays(*np.indices(wire.weight.shape).reshape(2, -1)),
            weight=vector[weight],
            delay=vector[delay] if wire.each else float(vector[delay][0]),
            synapse=Exponential(tau=float(vector[plan.at["tau_s", wire.post]])),
            name=f"{pre.name} -> {post.name}",
        )
    network.stimulate(populations[-1], CurrentInput(vector[plan.biases[len(plan.blocks)]].copy()), name="bias")
    if inputs.currents.shape[1]:
        weight, times = learned.parts()["weight", 0], plan.dt * np.arange(plan.steps)
        drive = inputs.currents[0] @ weight
        network.stimulate(populations[1], CurrentInput(drive, times=times), name="currents")
    return network


def _model(plan, vector, b, on_grid):
    """Return the model of the cells of a block, for a layer in mV and pA, of which 1 pA makes 1 mV."""
    block = plan.blocks[b - 1]
    values = {name: float(vector[plan.at[name, b]]) for name in (TIMES if block.model is None else block.of_model)}
    if block.model is not None:
        return type(block.model)(**{name: getattr(block.model, name) for name in block.model.parameters} | values)
    common = {"tau_m": values["tau_m"], "c_m": values["tau_m"], "v_rest": 0.0}
    if not block.spiking:
        return LI(**common)
    common |= {"v_th": block.v_th, "v_reset": block.v_reset, "t_ref": block.t_ref}
    keeps = on_grid and not block.t_ref  # then spikes are at the ends of steps, when v is above the threshold
    if not (values["beta"] or keeps):
        return LIF(**common)
    return AdaptingLIF(**common, tau_a=values["tau_a"], beta=values["beta"], keeps=float(keeps))
