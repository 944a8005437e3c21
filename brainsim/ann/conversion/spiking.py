"""A converted network as an ordinary `Network`: one sample, steps of 1 ms, cells that can be recorded and changed.

Cells are integrate-and-fire without a leak, with potentials in the units of activations: with a capacitance of 1 pF, a
current of 1 pA adds 1 to the potential in a step. Those that are reset to 0 are `brainsim.IF` without a refractory time.
"""

import numpy as np

from brainsim.ann.conversion.forward import encode
from brainsim.core.checks import computed_values
from brainsim.core.contexts import within
from brainsim.models.base import Neuron, Synapse, initial, parameter
from brainsim.models.inputs import CurrentInput
from brainsim.models.neurons.integrators import IF
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.pair_lists import FromSparse
from brainsim.models.synapses.basic import Delta
from brainsim.network.network import Network
from brainsim.network.population import Population

WINDOW = " in its window"  # end of the name of the current that a layer gets while its sample lasts


def windows(plan, steps):
    """Return (start, stop) [ms] between which each layer integrates and, with the parallel schedule, also fires.

    A layer starts one step after the layer before it or, with the sequential schedule, a whole turn. A held current acts one
    step later.
    """
    lag = steps if plan.sequential else 1
    first = 1.0 if plan.encoder == "latency" else 0.0
    return [(first + k * lag, first + k * lag + steps) for k in range(len(plan.layers))]


def turns(plan, steps):
    """Return (start, stop) [ms] between which the spikes of each hidden layer count: start < t <= stop."""
    shift = steps - 1 if plan.sequential else 0
    return [(start + shift, stop + shift) for start, stop in windows(plan, steps)[:-1]]


@within(computed_values)
def build(plan, x, steps, seed):
    """Return the network for one sample `x` (inputs,).

    Its populations are ``input`` (if inputs are spikes), ``hidden1``, ..., ``output``.
    """
    net = Network(seed=0, required_dt=1.0)
    before = _inputs(plan, x, steps, seed)
    for k, (layer, window) in enumerate(zip(plan.layers, windows(plan, steps), strict=True)):
        cells = _cells(plan, k, steps)
        drive = plan.drive(x[None], steps)[0] if k == 0 else plan.bias(k, steps)
        after = np.zeros_like(drive)
        if k == 0 and plan.encoder == "latency":  # a held current never stops: after the last step its opposite cancels it
            after = -(encode(x[None], steps, plan.encoder, plan.input_scale, seed)[0].sum(axis=0) @ layer.weight)
        net.stimulate(cells, CurrentInput(np.vstack([drive, after]), times=window), name=f"{cells.name}{WINDOW}")
        if before is not None and layer.weight.nnz:
            synapse = Held() if k == 0 and plan.encoder == "latency" else Delta()
            net.connect(before, cells, FromSparse(layer.weight), delay=1.0, synapse=synapse)
        before = cells
    return net


def _inputs(plan, x, steps, seed):
    """Return the population of spiking inputs, or None if inputs are currents."""
    if plan.encoder == "current":
        return None
    times, cells = np.nonzero(encode(x[None], steps, plan.encoder, plan.input_scale, seed)[0])
    return Population(x.size, SpikeTrains(times.astype(np.float64), cells), name="input")


def _cells(plan, k, steps):
    layer = plan.layers[k]
    units = layer.bias.size
    if layer.theta is None:
        return Population(units, Readout(), name="output")
    if plan.sequential:
        start, stop = turns(plan, steps)[k]
        model = TurnIF(v_th=layer.theta, opens=start + 1.0, closes=stop + 1.0)
    elif plan.to_zero:
        model = IF(c_m=1.0, v_th=layer.theta, v_reset=0.0, t_ref=0.0)
    else:
        model = SubtractIF(v_th=layer.theta)
    return Population(units, model, name=f"hidden{k + 1}", initial={"v": plan.starts[k]})


class SubtractIF(Neuron):
    """Integrate-and-fire neuron with reset by subtraction, which loses nothing of its input: ``dv/dt = I/c_m``.

    It fires if ``v >= v_th``, then ``v = v - v_th``; at most once per step. Its spike count under a constant drive is
    `brainsim.explore.theory.if_counts`.

    Examples
    --------
    >>> import brainsim as bs
    >>> bs.Population(64, SubtractIF(v_th=2.0), name="hidden")
    Population('hidden', 64 SubtractIF)

    References
    ----------
    Rueckauer et al. (2017), doi:10.3389/fnins.2017.00682.
    """

    equations = "dv/dt = I/c_m"
    threshold = "v >= v_th"
    reset = "v = v - v_th"
    method = "euler"

    c_m: float = parameter(1.0, "pF", "membrane capacitance", above=0.0)
    v_th: float = parameter(1.0, "mV", "threshold", above=0.0)
    v: float = initial(0.0, "mV", "membrane potential")


class TurnIF(Neuron):
    """Integrate-and-fire neuron that always integrates but fires only in its turn, ``opens <= t < closes``.

    If layers fire in turns, each has summed its whole input before it sends a spike, so the order of its input spikes does
    not matter.

    Examples
    --------
    >>> TurnIF(v_th=2.0, opens=32.0, closes=64.0)
    TurnIF(v_th=2.0, opens=32.0, closes=64.0)
    """

    equations = """
        dv/dt = I/c_m
        dclock/dt = 1
    """
    threshold = "v >= v_th and clock >= opens and clock < closes"
    reset = "v = v - v_th"
    method = "euler"

    c_m: float = parameter(1.0, "pF", "membrane capacitance", above=0.0)
    v_th: float = parameter(1.0, "mV", "threshold", above=0.0)
    opens: float = parameter(0.0, "ms", "start of its turn", at_least=0.0)
    closes: float = parameter(1.0, "ms", "end of its turn", at_least=0.0)
    v: float = initial(0.0, "mV", "membrane potential")
    clock: float = initial(0.0, "ms", "time")


class Readout(Neuron):
    """A cell that only integrates, ``dv/dt = I/c_m``: its potential is the evidence for its class.

    Examples
    --------
    >>> Readout()
    Readout()
    """

    equations = "dv/dt = I/c_m"
    method = "euler"

    c_m: float = parameter(1.0, "pF", "membrane capacitance", above=0.0)
    v: float = initial(0.0, "mV", "evidence")


class Held(Synapse):
    """A current that jumps by w and stays, so that the earlier an input spike, the larger its total effect; weights in pA.

    Examples
    --------
    >>> Held()
    Held()

    References
    ----------
    Rueckauer & Liu (2018), doi:10.1109/ISCAS.2018.8351295.
    """

    equations = "di/dt = 0"
    arrival = "i = i + w"
    current = "i"
    weight_unit = "pA"
