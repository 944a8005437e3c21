"""Runs on the ranks of MPI: the same bits as in one process, for any numbers of ranks and threads.

They run in subprocesses with a time limit; each starts as few processes as possible, since that takes a second.
"""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

import brainsim as bs
from brainsim.testing import golden
from tests.helpers.runs import batch, ranked

pytestmark = [pytest.mark.thorough_but("travels_with_the_spikes[junctions-2-2"), pytest.mark.usefixtures("more_partitions")]
# seconds for which the processes of a run may live after one of them has failed: 5 are allowed, on a machine without other
# programs, on which it takes about one
PATIENCE = 30.0
# rules, delta and direct receptors and listed spikes, conductances, single precision, plastic synapses,
# couplings
SOME = ["rules_stored", "rules_procedural", "inputs", "single_precision", "plastic_modulated", "couplings"]
COUPLED = ["junctions", "delayed", "rates", "learning"]  # networks of `tests.helpers.couplings`


@pytest.fixture(autouse=True)
def _needs_mpi():
    ranked.mpi_or_skip()


def check(found, names):
    assert set(found) == set(names)
    assert not (lines := golden.differences(found, golden.pinned(), names)), "\n".join(lines)


@pytest.mark.slow_but("[3-1-1]")
@pytest.mark.parametrize(("ranks", "threads", "pieces"), [(2, 2, 3), (3, 1, 1)])
def test_the_pinned_bits_on_any_number_of_ranks_and_threads(ranks, threads, pieces):
    check(ranked.on_ranks(ranks, "pinned", threads, pieces, ",".join(SOME)), SOME)


def test_the_pinned_bits_as_on_several_machines():
    check(ranked.on_ranks(3, "over_mpi", "pinned", 1, 1, ",".join(SOME)), SOME)


@pytest.mark.slow
def test_every_pinned_network():
    """But that with rules for couplings, which need one rank."""
    names = [name for name in golden.NETWORKS if name != "plastic_rates"]
    check(ranked.on_ranks(2, "pinned", 2, 3, ",".join(names)), names)


def test_changes_between_pieces_copies_and_everything_that_can_be_read():
    expected = ranked.steered(1, ranks=None)
    assert expected["count"] > 100
    assert expected["same as the copy"]
    assert ranked.on_ranks(2, "steered", 2) == expected


@pytest.mark.slow_but("driven")
@pytest.mark.parametrize(("ranks", "threads", "how"), [(2, 2, "driven"), (3, 1, "polled")])
def test_inputs_of_all_kinds_and_both_ways_to_wait(ranks, threads, how):
    expected = ranked.driven(1, ranks=None)
    assert expected["count"] > 100
    assert ranked.on_ranks(ranks, how, threads) == expected


@pytest.mark.parametrize(("ranks", "threads"), [(2, 2), (3, 1)])
def test_cells_at_rest(ranks, threads):
    expected, visited = ranked.silent(1, ranks=None)
    found, resting = ranked.on_ranks(ranks, "silent", threads)
    assert found == expected
    assert resting
    assert not visited


@pytest.mark.slow
def test_a_state_continues_on_another_number_of_ranks(tmp_path):
    on_one, on_two = tmp_path / "one.npz", tmp_path / "two.npz"
    assert ranked.on_ranks(2, "saved", on_two, 1) == ranked.saved(on_one, 2, ranks=None)
    expected = ranked.continued(on_one, 1, ranks=None)
    assert ranked.continued(on_two, 1, ranks=None) == expected
    assert ranked.on_ranks(3, "continued", on_two, 1) == expected


def test_a_checkpoint_continues_on_another_number_of_ranks(tmp_path):
    on_one, on_two = tmp_path / "one.ckpt", tmp_path / "two.ckpt"
    assert ranked.on_ranks(2, "checkpointed", on_two, 1) == ranked.checkpointed(on_one, 2, ranks=None) == 20.3
    expected = ranked.loaded(on_one, 1, ranks=None)
    assert ranked.loaded(on_two, 1, ranks=None) == expected
    assert ranked.on_ranks(2, "loaded", on_one, 2) == expected


def test_synapses_are_removed_and_added(tmp_path):
    on_one, on_two = tmp_path / "one.ckpt", tmp_path / "two.ckpt"
    expected = ranked.rewired(1, ranks=None, to=on_one)
    assert expected["lost"] > 0
    assert ranked.on_ranks(2, "rewired", 2, on_two) == expected
    later = {name: value for name, value in expected.items() if name not in ("copy", "reset")}
    assert ranked.rewired_before(on_two, 1, ranks=None) == later
    assert ranked.on_ranks(3, "rewired_before", on_one, 1) == later


def test_a_network_grows():
    expected = ranked.grown(1, ranks=None)
    assert expected["start"] == 10.0
    assert expected["first"] == expected["again"]
    assert ranked.on_ranks(2, "grown", 2) == expected


def test_checkpoints_at_regular_times(tmp_path):
    assert ranked.on_ranks(2, "regularly", tmp_path / "a.ckpt") == ranked.regularly(tmp_path / "b.ckpt", ranks=None)


def test_a_burst_that_does_not_fit_into_a_message():
    expected = ranked.burst(1, ranks=None)
    assert expected["count"] >= 4000
    found = ranked.on_ranks(2, "over_mpi", "burst", 2)
    slices = 400 // 15 + 1
    # the first burst is more than ten messages long, and those that follow fit
    assert found.pop("calls") == slices + 1
    assert found == expected
    found = ranked.on_ranks(2, "in_slots", 500, "burst", 2)
    assert found.pop("calls") == 3, "only the rest of each burst does not fit into shared memory"
    assert found == expected


@pytest.mark.thorough
@pytest.mark.slow_but("[junctions-2-2", "[delayed-3-1", "[rates-2-1", "how13")
@pytest.mark.parametrize(
    ("build", "ranks", "threads", "how"),
    [
        *((build, *numbers, ()) for build in COUPLED for numbers in ((2, 1), (2, 2), (3, 1), (3, 2))),
        ("junctions", 3, 1, ("over_mpi",)),
        ("delayed", 2, 2, ("over_mpi",)),
        ("delayed", 2, 1, ("in_slots", 300)),
    ],
)
def test_what_cells_give_travels_with_the_spikes(tmp_path, build, ranks, threads, how):
    on_one, on_ranks = tmp_path / "one.ckpt", tmp_path / "ranks.ckpt"
    expected = ranked.coupled(build, 1, on_one, ranks=None)
    assert expected["begun"]["count"] > 10 or build in ("rates", "learning")
    assert expected["itself"] == expected["loaded"] == expected["a copy"] == expected["restored"]
    assert ranked.on_ranks(ranks, *how, "coupled", build, threads, on_ranks) == expected
    later = ranked.after_coupled(build, 2, on_ranks, ranks=None).run(10.0)
    assert ranked.golden.hashes(later) == expected["itself"]


def ended(how, folder, launcher=()):
    """Return exit status and output of a run on two ranks of which one fails, or whose launcher gets a signal.

    All processes end within seconds, or the test fails; how long it took is printed. The stream in the folder has the bits
    of one process, up to a time shortly before that.
    """
    command, failed_at = ranked.command(2, "fails", how, folder / "run.npz"), None
    command[1:1] = launcher
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(2):
            run.stdout.readline()  # each rank says that it runs
        if how == "never":
            time.sleep(1.0)
            failed_at = time.time()
            os.kill(run.pid, signal.SIGINT)
        else:
            failed_at = float(run.stdout.readline())  # rank 1 says when it fails
        said = "".join(run.communicate(timeout=PATIENCE))  # MPICH's launcher writes to both
    finally:
        run.kill()
    print(f"{how}: all ranks ended after {time.time() - failed_at:.1f} s")
    loaded = bs.Result.load(folder / "run.npz.part")
    assert loaded.duration >= (10.0 if how == "never" else 50.0)
    assert loaded.spikes == bs.simulate(ranked.network(plastic=False), loaded.duration, seed=5, threads=1).spikes
    return run.returncode, said


def test_an_error_on_one_rank_ends_all_with_its_traceback(tmp_path):
    status, said = ended("raise", tmp_path)
    assert status != 0
    assert "OSError: no more disk" in said
    assert "the function that is called during the run failed on rank 1 of 2" in said
    assert "after_a_while" in said  # the traceback


def test_a_rank_that_is_killed_ends_all(tmp_path):
    launcher = subprocess.run([ranked.BIN / "mpiexec", "--version"], capture_output=True, text=True).stdout
    mpich = "HYDRA" in launcher
    status, said = ended("kill", tmp_path, ["-print-all-exitcodes"] * mpich)
    assert status != 0
    if mpich:  # which rank, and why
        assert "Exit codes: " in said
        assert re.search(r"Exit codes: \[.*\] \d+,9", said)
        assert "Killed (signal 9)" in said


def test_ctrl_c_on_one_rank_ends_all(tmp_path):
    status, said = ended("interrupt", tmp_path)
    assert status != 0
    assert "KeyboardInterrupt: on rank 1 of 2" in said


def test_ctrl_c_at_the_launcher_ends_all(tmp_path):
    status, said = ended("never", tmp_path)
    assert status != 0
    assert "KeyboardInterrupt" in said or "Ctrl-C" in said


def test_what_the_other_ranks_have():
    zero, one = ranked.on_ranks(2, "elsewhere")
    assert zero[1:] == ["True", True, 2, 5.0]
    assert one[0] == "Result on rank 0 (this is rank 1 of 2)"
    assert re.match(r"Result.spikes: is on rank 0, and this is rank 1 of 2; write `if result:`", one[1])
    assert one[2:] == [False, 2, 5.0]


def test_ranks_that_say_different_things_are_told_what_differs(tmp_path):
    """Every rank raises the same error; after errors of one rank alone they would wait for each other."""
    for said, names in ranked.on_ranks(2, "differs", tmp_path):
        assert re.match(rf"ValueError: {names[0]}: rank 1 differs from rank 0 in .*Give all ranks the same seeds", said), (
            said
        )
        assert names[1] in said


def test_a_rank_that_ends_while_others_run_ends_all():
    done = subprocess.run(ranked.command(2, "leaves"), capture_output=True, text=True, timeout=ranked.LIMIT)
    assert done.returncode != 0
    assert "ApartError: simulate.ranks: rank 0 calls Simulation.run, but rank 1 has ended; all ranks make" in done.stderr


def test_the_batch_script_of_the_page_about_clusters(tmp_path):
    done = batch.submitted("model.py", tmp_path, 2)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Result: 100 ms") == 1
    result = bs.Result.load(tmp_path / "result.npz")
    assert result.stats["ranks"] == 2
    assert len(result.spikes["cells"]) > 100


def test_an_example_on_ranks_by_the_command(tmp_path):
    run = [sys.executable, "-m", "brainsim", "run", "single", "--ranks", "2", "--duration", "20", "--out", "a.png"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=ranked.LIMIT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("threads     1 on each of 2 ranks") == done.stdout.count("single:") == 1
    assert (tmp_path / "a.png").exists()
    bad = [*run[:5], "--ranks", "2", "--duration", "20.05", "--no-plot"]
    done = subprocess.run(bad, cwd=tmp_path, capture_output=True, text=True, timeout=ranked.LIMIT)
    assert done.returncode != 0
    assert done.stderr.count("--duration: must be a multiple of dt") == 1  # not once for each rank


def test_a_launcher_of_another_library_is_refused(monkeypatch):
    from brainsim.engine.simulation.settings import ranks_of

    assert ranks_of(True, "simulate.ranks").size == 1
    monkeypatch.setenv("PMI_SIZE", "4")
    with pytest.raises(RuntimeError, match=r"started 4 processes \(PMI_SIZE\), but mpi4py sees only this one"):
        ranks_of(True, "simulate.ranks")
