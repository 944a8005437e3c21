"""A simulation of point neurons from its configuration."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np

import brainsim as bs
from brainsim.core.checks import nearest, number, warn_user
from brainsim.core.doors import optional
from brainsim.core.files import check_free
from brainsim.results.sonata_files import ALONE, read_spikes
from brainsim.sonata.configuration import LABEL, read_configuration, read_json, select
from brainsim.sonata.reading import read_edges, read_nodes
from brainsim.sonata.templates import TEMPLATES, model_of, parameters, synapses_of


def run(config: str | os.PathLike, *, threads: int | None = None) -> bs.Result:
    """Simulate a network of point neurons as its configuration says, and write the files that it names.

    Models are those of NEST with its defaults: ``iaf_psc_delta``, ``iaf_psc_exp``, ``iaf_psc_alpha``, ``iaf_cond_exp``,
    ``iaf_cond_alpha``, ``aeif_cond_exp``, ``aeif_cond_alpha``, and ``static_synapse``. Inputs are ``spikes`` of virtual
    nodes, each at the end of its step, and ``current_clamp``. Cells begin at ``v_init`` of the ``conditions``, or ``V_m``.

    Parameters
    ----------
    config : str or Path
        ``config.json``, or a ``simulation_config.json`` that names the configuration of the circuit as its ``network``.
    threads : int, optional
        As for `simulate`.

    Returns
    -------
    Result
        Spikes of each node population, and reports as traces; with ``output`` they are written to its folder, too.

    Raises
    ------
    ImportError
        Without h5py: ``pip install 'brainsim[sonata]'``.
    FileNotFoundError, FileExistsError
        If a file is missing, or would be replaced although ``overwrite_output_dir`` is false.
    ValueError
        If a file is damaged, or names a model, a parameter, an input or cells that are not known.

    Examples
    --------
    >>> result = bs.sonata.run("300_pointneurons/simulation_config.json")       # doctest: +SKIP
    """
    optional("h5py", "sonata", LABEL)
    given = read_configuration(config)
    for part in ("run", "networks"):
        if part not in given:
            raise ValueError(f"{LABEL}: {str(config)!r} has no {part!r}; it has {', '.join(given) or 'nothing'}")
    tstop, dt = (number(given["run"].get(key, 0.1), f"{LABEL}: {key}", "ms", above=0.0) for key in ("tstop", "dt"))
    network = _Network(given, dt, tstop)
    reports = network.reports()
    files = _files(given, reports)
    record = [trace for traces in reports.values() for trace in traces]
    result = bs.simulate(network.net, tstop, dt=dt, seed=0, threads=threads, record=record)
    for name, path in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        keys = {(trace.cells.population.name, trace.variable) for trace in reports.get(name, ())}
        traces, spikes = {key: result.traces[key] for key in keys}, {} if name in reports else result.spikes
        dataclasses.replace(result, state=None, traces=traces, spikes=spikes).save(path)
    return result


def _files(given, reports):
    """Return name of a report, "" for the spikes -> the file to which it is written; none without ``output``."""
    if (output := given.get("output")) is None:
        return {}
    names = {"": output.get("spikes_file", "spikes.h5")}
    names |= {name: Path(given["reports"][name].get("file_name", name)).with_suffix(".h5") for name in reports}
    files = {name: Path(output.get("output_dir", "output")) / of for name, of in names.items()}
    for path in files.values():
        check_free(path, LABEL, bool(output.get("overwrite_output_dir", True)), "overwrite_output_dir")
    return files


class _Network:
    """The network of a configuration, with a population for each node population."""

    def __init__(self, given, dt, tstop):
        self.given, self.dt, self.tstop, self.net = given, dt, tstop, bs.Network(seed=0)
        self.nodes: dict[str, Any] = {}
        self.synapses: dict[str, Any] = {}
        for files in given["networks"].get("nodes", ()):
            self.nodes |= read_nodes(files["nodes_file"], files.get("node_types_file"))
        path = given.get("node_sets_file", "")
        self.sets = read_json(path) if Path(path).is_file() else {}
        spikes = self._spikes()
        for name, nodes in self.nodes.items():
            kinds = {*nodes.columns.get("model_type", ())}
            if kinds != {"virtual"} and not (kinds and kinds <= {"point_neuron", "point_process"}):
                raise ValueError(f"{LABEL}: {name!r} has the model_type {sorted(kinds)}; must be virtual or point_neuron")
            if kinds == {"virtual"}:
                times, ids = spikes.get(name, (np.empty(0), np.empty(0, int)))
                self.net.add(bs.Population(nodes.n, bs.SpikeTrains(times, ids), name=name))
            else:
                self._add_cells(name, nodes)
        for files in given["networks"].get("edges", ()):
            if files.get("enabled", True):
                for name, edges in read_edges(files["edges_file"], files.get("edge_types_file")).items():
                    self._connect(name, edges)
        for name, of in self._inputs("current_clamp"):
            begin = of.get("delay", 0.0)
            current = bs.CurrentInput(1000.0 * of["amp"], start=begin, stop=begin + of.get("duration", self.tstop))  # nA
            for cells in self._chosen(of["node_set"], f"input {name!r}"):
                self.net.stimulate(cells, current, name=f"{name} {cells.name}")

    def _inputs(self, kind):
        """Return (name, what is given) of the inputs of a kind; raise ValueError if there are others."""
        inputs = self.given.get("inputs", {})
        for name, of in inputs.items():
            if (other := of.get("input_type")) not in ("spikes", "current_clamp"):
                raise ValueError(f"{LABEL}: input {name!r} is of the type {other!r}; must be 'spikes' or 'current_clamp'")
        return [(name, of) for name, of in inputs.items() if of["input_type"] == kind]

    def _spikes(self):
        """Return node population -> (times, nodes) of the spikes that it is given."""
        found = {}
        for name, given in self._inputs("spikes"):
            spikes = read_spikes(given["input_file"])
            for population in select(given["node_set"], self.sets, self.nodes, f"input {name!r}"):
                of = spikes[ALONE] if [*spikes] == [ALONE] else spikes.get(population)
                if of is None:
                    raise ValueError(f"{LABEL}: {given['input_file']!r} has no spikes of {population!r}")
                times = np.ceil(np.round(of.times, 3) / self.dt - 1e-6) * self.dt  # as NEST, whose clock has ticks of 1 us
                found[population] = times[times <= self.tstop], of.ids[times <= self.tstop]
        return found

    def _add_cells(self, name, nodes):
        """Add the population of a node population."""
        text, *others = sorted({*map(str, nodes.columns.get("model_template", ("",)))})
        template = text.removeprefix("nest:")
        if others:
            raise ValueError(f"{LABEL}: {name!r} has cells of {text!r} and of {others[0]!r}; must be of one model")
        if template not in TEMPLATES:
            raise ValueError(f"{LABEL}: {name!r} has cells of the model {text!r}{nearest(template, TEMPLATES)}")
        files = nodes.columns.get("dynamics_params", np.full(nodes.n, "NULL")).astype(str)
        named, which = np.unique(files, return_inverse=True)
        sets = [self._parameters("point_neuron_models_dir", file) for file in named.tolist()]
        values = parameters(template, sets, which, f"{LABEL}: {text!r} of {name!r}")
        places = [nodes.columns[axis] for axis in "xyz" if axis in nodes.columns]
        about = {"positions": np.stack(places, axis=1)} if len(places) > 1 else {}
        start = {"v": self.given.get("conditions", {}).get("v_init", values["V_m"])}
        cells = bs.Population(nodes.n, model_of(template, values), name=name, initial=start, **about)
        self.net.add(cells)
        self.synapses[name] = synapses_of(template, values)
        if np.any(values["I_e"]):
            self.net.stimulate(cells, bs.CurrentInput(values["I_e"]), name=f"I_e {name}")

    def _parameters(self, folder, file):
        """Return the parameters in a file of a folder of the components, none if there is no file."""
        return {} if file in ("NULL", "nan", "") else read_json(Path(self.given["components"][folder]) / file)

    def _connect(self, name, edges):
        """Add the synapses of an edge population, those of positive and of negative weights apart."""
        for end in (edges.source, edges.target):
            if end not in self.nodes:
                raise ValueError(f"{LABEL}: the edges {name!r} have an end in {end!r}{nearest(end, self.nodes)}")
        models, files = ({*edges.columns.get(key, ())} for key in ("model_template", "dynamics_params"))
        for model in models - {"static_synapse", "nest:static_synapse"}:
            raise ValueError(f"{LABEL}: the edges {name!r} are of the model {model!r}; must be 'static_synapse'")
        for file in map(str, files):
            for key in self._parameters("synaptic_models_dir", file):
                raise ValueError(f"{LABEL}: {file!r} of the edges {name!r} has {key!r}; static_synapse has no parameters")
        weight, delay = (np.ones(len(edges)) if of is None else of for of in (edges.weight, edges.delay))
        weight, cells = weight * edges.columns.get("nsyns", 1), self.net.populations
        for side, (synapse, sign) in zip(("+", "-"), self.synapses[edges.target], strict=True):
            if (here := (weight < 0.0) == (side == "-")).any():
                rule = bs.FromArrays(edges.pre[here], edges.post[here])
                values = {"weight": sign * weight[here], "delay": delay[here], "synapse": synapse}
                called = f"{name} {edges.source}->{edges.target} {side}"
                self.net.connect(cells[edges.source], cells[edges.target], rule, **values, name=called)

    def _chosen(self, which, label):
        """Return views of the cells of a set."""
        found = {self.net.populations[name]: ids for name, ids in select(which, self.sets, self.nodes, label).items()}
        return [cells if ids.size == cells.n else cells[ids] for cells, ids in found.items()]

    def reports(self):
        """Return name of a report -> what is recorded for it."""
        found, path = {}, self.given.get("node_sets_file")
        for name, given in self.given.get("reports", {}).items():
            which = given.get("cells", "all")
            if path is not None and not Path(path).is_file() and isinstance(which, str) and which not in self.nodes:
                warn_user(f"{LABEL}: the report {name!r} is left out: {which!r} would be in {path!r}, which does not exist")
            elif given.get("enabled", True):
                variable = {"V_m": "v", "voltage": "v"}.get(given["variable_name"], given["variable_name"])
                window = {"every": given.get("dt", self.dt), "start": given.get("start_time"), "stop": given.get("end_time")}
                found[name] = [bs.Trace(cells, variable, **window) for cells in self._chosen(which, f"report {name!r}")]
        return found
