"""What cells are called stays with them: in results, in their files and in pages."""

import copy
import pickle
import re

import numpy as np
import pytest

import brainsim as bs
from brainsim.features.streams.folder import open_stream

NAMES = ["720575940660219265", "AVAL", 'a "name"\nof two lines', "Ganglienzelle für Rot", ""]


def network():
    net, cells = bs.Network(seed=1), bs.Population(5, bs.LIF(), name="cells", names=NAMES)
    net.stimulate(cells, bs.CurrentInput(400.0))
    net.add(bs.Population(3, bs.LIF(), name="others"))
    return net


def of(result):
    assert set(result.names) == {"cells"}
    return result.names["cells"].tolist()


@pytest.mark.parametrize(("suffix", "needed"), [("npz", "numpy"), ("h5", "h5py"), ("parquet", "pyarrow"), ("nwb", "pynwb")])
def test_in_files(tmp_path, suffix, needed):
    pytest.importorskip(needed)
    result = bs.simulate(network(), 20.0, seed=1, to=tmp_path / f"stream.{suffix}")
    assert of(result) == of(bs.Result.load(tmp_path / f"stream.{suffix}")) == NAMES
    again = bs.Result.load(result.save(tmp_path / f"saved.{suffix}"))
    assert of(again) == NAMES
    assert not again.names["cells"].flags.writeable


def test_in_a_run_that_did_not_end(tmp_path):
    sim = bs.Simulation(network(), seed=1, to=tmp_path / "run.npz")
    sim.run(20.0)
    assert of(open_stream(tmp_path / "run.npz.part").result()) == NAMES
    sim.close()


def test_after_changes_and_in_copies():
    net = network()
    sim = bs.Simulation(net, seed=1)
    sim.run(10.0)
    sim.set("cells", v_th=-52.0)
    assert of(sim.run(10.0)) == of(copy.deepcopy(sim).run(10.0)) == NAMES
    cells = pickle.loads(pickle.dumps(net.populations["cells"]))
    assert cells.names.tolist() == NAMES
    given = np.array(["a", "b"])
    kept = bs.Population(2, bs.LIF(), name="kept", names=given).names
    given[0] = "changed"
    assert kept.tolist() == ["a", "b"]


def test_the_bits_do_not_depend_on_them():
    plain = bs.Network(seed=1)
    plain.stimulate(bs.Population(5, bs.LIF(), name="cells"), bs.CurrentInput(400.0))
    plain.add(bs.Population(3, bs.LIF(), name="others"))
    state = bs.simulate(network(), 20.0, seed=1).state
    assert bs.simulate(plain, 20.0, state=state).names == {}  # the state is of the same network


def test_a_brain_gives_its_identifiers(tmp_path):
    brain = bs.connectomes.synthetic(cells=200, edges=2000, seed=1)
    net = bs.connectomes.activate(brain, brain.where(cell_class="taste"), rate=200.0)
    assert net.populations["brain"].names is brain.ids
    result = bs.simulate(net, 50.0, seed=1)
    assert result.names["brain"] is brain.ids
    pytest.importorskip("bokeh")
    page = result.view(tmp_path / "brain.html").read_text(encoding="utf-8")
    fired = result.spikes["brain"].ids
    assert fired.size
    assert {int(cell) for cell in re.findall(r'"(\d+)": ?"s0', page)} == {*fired.tolist()}


def test_a_result_is_checked():
    spikes = bs.Spikes([1.0], [0], n=2, duration=5.0, name="cells")
    given = {"spikes": {"cells": spikes}, "duration": 5.0, "dt": 0.1, "seed": 1}
    with pytest.raises(
        ValueError, match=r"Result.names\['cells'\]: must be a text for each of 2 cells \(got shape \(1,\)\)"
    ):
        bs.Result(**given, names={"cells": ["a"]})
    with pytest.raises(ValueError, match=r"Result.names\['cell'\]: must be a text for each of 0 cells \(got shape \(2,\)\)"):
        bs.Result(**given, names={"cell": ["a", "b"]})
