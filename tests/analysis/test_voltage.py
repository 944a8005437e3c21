"""Features of potentials are those of eFEL, for made traces; what they say of spikes alone, and errors beside spikes.

``python -m tests.analysis.test_voltage`` writes the numbers of eFEL anew, with ``pip install efel``.
"""

import json
from pathlib import Path

import numpy as np
import pytest

import brainsim as bs
from brainsim import analysis
from brainsim.analysis.feature_table import FEATURES
from tests.helpers.mistakes import mistakes

NUMBERS = Path(__file__).parents[1] / "data" / "efel.json"
STIMULUS = (100.05, 300.05)  # between samples, so that eFEL's sums of 0.1 do not decide on which side one is
NOISE = 0.2 * np.random.default_rng(1).standard_normal(4001)
TIMES = 0.1 * np.arange(4001)
INVERSES = [name for name in FEATURES if name.startswith("inv_")] + ["mean_frequency"]


def made(spikes, step=10.0, sag=0.0):
    """Return a potential that a step moves, with spikes of which each is lower, and followed by a trough."""
    since = np.clip(TIMES - STIMULUS[0], 0.0, None)
    on = (1 - np.exp(-since / 10.0)) * step * (STIMULUS[1] > TIMES) - sag * since / 20.0 * np.exp(1.0 - since / 20.0)
    v = -65.0 + on + 0.3 * np.sin(TIMES / 17.0)
    for k, peak in enumerate(spikes):
        later = np.clip(TIMES - peak, 0.0, None)
        height = (90.0 - 2.0 * k) * np.where(peak > TIMES, np.exp((TIMES - peak) / 0.5), np.exp(-later / 0.8))
        v = v + height - 12.0 * later / 3.0 * np.exp(1.0 - later / 3.0)
    return v


CASES = {
    "adapting": made([110.0, 118.0, 131.03, 150.0, 176.5, 210.07, 250.0, 292.0, 340.0]),
    "one spike": made([120.0]),
    "noisy": made([112.0, 125.0, 147.0, 180.0, 231.0, 289.0]) + NOISE,
    "sag": made([], step=-8.0, sag=6.0),
}


def features(case, **more):
    return analysis.voltage_features(CASES[case], list(FEATURES), stimulus=STIMULUS, each=True, **more)


def ask_efel():
    """Return case -> name -> the values that eFEL returns."""
    import efel

    found = {}
    for case, v in CASES.items():
        trace = {"T": TIMES, "V": v, "stim_start": [STIMULUS[0]], "stim_end": [STIMULUS[1]]}
        values = efel.get_feature_values([trace], list(FEATURES))[0]
        found[case] = {name: [] if one is None else np.asarray(one, float).tolist() for name, one in values.items()}
    return found


@pytest.mark.parametrize("case", CASES)
def test_they_are_those_of_efel(case):
    expected, own = json.loads(NUMBERS.read_text(encoding="utf-8"))[case], features(case)
    for name in FEATURES:
        if expected[name] or name not in INVERSES:  # its page says 0 without intervals, and it returns nothing
            np.testing.assert_allclose(own[name], expected[name], rtol=1e-9, atol=1e-9, err_msg=name)
        else:
            assert own[name].tolist() == [0.0]


def test_every_feature_is_in_some_case():
    expected = json.loads(NUMBERS.read_text(encoding="utf-8"))
    assert [name for name in FEATURES if not any(len(one[name]) for one in expected.values())] == []


def test_of_several_cells_there_is_an_array_of_means_and_nan_for_what_is_not_there():
    v, names = (
        np.stack([CASES[case] for case in ("adapting", "one spike", "sag")], axis=1),
        ["Spikecount", "AP_amplitude", "AP2_amp"],
    )
    found = analysis.voltage_features(v, names, stimulus=STIMULUS)
    assert found["Spikecount"].tolist() == [9.0, 1.0, 0.0]
    assert found["AP_amplitude"][0] == pytest.approx(features("adapting")["AP_amplitude"].mean(), rel=1e-12)
    assert np.isnan(found["AP_amplitude"]).tolist() == [False, False, True]
    assert np.isnan(found["AP2_amp"]).tolist() == [False, True, True]
    traces = bs.Traces("cells", "v", "mV", TIMES, [0, 1, 2], v)
    again = analysis.voltage_features(traces, names, stimulus=STIMULUS)
    assert all(np.array_equal(again[name], found[name], equal_nan=True) for name in names)


def test_spikes_take_the_place_of_peaks():
    names = [name for name, one in FEATURES.items() if one.by_times]
    own = features("adapting")
    spikes = bs.Spikes(own["peak_time"], np.zeros(9, int), n=1, duration=400.0)
    found = analysis.voltage_features(None, names, stimulus=STIMULUS, spikes=spikes, each=True)
    for name in names:
        np.testing.assert_array_equal(found[name], own[name], err_msg=name)
    flat = analysis.voltage_features(
        np.full((4001, 1), -60.0), ["Spikecount", "voltage_base"], stimulus=STIMULUS, spikes=spikes
    )
    assert (flat["Spikecount"].tolist(), flat["voltage_base"].tolist()) == ([9.0], [-60.0])


def test_the_error_leaves_out_what_is_near_a_spike():
    target = made([120.0, 200.0])
    late = made([120.4, 200.4])
    everywhere, beside = (analysis.trace_error(late, target, spikes=some) for some in (None, [120.0, 200.0]))
    assert everywhere == pytest.approx(np.sqrt(np.mean((late - target) ** 2)), rel=1e-12)
    assert everywhere > 2.5
    kept = np.all([(one - 2.05 > TIMES) | (one + 30.05 < TIMES) for one in (120.0, 200.0)], axis=0)
    found = analysis.trace_error(late, target, spikes=[200.0, 120.0], mask=(2.0, 30.0))
    assert found == pytest.approx(np.sqrt(np.mean((late - target)[kept] ** 2)), rel=1e-9)
    assert found < 0.05 < beside < 0.5
    assert np.isnan(analysis.trace_error(late, target, spikes=[100.0], mask=(500.0, 500.0)))


def test_the_error_of_several_models_and_of_spikes_of_each():
    target = np.zeros(100)
    v = np.stack([np.ones(100), np.where(np.arange(100) < 50, 2.0, 0.0)], axis=1)
    np.testing.assert_allclose(analysis.trace_error(v, target), [1.0, np.sqrt(2.0)], rtol=1e-12)
    spikes = bs.Spikes([2.5], [1], n=2, duration=10.0)
    found = analysis.trace_error(v, target, spikes=spikes, mask=(2.5, 2.4))
    np.testing.assert_allclose(found, [1.0, 0.0], rtol=1e-12)


FLAT = np.full(100, -65.0)
ONE, THREE = (bs.Spikes([1.0], [0], n, 10.0) for n in (1, 3))


def read(v, names, stimulus=(1.0, 5.0), **more):
    return analysis.voltage_features(v, names, stimulus=stimulus, **more)


test_mistakes = mistakes(
    (lambda: read(FLAT, "AP_ampltude"), ValueError, "names: there is no 'AP_ampltude'; did you mean 'AP_amplitude'?"),
    (lambda: read(FLAT, "ISI_CV", (5, 1)), ValueError, "stimulus: must end after it begins (got 5 to 1 ms)"),
    (lambda: read(FLAT, "ISI_CV", 5.0), TypeError, "stimulus: must be (start, end), such as"),
    (lambda: read(None, "ISI_CV"), ValueError, "v: may be None only with spikes="),
    (lambda: read(FLAT, "AP_width", spikes=ONE), ValueError, "'AP_width' is read from the potential of a spike; leave"),
    (lambda: read(FLAT, "ISI_CV", spikes=THREE), ValueError, "must have a cell for each of the 1 potentials (got 3)"),
    (lambda: analysis.trace_error(FLAT, FLAT[:-1]), ValueError, "target: must have 100 samples as v has"),
    (lambda: analysis.trace_error(FLAT, FLAT, mask=(-1.0, 5.0)), ValueError, "analysis.trace_error.mask: must be >= 0"),
)


if __name__ == "__main__":
    NUMBERS.write_text(json.dumps(ask_efel(), indent=1) + "\n", encoding="utf-8")
