"""Fear that is learned in one context, hidden in another, and back in the first, in cells and by Rescorla and Wagner."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import fear as example
from brainsim.examples._figures import fear as figures

pytestmark = pytest.mark.thorough

LAST = np.cumsum([tones for *_, tones in example.PHASES]) - 1  # of each phase


@pytest.fixture(scope="module")
def runs():
    """Return the results of two small networks."""
    found = []
    for seed in (1, 2):
        network, traces = example.build(seed=seed, **example.SMALL)
        found.append(bs.simulate(network, example.DURATION, seed=seed + 1, record=traces, threads=1))
    return found


def test_fear_is_learned_hidden_and_renewed(runs):
    for result in runs:
        rates = figures.rates_during_tones(result)
        conditioned, extinguished, renewed = rates[LAST, 0]
        assert conditioned > 3.0 * rates[0, 0]
        assert extinguished < 0.5 * conditioned
        assert renewed > 2.0 * extinguished
        assert rates[LAST[1], 1] > 3.0 * rates[LAST[0], 1]  # extinction cells have learned
        assert rates[LAST[2], 1] < rates[LAST[1], 1]  # and lack their context in A


def test_the_fear_is_hidden_and_not_unlearned(runs):
    """At the end of extinction the synapses of the fear cells are still stronger than at first."""
    for result in runs:
        end = next(at for phase, _, at in example.trials() if phase == "renewal")
        for kind in ("tone", "context"):
            weights = result.weights[f"{kind} fear"]
            mean = weights.values[weights.times <= end].mean(axis=1)
            assert mean[-1] > 1.2 * mean[0]


def test_a_synapse_grows_only_with_both_inputs(runs):
    for result in runs:
        times = result.weights["tone fear"].times
        conditioned = (times >= example.trials()[0][2]) & (times <= example.trials()[LAST[0]][2] + example.TRIAL)
        grown, shrunk = (result.weights[name].values[conditioned].mean(axis=1) for name in ("tone fear", "tone extinction"))
        assert (np.diff(grown) >= 0.0).all()
        assert (np.diff(shrunk) <= 0.0).all()
        assert all((result.weights[name].values >= 0.0).all() for name in ("tone fear", "context extinction"))


def test_background_alone_keeps_the_cells_at_published_rates():
    """Excitatory cells below 1 Hz and inhibitory ones at some ten, as the publication says."""
    network, _ = example.build(**example.SMALL)
    before = bs.simulate(network, example.PAUSE, seed=3, threads=1).spikes
    assert before["excitatory"].rate() < 1.5
    assert 4.0 < before["inhibitory"].rate() < 20.0


def test_rescorla_and_wagner():
    expected, course = figures.rescorla_wagner()
    assert expected[: LAST[0] + 1] == pytest.approx(1.0 - (1.0 - figures.RATE) ** np.arange(LAST[0] + 1))
    assert 0.0 < expected[LAST[1]] < expected[LAST[2]] < expected[LAST[0]]
    assert course[-1, 2] < 0.0  # context B predicts safety
    assert course.shape == (len(example.trials()), 3)
