"""Streams of runs that are killed, and of those whose disk is full or whose files are damaged: nothing is lost."""

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
from brainsim.features.streams import stream as stream_module
from brainsim.features.streams.folder import Folder
from brainsim.features.streams.header import with_checksum
from brainsim.results.formats import convert
from tests.helpers.runs.streamed import NEEDS, STEPS, network, requests, run, same, simulation


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    """Write to a new folder, in many short chunks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("brainsim.engine.loop.progress.Pace.steps", lambda self, left: min(left, STEPS))
    return tmp_path


CHILD = """
import sys
import brainsim as bs
from brainsim.engine.loop import progress
from tests.helpers.runs.streamed import simulation
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
                simulation(to="whole/").run(2 * held.step * 0.1)
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

    @pytest.mark.slow
    @pytest.mark.thorough
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
        with pytest.warns(
            UserWarning, match=r"run.npz.part' is damaged after 50 of 100 ms, in trace.0.f8, perhaps by a loss"
        ):
            loaded = bs.Result.load(part)
        same(loaded, run(duration=50.0), state=False)

    @pytest.mark.parametrize("to", ["run.npz", "run/"])
    @pytest.mark.parametrize("damage", ["changed", "cut", "log"])
    def test_what_is_changed_during_the_run_is_noticed_when_the_file_is_made(self, damage, to):
        """Of a column that is cut, the file system fills the gap with zeros when more is written."""
        sim = simulation(to=to)
        sim.run(50.0)
        part = Path(to.strip("/") + ".part")
        if damage == "changed":
            with (part / "trace.0.f8").open("r+b") as file:
                file.seek(3 * 8 * 30)  # the samples at 21 ms
                file.write(b"other")
        elif damage == "cut":
            os.truncate(part / "spikes.cell.u4", 40)
        else:
            os.truncate(part / "commits.jsonl", 300)
        sim.run(50.0)
        where = {"changed": "after 20 of 100 ms, in trace.0.f8", "cut": "after 0 of 100 ms, in spikes.cell.u4"}
        with pytest.raises(
            ValueError, match=rf"{where.get(damage, 'commits.jsonl')}.*what was recorded is in .*brainsim conv"
        ):
            sim.close()
        assert not Path(to).exists()
        with pytest.warns(UserWarning, match="is damaged after"):
            loaded = bs.Result.load(part)
        assert loaded.duration == {"changed": 20.0, "cut": 0.0}.get(damage, loaded.duration) < 50.0
        same(loaded, run(duration=loaded.duration) if loaded.duration else loaded, state=False, silent=not loaded.duration)

    def test_a_stream_is_continued(self):
        """What `Stream.reopen` is for: a checkpoint knows the rows, and the run continues from there."""
        from brainsim.features.streams.target import Target

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


def test_names_of_files_survive_a_loss_of_power(monkeypatch):
    """The folders are synced too: that of the run after its last new file, and the one in which it is."""
    synced = []
    monkeypatch.setattr(stream_module, "sync_folder", lambda folder: synced.append((folder, sorted(os.listdir(folder)))))
    sim = simulation(to="run/")
    sim.run(1.0)
    files = sorted(os.listdir("run.part"))
    assert (Path("run.part").absolute(), files) in synced
    assert "run.part" in dict(synced)[Path.cwd()]


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
        message = r"stream: '.*/run.npz.part': No space left on device; what was .* is in it"
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
            with pytest.raises(OSError, match="No space left.*what was recorded is in"):  # the file has no room either
                sim.close()
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
        with pytest.raises(
            BlockingIOError, match=r"run.npz.part' is being written by a simulation of this process, which sim"
        ):
            run(to="run.npz")
        child = subprocess.run(
            [sys.executable, "-c", CHILD, "run.npz"],
            env=os.environ | {"PYTHONPATH": _root()},
            capture_output=True,
            text=True,
        )
        assert f"run.npz.part' is being written by another run, process {os.getpid()} on " in child.stderr
        same(sim.close(), run(duration=10.0))

    def test_a_run_that_did_not_end_is_not_overwritten(self):
        sim = simulation(to="run.npz")
        sim.run(10.0)
        sim._stream.close()
        with pytest.raises(FileExistsError, match=r"there is '.*run.npz.part' of a run that did not end. `brainsim convert"):
            run(to="run.npz", overwrite=True)
        assert bs.Result.load("run.npz.part").duration == 10.0

    def test_an_error_in_a_callback(self):
        with pytest.raises(ZeroDivisionError) as error:
            run(to="run.npz", every=40.0, callback=lambda sim: 1 / 0)
        assert "error.simulation.result(), and in '/" in error.value.__notes__[0]
        same(error.value.simulation.result(), run(duration=40.0))
        same(bs.Result.load("run.npz.part"), run(duration=40.0), state=False)

    def test_ctrl_c(self):
        with pytest.warns(UserWarning, match="stopped by Ctrl-C after 40 of 100 ms"):
            run(to="run.npz", every=40.0, callback=lambda sim: signal.raise_signal(signal.SIGINT))
        same(bs.Result.load("run.npz"), run(duration=40.0))

    @pytest.mark.parametrize("to", ["run.npz", "raw/"])
    def test_what_exists_is_replaced_if_asked_when_the_new_one_is_complete(self, to):
        run(duration=20.0, to=to)
        with pytest.raises(
            FileExistsError, match=rf"Simulation.to: '.*/{to.strip('/')}' exists; overwrite=True replaces it"
        ):
            simulation(to=to)
        sim = simulation(to=to, overwrite=True)
        sim.run(30.0)
        assert bs.Result.load(to).duration == 20.0
        sim.close()
        assert bs.Result.load(to).duration == 30.0
        assert os.listdir() == [to.strip("/")]
        with pytest.raises(TypeError, match=r"simulate.overwrite: must be True or False \(got 1\)"):
            run(to=to, overwrite=1)
        with pytest.raises(TypeError, match="simulate.overwrite: is about the file of to=, which is not given"):
            run(overwrite=True)

    def test_two_simulations_with_one_name(self):
        first, second, third = simulation(to="run.npz"), simulation(to="run.npz"), simulation(to="run.npz")
        first.run(10.0)
        with pytest.raises(BlockingIOError, match=r"run.npz.part' is being written by a simulation of this process"):
            second.run(20.0)
        first.close()
        with pytest.raises(FileExistsError, match="run.npz' exists; overwrite=True replaces it"):
            third.run(20.0)
        assert bs.Result.load("run.npz").duration == 10.0

    def test_a_file_that_appeared_during_the_run(self):
        sim = simulation(to="run.npz")
        sim.run(10.0)
        Path("run.npz").write_text("mine")
        with pytest.raises(
            FileExistsError, match=r"run.npz' exists; .*; what was recorded is in '.*/run.npz.part': `brainsim"
        ):
            sim.close()
        assert Path("run.npz").read_text() == "mine"
        same(bs.Result.load("run.npz.part"), run(duration=10.0), state=False)

    def test_a_run_stays_where_it_began_when_the_process_changes_its_folder(self):
        pytest.importorskip("h5py")  # which reads the file again when it is made
        os.mkdir("elsewhere")
        result = run(to="run.h5", every=40.0, callback=lambda sim: os.chdir("elsewhere") if sim.time < 50.0 else None)
        os.chdir("..")
        assert sorted(os.listdir()) == ["elsewhere", "run.h5"]
        assert os.listdir("elsewhere") == []
        same(result, run())

    @pytest.mark.parametrize("suffix", [".npz", ".h5", ".parquet", ".nwb", "/"])
    def test_a_disk_that_is_full_when_the_file_is_made(self, suffix, monkeypatch):
        if suffix in NEEDS:
            pytest.importorskip(NEEDS[suffix])

        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        sim = simulation(to=f"run{suffix}")
        sim.run(10.0)
        target = f"run{suffix}" if suffix != "/" else "run.h5"
        with monkeypatch.context() as here:
            here.setattr("brainsim.core.files._sync", full)
            message = (
                f"No space left on device; what was recorded is in '.*/run.*.part': `brainsim convert .*/{target}` makes"
            )
            with pytest.raises(OSError, match=message) as error:
                sim.close()
        assert error.value.errno == errno.ENOSPC
        assert [name for name in os.listdir() if not name.startswith(".")] == [f"run{suffix.strip('/')}.part"]
        assert cli.main(["convert", f"run{suffix.strip('/')}.part", "later.npz"]) == 0
        same(bs.Result.load("later.npz"), run(duration=10.0), state=False)

    def test_closed(self):
        with simulation(to="run.npz") as sim:
            sim.run(10.0)
        assert sim.close() is sim.result()
        for do in (lambda: sim.run(1.0), sim.reset):
            with pytest.raises(RuntimeError, match="Simulation: is closed, and its results are in '.*/run.npz'"):
                do()

    def test_a_wrong_run_leaves_nothing(self):
        with pytest.raises(ValueError, match="duration"):
            run(duration=0.05, to="run.npz")
        with pytest.raises(ValueError, match="run.every"):
            simulation(to="run.npz").run(10.0, every=0.25, callback=print)
        assert os.listdir() == []


MISTAKES = [
    (3, TypeError, r"simulate.to: must be the path of a file, such as 'run.h5' \(got 3\)"),
    ("run", ValueError, r"simulate.to: must end in .h5, .npz, .nwb or .parquet, or in / .* \(got 'run'\)"),
    ("a\0b.npz", ValueError, r"simulate.to: must not contain '\\x00', which no name of a file can have"),
    ("run.csv", ValueError, "simulate.to: must end in"),
    ("nowhere/run.npz", FileNotFoundError, "simulate.to: there is no folder 'nowhere'"),
    ("nowhere/run/", FileNotFoundError, "simulate.to: there is no folder '.*/nowhere'"),
    ("folder.npz", IsADirectoryError, "simulate.to: 'folder.npz' is a folder; name a file in it"),
    (
        "folder.npz/",
        FileExistsError,
        "simulate.to: '.*/folder.npz' exists and is not the folder of a run; it is not replaced",
    ),
    ("/", ValueError, "simulate.to: must be the name of a file or of a new folder"),
    ("run.h5", ImportError, r"simulate.to: needs h5py.*; pip install h5py"),
    ("run.parquet", ImportError, r"simulate.to: needs pyarrow.*; pip install pyarrow"),
]


@pytest.mark.parametrize(("to", "kind", "message"), MISTAKES)
def test_mistakes(to, kind, message, monkeypatch):
    for package in ("h5py", "pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, package, None)
    os.mkdir("folder.npz")
    Path("folder.npz/mine.txt").write_text("mine")
    monkeypatch.setattr("brainsim.engine.simulation.simulation.Synapses", lambda *_: pytest.fail("built before the check"))
    with pytest.raises(kind, match=message):
        run(to=to)
    assert os.listdir() == ["folder.npz"]


LOADING = [
    ({}, "is a folder"),
    ({"header.json": "{}"}, "header.json' is damaged .its checksum is wrong"),
    ({"header.json": "[]"}, "header.json' is damaged .it is not a dict"),
    ({"header.json": "no"}, "header.json' is damaged"),
    ({"header.json": with_checksum({"begin": 0})}, "header.json' is damaged .completed is missing"),
    ({"header.json": with_checksum({"begin": "0"})}, "header.json' is damaged .begin is '0'"),
    ({"commits.jsonl": ""}, "holds nothing"),
    ({"header.json": '{"format": 99, "columns": []}'}, "newer brainsim: format 99"),
    ({"ranks.json": "{}"}, "ranks.json' is damaged"),
    ({"ranks.json": '{"ranks": 1000000000}'}, "ranks.json' is damaged"),
]


@pytest.mark.parametrize(("files", "message"), LOADING)
def test_folders_that_hold_no_run(files, message):
    os.mkdir("run")
    for name, text in files.items():
        Path("run", name).write_text(text)
    with pytest.raises(ValueError, match=message):
        bs.Result.load("run")
