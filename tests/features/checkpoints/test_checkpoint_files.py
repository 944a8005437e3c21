"""Files of checkpoints: of which network they are, and what is in them when a disk is full or bytes are damaged."""

import os

import numpy as np
import pytest

import brainsim as bs
from brainsim.core.files import previous
from brainsim.features.checkpoints import file, saving
from tests.helpers.runs.checkpointed import assert_equal, full_disk, loaded, network, simulation


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.ckpt"


MISMATCHES = [
    ({"seed": 5}, "seed of the network"),
    ({"weight": 21.0}, "weight of projection 'wires'"),
    ({"weight": bs.Normal(20.0, 1.0)}, "weight of projection 'wires'"),
    ({"delay": 1.6}, "delay of projection 'wires'"),
    ({"rule": bs.FixedIndegree(6)}, "rule of projection 'wires'"),
    ({"w_max": 41.0}, "plasticity of projection 'plastic'"),
    ({"n": 51}, "number of cells of population 'cells'"),
    ({"v_th": -54.0}, "v_th of population 'cells'"),
    ({"v_th": bs.Uniform(-55.0, -54.0)}, "v_th of population 'cells'"),
    ({"rate": 6001.0}, "rate of input 'noise'"),
    ({"rate": "6000 + 1*t"}, "rate of input 'noise'"),
    ({"amplitude": 10.0}, "added: input 'current'"),
    ({"tau": 3.0}, "synapse of projection 'wires'"),
    ({"positions": True}, "positions of population 'cells'"),
]


class TestOfAnotherNetwork:
    @pytest.fixture(scope="class")
    @staticmethod
    def saved(tmp_path_factory):
        sim = bs.Simulation(network(), seed=2)
        sim.run(5.0)
        sim.set("noise", rate=2500.0)
        return sim.save(tmp_path_factory.mktemp("saved") / "run.ckpt")

    @pytest.mark.parametrize(("change", "named"), MISMATCHES)
    def test_is_refused_by_name(self, saved, change, named):
        with pytest.raises(ValueError, match=f"of another network: .*{named}"):
            bs.Simulation.load(network(**change), saved)

    def test_that_lacks_a_part(self, tmp_path):
        path = bs.Simulation(network(amplitude=1.0), seed=2).save(tmp_path / "a.ckpt")
        with pytest.raises(ValueError, match=r"of another network: missing: input 'current'\. Build"):
            bs.Simulation.load(network(), path)

    def test_named_differences_are_all_that_differ(self, saved):
        with pytest.raises(ValueError, match=r"network: rate of input 'noise'; delay of projection 'wires'\. Build"):
            bs.Simulation.load(network(rate=1.0, delay=3.0), saved)

    @pytest.mark.parametrize(
        ("setting", "message"),
        [
            ({"seed": 3}, r"simulate.seed: must be that of the checkpoint '.*run.ckpt', 2 \(got 3\)"),
            ({"dt": 0.2}, r"simulate.dt: must be that of the checkpoint .*, 0.1 ms \(got 0.2 ms\)"),
            ({"precision": "single"}, r"simulate.precision: .* double \(got single\)"),
            ({"duration": 4.0}, r"simulate.duration: the checkpoint is already at 5 ms of the run \(got 4 ms\)"),
        ],
    )
    def test_settings_of_the_run(self, saved, setting, message):
        arguments = {"duration": 10.0, "seed": 2} | setting
        with pytest.raises(ValueError, match=message):
            bs.simulate(network(), checkpoint=saved, resume=True, **arguments)

    def test_changes_by_set_are_no_mismatch(self, saved):
        assert bs.Simulation.load(network(), saved).time == 5.0

    def test_another_machine_is_only_a_warning(self, saved, monkeypatch):
        versions = saving.versions() | {"numpy": "9.9", "processor": "abacus"}
        monkeypatch.setattr(saving, "versions", lambda: versions)
        with pytest.warns(
            UserWarning, match=r"the last bits may differ \(numpy .* then, 9.9 now, processor .*, abacus now\)"
        ):
            bs.Simulation.load(network(), saved)


class TestTheFile:
    def test_the_last_two_are_kept(self, path):
        sim = simulation()
        for _ in range(3):
            sim.run(5.0)
            assert sim.save(path) == path
        assert sorted(p.name for p in path.parent.iterdir()) == ["run.ckpt", "run.ckpt.previous"]
        assert (file.read(path).state.step, file.read(previous(path)).state.step) == (150, 100)

    def test_nothing_is_left_if_a_kill_made_the_last_two_one_file(self, path):
        """Between the two renames of a save both names are those of one file, which a later rename would leave alone."""
        sim = simulation()
        sim.run(5.0)
        sim.save(path)
        os.link(path, previous(path))
        sim.run(5.0)
        sim.save(path)
        assert sorted(p.name for p in path.parent.iterdir()) == ["run.ckpt", "run.ckpt.previous"]

    @pytest.mark.parametrize("damage", ["half", "empty", "gone", "bit"])
    def test_damaged_one_gives_way_to_the_one_before(self, path, damage):
        sim = simulation()
        sim.run(5.0)
        sim.save(path)
        sim.run(5.0)
        sim.save(path)
        content = path.read_bytes()
        if damage == "gone":
            path.unlink()
        elif damage == "bit":
            at = content.index(b"state/state/cells/v.npy") + 250
            path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        else:
            path.write_bytes(content[: len(content) // 2 if damage == "half" else 0])
        with pytest.warns(UserWarning, match=r"continuing from the checkpoint before, '.*run.ckpt.previous', at 5 ms"):
            again = loaded(path)
        again.run(5.0)
        assert_equal(again.result(), sim.result())

    def test_both_damaged(self, path):
        path.write_bytes(b"PK")
        previous(path).write_bytes(b"")
        with pytest.raises(ValueError, match=r"Simulation.load: '.*run.ckpt' is not a readable brainsim checkpoint"):
            loaded(path)

    def test_there_is_none(self, path):
        with pytest.raises(FileNotFoundError, match=r"Simulation.load: there is no file '.*run.ckpt'"):
            loaded(path)

    def test_result_is_no_checkpoint(self, path):
        result = bs.simulate(network(), 5.0, seed=2).save(path.with_suffix(".npz"))
        with pytest.raises(ValueError, match="it contains a Result"):
            loaded(result)

    def test_folder_that_does_not_exist(self, tmp_path):
        sim = simulation()
        with pytest.raises(FileNotFoundError, match="Simulation.save.path: there is no folder"):
            sim.save(tmp_path / "nowhere" / "run.ckpt")
        assert sim.run(5.0).duration == 5.0

    def test_a_full_disk_leaves_the_earlier_one(self, path, monkeypatch):
        sim = simulation()
        sim.run(5.0)
        sim.save(path)
        before = path.read_bytes()
        sim.run(5.0)
        monkeypatch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space left"):
            sim.save(path)
        monkeypatch.undo()
        assert path.read_bytes() == before
        assert [p.name for p in path.parent.iterdir()] == ["run.ckpt"]
        assert sim.run(5.0).stop == 15.0

    def test_states_that_are_not_finite_are_not_saved(self, path):
        sim = simulation()
        sim.state["cells"]["v"][3] = np.inf
        with pytest.raises(ValueError, match=r"cells.v: Simulation.save: a variable is not finite \(cell 3: inf\)"):
            sim.save(path)
        assert not path.exists()

    def test_run_that_failed_is_not_saved(self, path):
        sim = simulation()
        sim._run.failed = True
        with pytest.raises(RuntimeError, match="failed half-way"):
            sim.save(path)

    def test_holds_no_pickles(self, path):
        sim = simulation()
        sim.set("noise", weight=bs.Normal(30.0, 1.0))
        sim.save(path)
        with np.load(path, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype.kind in "iufUb" for name in arrays.files)
