"""Nodes and edges in SONATA files: there and back, and read by libsonata and BMTK."""

import json

import numpy as np
import pytest

import brainsim as bs
from brainsim.features.formats import hdf5
from brainsim.sonata.writing import edge_index

h5py = pytest.importorskip("h5py")


def network():
    a = bs.Population(20, bs.LIF(), name="a cells")
    b = bs.Population(30, bs.AdEx(), name="b")
    kick = bs.Population(3, bs.SpikeTrains(times=[1.0], ids=[0]), name="kick")
    net = bs.Network(seed=3)
    synapse = bs.Exponential()
    net.connect(a, b, bs.FixedProbability(0.2), weight=bs.Normal(3.0, 0.1), delay=bs.Uniform(1.0, 4.0), synapse=synapse)
    net.connect(kick, a, bs.FixedIndegree(2), weight=1.5, delay=1.0, synapse=bs.Delta(), name="k/in")
    left, right = a[5:] + b[:7], b[3:] + a[:2]
    net.connect(left, right, bs.FixedOutdegree(4), weight=2.0, delay=2.0, synapse=synapse, name="mixed")
    return net


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return bs.sonata.write_network(network(), tmp_path_factory.mktemp("sonata") / "new" / "network")


class TestThereAndBack:
    def test_nodes(self, folder):
        nodes = bs.sonata.read_nodes(folder / "nodes.h5", folder / "node_types.csv")
        assert {name: n.n for name, n in nodes.items()} == {"a_cells": 20, "b": 30, "kick": 3}
        assert set(nodes["b"].columns["model_template"]) == {"brainsim:AdEx"}
        assert set(nodes["kick"].columns["model_type"]) == {"virtual"}
        assert repr(nodes["b"]) == "Nodes('b', 30 cells, columns pop_name, model_type, model_template)"

    def test_edges(self, folder):
        edges = bs.sonata.read_edges(folder / "edges.h5", folder / "edge_types.csv")
        net = network()
        table, found = net.synapses("a cells->b"), edges["a_cells_to_b"]
        assert (found.source, found.target, len(found)) == ("a_cells", "b", len(table))
        order = np.lexsort((found.post, found.pre))
        for column in ("pre", "post", "weight", "delay"):
            assert np.array_equal(getattr(found, column)[order], getattr(table, column)), column
        assert set(edges["k_in"].columns["weight_unit"]) == {"mV"}
        assert repr(edges["k_in"]).startswith(
            "Edges('k_in', 'kick' to 'a_cells', 40 synapses, columns projection, model_template"
        )

    def test_projections_between_several_populations_are_split(self, folder):
        edges = bs.sonata.read_edges(folder / "edges.h5")
        parts = {name: e for name, e in edges.items() if name.startswith("mixed")}
        assert {(e.source, e.target) for e in parts.values()} == {(s, t) for s in ("a_cells", "b") for t in ("a_cells", "b")}
        table = network().synapses("mixed")
        sources = [("a_cells", k) for k in range(5, 20)] + [("b", k) for k in range(7)]
        targets = [("b", k) for k in range(3, 30)] + [("a_cells", k) for k in range(2)]
        expected = {(sources[s], targets[t]) for s, t in zip(table.pre.tolist(), table.post.tolist(), strict=True)}
        pairs = [
            ((e.source, s), (e.target, t))
            for e in parts.values()
            for s, t in zip(e.pre.tolist(), e.post.tolist(), strict=True)
        ]
        assert len(pairs) == len(table)
        assert set(pairs) == expected

    def test_as_a_network_again(self, folder):
        edges = bs.sonata.read_edges(folder / "edges.h5")["a_cells_to_b"]
        a, b = bs.Population(20, bs.LIF(), name="a"), bs.Population(30, bs.LIF(), name="b")
        net = bs.Network(seed=1)
        wires = net.connect(a, b, edges.rule, weight=edges.weight, delay=edges.delay, synapse=bs.Exponential())
        assert np.array_equal(wires.synapses().weight, network().synapses("a cells->b").weight)

    def test_the_configuration_leads_to_the_files(self, folder):
        networks = bs.sonata.read_config(folder / "circuit_config.json")["networks"]
        nodes = bs.sonata.read_nodes(networks["nodes"][0]["nodes_file"], networks["nodes"][0]["node_types_file"])
        assert list(nodes) == ["a_cells", "b", "kick"]

    def test_node_sets(self, folder, tmp_path):
        nodes = bs.sonata.read_nodes(folder / "nodes.h5", folder / "node_types.csv")
        sets = tmp_path / "node_sets.json"
        sets.write_text('{"first": {"node_id": [0, 1]}, "mine": ["first", {"population": "b", "node_id": 7}], "me": ["me"]}')
        chosen = bs.sonata.select_nodes(nodes, "mine", sets)
        assert {name: np.flatnonzero(of).tolist() for name, of in chosen.items()} == {
            "a_cells": [0, 1],
            "b": [0, 1, 7],
            "kick": [0, 1],
        }
        whole = bs.sonata.select_nodes(nodes, {"model_type": "virtual"})
        assert {name: of.all() for name, of in whole.items()} == {"kick": True}
        assert bs.sonata.select_nodes(nodes, "all").keys() == nodes.keys()
        with pytest.raises(ValueError, match="sonata.select_nodes: the node set 'me' contains itself"):
            bs.sonata.select_nodes(nodes, "me", sets)
        with pytest.raises(ValueError, match="sonata.select_nodes: there are no cells 'mne'; did you mean 'mine'"):
            bs.sonata.select_nodes(nodes, "mne", sets)
        n = nodes["a_cells"].n
        for wrong in (n, -1):
            message = f"select_nodes: there is no cell with the node_id {wrong}; those of a_cells end at {n - 1}"
            with pytest.raises(ValueError, match=message):
                bs.sonata.select_nodes(nodes, {"population": "a_cells", "node_id": [0, wrong]})

    @pytest.mark.parametrize(("section", "differs"), [([{"nodes_file": "nodes.h5"}], False), ([], True), ("nodes", False)])
    def test_a_section_in_both_configurations(self, section, differs, tmp_path):
        """The circuit's would be left out; a text, such as the file of the node sets, replaces it."""
        given = section if isinstance(section, str) else {"nodes": [{"nodes_file": str(tmp_path / "nodes.h5")}]}
        (tmp_path / "circuit.json").write_text(json.dumps({"networks": given, "node_sets_file": "a.json"}))
        own = section if isinstance(section, str) else {"nodes": section}
        text = {"network": "circuit.json", "networks": own, "node_sets_file": "b.json"}
        (tmp_path / "simulation.json").write_text(json.dumps(text))
        if differs:
            with pytest.raises(
                ValueError, match="circuit.json' and .*simulation.json' both have a section 'networks'; leave"
            ):
                bs.sonata.read_config(tmp_path / "simulation.json")
        else:
            found = bs.sonata.read_config(tmp_path / "simulation.json")
            assert found["networks"] == given
            assert found["node_sets_file"] == str(tmp_path / "b.json")

    def test_a_network_without_synapses(self, tmp_path):
        net = bs.Network(seed=1)
        net.add(bs.Population(3, bs.LIF(), name="cells"))
        bs.sonata.write_network(net, tmp_path)
        assert bs.sonata.read_nodes(tmp_path / "nodes.h5")["cells"].n == 3

    def test_edges_in_any_order_are_indexed(self):
        node = np.array([2, 2, 0, 2, 3, 3])
        nodes, edges = edge_index(node, 5)
        assert nodes.tolist() == [[0, 1], [1, 1], [1, 3], [3, 4], [4, 4]]
        assert edges.tolist() == [[2, 3], [0, 2], [3, 4], [4, 6]]
        for k in range(5):
            found = [e for first, last in edges[slice(*nodes[k].tolist())].tolist() for e in range(first, last)]
            assert found == np.flatnonzero(node == k).tolist()


class TestOtherTools:
    def test_libsonata(self, folder):
        libsonata = pytest.importorskip("libsonata")
        config = libsonata.CircuitConfig.from_file(str(folder / "circuit_config.json"))
        assert config.node_populations == {"a_cells", "b", "kick"}
        edges, table = config.edge_population("a_cells_to_b"), network().synapses("a cells->b")
        assert (edges.source, edges.target, edges.size) == ("a_cells", "b", len(table))
        for cell in (0, 7, 19):
            mine = edges.efferent_edges([cell])
            assert sorted(edges.target_nodes(mine)) == table.post[table.pre == cell].tolist()
        for cell in (0, 29):
            mine = edges.afferent_edges([cell])
            assert np.array_equal(
                np.sort(edges.get_attribute("syn_weight", mine)), np.sort(table.weight[table.post == cell])
            )
            assert np.array_equal(np.sort(edges.get_attribute("delay", mine)), np.sort(table.delay[table.post == cell]))

    def test_bmtk(self, folder):
        sonata = pytest.importorskip("bmtk.utils.sonata")
        file = sonata.File(
            data_files=[str(folder / "nodes.h5"), str(folder / "edges.h5")],
            data_type_files=[str(folder / "node_types.csv"), str(folder / "edge_types.csv")],
        )
        assert set(file.nodes.population_names) == {"a_cells", "b", "kick"}
        edges, table = file.edges["a_cells_to_b"], network().synapses("a cells->b")
        found = [(e.source_node_id, e["syn_weight"]) for e in edges.get_target(4)]
        mine = table.post == 4
        assert sorted(found) == sorted(zip(table.pre[mine].tolist(), table.weight[mine].tolist(), strict=True))
        assert file.nodes["b"].get_node_id(2)["model_template"] == "brainsim:AdEx"


def _edges(path, **changes):
    """Write a small file of edges as other tools do, and return its path."""
    given = {"source_node_id": [1, 0], "target_node_id": [2, 2], "edge_type_id": [7, 8]} | changes
    with h5py.File(path, "w") as file:
        group = file.create_group("edges/e")
        for name, values in given.items():
            if values is not None:
                group[name] = values
        for end in ("source_node_id", "target_node_id"):
            if end in group:
                group[end].attrs["node_population"] = b"v1"
    return path


class TestFilesOfOthers:
    def test_weights_from_the_table_of_types(self, tmp_path):
        path = _edges(tmp_path / "edges.h5")
        types = tmp_path / "types.csv"
        types.write_text(
            'edge_type_id syn_weight delay dynamics_params "target query"\n7 2.5 1.5 a.json x\n8 -1 2 NULL "y z"\n'
        )
        edges = bs.sonata.read_edges(path, types)["e"]
        assert (edges.source, edges.target) == ("v1", "v1")
        assert (edges.weight.tolist(), edges.delay.tolist()) == ([2.5, -1.0], [1.5, 2.0])
        assert edges.columns["target query"].tolist() == ["x", "y z"]

    def test_groups_with_different_columns(self, tmp_path):
        groups = {
            "edge_group_id": [1, 0],
            "edge_group_index": [0, 0],
            "0/syn_weight": [4.0],
            "1/syn_weight": [5.0],
            "1/nsyns": [3],
        }
        edges = bs.sonata.read_edges(_edges(tmp_path / "edges.h5", **groups))["e"]
        assert edges.weight.tolist() == [5.0, 4.0]
        assert edges.delay is None
        assert edges.columns["nsyns"].tolist()[0] == 3

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda p: p / "none.h5", "sonata.read_edges: there is no file"),
            (lambda p: _text(p / "text.h5"), "is not a readable file of SONATA"),
            (lambda p: _empty(p / "empty.h5"), "has no .edges."),
            (lambda p: _edges(p / "a.h5", source_node_id=None), "'/edges/e' has no 'source_node_id'"),
            (lambda p: _edges(p / "a.h5", edge_type_id=None), "'/edges/e' has no 'edge_type_id'"),
            (lambda p: _edges(p / "a.h5", source_node_id=[0.0, 3.7]), r"source_node_id.* whole numbers >= 0 \(got 3.7\)"),
            (lambda p: _edges(p / "a.h5", source_node_id=[0.0, np.nan]), r"source_node_id.* whole numbers >= 0 \(got nan\)"),
            (lambda p: _edges(p / "a.h5", source_node_id=[0.0, 2.0**54]), r"source_node_id.* whole numbers >= 0 .got 1.801"),
            (lambda p: _edges(p / "a.h5", source_node_id=[0, -1]), r"source_node_id.* whole numbers >= 0 \(got -1\)"),
            (lambda p: _edges(p / "a.h5", target_node_id=np.array([0, 2**63], "u8")), r"got 9223372036854775808\)"),
            (lambda p: _edges(p / "a.h5", target_node_id=[1e300, 0.0]), r"got 1e\+300\)"),
            (lambda p: _edges(p / "a.h5", target_node_id=["a", "b"]), "target_node_id.* must be whole numbers .got object"),
            (lambda p: _edges(p / "a.h5", target_node_id=[1]), r"target_node_id.* must have 2 values \(got 1\)"),
            (lambda p: _edges(p / "a.h5", **{"0/syn_weight": [1.0]}), "0/syn_weight has 1 values, too few for .* index 1"),
            (lambda p: _pointing(p, "link"), "'source_node_id' in '/edges/e' is a link to another file, which is not"),
            (lambda p: _pointing(p, "virtual"), "the values of '/edges/e/source_node_id' lie in other files"),
            (lambda p: _pointing(p, "external"), "the values of '/edges/e/source_node_id' lie in other files"),
            (lambda p: _pointing(p, "huge"), r"'/edges/e/source_node_id' claims .* bytes, of which the file stores"),
        ],
    )
    def test_mistakes(self, tmp_path, make, message):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            bs.sonata.read_edges(make(tmp_path))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("edge_type_id a\n7 1\n", "the table of types has no edge_type_id 8"),
            ("edge_type_id,a\n7,1\n", "has no column 'edge_type_id'; columns are separated by spaces"),
            ("edge_type_id syn_weight\n7 x\n8 y\n", "syn_weight of 'e' must be numbers"),
            ("edge_type_id a\n7 1\nx 2\n", r"types.csv': edge_type_id must be whole numbers \(got 'x'\)"),
        ],
    )
    def test_wrong_tables(self, tmp_path, text, message):
        types = tmp_path / "types.csv"
        types.write_text(text)
        with pytest.raises(ValueError, match=message):
            bs.sonata.read_edges(_edges(tmp_path / "edges.h5"), types)


def test_an_array_claims_no_more_than_it_stores(tmp_path):
    """128 MB of which the first 1 MB is there, or all of it compressed to a thousandth."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("plain", (1 << 27,), "u1", chunks=(1 << 20,))[0] = 1
        file.create_dataset("compressed", (1 << 27,), "u1", chunks=(1 << 20,), compression=1)[:] = 0
        with pytest.raises(ValueError, match="'/plain' claims 134,217,728 bytes, of which the file stores 1,048,576"):
            hdf5.values(file, "plain")
        assert hdf5.values(file, "compressed").size == 1 << 27


def _pointing(folder, how):
    """Return a file of edges whose ids lie in another file, or nowhere."""
    secret = _edges(folder / "secret.h5")
    path, name = _edges(folder / "a.h5", source_node_id=None), "edges/e/source_node_id"
    with h5py.File(path, "r+") as file:
        if how == "link":
            file[name] = h5py.ExternalLink(str(secret), name)
        elif how == "virtual":
            layout = h5py.VirtualLayout((2,), "i8")
            layout[:] = h5py.VirtualSource(str(secret), name, (2,), "i8")
            file.create_virtual_dataset(name, layout)
        elif how == "external":
            file.create_dataset(name, (2,), "i8", external=[(str(secret), 0, 16)])
        else:
            file.create_dataset(name, (2**33,), "u1", chunks=(1 << 20,))[:2] = 1
    return path


def _text(path):
    path.write_text("no HDF5")
    return path


def _empty(path):
    with h5py.File(path, "w"):
        return path


def test_only_networks_are_written(tmp_path):
    with pytest.raises(TypeError, match="sonata.write_network.network: must be a Network"):
        bs.sonata.write_network(bs.Population(3, bs.LIF(), name="cells"), tmp_path)
    with pytest.raises(ValueError, match=r"sonata.write_network.folder: must be the path of a file \(got ''\)"):
        bs.sonata.write_network(bs.Network(seed=1), "")
    for read in (bs.sonata.read_config, bs.sonata.run):
        with pytest.raises(TypeError, match=rf"sonata.{read.__name__}: must be the path of a file \(got None\)"):
            read(None)


def test_files_that_exist_are_replaced_only_if_asked(tmp_path):
    (tmp_path / "edges.h5").write_text("mine")
    with pytest.raises(FileExistsError, match=r"sonata.write_network: '.*edges.h5' exists; overwrite=True replaces it"):
        bs.sonata.write_network(network(), tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
    bs.sonata.write_network(network(), tmp_path, overwrite=True)
    assert len(bs.sonata.read_edges(tmp_path / "edges.h5")) == 6


def test_without_h5py(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ImportError, match=r"sonata.write_network: needs h5py; pip install h5py"):
        bs.sonata.write_network(network(), tmp_path)
    assert list(tmp_path.iterdir()) == []
