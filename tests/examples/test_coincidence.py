"""Synchrony: what LIF cells see in spikes at equal rates, and a rate unit or a network on spike counts does not."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import coincidence as example
from brainsim.examples._figures.coincidence import RateUnit, by_coincidences, by_counts, by_kind, counts_in
from brainsim.examples.coincidence import volleys

pytestmark = pytest.mark.thorough

SEEDS = (11, 12, 13)  # of wiring, volleys, noise and manifolds; the settings were chosen with others


@pytest.fixture(scope="module")
def runs():
    """Return (data, result) of the example for each seed."""
    found = []
    for seed in SEEDS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(example, "SEED", seed)
            network, traces = example.build(samples=1200, detectors=100, seed=seed)
            data = bs.ann.datasets.randman(train=800, test=400, seed=seed)
        found.append((data, bs.simulate(network, example.DURATION, seed=seed + 50, record=traces, threads=2)))
    return found


@pytest.fixture(scope="module")
def rates(runs):
    """Return the mean rate of detectors over seeds, shape (jitters, sizes)."""
    parts = [by_kind(result.spikes["detectors"], example.KINDS) for _, result in runs]
    return np.mean([[[one.rate() for one in sizes.values()] for sizes in part.values()] for part in parts], axis=0)


def test_every_input_fires_as_often_in_all_kinds_and_the_rate_unit_says_the_same(runs):
    unit = RateUnit(example.WEIGHT, example.NOISE, example.LIF)
    for _, result in runs:
        inputs = by_kind(result.spikes["inputs"], example.KINDS)
        said = set()
        for spikes in (one for sizes in inputs.values() for one in sizes.values()):
            assert (spikes.counts() == example.SPIKES).all()
            said.add(float(unit(spikes.n * spikes.rate())))
        assert len(said) == 1


def test_detectors_tell_synchrony_at_equal_rates(rates):
    sharp = rates[0]
    assert sharp[4] > 4.0 * sharp[0]
    assert (np.diff(sharp) > -1.0).all()
    volleys_per_second = 1000.0 * example.VOLLEYS / example.DURATION
    assert sharp[5] == pytest.approx(volleys_per_second, rel=0.15)  # one spike for each volley


def test_wide_volleys_tell_less(rates):
    assert (rates[0, 3:] > rates[1, 3:]).all()
    assert (rates[1, 3:] > rates[2, 3:]).all()


def test_without_synchrony_the_rate_unit_is_the_detector(rates):
    unit = RateUnit(example.WEIGHT, example.NOISE, example.LIF)
    apart = rates[:, 0].mean()  # of 3 seeds: over seeds it scatters by a sixth
    assert apart == pytest.approx(float(unit(example.INPUTS * 1000.0 * example.SPIKES / example.DURATION)), rel=0.25)


def test_the_rate_unit_is_a_cell_with_poisson_inputs():
    unit, delta = RateUnit(0.4, 2.5, example.LIF), bs.Delta()
    cells = bs.Population(1200, example.LIF, name="cells", initial={"v": bs.Uniform(0.0, 12.0)})
    net, rates = bs.Network(seed=1), np.repeat([2000.0, 3000.0, 4000.0], 400)
    net.stimulate(cells, bs.PoissonInput(rate=rates, weight=0.4, synapse=delta), name="inputs")
    for name, sign in (("excitation", 1.0), ("inhibition", -1.0)):
        drive = bs.PoissonInput(rate=5000.0, weight=sign * 2.5 / np.sqrt(50.0), synapse=delta)
        net.stimulate(cells, drive, name=name)
    spikes = bs.simulate(net, 600.0, dt=0.05, seed=3, threads=2).spikes["cells"].between(100.0, 600.0)
    got = spikes.rates().reshape(3, 400).mean(axis=1)
    np.testing.assert_allclose(got, unit(np.array([2000.0, 3000.0, 4000.0])), rtol=0.1)


def test_counts_of_manifolds_are_chance_and_coincidences_far_above(runs):
    for data, result in runs:
        assert by_counts(data, 1) == pytest.approx(0.1, abs=0.02)
        assert by_coincidences(result.spikes["coincidence cells"], data) > 0.9


def test_times_in_windows_are_no_longer_hidden_from_a_network_on_counts(runs):
    assert by_counts(runs[0][0], 2) > 0.9


def test_a_readout_trained_on_wrong_classes_is_at_chance(runs):
    data, result = runs[0]
    wrong = data._replace(y_train=np.random.default_rng(4).permutation(data.y_train))
    assert by_coincidences(result.spikes["coincidence cells"], wrong) == pytest.approx(0.1, abs=0.06)


def test_three_spikes_that_meet_make_a_coincidence_cell_fire():
    inputs = bs.Population(3, bs.SpikeTrains(times=[5.0, 10.0, 15.0], ids=[0, 1, 2]), name="inputs")
    cells = bs.Population(3, example.LIF, name="cells")
    net = bs.Network(seed=1)
    delays = {0: [12.0, 7.0, 2.0], 1: [12.0, 7.0, 42.0], 2: [2.0, 7.0, 12.0]}  # three meet; two meet; in the wrong order
    for cell, delay in delays.items():
        net.connect(
            inputs,
            cells[cell : cell + 1],
            bs.FromArrays(np.arange(3), np.zeros(3, int)),
            weight=example.MEETING,
            delay=np.array(delay),
            synapse=bs.Delta(),
        )
    spikes = bs.simulate(net, 100.0, seed=1).spikes["cells"]
    assert spikes.ids.tolist() == [0]
    assert spikes.times[0] == pytest.approx(17.0, abs=0.11)


def test_volleys_are_as_large_and_as_wide_as_they_should_be():
    times, ids = volleys(n=100, spikes=6, size=30, count=8, duration=400.0, seed=5)
    assert np.bincount(ids).tolist() == [6] * 100
    moments, together = np.unique(times, return_counts=True)
    assert (together == 30).sum() == 8
    assert (np.diff(moments[together == 30]) >= 25.0).all()
    wide, who = volleys(n=2000, spikes=2, size=2000, count=1, duration=400.0, jitter=5.0, seed=5)
    middle = np.median(wide)
    inside = wide[np.abs(wide - middle) < 20.0]
    alone = 2000 * 40.0 / 400.0  # of the others, that fall by chance into these 40 ms
    variance = (np.sum((inside - middle) ** 2) - alone * 20.0**2 / 3.0) / (inside.size - alone)
    assert np.sqrt(variance) == pytest.approx(5.0, rel=0.1)
    assert (np.diff(wide) >= 0.0).all()
    assert wide.min() >= 0.0
    assert wide.max() <= 400.0


def test_windows_hold_each_spike_once():
    times = np.random.default_rng(1).random((50, 7))
    times[0, 0] = 1.0
    for windows in (1, 3, 16):
        counts = counts_in(times, windows).reshape(50, 7, windows)
        assert (counts.sum(axis=2) == 1.0).all()
        assert np.abs(counts.argmax(axis=2) / windows - times).max() <= 1.0 / windows + 1e-12


def test_mistakes():
    with pytest.raises(ValueError, match="volleys.size: 6 volleys of 60 take more than half of 200 x 3 spikes"):
        volleys(n=200, spikes=3, size=60, count=6, duration=300.0)
