"""Statistics compared with theory and with results by hand, and their mistakes."""

import numpy as np
import pytest

import brainsim as bs
from brainsim import analysis
from tests.helpers.mistakes import mistakes
from tests.helpers.trains import edges, random_trains


def poisson(n=200, duration=5_000.0, rate=20.0, seed=0):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rate * duration / 1000.0, n)
    return bs.Spikes(rng.uniform(0.0, duration, counts.sum()), np.repeat(np.arange(n), counts), n, duration)


def test_a_poisson_process():
    spikes = poisson()
    for statistic in (analysis.cv2, analysis.lv, analysis.fano):
        assert statistic(spikes) == pytest.approx(1.0, abs=0.03), statistic.__name__
    assert analysis.lvr(spikes, refractory=0.0) == pytest.approx(analysis.lv(spikes), rel=1e-12)
    assert analysis.lvr(spikes) > analysis.lv(spikes)
    assert analysis.mean_correlation(spikes) == pytest.approx(0.0, abs=0.002)
    _, power = analysis.spectrum(spikes, segment=200.0)
    assert power[2:].mean() == pytest.approx(2.0 * 20.0 / 200, rel=0.05)
    _, auto = analysis.autocorrelogram(spikes, norm="rate")
    assert auto.mean() == pytest.approx(20.0, rel=0.02)


def test_a_clock():
    clock = bs.Spikes(np.arange(12.5, 1000.0, 25.0), np.zeros(40, int), 1, 1000.0)
    assert analysis.cv2(clock) == analysis.lv(clock) == 0.0
    assert analysis.fano(clock) == 0.0
    lags, pairs = analysis.autocorrelogram(clock)
    assert dict(zip(lags.tolist(), pairs.tolist(), strict=True))[25.0] == 39
    assert pairs.sum() == 2 * (39 + 38)


def test_correlated_cells_have_the_correlation_of_their_common_source():
    """Each spike of a source goes to each of two cells with probability c, so their counts have the correlation c."""
    rng, c = np.random.default_rng(3), 0.4
    source = np.sort(rng.uniform(0.0, 200_000.0, 20_000))
    copies = [source[rng.random(source.size) < c] for _ in range(4)]
    spikes = bs.Spikes(np.concatenate(copies), np.repeat(np.arange(4), [one.size for one in copies]), 4, 200_000.0)
    assert analysis.mean_correlation(spikes) == pytest.approx(c, abs=0.02)
    matrix = analysis.correlations(spikes)
    np.testing.assert_array_equal(matrix, matrix.T)
    assert matrix.diagonal().tolist() == [1.0] * 4


def test_correlations_are_those_of_numpy():
    spikes = random_trains()
    counts = analysis.count_matrix(spikes, 7.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        np.testing.assert_allclose(analysis.correlations(spikes, 7.0), np.corrcoef(counts), rtol=1e-10, atol=1e-12)
    assert np.isnan(analysis.correlations(spikes, 7.0)[-1]).all(), "a silent cell has no correlation"


def test_a_cell_with_the_same_count_in_every_bin_has_no_correlation():
    spikes = bs.Spikes(np.r_[np.arange(2.5, 100.0, 5.0), 3.0], np.r_[np.zeros(20, int), 1], 2, 100.0)
    assert np.isnan(analysis.correlations(spikes)[0]).all()
    assert np.isnan(analysis.mean_correlation(spikes))


class TestWindows:
    def test_spikes_on_edges_belong_to_the_bin_that_ends_there(self):
        spikes = bs.Spikes(0.1 * np.arange(1, 101), np.zeros(100, int), 1, 10.0)
        assert set(analysis.count_matrix(spikes, 1.0).ravel()) == {10}
        _, rates = analysis.psth(spikes, [2.0, 0.1 * 30], (-1.0, 2.0), 0.5)
        np.testing.assert_allclose(rates, 10_000.0)

    def test_spikes_on_the_borders_of_a_window_are_found_whatever_the_rounding(self):
        """A spike at the start is not in the window and one at the stop is: 3*0.1 is above 0.3, and 2.3 - 2 below it."""
        for spike in (3 * 0.1, 0.3):
            spikes = bs.Spikes([spike], [0], 1, 10.0)
            for event, t0 in ((2.3, -2.0), (1.3, -1.0), (0.3, 0.0)):
                assert analysis.psth(spikes, [event], (t0, t0 + 1.0), 1.0)[1].tolist() == [0.0]
                if t0:
                    assert analysis.psth(spikes, [event], (t0 - 0.25, t0), 0.25)[1].tolist() == [4000.0]
        spikes = bs.Spikes([0.1 * 3, 5.1], [0, 0], 1, 10.0)
        assert analysis.fanos(spikes, (-2.0, 0.0), events=[2.3, 7.0])[0] == 0.5  # no spike, and one
        late = bs.Spikes([7.0 + 3 * 0.1], [0], 1, 10.0, 7.0)
        assert analysis.psth(late, [9.3], (-2.0, 0.5), 0.5)[1].tolist() == [0.0] * 5

    def test_windows_of_events_may_overlap(self):
        _, rates = analysis.psth(bs.Spikes([10.0], [0], 1, 50.0), [8.0, 9.0], (0.0, 4.0), 1.0)
        assert rates.tolist() == [500.0, 500.0, 0.0, 0.0]

    def test_events_at_the_border_are_left_out(self):
        spikes = bs.Spikes([10.0], [0], 1, 50.0)
        whole = analysis.psth(spikes, [9.0], (-5.0, 10.0), 1.0)[1]
        np.testing.assert_array_equal(analysis.psth(spikes, [9.0, 45.0, 2.0], (-5.0, 10.0), 1.0)[1], whole)

    def test_of_each_cell(self):
        spikes = random_trains()
        times, rates = analysis.psth(spikes, [200.0, 500.0], bin=10.0, per_cell=True)
        assert rates.shape == (12, times.size)
        np.testing.assert_allclose(rates.mean(axis=0), analysis.psth(spikes, [200.0, 500.0], bin=10.0)[1])

    def test_smoothing_keeps_a_constant_rate(self):
        spikes = bs.Spikes(np.arange(0.5, 1000.0), np.zeros(1000, int), 1, 1000.0)
        np.testing.assert_allclose(analysis.psth(spikes, [500.0], sigma=20.0)[1], 1000.0)

    def test_start_of_the_recording(self):
        late = bs.Spikes([1005.0, 1012.0], [0, 1], 2, 20.0, 1000.0)
        assert analysis.count_matrix(late, 10.0).tolist() == [[1, 0], [0, 1]]
        assert analysis.psth(late, [1010.0], (-10.0, 10.0), 10.0)[1].tolist() == [50.0, 50.0]


def test_correlograms_by_all_pairs():
    rng = np.random.default_rng(5)
    a, b = (np.sort(rng.uniform(0.0, 300.0, 80)) for _ in range(2))
    of_a, of_b = bs.Spikes(a, np.zeros(80, int), 1, 300.0), bs.Spikes(b, np.zeros(80, int), 1, 300.0)
    differences = np.ceil(b)[None, :] - np.ceil(a)[:, None]
    lags, pairs = analysis.correlogram(of_a, of_b, 1.0, 30.0)
    assert pairs.tolist() == [np.count_nonzero(differences == lag) for lag in lags]
    np.testing.assert_allclose(analysis.correlogram(of_b, of_a, 1.0, 30.0)[1], pairs[::-1])
    rate = analysis.correlogram(of_a, of_b, 1.0, 30.0, norm="rate")[1]
    np.testing.assert_allclose(rate, pairs / 80 * 1000.0 * 300.0 / (300.0 - np.abs(lags)))
    own = np.ceil(a)[None, :] - np.ceil(a)[:, None]
    lags, pairs = analysis.autocorrelogram(of_a, 1.0, 30.0)
    assert pairs.tolist() == [np.count_nonzero(own == lag) - 80 * (lag == 0) for lag in lags]
    rate = analysis.autocorrelogram(of_a, 1.0, 30.0, norm="rate")[1]
    np.testing.assert_allclose(rate, pairs / 80 * 1000.0 * 300.0 / (300.0 - np.abs(lags)))


def test_lags_are_whole_bins():
    spikes = bs.Spikes([1.0, 9.0, 13.0], [0, 0, 0], 1, 20.0)
    for found, itself in (
        (analysis.autocorrelogram(spikes, 4.0, 12.0), 0),
        (analysis.correlogram(spikes, spikes, 4.0, 12.0), 3),
    ):
        assert found[0].tolist() == [-12.0, -8.0, -4.0, 0.0, 4.0, 8.0, 12.0]
        assert found[1].tolist() == [1, 1, 1, itself, 1, 1, 1]


def test_a_matrix_has_fewer_than_2_to_the_31_counts(monkeypatch):
    many = bs.Spikes([], [], 2**21, 1024.0)
    monkeypatch.setattr(analysis.counting.np, "bincount", lambda *given, **options: pytest.fail("it is not refused"))
    with pytest.raises(ValueError, match="2,097,152 x 1,024 counts"):
        analysis.count_matrix(many, 1.0)
    with pytest.raises(pytest.fail.Exception):
        analysis.count_matrix(many, 1.01)


def test_the_average_around_spikes_is_the_plain_mean():
    rng, times = np.random.default_rng(4), 0.1 * np.arange(1, 5001)
    traces = bs.Traces("c", "v", "mV", times, [3, 7], -65.0 + rng.standard_normal((5000, 2)))
    steps = np.r_[51, 4951, rng.integers(1, 5001, 298)]  # the windows of the first two end where the traces do
    lags, mean = analysis.spike_triggered_average(
        bs.Spikes(0.1 * steps, rng.integers(0, 5, 300), 5, 500.0), traces, (-5.0, 5.0)
    )
    used = [k - 1 for k in steps if k - 1 - 50 >= 0 and k - 1 + 50 <= 5000]
    expected = np.mean([traces.values[k - 50 : k + 50] for k in used], axis=0)
    np.testing.assert_allclose(mean, expected, rtol=1e-12)
    np.testing.assert_allclose(lags, 0.1 * np.arange(-50, 50))


def test_without_spikes():
    silent = bs.Spikes([], [], 2, 1000.0)
    traces = bs.Traces("c", "v", "mV", np.arange(100.0), [0], np.zeros((100, 1)))
    for statistic in (analysis.cv2, analysis.lv, analysis.lvr, analysis.fano, analysis.mean_correlation):
        assert np.isnan(statistic(silent)), statistic.__name__
    assert np.isnan(analysis.spike_triggered_average(silent, traces, (-1.0, 1.0))[1]).all()
    assert not analysis.spectrum(silent)[1].any()
    assert not analysis.autocorrelogram(silent)[1].any()
    nobody = bs.Spikes([], [], 0, 1000.0)
    assert analysis.cv2s(nobody).size == analysis.fanos(nobody).size == analysis.correlations(nobody).size == 0
    assert analysis.count_matrix(nobody).shape == (0, 200)


def test_nothing_is_changed():
    spikes = edges()
    before = spikes.times.copy(), spikes.ids.copy()
    owner, gaps = spikes.intervals_by_cell()
    gaps[:] = owner[:] = 0
    analysis.correlations(spikes)
    assert spikes == edges()
    np.testing.assert_array_equal(before, (spikes.times, spikes.ids))


S, T = bs.Spikes([1.0], [0], 1, 100.0), bs.Traces("c", "v", "mV", [0.0, 1.0, 2.0], [0], [[1.0], [2.0], [3.0]])
GAPS = bs.Traces("c", "v", "mV", [0.0, 1.0, 5.0], [0], [[1.0], [2.0], [3.0]])
HOLES = bs.Traces("c", "v", "mV", [0.0, 1.0, 2.0], [0], [[1.0], [np.nan], [3.0]])

test_mistakes = mistakes(
    (lambda: analysis.cv2([1.0, 2.0]), TypeError, "analysis.cv2s", "must be Spikes", "(got a list)"),
    (lambda: analysis.cv2(S, least=2), ValueError, "analysis.cv2s.least", ">= 3"),
    (lambda: analysis.lvr(S, refractory=-1.0), ValueError, "analysis.lvr.refractory", ">= 0 ms (got -1"),
    (lambda: analysis.fano(S, window=200.0), ValueError, "analysis.fano.window", "must fit into the recording of 100 ms"),
    (lambda: analysis.fano(S, window=60.0), ValueError, "analysis.fano.window", "at least twice", "1 windows"),
    (lambda: analysis.fano(S, window=5.0, events=[1.0, 2.0]), TypeError, "analysis.fano.window", "(start, stop)"),
    (lambda: analysis.psth(S, []), ValueError, "analysis.psth.events", "at least one"),
    (lambda: analysis.psth(S, [500.0]), ValueError, "analysis.psth.events", "within the recording, 0 to 100 ms"),
    (lambda: analysis.psth(S, [50.0], (10.0, -10.0)), ValueError, "analysis.psth.window", "(got 10 to -10 ms)"),
    (lambda: analysis.psth(S, [50.0], (-10.0, 10.0), bin=50.0), ValueError, "analysis.psth.bin", "window of 20 ms"),
    (lambda: analysis.psth(S, ["a"]), TypeError, "analysis.psth.events", "numbers"),
    (lambda: analysis.count_matrix(S, bin=0.0), ValueError, "analysis.count_matrix.bin", "> 0 ms"),
    (lambda: analysis.count_matrix(bs.Spikes([], [], 10**6, 1e6), 0.1), ValueError, "count_matrix.bin", "wider bins"),
    (lambda: analysis.count_matrix(bs.Spikes([], [], 1, 1e6), 1e-4), ValueError, "count_matrix.bin", "2**31 - 1 bins"),
    (lambda: analysis.psth(S, [50.0], (-1e6, 1e6), 1e-4), ValueError, "analysis.psth.bin", "2**31 - 1 bins"),
    (lambda: analysis.correlations(S, bin=300.0), ValueError, "analysis.correlations.bin", "100 ms"),
    (lambda: analysis.correlogram(S, S.between(0.0, 50.0)), ValueError, "of the same time", "between()"),
    (lambda: analysis.correlogram(S, S, norm="rates"), ValueError, "analysis.correlogram.norm", "did you mean 'rate'"),
    (lambda: analysis.correlogram(S, S, window=100.0), ValueError, "analysis.correlogram.window", "shorter"),
    (lambda: analysis.autocorrelogram(S, norm="coefficient"), ValueError, "analysis.autocorrelogram.norm"),
    (lambda: analysis.spectrum(S, bin=100.0), ValueError, "analysis.spectrum"),
    (lambda: analysis.spectrum(S, segment=1.0), ValueError, "analysis.spectrum.segment", ">= 2 ms"),
    (lambda: analysis.spike_triggered_average(S, T.values), TypeError, "traces", "must be Traces", "ndarray"),
    (lambda: analysis.spike_triggered_average(S, GAPS), ValueError, "regular intervals"),
    (lambda: analysis.spike_triggered_average(S, HOLES), ValueError, "must be finite"),
    (lambda: analysis.cv, AttributeError, "it is a method: spikes.cv()"),
    (lambda: analysis.fanofactor, AttributeError, "bs.analysis.fano(spikes, window=100.0)"),
    (lambda: analysis.spade, AttributeError, "Elephant has it", "spikes.to_neo()"),
    (lambda: analysis.nonsense, AttributeError, "help(bs.analysis)"),
)
