"""Distances between trains: what their definitions say, computed in another way; `test_elephant` compares two of them."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

import brainsim as bs
from brainsim import analysis
from tests.helpers.mistakes import mistakes

DURATION = 1000.0


def trains(*times):
    """Return Spikes with a cell for each list of times."""
    ids = np.repeat(np.arange(len(times)), [len(some) for some in times])
    return bs.Spikes(np.concatenate([*times, []]), ids, len(times), DURATION)


def random_pair(seed, most=12):
    """Return the times of two trains on a grid of 0.5 ms, so that many distances are whole numbers."""
    rng = np.random.default_rng(seed)
    return [np.sort(0.5 * rng.integers(1, 120, rng.integers(0, most))) for _ in range(2)]


@pytest.mark.parametrize("seed", range(12))
def test_gamma_counts_the_most_pairs_of_which_each_spike_is_in_one(seed):
    model, data = random_pair(seed)
    near = (np.abs(model[:, None] - data) <= 4.0).astype(int)
    most = near[linear_sum_assignment(near, maximize=True)].sum()
    expected = np.nan
    if model.size + data.size:
        rate = model.size / DURATION
        chance = 2.0 * rate * 4.0 * data.size
        expected = (most - chance) / (0.5 * (model.size + data.size)) / (1.0 - 2.0 * rate * 4.0)
    found = analysis.coincidence_factor(trains(model), trains(data))
    np.testing.assert_allclose(found, [expected], rtol=1e-12)


def test_gamma_of_equal_trains_is_1_and_of_unrelated_ones_0_on_average():
    rng = np.random.default_rng(7)
    model, data = (trains(*(np.sort(DURATION * rng.random(rng.poisson(20))) for _ in range(1000))) for _ in range(2))
    assert np.allclose(analysis.coincidence_factor(data, data), 1.0, rtol=0, atol=1e-12)
    found = analysis.coincidence_factor(model, data)
    # a spike is in one coincidence at most, so chance makes a few less than it says
    assert abs(found.mean()) < 0.03
    assert found.std() < 0.15


def test_gamma_without_spikes_and_where_all_coincide_by_chance():
    found = analysis.coincidence_factor(trains([], [1.0], [], np.arange(1.0, 1000.0)), trains([], [], [1.0], [5.0]))
    assert np.array_equal(np.isnan(found), [True, False, False, True])
    assert found[1:3].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("seed", range(4))
def test_van_rossum_is_the_integral(seed):
    one, other = random_pair(seed)
    step, tau = 0.01, 7.0
    middle = np.arange(0.0, 300.0, step) + step / 2

    def smooth(times):
        later = middle[:, None] - times
        return np.where(later > 0, np.exp(-np.maximum(later, 0.0) / tau), 0.0).sum(axis=1)

    expected = np.sum((smooth(one) - smooth(other)) ** 2) * step / tau
    found = analysis.van_rossum(trains(one), trains(other), tau)
    np.testing.assert_allclose(found, [expected], rtol=1e-4, atol=1e-12)
    assert analysis.van_rossum(trains(one), trains(one), tau).tolist() == [0.0]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("cost", [0.0, 0.13, 5.0])
def test_victor_and_purpura_take_the_cheapest_of_all_ways(seed, cost):
    """Each of the k spikes that are moved saves removing one and adding one: an assignment of the least cost."""
    one, other = random_pair(seed)
    moved = np.minimum(cost * np.abs(one[:, None] - other), 2.0)
    expected = abs(one.size - other.size) + moved[linear_sum_assignment(moved)].sum()
    found = analysis.victor_purpura(trains(one), trains(other), cost)
    np.testing.assert_allclose(found, [expected], rtol=0, atol=1e-12)


def test_md_star_is_the_mean_over_pairs():
    rng = np.random.default_rng(3)
    sets = [[np.sort(0.5 * rng.integers(1, 400, 20)) for _ in range(n)] for n in (3, 4)]

    def product(a, b):
        return (np.abs(a[:, None] - b) <= 2.0).sum()

    def norm(some):
        return np.mean([product(a, b) for i, a in enumerate(some) for j, b in enumerate(some) if i != j])

    cross = np.mean([product(a, b) for a in sets[0] for b in sets[1]])
    found = analysis.md_star(trains(*sets[0]), trains(*sets[1]), window=2.0)
    np.testing.assert_allclose(found, 2 * cross / (norm(sets[0]) + norm(sets[1])), rtol=1e-12)
    alone = analysis.md_star(trains(sets[0][0]), trains(*sets[1]), window=2.0)
    cross = np.mean([product(sets[0][0], b) for b in sets[1]])
    np.testing.assert_allclose(alone, 2 * cross / (product(sets[0][0], sets[0][0]) + norm(sets[1])), rtol=1e-12)


def test_md_star_of_two_sets_of_one_process_is_1_however_few_repeats_there_are():
    """The mean over many draws; a repeat beside itself would make it 0.6 with two repeats."""
    rng = np.random.default_rng(5)
    common = 10.0 + 980.0 * rng.random(40)

    def repeats(n):
        return trains(*(np.sort(common[rng.random(40) < 0.6] + rng.normal(0.0, 0.5)) for _ in range(n)))

    found = [analysis.md_star(repeats(2), repeats(2)) for _ in range(300)]
    assert abs(np.mean(found) - 1.0) < 3 * np.std(found) / np.sqrt(300) + 0.01
    assert max(found) > 1.0
    assert np.isnan(analysis.md_star(trains([]), trains([], [])))
    assert analysis.md_star(trains([]), trains([1.0], [1.0])) == 0.0


ONE, TWO = trains([1.0]), trains([1.0], [2.0])
test_mistakes = mistakes(
    (lambda: analysis.van_rossum(ONE, [1.0]), TypeError, "analysis.van_rossum.target: must be Spikes"),
    (lambda: analysis.victor_purpura(ONE, TWO), ValueError, "target: must have a train for each of the 1 cells (got 2)"),
    (lambda: analysis.coincidence_factor(ONE, ONE, window=0.0), ValueError, "window: must be > 0 ms"),
    (lambda: analysis.victor_purpura(ONE, ONE, cost=-1.0), ValueError, "cost: must be >= 0"),
    (lambda: analysis.van_rossum(ONE, ONE, tau="a"), TypeError, "analysis.van_rossum.tau"),
    (lambda: analysis.md_star(ONE, ONE), ValueError, "md_star.target: must have 2 or more repeats, a cell for each (got 1)"),
    (lambda: analysis.md_star(trains(), TWO), ValueError, "md_star.spikes: must have 1 or more repeats"),
)
