"""Runs that save themselves: at regular times and on signals, with streams, and killed at random moments."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from unittest.mock import Mock

import pytest

import brainsim as bs
from brainsim.engine.loop.progress import Pace
from brainsim.engine.simulation.run import Run
from brainsim.engine.simulation.settings import interval
from brainsim.features.checkpoints import file, saving
from tests.helpers.runs.checkpointed import assert_equal, full_disk, network, recorded, simulation


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.ckpt"


class TestSimulate:
    @pytest.fixture
    def often(self, monkeypatch):
        """Let chunks be short and a checkpoint due after each."""
        monkeypatch.setattr(Pace, "steps", lambda self, left: min(left, 37))
        return {"checkpoint_every": 1e-9}

    def test_resumed_to_the_same_end(self, path, often, monkeypatch):
        net = network()
        bare = bs.simulate(net, 30.0, seed=2, record=recorded(net))
        saves = []
        write = saving.write

        def stop_after_three(sim, to):
            saves.append(sim.time)
            write(sim, to)
            if len(saves) == 3:
                raise RuntimeError("as if the process had ended here")

        monkeypatch.setattr("brainsim.features.checkpoints.regular.write", stop_after_three)
        for resume in (False, True, True):
            net = network()
            arguments = {"seed": 2, "record": recorded(net), "checkpoint": path, "resume": resume, **often}
            if not resume:
                with pytest.raises(RuntimeError, match="as if"):
                    bs.simulate(net, 30.0, **arguments)
                assert saves == pytest.approx([3.7, 7.0, 10.7])
            else:
                assert_equal(bs.simulate(net, 30.0, **arguments), bare)

    def test_callbacks_come_when_they_would_have_come(self, path, often, monkeypatch):
        """They are counted from the beginning of the run, and none is called again."""

        def change(sim):
            sim.set("noise", rate=3000.0 + 300.0 * sim.time)

        bare = bs.simulate(network(), 30.0, seed=2, every=7.0, callback=change)
        for end in (7.0, 16.5, 28.0, 30.0):
            settings = {"seed": 2, "every": 7.0, "callback": change, "checkpoint": path, "resume": True, **often}
            result = bs.simulate(network(), end, **settings)
        assert result.spikes["cells"] == bare.spikes["cells"]

    def test_resume_without_a_checkpoint_begins(self, path):
        assert bs.simulate(network(), 5.0, seed=2, checkpoint=path, resume=True).start == 0.0

    def test_a_run_that_began_with_a_state_goes_on_to_its_own_end(self, path):
        state = bs.simulate(network(), 10.0, seed=2).state
        bs.simulate(network(), 5.0, state=state, checkpoint=path)
        whole = bs.simulate(network(), 20.0, state=state)
        resumed = bs.simulate(network(), 20.0, checkpoint=path, resume=True)
        assert (resumed.start, resumed.duration) == (10.0, 20.0)
        assert resumed.spikes["cells"] == whole.spikes["cells"]

    def test_never_replaces_an_earlier_run(self, path):
        bs.simulate(network(), 5.0, seed=2, checkpoint=path)
        with pytest.raises(FileExistsError, match=r"simulate.checkpoint: there is a checkpoint .*; resume=True continues"):
            bs.simulate(network(), 5.0, seed=2, checkpoint=path)

    def test_what_can_never_be_written_ends_the_run(self, path, often, monkeypatch):
        failing = Mock(side_effect=ValueError("cannot be written"))
        monkeypatch.setattr("brainsim.features.checkpoints.regular.write", failing)
        with pytest.raises(ValueError, match="cannot be written") as caught:
            bs.simulate(network(), 10.0, seed=2, checkpoint=path, **often)
        assert caught.value.simulation.result().duration == 3.7

    @pytest.mark.filterwarnings("ignore:no checkpoint", "ignore:.*ran away")
    def test_variable_that_is_not_finite_ends_no_run(self, path):
        class Runaway(bs.Neuron):
            equations = "dv/dt = v*v/tau"
            dimensions = False
            v = bs.initial(1.0, "mV", "potential")
            tau = bs.parameter(0.5, "ms", "time constant")

        net = bs.Network(seed=1)
        net.add(bs.Population(1, Runaway(), name="cells"))
        with pytest.warns(UserWarning, match=r"no checkpoint at 20 ms: cells.v: it is not finite \(cell 0: "):
            assert bs.simulate(net, 20.0, seed=2, checkpoint=path).duration == 20.0

    @pytest.mark.filterwarnings("ignore:no checkpoint")
    def test_a_full_disk_ends_no_run(self, path, often, monkeypatch):
        monkeypatch.setattr(os, "fsync", full_disk)
        with pytest.warns(UserWarning, match=r"no checkpoint at 3.7 ms: .*No space left on device; the run continues"):
            result = bs.simulate(network(), 10.0, seed=2, checkpoint=path, **often)
        assert result.duration == 10.0
        assert list(path.parent.iterdir()) == []

    @pytest.mark.filterwarnings("error")
    def test_other_ranks_do_not_warn(self, path, often, monkeypatch):
        monkeypatch.setattr(os, "fsync", full_disk)
        monkeypatch.setattr(bs.Simulation, "rank", 1)
        assert bs.simulate(network(), 5.0, seed=2, checkpoint=path, **often).duration == 5.0

    @pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1"])
    def test_signal_saves_and_ends_with_status_75(self, path, monkeypatch, name):
        if not hasattr(signal, name):
            pytest.skip(f"this system has no {name}")
        monkeypatch.setattr(Pace, "steps", lambda self, left: os.kill(os.getpid(), getattr(signal, name)) or min(left, 50))
        before = signal.getsignal(getattr(signal, name))
        with (
            pytest.warns(UserWarning, match=f"stopped by {name} at 5 ms; resume=True continues"),
            pytest.raises(SystemExit) as end,
        ):
            bs.simulate(network(), 30.0, seed=2, checkpoint=path)
        assert end.value.code == 75
        assert signal.getsignal(getattr(signal, name)) is before
        monkeypatch.undo()
        whole = bs.simulate(network(), 30.0, seed=2)
        assert bs.simulate(network(), 30.0, checkpoint=path, resume=True).spikes["cells"] == whole.spikes["cells"]

    def test_ctrl_c_saves(self, path, monkeypatch):
        monkeypatch.setattr(Pace, "steps", lambda self, left: signal.raise_signal(signal.SIGINT) or min(left, 50))
        with pytest.warns(UserWarning, match="stopped by Ctrl-C after 5 of 30 ms"):
            assert bs.simulate(network(), 30.0, seed=2, checkpoint=path).duration == 5.0
        assert file.read(path).state.step == 50

    def test_in_another_thread(self, path):
        results = []
        thread = threading.Thread(target=lambda: results.append(bs.simulate(network(), 5.0, seed=2, checkpoint=path)))
        thread.start()
        thread.join()
        assert results[0].duration == 5.0
        assert path.exists()

    @pytest.mark.parametrize(
        ("given", "seconds"), [("30 s", 30.0), ("10min", 600.0), (" 1.5 h ", 5400.0), (20, 20.0), ("0.5 sec", 0.5)]
    )
    def test_intervals(self, given, seconds):
        assert interval(given, "every") == seconds

    @pytest.mark.parametrize("given", ["10 m", "h", "", "-1 s", -1, 0, "0 s", float("nan"), [1, 2], "1 h 30 min", True])
    def test_wrong_intervals(self, given, path):
        with pytest.raises(
            (ValueError, TypeError), match=r"simulate.checkpoint_every: must be .*a string such as '30 s', '10 min'"
        ):
            bs.simulate(network(), 5.0, checkpoint=path, checkpoint_every=given)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"resume": True}, "simulate.resume: needs the file of the checkpoints"),
            ({"checkpoint_every": "10 min"}, "simulate.checkpoint_every: needs the file of the checkpoints"),
            ({"checkpoint": "run.h5"}, r"simulate.checkpoint: is written as an .npz, so its name cannot end in .h5"),
            ({"checkpoint": "nowhere/run.ckpt"}, "simulate.checkpoint: there is no folder"),
            ({"checkpoint": "."}, "is a folder; name a file in it"),
            ({"checkpoint": "one.npz", "to": "./one.npz"}, r"simulate.checkpoint: must be another file than that of to= "),
            ({"checkpoint": "a\0b"}, r"simulate.checkpoint: must not contain '\\x00', which no name of a file can have"),
            ({"checkpoint": True}, r"simulate.checkpoint: must be the path of a file, such as 'run.ckpt' \(got True\)"),
        ],
    )
    def test_mistakes_come_before_anything_is_built(self, arguments, message, monkeypatch):
        monkeypatch.setattr(bs.Simulation, "_build", None)
        with pytest.raises((ValueError, OSError, TypeError), match=message):
            bs.simulate(network(), 5.0, **arguments)

    def test_wrong_names_of_files(self):
        sim = simulation()
        with pytest.raises(TypeError, match=r"Simulation.save.path: must be the path of a file.* \(got 3\)"):
            sim.save(3)
        with pytest.raises(ValueError, match=r"Simulation.save.path: is written as an .npz, .* in .h5; write 'x.npz'"):
            sim.save("x.h5")
        with pytest.raises(TypeError, match=r"Simulation.load.path: must be the path of a file.* \(got None\)"):
            bs.Simulation.load(network(), None)

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
    def test_folder_that_cannot_be_written_to(self, tmp_path):
        tmp_path.chmod(0o500)
        with pytest.raises(PermissionError, match="cannot be written to"):
            bs.simulate(network(), 5.0, checkpoint=tmp_path / "run.ckpt")


class TestStreams:
    """A run with ``to=``: the checkpoint holds how much of the stream belongs to it."""

    def run(self, path, duration=10.0, **settings):
        settings |= {"checkpoint": path, "to": path.with_suffix(".npz")}
        return bs.simulate(network(), duration, seed=2, resume=True, **settings)

    def stopped(self, path, monkeypatch):
        """Run until the second checkpoint, and a little further."""
        monkeypatch.setattr(Pace, "steps", lambda self, left: min(left, 20))
        advance, chunks = Run.advance, []

        def stop(run, *arguments):
            chunks.append(advance(run, *arguments))
            if len(chunks) == 3:
                raise RuntimeError("as if the process had ended here")

        monkeypatch.setattr(Run, "advance", stop)
        with pytest.raises(RuntimeError, match="as if"):
            self.run(path, checkpoint_every=1e-9)
        monkeypatch.undo()
        gc.collect()  # the simulation, which holds the folder

    def test_goes_on_where_the_checkpoint_was(self, path, monkeypatch):
        self.stopped(path, monkeypatch)
        assert path.with_suffix(".npz.part").is_dir()
        assert file.read(path).plain.streams["spikes.step.u4"] > 0
        whole = bs.simulate(network(), 10.0, seed=2)
        assert self.run(path).spikes["cells"] == whole.spikes["cells"]
        assert bs.Result.load(path.with_suffix(".npz")).spikes["cells"] == whole.spikes["cells"]
        assert not path.with_suffix(".npz.part").exists()

    def test_ctrl_c_leaves_the_folder_to_go_on(self, path, monkeypatch):
        monkeypatch.setattr(Pace, "steps", lambda self, left: signal.raise_signal(signal.SIGINT) or min(left, 50))
        with pytest.warns(UserWarning, match="stopped by Ctrl-C after 5 of 10 ms"):
            assert self.run(path).duration == 5.0
        monkeypatch.undo()
        assert self.run(path).spikes["cells"] == bs.simulate(network(), 10.0, seed=2).spikes["cells"]

    def test_finished_run_returns_its_file(self, path):
        result = self.run(path)
        assert self.run(path).spikes["cells"] == result.spikes["cells"]
        with pytest.raises(
            ValueError, match=r"simulate.to: '.*run.npz' is complete after 10 ms, so a run of 20 ms cannot continue"
        ):
            self.run(path, 20.0)

    @pytest.mark.thorough
    def test_without_its_folder(self, path, monkeypatch):
        self.stopped(path, monkeypatch)
        shutil.rmtree(path.with_suffix(".npz.part"))
        with pytest.raises(FileNotFoundError, match=r"simulate.to: there is no folder '.*run.npz.part' any more"):
            self.run(path)
        with pytest.warns(UserWarning, match=r"record=, spikes= or to= are not those"):
            rest = bs.simulate(network(), 10.0, checkpoint=path, resume=True)
        assert rest.start == 4.0

    def test_by_hand(self, path):
        to = path.with_name("by hand.npz")
        whole, sim = bs.Simulation(network(), seed=2), bs.Simulation(network(), seed=2, to=to)
        for each in (whole, sim):
            each.run(5.0)
            each.set("noise", rate=5000.0)  # what was changed is applied again, and the stream stays
        sim.save(path)
        sim.run(5.0)
        sim._stream.close()  # as if the process had ended here
        to.write_text("mine")
        with pytest.raises(FileExistsError, match="Simulation.load.to: '.*by hand.npz' exists; overwrite=True replaces it"):
            bs.Simulation.load(network(), path, to=to)
        again = bs.Simulation.load(network(), path, to=to, overwrite=True)
        again.run(10.0)
        whole.run(10.0)
        assert again.close().spikes["cells"] == whole.result().spikes["cells"]

    def test_killed_between_the_file_and_the_end_of_its_folder(self, path, monkeypatch):
        monkeypatch.setattr("brainsim.features.streams.target.remove_folder", lambda *_: None)
        result = self.run(path)
        monkeypatch.undo()
        assert path.with_suffix(".npz.part").is_dir()
        assert self.run(path).spikes["cells"] == result.spikes["cells"]
        assert not path.with_suffix(".npz.part").exists()


@pytest.mark.thorough
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["memory", "streamed"])
def test_killed_at_random_moments(tmp_path, kills, kind):
    """Resumed after each kill -9, the run and its stream end with the bits of undisturbed ones."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.runs.killed", str(tmp_path), str(kills), "1", kind],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) >= kills
