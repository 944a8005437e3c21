"""Spikes, traces, results: statistics against numbers worked out by hand, and files that come back bit for bit."""

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from brainsim.core.arrays import order_by_cell
from brainsim.core.checks import MissingName
from brainsim.results import archive
from brainsim.results.result import Result, Spikes, State, Traces


@pytest.fixture
def spikes():
    """Three cells in 100 ms: 10 20 40, 5 15 and silence."""
    return Spikes([40.0, 5.0, 10.0, 20.0, 15.0], [0, 1, 0, 0, 1], n=3, duration=100.0, name="cells")


@pytest.fixture
def result(spikes):
    """Return a result with everything in it, odd names and odd numbers included."""
    traces = Traces("cells", "v", "mV", [1.0, 2.0], [2, 0], [[0.1, np.nan], [-np.inf, 1e-310]])
    other = Spikes([], [], n=0, duration=100.0, name="L2/3 E%")
    variables = {"cells": {"v": np.array([0.1, 0.2, 0.3]), "I": np.zeros((2, 3), np.float32)}, "L2/3 E%": {}}
    state = State(
        1000,
        0.1,
        7,
        variables,
        {"cells": np.array([0, 3, -1], np.int32)},
        {"cells": (np.array([1001, 1003]), np.array([2, 0]))},
    )
    return Result(
        spikes={"cells": spikes, "L2/3 E%": other},
        duration=100.0,
        dt=0.1,
        seed=2**70,
        traces={("cells", "v"): traces},
        populations={"cells": 3, "L2/3 E%": 0},
        state=state,
        stats={"run": 0.125, "threads": 2, "nan": math.nan},
        views={"cells": [("exc", 0, 2), ("inh", 2, 3)]},
        thresholds={"cells": 20.0, "L2/3 E%": None},
    )


def view(*parts, name=None):
    """Return what looks like a view of the network module."""
    pairs = tuple((SimpleNamespace(name=population), np.asarray(ids)) for population, ids in parts)
    return SimpleNamespace(parts=pairs, name=name)


class TestSpikes:
    """Statistics and selections."""

    def test_sorted_by_time_then_cell(self):
        spikes = Spikes([2.0, 1.0, 2.0], [5, 9, 3], n=10, duration=3.0)
        assert spikes.times.tolist() == [1.0, 2.0, 2.0]
        assert spikes.ids.tolist() == [9, 3, 5]
        assert (spikes.times.dtype, spikes.ids.dtype) == (np.float64, np.int64)

    def test_read_only_and_independent_of_what_was_given(self, spikes):
        times = np.array([1.0, 2.0])
        one = Spikes(times, [0, 0], n=1, duration=3.0)
        times[0] = 99.0
        assert one.times.tolist() == [1.0, 2.0]
        with pytest.raises(ValueError, match="read-only"):
            spikes.times[0] = 1.0
        with pytest.raises(AttributeError):
            spikes.n = 4

    def test_rates(self, spikes):
        assert len(spikes) == 5
        assert spikes.rate() == pytest.approx(5 / 3 / 0.1)
        assert spikes.counts().tolist() == [3, 2, 0]
        np.testing.assert_allclose(spikes.rates(), [30.0, 20.0, 0.0])
        assert repr(spikes) == "Spikes of 'cells': 5 spikes of 3 cells in 100 ms, 16.7 Hz"

    def test_intervals(self, spikes):
        assert spikes.isi().tolist() == [10.0, 20.0, 10.0]
        np.testing.assert_allclose(spikes.cvs(), [5.0 / 15.0, np.nan, np.nan])
        assert spikes.cv() == pytest.approx(1 / 3)
        assert math.isnan(Spikes([1.0, 2.0], [0, 0], n=1, duration=9.0).cv())

    def test_clock_and_poisson(self):
        rng = np.random.default_rng(0)
        n, duration = 200, 20_000.0
        counts = rng.poisson(20.0 * duration / 1000.0, n)
        poisson = Spikes(rng.uniform(0, duration, counts.sum()), np.repeat(np.arange(n), counts), n, duration)
        assert poisson.cv() == pytest.approx(1.0, abs=0.02)
        clock = Spikes(np.arange(1, 101) * 5.0, np.zeros(100, int), 1, 500.0)
        assert clock.cv() == pytest.approx(0.0, abs=1e-12)
        assert poisson.synchrony() == pytest.approx(1.0, abs=5 * np.sqrt(2 * 3 / duration))  # of a chi-squared variable
        assert clock.synchrony(bin=5.0) == 0.0

    def test_irregularity_of_cells_with_enough_spikes(self):
        spikes = Spikes([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 9.0], [0, 1, 0, 1, 0, 1, 1], 3, 10.0)
        np.testing.assert_allclose(spikes.cvs(), [0.0, np.sqrt(2.0) / 7.0, np.nan])
        np.testing.assert_allclose(spikes.cvs(least=4), [np.nan, np.sqrt(2.0) / 7.0, np.nan])
        assert spikes.cv(least=4) == pytest.approx(np.sqrt(2.0) / 7.0)
        assert math.isnan(spikes.cv(least=5))
        with pytest.raises(ValueError, match="Spikes.cvs.least: must be >= 3"):
            spikes.cv(least=2)

    def test_synchrony_is_variance_over_mean_of_counts_in_whole_bins(self):
        times = np.array([1.0, 1.5, 2.0, 5.0, 11.0])
        spikes = Spikes(times, [0, 1, 2, 0, 1], 3, 11.0)
        assert spikes.synchrony(bin=5.0) == pytest.approx(4.0 / 2.0)  # 4 and 0; the spike at 11 ms is in no whole bin
        together = Spikes(np.repeat(times, 10), np.tile(np.arange(10), 5), 10, 11.0)
        alone = Spikes(times, np.zeros(5, int), 1, 11.0)
        assert together.synchrony(bin=5.0) == pytest.approx(10 * alone.synchrony(bin=5.0))
        assert math.isnan(Spikes([], [], 3, 11.0).synchrony())
        assert math.isnan(spikes.synchrony(bin=6.0))
        with pytest.raises(ValueError, match="Spikes.synchrony.bin: must be > 0 ms"):
            spikes.synchrony(bin=0.0)

    @pytest.mark.parametrize("n", [1, 7, 70_000, 5_000_000])
    def test_order_by_cell_is_that_of_a_stable_sort(self, n):
        ids = np.random.default_rng(n).integers(0, n, 5000)
        np.testing.assert_array_equal(order_by_cell(ids, n), np.argsort(ids, kind="stable"))

    def test_between_takes_the_right_edge_only(self, spikes):
        part = spikes.between(10.0, 20.0)
        assert part.times.tolist() == [15.0, 20.0]
        assert (part.start, part.duration, part.n) == (10.0, 10.0, 3)
        assert part.rate() == pytest.approx(2 / 3 / 0.01)
        assert spikes.between(20.0).times.tolist() == [40.0]
        assert spikes.between(None, 5.0).times.tolist() == [5.0]
        assert spikes.between(90.0, 900.0).duration == 10.0

    def test_parts_of_a_run_hold_each_spike_of_the_grid_once(self):
        times = np.arange(1, 1001) * 0.1
        spikes = Spikes(times, np.zeros(1000, int), 1, 100.0)
        parts = [spikes.between(k * 0.3, (k + 1) * 0.3) for k in range(333)]
        assert {len(part) for part in parts} == {3}
        assert set(spikes.histogram(0.3)[1][:-1]) == {3}
        assert set(spikes.histogram(0.1)[1]) == {1}

    def test_between_refuses(self, spikes):
        with pytest.raises(ValueError, match=r"Spikes.between.t1: must be > 20 ms"):
            spikes.between(20.0, 20.0)
        with pytest.raises(ValueError, match=r"must overlap 0 to 100 ms \(got 100 to 200\)"):
            spikes.between(100.0, 200.0)

    def test_of_renumbers_in_the_order_given(self, spikes):
        part = spikes.of([1, 0])
        assert part.times.tolist() == [5.0, 10.0, 15.0, 20.0, 40.0]
        assert part.ids.tolist() == [0, 1, 0, 1, 1]
        assert spikes.of(slice(1, None)).counts().tolist() == [2, 0]
        assert spikes.of(np.array([True, False, True])).counts().tolist() == [3, 0]
        assert spikes.of(1).n == 1
        assert spikes.of([]).n == 0

    @pytest.mark.parametrize(
        ("ids", "error", "text"),
        [
            ([3], IndexError, r"cells are 0 to 2 \(got 3\)"),
            ([-1], IndexError, "got -1"),
            ([1, 1], ValueError, "got 1 twice"),
            ([0.5], TypeError, "indices of cells"),
            ([True], IndexError, "mask"),
            ("cells", TypeError, "indices of cells"),
        ],
    )
    def test_of_refuses(self, spikes, ids, error, text):
        with pytest.raises(error, match=text):
            spikes.of(ids)

    def test_histogram_and_rate(self, spikes):
        centres, counts = spikes.histogram(bin=10.0)
        assert centres.tolist() == [5.0 + 10.0 * k for k in range(10)]
        assert counts.tolist() == [2, 2, 0, 1, 0, 0, 0, 0, 0, 0]
        times, rates = spikes.population_rate(bin=40.0)
        assert times.tolist() == [20.0, 60.0, 90.0]
        np.testing.assert_allclose(rates, [5 / 3 / 0.04, 0.0, 0.0])

    def test_smoothing_keeps_a_constant_rate_up_to_the_edges(self):
        spikes = Spikes(np.arange(1, 101) * 1.0, np.zeros(100, int), 1, 100.0)
        for sigma in (0.1, 3.0, 500.0):
            np.testing.assert_allclose(spikes.population_rate(1.0, sigma=sigma)[1], 1000.0)
        one = Spikes([50.0], [0], 1, 100.0).population_rate(1.0, sigma=4.0)[1]
        assert one.sum() == pytest.approx(1000.0, rel=1e-6)
        assert one[49] == pytest.approx(1000.0 / (4.0 * math.sqrt(2 * math.pi)), rel=1e-3)
        np.testing.assert_allclose(one[49 - 20 : 49], one[50 : 50 + 20][::-1])

    def test_empty(self):
        none = Spikes([], [], n=0, duration=0.0)
        assert (len(none), none.isi().size, none.cvs().size) == (0, 0, 0)
        assert math.isnan(none.rate())
        assert Spikes([], [], n=4, duration=10.0).rate() == 0.0

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"ids": [0, 1, 0, 0, 3]}, r"Spikes.ids: must be 0 to 2 \(got 3\)"),
            ({"ids": [0]}, "one cell per time"),
            ({"times": [1.0, 2.0, 3.0, 4.0, 101.0]}, r"must be 0 to 100 ms \(got 101.0\)"),
            ({"times": [1.0, 2.0, 3.0, 4.0, np.nan]}, "got nan"),
            ({"n": -1}, "Spikes.n: must be >= 0"),
            ({"duration": -1.0}, ">= 0 ms"),
        ],
    )
    def test_refuses(self, spikes, change, text):
        with pytest.raises(ValueError, match=text):
            replace(spikes, **change)

    def test_refuses_ids_that_are_no_integers(self, spikes):
        with pytest.raises(TypeError, match=r"Spikes.ids: must be an array of int64 \(got float64\)"):
            replace(spikes, ids=[0.5] * 5)


class TestTraces:
    """Values over time."""

    def test_of_keeps_the_numbers_of_the_cells(self):
        traces = Traces("cells", "v", "mV", [1.0, 2.0], [4, 9, 2], [[0, 1, 2], [3, 4, 5]])
        assert traces.of([2, 4]).values.tolist() == [[2, 0], [5, 3]]
        assert traces.of(slice(3, 9)).ids.tolist() == [4]
        with pytest.raises(IndexError, match=r"recorded ones, 4, 9, 2 \(got 7\)"):
            traces.of([4, 7])
        with pytest.raises(IndexError, match="count up"):
            traces.of(slice(-2, None))

    def test_shapes(self):
        with pytest.raises(ValueError, match=r"Traces.values: .* shape .times, cells. = \(2, 1\) \(got \(1, 2\)\)"):
            Traces("cells", "v", "mV", [1.0, 2.0], [0], [[1.0, 2.0]])

    def test_read_only(self):
        traces = Traces("cells", "v", "mV", [1.0], [0], [[1.0]])
        with pytest.raises(ValueError, match="read-only"):
            traces.values[0, 0] = 2.0


class TestLookup:
    """Asking a result."""

    def test_by_name(self, result, spikes):
        assert result.spikes["cells"] == spikes
        assert list(result.spikes) == ["cells", "L2/3 E%"]
        assert "cells" in result.spikes
        assert "cell" not in result.spikes
        with pytest.raises(MissingName, match=r"Result.spikes: has no 'cell'; did you mean 'cells'\?"):
            result.spikes["cell"]

    def test_by_label(self, result, spikes, tmp_path):
        for one in (result, Result.load(result.save(tmp_path / "run.npz")), replace(result, seed=3)):
            assert one.spikes["exc"] == replace(spikes.of([0, 1]), name="exc")
            assert one.spikes["inh"].n == 1
            assert "exc" in one.spikes
            assert list(one.spikes) == ["cells", "L2/3 E%"]
            with pytest.raises(MissingName, match=r"has no 'ecx'; did you mean 'exc'\?"):
                one.spikes["ecx"]
        for key in (3, None, [1], np.ones(2)):
            with pytest.raises(MissingName, match="available: cells, L2/3 E%, exc, inh"):
                result.spikes[key]
        alike = Result(spikes={"cells": spikes}, duration=100.0, dt=0.1, seed=0, views={"cells": [("cells", 0, 2)]})
        assert alike.spikes["cells"] is spikes  # a population goes before a label

    def test_by_view(self, result, spikes):
        assert result.spikes[view(("cells", [0, 1, 2]), name="cells")] is spikes
        part = result.spikes[view(("cells", [1, 2]), name="cells[1:]")]
        assert part == replace(spikes.of([1, 2]), name="cells[1:]")
        with pytest.raises(ValueError, match="one population at a time .got a view of 'cells', 'L2/3 E%'.; ask for each"):
            result.spikes[view(("cells", [0]), ("L2/3 E%", []))]

    def test_traces(self, result):
        traces = result.traces["cells", "v"]
        assert result.traces[view(("cells", [0, 1])), "v"] == traces.of([0])
        for key, text in (
            (("cells", "w"), "has no 'w' of 'cells'; available: v"),
            (("cell", "v"), "did you mean 'cells'"),
            ("cells", "by population and variable"),
            ((view(("cells", [1])), "v"), "no 'v' of these cells"),
        ):
            with pytest.raises(MissingName, match=text):
                result.traces[key]

    def test_repr_is_a_table(self, result):
        assert repr(result).splitlines() == [
            "Result: 100 ms from 0 ms, dt = 0.1 ms, seed 1180591620717411303424",
            "population  cells  spikes  rate [Hz]    CV",
            "cells           3       5       16.7  0.33",
            "L2/3 E%         0       0          -     -",
            "traces: cells.v: 2 cells",
            "run 0.125 s",
        ]

    def test_html_is_escaped(self, spikes):
        bad = Result(spikes={"<b>": spikes}, duration=100.0, dt=0.1, seed=0)
        assert "&lt;b&gt;" in bad._repr_html_()
        assert "<b><" not in bad._repr_html_()


class TestStorage:
    """Files."""

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

    def test_flipped_bytes_never_give_another_result(self, result, tmp_path):
        path = result.save(tmp_path / "run.npz")
        data, bad = path.read_bytes(), tmp_path / "bad.npz"
        refused = 0
        for place in np.random.default_rng(1).integers(0, len(data), 300):
            bad.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
            try:
                back = Result.load(bad)
            except ValueError as error:
                assert "not a readable brainsim result" in str(error)  # noqa: PT017 (most but not all flips are seen)
                refused += 1
            else:  # a date or an attribute of the archive
                assert dict(back.spikes) == dict(result.spikes)
                assert dict(back.traces) == dict(result.traces)
        assert refused > 100

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
        with pytest.raises(ValueError, match="it holds a Network"):
            Result.load(tmp_path / "a.npz")
        archive.write(tmp_path / "b.npz", "Result", 99, {}, {})
        with pytest.raises(ValueError, match="written by a newer brainsim: format 99, this one reads 1"):
            Result.load(tmp_path / "b.npz")

    def test_a_failed_save_leaves_the_old_file_and_no_other(self, result, tmp_path, monkeypatch):
        path = result.save(tmp_path / "run.npz")
        before = path.read_bytes()

        def fail(file, **arrays):
            file.write(b"half")
            raise OSError("disk full")

        monkeypatch.setattr(np, "savez", fail)
        with pytest.raises(OSError, match="disk full"):
            result.save(path)
        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == ["run.npz"]

    def test_objects_are_not_written(self, result, tmp_path):
        result.state.variables["cells"]["bad"] = np.array([None])
        with pytest.raises(TypeError, match="Python objects"):
            result.save(tmp_path / "run.npz")

    def test_stats_must_be_json(self, spikes):
        with pytest.raises(TypeError, match="Result.stats: must hold only what JSON can"):
            Result(spikes={"cells": spikes}, duration=100.0, dt=0.1, seed=0, stats={"a": object()})
        stats = {"a": np.float64(2.5), "b": np.arange(2)}
        fine = Result(spikes={"cells": spikes}, duration=100.0, dt=0.1, seed=0, stats=stats)
        assert fine.stats == {"a": 2.5, "b": [0, 1]}


def test_results_load_neither_matplotlib_nor_numba_nor_scipy():
    code = (
        "import sys, brainsim.results.result\n"
        "assert not {'matplotlib', 'numba', 'scipy'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
