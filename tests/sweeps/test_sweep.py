"""Sweeps: the same bits on any number of workers, resumed after a kill, failures as rows, tables and pictures."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim.sweeps import pools
from tests.helpers.mistakes import mistakes

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
        process.communicate(timeout=60)
        there = len(list(points.glob("[!.]*.npz")))
        assert 5 <= there < 24
        before = len(noted(killed))
        assert finished(killed, 2) == expected
        assert len(noted(killed)) - before == 24 - there, "only the rest was computed"
        assert len(list(points.glob("[!.]*.npz"))) == 24

    def test_a_worker_has_its_share_of_threads(self, tmp_path):
        pytest.importorskip("joblib")
        table = bs.sweep(threads_here, over={"x": [1, 2, 3]}, workers=2)
        most = max(1, (os.cpu_count() or 1) // 2)
        assert all(threads <= most for threads in table.values("value")[1:])

    def test_without_joblib(self, monkeypatch):
        """Processes of the standard library: the same values."""
        monkeypatch.setitem(sys.modules, "joblib", None)
        table = bs.sweep(threads_here, over={"x": [1, 2, 3]}, workers=2)
        assert not table.failed
        assert set(table.values("value")[1:]) == {max(1, pools.processors() // 2)}
        with pytest.raises(TypeError, match=r"cannot be sent to other processes .*brainsim\[sweep\]"):
            bs.sweep(lambda x: x, over={"x": [1, 2, 3]}, workers=2)

    def test_joblib_may_be_told_how_many(self, monkeypatch):
        joblib = pytest.importorskip("joblib")
        monkeypatch.setattr(pools, "fitting", lambda bytes_each: 2)
        with joblib.parallel_config(n_jobs=1):
            table = bs.sweep(process_here, over={"x": [1, 2, 3]})
        assert set(table.values("value")) == {os.getpid()}

    def test_a_backend_of_another_package_says_how_many_itself(self, monkeypatch):
        """As that of Dask does; this one has one worker."""
        joblib = pytest.importorskip("joblib")

        class Other(joblib.parallel.ThreadingBackend):
            pass

        joblib.register_parallel_backend("other", Other)
        monkeypatch.setattr(pools, "fitting", lambda bytes_each: 2)
        with joblib.parallel_config(backend="other"):
            table = bs.sweep(thread_here, over={"x": [1, 2, 3]})
        assert set(table.values("value")) == {threading.get_ident()}, "joblib computes here if there is one worker"

    @pytest.mark.filterwarnings("ignore")
    def test_on_a_cluster_of_dask(self):
        pytest.importorskip("joblib")
        distributed = pytest.importorskip("distributed")
        import joblib

        cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
        with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):
            table = bs.sweep(spiking, over={"rate": [500.0, 1000.0]}, seeds=2)
        np.testing.assert_array_equal(
            table.values("value"), bs.sweep(spiking, {"rate": [500.0, 1000.0]}, seeds=2, workers=1).values("value")
        )


def test_the_script_of_the_page_about_clusters(tmp_path):
    page = Path(__file__).parents[2] / "docs" / "clusters.md"
    if not page.exists():
        pytest.skip("an installed package has no pages")
    script = re.search("```python\n(# sweep.py\n.*?)```", page.read_text(encoding="utf-8"), re.DOTALL).group(1)
    (tmp_path / "sweep.py").write_text(script)
    for _ in range(2):  # the second time all points are there
        done = subprocess.run([sys.executable, "sweep.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "Sweep of 18 points: rate (3), weight (2), seed (3); rate cells, CV cells, synchrony cells\n"
    assert len(list((tmp_path / "points").glob("*.npz"))) == 18
    assert len((tmp_path / "sweep.csv").read_text().splitlines()) == 19


def threads_here(x):
    from brainsim.core.machine import processors

    return processors()


def process_here(x):
    return os.getpid()


def thread_here(x):
    return threading.get_ident()


def spiking(rate, seed):
    cells = bs.Population(20, bs.LIF(), name="cells")
    net = bs.Network(seed=seed)
    net.stimulate(cells, bs.PoissonInput(rate=rate, weight=3.0, synapse=bs.Delta()))
    return bs.simulate(net, 50.0, seed=seed).spikes["cells"].times.sum()


def whole(rate, seed):
    cells = bs.Population(20, bs.LIF(), name="cells")
    net = bs.Network(seed=seed)
    net.stimulate(cells, bs.PoissonInput(rate=rate, weight=3.0, synapse=bs.Delta()))
    return bs.simulate(net, 50.0, seed=seed)


def product(a, b=1.0, seed=0):
    return {"product": a * b, "noise": np.random.default_rng(seed).random(), "list": [a, b], "text": f"{a}"}


def failing(a, seed=0):
    if a == 2 and seed == 1:
        raise ZeroDivisionError("for the test")
    return a


class TestTable:
    def test_grid_list_and_seeds(self):
        table = bs.sweep(
            lambda a, b, c, seed: {"x": a + b + c, "y": [a, b]},
            {"a": [1, 2]},
            zip={"b": [10, 20], "c": [0, 5]},
            seeds=[7, 9],
            workers=1,
        )
        assert table.shape == (2, 2, 2)
        assert [axis.name for axis in table.axes] == ["a", "b+c", "seed"]
        assert table.values("x").tolist() == [[[11, 11], [26, 26]], [[12, 12], [27, 27]]]
        assert table.values("y").shape == (2, 2, 2, 2)
        assert table.at(a=2, b=20, seed=9).values["x"] == 27
        assert repr(table) == "Sweep of 8 points: a (2), b+c (2), seed (2); x, y"

    def test_the_grid_may_be_an_array(self):
        table = bs.sweep(product, over={"a": np.linspace(0.0, 1.0, 3), "b": range(2)}, workers=1)
        assert table.values("product").tolist() == [[0.0, 0.0], [0.0, 0.5], [0.0, 1.0]]
        assert type(table.rows[0].parameters["a"]) is float
        assert table.at(a=0.1 + 0.4, b=1).values["product"] == 0.5

    def test_a_failing_point_leaves_the_others(self):
        with pytest.warns(UserWarning, match="1 of 6 points failed, the first with ZeroDivisionError: for the test"):
            table = bs.sweep(failing, over={"a": [1, 2, 3]}, seeds=2, workers=1)
        np.testing.assert_array_equal(table.values("value"), [[1, 1], [2, np.nan], [3, 3]])
        (row,) = table.failed
        assert row.parameters == {"a": 2, "seed": 1}
        assert "in failing" in row.traceback
        with pytest.raises(bs.SweepError, match="1 of 6 points failed") as caught:
            bs.sweep(failing, over={"a": [1, 2, 3]}, seeds=2, workers=1, errors="raise")
        assert len(caught.value.table.failed) == 1

    def test_frames_and_arrays(self):
        pytest.importorskip("pandas")
        table = bs.sweep(product, {"a": [1, 2]}, zip={"b": [10.0, 20.0]}, seeds=2, workers=1)
        frame = table.frame()
        assert list(frame.columns) == ["a", "b", "seed", "product", "noise", "list", "text", "error", "seconds"]
        assert frame.groupby("a")["product"].mean().tolist() == [15.0, 30.0]
        pytest.importorskip("xarray")
        array = table.array("product")
        assert array.dims == ("a", "b", "seed")
        assert float(array.sel(a=2, b=20.0, seed=1)) == 40.0
        assert table.array("list").dims == ("a", "b", "seed", "list_0")

    def test_text_file(self, tmp_path):
        table = bs.sweep(product, {"a": [1, 2]}, workers=1)
        lines = table.to_csv(tmp_path / "t.csv").read_text().splitlines()
        assert lines[0] == "a,product,noise,list,text,error,seconds"
        assert lines[1].startswith("1,1.0,")

    def test_whole_results(self, tmp_path):
        for to in (None, tmp_path / "r", tmp_path / "r"):
            table = bs.sweep(whole, {"rate": [1000.0]}, seeds=2, workers=1, keep="result", to=to)
            row = table.at(seed=1)
            assert len(row.result.spikes["cells"]) > 0
            assert row.values["rate cells"] == row.result.spikes["cells"].rate()
        assert table.names == ["rate cells", "CV cells", "synchrony cells"]

    @pytest.mark.parametrize(("function", "more"), [(whole, {}), (product, {"a": [1.0, 2.0]})])
    def test_whole_results_are_computed_once(self, function, more, tmp_path, monkeypatch):
        """A function of numbers has no Result to keep; one of Results is called again if only figures were kept."""
        over = more or {"rate": [1000.0]}
        bs.sweep(function, over, seeds=1, workers=1, to=tmp_path / "r")
        first = bs.sweep(function, over, seeds=1, workers=1, keep="result", to=tmp_path / "r")
        assert (first.rows[0].result is None) == (function is product)
        monkeypatch.setattr("brainsim.sweeps.sweep.outcome", lambda *given: pytest.fail("computed again"))
        again = bs.sweep(function, over, seeds=1, workers=1, keep="result", to=tmp_path / "r")
        assert again.rows[0].values.keys() == first.rows[0].values.keys()
        assert (again.rows[0].result is None) == (function is product)

    def test_pictures(self):
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(1, 3)
        bs.sweep(product, {"a": [1, 2, 4]}, seeds=3, workers=1).plot("noise", axes[0])
        bs.sweep(product, {"a": [1, 2, 4], "b": [1.0, 3.0]}, seeds=2, workers=1).plot(ax=axes[1])
        assert axes[1].get_ylabel() == "a"
        assert bs.sweep(lambda s: 1.0, {"s": ["x", "y"]}, workers=1).plot(ax=axes[2]) is axes[2]
        assert [text.get_text() for text in axes[2].get_xticklabels()] == ["x", "y"]
        table = bs.sweep(whole, {"rate": [500.0, 1000.0]}, zip={"seed": [1]}, workers=1)
        axes[0].cla()
        assert table.plot(ax=axes[0]).get_ylabel() == "rate cells [Hz]"
        assert axes[0].get_xlabel() == "rate", "an axis of one value is none"
        figure.canvas.draw()
        plt.close(figure)


class TestFolder:
    def test_only_what_changed_is_computed(self, tmp_path):
        log = tmp_path / "log"

        def square(x, seed):
            log.open("a").write(f"{x} ")
            return {"y": x * x, "nan": float("nan"), "array": np.arange(3) * x}

        first = bs.sweep(square, {"x": [1.0, 2.0]}, seeds=2, to=tmp_path / "s", workers=1)
        again = bs.sweep(square, {"x": [1.0, 2.0, 3.0]}, seeds=2, to=tmp_path / "s", workers=1)
        assert log.read_text() == "1.0 1.0 2.0 2.0 3.0 3.0 "
        np.testing.assert_array_equal(again.values("array")[:2], first.values("array"))
        assert list(again.rows[0].values) == ["y", "nan", "array"]

        def square(x, seed):  # another text
            log.open("a").write(f"{x} ")
            return x * x + 0

        bs.sweep(square, {"x": [1.0]}, seeds=1, to=tmp_path / "s", workers=1)
        assert log.read_text().endswith("3.0 1.0 ")

    def test_failed_points_are_tried_again_and_damaged_files_too(self, tmp_path):
        with pytest.warns(UserWarning, match="failed"):
            bs.sweep(failing, {"a": [1, 2]}, seeds=2, to=tmp_path / "f", workers=1)
        files = list((tmp_path / "f").glob("*.npz"))
        assert len(files) == 3
        files[0].write_bytes(files[0].read_bytes()[:100])
        with pytest.warns(UserWarning, match="1 of 4"):
            bs.sweep(failing, {"a": [1, 2]}, seeds=2, to=tmp_path / "f", workers=1)
        assert len(list((tmp_path / "f").glob("*.npz"))) == 3

    def test_objects_and_arrays_as_parameters(self, tmp_path):
        def count(model, values):
            return float(np.sum(values))

        given = {"model": [bs.LIF(), bs.LIF(tau_m=5.0)], "values": [np.arange(3), np.arange(4)]}
        bs.sweep(count, zip=given, to=tmp_path / "o", workers=1)
        assert len(list((tmp_path / "o").glob("*.npz"))) == 2
        with pytest.raises(TypeError, match="pass a name, and look the object up"):
            bs.sweep(count, zip={"model": [object()], "values": [1]}, to=tmp_path / "o", workers=1)

    def test_ctrl_c_keeps_what_is_done(self, tmp_path):
        def stop(x):
            if x == 3:
                raise KeyboardInterrupt
            return x

        with pytest.warns(UserWarning, match="stopped by Ctrl-C after 2 of 4 points"):
            table = bs.sweep(stop, {"x": [1, 2, 3, 4]}, to=tmp_path / "c", workers=1)
        assert len(list((tmp_path / "c").glob("*.npz"))) == 2
        assert np.isnan(table.values("value")[2:]).all()


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


CSV = "--out=x.csv"


class TestCommand:
    def test_balanced(self, tmp_path, monkeypatch, capsys):
        from brainsim.commands.cli import main

        monkeypatch.chdir(tmp_path)
        command = "sweep balanced --over g=4:6:2 --over n=2500 --seeds 2 --duration 20 --workers 1 --out sweep.csv"
        assert main(command.split()) == 0
        lines = (tmp_path / "sweep.csv").read_text().splitlines()
        assert lines[0].startswith("g,n,seed,rate cells,")
        assert len(lines) == 5
        assert {path.name for path in tmp_path.iterdir()} == {"sweep.csv", "sweep.png"}
        assert "4 points" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ("sweep balanced --over gg=4:6:5", "balanced has no 'gg'; did you mean 'g'"),
            ("sweep balanced --over g", "--over: must be NAME=START:STOP:COUNT"),
            ("sweep balanced --over g=4:6", "--over g: must be START:STOP:COUNT"),
            ("sweep balanced --over g=4:6:1", "at least 2"),
            ("sweep balanced --over g=4 --out x.png", "--out: must end in .csv"),
            ("sweep tour --over g=4", "tour writes a page"),
        ],
    )
    def test_mistakes(self, words, said, capsys):
        from brainsim.commands.cli import main

        assert main(words.split()) == 2
        assert said in capsys.readouterr().err


T = bs.sweep(product, {"a": [1, 2]}, seeds=2, workers=1)

test_mistakes = mistakes(
    (lambda: bs.sweep(product), ValueError, "sweep.over", "must name what changes"),
    (lambda: bs.sweep("product", {"a": [1]}), TypeError, "sweep.function", "must be a function of a"),
    (lambda: bs.sweep(product, {"aa": [1]}), TypeError, "sweep.function: product()", "no argument 'aa'", "did you mean 'a'"),
    (lambda: bs.sweep(product, {"b": [1]}), TypeError, "product() also needs 'a'", "over={'a': [1.0]}"),
    (lambda: bs.sweep(spiking, {"rate": [1]}), TypeError, "spiking() also needs 'seed'", "seeds=5"),
    (lambda: bs.sweep(product, [1, 2]), TypeError, "sweep.over", "must be a dict"),
    (lambda: bs.sweep(product, {"a": 4.0}), TypeError, "sweep.over['a']", "write [4.0]"),
    (lambda: bs.sweep(product, {"a": "xyz"}), TypeError, "sweep.over['a']", "list of values"),
    (lambda: bs.sweep(product, {"a": []}), ValueError, "sweep.over['a']", "at least one value"),
    (lambda: bs.sweep(product, zip={"a": [1, 2], "b": [1]}), ValueError, "sweep.zip", "{'a': 2, 'b': 1}"),
    (lambda: bs.sweep(product, {"a": [1]}, zip={"a": [1]}), ValueError, "'a' is given twice"),
    (lambda: bs.sweep(product, {"a": [1], "seed": [1]}, seeds=2), ValueError, "'seed' is given twice"),
    (lambda: bs.sweep(product, {"a": [1]}, seeds=0), ValueError, "sweep.seeds", ">= 1"),
    (lambda: bs.sweep(product, {"a": [1]}, seeds=[-1]), ValueError, "sweep.seeds", ">= 0"),
    (lambda: bs.sweep(product, {"a": [1]}, seeds=1.5), TypeError, "sweep.seeds", "how many, or a list"),
    (lambda: bs.sweep(product, {"a": [1]}, workers=0), ValueError, "sweep.workers", ">= 1"),
    (lambda: bs.sweep(product, {"a": [1]}, errors="rise"), ValueError, "sweep.errors", "did you mean 'raise'"),
    (lambda: bs.sweep(product, {"a": [1]}, keep="results"), ValueError, "sweep.keep", "did you mean 'result'"),
    (lambda: bs.sweep(product, {"a": [1]}, to=__file__), NotADirectoryError, "sweep.to", "is a file"),
    (lambda: bs.sweep(product, {"a": [1]}, to="/no/such/folder"), FileNotFoundError, "sweep.to", "there is no folder"),
    (lambda: T.values("produkt"), bs.MissingName, "'produkt'", "did you mean 'product'"),
    (lambda: T.values("text"), ValueError, "'text' is a text", "table.frame()"),
    (lambda: T.at(c=1), bs.MissingName, "no parameter 'c'"),
    (lambda: T.at(a=3), bs.MissingName, "no point with a=3"),
    (lambda: T.at(a=1), ValueError, "2 points have a=1", "also name seed"),
    (lambda: T.plot("list"), ValueError, "'list' is an array at each point"),
)


def test_what_a_function_returns_is_checked():
    with pytest.warns(UserWarning, match="must return a number, a dict of numbers and arrays, or a Result"):
        bs.sweep(lambda a: object(), {"a": [1]}, workers=1)
