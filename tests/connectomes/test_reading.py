"""Files of each format: cells, annotations and edges as they are written there, with and without pyarrow."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.connectomes.formats import FORMATS, register_format
from tests.connectomes.files import CELLS, PAIRS, SIGNS, TRANSMITTERS, write, write_codex, write_shiu


def check(brain):
    """Compare cells and edges, which are sorted by source, with what was written."""
    order = 0, 3, 2, 1
    assert brain.ids.tolist() == [str(cell) for cell in CELLS]
    found = zip(*(values.tolist() for values in (brain.edges.pre, brain.edges.post, brain.edges.count)), strict=True)
    assert list(found) == [PAIRS[k] for k in order]
    assert brain.edges.sign.tolist() == [SIGNS[k] for k in order]


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_codex(tmp_path, ending, text_reader):
    files = write_codex(tmp_path, ending)
    brain = bs.connectomes.read_codex(files["neurons"], files["connections"], files["classification"], name="fly")
    check(brain)
    assert brain.annotations["transmitter"].tolist() == TRANSMITTERS
    assert brain.annotations["super_class"].tolist() == ["", "sensory", "central", ""]
    assert brain.where(cell_class="olfactory").tolist() == [1]
    assert brain.annotations["nt_type_score"].tolist() == [0.9] * 4
    assert brain.title == f"connections{ending}: 4 cells, 4 edges"
    assert brain.name == "fly"


def test_a_folder_is_recognised_by_its_files(tmp_path, monkeypatch):
    write_codex(tmp_path)
    brain = bs.connectomes.read(tmp_path, title="Four cells")
    check(brain)
    assert (brain.title, brain.where(side="left").tolist()) == ("Four cells", [1])
    with pytest.raises(FileNotFoundError, match="does not have the files of a format .larva: unmatched_full_nodes"):
        bs.connectomes.read(tmp_path, format="larva")
    with pytest.raises(ValueError, match="there is no 'codec'; did you mean 'codex'"):
        bs.connectomes.read(tmp_path, format="codec")
    write(tmp_path / "connections_princeton.csv", "")
    with pytest.raises(ValueError, match="several files match 'connections.*': 'connections.csv', 'connections_princeton"):
        bs.connectomes.read(tmp_path)
    monkeypatch.setitem(FORMATS, "one", None)  # forgotten at the end
    register_format("one", {"path": "one.txt"})(lambda path: bs.connectomes.synthetic(cells=100, edges=200))
    write(tmp_path / "one.txt", "")
    assert len(bs.connectomes.read(tmp_path, format="one")) == 100


def test_shiu(tmp_path, parquet):
    cells, edges = write_shiu(tmp_path)
    brain = bs.connectomes.read_shiu(cells, edges)
    check(brain)
    assert list(brain.annotations) == ["Completed"]
    notes = write(tmp_path / "annotations.tsv", f"root_id\ttop_nt\tcell_class\n{CELLS[2]}\tgaba\tDN, 1\n")
    brain = bs.connectomes.read(tmp_path)
    check(brain)
    assert brain.where(transmitter="gaba", cell_class="DN, 1").tolist() == [2]
    assert bs.connectomes.read_shiu(cells, edges, notes).annotations.keys() == brain.annotations.keys()
    cells, edges = write_shiu(tmp_path, Presynaptic_ID=None, Postsynaptic_ID=None)
    check(bs.connectomes.read_shiu(cells, edges))


def test_neuprint(tmp_path, parquet):
    import pyarrow
    from pyarrow import feather

    pre, post, count = zip(*PAIRS, strict=True)
    notes = {"body": CELLS, "superclass": ["a", "b", None, "a"], "somaLocation": [[1, 2]] * 4, "group": [1, None, 2, 1]}
    feather.write_feather(pyarrow.table(notes), tmp_path / "body-annotations-male.feather")
    transmitters = {"body": [*CELLS, 5], "consensus_nt": ["acetylcholine", "gaba", "glutamate", "dopamine", "unclear"]}
    feather.write_feather(pyarrow.table(transmitters), tmp_path / "body-neurotransmitters-male.feather")
    ends = {"body_pre": [*(CELLS[k] for k in pre), 5], "body_post": [*(CELLS[k] for k in post), CELLS[0]]}
    edges = ends | {"weight": [*count, 9]}
    feather.write_feather(pyarrow.table(edges), tmp_path / "connectome-weights-male.feather")
    brain = bs.connectomes.read(tmp_path, unlisted="drop")
    check(brain)
    assert brain.where(super_class="a").tolist() == [0, 3]
    assert np.array_equal(brain.annotations["group"], [1, np.nan, 2, 1], equal_nan=True)
    assert "somaLocation" not in brain.annotations
    with pytest.raises(ValueError, match=r"row 4 .*column 'body_pre': '5' is not one of the 4 cells of 'body-annotations"):
        bs.connectomes.read(tmp_path)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_the_hemibrain(tmp_path, ending, text_reader):
    kinds = "\n".join(f"{cell},T{k},T{k}_R" for k, cell in enumerate(CELLS))
    write(tmp_path / f"traced-neurons{ending}", f"bodyId,type,instance\n{kinds}\n")
    edges = [(CELLS[pre], CELLS[post], count) for pre, post, count in PAIRS]
    rows = "\n".join(f"{pre},{post},{count}" for pre, post, count in edges)
    write(tmp_path / f"traced-total-connections{ending}", f"bodyId_pre,bodyId_post,weight\n{rows}\n")
    parts = "\n".join(f"{pre},{post},EB,{count}" for pre, post, count in edges)
    regions = write(tmp_path / f"traced-roi-connections{ending}", f"bodyId_pre,bodyId_post,roi,weight\n{parts}\n")
    brain = bs.connectomes.read(tmp_path, unknown=1)
    assert brain.ids.tolist() == [str(cell) for cell in CELLS]
    assert sorted(zip(brain.edges.pre, brain.edges.post, brain.edges.count, strict=True)) == sorted(PAIRS)
    assert brain.edges.sign.tolist() == [1] * 4
    assert brain.where(instance="T2_R").tolist() == [2]
    with pytest.raises(ValueError, match="has no column of transmitters"):
        bs.connectomes.read(tmp_path)
    by_part = bs.connectomes.read_neuprint(tmp_path / f"traced-neurons{ending}", regions, unknown=1)
    assert by_part.edges.count.tolist() == brain.edges.count.tolist()


def test_frames_of_neuprint():
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    cells = pandas.DataFrame({"bodyId": CELLS, "type": ["T1", None, "T2", "T2"], "somaSide": ["L", "R", "L", "R"]})
    rows = [(CELLS[pre], CELLS[post], "EB", min(count, 2000)) for pre, post, count in PAIRS]
    rows.append((CELLS[1], CELLS[3], "PB", 405))
    edges = pandas.DataFrame(rows, columns=["bodyId_pre", "bodyId_post", "roi", "weight"])
    with pytest.raises(ValueError, match="the table has no column of transmitters .'consensusNt' or .* unknown=1"):
        bs.connectomes.read_neuprint(cells, edges)
    cells["predictedNt"] = TRANSMITTERS
    brain = bs.connectomes.read_neuprint(cells, edges)
    check(brain)
    assert brain.annotations["type"].tolist() == ["T1", "", "T2", "T2"]
    assert brain.where(side="L").tolist() == [0, 2]


def test_larva(tmp_path, text_reader):
    numbers = {29: 1.5, 8419602: "", 7: 2}
    lines = [f"{cell},KC,L,KCs,KC,{number}\n" for cell, number in numbers.items()]
    nodes = ",name,hemisphere,simple_group,class1,sum\n" + "".join(lines)
    cells = write(tmp_path / "unmatched_full_nodes.csv", nodes)
    edges = write(tmp_path / "unmatched_full_edgelist.csv", "29,8419602,9.0\n7,29,1.0\n")
    brain = bs.connectomes.read_larva(cells, edges)
    assert brain.ids.tolist() == ["29", "8419602", "7"]
    assert brain.edges.pre.tolist() == [0, 2]
    assert brain.edges.count.tolist() == [9, 1]
    assert brain.edges.sign.tolist() == [1, 1]
    assert brain.where(super_class="KCs", side="L", cell_class="KC").tolist() == [0, 1, 2]
    assert np.array_equal(brain.annotations["sum"], [1.5, np.nan, 2.0], equal_nan=True)
    spaced = write(tmp_path / "G_edgelist.txt", "29 8419602 9.0\n7 3 1.0\n")
    assert bs.connectomes.read_larva(cells, spaced, unlisted="drop").edges.count.tolist() == [9]


def test_a_table_with_columns_of_ones_own(tmp_path, text_reader):
    cells = write(tmp_path / "cells.tsv", "who\tkind\tnumber\nADAL\ta b\t3\nÄ1\t\t4\n007\tc\t5\n")
    edges = write(tmp_path / "edges.csv", 'from,to,n,s\nADAL,"Ä1",3,-0\nÄ1,007,2,-5\n')
    brain = bs.connectomes.read_table(cells, edges, id="who", pre="from", post="to", count="n", sign="s", title="Own")
    assert brain.ids.tolist() == ["ADAL", "Ä1", "007"]
    assert brain.edges.sign.tolist() == [0, -1]
    assert brain.annotations["kind"].tolist() == ["a b", "", "c"]
    assert brain.annotations["number"].tolist() == [3, 4, 5]
    assert brain.annotations["number"].dtype == np.int64
    brain = bs.connectomes.read_table(cells, edges, id="who", pre="from", post="to", count="n")
    assert brain.edges.sign.tolist() == [1, 1]
    with pytest.raises(ValueError, match="there is no sign for transmitter '' .1 cell., 'a b' .1 cell."):
        bs.connectomes.read_table(cells, edges, id="who", pre="from", post="to", count="n", transmitter="kind")
    signs = {"a b": -1}
    names = {"id": "who", "pre": "from", "post": "to", "count": "n", "transmitter": "kind"}
    assert bs.connectomes.read_table(cells, edges, **names, signs=signs, unknown=1).edges.sign.tolist() == [-1, 1]


def test_text_as_other_programs_write_it(tmp_path, text_reader):
    """A mark at the beginning, line ends of Windows, line breaks and separators within quotes."""
    cells = tmp_path / "cells.csv"
    cells.write_bytes('\ufeffid,note\r\n1,"a, b"\r\n2,"two\nlines"\r\n3,"say ""x"""\r\n'.encode())
    edges = tmp_path / "edges.csv"
    edges.write_bytes(b'"pre","post","count"\r\n1,2,3\r\n"3","1",4\r\n')
    brain = bs.connectomes.read_table(cells, edges)
    assert brain.ids.tolist() == ["1", "2", "3"]
    assert brain.annotations["note"].tolist() == ["a, b", "two\nlines", 'say "x"']
    assert brain.edges.count.tolist() == [3, 4]


def test_every_format_adds_up_repeated_pairs(tmp_path, parquet):
    counts = {"Excitatory x Connectivity": [7, -1, 5, 12]}
    files = write_shiu(tmp_path, Presynaptic_Index=[0, 2, 0, 0], Presynaptic_ID=None, **counts)
    assert bs.connectomes.read_shiu(*files, repeated="add").edges.count.tolist() == [7, 17, 1]
    cells = write(tmp_path / "nodes.csv", ",name\n29,a\n7,b\n")
    edges = write(tmp_path / "edges.csv", "29,7,9\n29,7,2\n")
    assert bs.connectomes.read_larva(cells, edges, repeated="add").edges.count.tolist() == [11]
    edges = write(tmp_path / "worm.csv", "Source,Target,Weight,Type\nA,B,3,chemical\nA,B,4,chemical\nA,B,5,electrical\n")
    worm = bs.connectomes.read_worm(edges, repeated="add")
    assert (worm.edges.count.tolist(), worm.junctions.count.tolist()) == ([7], [5])
    for reader, given in ((bs.connectomes.read_shiu, files), (bs.connectomes.read_worm, [edges])):
        with pytest.raises(ValueError, match=f"{reader.__name__}.repeated: there is no 'sum'"):
            reader(*given, repeated="sum")


def test_repeated_pairs_are_added_up_if_one_wants_it():
    cells = {"id": ["a", "b", "c"]}
    edges = {"pre": list("cabca"), "post": list("bbcbb"), "count": [1, 2, 3, 4, 5]}
    brain = bs.connectomes.read_table(cells, edges, repeated="add")
    assert brain.edges.pre.tolist() == [0, 1, 2]
    assert brain.edges.count.tolist() == [7, 3, 5]
