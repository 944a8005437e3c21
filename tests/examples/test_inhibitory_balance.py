"""Inhibition that learns: the rates come to the target, whatever they were, and the spikes are irregular."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import inhibitory_balance as example

pytestmark = pytest.mark.thorough


def run(n, duration, seed, learning=True):
    """Return the result of a network of `n` cells, with or without learning."""
    network, traces = example.build(n=n, seed=seed)
    sim = bs.Simulation(network, seed=seed + 1, record=traces, threads=1)
    sim.set("learning", learning=learning)
    return sim.run(duration)


def late(result, name="excitatory"):
    """Return the spikes in the second half."""
    return result.spikes[name].between(0.5 * result.stop, result.stop)


@pytest.fixture(scope="module")
def results():
    """Return the results of small networks."""
    return [run(1000, 5000.0, seed) for seed in (1, 2, 3)]


def test_rates_come_to_the_target_and_spikes_are_irregular(results):
    rates = [late(result).rate() for result in results]
    assert np.mean(rates) == pytest.approx(example.TARGET, rel=0.15)
    assert min(late(result).cv(least=3) for result in results) > 0.65
    assert min(result.spikes["excitatory"].between(0.0, 300.0).rate() for result in results) > 10.0 * example.TARGET


def test_without_learning_cells_go_on_to_fire_together():
    result = run(1000, 1000.0, seed=1, learning=False)
    assert late(result).rate() > 10.0 * example.TARGET
    assert late(result).synchrony() > 100.0
    assert (result.weights["learning"].values == 0.0).all()


def test_inhibition_cancels_most_of_excitation(results):
    for result in results:
        _, excitation, inhibition = (values[-5000:] for values in example.currents(result))
        assert -0.95 < inhibition.mean() / excitation.mean() < -0.55
        assert (inhibition <= 0.0).all()


def test_histograms_hold_every_synapse(results):
    weights = results[0].weights["learning"]
    assert (weights.counts.sum(axis=1) == weights.counts[0].sum()).all()
    middle = 0.5 * (weights.edges[1:] + weights.edges[:-1])
    assert weights.counts[-1] @ middle / weights.counts[-1].sum() == pytest.approx(2.0, abs=0.3)  # nS


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_rate_is_within_a_tenth_of_the_target(seed):
    spikes = late(run(4000, example.DURATION, seed))
    assert spikes.rate() == pytest.approx(example.TARGET, rel=0.1)
    assert spikes.cv(least=3) > 0.8
    assert np.median(spikes.rates()) == pytest.approx(example.TARGET, rel=0.15)
    assert np.mean(spikes.rates() > 3.0 * example.TARGET) < 0.02
