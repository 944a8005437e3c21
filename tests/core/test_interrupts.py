"""Ctrl-C at random moments of importing, building, compiling and running: it is heard promptly, and nothing is broken."""

import os
import random
import signal
import subprocess
import sys
import threading

import pytest

from brainsim.core.pauses import hold_interrupts
from brainsim.jit.background import Workers

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to all processes of a console")

MOST = 5.0  # seconds until an interrupt is heard, fewer than all kernels take to compile
NETWORK = """
import brainsim as bs

def run():
    cells = bs.Population(300, bs.LIF(), name="cells", initial={"v": bs.Uniform(-65.0, -50.0)})
    net = bs.Network(seed=1)
    net.connect(cells, cells, bs.FixedIndegree(10), weight=bs.Normal(10.0, 1.0), delay=1.5, synapse=bs.Exponential())
    net.stimulate(cells, bs.PoissonInput(rate=2000.0, weight=30.0, synapse=bs.Exponential()))
    net.stimulate(cells, bs.CurrentInput(10.0))
    spikes = bs.simulate(net, 500.0, seed=1, threads=2, progress=False).spikes["cells"]
    return len(spikes), hash((spikes.times.tobytes(), spikes.ids.tobytes()))
"""
# the processor time counts as well as the clock: on a busy machine the clock runs for the others too
INTERRUPTED = """
import os, signal, sys, threading, time

def clocks():
    return time.perf_counter(), time.process_time()

def interrupt():
    time.sleep(float(sys.argv[1]))
    sent.append(clocks())
    os.kill(os.getpid(), signal.SIGINT)

def waited():
    return min(now - then for now, then in zip(clocks(), sent[0]))

sent, end = [], sys.argv[2] == "end"
threading.Thread(target=interrupt, daemon=True).start()
try:
    # an interrupt that falls into what Python cannot stop, such as the end of an object, may be lost: the loop continues
    while not sent or waited() < 1.0:
        run()
    heard = 0.0
except KeyboardInterrupt:
    heard = waited()
    if end:
        print(heard, flush=True)
        raise
print(heard, *run())
"""


def interrupted(moment, then="go on", cache=None):
    """Interrupt a process after some seconds; return how long that took, what its next run gave, and its exit code."""
    environment = os.environ | {"PYTHONHASHSEED": "0"} | ({"BRAINSIM_CACHE_DIR": str(cache)} if cache else {})
    command = [sys.executable, "-c", NETWORK + INTERRUPTED, str(moment), then]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500)
    words = done.stdout.split()
    assert words, done.stderr
    return float(words[0]), tuple(map(int, words[1:])), done


@pytest.fixture(scope="module")
def expected():
    """What the network gives if nothing is interrupted; it also fills the cache."""
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    command = [sys.executable, "-c", f"{NETWORK}\nprint(*run())"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=True)
    count, digest = map(int, done.stdout.split())
    assert count > 1000
    return count, digest


def check(seed, longest, expected, cache=None):
    heard, spikes, done = interrupted(random.Random(seed).uniform(0.0, longest), cache=cache)
    assert done.returncode == 0, done.stderr
    assert spikes == expected
    assert heard < MOST


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(3))
def test_interrupts_with_compiled_kernels(seed, expected):
    check(seed, 2.0, expected)


@pytest.mark.slow
@pytest.mark.thorough
def test_interrupts_while_kernels_are_compiled(expected, tmp_path):
    check(0, 10.0, expected, tmp_path)


@pytest.mark.slow
@pytest.mark.thorough
def test_a_script_may_end_while_kernels_are_compiled(tmp_path):
    """As Ctrl-C ends it: the thread that compiles neither holds it up nor brings it down."""
    heard, _, done = interrupted(random.Random(1).uniform(3.0, 8.0), "end", tmp_path)
    assert heard < MOST
    assert done.returncode == -signal.SIGINT
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")


def test_an_interrupt_waits_for_the_end_of_an_import():
    done = []

    def import_slowly():
        with hold_interrupts():
            signal.raise_signal(signal.SIGINT)
            done.append("whole")

    with pytest.raises(KeyboardInterrupt):
        import_slowly()
    assert done == ["whole"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_workers_begin_nothing_after_an_interrupt():
    begun, go_on = [], threading.Event()

    def work(number):
        begun.append(number)
        go_on.wait(60.0)
        return number

    jobs = []

    def interrupted_work():
        with Workers(2) as workers:
            jobs.extend(workers.submit(work, number) for number in range(5))
            while len(begun) < 2:
                pass
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted_work()
    go_on.set()
    assert sorted(job.result() for job in jobs[:2]) == [0, 1]
    assert all(job.cancelled() for job in jobs[2:])
    assert sorted(begun) == [0, 1]


def test_workers_raise_what_a_job_raised():
    with Workers(2) as workers:
        jobs = [workers.submit(divmod, 7, number) for number in (0, 2)]
        assert jobs[1].result() == (3, 1)
        with pytest.raises(ZeroDivisionError):
            jobs[0].result()


def test_jobs_without_workers_are_not_begun_after_an_interrupt():
    begun = []

    def work(number):
        begun.append(number)
        signal.raise_signal(signal.SIGINT)

    def interrupted_work():
        with Workers(0) as workers:
            for number in range(3):
                workers.submit(work, number)

    with pytest.raises(KeyboardInterrupt):
        interrupted_work()
    assert begun == [0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 150))
def test_many_interrupts(seed, expected, tmp_path):
    """Half of them with nothing compiled."""
    check(seed, 12.0 if seed % 2 else 2.0, expected, tmp_path if seed % 2 else None)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_many_ends(seed, tmp_path):
    heard, _, done = interrupted(random.Random(seed).uniform(0.5, 12.0), "end", tmp_path)
    assert heard < MOST
    # a run returns what it has recorded, with a warning; and Python itself drops an interrupt that falls into a destructor
    # or a callback of a weak reference, and says so
    dropped = "Exception ignored in" in done.stderr and "KeyboardInterrupt" in done.stderr
    goes_on = dropped or "stopped by Ctrl-C" in done.stderr
    assert done.returncode == (0 if goes_on else -signal.SIGINT), done.stderr
