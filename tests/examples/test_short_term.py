"""Short-term plasticity: published numbers of a depressing and of a facilitating synapse, through the whole engine."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import short_term as example

STEADY = {("depressing", 20.0): 0.057125857, ("facilitating", 20.0): 0.165485538, ("facilitating", 70.0): 0.095519802448}
# potential of the depressing synapse at times after the first arrival [ms], with three states, by the tests of NEST
PUBLISHED = {0.9: 2.40135, 25.9: 5.30244, 50.9: 4.10833, 75.9: 4.32217, 100.9: 3.05339, 200.9: 1.39696, 400.9: 0.762688}


@pytest.fixture(scope="module")
def results():
    """Return the result of the example for each number of states."""
    found = {}
    for states in example.OPTIONS["states"]:
        network, traces = example.build(states)
        found[states] = bs.simulate(network, example.DURATION, seed=2, record=traces, threads=1)
    return found


@pytest.mark.parametrize("kind", example.KINDS)
@pytest.mark.parametrize("states", example.OPTIONS["states"])
def test_every_spike_releases_what_the_law_says(results, states, kind):
    measured = example.measure(results[states], kind)
    for times, released in zip(example.trains_sent(kind), measured, strict=True):
        law = example.releases(example.KINDS[kind][0], times, states)
        np.testing.assert_allclose(released, law, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize(("kind", "rate"), STEADY)
def test_the_law_settles_as_in_closed_form(kind, rate):
    law = example.releases(example.KINDS[kind][0], np.arange(1000) * 1000.0 / rate, "two")
    assert law[-1] == pytest.approx(STEADY[kind, rate], abs=1e-9)


def test_facilitation_at_70_hz_peaks_at_the_seventh_spike(results):
    released = example.measure(results["two"], "facilitating")[1]
    assert released.argmax() == 6
    assert released.max() == pytest.approx(0.11505, abs=2e-5)  # spikes are on the grid of 0.1 ms


def test_potentials_of_the_first_panel(results):
    v = results["three"].traces["depressing", "v"].values[:, 0]
    first = example.FIRST + example.DELAY
    got = [v[round((first + after) / 0.1)] for after in PUBLISHED]
    np.testing.assert_allclose(got, list(PUBLISHED.values()), rtol=3e-6)


def test_a_release_falls_as_the_inverse_of_the_rate_or_has_a_best_rate(results):
    depressing, facilitating = (
        np.array([one[-1] for one in example.measure(results["three"], kind)[-example.RATES.size :]])
        for kind in ("depressing", "facilitating")
    )
    limit = 1000.0 / (example.DEPRESSING.tau_rec * example.RATES)
    assert 0.95 < depressing[-1] / limit[-1] < 1.0
    assert (np.diff(depressing) < 0.0).all()
    assert example.RATES[facilitating.argmax()] == 20.0
