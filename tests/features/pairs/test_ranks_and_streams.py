"""What is recorded on the ranks of MPI, to memory and to the disk: the same bits as in one process, whatever happens."""

import os
import subprocess

import pytest

import brainsim as bs
from brainsim.commands import cli
from tests.helpers.runs import ranked, ranked_streams

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("more_partitions")]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    ranked.mpi_or_skip()
    monkeypatch.setattr("brainsim.engine.loop.progress.Pace.steps", lambda self, left: min(left, ranked_streams.CHUNK))


def on_ranks(ranks, name, *arguments):
    return ranked.on_ranks(ranks, f"ranked_streams:{name}", *arguments)


@pytest.mark.parametrize(("ranks", "threads"), [pytest.param(2, 2, marks=pytest.mark.slow), (3, 1)])
def test_sums_events_and_weights_in_memory(ranks, threads):
    expected = ranked_streams.recorded(1, ranks=None)
    assert expected["events"] > 100
    assert on_ranks(ranks, "recorded", threads) == expected


@pytest.mark.parametrize(
    ("ranks", "threads", "name"), [(2, 2, "run/"), pytest.param(3, 1, "run.npz", marks=pytest.mark.slow)]
)
def test_streams_have_the_same_bits(ranks, threads, name, tmp_path):
    expected = ranked_streams.recorded(1, ranks=None)
    pieces = ranked_streams.streamed(tmp_path / "one.npz", 1, ranks=None)["pieces"]
    found = on_ranks(ranks, "streamed", f"{tmp_path}/{name}", threads)
    assert found["pieces"] == pieces
    assert found["before"] == found["after"] == expected
    assert ranked_streams.everything(bs.Result.load(tmp_path / name.rstrip("/"))) == expected
    assert sorted(os.listdir(tmp_path)) == sorted(["one.npz", name.rstrip("/")])
    if name.endswith("/"):
        assert sorted(os.listdir(tmp_path / "run")) == ["rank.0", "rank.1", "ranks.json", "rest.npz"]


def test_a_stream_begins_anew_after_a_reset_and_goes_on_from_a_checkpoint(tmp_path):
    first, whole = ranked_streams.undone(tmp_path / "one.npz", ranks=None)
    assert on_ranks(2, "undone", tmp_path / "two.npz") == [first, whole]
    assert on_ranks(2, "resumed", tmp_path) == ranked_streams.recorded(1, ranks=None)


def test_a_stream_does_not_go_on_with_another_number_of_ranks(tmp_path):
    on_ranks(2, "saved", tmp_path)
    net = ranked.network()
    with pytest.raises(ValueError, match=r"run.npz.part' was written on 2 ranks, and cannot be continued in one process"):
        bs.Simulation.load(net, tmp_path / "run.ckpt", to=tmp_path / "run.npz", record=ranked_streams.requests(net))
    with pytest.warns(UserWarning, match="are not those with which"):
        sim = bs.Simulation.load(net, tmp_path / "run.ckpt", record=ranked_streams.requests(net))
    assert sim.run(5.0).start == 20.0


@pytest.mark.parametrize("how", ["kill", pytest.param("full", marks=pytest.mark.slow)])
def test_what_all_ranks_have_committed_is_read_after_one_of_them_was_lost(how, tmp_path):
    command = ranked.command(2, "ranked_streams:killed", tmp_path / "run.npz", how)
    done = subprocess.run(command, capture_output=True, text=True, timeout=ranked.LIMIT)
    assert done.returncode != 0
    part = tmp_path / "run.npz.part"
    if how == "full":
        assert f"stream: {str(part / 'rank.1')!r}: No space left on device; what was recorded until" in done.stderr
    loaded = bs.Result.load(part)
    assert loaded.state is None
    assert loaded.duration > 30.0
    sim = ranked_streams.simulation(1, ranks=None)
    expected = sim.run(loaded.duration)
    assert loaded.spikes == expected.spikes
    assert dict(loaded.traces) == dict(expected.traces)
    assert dict(loaded.weights) == dict(expected.weights)
    assert cli.main(["convert", str(part), str(tmp_path / "run.npz")]) == 0
    assert bs.Result.load(tmp_path / "run.npz").spikes == expected.spikes


def test_names_to_which_nothing_can_be_written_are_refused_before_anything_runs(tmp_path):
    found = on_ranks(2, "refused", tmp_path)
    zero, one = zip(*found, strict=True)
    assert "there is no folder" in zero[0]
    assert "must end in .h5" in zero[1]
    assert "of a run that did not end" in zero[2]
    assert zero[3] == one[3] == "Simulation.to: must be the path of a file, such as 'run.h5' (got 7)"
    assert all(theirs.startswith("rank 0: ") and theirs.endswith(ours) for ours, theirs in zip(zero[:3], one, strict=False))
