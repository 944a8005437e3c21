"""Distributions: their laws against scipy.stats, and their codes."""

import math
import pickle

import numpy as np
import pytest
from scipy import stats

from brainsim.models import values
from brainsim.models.values import Clipped, Distribution, Gamma, LogNormal, Normal, Uniform, checked_value, value_code
from brainsim.rng.streams import stream_key
from brainsim.rng.variates import fill

INF = math.inf
LAWS = [
    (Uniform(-2.0, 6.0), stats.uniform(-2.0, 8.0)),
    (Normal(1.5, 0.75), stats.norm(1.5, 0.75)),
    (LogNormal(-0.7, 0.9), stats.lognorm(0.9, scale=math.exp(-0.7))),
    (values.ExponentialDistribution(3.0), stats.expon(scale=3.0)),
    (Gamma(2.5, 0.4), stats.gamma(2.5, scale=0.4)),
    (Gamma(1.0, 2.0), stats.gamma(1.0, scale=2.0)),
    (Gamma(0.3, 2.0), stats.gamma(0.3, scale=2.0)),
]
CLIPS = [(0.5, 2.0), (-INF, 1.0), (1.2, INF)]
KNOWN = [0.2721544199693774, 1.6026386641284707, 0.004438372527273916]
NAMES = [repr(value) for value, _ in LAWS]


def drawn(distribution, n=40_000, seed=1):
    out = np.empty(n)
    fill(out, distribution.code, stream_key(seed, "test"))
    return out


@pytest.mark.parametrize(("value", "law"), LAWS, ids=NAMES)
def test_samples_follow_the_law(value, law):
    assert stats.kstest(drawn(value), law.cdf).pvalue > 1e-3


@pytest.mark.parametrize(("value", "law"), LAWS, ids=NAMES)
def test_moments(value, law):
    x = drawn(value, 200_000)
    assert value.mean == pytest.approx(law.mean(), rel=1e-12)
    assert x.mean() == pytest.approx(law.mean(), abs=5 * law.std() / math.sqrt(x.size))
    assert x.var() == pytest.approx(law.var(), rel=0.06)


@pytest.mark.parametrize(("value", "law"), LAWS, ids=NAMES)
def test_support_and_mass(value, law):
    assert value.support == pytest.approx(law.support())
    for low, high in [(-INF, INF), (0.5, 2.0), (-1.0, 1.0), (2.0, 1.0), (50.0, 60.0)]:
        assert value.mass(low, high) == pytest.approx(max(0.0, law.cdf(high) - law.cdf(low)), abs=1e-12)


@pytest.mark.parametrize(("low", "high"), CLIPS)
@pytest.mark.parametrize(("value", "law"), LAWS, ids=NAMES)
def test_clipped_values_are_resampled(value, law, low, high):
    clipped = Clipped(value, low, high)
    x = drawn(clipped, 20_000)
    assert x.min() >= low
    assert x.max() <= high
    mass = law.cdf(high) - law.cdf(low)
    assert stats.kstest(x, lambda q: (law.cdf(q) - law.cdf(low)) / mass).pvalue > 1e-3
    assert clipped.mean == pytest.approx(law.expect(lb=max(low, law.support()[0]), ub=min(high, law.support()[1])) / mass)
    assert clipped.mass(low, high) == pytest.approx(1.0)
    assert clipped.support == (max(low, value.support[0]), min(high, value.support[1]))


def test_a_clip_of_small_mass_still_ends():
    x = drawn(Clipped(Normal(0.0, 1.0), low=3.5), 200)
    assert np.all(x >= 3.5)


def test_samples_are_functions_of_key_and_index():
    long, short = drawn(Normal(0.0, 1.0), 1000), drawn(Normal(0.0, 1.0), 10)
    assert np.array_equal(long[:10], short)
    assert not np.any(drawn(Normal(0.0, 1.0), 1000, seed=2) == long)
    # a clip changes only the values that lay outside
    kept = drawn(Clipped(Normal(0.0, 1.0), low=-1.0), 1000)
    assert np.array_equal(kept[long >= -1.0], long[long >= -1.0])


def test_known_samples_do_not_change():
    """Guards the bits of saved seeds: a change here changes every user's results."""
    x = np.array([drawn(d, 3)[2] for d in (Uniform(0.0, 1.0), Normal(0.0, 1.0), Gamma(0.5, 1.0))])
    assert x == pytest.approx(KNOWN, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (Uniform(0, 20), [1, 0, 20, -INF, INF]),
        (Normal(1, 2), [2, 1, 2, -INF, INF]),
        (LogNormal(1, 2), [3, 1, 2, -INF, INF]),
        (values.ExponentialDistribution(4), [4, 4, 0, -INF, INF]),
        (Gamma(1, 2), [5, 1, 2, -INF, INF]),
        (Clipped(Normal(1, 2), low=0), [2, 1, 2, 0, INF]),
        (Clipped(Clipped(Normal(1, 2), 0, 4), -1, 3), [2, 1, 2, 0, 3]),
        (Clipped(Normal(1, 2), low=0, high=None), [2, 1, 2, 0, INF]),
        (Clipped(Normal(1, 2), low=None, high=3), [2, 1, 2, -INF, 3]),
    ],
    ids=repr,
)
def test_codes(value, code):
    assert value.code.dtype == np.float64
    assert value.code.tolist() == code


def test_a_constant_is_sampled_as_itself():
    out = np.empty(3)
    fill(out, value_code(2.5), np.uint64(0))
    assert out.tolist() == [2.5, 2.5, 2.5]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Uniform(0, 20), "Uniform(0.0, 20.0)"),
        (values.ExponentialDistribution(mean=2), "ExponentialDistribution(2.0)"),
        (Clipped(Gamma(2, 1), high=3), "Clipped(Gamma(2.0, 1.0), high=3.0)"),
        (Clipped(Normal(2, 1), 0.5, 3), "Clipped(Normal(2.0, 1.0), low=0.5, high=3.0)"),
    ],
)
def test_repr_is_as_typed(value, text):
    assert repr(value) == text


def test_compare_by_value_frozen_and_pickled():
    assert Normal(1, 2) == Normal(1.0, 2.0) != Normal(1.0, 3.0)
    assert len({Normal(1, 2), Normal(1, 2), Uniform(1, 2), LogNormal(1, 2)}) == 3
    assert pickle.loads(pickle.dumps(Clipped(Normal(1, 2), low=0))) == Clipped(Normal(1, 2), low=0)
    with pytest.raises(AttributeError):
        Normal(1, 2).sd = 3.0


def test_checked_value_copies_arrays():
    given = np.array([1.0, 2.0])
    kept = checked_value(given, "mV", "x")
    given[0] = 9.0
    assert kept.tolist() == [1.0, 2.0]
    assert not kept.flags.writeable
    assert checked_value(3, "mV", "x") == 3.0
    assert isinstance(checked_value(Normal(0, 1), "mV", "x"), Distribution)
