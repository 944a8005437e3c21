"""Writing nodes and edges of a network as SONATA files."""

from __future__ import annotations

import csv
import json
import os
import re
import typing
from pathlib import Path

import numpy as np

from brainsim.core.checks import number
from brainsim.core.doors import optional
from brainsim.core.files import check_free, check_path, write_aside
from brainsim.features.formats import hdf5
from brainsim.features.formats.sonata_files import mark
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.network.network import Network
from brainsim.network.projection import draw_synapses

if typing.TYPE_CHECKING:
    from brainsim.network.projection import Projection

LABEL = "sonata.write_network"
FILES = ("nodes.h5", "node_types.csv", "edges.h5", "edge_types.csv", "circuit_config.json")


def write_network(network: Network, folder: str | os.PathLike, dt: float = 0.1, *, overwrite: bool = False) -> Path:
    """Write the cells and the synapses of a network as SONATA files, and return the folder.

    Parameters
    ----------
    network : Network
        Its populations are written with their sizes and models, and its synapses as they are drawn from the seed.
    folder : str or Path
        Where ``nodes.h5``, ``node_types.csv``, ``edges.h5``, ``edge_types.csv`` and ``circuit_config.json`` are written; it
        is made if it does not exist.
    dt : float
        Time step [ms]; delays are multiples of it.
    overwrite : bool
        Whether files of these names that exist may be replaced. Other files in the folder stay as they are.

    Raises
    ------
    ImportError
        Without h5py: ``pip install h5py``.
    TypeError
        If `network` is not a Network.
    FileExistsError
        If one of the files exists, and `overwrite` is not set; nothing is written then.

    Notes
    -----
    A population is a node population of the same name. A projection is an edge population named as it is, with ``_to_`` for
    ``->``; if it connects several populations there is one for each pair. Edges have ``syn_weight``, in the unit of the
    synapse, and ``delay`` [ms], are sorted by target, and are indexed both ways. Models and synapses are named in the tables
    of types (``model_template``): no other tool knows their equations.

    Examples
    --------
    >>> import brainsim as bs  # doctest: +SKIP
    >>> net, cells = bs.Network(seed=1), bs.Population(100, bs.LIF(), name="cells")  # doctest: +SKIP
    >>> import libsonata  # doctest: +SKIP
    >>> net.connect(cells, cells, bs.FixedIndegree(10), weight=0.5, delay=1.5, synapse=bs.Delta())  # doctest: +SKIP
    >>> bs.sonata.write_network(net, "network")  # doctest: +SKIP
    >>> libsonata.CircuitConfig.from_file("network/circuit_config.json")  # doctest: +SKIP
    """
    if not isinstance(network, Network):
        raise TypeError(f"{LABEL}.network: must be a Network (got {network!r})")
    dt = number(dt, f"{LABEL}.dt", "ms", above=0.0)
    optional("h5py", LABEL)
    folder = check_path(folder, f"{LABEL}.folder")
    for name in FILES:
        check_free(folder / name, LABEL, overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    _write_nodes(network, folder)
    names = _write_edges(network, folder, dt)
    nodes, edges = _files("node"), _files("edge")
    # libsonata lists the populations that are named here
    nodes["populations"] = {_group_name(p.name): {"type": _kind(p)} for p in network.populations.values()}
    edges["populations"] = {name: {"type": "chemical"} for name in names}
    config = {"manifest": {"$BASE_DIR": "."}, "networks": {"nodes": [nodes], "edges": [edges]}}
    with write_aside(folder / "circuit_config.json", LABEL) as path:
        path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return folder


def _files(kind) -> dict[str, typing.Any]:
    return {f"{kind}s_file": f"$BASE_DIR/{kind}s.h5", f"{kind}_types_file": f"$BASE_DIR/{kind}_types.csv"}


def _write_nodes(network, folder):
    rows = []
    with write_aside(folder / "nodes.h5", LABEL) as path, hdf5.create(path) as file:
        mark(file)
        for kind, population in enumerate(network.populations.values()):
            group = file.create_group(f"nodes/{_group_name(population.name)}")
            n = population.n
            _put(group, "node_type_id", np.full(n, kind, np.int64))
            _put(group, "node_id", np.arange(n, dtype=np.uint64))
            _put(group, "node_group_id", np.zeros(n, np.int64))
            _put(group, "node_group_index", np.arange(n, dtype=np.uint64))
            attributes = group.create_group("0")
            for axis, column in zip("xyz", _positions(population), strict=False):
                _put(attributes, axis, column)
            rows.append([kind, population.name, _kind(population), _template(population.model)])
    _write_table(folder / "node_types.csv", ("node_type_id", "pop_name", "model_type", "model_template"), rows)


def _put(group, name, values):
    """Write an array with the checksums of HDF5, so that every tool notices if bytes of it were changed."""
    return group.create_dataset(name, data=values, fletcher32=True)


def _kind(population):
    return "virtual" if isinstance(population.model, SpikeTrains) else "point_neuron"


def _positions(population):
    """Return the coordinates of the cells [um], as far as a population has them."""
    positions = getattr(population, "positions", None)
    return [] if positions is None else np.asarray(positions, np.float64).T


def _write_edges(network, folder, dt):
    """Write the edges and their types; return the names of the edge populations."""
    rows: list = []
    names: list = []
    with write_aside(folder / "edges.h5", LABEL) as path, hdf5.create(path) as file:
        mark(file)
        for kind, projection in enumerate(network.projections):
            for name, source, target, columns in _edges_of(projection, dt):
                _write_edge_population(file, name, kind, source, target, columns)
                names.append(name)
            about = [_template(projection.synapse), repr(projection.rule), projection.synapse.weight_unit]
            rows.append([kind, projection.name, *about])
    columns = ("edge_type_id", "projection", "model_template", "rule", "weight_unit")
    _write_table(folder / "edge_types.csv", columns, rows)
    return names


def _edges_of(projection: Projection, dt):
    """Yield (name, source population, target population, columns) for each pair of populations, sorted by target."""
    table = draw_synapses(projection, dt, LABEL)
    ends = {"pre": projection.pre.parts, "post": projection.post.parts}
    # to which part of the view each cell of it belongs, and its index in the population
    part = {end: np.repeat(np.arange(len(parts)), [ids.size for _, ids in parts]) for end, parts in ends.items()}
    index = {end: np.concatenate([ids for _, ids in parts]) for end, parts in ends.items()}
    for s, (source, _) in enumerate(ends["pre"]):
        for t, (target, _) in enumerate(ends["post"]):
            here = np.flatnonzero((part["pre"][table.pre] == s) & (part["post"][table.post] == t))
            pre, post = index["pre"][table.pre[here]], index["post"][table.post[here]]
            order = np.lexsort((pre, post))
            columns = {"pre": pre[order], "post": post[order]}
            columns |= {"weight": table.weight[here][order], "delay": table.delay[here][order]}
            several = len(ends["pre"]) * len(ends["post"]) > 1
            name = f"{projection.name} {source.name}->{target.name}" if several else projection.name
            yield _group_name(name), source, target, columns


def _write_edge_population(file, name, kind, source, target, columns):
    group = file.create_group(f"edges/{name}")
    n = columns["pre"].size
    for field, end, population in (("source_node_id", "pre", source), ("target_node_id", "post", target)):
        _put(group, field, columns[end].astype(np.uint64)).attrs["node_population"] = _group_name(population.name)
    _put(group, "edge_type_id", np.full(n, kind, np.int64))
    _put(group, "edge_group_id", np.zeros(n, np.int64))
    _put(group, "edge_group_index", np.arange(n, dtype=np.uint64))
    _put(group, "0/syn_weight", columns["weight"])
    _put(group, "0/delay", columns["delay"])
    for field, end, population in (("source_to_target", "pre", source), ("target_to_source", "post", target)):
        nodes, edges = edge_index(columns[end], population.n)
        _put(group, f"indices/{field}/node_id_to_ranges", nodes)
        _put(group, f"indices/{field}/range_to_edge_id", edges)
        # libsonata reads the first name, BMTK and the text of the format the second: one array with two names
        group[f"indices/{field}/node_id_to_range"] = group[f"indices/{field}/node_id_to_ranges"]


def edge_index(node, n):
    """Return the index of the edges of each of n nodes: two arrays of uint64, shapes (n, 2) and (ranges, 2).

    The first has for each node the range of its rows in the second, whose rows are ranges of edges: those of one node that
    follow each other. `node` is that of each edge.
    """
    starts = np.flatnonzero(np.concatenate([[True], node[1:] != node[:-1]])) if node.size else np.empty(0, np.int64)
    ranges = np.column_stack([starts, np.append(starts[1:], node.size)[: starts.size]])
    owner = node[starts]
    order = np.argsort(owner, kind="stable")
    ends = np.cumsum(np.bincount(owner, minlength=n))
    nodes = np.column_stack([np.append(0, ends[:-1])[:n], ends])
    return nodes.astype(np.uint64), ranges[order].astype(np.uint64)


def _group_name(name):
    """Return a name that HDF5 accepts: a slash would make a group."""
    return re.sub(r"[/\s]+", "_", name.replace("->", "_to_"))


def _template(model):
    return f"brainsim:{type(model).__name__}"


def _write_table(path, names, rows):
    """Write a table of types, with columns separated by spaces as in SONATA."""
    with write_aside(path, LABEL) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=" ", lineterminator="\n")
        writer.writerows([names, *rows])
