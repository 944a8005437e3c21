"""A graph becomes a network: cells are populations, and all other nodes between two of them a projection."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

import brainsim as bs
from brainsim.core.checks import nearest, number, one_of
from brainsim.core.doors import optional
from brainsim.nir import cells
from brainsim.nir.graphs import Graph

UNITS = {"s": 1000.0, "ms": 1.0}
LABEL = "nir.read"
FIRING = ("Input", "IF", "LIF", "CubaLIF", "Threshold")


class Unrolled(bs.FromArrays):
    """The pairs that a chain of nodes connects: `nodes` by their names, and the shapes of its source and its target."""

    nodes: dict[str, Any]
    shapes: tuple[tuple[int, ...], tuple[int, ...]]


def read(
    source: Any, *, dt: float = 0.1, time_unit: str = "s", method: str = "exact", reset: str = "value", inputs: Any = None
) -> bs.Network:
    """Return the network of a graph of NIR, for runs in steps of `dt`.

    Inputs, Outputs and cells become populations with the names of their nodes, ``"lif1.lif"`` if they are in a graph in the
    graph; an Output has the values that reach it in its variable v. Cells begin at ``v_leak``.

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
        Without nir: ``pip install 'brainsim[nir]'``.
    FileNotFoundError, TypeError, ValueError
        If there is no such file, it is not a graph, or a node is unknown or does not fit the ones before it.

    Examples
    --------
    >>> net = bs.nir.read("graph.nir", method="euler", inputs=x)                        # doctest: +SKIP
    >>> bs.simulate(net, 100.0, dt=0.1).spikes["output"].counts()                       # doctest: +SKIP
    """
    number(dt, f"{LABEL}.dt", "ms", above=0.0)
    unit = UNITS[one_of(time_unit, UNITS, f"{LABEL}.time_unit")]
    one_of(method, ("exact", "euler"), f"{LABEL}.method")
    one_of(reset, ("value", "subtract"), f"{LABEL}.reset")
    graph = Graph(_load(source))
    models, values = _given(inputs, graph, dt)
    net = bs.Network(seed=0, required_dt=dt)
    for name, kind in graph.ends.items():
        before = [a for a, b in graph.edges if b == name]
        if kind == "Output" and all(graph.ends.get(a) in FIRING and a not in values for a in before):
            models[name] = cells.SpikingOutput()
        model = models[name] if name in models else cells.model_of(graph.nodes[name], unit, method, reset)
        net.add(bs.Population(graph.size(name), model, name=name))
    for chain in graph.chains:
        _connect(net, graph, chain, unit, values)
    for name, node in graph.linear.items():
        for names, end in graph.walk(name) if np.any(node.bias) else ():
            bias = np.broadcast_to(node.bias, graph.size(name))
            for after in names:
                bias = bias @ graph.linear[after].matrix
            net.stimulate(net.populations[end], bs.CurrentInput(bias, start=(graph.level[end] - 1) * dt))
    return net


def _load(source):
    """Return a graph, or the one in a file."""
    nir, h5py = optional("nir", "nir", LABEL), optional("h5py", "nir", LABEL)
    if isinstance(source, nir.NIRGraph):
        return source
    if not isinstance(source, str | os.PathLike):
        raise TypeError(f"{LABEL}.source: must be a file or a nir.NIRGraph (got {source!r})")
    if not os.path.isfile(source):
        raise FileNotFoundError(f"{LABEL}: there is no file {str(source)!r}")

    def build(data, name):  # nir.read checks types of graphs in the graph, which older files lack
        if (kind := data["type"]) != "NIRGraph":
            if not hasattr(nir, str(kind)):
                raise ValueError(f"{name!r} is a node of an unknown kind, {kind}")
            return nir.dict2NIRNode(data)
        nodes = {key: build(of, key) for key, of in data["nodes"].items()}
        return nir.NIRGraph(nodes, [tuple(bytes(end).decode() for end in edge) for edge in data["edges"]], type_check=False)

    try:
        with h5py.File(source) as file:
            return build(nir.serialization.hdf2dict(file["node"]), "")
    except (OSError, KeyError, TypeError, ValueError, AssertionError) as error:
        message = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{LABEL}: {str(source)!r} is not a graph of NIR: {message}") from error


def _given(inputs, graph, dt):
    """Return name of an Input -> model, and name -> values (steps, n) of those that are more than spikes."""
    names = [name for name, kind in graph.ends.items() if kind == "Input"]
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
        array = np.asarray(value, np.float64)
        if array.ndim < 2 or array[0].size != graph.size(name):
            shape = ("steps", *graph.shapes[name])
            raise ValueError(f"{LABEL}.inputs: of {name!r} must have the shape {shape} (got {array.shape})")
        array = array.reshape(len(array), -1)
        steps, ids = np.nonzero(array)
        if (array[steps, ids] == 1.0).all():
            models[name] = bs.SpikeTrains(steps * dt, ids)
        else:
            values[name] = array
    return models, values


def _connect(net, graph, chain, unit, values):
    """Connect two populations as a chain of nodes does."""
    (source, names, target), dt = chain, net.required_dt
    parts = [(0.0, sparse.eye_array(graph.size(source), format="csr"))]
    for name in names:
        node = graph.linear[name]
        if node.delay is None:
            parts = [(time, matrix @ node.matrix) for time, matrix in parts]
        else:
            each = {time: sparse.diags_array(1.0 * (node.delay == time)) for time in np.unique(node.delay).tolist()}
            parts = [(time + unit * more, matrix @ mask) for time, matrix in parts for more, mask in each.items()]
    lag = (graph.level[target] - graph.level[source]) * dt
    times = [max(dt, time) if graph.group[source] == graph.group[target] else lag + time for time, _ in parts]
    pairs = [matrix.tocsr().sorted_indices().tocoo() for _, matrix in parts]
    rule = Unrolled(np.concatenate([p.row for p in pairs]), np.concatenate([p.col for p in pairs]))
    own = {name: graph.nodes[name] for name in names if type(graph.nodes[name]).__name__ not in ("Input", "Output")}
    vars(rule).update(nodes=own, shapes=(graph.shapes[source], graph.shapes[target]))
    weight, delay = np.concatenate([p.data for p in pairs]), np.repeat(times, [p.nnz for p in pairs])
    pre, post = net.populations[source], net.populations[target]
    synapse = cells.pulse(post.model, dt)
    if not (pre.model.spiking_source or pre.model.threshold):
        synapse, delay = cells.Graded(order=1), delay - dt
    delay = delay[0] if len(parts) == 1 and delay.size else delay
    net.connect(pre, post, rule, weight=weight, delay=delay, synapse=synapse, name=" -> ".join((source, *own, target)))
    for (_, matrix), time in zip(parts, times, strict=True) if source in values else ():
        current = np.vstack([values[source] @ matrix, np.zeros(post.n)])
        net.stimulate(post, bs.CurrentInput(current, times=time - dt + dt * np.arange(len(current))))
