"""What configurations say and this reader does not do is refused by name, and nothing of them is lost."""

import json
import os

import numpy as np
import pytest

import brainsim as bs
from tests.sonata.files import N, write

h5py = pytest.importorskip("h5py", reason="files of SONATA are files of HDF5: pip install h5py")
CLAMP = {"input_type": "current_clamp", "node_set": "cells", "amp": 0.2}
REPORT = {"cells": "cells", "variable_name": "V_m"}
SHORT = {"tstop": 20.0, "dt": 0.1}


def change(path, *keys, to):
    """Set an entry of a configuration, or remove it if it is to be None; return the path."""
    config = part = json.loads(path.read_text())
    for key in keys[:-1]:
        part = part.setdefault(key, {}) if isinstance(part, dict) else part[key]
    part[keys[-1]] = to
    if to is None:
        del part[keys[-1]]
    path.write_text(json.dumps(config))
    return path


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (["run", "tstop"], None, "config.json': run has no 'tstop', the duration"),
        (["run", "duration"], 5.0, "run has both 'tstop' and 'duration'"),
        (["run", "tstop"], "20", "run: tstop: must be a finite number .got '20'"),
        (["run", "tstart"], 5.0, "run: tstart must be 0 .got 5.0"),
        (["run", "tstpo"], 5.0, "run has 'tstpo', which is not supported; did you mean 'tstop'"),
        (["run"], [1], "config.json': run: must be a dict"),
        (["conditions", "v_inti"], -70.0, "conditions has 'v_inti', which is not supported; did you mean 'v_init'"),
        (["target_simulator"], "NEURON", "target_simulator must be 'NEST' .got 'NEURON'"),
        (["gap_junctions"], {}, "config.json' has 'gap_junctions', which is not supported"),
        (["networks", "nodes", 0, "nodes_file"], None, r"networks: nodes\[0\] has no 'nodes_file'; it has node_types_file"),
        (["networks", "nodes", 0, "populations"], {"cels": {}}, r"nodes\[0\]: the file has no population 'cels'; did you"),
        (["networks", "nodes", 0, "populations"], {"cells": {"type": "virtual"}}, "'cells' is said to be virtual, but its"),
        (["networks", "edges", 1, "enabled"], "no", r"networks: edges\[1\]: enabled: must be true or false .got 'no'"),
        (["networks", "edges"], {}, "networks: edges: must be a list"),
        (["inputs", "in", "input_file"], None, "input 'in' has no 'input_file'; it has input_type"),
        (["inputs", "in", "node_set"], None, "input 'in' has no 'node_set'"),
        (["inputs", "in", "node_set"], [], r"input 'in': there are no cells in \[\]"),
        (["inputs", "in", "node_set"], 5, "input 'in': there are no cells 5"),
        (["inputs", "in", "node_set"], {"population": {"a": 1}}, "input 'in': there are no cells {'a': 1}"),
        (["inputs", "in", "delay"], 5.0, "input 'in' has 'delay', which is not supported"),
        (["inputs", "in", "module"], "csv", "input 'in': module must be 'h5' or 'sonata' .got 'csv'"),
        (["inputs", "clamp"], CLAMP | {"amp": [0.1, 0.2]}, "input 'clamp': amp: must be a finite number"),
        (["inputs", "clamp"], {key: CLAMP[key] for key in ("input_type", "node_set")}, "input 'clamp' has no 'amp'"),
        (["inputs", "clamp"], CLAMP | {"duration": -5.0}, "input 'clamp': duration: must be > 0 ms"),
        (
            ["inputs", "clamp"],
            CLAMP | {"node_set": "given"},
            "input 'clamp' gives current to 'given', whose cells are virtual",
        ),
        (["inputs", "clamp"], 3, "input 'clamp': must be a dict"),
        (["components"], None, "components has no 'point_neuron_models_dir', in which 'a.json' would be"),
        (["output", "overwrite_output_dir"], "false", "output: overwrite_output_dir: must be true or false .got 'false'"),
        (["output", "spikes_file"], "../spikes.h5", "output: spikes_file: must lie in output_dir, .* .got '../spikes.h5'"),
        (["output", "spikes_file"], "/tmp/spikes.h5", "output: spikes_file: must lie in output_dir"),
        (["output", "spikes_file"], "spikes.csv", "output: spikes_file must end in .h5 .got 'spikes.csv'"),
        (["output", "spikes_file_csv"], "a.csv", "output has 'spikes_file_csv', which is not supported"),
        (["output", "output_dir"], "nodes.h5", "output: .*nodes.h5' is a file, not a folder for 'spikes.h5'"),
        (["reports", "v"], REPORT | {"file_name": "../../x"}, "report 'v': must lie in output_dir, .*out' .got '../../x'"),
        (["reports", "a/../../v"], REPORT, "report 'a/../../v': must lie in output_dir"),
        (
            ["reports", "spikes"],
            REPORT,
            "report 'spikes': would replace the spikes in .*spikes.h5'; give it another file_name",
        ),
        (["reports", "v"], {"cells": "cells"}, "report 'v' has no 'variable_name'; it has cells"),
        (["reports", "v"], REPORT | {"variable_name": "w"}, "config.json': reports: Trace: 'cells' has no variable 'w'"),
        (["reports", "v"], REPORT | {"unit": "V"}, "report 'v': unit must be 'mV' .got 'V'"),
        (["reports", "v"], REPORT | {"transform": "mean"}, "report 'v' has 'transform', which is not supported"),
        (["reports", "v"], REPORT | {"sections": "axon"}, "report 'v': sections must be 'soma' or 'all'"),
        (["manifest"], [1], "config.json': manifest: must be a dict"),
        (["manifest", "$OUT"], "$OUT/x", r"config.json': '\$OUT' of the manifest contains itself"),
        (["network"], "config.json", "config.json' names itself as its network"),
        (["network"], 3, "config.json': network: must be a text"),
    ],
)
def test_mistakes(keys, value, message, tmp_path):
    path, *_ = write(tmp_path, run=SHORT, output={"output_dir": "$OUT"})
    before = sorted(os.listdir(tmp_path))
    with pytest.raises((ValueError, NotADirectoryError), match=message):
        bs.sonata.run(change(path, *keys, to=value))
    assert sorted(os.listdir(tmp_path)) == before


def test_what_has_no_effect_on_point_neurons_is_accepted(tmp_path):
    path, *_ = write(tmp_path, run=SHORT | {"nsteps_block": 5000, "dL": 20.0}, conditions={"celsius": 34.0, "v_init": -70})
    change(path, "target_simulator", to="NEST")
    change(path, "components", "mechanisms_dir", to="none")
    change(path, "output", to={"output_dir": "$OUT", "log_file": "log.txt", "spikes_sort_order": "time"})
    change(path, "reports", "v", to=REPORT | {"module": "membrane_report", "sections": "soma", "unit": "mV"})
    assert bs.sonata.run(path).traces["cells", "v"].ids.size == N


@pytest.mark.skipif(os.name == "nt", reason="not everybody may make links on Windows")
def test_a_link_in_the_folder_of_the_output_does_not_lead_out_of_it(tmp_path):
    """A folder that was downloaded may hold links."""
    path, *_ = write(tmp_path, run=SHORT, output={"output_dir": "$OUT"})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="spikes_file: must lie in output_dir, .* .got 'link/x.h5'"):
        bs.sonata.run(change(path, "output", "spikes_file", to="link/x.h5"))
    assert not (tmp_path / "x.h5").exists()


def test_a_name_twice(tmp_path):
    path, *_ = write(tmp_path)
    path.write_text(path.read_text().replace('"inputs": {', '"inputs": {"in": {"input_type": "current_clamp"}, '))
    with pytest.raises(ValueError, match="config.json' is not a readable file of JSON .it has 'in' twice"):
        bs.sonata.run(path)


def test_names_that_stand_for_two_others(tmp_path):
    """Each name of a manifest, or of a file of node sets, says the next one twice: 2**40 of the last."""
    manifest = {f"$A{k:02}": f"$A{k + 1:02}$A{k + 1:02}" for k in range(40)} | {"$A40": "x"}
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"manifest": manifest, "x": "$A00"}))
    with pytest.raises(ValueError, match="stands for a path of more than 4,096 characters"):
        bs.sonata.read_config(path)
    path.write_text(json.dumps({"manifest": {f"$A{k}": f"$A{k + 1}" for k in range(2000)}, "x": "$A0"}))
    with pytest.raises(ValueError, match="of the manifest has more than 100 others in it"):
        bs.sonata.read_config(path)
    nodes = {"v1": bs.sonata.Nodes("v1", 3, np.zeros(3, int))}
    sets = {f"s{k}": [f"s{k + 1}"] * 2 for k in range(40)} | {"s40": {"node_id": [1]}}
    assert bs.sonata.select_nodes(nodes, "s0", sets)["v1"].tolist() == [False, True, False]
    with pytest.raises(ValueError, match="the node set 's100' is in 100 others"):
        bs.sonata.select_nodes(nodes, "s0", {f"s{k}": [f"s{k + 1}"] for k in range(2000)})


def test_names_in_braces(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(
        json.dumps({"manifest": {"$BASE": "/a", "$BASE_DIR": "${BASE}/b"}, "nodes_file": "${BASE_DIR}/$BASE.h5"})
    )
    assert bs.sonata.read_config(path)["nodes_file"] == "/a/b/a.h5"


class TestInputs:
    def test_spikes_of_two_inputs(self, tmp_path):
        path, _, times, ids = write(tmp_path, run=SHORT)
        with h5py.File(tmp_path / "more.h5", "w") as file:
            file["spikes/given/timestamps"], file["spikes/given/node_ids"] = [3.0, 4.0], [0, N - 1]
        first = json.loads(path.read_text())["inputs"]["in"]
        whole = bs.sonata.run(path).spikes["given"]
        both = bs.sonata.run(change(path, "inputs", "more", to=first | {"input_file": "$BASE/more.h5"})).spikes["given"]
        assert len(both) == len(whole) + 2
        assert both == bs.Spikes(np.append(whole.times, [3.0, 4.0]), np.append(whole.ids, [0, N - 1]), N, 20.0, name="given")
        off = bs.sonata.run(change(path, "inputs", "in", "enabled", to=False)).spikes["given"]
        assert (off.times.tolist(), off.ids.tolist()) == ([3.0, 4.0], [0, N - 1])

    def test_spikes_of_some_cells(self, tmp_path):
        path, *_ = write(tmp_path, run=SHORT)
        whole = bs.sonata.run(path).spikes["given"]
        some = bs.sonata.run(change(path, "inputs", "in", "node_set", to={"population": "given", "node_id": [2, 5]}))
        assert set(some.spikes["given"].ids.tolist()) == {2, 5}
        assert some.spikes["given"].counts()[[2, 5]].tolist() == whole.counts()[[2, 5]].tolist()

    def test_spikes_of_cells_that_there_are_not(self, tmp_path):
        path, *_ = write(tmp_path, run=SHORT)
        with h5py.File(tmp_path / "spikes.h5", "r+") as file:
            file["spikes/given/node_ids"][0] = N
        with pytest.raises(ValueError, match="input 'in': .*spikes.h5' has spikes of cell 12; 'given' has 12"):
            bs.sonata.run(path)


class TestNodesAndEdges:
    def edit(self, path, name):
        return h5py.File(path.parent / name, "r+")

    def test_synapses_of_an_edge(self, tmp_path):
        """An edge of three synapses has three times the weight, and one of none no effect."""
        path, *_ = write(tmp_path, run=SHORT)
        with self.edit(path, "given.h5") as file:
            group = file["edges/all/0"]
            group["nsyns"] = np.arange(group["syn_weight"].size) % 4
        found = bs.sonata.run(change(path, "reports", "v", to=REPORT)).traces["cells", "v"]
        with self.edit(path, "given.h5") as file:
            group = file["edges/all/0"]
            group["syn_weight"][:] = group["syn_weight"][:] * group["nsyns"][:]
            del group["nsyns"]
        expected = bs.sonata.run(path).traces["cells", "v"]
        assert np.ptp(expected.values) > 1.0
        assert np.array_equal(found.values, expected.values)

    @pytest.mark.parametrize("value", [2.5, -2, np.nan])
    def test_a_wrong_number_of_synapses(self, value, tmp_path):
        path, *_ = write(tmp_path)
        with self.edit(path, "given.h5") as file:
            group = file["edges/all/0"]
            group["nsyns"] = np.full(group["syn_weight"].size, value)
        with pytest.raises(ValueError, match=rf"edges\[0\]: the edges 'all': nsyns must be whole .* .got {value} of edge 0"):
            bs.sonata.run(path)

    @pytest.mark.parametrize("key", ["syn_weight", "delay"])
    def test_a_weight_or_a_delay_that_is_missing(self, key, tmp_path):
        path, *_ = write(tmp_path)
        with self.edit(path, "given.h5") as file:
            group = file["edges/all/0"]
            values = np.full(group["syn_weight"].size, 2.0)
            values[7] = np.nan
            group.require_dataset(key, values.shape, values.dtype)[:] = values
        with pytest.raises(ValueError, match=f"given.h5' .*{key} of 'all' is missing for edge 7, whose edge_type_id is 1"):
            bs.sonata.run(path)

    def test_a_weight_that_a_table_has_for_one_type_only(self, tmp_path):
        path, *_ = write(tmp_path)
        (tmp_path / "edges.csv").write_text("edge_type_id syn_weight delay\n1 5.0 NULL\n2 NULL NULL\n")
        with self.edit(path, "cells.h5") as file:
            group = file["edges/all"]
            del group["0/syn_weight"]
            group["edge_type_id"][3] = 2
        with pytest.raises(ValueError, match="cells.h5' .*syn_weight of 'all' is missing for edge 3, whose .* is 2"):
            bs.sonata.run(path)
        with self.edit(path, "cells.h5") as file:
            file["edges/all/edge_type_id"][3] = 1
        edges = bs.sonata.read_edges(tmp_path / "cells.h5", tmp_path / "edges.csv")["all"]
        assert set(edges.weight.tolist()) == {5.0}
        assert edges.delay is None

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("edge_type_id delay\n1 1.5\n1 2.5\n", "edges.csv' has the edge_type_id 1 twice"),
            ("edge_type_id delay delay\n1 1.5 2.5\n", "edges.csv' .*it has two columns 'delay'"),
            ("edge_type_id delay\n1 1.5 2.5\n", "edges.csv' .*line 2 has the field '2.5' beyond the columns"),
            ("edge_type_id delay syn_weight\n1 1.5\n", "edges.csv' .*line 2 has no field 'syn_weight'; NULL stands for"),
            ("edge_type_id weight_function\n1 gaussian\n", "the edges 'all': the weight_function 'gaussian' is not"),
        ],
    )
    def test_tables_of_types(self, text, message, tmp_path):
        path, *_ = write(tmp_path)
        (tmp_path / "edges.csv").write_text(text)
        with pytest.raises(ValueError, match=message):
            bs.sonata.run(path)

    def test_arrays_of_another_shape_or_at_another_place(self, tmp_path):
        path, *_ = write(tmp_path)
        with self.edit(path, "given.h5") as file:
            values = file["edges/all/0/syn_weight"][:]
            file["edges/all/0"].create_dataset("nsyns", data=np.ones((values.size, 1)))
        with pytest.raises(ValueError, match=r"given.h5' .*'/edges/all/0/nsyns' must have one value .*got shape \(\d+, 1\)"):
            bs.sonata.run(path)
        with self.edit(path, "given.h5") as file:
            del file["edges/all/0/nsyns"]
            file["edges/all/delay"] = np.ones(values.size)
        with pytest.raises(ValueError, match="'delay' in '/edges/all' must be in a group such as '/edges/all/0'"):
            bs.sonata.run(path)
        with self.edit(path, "given.h5") as file:
            del file["edges/all/delay"]
            file["edges/all/0/dynamics_params/tau"] = np.ones(values.size)
        with pytest.raises(ValueError, match="the edges 'all': 'dynamics_params' has 'tau'; static_synapse has no"):
            bs.sonata.run(path)
        with self.edit(path, "given.h5") as file:
            del file["edges/all/0/dynamics_params"]
            file["edges/all/0"].move("syn_weight", "weight")
        with pytest.raises(ValueError, match="the edges 'all' have 'weight', but no 'syn_weight'"):
            bs.sonata.run(path)

    def test_parameters_of_single_nodes(self, tmp_path):
        """They take precedence over those of the type; where one is NaN, that of the type holds."""
        path, *_ = write(tmp_path, run=SHORT, reports={"v": REPORT})
        config = json.loads((tmp_path / "a.json").read_text())
        (tmp_path / "a.json").write_text(json.dumps(config | {"I_e": 400.0}))
        expected = bs.sonata.run(path).traces["cells", "v"]
        (tmp_path / "a.json").write_text(json.dumps(config))
        with self.edit(path, "nodes.h5") as file:
            file["nodes/cells/0/dynamics_params/I_e"] = [400.0, np.nan] * (N // 2)
        assert np.array_equal(bs.sonata.run(path).traces["cells", "v"].values, expected.values)
        with self.edit(path, "nodes.h5") as file:
            file["nodes/cells/0/dynamics_params"].move("I_e", "I_ee")
        with pytest.raises(ValueError, match="'nest:iaf_psc_alpha' of 'cells': has no parameter 'I_ee'; did you mean 'I_e'"):
            bs.sonata.run(path)
        with self.edit(path, "nodes.h5") as file:
            file["nodes/cells/0"].move("dynamics_params/I_ee", "V_th")
        with pytest.raises(ValueError, match="'V_th' is a column of the nodes; parameters of single nodes are in 'dynamics"):
            bs.sonata.run(path)

    def test_what_is_to_be_done_with_the_cells(self, tmp_path):
        path, *_ = write(tmp_path)
        types = (tmp_path / "types.csv").read_text().splitlines()
        lines = [types[0] + " model_processing", *(f"{line} perisomatic" for line in types[1:])]
        (tmp_path / "types.csv").write_text("\n".join(lines))
        with pytest.raises(ValueError, match="of 'cells': the model_processing 'perisomatic' is not supported"):
            bs.sonata.run(path)

    def test_a_second_file_of_the_same_nodes(self, tmp_path):
        path, *_ = write(tmp_path)
        nodes = json.loads(path.read_text())["networks"]["nodes"]
        with pytest.raises(ValueError, match=r"networks: nodes\[1\]: a second file has the nodes 'cells'"):
            bs.sonata.run(change(path, "networks", "nodes", to=nodes * 2))

    def test_only_the_populations_that_are_named(self, tmp_path):
        path, *_ = write(tmp_path, run=SHORT)
        change(path, "networks", "edges", to=None)
        change(path, "inputs", to=None)
        change(path, "networks", "nodes", 0, "populations", to={"cells": {"type": "point_neuron"}})
        assert list(bs.sonata.run(path).spikes) == ["cells"]

    def test_texts_in_a_library(self, tmp_path):
        """Numbers of texts that the group @library has, and texts of HDF5, are read as texts."""
        path, *_ = write(tmp_path)
        with self.edit(path, "nodes.h5") as file:
            group = file["nodes/cells/0"]
            group["layer"], group["@library/layer"] = np.arange(N) % 2, ["L4", "L5"]
            group["side"] = ["left"] * N
        nodes = bs.sonata.read_nodes(tmp_path / "nodes.h5")
        assert nodes["cells"].columns["layer"].tolist() == ["L4", "L5"] * (N // 2)
        assert bs.sonata.select_nodes(nodes, {"layer": "L5", "side": "left"})["cells"].tolist() == [False, True] * (N // 2)
        with self.edit(path, "nodes.h5") as file:
            file["nodes/cells/0/layer"][3] = 2
        with pytest.raises(ValueError, match="'/nodes/cells/0/layer' has 2, but '@library' has 2 values of it"):
            bs.sonata.read_nodes(tmp_path / "nodes.h5")


class TestReports:
    def test_a_file_for_each(self, tmp_path):
        """Names with a point, and two reports of one variable: each file has the cells of its report."""
        few = {"population": "cells", "node_id": [2, 5]}
        reports = {"v.1": REPORT, "v.2": REPORT | {"cells": few}, "off": {"enabled": False, "of": 1}}
        reports["v.3"] = REPORT | {"cells": few | {"node_id": [7]}, "file_name": "v.2.h5"}
        path, *_ = write(tmp_path, run=SHORT, output={"output_dir": "$OUT"}, reports=reports)
        bs.sonata.run(path)
        assert sorted(os.listdir(tmp_path / "out")) == ["spikes.h5", "v.1.h5", "v.2.h5"]
        read = {k: bs.sonata.read_reports(tmp_path / "out" / f"v.{k}.h5")["cells"].ids.tolist() for k in (1, 2)}
        assert read == {1: list(range(N)), 2: [2, 5, 7]}

    def test_other_times_for_the_same_variable(self, tmp_path):
        path, *_ = write(tmp_path, reports={"a": REPORT, "b": REPORT | {"dt": 1.0}})
        with pytest.raises(ValueError, match="report 'b': the report 'a' has 'v' of 'cells' at other times; use one dt"):
            bs.sonata.run(path)

    def test_the_whole_path_of_a_file(self, tmp_path):
        output = {"output_dir": "$OUT", "spikes_file": "$OUT/part/s.h5"}
        path, *_ = write(tmp_path, run=SHORT, output=output, reports={"v": REPORT | {"file_name": "part/v"}})
        bs.sonata.run(path)
        assert sorted(os.listdir(tmp_path / "out" / "part")) == ["s.h5", "v.h5"]
        (tmp_path / "out" / "part" / "s.h5").unlink()
        with pytest.raises(FileExistsError, match=r"v.h5' exists; overwrite_output_dir replaces it"):
            bs.sonata.run(change(path, "run", "overwrite_output_dir", to=False))
