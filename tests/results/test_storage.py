"""Files of results that no one should trust: devices, links, archives that unfold to gigabytes, and files left open."""

import json
import os
import stat
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from brainsim.results import archive
from brainsim.results.result import Result, Spikes


def small(n=2):
    """Return a result with one spike of `n` cells in ten steps."""
    return Result(spikes={"cells": Spikes([0.5], [0], n=n, duration=1.0, name="cells")}, duration=1.0, dt=0.1, seed=1)


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


def test_a_folder_is_named(tmp_path):
    with pytest.raises(IsADirectoryError, match="Result.save: '.*' is a folder; name a file in it"):
        small().save(tmp_path)


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
    """Put an array of so many zeros into a file, which deflates to a thousandth, without ever holding it."""
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
def test_an_archive_that_unfolds_to_more_than_its_cells_can_fire_is_refused(tmp_path, member):
    """200 MB of zeros in 1 MB, in a process that may not take as much: it is refused before it is read."""
    path = small().save(tmp_path / "bomb.npz")
    unfold(path, member, 25_000_000)
    assert path.stat().st_size < 2e6
    code = (
        "import resource, sys\nfrom brainsim.results.result import Result\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    Result.load(sys.argv[1])\nexcept ValueError as error:\n    print(error)\n"
        "assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, 'kB'\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"{member!r} declares 25,000,000 values; the rest of the file allows 22" in done.stdout


def test_what_the_description_does_not_name_is_not_read(tmp_path):
    path = small().save(tmp_path / "run.npz")
    with zipfile.ZipFile(path, "a") as zipped:
        zipped.writestr("notes.npy", b"no array")
    assert dict(Result.load(path).spikes) == dict(small().spikes)


def test_a_long_description_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_DESCRIPTION", 100)
    with pytest.raises(ValueError, match="'description' declares .* bytes"):
        Result.load(small().save(tmp_path / "run.npz"))


def test_large_results_come_back(tmp_path, monkeypatch):
    """The limits are those of the run, so what a run can give is read, however large it is."""
    monkeypatch.setattr(archive, "NEVER_TOO_LARGE", 0)
    steps = np.arange(1, 11) * 0.1
    everything = Spikes(np.repeat(steps, 2), np.tile([0, 1], 10), n=2, duration=1.0, name="cells")
    result = Result(spikes={"cells": everything}, duration=1.0, dt=0.1, seed=1)
    assert dict(Result.load(result.save(tmp_path / "run.npz")).spikes) == dict(result.spikes)


def test_sizes_must_agree(tmp_path):
    path = small().save(tmp_path / "run.npz")
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()}
    content["spikes/cells/times.npy"] = content["spikes/cells/times.npy"].replace(b"(1,)", b"(9,)")
    with zipfile.ZipFile(path, "w") as zipped:
        for name, member in content.items():
            zipped.writestr(name, member)
    with pytest.raises(ValueError, match="'spikes/cells/times' is not of the size that it declares"):
        Result.load(path)


def test_damaged_files_are_closed(tmp_path):
    """An open file is told by a ResourceWarning, at the latest when Python ends."""
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
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
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
