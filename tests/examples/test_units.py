"""Oja and BCM: where the rules end, and mistakes."""

import numpy as np
import pytest

import brainsim as bs


def correlated(samples, seed=1):
    """Return samples of five variables that a rotation of independent ones has mixed."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    return rng.normal(size=(samples, 5)) * [2.0, 1.0, 0.8, 0.5, 0.3] @ axes


def patterns_in_turn(samples, seed=1):
    """Return two patterns that do not overlap, each with chance 1/2."""
    patterns = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]) / np.sqrt(2.0)
    return patterns, patterns[np.random.default_rng(seed).integers(0, 2, samples)]


@pytest.mark.parametrize("seed", range(3))
def test_oja_finds_the_first_eigenvector(seed):
    X = correlated(20_000)
    first = np.linalg.eigh(X.T @ X)[1][:, -1]
    w = bs.learn.OjaUnit(5, learning_rate=1e-4, seed=seed).fit(X, epochs=3).weights
    length = np.linalg.norm(w)
    assert length == pytest.approx(1.0, abs=2e-3)
    assert np.degrees(np.arccos(min(1.0, abs(w @ first) / length))) < 1.0


@pytest.mark.parametrize("seed", range(4))
def test_bcm_responds_to_one_of_two_patterns_with_exactly_2(seed):
    patterns, _ = patterns_in_turn(1)
    unit = bs.learn.BCMUnit(4, learning_rate=0.1, seed=seed).fit(patterns, epochs=3000)
    np.testing.assert_allclose(np.sort(unit.response(patterns)), [0.0, 2.0], atol=1e-12)
    assert unit.threshold == pytest.approx(2.0, abs=1e-12)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(4))
def test_bcm_does_so_online(seed):
    patterns, X = patterns_in_turn(200_000, seed)
    unit = bs.learn.BCMUnit(4, learning_rate=1e-3, tau=100.0, seed=seed).fit(X)
    np.testing.assert_allclose(np.sort(unit.response(patterns)), [0.0, 2.0], atol=0.2)
    fitted = [bs.learn.BCMUnit(4, learning_rate=1e-4, tau=1000.0, seed=seed).fit(X, epochs=3)]
    np.testing.assert_allclose(np.sort(fitted[0].response(patterns)), [0.0, 2.0], atol=0.1)


def test_a_call_continues_where_the_last_one_ended():
    X = correlated(100)
    for make in (lambda: bs.learn.OjaUnit(5), lambda: bs.learn.BCMUnit(5, tau=10.0)):
        once, twice = make().fit(X), make().fit(X[:40]).fit(X[40:])
        assert np.array_equal(once.weights, twice.weights)


@pytest.mark.parametrize("kind", [bs.learn.OjaUnit, bs.learn.BCMUnit])
def test_mistakes(kind):
    name = kind.__name__
    with pytest.raises(ValueError, match=f"{name}.learning_rate: must be > 0"):
        kind(2, learning_rate=0.0)
    with pytest.raises(ValueError, match=f"{name}.fit.X: must have the shape .samples, 3. .got .3,..; a single sample is X"):
        kind(3).fit(np.zeros(3))
    unit = kind(5, learning_rate=100.0)
    start = unit.weights.copy()
    with pytest.raises(ValueError, match=f"{name}.fit: the weights became infinite; lower learning_rate .100."):
        unit.fit(correlated(500), epochs=50)
    assert np.array_equal(unit.weights, start)
    with pytest.raises(ValueError, match="BCMUnit.tau: must be >= 1"):
        bs.learn.BCMUnit(2, tau=0.5)


def test_texts():
    assert repr(bs.learn.OjaUnit(5)) == "OjaUnit(5, learning_rate=0.001)"
    assert repr(bs.learn.BCMUnit(5, tau=10.0)) == "BCMUnit(5, learning_rate=0.001, tau=10.0)"
