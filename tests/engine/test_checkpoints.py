"""Checkpoints: a run that continues from a file has the bits of one that was not disturbed, and nothing else is accepted."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.checkpoints import file, machine, regular
from brainsim.engine.progress import Pace
from brainsim.engine.run import Run
from brainsim.results import archive

AMPA = bs.Exponential(tau=2.0)


def network(seed=1, *, n=50, weight=20.0, delay=1.5, v_th=-55.0, rate=6000.0, w_max=40.0, **others):
    """Return a network with a kick at time 0, inputs, and synapses that learn."""
    positions = np.arange(n)[:, None] * 10.0 if "positions" in others else None
    model, begin = bs.LIF(v_th=v_th), {"v": bs.Uniform(-65.0, -56.0)}
    cells = bs.Population(n, model, name="cells", initial=begin, positions=positions)
    kick = bs.Population(2, bs.SpikeTrains(times=[0.0, 5.0, 33.0], ids=[0, 1, 0]), name="kick")
    net = bs.Network(seed=seed)
    synapse = bs.Exponential(tau=others.get("tau", 2.0))
    rule = others.get("rule", bs.FixedIndegree(5))
    net.connect(cells, cells, rule, weight=weight, delay=delay, synapse=synapse, name="wires")
    net.connect(
        cells,
        cells,
        bs.FixedIndegree(4),
        weight=15.0,
        delay=2.0,
        synapse=AMPA,
        name="plastic",
        plasticity=bs.STDP(w_max=w_max),
    )
    net.connect(kick, cells, bs.AllToAll(), weight=25.0, delay=1.0, synapse=AMPA, name="kicks")
    net.stimulate(cells, bs.PoissonInput(rate=rate, weight=30.0, synapse=AMPA), name="noise")
    if "amplitude" in others:
        net.stimulate(cells, bs.CurrentInput(others["amplitude"]), name="current")
    return net


def recorded(net):
    """Return what to record: traces and weights."""
    return [
        bs.Trace(net.populations["cells"][:3], "v", every=0.5),
        bs.WeightTrace(net.projections[1], synapses=4, every=7.0),
    ]


def simulation(**settings):
    net = network(**settings)
    return bs.Simulation(net, seed=2, record=recorded(net))


def loaded(path, threads=None, **settings):
    net = network(**settings)
    return bs.Simulation.load(net, path, record=recorded(net), threads=threads)


def assert_equal(a, b):
    """Check that two results hold the same to the last bit, states included."""
    assert (a.start, a.duration) == (b.start, b.duration)
    for name in ("cells", "kick"):
        assert a.spikes[name] == b.spikes[name]
    assert dict(a.traces) == dict(b.traces)
    assert a.weights["plastic", "w"] == b.weights["plastic", "w"]
    assert a.state.network == b.state.network
    assert a.state.step == b.state.step
    for kind in ("variables", "refractory", "arriving", "pending", "extra"):
        assert_same(getattr(a.state, kind), getattr(b.state, kind))


def assert_same(a, b):
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    else:
        assert np.array_equal(a, b), (a, b)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.ckpt"


class TestContinuing:
    @pytest.mark.parametrize("threads", [1, 2])
    @pytest.mark.parametrize("first", [0.0, 0.1, 20.0])
    @pytest.mark.usefixtures("more_partitions")
    def test_has_the_bits_of_the_undisturbed_run(self, path, first, threads):
        whole = simulation()
        if first:
            whole.run(first)
        whole.save(path)
        again = loaded(path, threads)
        whole.run(30.0)
        again.run(30.0)
        assert_equal(again.result(), whole.result())
        assert len(whole.result().spikes["cells"]) > 100

    def test_with_everything_that_set_has_changed(self, path):
        sim = simulation(amplitude=10.0)
        sim.run(20.0)
        sim.set("cells", v_th=-54.0, tau_m=21.5)
        sim.set("noise", rate=np.linspace(1000.0, 3000.0, 50), weight=bs.Normal(30.0, 1.0))
        sim.set("current", amplitude=[5.0, 60.0], times=[0.0, 30.0])
        sim.set("plastic", w=sim.synapses("plastic").weight * 0.9, learning=False)
        sim.run(5.0)
        sim.save(path)
        again = loaded(path, amplitude=10.0)
        for one in (sim, again):
            one.run(20.0)
            one.set("plastic", learning=True)
            one.run(10.0)
        assert_equal(again.result(), sim.result())
        assert not np.array_equal(
            again.run(5.0).spikes["cells"].times, simulation(amplitude=10.0).run(5.0).spikes["cells"].times
        )

    def test_again_and_again(self, path):
        """A checkpoint of a simulation that was loaded itself holds the changes and what was recorded from the beginning."""
        whole = simulation()
        sim = simulation()
        for k in range(4):
            for one in (whole, sim):
                one.run(10.0)
                one.set("noise", rate=2000.0 + 100.0 * k)
            sim.save(path)
            sim = loaded(path)
        assert_equal(sim.result(), whole.result())

    def test_reset_goes_back_to_the_beginning(self, path):
        sim = simulation()
        first = sim.run(20.0)
        sim.set("noise", rate=3000.0)
        sim.save(path)
        again = loaded(path)
        again.run(5.0)
        again.reset()
        assert_equal(again.run(20.0), first)
        assert again.result().start == 0.0

    def test_reset_goes_back_to_the_state_from_which_the_run_began(self, path):
        began = simulation().run(10.0).state
        net = network()
        sim = bs.Simulation(net, state=began)
        sim.run(10.0)
        sim.save(path)
        again = bs.Simulation.load(network(), path)
        assert (again.result().start, again.result().duration) == (10.0, 10.0)
        again.reset()
        sim.reset()
        assert again.time == 10.0
        assert again.run(10.0).spikes["cells"] == sim.run(10.0).spikes["cells"]

    def test_with_synapses_that_were_added_and_removed(self, path):
        sim = simulation()
        sim.run(10.0)
        for name in ("wires", "plastic"):
            sim.rewire(name, remove=[0, 3, 9], pre=[1, 2], post=[7, 8], weight=[10.0, 12.0], delay=2.0)
            sim.run(5.0)
        sim.rewire("plastic", remove=[1])
        sim.set("noise", rate=2500.0)
        sim.run(5.0)
        sim.save(path)
        again = loaded(path)
        sim.run(20.0)
        again.run(20.0)
        assert_equal(again.result(), sim.result())
        for name in ("wires", "plastic"):
            assert np.array_equal(again.synapses(name).weight, sim.synapses(name).weight)
        sim.reset()
        again.reset()
        assert_equal(again.run(10.0), sim.run(10.0))

    def test_synapses_that_were_rewired_before_the_first_step(self, path):
        sim = simulation()
        sim.rewire("plastic", remove=range(40))
        sim.run(20.0)
        sim.save(path)
        again = loaded(path)
        sim.run(20.0)
        again.run(20.0)
        assert_equal(again.result(), sim.result())

    def test_other_things_to_record(self, path):
        sim = simulation()
        sim.run(20.0)
        sim.save(path)
        with pytest.warns(UserWarning, match=r"record=, spikes= or to= are not those .* result\(\) begins at 20 ms"):
            again = bs.Simulation.load(network(), path)
        again.run(10.0)
        assert (again.result().start, again.result().duration) == (20.0, 10.0)
        assert again.result().spikes["cells"] == sim.run(10.0).spikes["cells"]

    def test_nothing_recorded_is_doubled_or_lost_in_single_precision(self, path):
        net = network()
        sim = bs.Simulation(net, seed=2, precision="single")
        sim.run(10.0)
        sim.save(path)
        again = bs.Simulation.load(network(), path)
        sim.run(10.0)
        again.run(10.0)
        assert again.result().spikes["cells"] == sim.result().spikes["cells"]
        assert again.result().stats["precision"] == "single"


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
        versions = machine.versions() | {"numpy": "9.9", "processor": "abacus"}
        monkeypatch.setattr(machine, "versions", lambda: versions)
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
        assert (file.read(path).state.step, file.read(archive.previous(path)).state.step) == (150, 100)

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
        archive.previous(path).write_bytes(b"")
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

    def test_disk_that_is_full_leaves_the_earlier_one(self, path, monkeypatch):
        sim = simulation()
        sim.run(5.0)
        sim.save(path)
        before = path.read_bytes()
        sim.run(5.0)
        monkeypatch.setattr(archive.os, "fsync", _full)
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


def _full(*_):
    raise OSError(28, "No space left on device")


class TestSimulate:
    """Checkpoints at regular times."""

    @pytest.fixture
    def often(self, monkeypatch):
        """Let chunks be short and a checkpoint due after each."""
        monkeypatch.setattr(Pace, "steps", lambda self, left: min(left, 37))
        return {"checkpoint_every": 1e-9}

    def test_same_result_with_and_without(self, path, often):
        net = network()
        bare = bs.simulate(net, 30.0, seed=2, record=recorded(net))
        net = network()
        saved = bs.simulate(net, 30.0, seed=2, record=recorded(net), checkpoint=path, **often)
        assert_equal(saved, bare)
        assert file.read(path).state.step == 300
        assert file.read(archive.previous(path)).state.step == 280

    def test_resumed_to_the_same_end(self, path, often, monkeypatch):
        net = network()
        bare = bs.simulate(net, 30.0, seed=2, record=recorded(net))
        saves = []
        write = bs.Simulation._write

        def stop_after_three(self, to):
            saves.append(self.time)
            write(self, to)
            if len(saves) == 3:
                raise RuntimeError("as if the process had ended here")

        monkeypatch.setattr(bs.Simulation, "_write", stop_after_three)
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

    def test_goes_on_after_the_end(self, path):
        bs.simulate(network(), 10.0, seed=2, checkpoint=path)
        whole = bs.simulate(network(), 25.0, seed=2)
        assert bs.simulate(network(), 25.0, checkpoint=path, resume=True).spikes["cells"] == whole.spikes["cells"]

    def test_never_replaces_an_earlier_run(self, path):
        bs.simulate(network(), 5.0, seed=2, checkpoint=path)
        with pytest.raises(FileExistsError, match=r"simulate.checkpoint: there is a checkpoint .*; resume=True continues"):
            bs.simulate(network(), 5.0, seed=2, checkpoint=path)

    def test_what_can_never_be_written_ends_the_run(self, path, often, monkeypatch):
        monkeypatch.setattr(bs.Simulation, "_write", lambda *_: (_ for _ in ()).throw(ValueError("cannot be written")))
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
    def test_disk_that_is_full_ends_no_run(self, path, often, monkeypatch):
        monkeypatch.setattr(archive.os, "fsync", _full)
        with pytest.warns(UserWarning, match=r"no checkpoint at 3.7 ms: .*No space left on device; the run goes on"):
            result = bs.simulate(network(), 10.0, seed=2, checkpoint=path, **often)
        assert result.duration == 10.0
        assert list(path.parent.iterdir()) == []

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
        assert regular.interval(given, "every") == seconds

    @pytest.mark.parametrize(
        "given", ["10 m", "h", "", "-1 s", -1, 0, "0 s", float("nan"), None, [1, 2], "1 h 30 min", True]
    )
    def test_wrong_intervals(self, given, path):
        with pytest.raises(
            (ValueError, TypeError), match=r"simulate.checkpoint_every: must be .*a text such as '30 s', '10 min'"
        ):
            bs.simulate(network(), 5.0, checkpoint=path, checkpoint_every=given)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"resume": True}, "simulate.resume: continues from a checkpoint; name its file"),
            ({"checkpoint": "nowhere/run.ckpt"}, "simulate.checkpoint: there is no folder"),
            ({"checkpoint": "."}, "is a folder; name a file in it"),
            ({"checkpoint": True}, r"simulate.checkpoint: must be the name of a file such as 'run.ckpt' \(got True\)"),
        ],
    )
    def test_mistakes_come_before_anything_is_built(self, arguments, message, monkeypatch):
        monkeypatch.setattr(bs.Simulation, "_build", None)
        with pytest.raises((ValueError, OSError, TypeError), match=message):
            bs.simulate(network(), 5.0, **arguments)

    def test_wrong_names_of_files(self):
        sim = simulation()
        with pytest.raises(TypeError, match=r"Simulation.save.path: must be the name of a file .* \(got 3\)"):
            sim.save(3)
        with pytest.raises(TypeError, match=r"Simulation.load.path: must be the name of a file .* \(got None\)"):
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
            ValueError, match=r"simulate.to: '.*run.npz' is complete after 10 ms, so a run of 20 ms cannot go on"
        ):
            self.run(path, 20.0)

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
        sim = bs.Simulation(network(), seed=2, to=to)
        sim.run(5.0)
        sim.save(path)
        sim.run(5.0)
        sim._stream.close()  # as if the process had ended here
        again = bs.Simulation.load(network(), path, to=to)
        again.run(10.0)
        assert again.close().spikes["cells"] == bs.simulate(network(), 15.0, seed=2).spikes["cells"]


def test_checkpoint_moves_with_its_copy(path, tmp_path):
    """It is one file that can be copied to another machine."""
    sim = simulation()
    sim.run(5.0)
    copy = Path(shutil.copy(sim.save(path), tmp_path / "elsewhere.ckpt"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert loaded(copy).time == 5.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["memory", "streamed"])
def test_killed_at_random_moments(tmp_path, kills, kind):
    """Resumed after each kill -9, the run and its stream end with the bits of undisturbed ones."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.killed", str(tmp_path), str(kills), "1", kind],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) >= kills
