"""A network becomes a graph of NIR: populations are nodes, and projections Linear or Affine, perhaps with a Delay."""

import math
import os
from typing import Any

import numpy as np

import brainsim as bs
from brainsim.core.checks import number, one_of, warn_user
from brainsim.core.doors import optional
from brainsim.nir.cells import Output, kind_of
from brainsim.nir.graphs import order
from brainsim.nir.reading import UNITS, Unrolled

LABEL = "nir.write"
# models with ``dv/dt = (v_rest - v)/tau_m + I/c_m``, or without tau_m ``dv/dt = I/c_m``; from SubtractIF on, those of the
# networks of `bs.ann` and `bs.learn`
POINTS = ("LIF", "LI", "IF", "SubtractIF", "Readout", "CrossingLIF", "Integrator")
CURRENTS = {"Exponential", "WithinStep"}


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
        Without nir: ``pip install 'brainsim[nir]'``.
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
    >>> graph = bs.nir.write(net, "graph.nir")                                          # doctest: +SKIP
    >>> snntorch.import_nir.import_from_nir(graph)                                      # doctest: +SKIP
    """
    nir = optional("nir", "nir", LABEL)
    if not isinstance(network, bs.Network):
        raise TypeError(f"{LABEL}.network: must be a Network (got {network!r})")
    dt = number(network.required_dt or 0.1 if dt is None else dt, f"{LABEL}.dt", "ms", above=0.0)
    graph = _Writer(nir, network, dt, UNITS[one_of(time_unit, UNITS, f"{LABEL}.time_unit")]).graph()
    if path is not None:
        nir.write(path, graph)
    return graph


class _Writer:
    """Collects the nodes and the edges of a graph."""

    def __init__(self, nir, network, dt, unit):
        self.nir, self.network, self.dt, self.unit = nir, network, dt, unit
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        self.loops: dict[str, set[str]] = {}  # cells connected to themselves -> these and the nodes between
        populations = network.populations
        links = [(_one(p.pre, p), _one(p.post, p), p) for p in network.projections]
        sources = [name for name, p in populations.items() if p.model.spiking_source]
        self.group, self.level = order([*populations], [(a, b) for a, b, _ in links], sources)
        shapes = {name: (p.n,) for name, p in populations.items()}
        for a, b, p in links:
            if isinstance(p.rule, Unrolled):
                shapes |= {a: p.rule.shapes[0], b: p.rule.shapes[1]}
        drives = self._drives(populations)
        scales = {name: self._add_cells(name, p.model, shapes[name], links, drives) for name, p in populations.items()}
        for a, b, p in links:
            self._add_projection(a, b, p, scales[b], drives)
        for name, bias in drives.items():  # cells that only currents drive: a bias needs an input, which sends nothing
            self.nodes[f"{name}_silent"] = nir.Input(input_type={"input": np.array([1])})
            self.nodes[f"{name}_bias"] = nir.Affine(np.zeros((bias.size, 1)), bias)
            self.edges += [(f"{name}_silent", f"{name}_bias"), (f"{name}_bias", name)]
        if not any(isinstance(p.model, Output) and not kind_of(p.model) for p in populations.values()):
            last = [name for name in populations if name not in sources and not any(a == name != b for a, b, _ in links)]
            for name in last:
                output = "output" if [name] == last != ["output"] else f"{name}_output"
                self.nodes[output] = nir.Output(output_type={"output": np.array(shapes[name])})
                self.edges.append((name, output))

    def graph(self):
        """Return the graph; cells connected to themselves are a graph in it, as snnTorch wants them."""
        nodes, edges, nir = dict(self.nodes), list(dict.fromkeys(self.edges)), self.nir
        for name, loop in self.loops.items():
            inside = [edge for edge in edges if {*edge} <= loop]
            key, _, own = name.rpartition(".") if "." in name else (name, "", "lif")
            shared = any({*edge} & (loop - {name}) for edge in edges if edge not in inside)
            if shared or any(of == key or of.startswith(f"{key}.") for of in nodes.keys() - loop):
                continue
            names = {of: own if of == name else of.removeprefix(f"{key}.") for of in loop}
            shape = np.array(np.shape(next(value for value in vars(nodes[name]).values() if isinstance(value, np.ndarray))))
            parts = {"input": nir.Input({"input": shape}), "output": nir.Output({"output": shape})}
            parts |= {names[of]: nodes.pop(of) for of in loop}
            ways = [("input", own), *((names[a], names[b]) for a, b in inside), (own, "output")]
            nodes[key] = nir.NIRGraph(parts, ways, type_check=False)
            outside = [edge for edge in edges if edge not in inside]
            edges = [(key if a == name else a, key if b == name else b) for a, b in outside]
        return nir.NIRGraph(nodes, edges, type_check=False)

    def _drives(self, populations):
        """Return the constant currents into the cells of populations, by their names."""
        drives: dict[str, Any] = {}
        for stimulus in self.network.inputs:
            given, name = stimulus.input, _one(stimulus.target, stimulus)
            if type(given).__name__ == "Learned" or isinstance(populations[name].model, Output) or self._has_bias(name):
                continue  # the synapses of bs.learn, which are projections, and biases and values of `read`
            value = given.amplitude if isinstance(given, bs.CurrentInput) else None
            first = value[0] if isinstance(value, np.ndarray) and given.times is not None else value
            if not isinstance(value, float | np.ndarray) or (given.times is not None and np.any(value[1:-1] != first)):
                raise ValueError(f"{LABEL}: NIR has no node for {given!r} of {name!r}; constant currents can be written")
            each = np.zeros(populations[name].n)
            each[stimulus.target.ids] = first
            drives[name] = drives.get(name, 0.0) + each
        return drives

    def _has_bias(self, name):
        return bool(kind_of(self.network.populations[name].model))

    def _add_cells(self, name, model, shape, links, drives):
        """Add the node of a population; return by what weights onto it are multiplied."""
        nir, kind = self.nir, kind_of(model)
        if not model.spiking_source and model.reset.startswith("v = v - v_th"):
            warn_user(f"{LABEL}: {name!r} is reset by subtraction, which is not in the format; read it by reset='subtract'")
        if model.spiking_source:
            self.nodes[name] = nir.Input(input_type={"input": np.array(shape)})
        elif kind:
            values = {
                "threshold" if key == "limit" else key: getattr(model, key) for key in model.parameters if key != "unit"
            }
            full = {key: np.broadcast_to(value, math.prod(shape)).reshape(shape).copy() for key, value in values.items()}
            self.nodes[name] = getattr(nir, kind)(**full)
        elif isinstance(model, Output):
            self.nodes[name] = nir.Output(output_type={"output": np.array(shape)})
        else:
            return self._add_point(name, model, {p.synapse for _, b, p in links if b == name}, drives)
        return 1.0

    def _add_point(self, name, model, synapses, drives):
        """Add the node of cells of brainsim; return by what weights onto them are multiplied."""
        kind, n, dt, unit = type(model).__name__, self.network.populations[name].n, self.dt, self.unit
        if kind not in POINTS or not type(model).__module__.startswith("brainsim."):
            raise ValueError(f"{LABEL}: NIR has no node for {kind}, of {name!r}; it has LIF, LI and IF")
        for key, what in (("t_ref", "refractory time"), ("beta", "adaptation")):
            if np.any(getattr(model, key, 0.0) != 0.0):
                raise ValueError(f"{LABEL}: NIR has no {what}; {name!r} has {key} = {getattr(model, key)}, which must be 0")
        tau, c_m, rest = (getattr(model, key, other) for key, other in (("tau_m", None), ("c_m", None), ("v_rest", 0.0)))
        smooth = {type(synapse).__name__ for synapse in synapses}
        if len(synapses) > 1 or not smooth <= {"Delta", *CURRENTS} or (tau is None and smooth & CURRENTS):
            raise ValueError(f"{LABEL}: synapses onto {name!r} must all be Delta, or all one Exponential (got {synapses})")
        values, scale = {}, 1.0
        if model.threshold:
            values = {"v_threshold": model.v_th - rest, "v_reset": getattr(model, "v_reset", rest) - rest}
        if tau is None:  # I/c_m for a step
            node, values["r"], share = "I", unit / dt, dt / c_m
        elif smooth & CURRENTS:
            (synapse,) = synapses
            resistance = 1.0 if c_m is None else tau / c_m
            values |= {"tau_syn": synapse.tau / unit, "tau_mem": tau / unit, "r": tau / dt}
            values |= {"w_in": synapse.tau * resistance / tau, "v_leak": resistance * drives.pop(name, 0.0)}
            node, share = "CubaLI", 0.0
        else:
            node, scale, share = "LI", tau / dt, 1.0 if c_m is None else tau / c_m
            values |= {"tau": tau / unit, "r": 1.0, "v_leak": 0.0}
        if name in drives:
            drives[name] = drives[name] * share
        node += "F" * bool(model.threshold)
        self.nodes[name] = getattr(self.nir, node)(**{key: np.full(n, value) for key, value in values.items()})
        return scale

    def _add_projection(self, source, target, projection, scale, drives):
        """Add the nodes between two populations."""
        rule, table = projection.rule, projection.synapses(self.dt) if not isinstance(projection.rule, Unrolled) else None
        names = [source, *(rule.nodes if table is None else ()), target]
        if table is None:
            self.nodes |= rule.nodes
        else:
            for what in ("plasticity", "homeostasis"):
                if getattr(projection, what) is not None:
                    raise ValueError(f"{LABEL}: NIR has no {what}, which {projection.name!r} has")
            weight = np.zeros((self.network.populations[target].n, self.network.populations[source].n))
            np.add.at(weight, (table.post_cells, table.pre_cells), table.weight)
            weight *= np.reshape(scale, (-1, 1))
            name = projection.name.replace("/", "_").replace(" ", "").replace("->", "_to_")
            bias = drives.pop(target, None)
            self.nodes[name] = self.nir.Linear(weight) if bias is None else self.nir.Affine(weight, bias)
            names.insert(1, name)
            steps = 0 if self.group[source] == self.group[target] else self.level[target] - self.level[source]
            self._add_delay(names, table, steps, projection)
        self.edges += zip(names, names[1:], strict=False)
        if source == target:
            self.loops[source] = self.loops.get(source, set()) | {*names}

    def _add_delay(self, names, table, steps, projection):
        """Add the node of the delays beyond some steps, for the sources or else for the targets of a projection."""
        more = np.maximum(table.delay - steps * self.dt, 0.0)
        if steps == 0:
            more = np.where(more <= 1.001 * self.dt, 0.0, more)  # within a cycle, a connection takes one step without it
        if not (more > 1e-3 * self.dt).any():
            return
        for place, ids, n in ((1, table.pre_cells, table.n_pre), (2, table.post_cells, table.n_post)):
            each = np.zeros(max(n, ids.max() + 1))
            each[ids] = more
            if np.allclose(each[ids], more, rtol=0.0, atol=1e-9):
                name = f"{names[1]}_delay"
                self.nodes[name] = self.nir.Delay(each / self.unit)
                names.insert(place, name)
                return
        raise ValueError(f"{LABEL}: {projection.name!r} has a delay for each synapse; NIR has one for each source or target")


def _one(view, what):
    """Return the name of the population to which all cells of a view belong."""
    if len(view.parts) > 1:
        raise ValueError(f"{LABEL}: {view.name!r} joins populations; connect or stimulate each of them")
    return view.parts[0][0].name
