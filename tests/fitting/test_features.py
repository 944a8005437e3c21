"""Features by their names: of spikes, and of potentials."""

import numpy as np
import pytest

import brainsim as bs
from tests.fitting.test_fit import CURRENT, recorded

NAMES = ["mean_frequency", "time_to_first_spike"]


def test_features_of_spikes():
    spikes, _ = recorded(bs.LIF(tau_m=12.0))
    options = {"current": CURRENT, "free": {"tau_m": (6.0, 18.0)}, "method": "grid", "points": 5, "hold_out": 0}
    fit = bs.fit(bs.LIF(), spikes=spikes, loss="features", features=NAMES, **options)
    assert fit.parameters["tau_m"] == pytest.approx(12.0)
    assert fit.loss == 0.0
    other, _ = recorded(bs.LIF(tau_m=6.0))
    expected = 0.0
    for name in NAMES:
        a, b = (
            bs.analysis.voltage_features(None, name, spikes=one, stimulus=(0.0, 600.0))[name].item()
            for one in (other, spikes)
        )
        expected += min(abs(a - b) / (0.1 * b), 250.0) ** 2 / 2 if a == a else 250.0**2 / 2
    assert fit.candidates["loss"][0] == pytest.approx(expected)
    narrow = bs.fit(bs.LIF(), spikes=spikes, loss="features", features={"mean_frequency": 0.5}, **options)
    a, b = (1000.0 * len(one) / one.times[-1] for one in (other, spikes))
    assert narrow.candidates["loss"][0] == pytest.approx(min(abs(a - b) / 0.5, 250.0) ** 2)


@pytest.mark.thorough
def test_features_of_potentials():
    model, current = bs.WangBuzsaki(g_k=1000.0), np.full(4000, 100.0)
    spikes, v = recorded(model, current=current)
    assert len(spikes) > 3
    options = {"free": {"g_k": (800.0, 1200.0)}, "method": "grid", "points": 5, "hold_out": 0}
    names = ["AP_amplitude", "spike_half_width"]
    fit = bs.fit(bs.WangBuzsaki(), current=current, v=v, loss="features", features=names, **options)
    assert fit.parameters["g_k"] == pytest.approx(1000.0)
    assert fit.loss < 1e-12


def test_mistakes():
    given = {"current": CURRENT, "spikes": [20.0], "free": {"tau_m": (6.0, 18.0)}}
    with pytest.raises(ValueError, match="fit.features: goes with loss='features'"):
        bs.fit(bs.LIF(), features=NAMES, **given)
    with pytest.raises(ValueError, match="did you mean 'mean_frequency'"):
        bs.fit(bs.LIF(), loss="features", features=["mean_freqency"], **given)
