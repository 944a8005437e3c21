"""Files of results: they come back bit for bit; devices, links and archives that unfold to gigabytes are not trusted."""

import json
import os
import stat
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from brainsim.results import archive
from brainsim.results.formats import MODULES, convert
from brainsim.results.result import Result, Spikes
from brainsim.results.traces import Traces


def small(n=2):
    """Return a result with one spike of `n` cells in ten steps."""
    return Result(spikes={"cells": Spikes([0.5], [0], n=n, duration=1.0, name="cells")}, duration=1.0, dt=0.1, seed=1)


def test_what_is_written_again_replaces_the_file(tmp_path):
    """Only a simulation that is saved keeps the one before."""
    for _ in range(2):
        small().save(tmp_path / "result.npz")
        archive.write_arrays(tmp_path / "arrays.npz", "label", {"a": np.arange(3)}, compress=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["arrays.npz", "result.npz"]


def test_a_conversion_replaces_a_file_only_if_it_is_asked_to(tmp_path):
    source, target = small().save(tmp_path / "result.npz"), tmp_path / "other.npz"
    assert convert(source, target) == target
    with pytest.raises(FileExistsError, match="overwrite=True"):
        convert(source, target)
    convert(source, target, overwrite=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_device_or_a_pipe_is_never_replaced(tmp_path):
    pipe = tmp_path / "pipe.npz"
    os.mkfifo(pipe)
    (tmp_path / "link.npz").symlink_to(pipe)
    for path in (pipe, tmp_path / "link.npz"):
        with pytest.raises(OSError, match="Result.save: '.*' is a device or a pipe; give the name of a file"):
            small().save(path)
        with pytest.raises(ValueError, match="is not a readable brainsim result .it is a folder, a device or a pipe"):
            Result.load(path)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["link.npz", "pipe.npz"]
    with pytest.raises(OSError, match="is a device or a pipe"):
        small().save(os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_a_file_holds_what_the_guide_says(tmp_path):
    """docs/guide/recording.md: arrays that NumPy reads, with a description that names the format; nothing is compressed."""
    small().save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        description = json.loads(str(file["description"]))
        assert (description["kind"], description["version"]) == ("Result", 1)
        assert file["spikes/cells/times"].tolist() == [0.5]
    with zipfile.ZipFile(tmp_path / "a.npz") as file:
        assert {member.compress_type for member in file.infolist()} == {zipfile.ZIP_STORED}


def test_a_folder_is_named(tmp_path):
    with pytest.raises(IsADirectoryError, match="Result.save: '.*' is a folder; name a file in it"):
        small().save(tmp_path)


@pytest.mark.parametrize("name", ["a.csv", "a", "q/", "a.npz/", "a.npz.gz"])
def test_a_file_is_never_written_in_a_format_that_its_name_does_not_say(tmp_path, name):
    with pytest.raises(ValueError, match=r"Result.save: must end in .h5, .npz, .nwb or .parquet \(got '.*'\)"):
        small().save(f"{tmp_path}/{name}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.h5", "a.HDF5", "a.csv", "a.pkl"])
def test_archives_are_not_called_what_they_are_not(tmp_path, name):
    for write in (archive.with_suffix, lambda path, label: archive.write(path, "Network", 1, {}, {}, label=label)):
        with pytest.raises(ValueError, match=rf"net.save: is written as an .npz, .* cannot end in {name[1:].lower()}"):
            write(tmp_path / name, "net.save")
    assert not list(tmp_path.iterdir())
    assert archive.with_suffix("a.b", "net.save").name == "a.b.npz"


def test_a_link_is_kept_and_its_file_replaced(tmp_path):
    (tmp_path / "data").mkdir()
    target, link = tmp_path / "data" / "run.npz", tmp_path / "latest.npz"
    link.symlink_to(target)
    for n in (2, 3):  # a file that is new, and one that is replaced
        assert small(n).save(link) == link
        assert link.is_symlink()
        assert Result.load(target).populations == {"cells": n}
    assert os.listdir(tmp_path / "data") == ["run.npz"]


def unfold(path, member, values):
    """Put an array of zeros into a file, which deflates to a thousandth, without ever holding it."""
    with zipfile.ZipFile(path) as old:
        kept = {name: old.read(name) for name in old.namelist() if name != f"{member}.npy"}
    block = bytes(1 << 20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        for name, content in kept.items():
            zipped.writestr(name, content)
        with zipped.open(f"{member}.npy", "w", force_zip64=True) as stream:
            header = {"descr": "<f8" if member.endswith("times") else "<i8", "fortran_order": False, "shape": (values,)}
            np.lib.format.write_array_header_1_0(stream, header)
            left = 8 * values
            while left:
                left -= stream.write(block[: min(left, len(block))])


@pytest.mark.parametrize("member", ["spikes/cells/times", "spikes/cells/ids"])
def test_an_archive_that_unfolds_to_more_than_its_cells_can_fire_is_rejected(tmp_path, member):
    """200 MB of zeros in 1 MB, in a process that may not take as much: it is rejected before it is read."""
    path = small().save(tmp_path / "bomb.npz")
    unfold(path, member, 25_000_000)
    assert path.stat().st_size < 2e6
    code = (
        "import resource, sys\nfrom brainsim.results.result import Result\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    Result.load(sys.argv[1])\nexcept ValueError as error:\n    print(error)\n"
        "assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, 'kB'\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert f"{member!r} declares 25,000,000 values; the rest of the file allows 22" in done.stdout


def test_what_the_description_does_not_name_is_not_read(tmp_path):
    path = small().save(tmp_path / "run.npz")
    with zipfile.ZipFile(path, "a") as zipped:
        zipped.writestr("notes.npy", b"no array")
    assert dict(Result.load(path).spikes) == dict(small().spikes)


def test_a_long_description_is_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_DESCRIPTION", 100)
    with pytest.raises(ValueError, match="'description' declares .* bytes"):
        Result.load(small().save(tmp_path / "run.npz"))


def test_large_results_come_back(tmp_path, monkeypatch):
    """The limits are those of the run, so what a run can give is read, however large it is."""
    monkeypatch.setattr(archive, "UNCHECKED_SIZE", 0)
    steps = np.arange(1, 11) * 0.1
    everything = Spikes(np.repeat(steps, 2), np.tile([0, 1], 10), n=2, duration=1.0, name="cells")
    trace = Traces("cells", "v", "mV", times=[0.0, *steps], ids=[0, 1], values=np.zeros((11, 2)))
    result = Result(spikes={"cells": everything}, traces={("cells", "v"): trace}, duration=1.0, dt=0.1, seed=1)
    loaded = Result.load(result.save(tmp_path / "run.npz"))
    assert dict(loaded.spikes) == dict(result.spikes)
    assert loaded.traces["cells", "v"] == trace


def test_sizes_must_agree(tmp_path):
    path = small().save(tmp_path / "run.npz")
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()}
    content["spikes/cells/times.npy"] = content["spikes/cells/times.npy"].replace(b"(1,)", b"(9,)")
    with zipfile.ZipFile(path, "w") as zipped:
        for name, member in content.items():
            zipped.writestr(name, member)
    with pytest.raises(ValueError, match="'spikes/cells/times' does not have the size that it declares"):
        Result.load(path)


@pytest.mark.thorough
def test_damaged_files_are_closed(tmp_path):
    """An open file gives a ResourceWarning, at the latest when Python ends."""
    path = small().save(tmp_path / "run.npz")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    code = (
        "import gc, sys\nfrom brainsim.results.result import Result\nfrom brainsim.ann.networks.mlp import MLP\n"
        "for load in (Result.load, MLP.load):\n"
        "    try:\n        load(sys.argv[1])\n        sys.exit('it was read')\n"
        "    except ValueError:\n        gc.collect()\n"
    )
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "ResourceWarning" not in done.stderr


def test_memory_that_is_not_there_is_said_as_such(tmp_path, monkeypatch):
    path = small().save(tmp_path / "run.npz")

    def fail(stream, allow_pickle):
        raise MemoryError("no memory left")

    monkeypatch.setattr(np.lib.format, "read_array", fail)
    with pytest.raises(MemoryError, match="no memory left"):
        Result.load(path)


def test_old_files_are_read(tmp_path):
    """A file as format 1 has always been: nothing but a description and arrays."""
    text = json.dumps(
        {
            "kind": "Result",
            "version": 1,
            "duration": 1.0,
            "start": 0.0,
            "dt": 0.1,
            "seed": 1,
            "stats": {},
            "populations": {"cells": 2},
            "views": {},
            "thresholds": {},
            "traces": [],
            "state": None,
            "spikes": [["cells", "cells", 2, 1.0, 0.0]],
        }
    )
    np.savez(
        tmp_path / "old.npz",
        **{"description": np.array(text), "spikes/cells/times": np.array([0.5]), "spikes/cells/ids": np.array([1])},
    )
    assert Result.load(tmp_path / "old.npz").spikes["cells"].ids.tolist() == [1]


class TestStorage:
    @pytest.mark.parametrize("compress", [False, True])
    def test_round_trip_is_exact(self, result, tmp_path, compress):
        path = tmp_path / "run.npz"
        assert result.save(path, compress=compress) == path
        back = Result.load(path)
        assert dict(back.spikes) == dict(result.spikes)
        assert dict(back.traces) == dict(result.traces)
        for field in ("duration", "dt", "seed", "start", "populations", "views", "thresholds"):
            assert getattr(back, field) == getattr(result, field), field
        assert repr(back) == repr(result)
        assert json.dumps(back.stats) == json.dumps(result.stats)

    def test_state_comes_back_with_its_types(self, result, tmp_path):
        state, back = result.state, Result.load(result.save(tmp_path / "run.npz")).state
        assert (back.step, back.dt, back.seed) == (state.step, state.dt, state.seed)
        for ours, theirs in ((state.variables["cells"], back.variables["cells"]), (state.refractory, back.refractory)):
            assert list(ours) == list(theirs)
            for name in ours:
                np.testing.assert_array_equal(ours[name], theirs[name])
                assert ours[name].dtype == theirs[name].dtype
        for ours, theirs in zip(state.pending["cells"], back.pending["cells"], strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert back.variables["L2/3 E%"] == {}

    def test_numpy_reads_it_without_pickles(self, result, tmp_path):
        with np.load(result.save(tmp_path / "run.npz"), allow_pickle=False) as archive:
            assert archive["spikes/cells/times"].tolist() == result.spikes["cells"].times.tolist()
            assert json.loads(str(archive["description"]))["version"] == 1

    @pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.7, 0.95, 0.999])
    def test_truncated_files(self, result, tmp_path, part):
        data = result.save(tmp_path / "run.npz").read_bytes()
        short = tmp_path / "short.npz"
        short.write_bytes(data[: int(part * len(data))])
        with pytest.raises(ValueError, match="Result.load: '.*short.npz' is not a readable brainsim result"):
            Result.load(short)

    def test_foreign_and_missing_files(self, result, tmp_path):
        text, array, archive = tmp_path / "text.npz", tmp_path / "array.npy", tmp_path / "other.npz"
        text.write_text("hello")
        np.save(array, np.arange(3))
        np.savez(archive, a=np.arange(3))
        for path in (text, array, archive, tmp_path):
            with pytest.raises(ValueError, match="is not a readable brainsim result"):
                Result.load(path)
        with pytest.raises(FileNotFoundError, match="Result.load: there is no file"):
            Result.load(tmp_path / "none.npz")
        with pytest.raises(FileNotFoundError, match="Result.save: there is no folder"):
            result.save(tmp_path / "none" / "run.npz")

    def test_pickles_are_not_loaded(self, tmp_path):
        path, mark = tmp_path / "evil.npz", tmp_path / "mark"

        class Evil:
            def __reduce__(self):
                return os.mkdir, (str(mark),)

        np.savez(path, description=np.array(Evil(), dtype=object))
        with pytest.raises(ValueError, match="not a readable"):
            Result.load(path)
        assert not mark.exists()

    def test_other_kinds_and_newer_formats(self, tmp_path):
        archive.write(tmp_path / "a.npz", "Network", 1, {}, {})
        with pytest.raises(ValueError, match="it contains a Network"):
            Result.load(tmp_path / "a.npz")
        archive.write(tmp_path / "b.npz", "Result", 99, {}, {})
        with pytest.raises(ValueError, match="written by a newer brainsim: format 99, this one reads 1"):
            Result.load(tmp_path / "b.npz")

    def test_a_failed_save_leaves_the_old_file_and_no_other(self, result, tmp_path, monkeypatch):
        path = result.save(tmp_path / "run.npz")
        before = path.read_bytes()

        def fail(*_):
            raise OSError("disk full")

        monkeypatch.setattr(np.lib.format, "write_array_header_1_0", fail)
        with pytest.raises(OSError, match="disk full"):
            result.save(path)
        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == ["run.npz"]

    def test_objects_are_not_written(self, result, tmp_path):
        result.state.variables["cells"]["bad"] = np.array([None])
        with pytest.raises(TypeError, match="Python objects"):
            result.save(tmp_path / "run.npz")

    def test_stats_must_be_json(self, spikes):
        with pytest.raises(TypeError, match="Result.stats: must contain only what JSON can"):
            Result(spikes={"cells": spikes}, duration=100.0, dt=0.1, seed=0, stats={"a": object()})
        stats = {"a": np.float64(2.5), "b": np.arange(2)}
        fine = Result(spikes={"cells": spikes}, duration=100.0, dt=0.1, seed=0, stats=stats)
        assert fine.stats == {"a": 2.5, "b": [0, 1]}


def test_the_documentation_names_every_format():
    from brainsim.engine.simulation.simulate import simulate

    for text in (Result.save.__doc__, simulate.__doc__):
        assert {suffix for suffix in {".npz", *MODULES} - {".hdf5"} if suffix not in text} == set()
