"""A network becomes a graph of NIR: populations are nodes, and projections Linear or Affine, perhaps with a Delay."""

import math
import os
from typing import Any

import numpy as np

import brainsim as bs
from brainsim.core.checks import number, one_of, warn_user
from brainsim.core.doors import optional
from brainsim.nir.cells import kind_of
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
    """Collects the nodes and the edges of a graph, and the constant currents that are not written yet, `drives`."""

    def __init__(self, nir, network, dt, unit):
        self.nir, self.dt, self.unit, self.populations = nir, dt, unit, network.populations
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        self.loops: dict[str, set[str]] = {}  # cells connected to themselves -> these and the nodes between
        self.links = [(_one(p.pre), _one(p.post), p) for p in network.projections]
        sources = [name for name, p in self.populations.items() if p.model.spiking_source]
        self.group, self.level = order([*self.populations], [(a, b) for a, b, _ in self.links], sources)
        self.shapes = {name: (p.n,) for name, p in self.populations.items()}
        for a, b, p in self.links:
            self.shapes |= dict(zip((a, b), getattr(p.rule, "shapes", ()), strict=False))
        self.drives = self._currents(network.inputs)
        scales = {name: self._add_cells(name, p.model) for name, p in self.populations.items()}
        for a, b, p in self.links:
            self._add_projection(a, b, p, scales[b])
        for name, bias in self.drives.items():  # cells that only currents drive: a bias needs an input, which sends nothing
            self.nodes[f"{name}_silent"] = nir.Input(input_type={"input": np.array([1])})
            self.nodes[f"{name}_bias"] = nir.Affine(np.zeros((bias.size, 1)), bias)
            self.edges += [(f"{name}_silent", f"{name}_bias"), (f"{name}_bias", name)]
        if not any(kind_of(p.model) == "Output" for p in self.populations.values()):
            last = [name for name in self.shapes if name not in {*sources, *(a for a, b, _ in self.links if a != b)}]
            for name in last:
                output = "output" if [name] == last != ["output"] else f"{name}_output"
                self.nodes[output] = nir.Output(output_type={"output": np.array(self.shapes[name])})
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
            shape = np.array(self.shapes[name])
            parts = {"input": nir.Input({"input": shape}), "output": nir.Output({"output": shape})}
            parts |= {names[of]: nodes.pop(of) for of in loop}
            ways = [("input", own), *((names[a], names[b]) for a, b in inside), (own, "output")]
            nodes[key] = nir.NIRGraph(parts, ways, type_check=False)
            outside = [edge for edge in edges if edge not in inside]
            edges = [(key if a == name else a, key if b == name else b) for a, b in outside]
        return nir.NIRGraph(nodes, edges, type_check=False)

    def _currents(self, inputs):
        """Return the constant currents into the cells of populations, by their names."""
        found: dict[str, Any] = {}
        for stimulus in inputs:
            given, name = stimulus.input, _one(stimulus.target)
            if type(given).__name__ == "Learned" or kind_of(self.populations[name].model):
                continue  # the synapses of bs.learn, which are projections, too, and what `read` makes of a graph
            value = getattr(given, "amplitude", None)
            first = value[0] if isinstance(value, np.ndarray) and given.times is not None else value
            if not isinstance(first, float | np.ndarray) or (first is not value and np.any(value[1:-1] != first)):
                raise ValueError(f"{LABEL}: NIR has no node for {given!r} of {name!r}; constant currents can be written")
            each = np.zeros(self.populations[name].n)
            each[stimulus.target.ids] = first
            found[name] = found.get(name, 0.0) + each
        return found

    def _add_cells(self, name, model):
        """Add the node of a population; return by what weights onto it are multiplied."""
        kind, shape = kind_of(model), self.shapes[name]
        if model.spiking_source or kind == "Output":
            kind = "Output" if kind else "Input"
            self.nodes[name] = getattr(self.nir, kind)({kind.lower(): np.array(shape)})
            return 1.0
        if model.reset.startswith("v = v - v_th"):
            warn_user(f"{LABEL}: {name!r} is reset by subtraction, which is not in the format; read it by reset='subtract'")
        values, scale = {"threshold" if key == "limit" else key: getattr(model, key) for key in model.parameters}, 1.0
        if not kind:
            kind, values, scale = self._point(name, model)
        values = {key: np.broadcast_to(value, math.prod(shape)).reshape(shape) for key, value in values.items()}
        self.nodes[name] = getattr(self.nir, kind)(**{key: v.copy() for key, v in values.items() if key != "unit"})
        return scale

    def _point(self, name, model):
        """Return (kind of node, its values, by what weights are multiplied) of cells of brainsim."""
        kind, dt, unit = type(model).__name__, self.dt, self.unit
        if kind not in POINTS or not type(model).__module__.startswith("brainsim."):
            raise ValueError(f"{LABEL}: NIR has no node for {kind}, of {name!r}; it has LIF, LI and IF")
        for key, what in (("t_ref", "refractory time"), ("beta", "adaptation")):
            if np.any(getattr(model, key, 0.0) != 0.0):
                raise ValueError(f"{LABEL}: NIR has no {what}; {name!r} has {key} = {getattr(model, key)}, which must be 0")
        tau, c_m = getattr(model, "tau_m", None), getattr(model, "c_m", None)
        rest = getattr(model, "v_rest", getattr(model, "v_reset", 0.0) if tau is None else 0.0)  # where cells begin
        synapses = {p.synapse for _, b, p in self.links if b == name}
        kinds = {type(synapse).__name__ for synapse in synapses}
        if len(synapses) > 1 or not kinds <= {"Delta", *CURRENTS} or (tau is None and kinds & CURRENTS):
            raise ValueError(f"{LABEL}: synapses onto {name!r} must all be Delta, or all one Exponential (got {synapses})")
        fires = {}
        if model.threshold:
            fires = {"v_threshold": model.v_th - rest, "v_reset": getattr(model, "v_reset", rest) - rest}
        end, scale, drive = "F" * bool(fires), 1.0, self.drives.pop(name, 0.0)
        resistance = 1.0 if c_m is None else (dt if tau is None else tau) / c_m
        if kinds & CURRENTS:
            (synapse,) = synapses
            values = {"tau_syn": synapse.tau / unit, "tau_mem": tau / unit, "r": tau / dt, "v_leak": resistance * drive}
            return f"CubaLI{end}", fires | values | {"w_in": synapse.tau * resistance / tau}, scale
        if np.any(drive):
            self.drives[name] = drive * resistance
        if tau is None:
            return f"I{end}", fires | {"r": unit / dt}, scale
        return f"LI{end}", fires | {"tau": tau / unit, "r": 1.0, "v_leak": 0.0}, tau / dt

    def _add_projection(self, source, target, projection, scale):
        """Add the nodes between two populations."""
        if isinstance(projection.rule, Unrolled):
            names = [source, *projection.rule.nodes, target]
            self.nodes |= projection.rule.nodes
        else:
            for what in ("plasticity", "homeostasis"):
                if getattr(projection, what) is not None:
                    raise ValueError(f"{LABEL}: NIR has no {what}, which {projection.name!r} has")
            table = projection.synapses(self.dt)
            weight = np.zeros((self.populations[target].n, self.populations[source].n))
            np.add.at(weight, (table.post_cells, table.pre_cells), table.weight)
            name = projection.name.replace("/", "_").replace(" ", "").replace("->", "_to_")
            weight, bias = weight * np.reshape(scale, (-1, 1)), self.drives.pop(target, None)
            self.nodes[name] = self.nir.Linear(weight) if bias is None else self.nir.Affine(weight, bias)
            names = self._delayed([source, name, target], table, projection)
        self.edges += zip(names, names[1:], strict=False)
        if source == target:
            self.loops[source] = self.loops.get(source, set()) | {*names}

    def _delayed(self, names, table, projection):
        """Return the names of nodes with that of the delays beyond a step, for the sources or else for the targets."""
        source, name, target = names
        steps = 0 if self.group[source] == self.group[target] else self.level[target] - self.level[source]
        more = table.delay - steps * self.dt
        if (more <= (1e-3 if steps else 1.001) * self.dt).all():  # within a cycle, a connection takes one step without it
            return names
        for place, ids, end in ((1, table.pre_cells, source), (2, table.post_cells, target)):
            each = np.zeros(self.populations[end].n)
            each[ids] = more
            if np.allclose(each[ids], more, rtol=0.0, atol=1e-9):
                self.nodes[f"{name}_delay"] = self.nir.Delay(np.maximum(each, 0.0) / self.unit)
                return [*names[:place], f"{name}_delay", *names[place:]]
        raise ValueError(f"{LABEL}: {projection.name!r} has a delay for each synapse; NIR has one for each source or target")


def _one(view):
    """Return the name of the population to which all cells of a view belong."""
    if len(view.parts) > 1:
        raise ValueError(f"{LABEL}: {view.name!r} joins populations; connect or stimulate each of them")
    return view.parts[0][0].name
