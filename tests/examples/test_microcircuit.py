"""The cortical microcircuit: its parameters, what scaling keeps, and activity that was published or simulated elsewhere."""

import io

import numpy as np
import pytest

import brainsim as bs
from brainsim.commands import cli
from brainsim.examples import microcircuit

pytestmark = pytest.mark.thorough_but("mistake", "published")

# Hz over 10 s at scale=0.1, k_scale=0.1: the mean of two runs of NEST 3.10 with the same sizes, weights, delays and currents
NEST_AT_TENTH = np.array([0.47, 2.12, 3.94, 4.99, 6.71, 7.75, 0.84, 6.99])
NEST_CVS_AT_TENTH = np.array([0.803, 0.862, 0.852, 0.848, 0.825, 0.796, 0.812, 0.798])  # of cells with at least 5 spikes


def expected_synapses(network):
    """Return the number of synapses, shape (targets, sources)."""
    place = {name: k for k, name in enumerate(microcircuit.POPULATIONS)}
    found = np.zeros((8, 8))
    for projection in network.projections:
        if projection.pre.name in place:
            found[place[projection.post.name], place[projection.pre.name]] += projection.expected
    return found


def input_moments(network, rates):
    """Return mean and variance rate of the current into the cells of each population, read from the description.

    The mean is in pA; the variance is that of the charge of independent Poisson trains, in pA² ms.
    """
    place = {name: k for k, name in enumerate(microcircuit.POPULATIONS)}
    mean, variance = np.zeros(8), np.zeros(8)
    for one in network.projections:
        k = place[one.post.name]
        events = one.expected / one.post.n * rates[place[one.pre.name]] / 1000.0  # per ms
        mean[k] += events * one.weight.mean * one.synapse.tau
        variance[k] += events * (one.weight.mean * one.synapse.tau) ** 2
    for one in network.inputs:
        k = place[one.target.name]
        if isinstance(one.input, bs.CurrentInput):
            mean[k] += one.input.amplitude
        else:
            events = one.input.rate / 1000.0
            mean[k] += events * one.input.weight * one.input.synapse.tau
            variance[k] += events * (one.input.weight * one.input.synapse.tau) ** 2
    return mean, variance


def simulated(duration, seed=2, **options):
    """Return the spikes of the eight populations after the first 500 ms."""
    network, traces = microcircuit.build(**options)
    result = bs.simulate(network, duration, seed=seed, record=traces)
    return result, [result.spikes[name].between(500.0, duration) for name in microcircuit.POPULATIONS]


def strokes_of(ax):
    """Return the numbers that a picture of bars compares with."""
    return [segment[0, 0] for segment in ax.collections[0].get_segments() if len(segment)]


class TestParameters:
    def test_sizes_are_the_published_ones(self):
        network, _ = microcircuit.build()
        assert list(network.populations) == list(microcircuit.POPULATIONS)
        assert sum(population.n for population in network.populations.values()) == 77_169
        assert expected_synapses(network).sum() == pytest.approx(298_880_969, abs=64)
        assert len(network.projections) == np.count_nonzero(microcircuit.PROBABILITY)

    def test_pairs_are_connected_with_the_published_probability(self):
        network, _ = microcircuit.build()
        pairs = microcircuit.CELLS[:, None] * microcircuit.CELLS
        connected = -np.expm1(expected_synapses(network) * np.log1p(-1.0 / pairs))
        np.testing.assert_allclose(connected, microcircuit.PROBABILITY, atol=1e-6)

    def test_an_excitatory_input_has_the_published_potential(self):
        assert microcircuit.psc() == pytest.approx(87.81, abs=0.005)
        net = bs.Network(seed=1)
        cell = bs.Population(1, bs.LIF(tau_m=10.0, c_m=250.0), name="cell")
        source = bs.Population(1, bs.SpikeTrains([1.0], [0]), name="source")
        net.connect(source, cell, bs.OneToOne(), weight=microcircuit.psc(), delay=1.0, synapse=bs.Exponential(tau=0.5))
        result = bs.simulate(net, 10.0, dt=0.01, seed=1, threads=1, record=[bs.Trace(cell, "v")])
        assert result.traces["cell", "v"].values.max() + 65.0 == pytest.approx(0.15, abs=1e-5)

    def test_weights_and_delays(self):
        network, _ = microcircuit.build()
        by_name = {projection.name: projection for projection in network.projections}
        unit = microcircuit.psc()
        for name, factor in {"L4E->L23E": 2.0, "L4E->L4E": 1.0, "L4E->L5E": 1.0, "L6I->L6E": -4.0}.items():
            weight = by_name[name].weight
            assert weight.mean == pytest.approx(factor * unit)
            assert weight.distribution.sd == pytest.approx(0.1 * abs(factor) * unit)
        assert repr(by_name["L4E->L4E"].delay) == "Clipped(Normal(1.5, 0.75), low=0.1)"
        assert repr(by_name["L4I->L4E"].delay) == "Clipped(Normal(0.75, 0.375), low=0.1)"

    @pytest.mark.parametrize(("dt", "low"), [(0.05, 0.1), (0.25, 0.25)])
    def test_no_delay_is_shorter_than_a_step(self, dt, low):
        network, _ = microcircuit.build(scale=0.01, k_scale=0.01, thalamus=True, dt=dt)
        assert {projection.delay.support[0] for projection in network.projections} == {low}
        times = network.populations["thalamus"].model.times
        np.testing.assert_allclose(times / dt, np.rint(times / dt), rtol=1e-12)
        bs.Simulation(network, dt=dt, seed=2, threads=1)

    def test_the_command_line_takes_a_step_longer_than_the_shortest_delay(self, capsys):
        run = ["run", "microcircuit", "--scale", "0.01", "--k-scale", "0.01", "--duration", "5", "--no-plot"]
        assert cli.main([*run, "--dt", "0.25"]) == 0
        assert "dt = 0.25 ms" in capsys.readouterr().out


class TestScaling:
    @pytest.mark.parametrize(("scale", "k_scale"), [(0.1, 1.0), (1.0, 0.1), (0.1, 0.1), (2.0, 0.5)])
    def test_numbers(self, scale, k_scale):
        full, scaled = microcircuit.build()[0], microcircuit.build(scale, k_scale)[0]
        cells = np.array([population.n for population in scaled.populations.values()])
        np.testing.assert_allclose(cells, scale * microcircuit.CELLS, atol=0.5)
        np.testing.assert_allclose(expected_synapses(scaled), scale * k_scale * expected_synapses(full), atol=1.0)

    @pytest.mark.parametrize("k_scale", [0.5, 0.1, 0.01])
    def test_mean_and_variance_of_the_input_stay(self, k_scale):
        # at the full sizes, where a rounded number of cells does not hide in the result
        full = input_moments(microcircuit.build()[0], microcircuit.RATES)
        scaled = input_moments(microcircuit.build(k_scale=k_scale)[0], microcircuit.RATES)
        np.testing.assert_allclose(scaled[0], full[0], rtol=1e-3)
        np.testing.assert_allclose(scaled[1], full[1], rtol=1e-3)

    @pytest.mark.parametrize("k_scale", [1.0, 0.1])
    def test_a_current_has_the_mean_of_the_spikes_it_replaces(self, k_scale):
        poisson = input_moments(microcircuit.build(k_scale=k_scale)[0], microcircuit.RATES)
        current = input_moments(microcircuit.build(k_scale=k_scale, background="dc")[0], microcircuit.RATES)
        np.testing.assert_allclose(current[0], poisson[0], rtol=1e-3)
        assert (current[1] < poisson[1]).all()

    def test_the_full_network_needs_no_current(self):
        assert not any(isinstance(one.input, bs.CurrentInput) for one in microcircuit.build()[0].inputs)

    @pytest.mark.parametrize(
        "options",
        [
            {"scale": 0.0},
            {"k_scale": -1.0},
            {"scale": float("inf")},
            {"background": "none"},
            {"scale": "0.1"},
            {"k_scale": None},
            {"dt": "0.1"},
        ],
    )
    def test_mistakes(self, options):
        with pytest.raises(ValueError, match=rf"microcircuit.{next(iter(options))}: must be"):
            microcircuit.build(**options)


@pytest.fixture(scope="module")
def pulsed():
    """Return the result of 800 ms of a small network with the thalamic pulse."""
    return simulated(800.0, scale=0.1, k_scale=0.1, thalamus=True)[0]


class TestActivity:
    def test_a_small_network_is_sane_and_draws_itself(self):
        # a tenth of the inputs and a fiftieth of the cells, which share most of their inputs
        result, spikes = simulated(2500.0, scale=0.02, k_scale=0.1)
        rates = np.array([one.rate() for one in spikes])
        assert (rates[0::2] < rates[1::2]).all()  # inhibitory cells are the more active ones in each layer
        np.testing.assert_allclose(rates, NEST_AT_TENTH, rtol=0.35, atol=0.3)
        assert all(0.5 < one.cv(5) < 1.1 for one in spikes)
        picture = io.BytesIO()
        figure = microcircuit.draw(result, (600.0, 1000.0))
        figure.savefig(picture)
        assert picture.getvalue().startswith(b"\x89PNG")
        raster, *bars = figure.axes
        assert [text.get_text() for text in raster.get_yticklabels()] == list(microcircuit.POPULATIONS)
        np.testing.assert_allclose([bar.get_width() for bar in bars[0].patches], rates)
        assert bars[2].get_xlabel() == "synchrony (21 to 438 cells, 3 ms bins)"
        measured = [one.of(slice(1000)).synchrony() for one in spikes]
        np.testing.assert_allclose([bar.get_width() for bar in bars[2].patches], measured)

    def test_thalamic_spikes_wake_their_layers(self, pulsed):
        result, relay = pulsed, pulsed.spikes["thalamus"]
        assert relay.times.min() >= 700.0
        assert relay.times.max() <= 710.0
        assert len(relay) == pytest.approx(902 * 1.2, abs=5 * np.sqrt(902 * 1.2))
        before, during = (result.spikes["L4E"].between(*part).rate() for part in ((500.0, 700.0), (702.0, 712.0)))
        assert during > 2.0 * before

    def test_the_picture_shows_the_thalamus_and_compares_what_is_without_it(self, pulsed):
        raster, rates, _, synchrony = microcircuit.draw(pulsed, (600.0, 800.0)).axes
        assert [text.get_text() for text in raster.get_yticklabels()] == [*microcircuit.POPULATIONS, "thalamus"]
        (band,) = raster.patches
        assert (band.get_x(), band.get_x() + band.get_width()) == microcircuit.PULSE
        widths = [bar.get_width() for bar in rates.patches]
        quiet = [pulsed.spikes[name].between(500.0, 700.0).rate() for name in microcircuit.POPULATIONS]
        np.testing.assert_allclose(widths, quiet)
        assert len(synchrony.collections) == 0  # nothing published is of the same selection of cells
        np.testing.assert_allclose(strokes_of(rates), microcircuit.RATES)

    def test_all_populations_are_one_group_and_all_of_it_fits_into_as_much_memory_as_is_said(self):
        from brainsim.build.layout import Layout

        network, _ = microcircuit.build()
        assert len(Layout(network, 0.1, 2).groups) == 1
        estimate = network.estimate(0.1, 2)
        assert estimate.synapses == pytest.approx(299e6, rel=0.005)
        assert estimate.kept == pytest.approx(1.9e9, rel=0.05)
        assert estimate.peak < 1.5 * estimate.kept

    @pytest.mark.slow
    def test_a_tenth_has_the_rates_and_irregularity_that_nest_finds(self):
        """Compares with NEST on this very network, since the published rates at a tenth are those of another one.

        Romaro et al. (2021) give 0.75 3.28 4.76 6.20 6.55 8.97 1.10 8.06 Hz. NEST, which here shares nothing with brainsim
        but the sizes, weights, delays and currents, is as far from them, so the reduction differs, not the simulation.
        """
        _, spikes = simulated(10_500.0, scale=0.1, k_scale=0.1)
        rates = np.array([one.rate() for one in spikes])
        tolerance = np.array([0.1, 0.05, 0.05, 0.05, 0.1, 0.05, 0.05, 0.05])  # L23E and L5E differ the most between seeds
        assert (np.abs(rates / NEST_AT_TENTH - 1.0) < tolerance).all()
        np.testing.assert_allclose([one.cv(5) for one in spikes], NEST_CVS_AT_TENTH, atol=0.03)

    @pytest.mark.slow
    def test_a_tenth_of_the_cells_with_half_of_their_inputs_is_as_irregular_as_published(self):
        # the published values are of 60 s; over 10 s CVs are 0.02 to 0.06 too small
        _, spikes = simulated(60_500.0, scale=0.1, k_scale=0.5)
        np.testing.assert_allclose([one.cv(5) for one in spikes], microcircuit.CVS, atol=0.05)

    @pytest.mark.slow
    def test_the_full_network_has_the_published_rates_and_irregularity(self):
        _, spikes = simulated(60_500.0)
        tolerance = np.array([0.05, 0.05, 0.05, 0.05, 0.1, 0.05, 0.05, 0.05])  # L5E differs the most between seeds
        rates = np.array([one.between(500.0, 10_500.0).rate() for one in spikes])
        assert (np.abs(rates / microcircuit.RATES - 1.0) < tolerance).all()
        np.testing.assert_allclose([one.cv(5) for one in spikes], microcircuit.CVS, atol=0.05)
