"""The network of a configuration: cells, inputs and synapses; and the reports that it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import brainsim as bs
from brainsim.core.checks import nearest, number, warn_user
from brainsim.features.formats.sonata_files import ALONE, read_spikes
from brainsim.results.archive import part_of_it
from brainsim.sonata.configuration import choose, read_json
from brainsim.sonata.entries import INPUTS, REPORT, Section, listed, only_named, parts
from brainsim.sonata.reading import read_edges, read_nodes
from brainsim.sonata.templates import TEMPLATES, describe

LABEL = "sonata.run"
NOT_DONE = {  # columns that ask for something, by what they are of
    "nodes": ("model_processing",),
    "edges": ("weight_function", "weight_sigma"),
}


@dataclass
class ConfiguredNetwork:
    """The network of a configuration, with a population for each node population."""

    sections: Mapping[str, Section]
    sets: Mapping[str, Any]
    missing: str | None  # a file of node sets that does not exist
    dt: float

    def __post_init__(self) -> None:
        self.net, self.sets = bs.Network(seed=0), {"all": {}} | dict(self.sets)
        self.nodes: dict[str, Any] = {}
        self.synapses: dict[str, Any] = {}  # of the cells that are simulated, for positive and for negative weights

    def chosen(self, which: Any, label: str) -> dict[str, np.ndarray]:
        """Return the cells of a set, by node population."""
        found = choose(self.nodes, which, self.sets, label)
        if not found:
            raise ValueError(f"{label}: there are no cells in {which!r}")
        return found

    def views(self, which: Any, label: str) -> list:
        """Return views of the cells of a set."""
        return [self.net.populations[name][of] for name, of in self.chosen(which, label).items()]


def build_network(
    sections: Mapping[str, Section], sets: tuple[Mapping[str, Any], str | None], dt: float
) -> ConfiguredNetwork:
    """Return the network that the sections of a configuration describe."""
    network = ConfiguredNetwork(sections, *sets, dt)
    virtual = _add_nodes(network)
    inputs = {name: _kind(part) for name, part in parts(sections["inputs"], "input").items()}
    trains = [part for kind, part in inputs.values() if kind == "spikes"]
    spikes = _spikes(network, virtual, trains)
    for name in virtual:
        times, ids = spikes.get(name, ([], []))
        network.net.add(bs.Population(network.nodes[name].n, bs.SpikeTrains(times, ids), name=name))
    for kind, part in inputs.values():
        if kind == "current_clamp":
            _clamp(network, part)
    for part in listed(sections["networks"], "edges"):
        edges = read_edges(part["edges_file"], part.get("edge_types_file"))
        for name, of in only_named(edges, part).items():
            _connect(network, name, of, part.label)
    return network


def _add_nodes(network):
    """Add the populations of cells that are simulated; return the names of the others, which are virtual."""
    virtual = []
    for part in listed(network.sections["networks"], "nodes"):
        for name, nodes in only_named(read_nodes(part["nodes_file"], part.get("node_types_file")), part).items():
            if name in network.nodes:
                raise ValueError(f"{part.label}: a second file has the nodes {name!r}")
            if not nodes.n:
                raise ValueError(f"{part.label}: {name!r} has no cells")
            network.nodes[name] = nodes
            kinds = set(map(str, nodes.columns.get("model_type", ())))
            wanted = part.get("populations", {}).get(name, {}).get("type")
            if wanted is not None and {wanted == "virtual"} != {kind == "virtual" for kind in kinds}:
                raise ValueError(f"{part.label}: {name!r} is said to be {wanted}, but its model_type is {sorted(kinds)}")
            if kinds == {"virtual"}:
                virtual.append(name)
            elif kinds and kinds <= {"point_neuron", "point_process"}:
                _add_cells(network, name, nodes)
            else:
                raise ValueError(f"{LABEL}: {name!r} has the model_type {sorted(kinds)}; must be virtual or point_neuron")
    return virtual


def _add_cells(network, name, nodes):
    """Add the population of a node population."""
    text, *others = sorted({*map(str, nodes.columns.get("model_template", ("",)))})
    template = text.removeprefix("nest:")
    if others:
        raise ValueError(f"{LABEL}: {name!r} has cells of {text!r} and of {others[0]!r}; must be of one model")
    if template not in TEMPLATES:
        raise ValueError(f"{LABEL}: {name!r} has cells of the model {text!r}{nearest(template, TEMPLATES)}")
    label = f"{LABEL}: {text!r} of {name!r}"
    _reject_columns(nodes.columns, "nodes", label)
    files = nodes.columns.get("dynamics_params", np.full(nodes.n, "NULL")).astype(str)
    different, which = np.unique(files, return_inverse=True)
    sets = [_parameters(network, "point_neuron_models_dir", file) for file in different.tolist()]
    model, network.synapses[name], values = describe(template, sets, which, nodes.columns, label)
    places = [nodes.columns[axis] for axis in "xyz" if axis in nodes.columns]
    positions = np.stack(places, axis=1) if len(places) > 1 else None
    start = {"v": network.sections["conditions"].get("v_init", values["V_m"])}
    with part_of_it(label):
        cells = bs.Population(nodes.n, model, name=name, initial=start, positions=positions)
        network.net.add(cells)
        if np.any(values["I_e"]):
            network.net.stimulate(cells, bs.CurrentInput(values["I_e"]))


def _reject_columns(columns, kind, label):
    """Raise ValueError if a column asks for something that is not done."""
    for name in NOT_DONE[kind]:
        asked = sorted({str(value) for value in columns.get(name, ())} - {"NULL", "nan", ""})
        if asked:
            raise ValueError(f"{label}: the {name} {asked[0]!r} is not supported")


def _parameters(network, folder, file):
    """Return the parameters in a file of a folder of the components, none if there is no file."""
    if file in ("NULL", "nan", ""):
        return {}
    components = network.sections["components"]
    if folder not in components.given:
        raise ValueError(f"{components.label} has no {folder!r}, in which {file!r} would be")
    return read_json(Path(components[folder]) / file, LABEL)


def _kind(part):
    """Return the type of an input, and the input after a check of what is said of it."""
    if (kind := part.get("input_type")) not in INPUTS:
        raise ValueError(f"{part.label} is of the type {kind!r}; must be 'spikes' or 'current_clamp'")
    INPUTS[kind].check(part.given, part.label)
    return kind, part


def _spikes(network, virtual, inputs):
    """Return node population -> the times and the cells of the spikes that inputs give it, one after the other."""
    found: dict[str, list] = {}
    for part in inputs:
        spikes = read_spikes(part["input_file"])
        for name, chosen in network.chosen(part["node_set"], part.label).items():
            if name not in virtual:
                raise ValueError(f"{part.label} gives spikes to {name!r}, whose cells are not virtual")
            if (of := spikes.get(name, spikes.get(ALONE))) is None:
                raise ValueError(f"{part.label}: {part['input_file']!r} has no spikes of {name!r}")
            if of.ids.size and (last := int(of.ids.max())) >= chosen.size:
                raise ValueError(
                    f"{part.label}: {part['input_file']!r} has spikes of cell {last}; {name!r} has {chosen.size}"
                )
            times = np.ceil(np.round(of.times, 3) / network.dt - 1e-6) * network.dt  # as NEST, whose clock has ticks of 1 us
            found.setdefault(name, []).append((times[chosen[of.ids]], of.ids[chosen[of.ids]]))
    joined = {name: [np.concatenate(column) for column in zip(*of, strict=True)] for name, of in found.items()}
    return {name: [column[np.argsort(of[0], kind="stable")] for column in of] for name, of in joined.items()}


def _clamp(network, part):
    """Add a step of current."""
    begin = number(part.get("delay", 0.0), f"{part.label}: delay", "ms", at_least=0.0)
    stop = None
    if "duration" in part.given:
        stop = begin + number(part["duration"], f"{part.label}: duration", "ms", above=0.0)
    for cells in network.views(part["node_set"], part.label):
        name = cells.parts[0][0].name
        if name not in network.synapses:
            raise ValueError(f"{part.label} gives current to {name!r}, whose cells are virtual")
        network.net.stimulate(cells, bs.CurrentInput(1000.0 * part["amp"], start=begin, stop=stop))  # nA


def _connect(network, name, edges, label):
    """Add the synapses of an edge population, those of positive and of negative weights apart."""
    label = f"{label}: the edges {name!r}"
    for end, known in ((edges.source, network.nodes), (edges.target, network.synapses)):
        if end not in known:
            raise ValueError(f"{label} have an end in {end!r}{nearest(end, known)}")
    models, files = ({*map(str, edges.columns.get(key, ()))} for key in ("model_template", "dynamics_params"))
    for model in models - {"static_synapse", "nest:static_synapse"}:
        raise ValueError(f"{label} are of the model {model!r}; must be 'static_synapse'")
    single = [key for key in edges.columns if key.startswith("dynamics_params/")]
    named = [(file, key) for file in files for key in _parameters(network, "synaptic_models_dir", file)]
    for file, key in [*named, *(of.split("/", 1) for of in single)]:
        raise ValueError(f"{label}: {file!r} has {key!r}; static_synapse has no parameters")
    if edges.weight is None and "weight" in edges.columns:
        raise ValueError(f"{label} have 'weight', but no 'syn_weight', as SONATA calls it")
    _reject_columns(edges.columns, "edges", label)
    weight, delay = (np.ones(len(edges)) if of is None else of for of in (edges.weight, edges.delay))
    weight, cells = weight * _counts(edges, label), network.net.populations
    for synapse, here in zip(network.synapses[edges.target], (weight >= 0.0, weight < 0.0), strict=True):
        if here.any():
            rule, size = bs.FromArrays(edges.pre[here], edges.post[here]), weight[here]
            values = {"weight": np.abs(size) if hasattr(synapse, "e_rev") else size, "delay": delay[here]}
            with part_of_it(label):
                network.net.connect(cells[edges.source], cells[edges.target], rule, synapse=synapse, **values)


def _counts(edges, label):
    """Return the number of synapses of each edge."""
    count = edges.columns.get("nsyns", np.ones(len(edges)))
    if count.dtype.kind not in "iuf":
        raise ValueError(f"{label}: nsyns must be whole numbers (got {count[0]!r})")
    bad = np.flatnonzero(~((count >= 0) & (count == np.floor(count)) & np.isfinite(count)))
    if bad.size:
        raise ValueError(f"{label}: nsyns must be whole numbers >= 0 (got {count[bad[0]]} of edge {bad[0]})")
    return count


@dataclass(frozen=True)
class Report:
    """What is recorded for a file of the output."""

    file: str
    traces: list
    label: str


def find_reports(network: ConfiguredNetwork, section: Section) -> list[Report]:
    """Return the reports of a configuration."""
    found: list[Report] = []
    for name, part in parts(section, "report").items():
        REPORT.check(part.given, part.label)
        which = part.get("cells", "all")
        if network.missing and isinstance(which, str) and which not in {*network.nodes, *network.sets}:
            where = f"{which!r} would be in {network.missing!r}, which does not exist"
            warn_user(f"{LABEL}: the report {name!r} is left out: {where}")
            continue
        variable = {"V_m": "v", "voltage": "v"}.get(part["variable_name"], part["variable_name"])
        window = {"every": part.get("dt", network.dt), "start": part.get("start_time"), "stop": part.get("end_time")}
        views = network.views(which, part.label)
        with part_of_it(part.label):
            report = Report(
                part.get("file_name", name), [bs.Trace(cells, variable, **window) for cells in views], part.label
            )
        for trace in report.traces:
            _check_unit(trace, part)
            _check_times(trace, report, found)
        found.append(report)
    return found


def _check_unit(trace, part):
    """Raise ValueError if a report is to be in another unit than that of its variable."""
    declared = trace.cells.parts[0][0].model.initials.get(trace.variable)
    if (unit := part.get("unit")) is None or (declared is not None and unit == declared.unit):
        return
    has = f"must be {declared.unit!r}" if declared is not None else f"must be left out for {trace.variable!r}"
    raise ValueError(f"{part.label}: unit {has} (got {unit!r})")


def _check_times(trace, report, others):
    """Raise ValueError if another report has the same variable at other times, which one run cannot record."""
    for other in others:
        for of in other.traces:
            if of.key == trace.key and (of.every, of.start, of.stop) != (trace.every, trace.start, trace.stop):
                which = f"{trace.variable!r} of {trace.population!r}"
                hint = "use one dt, start_time and end_time for both"
                raise ValueError(f"{report.label}: the report {other.file!r} has {which} at other times; {hint}")
