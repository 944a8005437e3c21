"""What is recorded to the disk: the same Result in every format, after a crash a prefix of it, and no mistake loses it."""

import copy
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim.commands import cli
from brainsim.engine.recorders import stream as stream_module
from brainsim.results.streams import folder as folder_module
from brainsim.results.streams.conversion import convert
from brainsim.results.streams.folder import Folder

NEEDS = {".h5": "h5py", ".nwb": "pynwb", ".parquet": "pyarrow"}
STEPS = 100  # of a chunk


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    """Write to a new folder, in many short chunks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("brainsim.engine.progress.Pace.steps", lambda self, left: min(left, STEPS))
    return tmp_path


def network(plastic=False):
    a = bs.Population(40, bs.LIF(), name="a", initial={"v": bs.Uniform(-65.0, -55.0)})
    b = bs.Population(30, bs.LIF(), name="b", initial={"v": bs.Uniform(-65.0, -55.0)})
    net = bs.Network(seed=1)
    rule = {"plasticity": bs.STDP(w_max=2.0)} if plastic else {}
    net.connect(a, b, bs.FixedIndegree(5), weight=1.0, delay=1.5, synapse=bs.Delta(), name="ab", **rule)
    net.stimulate(a, bs.PoissonInput(rate=10_000.0, weight=0.3, synapse=bs.Delta()), name="noise")
    return net


def requests(net):
    a, b = net.populations["a"], net.populations["b"]
    traces = [bs.Trace(a[:3], "v", every=0.7), bs.Trace(b, "v", every=1.0, start=20.0, stop=60.0, reduce="mean")]
    return traces + [bs.WeightTrace(p, synapses=4, every=10.0, bins=3) for p in net.projections if p.plasticity]


def simulation(net=None, **settings):
    net = net or network()
    return bs.Simulation(net, seed=2, record=requests(net), **settings)


def run(net=None, duration=100.0, **settings):
    net = net or network()
    return bs.simulate(net, duration, seed=2, record=requests(net), **settings)


def same(a, b, state=True, silent=False):
    for field in ("spikes", "traces", "weights"):
        assert dict(getattr(a, field)) == dict(getattr(b, field)), field
    for field in ("start", "duration", "dt", "seed", "populations", "views", "thresholds", "resets"):
        assert getattr(a, field) == getattr(b, field), field
    if state:
        for name, variables in a.state.variables.items():
            for variable, values in variables.items():
                assert np.array_equal(values, b.state.variables[name][variable])
    assert silent or sum(map(len, a.spikes.values())) > 0
    return True


def formats():
    return [pytest.param(suffix, id=suffix.strip("./") or "folder") for suffix in (".npz", ".h5", ".parquet", ".nwb", "/")]


class TestSameResult:
    @pytest.mark.parametrize("suffix", formats())
    def test_in_every_format(self, suffix):
        if suffix in NEEDS:
            pytest.importorskip(NEEDS[suffix])
        whole = run()
        same(run(to=f"run{suffix}"), whole)
        assert os.listdir() == ["run" if suffix == "/" else f"run{suffix}"]
        loaded = bs.Result.load(f"run{suffix}")
        if suffix == ".nwb":  # counts in seconds, so that times off the grid of dt are rounded
            assert loaded.spikes["a"].ids.tolist() == whole.spikes["a"].ids.tolist()
            np.testing.assert_allclose(loaded.spikes["a"].times, whole.spikes["a"].times, rtol=1e-12)
        else:
            same(loaded, whole)

    @pytest.mark.parametrize("suffix", formats()[:3])
    def test_synapses_that_learn(self, suffix):
        if suffix in NEEDS:
            pytest.importorskip(NEEDS[suffix])
        whole = run(network(plastic=True))
        same(run(network(plastic=True), to=f"run{suffix}"), whole)
        same(bs.Result.load(f"run{suffix}"), whole)
        assert whole.weights["ab"].times.tolist() == [10.0 * k for k in range(11)]
        assert np.ptp(whole.weights["ab"].values, axis=0).max() > 0

    @pytest.mark.usefixtures("more_partitions")
    @pytest.mark.parametrize("threads", [1, 2, 3])
    def test_threads(self, threads):
        run(to="run/", threads=threads)
        same(bs.Result.load("run"), run(threads=1))

    def test_pieces_and_reset(self):
        sim, other = simulation(to="run.npz"), simulation()
        pieces = [sim.run(30.0), sim.run(0.1), sim.run(69.9, every=7.0, callback=lambda sim: sim.result())]
        for piece, of_other in zip(pieces, [other.run(30.0), other.run(0.1), other.run(69.9)], strict=True):
            same(piece, of_other, silent=piece.duration < 1.0)
        same(sim.result(), other.result())
        first = pieces[0].traces["a", "v"].values.copy()
        sim.reset()
        assert sim.result().duration == 0.0
        sim.run(50.0)
        assert np.array_equal(pieces[0].traces["a", "v"].values, first)  # results of before stay as they are
        same(sim.close(), run(duration=50.0))
        same(bs.Result.load("run.npz"), run(duration=50.0))

    def test_a_piece_without_a_sample_of_weights(self):
        sim = simulation(network(plastic=True), to="run.npz")
        assert [sim.run(5.0).weights["ab"].values.shape for _ in range(3)] == [(1, 4), (1, 4), (0, 4)]
        sim.close()

    def test_from_a_state(self):
        state = run(duration=40.0).state
        net = network()
        later = bs.simulate(net, 60.0, record=requests(net), state=state)
        net = network()
        same(bs.simulate(net, 60.0, record=requests(net), state=state, to="run/"), later)
        same(bs.Result.load("run"), later)

    def test_spike_times_within_a_step(self):
        class Precise(bs.LIF):
            interpolate = True

        def lif():
            cells = bs.Population(20, Precise(), name="a", initial={"v": bs.Uniform(-65.0, -55.0)})
            net = bs.Network(seed=1)
            net.connect(cells, cells, bs.FixedIndegree(2), weight=0.5, delay=1.5, synapse=bs.Delta())
            net.stimulate(cells, bs.CurrentInput(400.0))
            return net

        whole = bs.simulate(lif(), 100.0, seed=1)
        same(bs.simulate(lif(), 100.0, seed=1, to="run/"), whole)
        assert np.ptp(whole.spikes["a"].times * 10 % 1.0) > 0.1
        same(bs.Result.load("run"), whole)

    def test_spikes_of_some_cells(self):
        net = network()
        kept = [net.populations["a"][5:9], bs.SpikeRecord(net.populations["b"], start=50.0, stop=80.0)]
        whole = bs.simulate(net, 100.0, seed=2, spikes=kept)
        streamed = bs.simulate(net, 100.0, seed=2, spikes=kept, to="run/")
        same(streamed, whole)
        assert os.path.getsize("run/spikes.step.u4") == 4 * sum(map(len, whole.spikes.values()))
        assert bs.simulate(net, 10.0, seed=2, spikes=False, to="none/").spikes == {}

    def test_a_copy_records_in_memory(self):
        sim = simulation(to="run.npz")
        sim.run(40.0)
        other = copy.deepcopy(sim)
        sim.run(60.0)
        other.run(60.0)
        assert other.result().start == 40.0
        assert other.result().spikes["a"] == sim.result().spikes["a"].between(40.0)
        assert other.close().duration == 60.0  # nothing to close
        same(sim.close(), run())

    def test_a_simulation_that_never_ran(self):
        with simulation(to="run.npz") as sim:
            assert sim.result().duration == 0.0
        assert bs.Result.load("run.npz").populations == {"a": 40, "b": 30}

    def test_recorders_from_outside_stay_in_memory(self):
        from tests.engine.test_extensions import CellsAbove

        net = network()
        result = bs.simulate(net, 100.0, seed=2, record=[CellsAbove("a", -60.0)], to="run.npz")
        assert result.stats["above"] == bs.simulate(net, 100.0, seed=2, record=[CellsAbove("a", -60.0)]).stats["above"]
        assert bs.Result.load("run.npz").stats["above"] == result.stats["above"]

    def test_memory_of_traces_is_not_needed(self, monkeypatch):
        monkeypatch.setattr("brainsim.engine.estimate.free_memory", lambda: 10_000_000_000)
        net = network()
        everything = [bs.Trace(net.populations["a"], "v")]
        with pytest.raises(MemoryError, match="Trace: a.v of 40 cells"):
            bs.Simulation(net, record=everything).run(1e7)
        sim = bs.Simulation(net, record=everything, to="run/")
        with pytest.raises(ZeroDivisionError):
            sim.run(1e7, every=10.0, callback=lambda sim: 1 / 0)
        assert sim.result().duration == 10.0


class TestLazy:
    def test_spikes_are_made_when_they_are_looked_at(self, monkeypatch):
        run(to="run/")
        monkeypatch.setattr(folder_module.Columns, "spikes", lambda *_: pytest.fail("read too early"))
        result = bs.Result.load("run")
        assert list(result.spikes) == ["a", "b"]
        assert result.populations == {"a": 40, "b": 30}

    def test_samples_are_mapped(self):
        run(to="run/")
        base = values = bs.Result.load("run").traces["a", "v"].values
        while getattr(base, "base", None) is not None and not isinstance(base, np.memmap):
            base = base.base
        assert isinstance(base, np.memmap) or type(base).__name__ == "mmap"
        assert not values.flags.writeable

    def test_many_populations_are_sorted_in_parts(self, monkeypatch):
        whole = run()
        for group in (1, 16 * len(whole.spikes["a"]), 1 << 28):
            monkeypatch.setattr(folder_module, "GROUP", group)
            monkeypatch.setattr("brainsim.results.streams.columns.BLOCK", 37)
            run(to="run.npz")
            same(bs.Result.load("run.npz"), whole)


CHILD = """
import sys
import brainsim as bs
from brainsim.engine import progress
from tests.engine.test_streams import simulation
progress.WANTED = 0.002
simulation(to=sys.argv[1]).run(1e7)
"""


class TestCrash:
    """A run that is killed leaves what was committed."""

    def _killed(self, chance, name):
        child = subprocess.Popen([sys.executable, "-c", CHILD, name], env=os.environ | {"PYTHONPATH": _root()})
        log = Path(f"{name}.part/commits.jsonl")
        while not (log.exists() and log.stat().st_size):
            assert child.poll() is None
            time.sleep(0.005)
        time.sleep(0.3 * chance.random())
        child.send_signal(signal.SIGKILL)
        child.wait()
        return Path(f"{name}.part")

    def _check(self, chance, trials):
        whole = None
        for trial in range(trials):
            part = self._killed(chance, f"run{trial}.npz")
            committed = json.loads((part / "commits.jsonl").read_bytes().split(b"\n")[-2])
            held = Folder(part)
            assert held.step == committed["step"]
            if whole is None or whole.step < held.step:
                shutil.rmtree("whole", ignore_errors=True)
                simulation(to="whole/").run(duration := 2 * held.step * 0.1)
                assert duration > 0
                whole = Folder(Path("whole.part"))
                shutil.move("whole.part", "whole")
                whole = Folder(Path("whole"))
            for name, rows in held.rows.items():
                column = next(c for c in held.header["columns"] if c["name"] == name)
                size = rows * column["width"] * np.dtype(column["kind"]).itemsize
                assert (part / name).read_bytes()[:size] == (Path("whole") / name).read_bytes()[:size]
            loaded = bs.Result.load(part)
            assert loaded.state is None
            same(loaded, run(duration=loaded.duration), state=False)
            assert cli.main(["convert", str(part), f"run{trial}.npz"]) == 0
            same(bs.Result.load(f"run{trial}.npz"), loaded, state=False)

    def test_kill(self):
        self._check(random.Random(1), 2)

    @pytest.mark.slow
    def test_thirty_kills(self):
        self._check(random.Random(2), 30)

    def test_torn_lines_and_bytes_behind_the_last_commit(self):
        sim = simulation(to="run.npz")
        sim.run(100.0)
        part = Path("run.npz.part")
        text = (part / "commits.jsonl").read_bytes()
        lines = text.split(b"\n")[:-1]
        assert len(lines) == 10
        before = run(duration=90.0)
        for cut in range(1, len(lines[-1]) + 1, 7):
            (part / "commits.jsonl").write_bytes(text[:-cut])
            same(bs.Result.load(part), before, state=False)
        (part / "commits.jsonl").write_bytes(text[: len(lines[0]) // 2])
        assert bs.Result.load(part).duration == 0.0
        (part / "commits.jsonl").write_bytes(text)
        with (part / "spikes.step.u4").open("ab") as file:
            file.write(b"behind")
        same(bs.Result.load(part), run(), state=False)

    @pytest.mark.parametrize("damage", ["changed", "short"])
    def test_loss_of_power(self, damage):
        """The log may survive bytes that it vouches for: the sums show it."""
        simulation(to="run.npz").run(100.0)
        part = Path("run.npz.part")
        column = part / "trace.0.f8"
        data = bytearray(column.read_bytes())
        row = 3 * 8
        if damage == "changed":
            data[72 * row + 3] ^= 1  # a sample at 50.4 ms
        else:
            del data[72 * row :]
        column.write_bytes(data)
        with pytest.warns(UserWarning, match=r"is damaged after 50 of 100 ms"):
            loaded = bs.Result.load(part)
        same(loaded, run(duration=50.0), state=False)

    def test_a_stream_is_continued(self):
        """What `Stream.reopen` is for: a checkpoint knows the rows, and the run goes on from there."""
        from brainsim.engine.target import Target

        sim = simulation(to="run/")
        sim.run(40.0)
        state, rows = sim.result().state, sim._stream.commit()
        sim.run(33.0)
        sim._stream.close()
        net = network()
        again = bs.Simulation(net, record=requests(net), state=state, to=Target.continued("run/", rows))
        assert again.result().duration == 40.0
        again.run(60.0)
        same(again.close(), run())
        run(to="whole/")
        for name in rows:
            assert Path("run", name).read_bytes() == Path("whole", name).read_bytes()


def _root():
    return str(Path(bs.__file__).parents[1])


class TestErrors:
    """Everything that goes wrong is named, and what was recorded is still in hand."""

    @pytest.mark.parametrize("failing", [1, 3, 4, 9, 21, 26])
    def test_disk_full(self, failing, monkeypatch):
        writes, original = [], stream_module._write_all

        def full(file, data):
            writes.append(1)
            if len(writes) >= failing and "header" not in file.name:
                original(file, data[: len(data) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            original(file, data)

        sim = simulation(to="run.npz")
        message = r"stream: 'run.npz.part': No space left on device; what was .* is in it"
        with monkeypatch.context() as here:
            here.setattr(stream_module, "_write_all", full)
            with pytest.raises(OSError, match=message) as error:
                sim.run(100.0)
        assert error.value.errno == errno.ENOSPC
        done = 10.0 * ((failing - 1) // 5)  # four columns and a line in each chunk
        loaded, kept = bs.Result.load("run.npz.part"), sim.result()
        assert loaded.duration == kept.duration == done
        if done:
            same(loaded, run(duration=done), state=False)
            same(kept, loaded, state=False)
        sim.reset()
        sim.run(100.0)
        same(sim.close(), run())

    def test_a_small_disk(self, tmp_path):
        disk = tmp_path / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True)
        if mounted.returncode:
            pytest.skip("no file system can be mounted here")
        try:
            sim = simulation(to=disk / "run.npz")
            with pytest.raises(OSError, match="No space left on device"):
                sim.run(10_000.0)
            loaded = bs.Result.load(disk / "run.npz.part")
            assert loaded.duration > 0
            same(loaded, run(duration=loaded.duration), state=False)
            with pytest.raises(OSError, match="No space left") as error:  # the file that is made of it has no room either
                sim.close()
            assert "everything that was recorded is in" in error.value.__notes__[0]
            assert "run.npz" not in os.listdir(disk)
            same(convert(disk / "run.npz.part", "run.npz") and bs.Result.load("run.npz"), loaded, state=False)
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)

    @pytest.mark.parametrize("how", [shutil.rmtree, lambda folder: os.rename(folder, "elsewhere")])
    def test_folder_gone(self, how):
        sim = simulation(to="run.npz")
        sim.run(50.0)
        how("run.npz.part")
        with pytest.raises(
            FileNotFoundError, match=r"was removed or renamed during the run; what .* 50 ms is in sim.result"
        ):
            sim.run(50.0)
        same(sim.result(), run(duration=50.0), state=False)
        sim.result().save("saved.npz")
        same(bs.Result.load("saved.npz"), run(duration=50.0), state=False)

    def test_open_elsewhere(self):
        sim = simulation(to="run.npz")
        sim.run(10.0)
        with pytest.raises(BlockingIOError, match=r"'run.npz.part' is being written by another run"):
            run(to="run.npz")
        same(sim.close(), run(duration=10.0))

    def test_a_run_that_did_not_end_is_not_overwritten(self):
        sim = simulation(to="run.npz")
        sim.run(10.0)
        sim._stream.close()
        with pytest.raises(FileExistsError, match=r"there is 'run.npz.part' of a run that did not end. `brainsim convert"):
            run(to="run.npz")
        assert bs.Result.load("run.npz.part").duration == 10.0

    def test_an_error_in_a_callback(self):
        with pytest.raises(ZeroDivisionError) as error:
            run(to="run.npz", every=40.0, callback=lambda sim: 1 / 0)
        assert "error.simulation.result(), and in 'run.npz.part'" in error.value.__notes__[0]
        same(error.value.simulation.result(), run(duration=40.0))
        same(bs.Result.load("run.npz.part"), run(duration=40.0), state=False)

    def test_ctrl_c(self):
        with pytest.warns(UserWarning, match="stopped by Ctrl-C after 40 of 100 ms"):
            run(to="run.npz", every=40.0, callback=lambda sim: signal.raise_signal(signal.SIGINT))
        same(bs.Result.load("run.npz"), run(duration=40.0))

    def test_what_exists_is_replaced_when_the_new_one_is_complete(self):
        run(duration=20.0, to="run.npz")
        sim = simulation(to="run.npz")
        sim.run(30.0)
        assert bs.Result.load("run.npz").duration == 20.0
        sim.close()
        assert bs.Result.load("run.npz").duration == 30.0
        for duration in (20.0, 30.0):
            run(duration=duration, to="raw/")
        assert bs.Result.load("raw").duration == 30.0
        assert sorted(os.listdir()) == ["raw", "run.npz"]

    def test_closed(self):
        with simulation(to="run.npz") as sim:
            sim.run(10.0)
        assert sim.close() is sim.result()
        for do in (lambda: sim.run(1.0), sim.reset):
            with pytest.raises(RuntimeError, match="Simulation: is closed, and its results are in 'run.npz'"):
                do()

    def test_a_wrong_run_leaves_nothing(self):
        with pytest.raises(ValueError, match="duration"):
            run(duration=0.05, to="run.npz")
        net = network()
        net.populations["a"]
        with pytest.raises(ValueError, match="run.every"):
            simulation(net, to="run.npz").run(10.0, every=0.25, callback=print)
        assert os.listdir() == []


MISTAKES = [
    (3, TypeError, r"simulate.to: must be the name of a file, e.g. 'run.h5' \(got 3\)"),
    ("run", ValueError, r"simulate.to: must end in .h5, .npz, .nwb or .parquet, or in / .* \(got 'run'\)"),
    ("run.csv", ValueError, "simulate.to: must end in"),
    ("nowhere/run.npz", FileNotFoundError, "simulate.to: there is no folder 'nowhere'"),
    ("nowhere/run/", FileNotFoundError, "simulate.to: there is no folder 'nowhere'"),
    ("folder.npz", IsADirectoryError, "simulate.to: 'folder.npz' is a folder; name a file in it"),
    ("folder.npz/", FileExistsError, "simulate.to: 'folder.npz' exists and is not the folder of a run; it is not replaced"),
    ("/", ValueError, "simulate.to: must be the name of a file or of a new folder"),
    ("run.h5", ImportError, r"simulate.to: needs h5py.*; pip install 'brainsim\[hdf5\]'"),
    ("run.parquet", ImportError, r"simulate.to: needs pyarrow.*; pip install 'brainsim\[parquet\]'"),
]


@pytest.mark.parametrize(("to", "kind", "message"), MISTAKES)
def test_mistakes(to, kind, message, monkeypatch):
    for package in ("h5py", "pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, package, None)
    os.mkdir("folder.npz")
    Path("folder.npz/mine.txt").write_text("mine")
    monkeypatch.setattr("brainsim.engine.simulation.Synapses", lambda *_: pytest.fail("built before the check"))
    with pytest.raises(kind, match=message):
        run(to=to)
    assert os.listdir() == ["folder.npz"]


LOADING = [
    ({}, "is a folder"),
    ({"header.json": "{}"}, "is damaged"),
    ({"header.json": "no"}, "is damaged"),
    ({"commits.jsonl": ""}, "holds nothing"),
    ({"header.json": '{"format": 99, "columns": []}'}, "newer brainsim: format 99"),
]


@pytest.mark.parametrize(("files", "message"), LOADING)
def test_folders_that_hold_no_run(files, message):
    os.mkdir("run")
    for name, text in files.items():
        Path("run", name).write_text(text)
    with pytest.raises(ValueError, match=message):
        bs.Result.load("run")


class TestConvert:
    def test_between_formats(self, capsys):
        pytest.importorskip("h5py")
        whole = run(to="a.npz")
        assert cli.main(["convert", "a.npz", "b.h5"]) == 0
        assert "saved       b.h5" in capsys.readouterr().out
        assert cli.main(["convert", "b.h5", "c.npz"]) == 0
        same(bs.Result.load("c.npz"), whole)

    def test_mistakes(self, capsys):
        assert cli.main(["convert", "a.npz", "b.npz"]) == 2
        assert "convert: there is no 'a.npz'" in capsys.readouterr().err
        assert cli.main(["convert", "a.npz", "b.txt"]) == 2
        assert "convert: must end in .h5" in capsys.readouterr().err


class TestReaders:
    """What other programs read."""

    def test_libsonata_and_bmtk(self):
        libsonata = pytest.importorskip("libsonata")
        whole = run(to="run.h5")
        for name in ("a", "b"):
            found = libsonata.SpikeReader("run.h5")[name].get_dict()
            assert np.array_equal(found["timestamps"], whole.spikes[name].times)
            assert np.array_equal(found["node_ids"], whole.spikes[name].ids)
        report = libsonata.ElementReportReader("run.h5")["a"]
        frames = report.get()
        v = whole.traces["a", "v"]
        np.testing.assert_allclose(frames.times, v.times, rtol=1e-9)
        np.testing.assert_allclose(frames.data, v.values, rtol=1e-6)
        assert report.data_units == "mV"
        assert list(report.get_node_ids()) == [0, 1, 2]
        bmtk = pytest.importorskip("bmtk.utils.reports.spike_trains")
        trains = bmtk.SpikeTrains.from_sonata("run.h5", population="a")
        assert np.array_equal(np.sort(trains.get_times(3)), whole.spikes["a"].of(3).times)

    def test_tables(self):
        pandas = pytest.importorskip("pandas")
        pytest.importorskip("pyarrow")
        whole = run(to="run.parquet")
        table = pandas.read_parquet("run.parquet/spikes.parquet")
        assert (table.population == "b").sum() == len(whole.spikes["b"])
        v = pandas.read_parquet("run.parquet/a.v.parquet")
        assert np.array_equal(v["2"], whole.traces["a", "v"].values[:, 2])
