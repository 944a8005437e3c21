"""Descents in a beginning of the recording that grows, and their steps in narrow valleys."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.fitting import descent

FREE = {"g_na": (2e3, 6e3), "g_k": (500.0, 1500.0)}


def fitted(seed):
    """Return the fit of two conductances to a noisy trace with spikes, and their true values."""
    rng = np.random.default_rng(seed)
    current = np.repeat(rng.uniform(-100.0, 200.0, 30), 100)
    true = {"g_na": rng.uniform(3e3, 5e3), "g_k": rng.uniform(700.0, 1300.0)}
    cell = bs.Population(1, bs.WangBuzsaki(**true), name="cell")
    net = bs.Network(seed=1)
    net.stimulate(cell, bs.CurrentInput(bs.TimedArray(current, 0.1)))
    v = bs.simulate(net, 300.0, record=[bs.Trace(cell, "v")]).traces["cell", "v"].values[:, 0]
    options = {"method": "gradient", "candidates": 16, "starts": 4, "initial": {"v": -64.0}, "hold_out": 0}
    return bs.fit(bs.WangBuzsaki(), current=current, v=v + rng.normal(0.0, 0.5, v.size), free=FREE, **options), true


def test_a_beginning_that_grows_leads_past_the_wrong_minima_of_a_trace_with_spikes(monkeypatch):
    """In the whole trace, descents from the same starts end where a spike is missing or there is one too many."""
    fit, true = fitted(0)
    assert fit.parameters == pytest.approx(true, rel=1e-3)
    assert fit.scores["error"] == pytest.approx(0.5, rel=0.05)
    monkeypatch.setattr(descent, "SHORTEST", 1.0)
    at_once, _ = fitted(0)
    assert at_once.scores["error"] > 5.0
    assert fit.runs < 1.5 * at_once.runs


@pytest.mark.parametrize("condition", [1e2, 1e8])
def test_steps_reach_the_bottom_of_a_narrow_valley(condition):
    """A quadratic loss: the least damping is weak enough for its bottom, whatever the condition of its curvature."""
    directions = np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2.0)
    hessian = directions.T @ np.diag([1.0, 1.0 / condition]) @ directions
    place, bottom = np.array([0.2, 0.9]), np.array([0.4, 0.5])
    tried = descent._steps(place, hessian @ (place - bottom), hessian, np.arange(2))
    assert np.abs(tried - bottom).max(axis=1).min() < 0.02
