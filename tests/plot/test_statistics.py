"""PSTH, correlograms, spectra, synchrony: what is drawn is what `bs.analysis` computes, in the colours of populations."""

import io

import numpy as np
import pytest

from brainsim import analysis, plot
from brainsim.plot.elements.styles import PALETTE
from brainsim.results.result import Result, Spikes
from tests.helpers.mistakes import mistakes
from tests.helpers.pictures import drawn, random_spikes

EVENTS = [200.0, 400.0, 600.0]


def result(duration=1000.0, count=3000):
    spikes = {name: random_spikes(count, n, duration, name, seed=n) for name, n in (("a", 30), ("b", 20))}
    return Result(spikes=spikes, duration=duration, dt=0.1, seed=1)


class TestPsth:
    def test_rates_and_trials(self):
        ax = plot.psth(result(), EVENTS, window=(-50.0, 100.0), bin=10.0)
        for line, name, colour in zip(ax.lines, "ab", PALETTE, strict=False):
            times, rates = analysis.psth(result().spikes[name], EVENTS, (-50.0, 100.0), 10.0)
            np.testing.assert_array_equal(line.get_xdata(), times)
            np.testing.assert_array_equal(line.get_ydata(), rates)
            assert line.get_color() == colour
        (panel,) = ax.child_axes
        inside = sum(len(result().spikes[name].between(t - 50.0, t + 100.0)) for t in EVENTS for name in "ab")
        assert drawn(panel) == inside + 2  # and two points of the line at the event
        assert panel.get_ylim() == (5.5, -0.5)
        assert (ax.get_xlabel(), ax.get_ylabel(), panel.get_ylabel()) == ("time from the event [ms]", "rate [Hz]", "trial")
        assert [text.get_text() for text in panel.get_legend().get_texts()] == ["a", "b"]

    def test_each_row_is_a_trial(self):
        spikes = Spikes([205.0, 410.0, 615.0], [0, 0, 0], 1, 1000.0)
        panel = plot.psth(spikes, EVENTS, window=(0.0, 50.0)).child_axes[0]
        x, y = panel.lines[0].get_data()
        assert x.tolist() == pytest.approx([5.0, 10.0, 15.0])
        assert y.tolist() == [0, 1, 2]

    def test_a_list_of_trials(self):
        trials = [random_spikes(200, 5, 100.0, start=100.0 * k, seed=k) for k in range(4)]
        ax = plot.psth(trials, bin=20.0)
        counts = sum(np.histogram(trial.times - trial.start, np.arange(0.0, 101.0, 20.0))[0] for trial in trials)
        np.testing.assert_allclose(ax.lines[0].get_ydata(), counts * 1000.0 / (20.0 * 5 * 4))
        assert ax.get_xlim() == (0.0, 100.0)
        assert drawn(ax.child_axes[0]) == 800

    def test_the_colour_is_that_of_the_population(self):
        trials = [result().spikes["b"].between(200.0 * k, 200.0 * (k + 1)) for k in range(3)]
        assert plot.psth(trials).lines[0].get_color() == PALETTE[1]

    def test_only_whole_events_have_a_row(self):
        panel = plot.psth(result(), [20.0, *EVENTS, 990.0], window=(-50.0, 100.0)).child_axes[0]
        assert panel.get_ylim() == (2 * 3 - 0.5, -0.5)


class TestCorrelogram:
    def test_of_own_spikes(self):
        ax = plot.correlogram(result(), bin=2.0, window=20.0)
        curves = [line for line in ax.lines if line.get_label() in "ab"]
        for line, name in zip(curves, "ab", strict=True):
            lags, rates = analysis.autocorrelogram(result().spikes[name], 2.0, 20.0, "rate")
            np.testing.assert_array_equal(line.get_data(), (lags, rates))
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("lag [ms]", "rate [Hz]")

    @pytest.mark.parametrize("of_others", [False, True])
    def test_poisson_processes_lie_on_the_line(self, of_others):
        """Of 5 and 60 Hz, and up to lags of half the recording."""
        rng, n, duration = np.random.default_rng(1), 400, 500.0
        counts = rng.poisson(np.repeat([2.5, 30.0], n // 2))
        spikes = Spikes(rng.uniform(0.0, duration, counts.sum()), np.repeat(np.arange(n), counts), n, duration, name="cells")
        parts = (spikes.of(slice(0, n, 2)), spikes.of(slice(1, n, 2))) if of_others else (spikes,)
        ax = plot.correlogram(*parts, bin=5.0, window=250.0)
        line, law = (next(line.get_ydata() for line in ax.lines if line.get_label() == name) for name in ("cells", "_mean"))
        assert law[0] == pytest.approx(32.5 if of_others else (5.0**2 + 60.0**2) / 65.0, rel=0.03)
        for lags in (slice(0, 20), slice(40, 61), slice(81, 101)):  # at both ends and in the middle
            assert line[lags].mean() == pytest.approx(law[0], rel=0.02)

    def test_of_others(self):
        r = result()
        ax = plot.correlogram(r.spikes["a"], r.spikes["b"], window=10.0)
        line = next(line for line in ax.lines if line.get_label() == "b")
        np.testing.assert_array_equal(
            line.get_ydata(), analysis.correlogram(r.spikes["a"], r.spikes["b"], 1.0, 10.0, "rate")[1]
        )
        assert line.get_color() == PALETTE[1]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("lag after a spike of a [ms]", "rate of b [Hz]")


class TestSpectra:
    def test_spectrum(self):
        ax = plot.spectrum(result(), bin=2.0, segment=200.0, max_frequency=100.0)
        line = next(line for line in ax.lines if line.get_label() == "b")
        frequencies, power = analysis.spectrum(result().spikes["b"], 2.0, 200.0)
        shown = (frequencies > 0.0) & (frequencies <= 100.0)
        np.testing.assert_array_equal(line.get_data(), (frequencies[shown], power[shown]))
        laws = [line.get_ydata()[0] for line in ax.lines if line.get_label() == "_poisson"]
        assert laws == [2.0 * result().spikes[name].rate() / result().spikes[name].n for name in "ab"]
        assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("frequency [Hz]", "power [Hz²/Hz]")

    def test_the_law_is_the_level_of_independent_cells(self):
        spikes = random_spikes(100_000, 200, 20_000.0)
        ax = plot.spectrum(spikes)
        line = next(line for line in ax.lines if line.get_label() == "cells")
        assert line.get_ydata()[5:-5].mean() == pytest.approx(ax.lines[1].get_ydata()[0], rel=0.05)

    def test_a_spectrogram_finds_when_there_was_a_rhythm(self):
        beat = np.arange(1000.0, 2000.0, 25.0)
        spikes = Spikes(np.repeat(beat, 10), np.tile(np.arange(10), beat.size), 10, 3000.0)
        ax = plot.spectrogram(spikes, max_frequency=100.0, colorbar=False)
        mesh = ax.collections[0]
        assert mesh.get_rasterized()
        power, corners = np.asarray(mesh.get_array()), mesh.get_coordinates()
        times, frequencies = corners[0, :, 0], corners[:, 0, 1]
        row = np.searchsorted(frequencies, 40.0) - 1
        during = power[row, (times[1:] > 1200.0) & (times[:-1] < 1800.0)]
        before = power[row, times[1:] < 800.0]
        assert during.min() > 100.0 * max(before.max(), 1e-12)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("time [ms]", "frequency [Hz]")
        file = io.BytesIO()
        ax.figure.savefig(file, format="svg")
        assert file.tell() < 300_000

    def test_a_spectrogram_of_a_part_begins_where_it_does(self):
        beat = np.arange(1000.0, 2000.0, 25.0)
        whole = Spikes(np.repeat(beat, 10), np.tile(np.arange(10), beat.size), 10, 3000.0)
        found = []
        for spikes in (whole, whole.between(500.0, 2500.0)):
            ax = plot.spectrogram(spikes, max_frequency=100.0, colorbar=False)
            mesh = ax.collections[-1]
            corners, power = mesh.get_coordinates()[0, :, 0], np.asarray(mesh.get_array())
            assert ax.get_xlim() == (spikes.start, spikes.stop)
            assert spikes.start < corners[0] < corners[-1] < spikes.stop
            found.append((0.5 * (corners[1:] + corners[:-1]), power))
        for times, power in found:
            strongest = power[np.argmax(power.sum(axis=1))]
            assert abs(times[strongest > 0.5 * strongest.max()].mean() - 1500.0) < 20.0

    def test_synchrony(self):
        ax = plot.synchrony(result(), bins=[5.0, 20.0])
        line = next(line for line in ax.lines if line.get_label() == "a")
        assert line.get_xdata().tolist() == [5.0, 20.0]
        assert line.get_ydata().tolist() == [result().spikes["a"].synchrony(width) for width in (5.0, 20.0)]
        assert ax.lines[0].get_ydata().tolist() == [1.0 - 1.0 / 200, 1.0 - 1.0 / 50]

    def test_poisson_processes_lie_on_the_line(self):
        """On average over recordings, in which only four bins fit."""
        many = [random_spikes(50, 1, 100.0, seed=seed) for seed in range(400)]
        drawn = np.mean([spikes.synchrony(25.0) for spikes in many])
        law = plot.synchrony(many[0], bins=[25.0]).lines[0].get_ydata()[0]
        assert drawn == pytest.approx(law, abs=3.0 * law * np.sqrt(2.0 / 3.0 / len(many)))


ONE = result().spikes["a"]
test_mistakes = mistakes(
    (lambda: plot.psth(result()), TypeError, "psth.events: missing; give the times"),
    (lambda: plot.psth(ONE), TypeError, "psth.events: missing"),
    (lambda: plot.psth([1.0]), TypeError, "psth: must be a list of Spikes, one for each trial", "got float"),
    (lambda: plot.psth([]), TypeError, "psth: must be a list of Spikes", "got none"),
    (lambda: plot.psth([ONE, ONE.between(0.0, 10.0)]), ValueError, "psth: trials must have equal cells and durations"),
    (lambda: plot.psth(ONE, [5.0]), ValueError, "psth.events: must have their window within the recording"),
    (lambda: plot.psth(ONE, EVENTS, bin=0.0), ValueError, "psth.bin: must be > 0 ms"),
    (lambda: plot.psth(ONE, EVENTS, window=5.0), ValueError, "psth.window: must be (start, stop) in ms"),
    (lambda: plot.correlogram(ONE, "inh"), TypeError, "correlogram.other: must be Spikes", "got str"),
    (lambda: plot.correlogram(result(), ONE), ValueError, "correlogram: must be the spikes of one population", "got 2"),
    (lambda: plot.correlogram(ONE, ONE.between(0.0, 500.0)), ValueError, "recordings of the same time"),
    (lambda: plot.correlogram(ONE, window=1e6), ValueError, "window: must be shorter than the recording"),
    (lambda: plot.spectrum(ONE, max_frequency=-1.0), ValueError, "spectrum.max_frequency: must be >= 1 Hz"),
    (
        lambda: plot.spectrogram(result()),
        ValueError,
        "spectrogram: draws one population; choose one, such as result.spikes['a']",
    ),
    (
        lambda: plot.spectrogram(ONE, segment=5000.0),
        ValueError,
        "spectrogram.segment: must fit into the recording of 1000 ms",
    ),
    (lambda: plot.synchrony(ONE, bins=[5000.0]), ValueError, "synchrony.bins: no width fits twice"),
    (lambda: plot.synchrony(ONE, bins=[-1.0]), ValueError, "must be > 0 ms"),
)
