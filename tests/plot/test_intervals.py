"""Interval histograms and irregularity: the numbers drawn are those of the spikes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from brainsim import plot
from brainsim.results.result import Spikes
from tests.helpers.mistakes import mistakes
from tests.helpers.pictures import made, random_spikes


class TestIntervals:
    def test_density_of_the_intervals(self):
        spikes = random_spikes(4000)
        ax = plot.isi_histogram(spikes, bins=20, max_isi=10.0)
        drawn = ax.patches[0].get_data()
        expected = np.histogram(spikes.isi(), np.linspace(0.0, 10.0, 21))[0] / (spikes.isi().size * 0.5)
        np.testing.assert_allclose(drawn.values, expected)
        assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xlim()) == ("interval [ms]", "density [1/ms]", (0.0, 10.0))

    def test_poisson_processes_lie_on_the_line(self):
        """Cells of 2 to 40 Hz in half a second: an exponential of the mean interval would be off by a factor of 2."""
        rng, n, duration = np.random.default_rng(0), 20_000, 500.0
        counts = rng.poisson(rng.uniform(1.0, 20.0, n))
        spikes = Spikes(rng.uniform(0.0, duration, counts.sum()), np.repeat(np.arange(n), counts), n, duration)
        ax = plot.isi_histogram(spikes, bins=10, max_isi=duration)
        (t, law), drawn = ax.lines[0].get_data(), ax.patches[0].get_data()
        assert ax.lines[0].is_dashed()
        area = np.concatenate([[0.0], np.cumsum(0.5 * (law[1:] + law[:-1]) * np.diff(t))])
        assert area[-1] == pytest.approx(1.0, abs=2e-3)
        shares = np.diff(np.interp(drawn.edges, t, area))
        errors = np.sqrt(shares / spikes.isi().size)
        assert (np.abs(drawn.values * np.diff(drawn.edges) - shares) < 4.0 * errors + 1e-3 * shares).all()
        plt.figure()
        assert len(plot.isi_histogram(spikes, exponential=False).lines) == 0

    def test_most_intervals_are_drawn(self):
        spikes = random_spikes(4000)
        drawn = plot.isi_histogram(spikes).patches[0].get_data()
        assert (drawn.values * np.diff(drawn.edges)).sum() == pytest.approx(0.995, abs=2e-3)


class TestIrregularity:
    def test_a_dot_per_cell_with_enough_spikes(self):
        result = made()
        ax = plot.cv_rate(result, least=40)
        for line, name in zip(ax.lines[1:], "ab", strict=True):
            spikes = result.spikes[name]
            known = spikes.counts() >= 40
            assert 0 < known.sum() < spikes.n
            np.testing.assert_array_equal(line.get_xdata(), spikes.rates()[known])
            np.testing.assert_array_equal(line.get_ydata(), spikes.cvs()[known])
        assert set(ax.lines[0].get_ydata()) == {1.0}
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("rate [Hz]", "CV of intervals")


SILENT = Spikes([1.0, 2.0], [0, 1], 2, 10.0)
test_mistakes = mistakes(
    (lambda: plot.isi_histogram(SILENT), ValueError, "isi_histogram: no cell fired twice"),
    (lambda: plot.isi_histogram(random_spikes(50), bins=0), ValueError, "isi_histogram.bins: must be >= 1"),
    (lambda: plot.isi_histogram(random_spikes(50), max_isi=-1.0), ValueError, "isi_histogram.max_isi: must be > 0 ms"),
    (lambda: plot.isi_histogram([1.0]), TypeError, "isi_histogram: must be Spikes, a list of them or a Result", "float"),
    (lambda: plot.cv_rate(SILENT), ValueError, "cv_rate: no cell has 20 spikes", "(at most 1)"),
    (lambda: plot.cv_rate(random_spikes(50), least=1), ValueError, "cv_rate.least: must be >= 3"),
)
