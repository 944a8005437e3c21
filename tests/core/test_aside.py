"""Writing aside: what killed processes left goes with the next write to the same place, and never what is being written."""

import multiprocessing
import os
import shutil
import signal
import threading
from pathlib import Path

import pytest

import brainsim as bs
from brainsim.core.files import put_folder, remove_leftovers, write_aside, write_folder_aside
from brainsim.results.formats import MODULES
from tests.helpers.modules import need

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def write(path, text="new"):
    with write_aside(path, "save") as aside:
        aside.write_text(text)


def write_folder(path, text="new"):
    with write_folder_aside(path, "save", lambda folder: (folder / "a.txt").is_file()) as aside:
        (aside / "a.txt").write_text(text)


def killed(path, how, moment):
    """Begin to write to `path` in a process that is killed at a certain moment."""
    child = os.fork()
    if child == 0:
        if moment == "between the renames":
            rename = os.rename
            os.rename = lambda old, new: rename(old, new) if Path(old) == path else os.kill(os.getpid(), signal.SIGKILL)
            write_folder(path)
        with how(path, "save", *[bool] * (how is write_folder_aside)) as aside:
            (aside / "a.txt" if how is write_folder_aside else aside).write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


@needs_fork
@pytest.mark.parametrize(("how", "write"), [(write_aside, write), (write_folder_aside, write_folder)])
def test_the_next_write_clears_what_a_killed_process_left(tmp_path, how, write):
    path = tmp_path / ("x" * 250)  # about as long as names may be
    for clear in (remove_leftovers, write):
        killed(path, how, "while it writes")
        assert len(os.listdir(tmp_path)) == 1
        assert not path.exists()
        clear(path)
        assert os.listdir(tmp_path) == [path.name] * (clear is write)


@needs_fork
@pytest.mark.parametrize("suffix", [".npz", *({".h5"} & MODULES.keys())])
def test_reading_clears_what_a_process_left_that_was_killed_at_the_end(tmp_path, suffix):
    """The file is complete, so nothing may ever be written there again."""
    path, replace = tmp_path / f"run{suffix}", os.replace
    net = bs.Network(seed=1)
    net.add(bs.Population(2, bs.LIF(), name="cells"))
    result = bs.simulate(net, 1.0, seed=1)
    child = os.fork()
    if child == 0:
        os.replace = lambda *names: (replace(*names), os.kill(os.getpid(), signal.SIGKILL))
        try:
            result.save(path)
        finally:
            os._exit(1)  # an error must not let a second process go through the other tests
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert sorted(os.listdir(tmp_path)) == [f".run{suffix}.0.tmp", path.name]
    assert bs.Result.load(path).duration == 1.0
    assert os.listdir(tmp_path) == [path.name]


def killed_at(path, run, when, at):
    """Write a folder of columns in a process that is killed when it is "before" or "after" its `at`-th ``os.rename``."""
    child = os.fork()
    if child == 0:
        rename, seen = os.rename, []

        def counted(old, new):
            seen.append(new)
            if len(seen) == at and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            rename(old, new)
            if len(seen) == at:
                os.kill(os.getpid(), signal.SIGKILL)

        os.rename = counted
        try:
            run(2.0, overwrite=path.exists())
        finally:
            os._exit(1)  # an error must not let a second process go through the other tests
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


@needs_fork
def test_reading_a_folder_clears_what_a_process_left_or_brings_back_what_it_was_replacing(tmp_path):
    """A folder of columns is complete when it is renamed, so nothing may ever be written there again."""
    need("streams")
    path = tmp_path / "run"
    net = bs.Network(seed=1)
    net.add(bs.Population(2, bs.LIF(), name="cells"))

    def run(duration, overwrite=False):
        return bs.simulate(net, duration, seed=1, threads=1, to=f"{path}/", overwrite=overwrite)

    killed_at(path, run, "after", 1)
    assert sorted(os.listdir(tmp_path)) == [".run.0.tmp", "run"]
    assert bs.Result.load(path).duration == 2.0
    assert os.listdir(tmp_path) == ["run"]
    shutil.rmtree(path)
    run(1.0)
    killed_at(path, run, "before", 2)
    assert sorted(os.listdir(tmp_path)) == [".run.0.tmp", "run.part"]
    assert bs.Result.load(path).duration == 1.0
    assert sorted(os.listdir(tmp_path)) == ["run", "run.part"]
    assert bs.Result.load(tmp_path / "run.part").duration == 2.0


def test_reading_leaves_what_is_being_written(tmp_path):
    path = tmp_path / "run.npz"
    net = bs.Network(seed=1)
    net.add(bs.Population(2, bs.LIF(), name="cells"))
    bs.simulate(net, 1.0, seed=1).save(path)
    with write_aside(path, "save") as aside:
        aside.write_text("new")
        bs.Result.load(path)
        assert aside.read_text() == "new"


@needs_fork
def test_a_folder_that_was_being_replaced_comes_back(tmp_path):
    path = tmp_path / "run.parquet"
    write_folder(path, "old")
    killed(path, write_folder_aside, "between the renames")
    assert not path.exists()
    remove_leftovers(path)
    assert (path / "a.txt").read_text() == "old"
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("process", [threading.Thread, multiprocessing.get_context("spawn").Process])
def test_two_may_write_to_one_place(tmp_path, process):
    path = tmp_path / "a.npz"
    with write_aside(path, "save") as aside:
        aside.write_text("first")
        other = process(target=write, args=(path, "second"))
        other.start()
        other.join()
        assert path.read_text() == "second"
        assert aside.read_text() == "first"
    assert path.read_text() == "first"
    assert os.listdir(tmp_path) == ["a.npz"]


def test_what_is_not_ours_stays(tmp_path):
    (tmp_path / ".a.npz.0.tmp").write_text("mine")
    write(tmp_path / "a.npz")
    assert sorted(os.listdir(tmp_path)) == [".a.npz.0.tmp", "a.npz"]


def test_an_error_names_the_file_and_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    write(tmp_path / "a.npz", "old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"Errno 28. save: '.*/a.npz' could not be written: No space left on device"):
        write(tmp_path / "a.npz")
    assert os.listdir(tmp_path) == ["a.npz"]
    assert (tmp_path / "a.npz").read_text() == "old"


def test_a_folder_is_put_in_place_or_stays(tmp_path):
    new, path = tmp_path / "new", tmp_path / "run"
    new.mkdir()
    path.mkdir()
    (path / "old.txt").write_text("old")
    put_folder(new, path, "simulate.to")
    assert os.listdir(tmp_path) == ["run"]
    assert os.listdir(path) == []
    with pytest.raises(FileNotFoundError):
        put_folder(new, path, "simulate.to")
    assert os.listdir(tmp_path) == ["run"]
