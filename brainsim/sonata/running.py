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
from brainsim.sonata.configuration import choose, read_config, read_json
from brainsim.sonata.reading import read_edges, read_nodes
from brainsim.sonata.templates import TEMPLATES, describe

LABEL = "sonata.run"


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
        Without h5py: ``pip install h5py``.
    FileNotFoundError, FileExistsError
        If a file is missing, or would be replaced although ``overwrite_output_dir`` is false.
    ValueError
        If a file is damaged, or names a model, a parameter, an input or cells that are not known.

    Examples
    --------
    >>> result = bs.sonata.run("300_pointneurons/simulation_config.json")       # doctest: +SKIP
    """
    optional("h5py", LABEL)
    given = read_config(config)
    for part in ("run", "networks"):
        if part not in given:
            raise ValueError(f"{LABEL}: {str(config)!r} has no {part!r}; it has {', '.join(given) or 'nothing'}")
    tstop, dt = (number(given["run"].get(key, 0.1), f"{LABEL}: {key}", "ms", above=0.0) for key in ("tstop", "dt"))
    network = _Network(given, dt)
    reports, output = network.reports(), given.get("output", {})
    folder, files = Path(output.get("output_dir", "output")), dict[Path, Any]()  # what each holds: a report, or the spikes
    if "output" in given:
        files[folder / output.get("spikes_file", "spikes.h5")] = None
        files |= {(folder / name).with_suffix(".h5"): report for name, report in reports.items()}
    for path in files:
        check_free(path, LABEL, bool(output.get("overwrite_output_dir", True)), "overwrite_output_dir")
    record = [trace for report in reports.values() for trace in report]
    result = bs.simulate(network.net, tstop, dt=dt, seed=0, threads=threads, record=record)
    for path, report in files.items():
        keys = {(trace.cells.population.name, trace.variable) for trace in report or ()}
        traces, spikes = {key: result.traces[key] for key in keys}, result.spikes if report is None else {}
        path.parent.mkdir(parents=True, exist_ok=True)
        dataclasses.replace(result, state=None, traces=traces, spikes=spikes).save(path)
    return result


class _Network:
    """The network of a configuration, with a population for each node population."""

    def __init__(self, given, dt):
        self.given, self.dt, self.net = given, dt, bs.Network(seed=0)
        self.nodes, self.synapses, trains = {}, {}, {}
        for files in given["networks"].get("nodes", ()):
            self.nodes |= read_nodes(files["nodes_file"], files.get("node_types_file"))
        path = given.get("node_sets_file")
        self.missing = path if path and not Path(path).is_file() else None
        self.sets = {"all": {}} | (read_json(path, LABEL) if path and not self.missing else {})
        for name, nodes in self.nodes.items():
            kinds = {*nodes.columns.get("model_type", ())}
            if kinds == {"virtual"}:
                trains[name] = bs.SpikeTrains([], [])
            elif kinds and kinds <= {"point_neuron", "point_process"}:
                self._add_cells(name, nodes)
            else:
                raise ValueError(f"{LABEL}: {name!r} has the model_type {sorted(kinds)}; must be virtual or point_neuron")
        for name, of in given.get("inputs", {}).items():
            if (kind := of.get("input_type")) == "spikes":
                trains |= self._trains(name, of)
            elif kind == "current_clamp":
                begin = of.get("delay", 0.0)
                stop = begin + of["duration"] if "duration" in of else None
                for cells in self._chosen(of["node_set"], f"input {name!r}"):
                    self.net.stimulate(cells, bs.CurrentInput(1000.0 * of["amp"], start=begin, stop=stop))  # nA
            else:
                raise ValueError(f"{LABEL}: input {name!r} is of the type {kind!r}; must be 'spikes' or 'current_clamp'")
        for name, model in trains.items():
            self.net.add(bs.Population(self.nodes[name].n, model, name=name))
        for files in given["networks"].get("edges", ()):
            if files.get("enabled", True):
                for name, edges in read_edges(files["edges_file"], files.get("edge_types_file")).items():
                    self._connect(name, edges)

    def _trains(self, name, given):
        """Return node population -> the spikes that an input gives it."""
        found, spikes = {}, read_spikes(given["input_file"])
        for population in choose(self.nodes, given["node_set"], self.sets, f"{LABEL}: input {name!r}"):
            if population in self.synapses:
                raise ValueError(f"{LABEL}: input {name!r} gives spikes to {population!r}, whose cells are not virtual")
            if (of := spikes.get(population, spikes.get(ALONE))) is None:
                raise ValueError(f"{LABEL}: {given['input_file']!r} has no spikes of {population!r}")
            times = np.ceil(np.round(of.times, 3) / self.dt - 1e-6) * self.dt  # as NEST, whose clock has ticks of 1 us
            found[population] = bs.SpikeTrains(times, of.ids)
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
        different, which = np.unique(files, return_inverse=True)
        sets = [self._parameters("point_neuron_models_dir", file) for file in different.tolist()]
        model, self.synapses[name], values = describe(template, sets, which, f"{LABEL}: {text!r} of {name!r}")
        places = [nodes.columns[axis] for axis in "xyz" if axis in nodes.columns]
        start = {"v": self.given.get("conditions", {}).get("v_init", values["V_m"])}
        positions = np.stack(places, axis=1) if len(places) > 1 else None
        cells = bs.Population(nodes.n, model, name=name, initial=start, positions=positions)
        self.net.add(cells)
        if np.any(values["I_e"]):
            self.net.stimulate(cells, bs.CurrentInput(values["I_e"]))

    def _parameters(self, folder, file):
        """Return the parameters in a file of a folder of the components, none if there is no file."""
        return {} if file in ("NULL", "nan", "") else read_json(Path(self.given["components"][folder]) / file, LABEL)

    def _connect(self, name, edges):
        """Add the synapses of an edge population, those of positive and of negative weights apart."""
        for end, known in ((edges.source, self.nodes), (edges.target, self.synapses)):
            if end not in known:
                raise ValueError(f"{LABEL}: the edges {name!r} have an end in {end!r}{nearest(end, known)}")
        models, files = ({*edges.columns.get(key, ())} for key in ("model_template", "dynamics_params"))
        for model in models - {"static_synapse", "nest:static_synapse"}:
            raise ValueError(f"{LABEL}: the edges {name!r} are of the model {model!r}; must be 'static_synapse'")
        for file in map(str, files):
            for key in self._parameters("synaptic_models_dir", file):
                raise ValueError(f"{LABEL}: {file!r} of the edges {name!r} has {key!r}; static_synapse has no parameters")
        weight, delay = (np.ones(len(edges)) if of is None else of for of in (edges.weight, edges.delay))
        weight, cells = weight * edges.columns.get("nsyns", 1), self.net.populations
        for synapse, here in zip(self.synapses[edges.target], (weight >= 0.0, weight < 0.0), strict=True):
            if here.any():
                rule, size = bs.FromArrays(edges.pre[here], edges.post[here]), weight[here]
                values = {"weight": np.abs(size) if hasattr(synapse, "e_rev") else size, "delay": delay[here]}
                self.net.connect(cells[edges.source], cells[edges.target], rule, synapse=synapse, **values)

    def _chosen(self, which, label):
        """Return views of the cells of a set."""
        return [
            self.net.populations[name][of] for name, of in choose(self.nodes, which, self.sets, f"{LABEL}: {label}").items()
        ]

    def reports(self):
        """Return name of a file -> what is recorded for it."""
        found = {}
        for name, given in self.given.get("reports", {}).items():
            which, file = given.get("cells", "all"), given.get("file_name", name)
            if self.missing and isinstance(which, str) and which not in self.nodes | self.sets:
                where = f"{which!r} would be in {self.missing!r}, which does not exist"
                warn_user(f"{LABEL}: the report {name!r} is left out: {where}")
            elif given.get("enabled", True):
                variable = {"V_m": "v", "voltage": "v"}.get(given["variable_name"], given["variable_name"])
                window = {"every": given.get("dt", self.dt), "start": given.get("start_time"), "stop": given.get("end_time")}
                chosen = self._chosen(which, f"report {name!r}")
                found[file] = [*found.get(file, ()), *(bs.Trace(cells, variable, **window) for cells in chosen)]
        return found
