"""Windows of spike timing and series of pairs, measured in the whole engine; compared with formulas and tables."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import stdp_window as example
from brainsim.examples._figures.stdp_window import EXPERIMENTS, calcium_law, series_law, window

pytestmark = pytest.mark.thorough

COLUMNS = [example.INTERVALS.index(interval) for interval in (100.0, 50.0, 25.0, 20.0)]
# mean square of the distance to experiments over their standard error
ERRORS = {
    "triplets, all, full": 0.342,
    "triplets, all, minimal": 0.356,
    "triplets, nearest, full": 0.232,
    "triplets, nearest, minimal": 0.348,
}


def run(duration):
    """Return what pairs have changed, the spikes, and what calcium has changed."""
    network, traces = example.build()
    result = bs.simulate(network, duration, dt=example.DT, seed=2, record=traces, threads=1)
    return example.changes(result), result.spikes, example.calcium_change(result)


@pytest.fixture(scope="module")
def short():
    """Return the same after all series but those at 0.1 Hz."""
    return run(61_000.0)


def test_the_target_fires_when_it_is_told(short):
    for rule in example.RULES:
        spikes = short[1][rule]
        assert (spikes.counts() == 1).all()
        np.testing.assert_allclose(spikes.times[np.argsort(spikes.ids)], example.START + example.LAGS + example.DELAY)
    for name in example.SERIES:
        assert (short[1][name].counts().reshape(len(example.ORDERS), -1)[:, 1:] == example.PAIRS).all()


@pytest.mark.parametrize("rule", example.RULES)
def test_windows_follow_their_formula(short, rule):
    np.testing.assert_allclose(short[0][rule], window(rule, example.LAGS), rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("name", example.SERIES)
def test_series_follow_their_law(short, name):
    for row, order in enumerate(example.ORDERS):
        law = [series_law(example.SERIES[name], interval, order) for interval in example.INTERVALS[1:]]
        np.testing.assert_allclose(short[0][name][row, 1:], law, rtol=0.0, atol=1e-12)


def test_calcium_follows_the_theory(short):
    law = np.array([calcium_law(example.CALCIUM, lag) for lag in example.CALCIUM_LAGS])
    np.testing.assert_allclose(short[2], law, rtol=0.0, atol=0.05)  # 1,000 synapses from each state
    assert np.abs(short[2] - law).mean() < 0.025


@pytest.mark.parametrize(
    ("lag", "published"), [(-40.0, 0.8514), (-20.0, 0.7643), (-10.0, 0.8818), (10.0, 1.2214), (40.0, 1.0849)]
)
def test_the_theory_has_the_published_values(lag, published):
    assert calcium_law(example.CALCIUM, lag) == pytest.approx(published, abs=0.01)  # on the grid of 1 ms


@pytest.mark.slow
def test_triplets_follow_the_experiments_and_pairs_do_not():
    changes, *_ = run(example.DURATION)
    columns = [0, *COLUMNS]

    def error(name):
        means, errors = (np.array([EXPERIMENTS[order] for order in example.ORDERS])[:, :, k] for k in (1, 2))
        return np.mean(((changes[name][:, columns] - means) / errors) ** 2)

    for name, published in ERRORS.items():
        assert error(name) == pytest.approx(published, abs=0.002)
    assert min(error("pairs, all"), error("pairs, nearest")) > 8.0
