"""The barrier: nobody passes before all have come, a sleeper is woken, an abort is noticed."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim.engine.exchange import barrier as threads
from brainsim.engine.exchange.barrier import new_barrier
from tests.helpers.runs.barriers import abort_a_sleeper, pass_together, wait


@pytest.fixture(params=["wherever", "on one processor"])
def where(request):
    """Threads that begin in the test are where the system puts them, or on one processor, where each wait is a sleep."""
    if request.param == "wherever":
        yield
        return
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system does not let a thread choose its processor")
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    yield
    os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize("partitions", [2, 3, 7])
def test_nobody_passes_before_all_have_come(partitions, where):
    """Also with more threads than processors."""
    pass_together(partitions)


def test_a_sleeper_is_woken_and_not_after_its_longest_sleep():
    """Its longest sleep is an hour here."""
    barrier, answers = new_barrier(2), []
    barrier[-threads.LINE + threads.TIMEOUT :][:2] = 3600, 0
    wait(new_barrier(2), 0, 0)  # compiled before the other one waits
    worker = threading.Thread(target=lambda: answers.append(wait(barrier, 0, 1)), daemon=True)
    worker.start()
    time.sleep(0.2)
    assert barrier[threads.ASLEEP] == 1 or not threads.FUTEX
    wait(barrier, 1, 1)
    worker.join(timeout=60.0)
    assert answers == [True]


@pytest.mark.usefixtures("more_partitions")
def test_a_simulation_begins_and_starts_again_with_a_new_barrier():
    """Its longest sleep among it: of zero it was taken for no sleep at all."""
    cells, net = bs.Population(10, bs.LIF(), name="cells"), bs.Network(seed=1)
    net.add(cells)
    sim = bs.Simulation(net, seed=1, threads=3)
    assert np.array_equal(sim._run.shared.exchange.barrier, new_barrier(3))
    sim.run(10.0)
    sim.reset()
    assert np.array_equal(sim._run.shared.exchange.barrier, new_barrier(3))
    assert new_barrier(3)[-threads.LINE + threads.TIMEOUT :][:2].tolist() == [0, threads.SLEEP]


def test_an_abort_is_noticed_by_a_sleeper():
    abort_a_sleeper()


ELSEWHERE = """
import platform, sys
import numba
platform.machine = lambda: "another"
sys.path.insert(0, sys.argv[1])
from brainsim.engine.exchange import barrier as threads
from tests.helpers.runs.barriers import abort_a_sleeper, pass_together
assert threads.FUTEX == 0
pass_together(3)
abort_a_sleeper()
"""


@pytest.mark.thorough
def test_where_a_thread_cannot_be_woken_it_naps(tmp_path):
    """Systems without futex, in a process that takes itself for one."""
    environment = os.environ | {"BRAINSIM_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", ELSEWHERE, str(Path(__file__).parents[3])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("more_partitions")
def test_where_the_system_has_no_more_threads_the_others_are_sent_home(monkeypatch):
    cells, net = bs.Population(100, bs.LIF(), name="cells"), bs.Network(seed=1)
    net.add(cells)
    sim, start, started = bs.Simulation(net, seed=1, threads=3), threading.Thread.start, []

    def start_one(thread):
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        sim.run(10.0)
    monkeypatch.undo()
    assert not started[0].is_alive()
    sim.reset()
    assert sim.run(10.0).duration == 10.0
