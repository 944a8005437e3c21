"""Sweeps on several processes: the same bits on any number of workers and every backend, resumed after a kill."""

import os
import signal
import subprocess
import sys
import threading
import time
from unittest import mock

import numpy as np
import pytest

import brainsim as bs
from brainsim.sweeps import workers as pools
from tests.helpers.equations.compiled_texts import python
from tests.helpers.runs import batch, swept

SCRIPT = """
import sys, time
import brainsim as bs

class Mine(bs.Neuron):
    equations = "dv/dt = (v_rest - v)/tau + I/c_m"
    threshold = "v > v_th"
    reset = "v = v_rest"
    tau: float = bs.parameter(10.0, "ms", "time constant", above=0.0)
    c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    v_rest: float = bs.parameter(-65.0, "mV", "rest")
    v_th: float = bs.parameter(-55.0, "mV", "threshold")
    v: float = bs.initial(-65.0, "mV", "potential")

def point(current, n, seed):
    cells = bs.Population(n, Mine(), name="cells", initial={"v": bs.Uniform(-65.0, -55.0)})
    net = bs.Network(seed=seed)
    net.stimulate(cells, bs.PoissonInput(rate=current, weight=3.0, synapse=bs.Delta()))
    result = bs.simulate(net, 50.0, seed=seed)
    with open(sys.argv[1] + "/log", "a") as log:
        log.write(f"{current} {n} {seed}\\n")
    if float(sys.argv[3]):
        time.sleep(float(sys.argv[3]))
    spikes = result.spikes["cells"]
    return {"spikes": len(spikes), "times": spikes.times.sum(), "threads": result.stats["threads"]}

if __name__ == "__main__":
    grid = {"current": [500.0, 800.0, 1100.0, 1400.0], "n": [10, 20, 30]}
    table = bs.sweep(point, over=grid, seeds=2, to=sys.argv[1] + "/points", workers=int(sys.argv[2]))
    table.to_csv(sys.argv[1] + "/table.csv")
"""


@pytest.fixture(autouse=True)
def _same_environment():
    """Restore the environment: a cluster of Dask leaves OMP_NUM_THREADS=1 in this process."""
    with mock.patch.dict(os.environ):
        yield


def start(folder, workers, pause=0.0):
    (folder / "script.py").write_text(SCRIPT)
    command = [sys.executable, str(folder / "script.py"), str(folder), str(workers), str(pause)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def finished(folder, workers):
    process = start(folder, workers)
    errors = process.communicate(timeout=300)[1]
    assert process.returncode == 0, errors
    rows = (folder / "table.csv").read_text().splitlines()
    assert rows[0] == "current,n,seed,spikes,times,threads,error,seconds"
    return [row.rsplit(",", 3)[0] for row in rows[1:]]  # without threads, error and seconds


def noted(folder):
    log = folder / "log"
    return log.read_text().splitlines() if log.exists() else []


class TestProcesses:
    @pytest.mark.thorough
    def test_two_workers_give_the_bits_of_one_and_a_killed_sweep_goes_on(self, tmp_path):
        """12 points and 2 seeds; kill -9 after five; the rest is computed, by two workers, with a class of __main__."""
        serial, killed = tmp_path / "serial", tmp_path / "killed"
        serial.mkdir()
        killed.mkdir()
        expected = finished(serial, 1)
        assert len(expected) == len(noted(serial)) == 24

        process = start(killed, 1, pause=0.05)
        points = killed / "points"
        while process.poll() is None and len(list(points.glob("*.npz")) if points.exists() else []) < 5:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=300)
        there = len(list(points.glob("[!.]*.npz")))
        assert 5 <= there < 24
        before = len(noted(killed))
        assert finished(killed, 2) == expected
        assert len(noted(killed)) - before == 24 - there, "only the rest was computed"
        assert len(list(points.glob("[!.]*.npz"))) == 24

    def test_a_worker_has_its_share_of_threads(self, tmp_path):
        pytest.importorskip("joblib")
        table = bs.sweep(swept.threads_here, over={"x": [1, 2, 3]}, workers=2)
        most = max(1, pools.processors() // 2)
        assert all(threads <= most for threads in table.values("value")[1:])

    def test_kernels_are_compiled_once_before_the_pool_starts(self):
        pytest.importorskip("joblib")
        table = bs.sweep(swept.compiled_here, over={"x": [0, 1, 2]}, workers=2)
        here, *workers = table.values("process").astype(int).tolist()
        assert here == os.getpid() not in workers
        assert table.values("compiled")[0] > 0
        assert table.values("compiled")[1:].tolist() == [0, 0]

    @pytest.mark.thorough
    @pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="the peak of memory cannot be set back here")
    def test_memory_of_a_point_is_its_own_whatever_was_used_before(self):
        """In a process of its own: garbage of other tests would be returned to the system during the point."""
        script = """
import importlib
import numpy as np
import brainsim as bs

found = []
importlib.import_module("brainsim.sweeps.sweep").outcomes = lambda *arguments: found.append(arguments[-1]) or []
np.ones(40_000_000)
bs.sweep(lambda n: np.ones(n).sum(), over={"n": [20_000_000, 1]}, workers=2)
print(found[0])
"""
        assert 150e6 < float(python(script)[0]) < 250e6

    @pytest.mark.thorough
    def test_without_joblib(self, monkeypatch):
        """Processes of the standard library: the same values."""
        monkeypatch.setitem(sys.modules, "joblib", None)
        table = bs.sweep(swept.threads_here, over={"x": [1, 2, 3]}, workers=2)
        assert not table.failed
        assert set(table.values("value")[1:]) == {max(1, pools.processors() // 2)}
        with pytest.raises(TypeError, match=r"cannot be sent to other processes \(.*Can't .*\); .*pip install joblib"):
            bs.sweep(lambda x: x, over={"x": [1, 2, 3]}, workers=2)

    @pytest.mark.thorough_but("[True]")
    @pytest.mark.parametrize("with_joblib", [True, False])
    def test_a_point_that_ends_its_process_costs_nothing_else(self, with_joblib, monkeypatch, tmp_path):
        if with_joblib:
            pytest.importorskip("joblib")
        else:
            monkeypatch.setitem(sys.modules, "joblib", None)
        ways = ["no", "kill", "exit", "leave", "forget", "no"]
        with pytest.warns(UserWarning, match="3 of 6 points failed, the first at how='kill', x=1 with WorkerLostError"):
            table = bs.sweep(swept.ending, zip={"how": ways, "x": list(range(6))}, workers=2, to=tmp_path / "s")
        np.testing.assert_array_equal(table.values("value"), [0, np.nan, np.nan, np.nan, 4, 5])
        kill, leave, left = (row.error for row in table.failed)
        point = "while it computed the point how="
        assert kill.startswith(f"WorkerLostError: a worker was killed (signal 9, SIGKILL) {point}'kill', x=1; often memory")
        assert leave == "SystemExit: 3"
        assert left.startswith(
            "WorkerLostError: a worker ended with the exit status 0 while it computed the point how='leave'"
        )
        assert len(list((tmp_path / "s").glob("*.npz"))) == 3

    def test_joblib_may_be_told_how_many(self, monkeypatch):
        joblib = pytest.importorskip("joblib")
        monkeypatch.setattr(pools, "fitting", lambda bytes_each: 2)
        with joblib.parallel_config(n_jobs=1):
            table = bs.sweep(swept.process_here, over={"x": [1, 2, 3]})
        assert set(table.values("value")) == {os.getpid()}

    def test_a_backend_of_another_package_says_how_many_itself(self, monkeypatch):
        """As that of Dask does; this one has one worker."""
        joblib = pytest.importorskip("joblib")

        class Other(joblib.parallel.ThreadingBackend):
            pass

        joblib.register_parallel_backend("other", Other)
        monkeypatch.setattr(pools, "fitting", lambda bytes_each: 2)
        with joblib.parallel_config(backend="other"):
            table = bs.sweep(swept.thread_here, over={"x": [1, 2, 3]})
        assert set(table.values("value")) == {threading.get_ident()}, "joblib computes here if there is one worker"

    @pytest.mark.filterwarnings("ignore")
    def test_on_a_cluster_of_dask(self):
        pytest.importorskip("joblib")
        distributed = pytest.importorskip("distributed")
        import joblib

        cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
        with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):
            table = bs.sweep(swept.spiking, over={"rate": [500.0, 1000.0]}, seeds=2)
        np.testing.assert_array_equal(
            table.values("value"), bs.sweep(swept.spiking, {"rate": [500.0, 1000.0]}, seeds=2, workers=1).values("value")
        )


@pytest.mark.thorough
def test_the_batch_script_of_the_page_about_clusters(tmp_path):
    for _ in range(2):  # the second time all points are there
        done = batch.submitted("sweep.py", tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "Sweep of 18 points: rate (3), weight (2), seed (3); rate cells, CV cells, synchrony cells\n"
    assert len(list((tmp_path / "points").glob("*.npz"))) == 18
    assert len((tmp_path / "sweep.csv").read_text().splitlines()) == 19


class TestThreads:
    @pytest.mark.parametrize(
        ("environment", "most"),
        [
            ({"OMP_NUM_THREADS": "1"}, 1),
            ({"OMP_NUM_THREADS": "1,4"}, 1),
            ({"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "7"}, 1),
            ({"BRAINSIM_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "9"}, 1),
            ({"BRAINSIM_NUM_THREADS": "9", "NUMBA_NUM_THREADS": "1"}, None),
            ({"OMP_NUM_THREADS": "many"}, None),
            ({"OMP_NUM_THREADS": "0"}, None),
        ],
    )
    def test_the_environment_limits_them(self, environment, most, monkeypatch):
        for name in ("BRAINSIM_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
            monkeypatch.delenv(name, raising=False)
        here = pools.processors()
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert pools.processors() == (most or here)

    def test_workers_fit_into_memory(self, monkeypatch):
        monkeypatch.setattr(pools, "processors", lambda: 16)
        monkeypatch.setattr(pools, "free_memory", lambda: 10e9)
        assert pools.fitting(1e9) == 10
        assert pools.fitting(1e12) == 1
        assert pools.fitting(0.0) == 16
