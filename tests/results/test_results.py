"""Traces, results, and looking things up in them."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from brainsim.core.checks import MissingName
from brainsim.results.result import Result, Traces


def view(*parts, name=None):
    """Return what looks like a view of the network module."""
    pairs = tuple((SimpleNamespace(name=population), np.asarray(ids)) for population, ids in parts)
    return SimpleNamespace(parts=pairs, name=name)


class TestTraces:
    def test_of_keeps_the_numbers_of_the_cells(self):
        traces = Traces("cells", "v", "mV", [1.0, 2.0], [4, 9, 2], [[0, 1, 2], [3, 4, 5]])
        assert traces.of([2, 4]).values.tolist() == [[2, 0], [5, 3]]
        assert traces.of(slice(4, 9)).ids.tolist() == [4]
        with pytest.raises(IndexError, match=r"must be recorded cells, 4, 9, 2 \(got 7\)"):
            traces.of([4, 7])
        with pytest.raises(IndexError, match="bounds >= 0 and no step"):
            traces.of(slice(-2, None))

    def test_shapes(self):
        with pytest.raises(ValueError, match=r"Traces.values: .* shape .times, cells. = \(2, 1\) \(got \(1, 2\)\)"):
            Traces("cells", "v", "mV", [1.0, 2.0], [0], [[1.0, 2.0]])

    def test_read_only(self):
        traces = Traces("cells", "v", "mV", [1.0], [0], [[1.0]])
        with pytest.raises(ValueError, match="read-only"):
            traces.values[0, 0] = 2.0


class TestLookup:
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
        with pytest.raises(ValueError, match="must be a view of one population .got a view of 'cells', 'L2/3 E%'."):
            result.spikes[view(("cells", [0]), ("L2/3 E%", []))]

    def test_traces(self, result):
        traces = result.traces["cells", "v"]
        assert result.traces[view(("cells", [0, 1])), "v"] == traces.of([0])
        for key, text in (
            (("cells", "w"), "has no 'w' of 'cells'; available: v"),
            (("cell", "v"), "did you mean 'cells'"),
            ("cells", "must be a population and a variable"),
            ((view(("cells", [1])), "v"), "no 'v' of these cells"),
        ):
            with pytest.raises(MissingName, match=text):
                result.traces[key]

    def test_repr_is_a_table(self, result):
        assert repr(result).splitlines() == [
            "Result: 100 ms from 0 ms, dt = 0.1 ms, seed 1180591620717411303424",
            "population  cells  spikes  rate [Hz]  CV",
            "cells           3       5       16.7   -",
            "L2/3 E%         0       0          -   -",
            "CV: needs 20 spikes of at least half of the cells that fired",
            "traces: cells.v: 2 cells",
            "run 0.125 s",
        ]


def test_results_load_neither_matplotlib_nor_numba_nor_scipy():
    code = (
        "import sys, brainsim.results.result\n"
        "assert not {'matplotlib', 'numba', 'scipy'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
