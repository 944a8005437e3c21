"""Codes: round trips, theory of the random ones, the grid of a network, and mistakes."""

import numpy as np
import pytest

import brainsim as bs
from brainsim import encode
from brainsim.ann.conversion import forward
from brainsim.encode.code import random_steps
from brainsim.rng.streams import stream_key
from tests.helpers.mistakes import mistakes

IMAGE = np.linspace(0.0, 1.0, 24).reshape(4, 6)
FILM = np.random.default_rng(0).random((5, 4, 6))


def series(samples=400):
    t = np.arange(samples)
    return np.sin(t / 20.0) + 0.3 * np.sin(t / 3.0)


class TestRoundTrips:
    @pytest.mark.parametrize(
        "code", [encode.Latency(), encode.Latency(tau=20.0, threshold=0.05), encode.Phase(), encode.Phase(span=0.9)]
    )
    def test_codes_in_time_are_exact(self, code):
        spikes = code.encode(IMAGE, 100.0)
        assert (spikes.n, spikes.duration) == (24, 100.0)
        exact = IMAGE.copy()
        if getattr(code, "tau", None):
            exact[exact < 0.06] = 0.0
        np.testing.assert_allclose(code.decode(spikes, shape=(4, 6)), exact, atol=1e-9)

    @pytest.mark.parametrize("code", [encode.Latency(), encode.Phase(period=10.0)])
    def test_over_time(self, code):
        spikes = code.encode(FILM, interval=50.0)
        assert (spikes.n, spikes.duration) == (24, 250.0)
        np.testing.assert_allclose(code.decode(spikes, interval=50.0, shape=(4, 6)), FILM, atol=1e-9)

    def test_other_ranges(self):
        for code in (encode.Latency(low=-5.0, high=255.0), encode.Phase(low=-5.0, high=255.0)):
            values = np.array([-5.0, 0.0, 100.0, 255.0])
            np.testing.assert_allclose(code.decode(code.encode(values, 100.0)), values, atol=1e-7)

    def test_extreme_values_of_films_stay_in_their_frames(self):
        for code in (encode.Latency(), encode.Phase(period=0.7)):
            film = np.array([[1.0], [0.0], [1.0], [1.0], [0.0]] * 20)
            np.testing.assert_allclose(code.decode(code.encode(film, interval=0.7), interval=0.7), film, atol=1e-7)

    def test_delta_is_never_further_than_a_threshold(self):
        signals = np.stack([series(), -2.0 * series(), np.zeros(400)], axis=1)
        for threshold in (0.05, 0.3):
            code = encode.DeltaModulation(threshold=threshold)
            spikes = code.encode(signals, interval=2.0)
            decoded = code.decode(spikes, interval=2.0, initial=signals[0])
            assert np.abs(decoded - signals).max() <= threshold * (1 + 1e-9)
            assert (spikes.n, spikes.duration) == (6, 798.0)
            assert spikes.counts()[[2, 5]].tolist() == [0, 0]

    def test_delta_crosses_where_the_line_does(self):
        spikes = encode.DeltaModulation(threshold=0.25).encode([0.0, 1.0, 0.0], interval=10.0)
        assert spikes.times.tolist() == [2.5, 5.0, 7.5, 10.0, 12.5, 15.0, 17.5, 20.0]
        assert spikes.ids.tolist() == [0] * 4 + [1] * 4

    @pytest.mark.parametrize(("end", "count"), [(0.3, 3), (-0.3, 3), (0.1 + 0.2, 3), (0.7, 7), (0.3 - 1e-6, 2), (0.0999, 0)])
    def test_a_change_of_exactly_some_thresholds_counts_them(self, end, count):
        """0.3/0.1 is 2.9999999999999996, and 0.7/0.1 is 6.999999999999999."""
        code = encode.DeltaModulation(threshold=0.1)
        spikes = code.encode([0.0, end, end], interval=10.0)
        assert spikes.ids.tolist() == [int(end < 0)] * count
        np.testing.assert_allclose(spikes.times, np.arange(1, count + 1) * abs(1.0 / end))
        there_and_back = code.encode([0.0, end, 0.0, end], interval=10.0)
        assert len(there_and_back) == 3 * count

    def test_delta_of_one_signal_and_of_frames(self):
        code = encode.DeltaModulation(threshold=0.1)
        one = code.encode(series(), interval=1.0)
        assert code.decode(one, interval=1.0, initial=series()[0]).shape == (400,)
        film = code.encode(FILM, interval=1.0)
        decoded = code.decode(film, interval=1.0, initial=FILM[0], shape=(4, 6))
        assert np.abs(decoded - FILM).max() <= 0.1 + 1e-9

    def test_a_population_covers_both_sides_of_its_range(self):
        """Neighbours are one width apart, and two cells lie beyond each end."""
        code = encode.PopulationCode(cells=9, low=-1.0, high=3.0)
        np.testing.assert_allclose(code.centres, np.arange(-3.0, 6.0))
        assert code.width == 1.0

    def test_a_population_by_latency_loses_little(self):
        code, values = encode.PopulationCode(cells=20, low=-10.0, high=10.0, by="latency"), np.linspace(-10.0, 10.0, 15)
        np.testing.assert_allclose(code.decode(code.encode(values, 50.0)), values, atol=0.07 * code.width)


class TestLongerRuns:
    """Spikes of a run that was longer than what was encoded."""

    CODES = (
        encode.Latency(),
        encode.Latency(tau=20.0, threshold=0.05),
        encode.Phase(),
        encode.Rate(),
        encode.PopulationCode(),
        encode.PopulationCode(by="latency"),
    )

    @staticmethod
    def longer(spikes, start=0.0):
        """Return the same spikes, and some later ones, in a recording that begins elsewhere."""
        end = spikes.duration
        times, ids = np.append(spikes.times, [end + 1.0, end + 7.0]) + start, np.append(spikes.ids, [0, spikes.n - 1])
        return bs.Spikes(times, ids, spikes.n, end + 33.0, start)

    @pytest.mark.parametrize("code", CODES)
    def test_one_stimulus(self, code):
        spikes = code.encode(IMAGE, 100.0)
        for start in (0.0, 250.0, 257.3):  # the last is no whole number of cycles, frames or steps
            decoded = code.decode(self.longer(spikes, start), 100.0, shape=(4, 6))
            np.testing.assert_allclose(decoded, code.decode(spikes, shape=(4, 6)), atol=1e-9)
        whole = code.decode(spikes, spikes.duration, shape=(4, 6))
        np.testing.assert_array_equal(whole, code.decode(spikes, shape=(4, 6)))

    @pytest.mark.parametrize("code", CODES)
    def test_values_over_time(self, code):
        spikes = code.encode(FILM, interval=25.0)
        for start in (0.0, 7.3):
            decoded = code.decode(self.longer(spikes, start), 125.0, interval=25.0, shape=(4, 6))
            np.testing.assert_allclose(decoded, code.decode(spikes, interval=25.0, shape=(4, 6)), atol=1e-9)

    def test_phases_count_from_the_start_of_a_part(self):
        code = encode.Phase(period=20.0)
        later = code.encode([[1.0, 0.25], [0.5, 0.0]], interval=20.0).between(20.0, 40.0)
        np.testing.assert_allclose(code.decode(later), [0.5, 0.0], atol=1e-9)
        part = bs.Spikes(later.times - 13.0, later.ids, 2, 20.0, 7.0)  # as it would be if the second cycle began at 7 ms
        np.testing.assert_allclose(code.decode(part), [0.5, 0.0], atol=1e-9)

    def test_delta(self):
        code = encode.DeltaModulation(threshold=0.1)
        spikes = code.encode(FILM, interval=5.0)
        for start in (0.0, 7.3):
            decoded = code.decode(self.longer(spikes, start), 20.0, interval=5.0, initial=FILM[0], shape=(4, 6))
            np.testing.assert_allclose(decoded, code.decode(spikes, interval=5.0, initial=FILM[0], shape=(4, 6)), atol=1e-9)

    def test_through_a_network_without_a_warning(self, recwarn):
        for code, tolerance in ((encode.Latency(), 0.002), (encode.Phase(), 0.008)):
            spikes = code.encode(IMAGE, 50.0)
            for part in (spikes, spikes.between(10.0, 40.0), spikes.of(slice(10))):
                net = bs.Network(seed=1)
                net.add(bs.Population(24, bs.SpikeTrains(part), name="pixels"))
                result = bs.simulate(net, 100.0, seed=1, threads=1)
                if part is spikes:
                    decoded = code.decode(result.spikes["pixels"], 50.0, shape=(4, 6))
                    np.testing.assert_allclose(decoded, IMAGE, atol=tolerance)
        assert not [str(w.message) for w in recwarn if "rounded" in str(w.message)]

    def test_other_spikes_between_steps_are_reported(self):
        net = bs.Network(seed=1)
        net.add(bs.Population(1, bs.SpikeTrains(bs.Spikes([8.43955], [0], 1, 10.0)), name="pixels"))
        with pytest.warns(UserWarning, match="8.43955 ms is not a multiple of dt"):
            bs.Simulation(net, seed=1)


class TestRandom:
    def test_counts_are_poisson(self):
        spikes = encode.Rate(max_rate=50.0, min_rate=10.0).encode(np.full(2000, 0.5), 1000.0, seed=1)
        counts = spikes.counts()
        assert counts.mean() == pytest.approx(30.0, abs=5 * np.sqrt(30.0 / 2000))
        assert counts.var() / counts.mean() == pytest.approx(1.0, abs=5 * np.sqrt(2 / 2000))
        assert bs.analysis.cv2(spikes) == pytest.approx(1.0, abs=0.02)

    def test_rates_follow_values_over_time(self):
        values = np.tile(np.array([[0.2, 1.0, 0.0]]).T, (1, 3000))
        spikes = encode.Rate(max_rate=200.0).encode(values, interval=20.0, seed=3)
        counts = [spikes.between(t, t + 20.0).counts() for t in (0.0, 20.0, 40.0)]
        assert counts[2].sum() == 0
        for count, mean in zip(counts, (0.8, 4.0), strict=False):
            assert count.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / 3000))
            assert count.var() == pytest.approx(mean, rel=0.15)
        decoded = encode.Rate(max_rate=200.0).decode(spikes, interval=20.0)
        np.testing.assert_allclose(decoded.mean(axis=1), [0.2, 1.0, 0.0], atol=0.02)

    def test_changing_rates_are_continuous_in_time(self):
        """One frame of 100 ms and ten frames of 10 ms of the same value are the same process."""
        code, value = encode.Rate(max_rate=80.0), np.full(50, 0.7)
        one = code.encode(value, 100.0, seed=5)
        ten = code.encode(np.tile(value, (10, 1)), interval=10.0, seed=5)
        np.testing.assert_allclose(ten.times, one.times, atol=1e-9)
        assert ten.ids.tolist() == one.ids.tolist()

    def test_on_a_grid(self):
        spikes = encode.Rate(max_rate=100.0).encode(np.full(1000, 1.0), 500.0, dt=0.5, seed=2)
        np.testing.assert_allclose(spikes.times / 0.5, np.rint(spikes.times / 0.5))
        assert spikes.counts().mean() == pytest.approx(50.0, abs=5 * np.sqrt(50.0 / 1000))
        assert spikes.counts().var() / spikes.counts().mean() == pytest.approx(0.95, abs=0.2)
        assert bs.Spikes(spikes.times, spikes.ids, 1000, 500.0).isi().min() >= 0.5 - 1e-9

    def test_steps_that_are_drawn_in_several_blocks_follow_each_other(self, monkeypatch):
        monkeypatch.setattr("brainsim.encode.rate.BLOCK", 4)
        spikes = encode.Rate(max_rate=1000.0).encode([[1.0, 1.0], [0.0, 1.0]], interval=5.0, dt=1.0, seed=1)
        first, second = spikes.per_cell()
        assert first.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
        assert second.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]

    def test_the_same_seed_gives_the_same_bits(self):
        for code in (encode.Rate(), encode.PopulationCode()):
            for given in ({"duration": 100.0}, {"duration": 100.0, "dt": 1.0}):
                assert code.encode(IMAGE, seed=4, **given) == code.encode(IMAGE, seed=4, **given)
                assert code.encode(IMAGE, seed=4, **given) != code.encode(IMAGE, seed=5, **given)

    def test_bits_are_pinned(self):
        spikes = encode.Rate().encode([1.0, 0.5], 30.0, seed=1)
        assert spikes.times.round(9).tolist() == PINNED
        assert random_steps(np.full(4, 0.5), 3, stream_key(1, "x")).astype(int).tolist() == PINNED_STEPS

    def test_the_population_code_is_as_precise_as_theory_says(self):
        """Its decoder has the variance sigma^2 over the number of spikes, without bias, up to the edges of the range."""
        code = encode.PopulationCode(cells=16, max_rate=100.0)
        for value in (0.0, 0.37, 1.0):
            spikes = code.encode(np.full(3000, value), 200.0, seed=6)
            decoded = code.decode(spikes)
            counts = spikes.counts().reshape(3000, 16).sum(axis=1)
            expected = code.width**2 * np.mean(1.0 / counts)
            assert decoded.var() == pytest.approx(expected, rel=0.12)
            assert decoded.mean() == pytest.approx(value, abs=5 * np.sqrt(expected / 3000) + 0.005 * code.width)

    def test_nothing_fires_without_a_rate(self):
        assert len(encode.Rate().encode(np.zeros(5), 100.0, seed=1)) == 0
        assert len(encode.Rate().encode(np.zeros((3, 5)), interval=100.0, seed=1)) == 0
        assert np.isnan(encode.PopulationCode().decode(bs.Spikes([], [], 12, 10.0))).all()
        assert np.isnan(encode.Phase().decode(bs.Spikes([], [], 2, 100.0))).all()
        assert encode.Latency().decode(bs.Spikes([], [], 2, 100.0)).tolist() == [0.0, 0.0]


PINNED = [4.219776321, 8.014469896, 9.172161069, 23.674644841, 26.539351593]
PINNED_STEPS = [[0, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 1]]


class TestSound:
    def test_a_tone_is_in_its_band(self):
        time = np.arange(4000) / 16_000.0
        for tone in (200.0, 1000.0, 3000.0):
            values, frequencies = encode.filter_bank(np.sin(2 * np.pi * tone * time), 16_000.0, interval=10.0)
            assert values.shape == (25, 32)
            assert 0.0 <= values.min() <= values.max() == 1.0
            loudest = frequencies[values[5:].mean(axis=0).argmax()]
            assert abs(np.log(loudest / tone)) < 0.12

    def test_the_amplitude_of_a_tone_at_the_centre(self):
        fs, tone = 44_100.0, 500.0
        time = np.arange(22_050) / fs
        quiet, _ = encode.filter_bank(
            np.concatenate([np.sin(2 * np.pi * tone * time), 0.1 * np.sin(2 * np.pi * tone * time)]),
            fs,
            channels=1,
            low=tone,
            interval=10.0,
            exponent=1.0,
        )
        assert quiet[90:].mean() / quiet[40].mean() == pytest.approx(0.1, rel=1e-3)

    def test_silence(self):
        assert not encode.filter_bank(np.zeros(1000), 8000.0)[0].any()


def test_spikes_enter_a_network():
    spikes = encode.Latency().encode(IMAGE, 20.0, dt=0.1)
    net, pixels = bs.Network(seed=1), bs.Population(24, bs.SpikeTrains(spikes), name="pixels")
    net.add(pixels)
    again = bs.simulate(net, 20.0, dt=0.1, seed=1, threads=1).spikes["pixels"]
    np.testing.assert_allclose(again.times, spikes.times, atol=1e-9)
    assert again.ids.tolist() == spikes.ids.tolist()


class TestArtificialNetworks:
    """`bs.ann` uses the same codes."""

    def test_latency_steps_are_those_of_the_code(self):
        X = np.random.default_rng(1).random((3, 20))
        steps = forward.encode(X, 32, "latency", 1.0, 0)
        for x, of_sample in zip(X, steps, strict=True):
            spikes = encode.Latency().encode(x, 32.0, dt=1.0)
            step, cell = np.nonzero(of_sample)
            assert (spikes.times.tolist(), spikes.ids.tolist()) == (step.tolist(), cell.tolist())

    def test_random_steps_have_the_probability_of_the_value(self):
        X = np.tile(np.array([0.0, 0.25, 1.0]), (400, 1)) + np.arange(400)[:, None] * -1e-9
        X = np.maximum(X, 0.0)
        spikes = forward.encode(X, 50, "poisson", 1.0, 3)
        mean = spikes.mean(axis=(0, 1))
        np.testing.assert_allclose(mean, [0.0, 0.25, 1.0], atol=5 * np.sqrt(0.25 / 20_000))
        assert (spikes[0] != spikes[1]).any(), "each sample has numbers of its own"
        np.testing.assert_array_equal(forward.encode(X[5:6], 50, "poisson", 1.0, 3)[0], spikes[5])


S = bs.Spikes([1.0], [0], 3, 100.0)

test_mistakes = mistakes(
    (lambda: encode.Rate(max_rate=10.0, min_rate=20.0), ValueError, "Rate.max_rate", "> 20 Hz"),
    (lambda: encode.Rate(low=1.0, high=1.0), ValueError, "Rate.high", "> low = 1"),
    (lambda: encode.Rate().encode([0.5]), TypeError, "Rate.encode", "duration=", "interval="),
    (lambda: encode.Rate().encode([0.5], 10.0, interval=1.0), TypeError, "Rate.encode", "duration="),
    (lambda: encode.Rate().encode([0, 255], 10.0), ValueError, "Rate.encode.values", "(got 255)", "Rate(low=0, high=255)"),
    (lambda: encode.Rate().encode([np.nan], 10.0), ValueError, "Rate.encode.values", "finite"),
    (lambda: encode.Rate().encode(0.5, interval=1.0), ValueError, "Rate.encode.values", "axis of time"),
    (lambda: encode.Rate(max_rate=2000.0).encode([1.0], 10.0, dt=1.0), ValueError, "Rate.encode.dt", "at most 0.5 ms"),
    (lambda: encode.Rate().encode([1.0], 10.0, dt=3.0), ValueError, "Rate.encode.dt", "must divide", "10 ms"),
    (lambda: encode.Rate().encode([1.0], -10.0), ValueError, "Rate.encode.duration", "> 0 ms"),
    (lambda: encode.Rate().encode([1.0], 10.0, seed=-1), ValueError, "Rate.encode.seed"),
    (lambda: encode.Rate().decode([1.0]), TypeError, "Rate.decode", "must be Spikes"),
    (lambda: encode.Rate().decode(S, interval=200.0), ValueError, "Rate.decode.interval", "must fit into the 100 ms"),
    (lambda: encode.Rate().decode(S, shape=(2, 2)), ValueError, "Rate.decode.shape", "must have 3 values"),
    (lambda: encode.Latency(tau=0.0), ValueError, "Latency.tau", "> 0 ms"),
    (lambda: encode.Latency(threshold=1.0), ValueError, "Latency.threshold", "< 1"),
    (lambda: encode.Latency(tau=1.0).encode([0.5], 10.0, dt=1.0), ValueError, "Latency.encode.dt", "left out with tau"),
    (lambda: encode.Phase(span=1.0), ValueError, "Phase.span", "< 1"),
    (
        lambda: encode.Phase(period=30.0).encode([0.5], 100.0),
        ValueError,
        "Phase.encode.duration",
        "cycles of 30 ms (got 100)",
    ),
    (lambda: encode.Phase().encode([0.5], interval=9.0), ValueError, "Phase.encode.interval", "cycles of 25 ms"),
    (
        lambda: encode.Phase(period=30.0).decode(S),
        ValueError,
        "Phase.decode.duration",
        "give the duration of what was encoded",
    ),
    (lambda: encode.Phase().decode(S, interval=30.0), ValueError, "Phase.decode.interval", "whole number of cycles"),
    (lambda: encode.Latency().decode(S, 200.0), ValueError, "Latency.decode.duration", "at most the 100 ms", "got 200"),
    (lambda: encode.Rate().decode(S, 0.0), ValueError, "Rate.decode.duration", "> 0 ms"),
    (lambda: encode.DeltaModulation().decode(S, "x", interval=1.0), TypeError, "DeltaModulation.decode.duration"),
    (lambda: encode.PopulationCode().decode([1.0]), TypeError, "PopulationCode.decode", "must be Spikes"),
    (lambda: encode.PopulationCode().decode(S, interval=200.0), ValueError, "PopulationCode.decode.interval", "must fit"),
    (lambda: encode.DeltaModulation(threshold=0.0), ValueError, "DeltaModulation.threshold", "> 0"),
    (
        lambda: encode.DeltaModulation().encode([1.0], interval=1.0),
        ValueError,
        "DeltaModulation.encode.values",
        "at least two samples",
    ),
    (
        lambda: encode.DeltaModulation(threshold=1e-12).encode([0.0, 1.0], interval=1.0),
        ValueError,
        "DeltaModulation.threshold",
        "larger",
    ),
    (lambda: encode.DeltaModulation().decode(S, interval=1.0), ValueError, "DeltaModulation.decode", "as many OFF as ON"),
    (lambda: encode.PopulationCode(cells=5), ValueError, "PopulationCode.cells", ">= 6"),
    (lambda: encode.PopulationCode(by="rates"), ValueError, "PopulationCode.by", "did you mean 'rate'"),
    (lambda: encode.PopulationCode().decode(S), ValueError, "PopulationCode.decode", "12 cells for each value"),
    (lambda: encode.latency, AttributeError, "did you mean 'Latency'"),
    (lambda: encode.poisson, AttributeError, "bs.encode.Rate()"),
    (lambda: encode.nonsense, AttributeError, "help(bs.encode)"),
    (lambda: encode.filter_bank([[0.0]], 8000.0), ValueError, "encode.filter_bank.sound", "one series"),
    (lambda: encode.filter_bank(np.zeros(100), 200.0), ValueError, "encode.filter_bank", "interval"),
    (lambda: encode.filter_bank(np.zeros(100), 8000.0, high=5000.0), ValueError, "filter_bank.high", "<= 4000 Hz"),
)
