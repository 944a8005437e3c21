"""Intervals by named noise models, directions that cannot be told apart, and likelihoods against a sum written again."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.fitting import escape
from tests.fitting.test_fit import CURRENT, recorded

GRADIENT = {"method": "gradient", "candidates": 16, "starts": 2, "hold_out": 0}


@pytest.fixture(scope="module")
def noisy():
    """A cell with escape noise: its current and its spikes."""
    current = np.repeat(np.random.default_rng(2).uniform(0.0, 600.0, 400), 100)
    spikes, _ = recorded(escape.noisy(bs.LIF(tau_m=12.0, v_th=-48.0), 1.5), current=current)
    return current, spikes


@pytest.mark.thorough
def test_likelihood_of_spikes(noisy):
    """-log of the probability of each step, one by one, with v by the exact solution of the equation."""
    current, spikes = noisy
    fit = bs.fit(
        bs.LIF(),
        current=current,
        spikes=spikes,
        free={"tau_m": (11.0, 13.0)},
        loss="likelihood",
        escape_width=1.5,
        method="grid",
        points=3,
        hold_out=0,
    )
    model, dt = bs.LIF(), 0.1
    steps, times = current.size, np.rint(spikes.times / 0.1).astype(int)
    expected = []
    for tau_m in (11.0, 12.0, 13.0):
        v, total, blocked = model.v_rest, 0.0, 0
        for step in range(1, steps + 1):
            if blocked:
                blocked -= 1
                continue
            end = model.v_rest + current[step - 1] * tau_m / model.c_m
            v = end + (v - end) * np.exp(-dt / tau_m)
            rate = np.exp((v - model.v_th) / 1.5)
            if step in times:
                total -= np.log(-np.expm1(-rate * dt))
                v, blocked = model.v_reset, round(model.t_ref / dt)
            else:
                total += rate * dt
        expected.append(total / times.size)
    assert fit.candidates["loss"] == pytest.approx(expected, rel=2e-3)  # v before a reset is a line through two samples


@pytest.mark.thorough
def test_the_interval_of_the_likelihood_holds_the_truth(noisy):
    current, spikes = noisy
    free = {"tau_m": (5.0, 30.0), "v_th": (-55.0, -40.0)}
    fit = bs.fit(bs.LIF(), current=current, spikes=spikes, free=free, loss="likelihood", **GRADIENT)
    for name, true in {"tau_m": 12.0, "v_th": -48.0, "escape_width": 1.5}.items():
        low, high = fit.intervals[name]
        assert low < true < high
        assert high - low < 0.5 * abs(true)
    assert fit.noise == "escape noise of the threshold"
    assert fit.indistinct == []


def test_the_interval_of_a_trace_is_that_of_least_squares():
    """v of a leaky cell without spikes is linear in 1/c_m at fixed tau_m: the interval is known in closed form."""
    rng = np.random.default_rng(3)
    model = bs.LIF(v_th=1000.0)
    _, v = recorded(model)
    signal, v = v[:-1] - model.v_rest, v[:-1] + rng.normal(0.0, 0.5, v.size - 1)
    v[0] = model.v_rest
    fit = bs.fit(model, current=CURRENT, v=v, free={"c_m": (100.0, 400.0)}, **GRADIENT)
    k = signal @ (v - model.v_rest) / (signal @ signal)  # of 200/c_m
    residual = v - model.v_rest - k * signal
    sd = np.sqrt(residual @ residual / (v.size - 1) / (signal @ signal))
    assert fit.parameters["c_m"] == pytest.approx(200.0 / k, rel=1e-6)
    low, high = fit.intervals["c_m"]
    assert (high - low) / 2 == pytest.approx(1.96 * sd * 200.0 / k**2, rel=1e-3)
    c_m = fit.parameters["c_m"]  # one standard deviation away, the likelihood is lower by 1/2
    found = fit.log_likelihood([[c_m], [c_m + sd * 200.0 / k**2], [500.0]])
    assert found[0] - found[1] == pytest.approx(0.5, rel=0.02)
    assert found[2] == -np.inf
    assert fit.noise == f"Gaussian residual of v, {np.sqrt(residual @ residual / (v.size - 1)):.3g} mV"


@pytest.mark.thorough
def test_what_cannot_be_told_apart_is_named(noisy):
    """All of v - v_rest scales with 1/c_m, and so do the width and the distance of the threshold."""
    current, spikes = noisy
    free = {"v_th": (-55.0, -40.0), "c_m": (100.0, 400.0)}
    fit = bs.fit(bs.LIF(tau_m=12.0), current=current, spikes=spikes, free=free, loss="likelihood", **GRADIENT)
    assert any("v_th and c_m can hardly be told apart" in line for line in fit.indistinct)
    assert fit.intervals["c_m"] == (100.0, 400.0)


@pytest.mark.thorough
def test_a_trace_with_spikes_is_that_of_a_cell_which_fires_with_the_recording(noisy):
    current, _ = noisy
    model = escape.noisy(bs.LIF(tau_m=12.0, c_m=150.0), 3.0)
    spikes, v = recorded(model, current=current)
    v = v + np.random.default_rng(4).normal(0.0, 0.3, v.size)
    free = {"tau_m": (5.0, 30.0), "c_m": (50.0, 400.0)}
    fit = bs.fit(bs.LIF(), current=current, v=v, spikes=spikes, free=free, mask=(0.2, 2.2), **GRADIENT)
    assert fit.parameters["tau_m"] == pytest.approx(12.0, rel=0.01)
    assert fit.parameters["c_m"] == pytest.approx(150.0, rel=0.01)
    assert fit.scores["error"] == pytest.approx(0.3, rel=0.02)


@pytest.mark.thorough
def test_a_bootstrap_is_as_wide_as_the_errors(noisy):
    """Intervals of a fit by van Rossum's distance are at least about as wide as those of the likelihood."""
    pytest.importorskip("cmaes")
    current, spikes = noisy
    options = {"current": current, "spikes": spikes, "free": {"tau_m": (5.0, 30.0)}, "hold_out": 0}
    model = bs.LIF(v_th=-48.0)
    fit = bs.fit(model, loss="van rossum", candidates=16, starts=1, generations=15, **options)
    assert fit.intervals == {}
    wide = fit.bootstrap(20, candidates=8, generations=8)
    low, high = wide.intervals["tau_m"]
    assert wide.noise.startswith("escape noise of the threshold, 1.")
    best = bs.fit(model, loss="likelihood", method="gradient", candidates=16, starts=2, **options)
    least = np.diff(best.intervals["tau_m"])[0]
    assert 0.9 * least < high - low < 6.0 * least
    assert wide.runs == fit.runs + 8
