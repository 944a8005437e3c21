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
    for b, layer in enumerate(plan.layers, 1):
        name = f"hidden{b - 1}" if b < len(plan.layers) else "readout"
        populations.append(Population(layer.n, _model(plan, vector, b, learned.gradient != "exact"), name=name))
    for what, pre, post in plan.connections():
        weight, delay = (plan.of(vector, key, post) for key in (what, "delay" if what == "weight" else "recurrent_delay"))
        i, j = np.indices(weight.shape).reshape(2, -1)
        network.connect(
            populations[pre],
            populations[post],
            FromArrays(i, j),
            weight=weight.ravel(),
            delay=delay.ravel() if delay.ndim else float(delay),
            synapse=Exponential(tau=float(plan.of(vector, "tau_s", post))),
            name=f"{populations[pre].name} -> {populations[post].name}",
        )
    last = len(plan.layers)
    network.stimulate(populations[last], CurrentInput(plan.of(vector, "bias", last).copy()), name="bias")
    if inputs.currents.shape[1]:
        drive, times = inputs.currents[0] @ plan.of(vector, "weight", 1), plan.dt * np.arange(plan.steps)
        network.stimulate(populations[1], CurrentInput(drive, times=times), name="currents")
    return network


def _model(plan, vector, b, on_grid):
    """Return the model of the cells of a block, for a layer in mV and pA, of which 1 pA makes 1 mV."""
    layer = plan.layers[b - 1]
    if layer.model is not None:
        learned = {name: float(plan.of(vector, name, b)) for name in layer.of_model}
        return type(layer.model)(**{name: getattr(layer.model, name) for name in layer.model.parameters} | learned)
    values = {name: float(plan.of(vector, name, b)) for name in ("tau_m", "tau_a", "beta")}
    common = {"tau_m": values["tau_m"], "c_m": values["tau_m"], "v_rest": 0.0}
    if not layer.spiking:
        return LI(**common)
    common |= {"v_th": layer.v_th, "v_reset": layer.v_reset, "t_ref": layer.t_ref}
    subtracts = on_grid and not layer.t_ref
    if not (values["beta"] or subtracts):
        return LIF(**common)
    return (SubtractingLIF if subtracts else AdaptingLIF)(**common, tau_a=values["tau_a"], beta=values["beta"])
