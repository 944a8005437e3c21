"""Leaky integrate-and-fire encoders and the mel filter bank: against what they are by definition, and mistakes."""

import math

import numpy as np
import pytest

from brainsim import encode
from tests.helpers.mistakes import mistakes

FILM = np.random.default_rng(1).random((6, 5))
LENGTH = 20.0  # ms


@pytest.mark.parametrize("start", [0.0, 0.5])
def test_without_a_leak_a_cell_fires_whenever_its_integral_has_grown_by_one(start):
    code = encode.IntegrateAndFire(max_rate=150.0, start=start)
    spikes = code.encode(FILM, interval=LENGTH)
    edges = np.arange(7) * LENGTH
    for cell, times in enumerate(spikes.per_cell()):
        integral = start + np.r_[0.0, np.cumsum(FILM[:, cell]) * 0.15 * LENGTH]
        wanted = np.interp(np.arange(1, int(integral[-1]) + 1), integral, edges)
        np.testing.assert_allclose(times, wanted, rtol=0, atol=1e-9)
        assert len(times) > 3


def test_with_a_leak_the_potential_reaches_one_at_each_spike_and_nowhere_else():
    tau, rate = 8.0, 0.3
    code = encode.IntegrateAndFire(max_rate=1000.0 * rate, tau=tau)
    gain, grid = 1.0 / (tau * (1.0 - math.exp(-1.0 / (rate * tau)))), np.arange(0.0, 120.0, 1e-3)
    for cell, times in enumerate(code.encode(FILM, interval=LENGTH).per_cell()):
        x = FILM[np.minimum((grid / LENGTH).astype(int), 5), cell]
        for begin, end in zip([0.0, *times[:-1]], times, strict=True):
            inside = (grid >= begin) & (grid < end)
            v = np.cumsum(gain * x[inside] * np.exp((grid[inside] - end) / tau)) * 1e-3
            assert v[-1] == pytest.approx(1.0, abs=2e-3)
            assert np.all(np.diff(v) > 0.0)  # it has not been there before
        assert len(times) > 3


@pytest.mark.parametrize(("tau", "start"), [(math.inf, 0.0), (10.0, 0.5)])
def test_constant_values_come_back(tau, start):
    code = encode.IntegrateAndFire(max_rate=200.0, tau=tau, start=start, low=-1.0, high=3.0)
    values = np.array([1.0, 2.0, 3.0])
    spikes = code.encode(values, 600.0)
    assert spikes.counts()[2] == 120
    last = [times[-1] for times in spikes.per_cell()]
    for cell, end in enumerate(last):  # up to its last spike
        assert code.decode(spikes, end)[cell] == pytest.approx(values[cell], rel=1e-9)
    assert np.all(np.diff(code.decode(spikes)) > 0.0)


def test_values_below_the_leak_never_fire():
    code = encode.IntegrateAndFire(max_rate=100.0, tau=10.0)
    least = 1.0 - math.exp(-1.0)
    assert code.encode([least - 1e-6, least + 1e-6, 0.0], 1e5).counts()[[0, 2]].tolist() == [0, 0]
    assert code.encode([least + 1e-3], 1e3).counts()[0] > 0


def test_the_range_and_the_shape_are_kept():
    code = encode.IntegrateAndFire(max_rate=400.0)
    spikes = code.encode(FILM.reshape(6, 5, 1), interval=LENGTH)
    assert (spikes.n, spikes.duration) == (5, 120.0)
    assert code.decode(spikes, interval=LENGTH, shape=(5, 1)).shape == (6, 5, 1)
    np.testing.assert_allclose(code.decode(spikes, interval=LENGTH), FILM, atol=0.3)
    assert len(encode.IntegrateAndFire().encode(np.zeros((3, 2)), interval=5.0)) == 0


class TestMelBank:
    FS = 16_000.0

    def tone(self, frequency, loud=1.0):
        return loud * np.sin(2.0 * np.pi * frequency * np.arange(4000) / self.FS)

    @pytest.mark.parametrize("frequency", [300.0, 1000.0, 3000.0])
    def test_a_tone_is_loudest_in_the_band_around_it(self, frequency):
        values, centres = encode.mel_bank(self.tone(frequency), self.FS)
        found = centres[values.mean(axis=0).argmax()]
        assert abs(found - frequency) < 0.08 * frequency
        assert values.shape == (1 + (4000 - 400) // 160, 40)
        assert values.min() >= 0.0
        assert values.max() <= 1.0

    def test_the_level_does_not_matter_and_silence_is_silent(self):
        quiet, loud = (encode.mel_bank(self.tone(700.0, level), self.FS)[0] for level in (1e-3, 1.0))
        np.testing.assert_allclose(quiet, loud, atol=1e-6)
        assert not encode.mel_bank(np.zeros(2000), self.FS)[0].any()

    def test_a_tenth_of_the_power_is_ten_decibels_less(self):
        two = self.tone(500.0) + self.tone(2500.0, math.sqrt(0.1))
        values, centres = encode.mel_bank(two, self.FS, channels=20, span=40.0)
        mean = values.mean(axis=0)
        low, high = (mean[np.argmin(np.abs(centres - f))] for f in (500.0, 2500.0))
        raised = [20.0 * math.log10(abs(1.0 - 0.97 * np.exp(-2j * math.pi * f / self.FS))) for f in (500.0, 2500.0)]
        assert 40.0 * (low - high) == pytest.approx(10.0 + raised[0] - raised[1], abs=3.0)

    def test_a_window_of_a_power_of_two_is_not_made_longer(self):
        sound, n = np.random.default_rng(1).normal(size=4096), 1024  # 64 ms
        values, centres = encode.mel_bank(sound, self.FS, window=64.0, interval=64.0, channels=12, high=6000.0)
        raised = np.append(sound[:1], sound[1:] - 0.97 * sound[:-1]).reshape(4, n) * np.hamming(n)
        power = np.abs(np.fft.rfft(raised)) ** 2
        mel = np.linspace(*(math.log10(1.0 + f / 700.0) for f in (80.0, 6000.0)), 14)
        edges, bins = 700.0 * (10.0**mel - 1.0), np.fft.rfftfreq(n, 1.0 / self.FS)
        bands = [power @ np.interp(bins, edges[k : k + 3], [0.0, 1.0, 0.0]) for k in range(12)]
        decibels = 10.0 * np.log10(np.transpose(bands))
        expected = np.clip(1.0 + (decibels - np.percentile(decibels, 99.0)) / 26.0, 0.0, 1.0)
        np.testing.assert_allclose(values, expected, atol=1e-6)
        np.testing.assert_allclose(centres, edges[1:-1], rtol=1e-12)


test_mistakes = mistakes(
    (lambda: encode.IntegrateAndFire(max_rate=0.0), ValueError, "IntegrateAndFire.max_rate", "> 0 Hz"),
    (lambda: encode.IntegrateAndFire(tau=-1.0), ValueError, "IntegrateAndFire.tau", "> 0 ms"),
    (lambda: encode.IntegrateAndFire(start=1.0), ValueError, "IntegrateAndFire.start", "below 1", "got 1.0"),
    (lambda: encode.IntegrateAndFire().encode([2.0], 10.0), ValueError, "IntegrateAndFire.encode.values", "0 to 1"),
    (lambda: encode.IntegrateAndFire().encode([0.5]), TypeError, "duration=", "interval="),
    (lambda: encode.IntegrateAndFire().decode([1.0]), TypeError, "IntegrateAndFire.decode", "must be Spikes"),
    (lambda: encode.lif, AttributeError, "bs.encode.IntegrateAndFire"),
    (lambda: encode.mfcc, AttributeError, "bs.encode.mel_bank"),
    (lambda: encode.mel_bank(np.zeros(100), 8000.0), ValueError, "encode.mel_bank.sound", "200 samples", "(100,)"),
    (lambda: encode.mel_bank(np.zeros((2, 9000)), 8000.0), ValueError, "encode.mel_bank.sound", "one series"),
    (lambda: encode.mel_bank(np.zeros(900), 8000.0, high=5000.0), ValueError, "mel_bank.high", "<= 4000 Hz"),
    (lambda: encode.mel_bank(np.zeros(900), 8000.0, low=3000.0), ValueError, "mel_bank.", "2880"),
    (lambda: encode.mel_bank(np.zeros(900), 8000.0, span=0.0), ValueError, "mel_bank.span", "> 0 dB"),
)
