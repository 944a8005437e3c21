"""Mistakes in files: each is said with the file, the row and the column, and nothing is guessed."""

import gzip
import sys
import tracemalloc

import numpy as np
import pytest

from brainsim.connectomes import Brain, read_codex, read_shiu, read_table
from tests.connectomes.files import CELLS, FLY, write, write_codex, write_shiu

GOOD = {"cells": "id,nt\n1,ACH\n2,GABA\n3,ACH\n", "edges": "pre,post,count\n1,2,7\n2,3,12\n3,1,5\n"}


def tables(folder, **texts):
    return [write(folder / f"{name}.csv", texts.get(name, GOOD[name])) for name in ("cells", "edges")]


def test_the_tables_below_are_right_without_a_mistake(tmp_path, text_reader):
    assert len(read_table(*tables(tmp_path), transmitter="nt").edges) == 3


@pytest.mark.parametrize(
    ("texts", "text"),
    [
        ({"edges": "pre,post,n\n1,2,7\n"}, "'edges.csv' has no column 'count'; its columns are 'pre', 'post', 'n'"),
        ({"edges": "pre,Post,count\n1,2,7\n"}, "'edges.csv' has no column 'post'; its columns are .*; did you mean 'Post'"),
        ({"cells": "root_id,nt\n1,ACH\n"}, "'cells.csv' has no column 'id'; its columns are 'root_id', 'nt'"),
        ({"edges": "pre,post,count\n1,2,7\n2,3\n"}, "'edges.csv', line 3: has 2 fields, but there are 3 columns"),
        ({"edges": "pre,post,count\n1,2,7\n2,3,1,4\n"}, "'edges.csv', line 3: has 4 fields, but there are 3 columns"),
        ({"edges": "pre,post,count\n1,2,7\n2,3,\n"}, "'edges.csv', line 3, column 'count': is empty"),
        ({"edges": "pre,post,count\n1,2,7\n2,,1\n"}, "'edges.csv', line 3, column 'post': is empty"),
        ({"edges": "pre,post,count\n1,2,7\n2,3,2.5\n"}, r"line 3, column 'count': must be a whole number >= 0 .got '2.5'"),
        ({"edges": "pre,post,count\n1,2,-7\n"}, r"line 2, column 'count': must be a whole number >= 0 \(got '-7'\)"),
        ({"edges": "pre,post,count\n1,2,many\n"}, r"line 2, column 'count': must be a whole number >= 0 \(got 'many'\)"),
        (
            {"edges": "pre,post,count\n1,2,7\n2,4,1\n2,5,1\n"},
            r"'edges.csv', line 3, column 'post': '4' is not one of the 3 cells of 'cells.csv' \(2 of 3 "
            r"rows name such a cell\); are both files of the same version\? unlisted='drop'",
        ),
        (
            {"edges": "pre,post,count\n2,3,1\n1,2,7\n2,3,1\n"},
            "'edges.csv', line 4: is the same pair of cells as 'edges.csv', line 2; repeated='add'",
        ),
        ({"cells": "id,nt\n1,ACH\n2,ACH\n1,ACH\n"}, "'cells.csv', line 4, column 'id': '1' is there for the second time"),
        ({"cells": "id,nt\n1,ACH\n2,\n3,XYZ\n"}, r"there is no sign for transmitter '' \(1 cell\), 'XYZ' \(1 cell\)"),
        ({"cells": ""}, "'cells.csv' is empty"),
        ({"cells": "id,nt,nt\n1,ACH,ACH\n"}, "'cells.csv' has 2 columns 'nt'; rename them"),
    ],
)
def test_in_files_of_text(tmp_path, text_reader, texts, text):
    with pytest.raises(ValueError, match=text):
        read_table(*tables(tmp_path, **texts), transmitter="nt")


@pytest.mark.parametrize("bad", ["7.20575940660219e+17", "720575940660219265.0", "1.23e17"])
def test_identifiers_that_were_written_as_floats(tmp_path, text_reader, bad):
    files = tables(tmp_path, edges=f"pre,post,count\n1,2,7\n{bad},2,1\n")
    with pytest.raises(ValueError, match="line 3, column 'pre': an identifier that became a float has lost its last digits"):
        read_table(*files)
    assert read_table(*tables(tmp_path, edges="pre,post,count\n1.0,2.0,7\n")).edges.pre.tolist() == [0]  # these are exact


def test_identifiers_that_are_floats_in_memory():
    cells = {"id": np.array([FLY, FLY + 1])}
    edges = {"pre": np.array([FLY], dtype=np.float64), "post": [FLY], "count": [1]}
    with pytest.raises(ValueError, match=r"the table, row 0 .*column 'pre': an identifier that became a float .*got 7.2"):
        read_table(cells, edges)
    with pytest.raises(ValueError, match=r"column 'pre': must be an identifier, a whole number or a text \(got 0.5\)"):
        read_table({"id": [1, 2]}, {"pre": [0.5], "post": [1], "count": [1]})
    with pytest.raises(ValueError, match=r"row 1 .*column 'pre': is empty"):
        read_table({"id": [1, 2]}, {"pre": [1.0, np.nan], "post": [2, 1], "count": [1, 1]})


def test_identifiers_above_2_53_that_pandas_made_floats():
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    edges = pandas.DataFrame({"pre": [FLY, None], "post": [FLY, FLY], "count": [1, 1]})  # a missing value makes floats
    with pytest.raises(ValueError, match="column 'pre': is empty|became a float"):
        read_table({"id": [FLY]}, edges)


def test_a_file_of_text_whose_last_line_has_no_end(tmp_path):
    files = tables(tmp_path, edges="pre,post,count\n1,2,7\n2,3,1")
    with pytest.warns(UserWarning, match="the last line of 'edges.csv' has no end; if the file was cut off, it is wrong"):
        assert len(read_table(*files).edges) == 2


def test_compressed_files_that_were_cut_off(tmp_path, text_reader):
    files = write_codex(tmp_path, ".csv.gz")
    whole = files["connections"].read_bytes()
    files["connections"].write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="'connections.csv.gz' is damaged, or was cut off"):
        read_codex(files["neurons"], files["connections"])
    with gzip.open(files["connections"], "wt") as file:
        file.write("pre_root_id,post_root_id,neuropil,syn_count,nt_type\n" + f"{FLY},{FLY + 1},AL,3,ACH\n{FLY},{FLY},A")
    with pytest.raises(ValueError, match="'connections.csv.gz', line 3: has 3 fields, but there are 5 columns"):
        read_codex(files["neurons"], files["connections"])


def test_parts_of_an_edge_that_are_repeated(tmp_path, text_reader):
    files = write_codex(tmp_path)
    lines = files["connections"].read_text().splitlines()
    write(files["connections"], "\n".join([*lines, lines[1], ""]))
    with pytest.raises(ValueError, match="'connections.csv', line 7: is the same pair of cells as .*, line 2"):
        read_codex(files["neurons"], files["connections"])
    assert read_codex(files["neurons"], files["connections"], repeated="add").edges.count.tolist() == [10, 12, 2405, 1]


def test_cut_off_files_of_parquet_and_feather(tmp_path, parquet):
    cells, edges = write_shiu(tmp_path)
    whole = edges.read_bytes()
    for size in (0, 3, len(whole) // 2, len(whole) - 1):
        edges.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="'Connectivity_783.parquet' is damaged, or was cut off"):
            read_shiu(cells, edges)
    edges = edges.rename(tmp_path / "edges.feather")
    with pytest.raises(ValueError, match="'edges.feather' is damaged, or was cut off"):
        read_table(cells, edges, id="")


def test_files_of_different_versions(tmp_path, parquet):
    cells, edges = write_shiu(tmp_path)
    write(cells, "".join(cells.read_text().splitlines(keepends=True)[:-1]))
    text = r"row 2 .*column 'Postsynaptic_Index': 3 is beyond the 3 cells of 'Completeness_783.csv'; are both files"
    with pytest.raises(ValueError, match=text):
        read_shiu(cells, edges)
    cells, edges = write_shiu(tmp_path)
    lines = cells.read_text().splitlines(keepends=True)
    write(cells, "".join([lines[0], lines[2], lines[1], *lines[3:]]))
    text = rf"row 0 .*column 'Presynaptic_ID': '{CELLS[0]}' is cell 1 of 'Completeness_783.csv', but Presynaptic_Index is 0"
    with pytest.raises(ValueError, match=text):
        read_shiu(cells, edges)
    cells, edges = write_shiu(tmp_path, Postsynaptic_ID=[CELLS[1], 5, CELLS[3], CELLS[3]])
    with pytest.raises(ValueError, match=r"row 1 .*'Postsynaptic_ID': '5' is not one of the 4 cells of [^;]*; are .*\?$"):
        read_shiu(cells, edges)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"Excitatory x Connectivity": None}, "has no column 'Excitatory x Connectivity'; its columns are 'Presynaptic_ID'"),
        ({"Presynaptic_Index": [0, 2, 1.5, 0]}, r"row 2 .*column 'Presynaptic_Index': must be a whole number >= 0 .got 1.5"),
        ({"Presynaptic_Index": [0, 2, None, 0]}, r"row 2 .*column 'Presynaptic_Index': is empty"),
        ({"Presynaptic_ID": [float(FLY)] * 4}, r"row 0 .*column 'Presynaptic_ID': an identifier that became a float"),
        (
            {"Presynaptic_Index": [0, 2, 0, 0], "Presynaptic_ID": None},
            r"row 3 .*: is the same pair of cells as 'Connectivity_783.parquet', row 2 \(the first is 0\)",
        ),
    ],
)
def test_in_files_of_parquet(tmp_path, parquet, changed, text):
    with pytest.raises(ValueError, match=text):
        read_shiu(*write_shiu(tmp_path, **changed))


def test_rows_of_one_pair_with_opposite_signs():
    edges = {"pre": ["a", "a"], "post": ["b", "b"], "count": [1, 1], "sign": [1, -1]}
    with pytest.raises(ValueError, match="row 1 .*: has another sign than the table, row 0"):
        read_table({"id": ["a", "b"]}, edges, sign="sign", repeated="add")


def test_what_is_not_a_table(tmp_path):
    with pytest.raises(FileNotFoundError, match="read_table: there is no file .*nodes.csv"):
        read_table(tmp_path / "nodes.csv", {})
    with pytest.raises(ValueError, match=r"read_table: must end in .csv, .tsv, .* or .feather \(got 'nodes.xlsx'\)"):
        read_table("nodes.xlsx", {})
    with pytest.raises(TypeError, match=r"read_table: must be a table with columns, such as a pandas.DataFrame .got a int"):
        read_table(5, {})
    with pytest.raises(ValueError, match="read_table.unlisted: there is no 'ignore'; available: error, drop"):
        read_table({"id": [1]}, {"pre": [1], "post": [1], "count": [1]}, unlisted="ignore")


def test_without_pyarrow(tmp_path, monkeypatch):
    write(tmp_path / "Connectivity.parquet", "")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"read_table: needs pyarrow; pip install pyarrow"):
        read_table({"id": [1]}, tmp_path / "Connectivity.parquet")


def test_a_table_in_a_wrong_encoding(tmp_path):
    cells, edges = tables(tmp_path)
    cells.write_bytes("id,nt\n1,Ä\n2,b\n3,c\n".encode("latin-1"))
    with pytest.raises(ValueError, match="'cells.csv' is damaged, or was cut off"):
        read_table(cells, edges)


def read(cells=None, edges=None, **options):
    """Read a small brain in which some columns are others."""
    cells = {"id": ["A", "B"]} | (cells or {})
    return read_table(cells, {"pre": ["A", "B"], "post": ["B", "A"], "count": [1, 2]} | (edges or {}), **options)


@pytest.mark.parametrize("name", ["12e4", "9e99", "007", "1E5", "-5", "5.0.1"])
def test_texts_that_only_look_like_floats(name, tmp_path, text_reader):
    """What programs write for a float has a point, or a sign after the e."""
    cells, edges = tables(tmp_path, cells=f"id,code\n{name},{name}\n7,15\n", edges=f"pre,post,count\n7,{name},3\n")
    brain = read_table(cells, edges)
    assert brain.ids.tolist() == [name, "7"]
    if name != "-5":
        assert brain.where(code=name).tolist() == [0]
        assert brain.annotations["code"].tolist() == [name, "15"]


def test_annotations_that_are_numbers():
    brain = read({"a": ["1.50", "-0.5"], "b": ["1e-05", "0"], "c": ["10", "0"], "d": ["\u0663", "4"], "e": ["0.5", "00.5"]})
    assert [brain.annotations[key].dtype.kind for key in "abcde"] == ["f", "f", "i", "O", "O"]


@pytest.mark.parametrize("count", ["1_000", "\u0663", "1,5", "0x10", "inf", "nan", "", "1 0"])
def test_counts_that_are_texts(count):
    with pytest.raises(ValueError, match=r"row 1 .*column 'count': (must be a whole number >= 0 \(got|is empty)"):
        read(edges={"count": ["1", count]})
    assert read(edges={"count": ["+3", " 1e+01 "]}).edges.count.tolist() == [3, 10]


@pytest.mark.parametrize(
    ("cells", "edges", "message"),
    [
        ({"id": ["A\0", "B"]}, {}, "row 0 .*column 'id': must be an identifier without a NUL character"),
        ({"id": ["A", "B" * 401]}, {}, r"row 1 .*column 'id': .* of at most 400 characters, not of 401 \(got 'BBB[B.]*'\)"),
        ({"id": np.ma.masked_array(["A", "B"], [False, True])}, {}, "row 1 .*column 'id': is empty"),
        ({}, {"count": np.ma.masked_array([1, 2], [True, False])}, "row 0 .*column 'count': is empty"),
        ({}, {"count": np.ma.masked_array([1.0, 2.0], [False, True])}, "row 1 .*column 'count': is empty"),
        ({}, {"post": ["B"]}, "column 'post': has 1 rows, and 'pre' has 2"),
        ({}, {"count": [1, 2, 3]}, "column 'count': has 3 rows, and 'pre' has 2"),
        ({}, {"count": 5}, r"column 'count': cannot be read: .*value for each row, .* shape \(\)"),
        ({"side": ["left"]}, {}, "column 'side': has 1 rows, and 'id' has 2"),
        ({"id": np.array([[1, 2], [3, 4]])}, {}, r"column 'id': cannot be read: .*value for each row, .* shape \(2, 2\)"),
        ({"id": [["A"], ["B"]]}, {}, r"column 'id': cannot be read: .*value for each row, .* shape \(2, 1\)"),
        ({"id": [["A"], ["B", "C"]]}, {}, "column 'id': cannot be read"),
        ({"id": [b"\xff", b"B"]}, {}, "column 'id': cannot be read: .*codec can't decode"),
        ({"id": [1j, 2.0]}, {}, "column 'id': must be an identifier, a whole number or a text .got 1j"),
    ],
)
def test_tables_in_memory(cells, edges, message):
    with pytest.raises(ValueError, match=message):
        read(cells, edges)


def test_a_long_text_takes_its_own_memory_only():
    """In an array of texts, each takes as much as the longest: 11 GiB for one of 1 MB among 3,000."""
    n, long = 3000, "x" * 10**6
    names, cells = [str(k) for k in range(n)], ["gaba", long] + ["ach"] * (n - 2)
    edges = {"pre": ["1"], "post": ["2"], "count": [1]}
    tracemalloc.start()
    brain = read_table({"id": names, "nt": cells}, edges, transmitter="nt", unknown=-1)
    brain = Brain(names, {"note": cells}, brain.edges)
    with pytest.raises(ValueError, match="no cell has note='dopamine'"):
        brain.where(note="dopamine")
    with pytest.raises(ValueError, match=r"column 'id': must be an identifier of at most 400 characters, .*got 'xxx"):
        read_table({"id": [long, *names]}, edges)
    with pytest.raises(ValueError, match=r"Brain.ids: must be an identifier of at most 400 characters, not of 1,000,000"):
        Brain([long, *names], {}, brain.edges)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def test_what_is_masked_is_missing():
    brain = read({"size": np.ma.masked_array([1, 2], [True, False]), "side": np.ma.masked_array(["l", "r"], [False, True])})
    assert np.array_equal(brain.annotations["size"], [np.nan, 2.0], equal_nan=True)
    assert brain.annotations["side"].tolist() == ["l", ""]
    assert read({"id": np.array([b"A", b"B"])}).ids.tolist() == ["A", "B"]


def test_signs_are_checked_whether_or_not_they_are_needed():
    """A table without transmitters took unknown=0.5 as 0."""
    codex = [{"root_id": [1, 2]}, {"pre_root_id": [1], "post_root_id": [2], "syn_count": [1]}]
    for unknown, error in ((0.5, TypeError), ("a", TypeError), (2, ValueError), (300, ValueError)):
        with pytest.raises(error, match="read_codex.unknown: must be "):
            read_codex(*codex, unknown=unknown)
        with pytest.raises(error, match="read_table.unknown: must be "):
            read(unknown=unknown)
    assert read_codex(*codex, unknown=-1.0).edges.sign.tolist() == [-1]
    with pytest.raises(TypeError, match="read_table.signs: must be a dict such as"):
        read(signs="ab")


def test_a_title_with_a_line_break(tmp_path, text_reader):
    cells, edges = tables(tmp_path, cells='id,"side\nof ""the"" brain",nt\n1,left,ACH\n2,right,GABA\n3,"a\nb",ACH\n')
    brain = read_table(cells, edges)
    assert brain.ids.tolist() == ["1", "2", "3"]
    assert brain.annotations['side\nof "the" brain'].tolist() == ["left", "right", "a\nb"]
    with pytest.raises(ValueError, match="'cells.csv', line 4, column 'id': '1' is there for the second time"):
        read_table(*tables(tmp_path, cells='id,"a\nb"\n1,x\n1,y\n'))
