"""A fit is saved, continued and drawn."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import brainsim as bs
from brainsim.fitting import generations
from brainsim.fitting.generations import Generations
from brainsim.fitting.problem import Problem
from tests.fitting.test_fit import CURRENT, recorded

FREE = {"tau_m": (5.0, 30.0), "v_th": (-55.0, -40.0)}


@pytest.fixture(scope="module")
def spikes():
    return recorded(bs.LIF(tau_m=12.0, v_th=-48.0))[0]


@pytest.fixture(scope="module")
def fit(spikes):
    return bs.fit(bs.LIF(), current=CURRENT, spikes=spikes, free=FREE, method="grid", points=4)


def test_a_fit_is_read_as_it_was_written(fit, tmp_path):
    read = bs.Fit.load(fit.save(tmp_path / "fit.npz"))
    assert repr(read) == repr(fit)
    assert read.model == fit.model
    assert (read.scores, read.intervals, read.noise) == (fit.scores, fit.intervals, fit.noise)
    assert np.array_equal(read.history, fit.history)
    assert np.array_equal(read.response().spikes["fitted"].times, fit.response().spikes["fitted"].times)


class Mine(bs.Neuron):
    equations = "dv/dt = (v_rest - v)/tau_m + I/c_m"
    threshold = "v >= v_th"
    reset = "v = v_rest"
    tau_m: float = bs.parameter(20.0, "ms", "time constant", above=0.0)
    c_m: float = bs.parameter(200.0, "pF", "capacitance", above=0.0)
    v_rest: float = bs.parameter(-65.0, "mV", "rest")
    v_th: float = bs.parameter(-50.0, "mV", "threshold")
    v: float = bs.initial("v_rest", "mV", "potential")


def test_a_class_that_cannot_be_imported_is_asked_for(spikes, tmp_path, monkeypatch):
    fit = bs.fit(Mine(), current=CURRENT, spikes=spikes, free=FREE, method="grid", points=2)
    path = fit.save(tmp_path / "fit.npz")
    monkeypatch.delitem(globals(), "Mine")
    with pytest.raises(ValueError, match=r"there is no class Mine in .*; give it by model="):
        bs.Fit.load(path)
    assert bs.Fit.load(path, fit.model).parameters == fit.parameters
    (tmp_path / "other.npz").write_bytes((tmp_path / "fit.npz").read_bytes())
    np.savez(tmp_path / "other.npz", a=1)
    with pytest.raises(ValueError, match=r"is not a fit that Fit.save wrote"):
        bs.Fit.load(tmp_path / "other.npz")


def test_a_stopped_fit_continues(spikes, tmp_path, monkeypatch):
    """By Ctrl-C after some runs; what is left has the bits of a fit in one go, and what was done is not done again."""
    pytest.importorskip("cmaes")
    options = {"current": CURRENT, "spikes": spikes, "free": FREE, "candidates": 16, "starts": 1, "generations": 6}
    whole = bs.fit(bs.LIF(), **options)
    run, calls = Problem.run, []

    def stopped(self, *args, **given):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return run(self, *args, **given)

    monkeypatch.setattr(Problem, "run", stopped)
    with pytest.warns(UserWarning, match=r"fit: stopped by Ctrl-C after 3 runs"):
        part = bs.fit(bs.LIF(), to=tmp_path / "fit.npz", **options)
    assert len(part.history) == 3
    calls[:] = [1] * 10
    rest = bs.fit(bs.LIF(), to=tmp_path / "fit.npz", **options)
    assert len(calls) - 10 == whole.runs - 3
    assert rest.parameters == whole.parameters
    for name, values in rest.candidates.items():
        assert np.array_equal(values, whole.candidates[name])
    with pytest.warns(UserWarning, match=r"is of another fit"):
        bs.fit(bs.LIF(), to=tmp_path / "fit.npz", **(options | {"seed": 2, "generations": 1}))


def test_a_file_is_written_while_a_fit_runs(tmp_path, monkeypatch):
    """Also if it does not end; not while it finds again what the file has."""
    monkeypatch.setattr(generations, "EVERY", -1.0)
    path, ran = tmp_path / "fit.npz", []

    class Sums:
        def described(self):
            return "sums"

        def losses(self, places):
            ran.append(len(places))
            return places.sum(axis=1)

    first = Generations(Sums(), to=path)
    for k in range(3):
        first.evaluate(np.full((2, 4), float(k)))
    kept = path.read_bytes()
    again = Generations(Sums(), to=path)
    path.unlink()
    for k in range(3):
        assert again.evaluate(np.full((2, 4), float(k))).tolist() == [4.0 * k] * 2
        assert not path.exists()
    assert ran == [2, 2, 2]
    again.evaluate(np.full((5, 4), 7.0))
    assert path.exists()
    assert path.read_bytes() != kept
    assert ran == [2, 2, 2, 5]


@pytest.mark.parametrize("name", ["plot", "plot_history", "plot_pair", "plot_profile"])
def test_pictures(fit, name):
    _, (ax, other) = plt.subplots(1, 2)
    given = ("tau_m",) if name == "plot_profile" else ()
    assert getattr(fit, name)(*given, ax=ax) is ax
    assert ax.has_data()
    assert not other.has_data()
    if name == "plot_profile":
        (line,) = [line for line in ax.lines if len(line.get_xdata()) > 2]
        assert line.get_ydata().min() == fit.loss
    with pytest.raises(bs.MissingName, match=r"'tau' is not free.*; these are: tau_m, v_th"):
        fit.plot_profile("tau")
    plt.close("all")


def test_a_picture_of_steps_that_are_shorter_than_the_samples():
    """The recorded potential has what the electrode adds, at the times of the steps too."""
    _, v = recorded(bs.LIF(v_th=1000.0))
    v = v[:-1] + 1e-3 * 20.0 * CURRENT
    free, options = {"c_m": (100.0, 400.0)}, {"method": "gradient", "candidates": 8, "starts": 1, "step": 0.05}
    fit = bs.fit(bs.LIF(v_th=1000.0), current=CURRENT, v=v, free=free, series_resistance=20.0, **options)
    ax = fit.plot(window=(100.0, 200.0))
    shown, drawn = (line.get_xydata() for line in ax.lines[:2])
    assert len(drawn) == 2 * len(shown) - 1
    np.testing.assert_allclose(drawn[::2], shown, rtol=0, atol=1e-3)
    plt.close("all")
