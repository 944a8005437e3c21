"""Simulations of point neurons from their configuration."""

import json
import sys

import numpy as np
import pytest

import brainsim as bs
from tests.sonata.files import STOP, WEIGHTS, N, write

pytest.importorskip("h5py", reason="files of SONATA are files of HDF5: pip install h5py")


def test_it_is_the_network_that_one_would_write(tmp_path):
    clamp = {"input_type": "current_clamp", "amp": 0.3, "delay": 50.0, "duration": 100.0, "node_set": {"node_id": [3, 4]}}
    path, wires, times, ids = write(tmp_path, conditions={"v_init": -65.0})
    config = json.loads(path.read_text())
    config["inputs"]["clamp"] = clamp | {"node_set": {"population": "cells", "node_id": [3, 4]}}
    path.write_text(json.dumps(config))
    found = bs.sonata.run(path)
    model = bs.LIF(c_m=240.0, tau_m=10.0, v_rest=-70.0, v_th=-55.0, v_reset=-70.0, t_ref=1.0)
    cells = bs.Population(N, model, name="cells", initial={"v": -65.0})
    given = bs.Population(N, bs.SpikeTrains(np.ceil(np.round(times, 3) * 10.0 - 1e-6) / 10.0, ids), name="given")
    net = bs.Network(seed=1)
    for source in (given, cells):
        pre, post, weight = wires[source.name]
        for sign, synapse in ((1, bs.Alpha(tau=2.0, name="ex")), (-1, bs.Alpha(tau=2.0, name="in"))):
            of = weight * sign > 0.0
            net.connect(source, cells, bs.FromArrays(pre[of], post[of]), weight=weight[of], delay=1.5, synapse=synapse)
    net.stimulate(cells, bs.CurrentInput([50.0, 60.0] * (N // 2)))
    net.stimulate(cells[[3, 4]], bs.CurrentInput(300.0, start=50.0, stop=150.0))
    expected = bs.simulate(net, STOP, seed=0)
    assert len(expected.spikes["cells"]) > 100
    assert found.spikes["cells"] == expected.spikes["cells"]


# counts, and sums of the steps of all spikes: the same network, made by hand in NEST 3.10
OF_NEST = {"iaf_psc_delta": (234, 237008), "iaf_psc_exp": (150, 155389), "iaf_psc_alpha": (361, 372782)}


@pytest.mark.thorough_but("[iaf_psc_alpha]")
@pytest.mark.parametrize("template", OF_NEST)
def test_the_spikes_of_nest(template, tmp_path):
    spikes = bs.sonata.run(write(tmp_path, template)[0]).spikes["cells"]
    assert (len(spikes), int(np.rint(spikes.times * 10.0).sum())) == OF_NEST[template]


@pytest.mark.thorough
@pytest.mark.parametrize("template", [name for name in WEIGHTS if name not in OF_NEST])
def test_conductances(template, tmp_path):
    assert len(bs.sonata.run(write(tmp_path, template)[0]).spikes["cells"]) > 20


@pytest.mark.thorough
def test_two_files_reports_and_output(tmp_path):
    path, *_ = write(tmp_path)
    config = json.loads(path.read_text())
    circuit = {key: config.pop(key) for key in ("networks", "components")} | {"manifest": config["manifest"]}
    (tmp_path / "circuit.json").write_text(json.dumps(circuit))
    sets = {"few": {"population": "cells", "node_id": [2, 5]}, "second": {"node_type_id": 2}, "both": ["few"]}
    (tmp_path / "sets.json").write_text(json.dumps(sets))
    config |= {
        "network": "$BASE/circuit.json",
        "node_sets_file": "$BASE/sets.json",
        "output": {"output_dir": "$OUT", "spikes_file": "spikes.h5"},
        "reports": {"potential": {"cells": "both", "variable_name": "V_m", "dt": 0.5, "start_time": 20.0, "end_time": 40.0}},
    }
    path.write_text(json.dumps(config))
    result = bs.sonata.run(path)
    (trace,) = result.traces.values()
    assert trace.ids.tolist() == [2, 5]
    assert (trace.times[0], trace.times[-1], trace.times[1] - trace.times[0]) == (20.0, pytest.approx(40.0, abs=0.5), 0.5)
    spikes = bs.sonata.read_spikes(tmp_path / "out" / "spikes.h5", n={"cells": N, "given": N}, duration=STOP)
    assert spikes["cells"] == result.spikes["cells"]
    (report,) = bs.sonata.read_reports(tmp_path / "out" / "potential.h5").values()
    np.testing.assert_allclose(report.values, trace.values, rtol=1e-6)
    again = bs.sonata.run(path)
    assert again.spikes["cells"] == result.spikes["cells"]
    config["output"]["overwrite_output_dir"] = False
    path.write_text(json.dumps(config))
    with pytest.raises(FileExistsError, match="sonata.run: .*spikes.h5' exists; overwrite_output_dir replaces it"):
        bs.sonata.run(path)


@pytest.mark.thorough
def test_sets_of_cells(tmp_path):
    """Conditions hold of columns that are numbers in whatever form; a list joins sets."""
    chosen = [{"population": "cells", "node_type_id": 2, "x": [30, 40, 70]}, {"population": "cells", "node_id": [3, 8]}]
    path, *_ = write(tmp_path, reports={"v": {"cells": chosen, "variable_name": "V_m"}}, run={"tstop": 1.0, "dt": 0.1})
    (trace,) = bs.sonata.run(path).traces.values()
    assert trace.ids.tolist() == [3, 7, 8]


class TestMistakes:
    @pytest.mark.parametrize(
        ("file", "before", "after", "message"),
        [
            ("types.csv", "nest:iaf_psc_alpha", "nest:iaf_psc_alhpa", "alhpa'; did you mean 'iaf_psc_alpha'"),
            ("types.csv", "nest:iaf_psc_alpha a", "nest:iaf_psc_exp a", "of 'nest:iaf_psc_exp'; must be of one model"),
            ("types.csv", "point_neuron", "biophysical", "'cells' has the model_type .* must be virtual or point_neuron"),
            ("a.json", "C_m", "C_mm", "'nest:iaf_psc_alpha' of 'cells': has no parameter 'C_mm'"),
            ("a.json", "240.0", '"much"', "C_m: must be a finite number .got 'much'"),
            ("a.json", "}", "", "a.json. is not a readable file of JSON"),
            ("edges.csv", "static_synapse", "stdp_synapse", "of the model 'stdp_synapse'; must be 'static_synapse'"),
            ("none.json", "{}", '{"tau": 2.0}', "the edges 'all': 'none.json' has 'tau'"),
            ("config.json", '"spikes", "module"', '"noise", "module"', "input 'in' is of the type 'noise'"),
            ("config.json", '"node_set": "given"', '"node_set": "gven"', "there are no cells 'gven'; did you mean 'given'"),
            (
                "config.json",
                '"node_set": "given"',
                '"node_set": "cells"',
                "'in' gives spikes to 'cells', whose cells are not",
            ),
            ("config.json", '"node_set": "given"', '"node_set": {"node_ids": [1]}', "no cells have a column 'node_ids'"),
            ("config.json", '"node_set": "given"', '"node_set": {"node_id": {"from": 1}}', "node_id must be a value"),
            ("config.json", "$BASE/nodes.h5", "$BAS/nodes.h5", r"the manifest has no '\$BAS'"),
            ("config.json", '"run"', '"rum"', "has no 'run'; it has rum"),
        ],
    )
    def test_files(self, file, before, after, message, tmp_path):
        path, *_ = write(tmp_path)
        text = (tmp_path / file).read_text()
        assert before in text
        (tmp_path / file).write_text(text.replace(before, after))
        with pytest.raises(ValueError, match=message):
            bs.sonata.run(path)

    def test_a_set_that_contains_itself(self, tmp_path):
        (tmp_path / "sets.json").write_text(json.dumps({"few": ["some"], "some": [{"node_id": [1]}, "few"]}))
        path, *_ = write(tmp_path, node_sets_file="$BASE/sets.json", reports={"v": {"cells": "few", "variable_name": "V_m"}})
        with pytest.raises(ValueError, match="report 'v': the node set 'few' contains itself"):
            bs.sonata.run(path)

    def test_missing_files(self, tmp_path):
        path, *_ = write(tmp_path)
        for name in ("b.json", "nodes.h5", "spikes.h5"):
            kept = (tmp_path / name).read_bytes()
            (tmp_path / name).unlink()
            with pytest.raises(FileNotFoundError, match=f"sonata.*there is no file .*{name}"):
                bs.sonata.run(path)
            (tmp_path / name).write_bytes(kept)
        with pytest.raises(FileNotFoundError, match=r"sonata.run: there is no file .*other.json"):
            bs.sonata.run(tmp_path / "other.json")

    def test_a_report_whose_cells_are_not_known(self, tmp_path):
        reports = {"v": {"cells": "few", "variable_name": "V_m"}}
        path, *_ = write(tmp_path, reports=reports, node_sets_file="$BASE/none.h5", run={"tstop": 1.0, "dt": 0.1})
        with pytest.warns(UserWarning, match="the report 'v' is left out: 'few' would be in .*none.h5', which does"):
            assert not bs.sonata.run(path).traces

    def test_without_h5py(self, tmp_path, monkeypatch):
        path, *_ = write(tmp_path)
        monkeypatch.setitem(sys.modules, "h5py", None)
        with pytest.raises(ImportError, match=r"needs h5py; pip install h5py"):
            bs.sonata.run(path)
