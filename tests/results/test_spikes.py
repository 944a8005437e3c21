"""Spikes: statistics against numbers worked out by hand, parts, and what is rejected."""

import math
from dataclasses import replace

import numpy as np
import pytest

from brainsim.core.arrays import order_by_cell
from brainsim.results.result import Spikes
from brainsim.results.streams.columns import spike_steps, spike_times


class TestSpikes:
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
        assert spikes.cv(least=3) == pytest.approx(1 / 3)
        assert math.isnan(Spikes([1.0, 2.0], [0, 0], n=1, duration=9.0).cv(least=3))

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

    def test_irregularity_needs_enough_spikes_of_most_cells_that_fire(self):
        def clocks(*counts):
            """Return cells with these numbers of spikes."""
            times = np.concatenate([np.arange(1.0, count + 1.0) for count in counts])
            return Spikes(times, np.repeat(np.arange(len(counts)), counts), len(counts), 100.0)

        assert clocks(20, 25, 3, 2, 0, 0).cv() == 0.0
        assert math.isnan(clocks(20, 25, 3, 2, 1).cv()), "two of five are a minority"
        assert clocks(20, 3, 2, 1).cv(least=20) == 0.0, "whoever asks for these cells gets them"
        assert math.isnan(clocks(19, 19).cv())

    def test_irregularity_of_a_short_recording_is_not_that_of_a_clock(self):
        """Poisson processes of 10 Hz for half a second have 0.63 over cells with three spikes: rather nothing than that."""
        rng, n = np.random.default_rng(2), 2000
        for duration, cv in ((500.0, math.nan), (5000.0, 1.0)):
            counts = rng.poisson(0.01 * duration, n)
            spikes = Spikes(duration * rng.random(counts.sum()), np.repeat(np.arange(n), counts), n, duration)
            assert spikes.cv() == pytest.approx(cv, abs=0.04, nan_ok=True)
            assert (spikes.cv(least=3) < 0.8) is math.isnan(cv)

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

    def test_a_last_bin_that_rounding_makes_too_short_is_whole(self):
        assert 0.3 / 0.1 < 3
        spikes = Spikes([0.05, 0.06, 0.25], [0, 1, 2], 3, 0.3)
        assert spikes.synchrony(bin=0.1) == pytest.approx(np.var([2, 0, 1]) / np.mean([2, 0, 1]))

    def test_a_spike_may_lie_beyond_an_edge_by_the_rounding_of_times_and_no_more(self):
        for start, stop in ((0.1 * 3, 1.0), (5000.0, 6000.0)):
            step = 1e-10 * max(start, 1.0)
            times = [start - step, start, stop, stop + step]
            assert Spikes(times, [0] * 4, 1, stop - start, start).times.tolist() == times
            for time in (start - 1e-8 * max(start, 1.0), stop + 1e-8 * max(stop, 1.0)):
                with pytest.raises(ValueError, match="Spikes.times: must be"):
                    Spikes([time], [0], 1, stop - start, start)

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

    def test_between_rejects(self, spikes):
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
    def test_of_rejects(self, spikes, ids, error, text):
        with pytest.raises(error, match=text):
            spikes.of(ids)

    def test_histogram_and_rate(self, spikes):
        centres, counts = spikes.histogram(bin=10.0)
        assert centres.tolist() == [5.0 + 10.0 * k for k in range(10)]
        assert counts.tolist() == [2, 2, 0, 1, 0, 0, 0, 0, 0, 0]
        times, rates = spikes.population_rate(bin=40.0)
        assert times.tolist() == [20.0, 60.0, 90.0]
        np.testing.assert_allclose(rates, [5 / 3 / 0.04, 0.0, 0.0])
        with pytest.raises(ValueError, match="Spikes.population_rate.bin: must be > 0 ms"):
            spikes.population_rate(bin=0.0, sigma=1.0)

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
    def test_rejects(self, spikes, change, text):
        with pytest.raises(ValueError, match=text):
            replace(spikes, **change)

    def test_rejects_ids_that_are_not_integers(self, spikes):
        with pytest.raises(TypeError, match=r"Spikes.ids: must be an array of int64 \(got float64\)"):
            replace(spikes, ids=[0.5] * 5)


@pytest.mark.parametrize("dt", [0.1, 0.25, 1 / 3, 0.07])
def test_a_time_tells_its_step(dt):
    """Whether a spike is at the end of its step, at the beginning, or as near to either as two numbers can be."""
    steps = np.repeat([1, 2, 3, 299, 300, 10**6, 10**9], 6)
    lags = np.tile([0.0, 1e-16, 1e-9, 0.5 * dt, np.nextafter(dt, 0.0), dt], 7)
    times = spike_times(steps, lags, dt)
    assert np.array_equal(spike_steps(times, dt), steps)
    assert np.all(np.abs(times - (steps * dt - lags)) <= 2 * np.spacing(steps * dt))
    assert np.array_equal(spike_steps(spike_times(steps, None, dt), dt), steps)
