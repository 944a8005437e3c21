"""The worm: chemical and electrical edges, and what the names of its cells say."""

import re

import pytest

import brainsim as bs
from brainsim.examples import worm as example
from tests.connectomes.files import write

EDGES = """Source,Target,Weight,Type
AVAL,DD01,3,chemical
DD01,dBWMR2,5,chemical
AVL, AVAR ,2,chemical
AVAL,AVAR,4,electrical
AVAR,AVAL,6,electrical
AVL,AVL,1,electrical
mc1dl,AVL,2,electrical
PLML,AVAL,1,chemical
"""
TYPES = """Cell name,Type,Details
AVAL,Layer 1 interneuron,"a, b"
DD1,Ventral cord motor neuron,more,fields,than,names
PLML,Mechanosensory,
"""


@pytest.fixture
def files(tmp_path):
    return write(tmp_path / "herm_full_edgelist.csv", EDGES), write(tmp_path / "all_cell_info.csv", TYPES)


def test_edges_of_both_kinds(files):
    worm = bs.connectomes.read_worm(*files)
    names = worm.ids.tolist()
    assert names == ["AVAL", "AVAR", "AVL", "DD01", "PLML", "dBWMR2", "mc1dl"]
    assert [(names[a], names[b]) for a, b in zip(worm.edges.pre, worm.edges.post, strict=True)] == [
        ("AVAL", "DD01"),
        ("AVL", "AVAR"),
        ("DD01", "dBWMR2"),
        ("PLML", "AVAL"),
    ]
    assert worm.edges.count.tolist() == [3, 2, 5, 1]
    assert worm.edges.sign.tolist() == [1, -1, -1, 1]  # DD01 and AVL have GABA
    gaps = worm.junctions
    assert [(names[a], names[b], k) for a, b, k in zip(gaps.pre, gaps.post, gaps.count, strict=True)] == [
        ("AVAL", "AVAR", 6),
        ("AVL", "mc1dl", 2),
    ]
    net = worm.network(bs.LIF(), weight=0.1, delay=1.0, synapse=bs.Delta(), junction=0.5)
    assert net.synapses("junctions").weight.tolist() == [3.0, 1.0]


def test_annotations(files):
    worm = bs.connectomes.read(files[0].parent)
    assert worm.annotations["super_class"].tolist() == ["inter", "other", "other", "motor", "sensory", "muscle", "other"]
    assert worm.annotations["side"].tolist() == ["left", "right", "", "", "", "right", ""]
    assert worm.annotations["type"].tolist()[:4] == ["Layer 1 interneuron", "", "", "Ventral cord motor neuron"]
    assert worm.ids[worm.where(transmitter="GABA")].tolist() == ["AVL", "DD01"]
    assert bs.connectomes.read_worm(files[0]).annotations["type"].tolist() == [""] * 7


def test_the_installed_package(files, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "cect" / "data").mkdir(parents=True)
    (tmp_path / "cect" / "__init__.py").write_text("raise ImportError('nothing of it is imported')")
    for path in files:
        path.rename(tmp_path / "cect" / "data" / path.name)
    assert len(bs.connectomes.read_worm()) == 7


def test_without_the_package(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    text = "read_worm: needs cect; pip install --no-deps cect"
    with pytest.raises(ImportError, match=re.escape(text)):
        bs.connectomes.read_worm()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("AVL,AVAR,1,Send", r"line 10, column 'Type': must be chemical or electrical \(got 'Send'\)"),
        ("AVAL,DD01,1,chemical", "line 10: is the same pair of cells as 'herm_full_edgelist.csv', line 2"),
        ("AVAL,,1,chemical", "line 10, column 'Target': is empty"),
    ],
)
def test_mistakes(files, line, text):
    write(files[0], f"{EDGES}{line}\n")
    with pytest.raises(ValueError, match=text):
        bs.connectomes.read_worm(*files)


@pytest.mark.slow
def test_the_real_worm_is_touched():
    """Cells by Cook et al. (2019) and McIntire et al. (1993), and the changes of potential that the guide names."""
    pytest.importorskip("cect", reason="needs the tables of the worm: pip install --no-deps cect")
    example.read.cache_clear()
    brain = example.read()
    assert (brain.n, len(brain.edges), len(brain.junctions)) == (448, 4681, 1345)
    assert brain.where(transmitter="GABA").size == 26
    network, traces = example.build()
    moved = example.changes(bs.simulate(network, example.DURATION, seed=2, record=traces))
    cells = example.groups(brain)
    nose = {name: moved["nose"][cells[name]].mean() for name in (*example.BACKWARD, *example.FORWARD)}
    assert nose == pytest.approx({"AVD": 2.04, "AVA": 1.21, "AVE": 0.67, "AVB": 0.96, "PVC": 0.64}, abs=0.01)
    assert moved["tail"][cells["PVC"]].mean() > moved["tail"][cells["AVA"]].mean() > moved["tail"][cells["AVB"]].mean()


def test_mistakes_in_what_the_worm_has(tmp_path):
    edges = {"Source": ["AVAL"], "Target": ["AVBL"], "Weight": [1], "Type": ["chemical"]}
    with pytest.raises(ValueError, match=r"row 0 .*column 'Type': must be chemical or electrical \(got 3\)"):
        bs.connectomes.read_worm(edges | {"Type": [3]})
    with pytest.raises(TypeError, match="read_worm.cells: must be the path of a file .got a dict"):
        bs.connectomes.read_worm(edges, {"name": ["AVAL"]})
    for content in (b"\xff\xfe\x00\n1,2\n", b'"' + b"x" * 200_000 + b"\n"):
        (tmp_path / "cells.csv").write_bytes(content)
        with pytest.raises(ValueError, match="read_worm: .*cells.csv' is not a readable list of cells"):
            bs.connectomes.read_worm(edges, tmp_path / "cells.csv")
