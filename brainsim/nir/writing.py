"""A network becomes a graph of NIR: populations are nodes, and projections Linear or Affine, perhaps with a Delay."""

import itertools
import os
from typing import Any

import numpy as np
from scipy.sparse import coo_array

import brainsim as bs
from brainsim.ann.conversion.spiking import WINDOW
from brainsim.core.checks import number, one_of, warn_user
from brainsim.core.doors import optional
from brainsim.nir.graphs import find_levels
from brainsim.nir.reading import UNITS, Unrolled

LABEL = "nir.write"
# models with ``dv/dt = (v_rest - v)/tau_m + I/c_m``, or without tau_m ``dv/dt = I/c_m``; from SubtractIF on, those of the
# networks of `bs.ann`
POINTS = ("LIF", "LI", "IF", "SubtractIF", "Readout")


def write(
    network: bs.Network, path: str | os.PathLike | None = None, *, dt: float | None = None, time_unit: str = "s"
) -> Any:
    """Return a network as a graph of NIR, and write it to a file if there is a path.

    Parameters
    ----------
    network : Network
        What `read` returned; a network of `LIF`, `LI` and `IF` cells without refractory time, with sources of spikes,
        `Delta` or `Exponential` synapses and constant currents; that of a trained `bs.learn.SpikingNetwork`, by its
        `to_network`; or that of an artificial network which `bs.ann.convert` has converted, ``converted.network``.
    path : str or Path, optional
        Where it is written; a file that exists is replaced.
    dt : float, optional
        The step [ms] that a pulse lasts, by default the one that the network requires, or 0.1.
    time_unit : {"s", "ms"}
        The unit of times in the graph.

    Returns
    -------
    nir.NIRGraph

    Raises
    ------
    ImportError
        Without nir: ``pip install nir``.
    TypeError, ValueError
        If it is not a network, or the format lacks a part of it, which is named.

    Notes
    -----
    Cells onto which spikes act by jumps become LIF with ``r = 1``, or IF with ``r = 1/dt``, and those with an exponential
    current CubaLIF with ``r = tau_mem/dt``; potentials count from rest. Weights are such that a step of forward Euler, as in
    snnTorch and Norse, makes the jump. A delay beyond that of the step between two layers becomes a Delay. Cells without
    targets get an Output, unless the network has one. Initial values and positions are not in the format.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> one, two = (bs.Population(5, bs.LIF(t_ref=0.0), name=name) for name in ("one", "two"))  # doctest: +SKIP
    >>> net = bs.Network(seed=1)  # doctest: +SKIP
    >>> net.connect(one, two, bs.AllToAll(), weight=2.0, delay=1.0, synapse=bs.Exponential())  # doctest: +SKIP
    >>> graph = bs.nir.write(net, "graph.nir")  # doctest: +SKIP
    >>> import snntorch  # doctest: +SKIP
    >>> snntorch.import_nir.import_from_nir(graph)  # doctest: +SKIP
    """
    nir = optional("nir", LABEL)
    if not isinstance(network, bs.Network):
        raise TypeError(f"{LABEL}.network: must be a Network (got {network!r})")
    dt = number(network.required_dt or 0.1 if dt is None else dt, f"{LABEL}.dt", "ms", above=0.0)
    graph = _GraphWriter(nir, network, dt, UNITS[one_of(time_unit, UNITS, f"{LABEL}.time_unit")]).graph()
    if path is not None:
        nir.write(path, graph)
    return graph


class _GraphWriter:
    """Collects the nodes and the edges of a graph.

    - `loops`: populations connected to themselves, which are graphs in it: its name, that of the cells, its nodes and edges
    - `drives`: constant currents into the cells of populations, as long as they are not written
    - `scales`: by what weights onto the cells of populations are multiplied, if it is not 1
    """

    def __init__(self, nir, network, dt, unit):
        self.nir, self.dt, self.unit, self.populations = nir, dt, unit, network.populations
        self.nodes, self.edges, self.scales, self.loops = {}, [], {}, {}
        self.links = [(p.pre.population.name, p.post.population.name, p) for p in network.projections]
        pairs = [(a, b) for a, b, _ in self.links]
        sources = [name for name, p in self.populations.items() if p.model.spiking_source]
        self.level = find_levels([*self.populations], pairs, sources)
        for name in dict.fromkeys(a for a, b in pairs if a == b):
            key, _, own = name.rpartition(".") if "." in name else (name, "", "lif")
            if [of for of in self.populations if f"{of}.".startswith(f"{key}.")] == [name]:
                self.loops[name] = key, own, {}, []
        for a, b, p in self.links:
            self.nodes |= dict(zip((a, b), getattr(p.rule, "ends", ()), strict=False))
        self.drives = self._currents(network.inputs)
        for name, population in self.populations.items():
            model = population.model
            self.nodes[name] = self.nodes.get(name) or self._node_of(name, model, population.n)
            if getattr(model, "subtracts", "v = v - v_th" in getattr(model, "reset", "")):
                warn_user(f"{LABEL}: {name!r} is reset by subtraction, which NIR lacks; read it by reset='subtract'")
        for a, b, p in self.links:
            self._add_chain(a, self._chain_of(a, b, p), b)
        for name, bias in self.drives.items():  # cells that only currents drive: a bias needs an input, which sends nothing
            self.nodes[f"{name}_silent"] = nir.Input(input_type={"input": np.array([1])})
            self._add_chain(f"{name}_silent", {f"{name}_bias": nir.Affine(np.zeros((bias.size, 1)), bias)}, name)
        if not any(isinstance(node, nir.Output) for node in self.nodes.values()):
            last = [name for name in self.populations if name not in {*sources, *(a for a, b in pairs if a != b)}]
            for name in last:
                output = "output" if [name] == last != ["output"] else f"{name}_output"
                self.nodes[output] = nir.Output(self.nodes[name].output_type)
                self._add_chain(name, {}, output)

    def graph(self):
        """Return the graph; cells connected to themselves are a graph in it, as snnTorch wants them."""
        nir = self.nir
        for name, (key, own, nodes, edges) in self.loops.items():
            cells = nodes[own] = self.nodes.pop(name)
            nodes |= {"input": nir.Input(cells.input_type), "output": nir.Output(cells.output_type)}
            edges = [("input", own), *dict.fromkeys(edges), (own, "output")]
            self.nodes[key] = nir.NIRGraph(nodes, edges, type_check=False)
        return nir.NIRGraph(self.nodes, [*dict.fromkeys(self.edges)], type_check=False)

    def _add_chain(self, source, between, target):
        """Add the nodes between two others, and the edges from each to the next."""
        nodes, edges = self.nodes, self.edges
        first, last = (self.loops.get(name, (name,))[0] for name in (source, target))
        if source == target and source in self.loops:
            key, first, nodes, edges = self.loops[source]
            last, between = first, {name.removeprefix(f"{key}."): node for name, node in between.items()}
        nodes |= between
        edges += itertools.pairwise([first, *between, last])

    def _currents(self, inputs):
        """Return the constant currents into the cells of populations, by their names."""
        found = {}
        for stimulus in inputs:
            given, name = stimulus.input, stimulus.target.population.name
            if name in self.nodes:
                continue  # what `read` makes of a graph
            value, times = getattr(given, "amplitude", None), getattr(given, "times", None)
            changes = given.start or given.stop or (times is not None and _changes(stimulus.name, times, value))
            if changes or not isinstance(value, float | np.ndarray):
                raise ValueError(f"{LABEL}: NIR has no node for {given!r} of {name!r}; constant currents can be written")
            each = np.zeros(self.populations[name].n)
            each[stimulus.target.ids] = value if times is None else value[0]
            found[name] = found.get(name, 0.0) + each
        return found

    def _node_of(self, name, model, n):
        """Return the node of a population that was made here."""
        kind, dt, unit = type(model).__name__, self.dt, self.unit
        if model.spiking_source:
            return self.nir.Input({"input": np.array([n])})
        if kind not in POINTS or not type(model).__module__.startswith("brainsim."):
            raise ValueError(f"{LABEL}: NIR has no node for {kind}, of {name!r}; it has LIF, LI and IF")
        for key, what in (("t_ref", "refractory time"), ("beta", "adaptation")):
            if np.any(getattr(model, key, 0.0) != 0.0):
                raise ValueError(f"{LABEL}: NIR has no {what}; {name!r} has {key} = {getattr(model, key)}, which must be 0")
        tau, c_m = getattr(model, "tau_m", None), getattr(model, "c_m", None)
        synapses = {p.synapse for _, b, p in self.links if b == name}
        kinds = {type(synapse).__name__ for synapse in synapses}
        if len(synapses) > 1 or not kinds <= {"Delta", "Exponential"} or (tau is None and "Exponential" in kinds):
            raise ValueError(f"{LABEL}: synapses onto {name!r} must all be Delta, or all one Exponential (got {synapses})")
        fires = {}
        if model.threshold:
            rest = getattr(model, "v_rest", getattr(model, "v_reset", 0.0) if tau is None else 0.0)  # where cells begin
            fires = {"v_threshold": model.v_th - rest, "v_reset": getattr(model, "v_reset", rest) - rest}
        resistance = 1.0 if c_m is None else (dt if tau is None else tau) / c_m
        bias = self.drives.pop(name, 0.0) * resistance
        if "Exponential" in kinds:
            (synapse,) = synapses
            kind, values = "CubaLI", {"tau_mem": tau / unit, "r": tau / dt, "v_leak": bias}
            values |= {"tau_syn": synapse.tau / unit, "w_in": synapse.tau / tau * resistance}
        elif tau is None:
            kind, values = "I", {"r": unit / dt}
        else:
            kind, values, self.scales[name] = "LI", {"tau": tau / unit, "r": 1.0, "v_leak": 0.0}, tau / dt
        if kind != "CubaLI" and np.any(bias):
            self.drives[name] = bias
        values = {key: np.full(n, value) for key, value in (fires | values).items()}
        return getattr(self.nir, f"{kind}{'F' * bool(fires)}")(**values)

    def _chain_of(self, source, target, projection):
        """Return the nodes between two populations: those of a chain that was read, or a Linear or Affine and a Delay."""
        if isinstance(projection.rule, Unrolled):
            return projection.rule.nodes
        for what in ("plasticity", "homeostasis"):
            if getattr(projection, what) is not None:
                raise ValueError(f"{LABEL}: NIR has no {what}, which {projection.name!r} has")
        table, shape = projection.synapses(self.dt), (self.populations[target].n, self.populations[source].n)
        weight = coo_array((table.weight, (table.post_cells, table.pre_cells)), shape).toarray()
        weight *= np.reshape(self.scales.get(target, 1.0), (-1, 1))
        name = projection.name.replace("/", "_").replace(" ", "").replace("->", "_to_")
        bias = self.drives.pop(target, None)
        linear = {name: self.nir.Linear(weight) if bias is None else self.nir.Affine(weight, bias)}
        steps = self.level[target] - self.level[source]  # 0 within a cycle, where a connection takes a step without a Delay
        more = table.delay - steps * self.dt
        if (more <= (1e-3 if steps else 1.001) * self.dt).all():
            return linear
        for side, ids in enumerate((table.post_cells, table.pre_cells)):
            each = np.zeros(shape[side])
            each[ids] = more
            if np.allclose(each[ids], more, rtol=0.0, atol=1e-9):
                delay = {f"{name}_delay": self.nir.Delay(np.maximum(each, 0.0) / self.unit)}
                return delay | linear if side else linear | delay
        raise ValueError(f"{LABEL}: {projection.name!r} has a delay for each synapse; NIR has one for each source or target")


def _changes(name, times, value):
    """Return whether a listed current changes; that of a layer which `bs.ann` converted lasts for a window."""
    if name.endswith(WINDOW):
        return np.any(value[:-1] != value[0])
    return times[0] > 0.0 or np.any(value != value[0])
