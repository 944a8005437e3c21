"""A graph becomes a network: cells are populations, and all other nodes between two of them a projection."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

import brainsim as bs
from brainsim.core.checks import nearest, number, one_of, plain
from brainsim.nir import cell_models
from brainsim.nir.files import load, told_of
from brainsim.nir.graphs import FlatGraph
from brainsim.nir.values import told_where

UNITS = {"s": 1000.0, "ms": 1.0}
VARIANTS = {"exact": "", "euler": "Euler"}
LABEL = "nir.read"


class Unrolled(bs.FromArrays):
    """The pairs that a chain of nodes connects: its `nodes` by their names, and those at its `ends`."""

    nodes: dict[str, Any]
    ends: tuple[Any, Any]


def read(
    source: Any, *, dt: float = 0.1, time_unit: str = "s", method: str = "exact", reset: str = "value", inputs: Any = None
) -> bs.Network:
    """Return the network of a graph of NIR, for runs in steps of `dt`.

    Inputs, cells and Outputs become populations in the order of layers, with the names of their nodes, ``"lif1.lif"`` if
    they are in a graph in the graph; an Output has the values that reach it in its variable v. Cells begin at ``v_leak``.

    Parameters
    ----------
    source : str, Path or nir.NIRGraph
        A file or a graph.
    dt : float
        Time step [ms]. A spike is a pulse of height 1 that lasts one step, so what a graph does depends on it: snnTorch has
        0.1 ms, Norse by default 1 ms.
    time_unit : {"s", "ms"}
        The unit of times in the graph. If they count steps, write ``dt=1.0, time_unit="ms"``.
    method : {"exact", "euler"}
        How cells move in a step: by the solution of their equations, or by forward Euler as in snnTorch and Norse.
    reset : {"value", "subtract"}
        Whether a spike sets the potential to ``v_reset``, as the format has it, or subtracts the threshold.
    inputs : model, array, or dict with one for each Input, optional
        What the input sends: a model of cells that fire, such as ``bs.SpikeTrains(times, ids)``, or the values of each step,
        an array of shape (steps, values). By default nothing.

    Notes
    -----
    Row k of an array, and a spike of an Input at ``k*dt``, act in the step that ends at ``(k + 1)*dt``. Each further layer
    lies a step behind, as the Outputs do. In a cycle, each connection takes one step, or the time of a Delay.

    Raises
    ------
    ImportError
        Without nir: ``pip install nir``.
    FileNotFoundError, TypeError, ValueError
        If there is no such file, it is not a graph, or a node is unknown or does not fit the ones before it.

    Examples
    --------
    >>> import brainsim as bs, numpy as np  # doctest: +SKIP
    >>> spikes = np.random.default_rng(1).random((1000, 5)) < 0.05  # doctest: +SKIP
    >>> net = bs.nir.read("graph.nir", method="euler", inputs=spikes)  # doctest: +SKIP
    >>> bs.simulate(net, 100.0, dt=0.1).spikes["output"].counts()                       # doctest: +SKIP
    """
    number(dt, f"{LABEL}.dt", "ms", above=0.0)
    unit = UNITS[one_of(time_unit, UNITS, f"{LABEL}.time_unit")]
    variant = VARIANTS[one_of(method, VARIANTS, f"{LABEL}.method")]
    one_of(reset, ("value", "subtract"), f"{LABEL}.reset")
    made = load(source, LABEL)
    with told_of(source, LABEL):
        graph = FlatGraph(made)
    models, currents = _given(inputs, graph, dt)
    spiking = {name for name in graph.ends if graph.kinds[name] in cell_models.SPIKING} - currents.keys()
    net = bs.Network(seed=0, required_dt=dt)
    with told_of(source, LABEL):
        for name in graph.ends:
            if name not in models:
                spikes = graph.kinds[name] == "Output" and spiking.issuperset(a for a, b in graph.edges if b == name)
                with told_where(f"{name!r}, {graph.kinds[name]}"):
                    models[name] = cell_models.model_of(graph.nodes[name], "Spiking" if spikes else variant, unit, reset)
            net.add(bs.Population(math.prod(graph.linear[name].shape), models[name], name=name))
        for name in graph.ends:
            _connect(net, graph, name, unit)
        currents |= {name: does.bias[None] for name, does in graph.linear.items() if np.any(does.bias)}
        for name, values in currents.items():
            for _, end, sent in graph.follow(name, [(0.0, values)]):
                for time, current in sent:
                    times = (graph.level[end] - 1) * dt + unit * time + dt * np.arange(len(current))
                    net.stimulate(net.populations[end], bs.CurrentInput(current, times=times))
    return net


def _given(inputs, graph, dt):
    """Return name of an Input -> model, and name -> values (steps, n) of those that are more than spikes."""
    names = graph.inputs
    if inputs is not None and not isinstance(inputs, Mapping):
        if len(names) != 1:
            raise ValueError(f"{LABEL}.inputs: must be a dict, since the graph has {len(names)} Inputs: {', '.join(names)}")
        inputs = {names[0]: inputs}
    models, values = {name: bs.SpikeTrains(np.empty(0), np.empty(0, int)) for name in names}, {}
    for name, value in (inputs or {}).items():
        if name not in names:
            raise ValueError(f"{LABEL}.inputs: the graph has no Input {name!r}{nearest(name, names)}")
        if hasattr(value, "spiking_source"):
            models[name] = value
            continue
        array, shape = np.asarray(plain(value, "", f"{LABEL}.inputs: of {name!r}")), graph.linear[name].shape
        if array.ndim < 2 or math.prod(array.shape[1:]) != math.prod(shape):
            raise ValueError(f"{LABEL}.inputs: of {name!r} must have the shape {('steps', *shape)} (got {array.shape})")
        if not len(array):
            raise ValueError(f"{LABEL}.inputs: of {name!r} must have at least one step (got the shape {array.shape})")
        array = array.reshape(len(array), -1)
        steps, ids = np.nonzero(array)
        if (array[steps, ids] == 1.0).all():
            models[name] = bs.SpikeTrains(steps * dt, ids)
        else:
            values[name] = np.pad(array, [(0, 1), (0, 0)])  # nothing after the last step
    return models, values


def _connect(net, graph, source, unit):
    """Connect a population to others as the chains of nodes behind it do."""
    pre, dt = net.populations[source], net.required_dt
    graded = not (pre.model.spiking_source or pre.model.threshold)
    for chain, target, sent in graph.follow(source, [(0.0, sparse.eye_array(pre.n, format="csr"))]):
        post, lag = net.populations[target], (graph.level[target] - graph.level[source]) * dt
        own = {name: graph.nodes[name] for name in chain if graph.kinds[name] not in ("Input", "Output")}
        name = " -> ".join((source, *own, target))
        # in a cycle there is no lag
        timed = [((lag + unit * time if lag else max(dt, unit * time)) - dt * graded, matrix) for time, matrix in sent]
        parts = {name: timed}
        if 0 < sum(time <= 0.0 for time, _ in timed) < len(timed):  # a coupling acts at once in all pairs or in none
            parts = {name: [pair for pair in timed if pair[0] > 0.0]}
            parts[f"{name} at once"] = [pair for pair in timed if pair[0] <= 0.0]
        for key, part in parts.items():
            delay = np.array([time for time, _ in part])
            pairs = sparse.vstack([matrix for _, matrix in part], format="csr").sorted_indices().tocoo()
            at, cell = divmod(pairs.row, pre.n)
            rule = Unrolled(cell, pairs.col)
            vars(rule).update(nodes=own, ends=(graph.nodes[source], graph.nodes[target]))
            synapse = bs.RateConnection(variable="v", order=1) if graded else bs.Pulse()
            delay = delay[at] if len(part) > 1 else delay[0]
            with told_where(repr(key)):
                net.connect(pre, post, rule, weight=pairs.data, delay=delay, synapse=synapse, name=key)
