"""A converted network as an ordinary `Network`: one sample, steps of 1 ms, cells that can be recorded, changed and drawn."""

import numpy as np

from brainsim.ann.conversion.cells import Held, Readout, SubtractIF, TurnIF
from brainsim.ann.conversion.encoding import encoded
from brainsim.models.inputs import CurrentInput
from brainsim.models.neurons.integrators import IF
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.rules import FromSparse
from brainsim.models.synapses.basic import Delta
from brainsim.network.network import Network
from brainsim.network.population import Population


def windows(plan, steps):
    """Return (begin, end) [ms] of each layer's steps: it integrates from begin to end, and with the parallel schedule fires
    in them. A layer starts one step after the one before it, in turns a whole turn; a held current acts one step later.
    """
    lag = steps if plan.sequential else 1
    first = 1.0 if plan.encoder == "latency" else 0.0
    return [(first + place * lag, first + place * lag + steps) for place in range(len(plan.layers))]


def turns(plan, steps):
    """Return (begin, end) [ms] of the times at which each hidden layer's spikes count: begin < t <= end."""
    shift = steps - 1 if plan.sequential else 0
    return [(begin + shift, end + shift) for begin, end in windows(plan, steps)[:-1]]


def build(plan, x, steps, seed):
    """Return the network of one sample `x` (inputs,), as populations ``input`` (where it is spikes), ``hidden1``, ...,
    ``output``.
    """
    net = Network(seed=0, required_dt=1.0)
    before = _inputs(plan, x, steps, seed)
    for place, (layer, window) in enumerate(zip(plan.layers, windows(plan, steps), strict=True)):
        cells = _cells(plan, place, steps)
        drive = plan.drive(x[None], steps)[0] if place == 0 else plan.bias(place, steps)
        after = np.zeros_like(drive)
        if place == 0 and plan.encoder == "latency":  # what is held flows on; from the end on the opposite flows as well
            after = -(encoded(x[None], steps, plan.encoder, plan.input_scale, seed)[0].sum(axis=0) @ layer.weight)
        net.stimulate(cells, CurrentInput(np.vstack([drive, after]), times=window))
        if before is not None and layer.weight.nnz:
            synapse = Held() if place == 0 and plan.encoder == "latency" else Delta()
            net.connect(before, cells, FromSparse(layer.weight), delay=1.0, synapse=synapse)
        before = cells
    return net


def _inputs(plan, x, steps, seed):
    """Return the population of spiking inputs, or None where inputs are currents."""
    if plan.encoder == "current":
        return None
    times, cells = np.nonzero(encoded(x[None], steps, plan.encoder, plan.input_scale, seed)[0])
    return Population(x.size, SpikeTrains(times.astype(np.float64), cells), name="input")


def _cells(plan, place, steps):
    layer = plan.layers[place]
    units = layer.bias.size
    if layer.theta is None:
        return Population(units, Readout(), name="output")
    if plan.sequential:
        begin, end = turns(plan, steps)[place]
        model = TurnIF(v_th=layer.theta, opens=begin + 1.0, closes=end + 1.0)
    elif plan.to_zero:
        model = IF(c_m=1.0, v_th=layer.theta, v_reset=0.0, t_ref=0.0)
    else:
        model = SubtractIF(v_th=layer.theta)
    return Population(units, model, name=f"hidden{place + 1}", initial={"v": plan.starts[place]})
