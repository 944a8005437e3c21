"""Scripts of PyNN on the ranks of an MPI job: the same as in one process, with what was recorded on rank 0."""

import json
import subprocess
import sys

import pytest

from tests.helpers.runs import ranked

pytestmark = pytest.mark.thorough

MODULE = "tests.helpers.runs.pynn_on_ranks"


@pytest.fixture(autouse=True)
def _needs_mpi():
    pytest.importorskip("pyNN", reason="needs PyNN: pip install 'pynn>=0.13,<0.14'")
    ranked.mpi_or_skip()


def read(folder, rank=0):
    return json.loads((folder / f"{rank}.json").read_text(encoding="utf-8"))


def test_two_ranks_run_one_network(tmp_path):
    alone, together = tmp_path / "alone", tmp_path / "together"
    for folder in (alone, together):
        folder.mkdir()
    subprocess.run([sys.executable, "-m", MODULE, str(alone), "3"], check=True)
    subprocess.run(ranked.script(2, "-m", MODULE, together, 3), check=True)
    expected, first, second = read(alone), read(together), read(together, 1)
    assert sum(map(len, expected["spikes"])) > 1000
    assert sum(expected["counts"]) > 0
    assert first == expected | {"ranks": 2}
    known = ("ranks", "weights", "synapses", "parameters")
    assert {name: second[name] for name in known} == {name: first[name] for name in known}
    assert (second["v"], sum(map(len, second["spikes"])), sum(second["counts"])) == ([], 0, 0)
    assert (together / "cells.pkl").stat().st_size == pytest.approx((alone / "cells.pkl").stat().st_size, rel=0.01)


def test_random_connections_without_a_seed_differ(tmp_path):
    done = subprocess.run(ranked.script(2, "-m", MODULE, tmp_path, "none"), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Give all ranks the same seeds" in done.stderr
