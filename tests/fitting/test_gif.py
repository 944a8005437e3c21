"""`bs.fit_gif`: parameters of a GIF come back, with errors that say how nearly, and the model spikes as the true one."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import brainsim as bs
from brainsim.fitting import gif_parts
from tests.helpers.mistakes import mistakes

DT = 0.1
TRUE = bs.GIF(delta_v=1.0, q_eta_1=60.0, tau_eta_1=80.0, q_gamma_1=6.0, tau_gamma_1=60.0, v_reset=-55.0)
AT_SPIKES = ("v_th", "delta_v", "q_gamma_1")


def current(samples, seed):
    """Return a current that is new every 5 ms [pA]."""
    return np.repeat(np.random.default_rng(seed).normal(330.0, 260.0, samples // 50), 50)


def recorded(samples, cells, seed, model=TRUE):
    """Return a current, the potentials and the spikes of some cells."""
    given = current(samples, seed)
    cell = bs.Population(cells, model, name="cell")
    net = bs.Network(seed=1)
    net.stimulate(cell, bs.CurrentInput(bs.TimedArray(given, dt=DT)))
    result = bs.simulate(net, samples * DT, dt=DT, record=[bs.Trace(cell, "v")], seed=seed)
    return given, result.traces["cell", "v"].values, result.spikes["cell"]


@pytest.fixture(scope="module")
def data():
    return recorded(200_000, 4, 3)


def fitted(data, cells, **more):
    given, v, spikes = data
    trains = [spikes.times[spikes.ids == k] for k in cells]
    options = {"tau_eta": [80.0], "tau_gamma": [60.0], "hold_out": 0.5} | more
    return bs.fit_gif(current=[given] * len(cells), v=[v[:, k] for k in cells], spikes=trains, dt=DT, **options)


def test_what_is_between_spikes_comes_back_exactly_and_the_threshold_within_its_errors(data):
    fit = fitted(data, range(4))
    for name in ("c_m", "g_l", "v_rest", "q_eta_1", "v_reset"):
        assert fit.parameters[name] == pytest.approx(getattr(TRUE, name), rel=1e-8), name
    for name in AT_SPIKES:
        assert 0.0 < fit.errors[name] < 0.1 * abs(getattr(TRUE, name)), name
        assert abs(fit.parameters[name] - getattr(TRUE, name)) < 3.0 * fit.errors[name], name
    assert fit.explained == pytest.approx(1.0, abs=1e-9)
    assert fit.score == pytest.approx(fit.bits, rel=0.2)
    assert (type(fit.model), fit.model.tau_eta_1, fit.model.q_eta_2) == (bs.GIF, 80.0, 0.0)


def test_the_potential_of_the_model_is_the_recorded_one(data):
    given, v, spikes = data
    fit = fitted(data, [0])
    train = spikes.times[spikes.ids == 0]
    recording = gif_parts.trial_of(_Recording(given, v[:-1, 0], train), (0.0, given.size * DT), [80.0], TRUE.t_ref, 5.0)
    passive = gif_parts.regress([recording], [80.0])
    own = gif_parts.potential_of(recording, passive.coefficients, [80.0], TRUE.v_reset, TRUE.t_ref, DT)
    between = np.setdiff1d(np.arange(given.size), recording.at)  # at a spike it is the potential before the reset
    np.testing.assert_allclose(own[between], v[between, 0], rtol=0, atol=1e-6)
    assert (own[recording.at] > v[recording.at, 0]).all()
    assert fit.parameters["c_m"] == pytest.approx(200.0, rel=1e-8)


class _Recording:
    def __init__(self, given, v, train):
        self.current, self.v, self.trains, self.dt = given, v, [train], DT


def test_the_likelihood_has_the_slope_and_the_curvature_that_it_says():
    rng = np.random.default_rng(2)
    x = np.column_stack([rng.standard_normal(400), np.ones(400), rng.standard_normal(400)])
    spikes = rng.random(400) < 0.3
    at = np.array([0.4, -0.8, 0.2])
    _, slope, curvature = gif_parts._likelihood(x, spikes, at)
    up, down = ([gif_parts._likelihood(x, spikes, at + sign * step) for step in 1e-5 * np.eye(3)] for sign in (1, -1))
    np.testing.assert_allclose(slope, [(a[0] - b[0]) / 2e-5 for a, b in zip(up, down, strict=True)], rtol=1e-6)
    np.testing.assert_allclose(-curvature, [(a[1] - b[1]) / 2e-5 for a, b in zip(up, down, strict=True)], rtol=1e-6)
    found = gif_parts.ascend(x, spikes)
    np.testing.assert_allclose(gif_parts._likelihood(x, spikes, found.coefficients)[1], 0.0, atol=1e-6)


def test_more_time_constants_make_a_model_that_runs(data):
    fit = fitted(data, [0], tau_eta=[20.0, 80.0, 200.0], tau_gamma=[60.0])
    assert fit.parameters["q_eta_2"] == pytest.approx(60.0, rel=1e-6)
    assert abs(fit.parameters["q_eta_3"]) < 1e-4
    assert (fit.model.tau_eta_3, fit.model.q_gamma_2) == (200.0, 0.0)
    assert isinstance(fit.model, bs.GIF)
    assert "GIFFit: c_m=200" in repr(fit)


@pytest.mark.thorough
def test_the_fitted_model_spikes_as_reliably_as_the_true_one():
    """Repeats of both with a current that the fit has not seen: Md* is 1 for the same model."""
    fit = fitted(recorded(400_000, 1, 5), [0], tau_eta=[20.0, 80.0, 200.0], tau_gamma=[20.0, 60.0])
    (_, _, truth), (_, _, found) = (recorded(100_000, 40, 9, model) for model in (TRUE, fit.model))
    assert bs.analysis.md_star(found, truth) == pytest.approx(1.0, abs=0.03)


def test_a_fit_is_read_as_it_was_written(data, tmp_path):
    fit = fitted(data, [0, 1], tau_eta=[20.0, 80.0, 200.0])
    read = bs.GIFFit.load(fit.save(tmp_path / "fit.npz"))
    assert repr(read) == repr(fit)
    assert (read.model, read.errors, read.explained) == (fit.model, fit.errors, fit.explained)
    own, again = (one.response(1, repeats=2).spikes["fitted"] for one in (fit, read))
    assert own.n == 2
    assert np.array_equal(own.times, again.times)
    assert np.array_equal(own.ids, again.ids)
    with pytest.raises(ValueError, match=r"fit.npz is a GIFFit; read it with bs.GIFFit.load"):
        bs.Fit.load(tmp_path / "fit.npz")


def test_a_response_begins_where_the_recording_does(data):
    """Until one of them spikes, both do the same."""
    given, v, spikes = data
    response = fitted(data, [0]).response(repeats=3)
    found, own = response.traces["fitted", "v"].values, response.spikes["fitted"]
    first = round(min(own.times.min(), spikes.times[spikes.ids == 0].min()) / DT)
    assert first > 20
    np.testing.assert_allclose(found[:first], np.repeat(v[:first, :1], 3, axis=1), rtol=0, atol=1e-6)
    assert given.size + 1 == len(found)


def test_a_picture_has_the_recording_and_ten_repeats_of_the_model(data):
    fit = fitted(data, [0, 1])
    _, ax = plt.subplots()
    assert fit.plot(ax, recording=1, window=(200.0, 700.0)) is ax
    shown = data[1][2000:7001, 1]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), shown)
    rows = [rows for rows in ax.collections if len(rows.get_segments())]
    assert len(ax.collections) == 11
    times = data[2].times[data[2].ids == 1]
    inside = times[(times >= 200.0) & (times <= 700.0)]
    np.testing.assert_allclose([segment[0, 0] for segment in rows[-1].get_segments()], inside)
    plt.close("all")


FLAT = np.full(1000, -60.0)
STEPS = current(1000, 1)
AGAINST = {"current": STEPS, "v": -60.0 - np.cumsum(STEPS) / 4e4}
GOOD = {"current": FLAT, "v": FLAT, "spikes": [30.0]}

test_mistakes = mistakes(
    (lambda: bs.fit_gif(**(GOOD | {"v": None})), ValueError, "fit_gif.v: is needed; a fit of spikes alone is bs.fit"),
    (lambda: bs.fit_gif(**(GOOD | {"spikes": [[30.0], [31.0]]})), ValueError, "has 2 trains and one potential; give each"),
    (lambda: bs.fit_gif(**GOOD, tau_eta=[10.0, 10.0]), ValueError, "fit_gif.tau_eta: must differ (got [10.0, 10.0])"),
    (lambda: bs.fit_gif(**GOOD, tau_gamma=[-1.0]), ValueError, "fit_gif.tau_gamma[0]: must be > 0 ms"),
    (lambda: bs.fit_gif(**GOOD), ValueError, "fit_gif.current: must change between spikes"),
    (
        lambda: bs.fit_gif(**(GOOD | {"current": STEPS, "v": -60.0 - np.cumsum(STEPS) / 4e4})),
        ValueError,
        "fit_gif.v: does not move towards rest between spikes",
    ),
    (lambda: bs.fit_gif(**(GOOD | {"v": FLAT[:900]})), ValueError, "must have as many samples as its current"),
)
