"""Reservoirs: each does what its equations say, and a liquid of spiking cells remembers as well as an echo state network."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples import reservoir as example
from brainsim.examples._reservoirs import networks as models
from brainsim.examples._reservoirs.comparison import compare_reservoirs, compare_states
from brainsim.examples._reservoirs.networks import EchoState, Liquid, Ridge, align_ends, normalised

pytestmark = pytest.mark.thorough

WORDS = [bs.ann.datasets.vowel_words(train=200, test=200, seed=seed) for seed in (41, 42, 43)]  # the settings saw none


@pytest.fixture(scope="module")
def found():
    """Return what the settings of the example give for three sets of words, with other weights for each."""
    given = []
    for seed, data in enumerate(WORDS, 71):
        liquid = example.LIQUID.seeded(seed)
        X, cut = normalised(data)
        given.append(compare_states(data, example.ECHO, liquid, [liquid.states(X)], liquid.spikes(X[cut : cut + 1]), [seed]))
    return given


def shares(found, name):
    return np.array([one.accuracy[name].mean() for one in found])


@pytest.mark.slow
def test_the_liquid_is_within_three_points_of_the_echo_state_network(found):
    assert shares(found, "echo").min() > 0.9
    assert (shares(found, "echo") - shares(found, "liquid")).mean() < 0.03


@pytest.mark.slow
def test_it_is_memory_that_names_the_words(found):
    assert shares(found, "last frame").max() < 0.3
    assert shares(found, "mean frame").max() < 0.7
    assert shares(found, "liquid").min() > 0.9
    over_time = found[0].over_time["liquid"][0]
    assert over_time[0] < 0.35  # nothing was heard yet
    assert over_time[-1] > over_time[len(over_time) // 3] + 0.2


@pytest.mark.slow
def test_a_liquid_without_synapses_remembers_less(found):
    data = WORDS[0]
    X, cut = normalised(data)
    apart = Liquid(size=200, weight=1e-3, scale=example.LIQUID.scale, seed=71).states(X)[:, -1]
    share = Ridge(apart[:cut], data.y_train).score(apart[cut:], data.y_test)
    assert share < shares(found, "liquid")[0] - 0.03


@pytest.mark.slow
def test_the_example_over_five_seeds_of_words_and_five_of_weights():
    echo, liquid = [], []
    for seed in range(51, 56):
        data = bs.ann.datasets.vowel_words(train=240, test=240, seed=seed)
        X, cut = normalised(data)
        weights = range(10 * seed, 10 * seed + 5)
        ripples = (example.LIQUID.seeded(one).states(X) for one in weights)
        one = compare_states(data, example.ECHO, example.LIQUID, ripples, example.LIQUID.spikes(X[cut : cut + 1]), weights)
        echo.append(one.accuracy["echo"])
        liquid.append(one.accuracy["liquid"])
    assert (np.mean(echo, axis=1) - np.mean(liquid, axis=1)).max() < 0.03
    assert np.mean(echo) - np.mean(liquid) < 0.02


def test_test_data_have_no_part_in_the_choice():
    data = bs.ann.datasets.vowel_words(train=60, test=30, seed=2)
    rng = np.random.default_rng(1)
    other = data._replace(X_test=rng.normal(size=data.X_test.shape), y_test=rng.permutation(data.y_test))
    first, second = (compare_reservoirs(one, size=40, seeds=(3,)) for one in (data, other))
    assert (first.echo, first.liquid) == (second.echo, second.liquid)
    assert first.accuracy["liquid"] != second.accuracy["liquid"]


def test_words_hold_the_same_vowels_in_all_orders():
    data = bs.ann.datasets.vowel_words(train=600, test=600, noise=0.0, seed=3)
    assert np.bincount(np.r_[data.y_train, data.y_test]).tolist() == [200] * 6
    X, y = np.concatenate([data.X_train, data.X_test]), np.r_[data.y_train, data.y_test]
    means = np.array([X[y == word].mean(axis=0) for word in range(6)])
    apart = np.linalg.norm(means[:, None] - means, axis=3)  # between two words, at each frame
    different = ~np.eye(6, dtype=bool)
    assert apart[different].max(axis=0)[-1] < 0.05 * apart[different].max()
    again = bs.ann.datasets.vowel_words(train=600, test=600, noise=0.0, seed=3)
    assert np.array_equal(data.X_test, again.X_test)
    with pytest.raises(ValueError, match=r"vowel_words.frames: must be >= 10 \(got 5\)"):
        bs.ann.datasets.vowel_words(frames=5)


def test_an_echo_state_network_forgets_how_it_began():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2, 400, 3))
    X[1, 20:] = X[0, 20:]
    states = EchoState(size=60, seed=4).states(X)
    distance = np.linalg.norm(states[0] - states[1], axis=1)
    assert distance[19] > 0.05
    assert distance[-1] < 1e-3 * distance[19]


def test_an_echo_state_network_without_leak_and_echo_is_a_tanh_layer():
    X = np.random.default_rng(1).normal(size=(4, 5, 3))
    states = EchoState(size=10, radius=1e-12, leak=1.0, scale=1.0, seed=2).states(X)
    inner = np.arctanh(states).reshape(20, 10)
    given = np.hstack([X.reshape(20, 3), np.ones((20, 1))])
    assert np.allclose(given @ np.linalg.lstsq(given, inner, rcond=None)[0], inner, atol=1e-9)


def test_the_state_of_a_liquid_is_its_fading_spikes():
    liquid = Liquid(size=20, frame=10.0, tau=70.0, seed=3)
    X = np.random.default_rng(2).normal(size=(3, 12, 4))
    spikes, states = liquid.spikes(X), liquid.states(X)
    assert len(spikes) > 100
    for frame in (0, 4, 11):
        end = 10.0 * (frame + 1)
        past = spikes.times <= end + 1e-9
        faded = np.bincount(spikes.ids[past], np.exp((spikes.times[past] - end) / 70.0), minlength=60)
        np.testing.assert_allclose(states[:, frame].ravel(), faded, atol=1e-9)


def test_liquids_side_by_side_do_not_meet(monkeypatch):
    X = np.random.default_rng(2).normal(size=(5, 10, 4))
    liquid = Liquid(size=30, seed=3)
    together = liquid.states(X)
    assert np.array_equal(liquid.states(X[3:4]), together[3:4])
    monkeypatch.setattr(models, "MAX_CELLS", 60)
    assert np.array_equal(liquid.states(X), together)


def test_the_readout_left_out_is_the_readout_trained_without():
    rng = np.random.default_rng(3)
    states, y = rng.normal(size=(40, 6)), np.arange(40) % 3
    states[:, :3] += 0.8 * np.eye(3)[y]
    ridge = Ridge(states, y)
    Z, wanted = (states - states.mean(axis=0)) / states.std(axis=0), np.eye(3)[y]
    right = []
    for alpha in models.ALPHAS:  # the plain way: train 40 times, with a constant that no penalty holds
        given = np.hstack([Z, np.ones((40, 1))])
        penalty = alpha * np.diag([1.0] * 6 + [0.0])
        kept = [np.delete(np.arange(40), one) for one in range(40)]
        said = [
            given[one] @ np.linalg.solve(given[k].T @ given[k] + penalty, given[k].T @ wanted[k])
            for one, k in enumerate(kept)
        ]
        right.append(np.mean(np.argmax(said, axis=1) == y))
    assert ridge.left_out == max(right)
    assert right[models.ALPHAS.index(ridge.alpha)] == max(right)
    assert np.array_equal(ridge.predict(states), ridge.evidence(states).argmax(axis=1))


def test_silence_at_the_end_moves_before_the_sequence():
    X = np.zeros((2, 4, 1))
    X[0, :2, 0] = 1.0, 2.0
    assert align_ends(X)[:, :, 0].tolist() == [[0.0, 0.0, 1.0, 2.0], [0.0] * 4]


def test_mistakes():
    with pytest.raises(ValueError, match=r"Liquid.X: must have the shape \(samples, frames, channels\) \(got \(3, 4\)\)"):
        Liquid().states(np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"reservoirs.data.X_train: must have the shape \(samples, frames, channels\)"):
        compare_reservoirs(bs.ann.datasets.yin_yang(20, 10))
    with pytest.raises(ValueError, match=r"compare_reservoirs.seeds: must be one seed or more \(got none\)"):
        compare_reservoirs(WORDS[0], seeds=())
    with pytest.raises(ValueError, match="reservoirs.data.X_train: must not be 0 everywhere"):
        compare_reservoirs(WORDS[0]._replace(X_train=np.zeros_like(WORDS[0].X_train)))
    with pytest.raises(ValueError, match=r"EchoState.leak: must be <= 1 \(got 2.0\)"):
        EchoState(leak=2.0)
    with pytest.raises(ValueError, match=r"Liquid.tau: must be > 0 \(got 0.0\)"):
        Liquid(tau=0.0)
