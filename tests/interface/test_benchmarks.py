"""The benchmarks' own arithmetic, and mistakes that must show before hours of measuring."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def report(monkeypatch):
    """Return the module that compares, as the benchmarks import it."""
    monkeypatch.syspath_prepend(str(FOLDER))
    from harness import report

    return report


def test_rates_of_few_spikes_are_not_told_apart(report):
    # 0.8 Hz of 400 cells in 0.2 s are 64 spikes: 0.55 Hz are 1.8 standard deviations of their difference away
    assert report.close(0.55, 0.8, 0.25, 400 * 0.2)
    assert not report.close(0.1, 0.8, 0.25, 400 * 0.2)


def test_rates_of_many_spikes_are(report):
    assert report.close(0.61, 0.8, 0.25, 20_000 * 10.0)
    assert not report.close(0.55, 0.8, 0.25, 20_000 * 10.0)
    assert not report.close(0.0, 0.8, 0.25, 1.0)  # silence is another state, however few spikes are expected


def test_tolerances_shrink_with_the_number_of_wirings(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import coba

    for population, one in coba.WORKLOAD.tolerance.items():
        assert coba.WORKLOAD.tolerance_of(population, 4) == one / 2.0


@pytest.mark.thorough_but("arguments0", "arguments4")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scaling.py", "--out", "nowhere/a.png"], "argument --out: there is no folder 'nowhere'"),
        (["scaling.py", "--out", "a.txt"], "argument --out: must end in one of .png, .svg, .pdf, .jpg"),
        (["scaling.py", "--save", "nowhere/a.json"], "argument --save: there is no folder 'nowhere'"),
        (["scaling.py", "--from", "missing.json"], "argument --from: 'missing.json' cannot be read: No such file"),
        (["scaling.py", "--from", "other.json"], "argument --from: 'other.json' was not written by --save"),
        (["cuba.py", "--save", "nowhere/a.json"], "argument --save: there is no folder 'nowhere'"),
        (["pynn.py", ".", "--only", "brunel"], "there is no brunel.py in '.', which must be the examples of PyNN"),
    ],
)
def test_a_file_that_cannot_be_read_or_written_is_an_error_before_measuring(arguments, said, tmp_path):
    (tmp_path / "other.json").write_text(json.dumps({"rows": []}))
    script, *options = arguments
    run, environment = [sys.executable, str(FOLDER / script), *options], os.environ | {"PYTHONPATH": str(FOLDER.parent)}
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]


def test_cells_of_a_nervous_system_excite_or_inhibit(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    from harness import brain_graph

    monkeypatch.setattr(brain_graph, "CNS", (2000, 40_000))
    monkeypatch.setattr(brain_graph, "SENSORY", 300)
    pre, post, contacts, sensory = brain_graph.cns(1)
    assert abs(pre.size - 40_000) < 5 * 40_000**0.5
    assert {pre.size} == {post.size, contacts.size}
    assert np.unique(sensory).size == 300
    cells, sign = np.unique(pre, return_index=True)
    # the contacts of a cell have one sign, and none is 0
    assert (np.sign(contacts) == np.sign(contacts[sign])[np.searchsorted(cells, pre)]).all()
    assert (contacts != 0).all()
    assert max(pre.max(), post.max(), sensory.max()) < 2000


def test_the_network_that_learns_is_the_one_of_the_published_comparison(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import stdp

    assert stdp.in_degrees(10_000) == {"E": 1000, "I": 250}
    assert (stdp.weight(10_000), stdp.drive(10_000)) == (0.1, 10_000.0)  # mV, Hz
    assert stdp.fan_out(10_000) == {"E": 1250.0, "I": 1250.0}
    assert stdp.updates(10_000) == {"E": 2000, "I": 0}


SHORT = ["--only", "brainsim", "--threads", "1", "--runs", "1", "--duration", "20", "--warm-up", "1"]
# every script, with the smallest sizes that it takes
SMALLEST = {
    "analysis": ["--spikes", "1000", "--cells", "10", "--runs", "1"],
    "brian2_examples": [".", "--only", "CUBA", "--target", "numpy"],
    "brian2_speed": [".", "--ways", "brainsim,numpy", "--runs", "1"],
    "brunel": [*SHORT, "--n", "100"],
    "cells": ["LIF", "--runs", "1", "--duration", "5"],
    "choices": ["--only", "brainsim,brainsim-like-nest", "--trials", "2", "--evidence", "51.2,12.8", "--n", "200"],
    "checkpoints": ["--scale", "0.01", "--duration", "10", "--runs", "1"],
    "coba": [*SHORT, "--n", "100"],
    "cobahh": [*SHORT, "--n", "100"],
    "conversion": ["--only", "brainsim", "--threads", "1", "--T", "4", "--runs", "1"],
    "cuba": [*SHORT, "--n", "100"],
    "decision": [*SHORT, "--n", "200"],
    "equivalence": ["--only", "brainsim", "--seed", "1", "--networks", "2", "--runs", "1"],
    "exchange": ["--runs", "1"],
    "first_result": ["--only", "brainsim,python", "--runs", "1", "--empty-runs", "0"],
    "fitting": ["recovery", "--models", "LI", "LIF", "--sets", "1", "--to", "recovery.jsonl"],
    "gap_junctions": [*SHORT, "--n", "100"],
    "inputs": ["--cells", "100", "--runs", "1"],
    "brains": ["--only", "brainsim,visited", "--threads", "1", "--n", "300", "--duration", "50"],
    "learning": ["--only", "brainsim", "--threads", "1", "--epochs", "1"],
    "micro": ["--runs", "1", "--sources", "20"],
    "microcircuit": [*SHORT, "--scale", "0.01"],
    "microcircuit_stdp": [*SHORT, "--scale", "0.01"],
    "neighbours": ["--n", "100", "--threads", "1", "--runs", "1"],
    "pictures": ["--spikes", "1000", "--side", "40", "--duration", "200", "--runs", "1"],
    "plastic": ["--n", "100", "--inputs", "10", "--duration", "10", "--runs", "1", "--only", "additive"],
    "pynn": [".", "--only", "small_network", "--simulators", "brainsim", "--runs", "1"],
    "ranks": ["--scale", "0.01", "--duration", "10", "--runs", "1"],
    "scaling": ["--only", "brainsim", "--quick", "--axes", "cells", "--runs", "1", "--largest", "1e5", "--seconds", "0.01"],
    "stdp": [*SHORT, "--n", "100"],
    "streaming": ["--spikes", "1e4", "--scale", "0", "--runs", "1"],
    "tabs": ["--only", "coba", "--seconds", "1"],
    "sweep": ["--points", "4", "--workers", "1", "--runs", "1"],
    "whole_tasks": ["--only", "sweep: brainsim,raster: brainsim", "--seeds", "1", "--runs", "1", "--empty-runs", "0"],
}
NEEDS = {
    "brian2_examples": "brian2",
    "brian2_speed": "brian2",
    "pictures": "bokeh",
    "exchange": "mpi4py",
    "pynn": "pyNN",
    "ranks": "mpi4py",
    "tabs": "playwright",
}
# stands for an example of PyNN
SMALL_NETWORK = """
from pyNN.utility import get_simulator
sim, options = get_simulator()
sim.setup()
cells = sim.Population(3, sim.IF_cond_exp(i_offset=1.0))
cells.record("spikes")
sim.run(100.0)
sim.end()
"""
# stands for one of Brian2
CUBA = """
from brian2 import *
cells = NeuronGroup(3, "dv/dt = (2 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
spikes = SpikeMonitor(cells)
run(20*ms)
"""


def test_every_script_is_in_the_table():
    assert set(SMALLEST) == {path.stem for path in FOLDER.glob("*.py")}


@pytest.mark.slow_only("[first_result]", "[inputs]")
@pytest.mark.thorough
@pytest.mark.parametrize("script", SMALLEST)
def test_every_script_runs(script, tmp_path):
    if script in NEEDS:
        pytest.importorskip(NEEDS[script], reason=f"{script}.py measures {NEEDS[script]}")
    run = [sys.executable, str(FOLDER / f"{script}.py"), *SMALLEST[script]]
    environment = os.environ | {"PYTHONPATH": str(FOLDER.parent)}
    (tmp_path / "small_network.py").write_text(SMALL_NETWORK, encoding="utf-8")
    (tmp_path / "CUBA.py").write_text(CUBA, encoding="utf-8")
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Error" not in done.stdout + done.stderr, done.stdout[-2000:]
    assert len(done.stdout.splitlines()) > 2


def test_a_network_that_learns_has_a_column_more(report):
    from harness.rounds import Row
    from harness.workload import Task, Workload

    row = Row(Task(simulator="brainsim", threads=1, n=10, duration=500.0, warm_up=0.0, seed=1))
    row.about = {"version": "1", "build": 1.0, "compile": None}
    row.seconds, row.spikes = [0.1, 0.2], [{"E": 40}, {"E": 40}]
    shared = {
        "populations": lambda n: {"E": n},
        "fan_out": lambda n: {"E": 20.0},
        "networks": {},
        "n": 10,
        "duration": 500.0,
    }
    # 80 spikes a second cause 1,600 events and 400 updates; 0.2 s are 125,000 and 500,000 ns for each
    for updates, per in ((None, "1.25e+05"), (lambda n: {"E": 5.0}, "1.25e+05 5e+05")):
        workload = Workload(name="Test", updates=updates, **shared)
        reference = report.check_rates([row], workload, 10)
        machine = dict.fromkeys(("processor", "cores", "system", "python"), "") | {"memory_GB": 1}
        lines = report.table([row], report.Setting(workload, 10, 500.0, machine, 0.0), reference).splitlines()
        line = next(line for line in lines if line.startswith("brainsim x1"))
        assert " ".join(line.split()) == f"brainsim x1 8 0.2 0.3 0.4 - {per} 1.6e+03 1 - -"
        assert any("ns/update" in line for line in lines) == bool(updates)
