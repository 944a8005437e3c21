"""A trained `SpikingNetwork` as an ordinary network of populations and projections, with one sample as its input."""

from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.models.base import initial, parameter
from brainsim.models.inputs import CurrentInput
from brainsim.models.neurons.lif import LIF
from brainsim.models.neurons.nonspiking import LI
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.pair_lists import FromArrays
from brainsim.models.synapses.basic import Exponential
from brainsim.models.values import Value
from brainsim.network.network import Network
from brainsim.network.population import Population


class AdaptingLIF(LIF):
    """`LIF` whose threshold rises by `beta` at a spike and decays: the cell of an adaptive `bs.learn.Layer`.

    Examples
    --------
    >>> AdaptingLIF(beta=1.0)
    AdaptingLIF(beta=1.0)
    """

    equations = LIF.equations + "\nda/dt = -a/tau_a"
    threshold = "v >= v_th + a"
    reset = "v = v_reset; a = a + beta"

    tau_a: Value = parameter(100.0, "ms", "time constant of the threshold", above=0.0)
    beta: Value = parameter(0.0, "mV", "rise of the threshold at a spike", at_least=0.0)

    a: float = initial(0.0, "mV", "rise of the threshold")


class SubtractingLIF(AdaptingLIF):
    """The same cell, from whose v a spike subtracts what is between the threshold and the reset potential.

    Without a refractory time, and with spikes at the ends of steps, a cell keeps what it had above the threshold.

    Examples
    --------
    >>> SubtractingLIF(beta=1.0)
    SubtractingLIF(beta=1.0)
    """

    reset = "v = v - (v_th + a - v_reset); a = a + beta"


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
    block, values = plan.blocks[b - 1], {name: float(vector[at]) for (name, of), at in plan.at.items() if of == b}
    if block.model is not None:
        learned = {name: values[name] for name in block.of_model}
        return type(block.model)(**{name: getattr(block.model, name) for name in block.model.parameters} | learned)
    common = {"tau_m": values["tau_m"], "c_m": values["tau_m"], "v_rest": 0.0}
    if not block.spiking:
        return LI(**common)
    common |= {"v_th": block.v_th, "v_reset": block.v_reset, "t_ref": block.t_ref}
    subtracts = on_grid and not block.t_ref
    if not (values["beta"] or subtracts):
        return LIF(**common)
    return (SubtractingLIF if subtracts else AdaptingLIF)(**common, tau_a=values["tau_a"], beta=values["beta"])
