"""Tests of equivalence: intervals against SciPy and a table, the rate of errors, verdicts, mistakes."""

import numpy as np
import pytest
from scipy import stats

import brainsim as bs

TRIALS, N = 2_000, 12


def test_the_interval_is_that_of_scipy():
    rng = np.random.default_rng(1)
    one, other = rng.normal(5.0, 1.0, 9), rng.normal(4.8, 3.0, 14)
    found = bs.testing.compare_means(one, other, margin=1.0)
    expected = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.9)
    assert [found.low, found.high] == pytest.approx(expected)
    found = bs.testing.compare_means(one, other[:9], margin=1.0, paired=True, confidence=0.975)
    assert [found.low, found.high] == pytest.approx(stats.ttest_rel(one, other[:9]).confidence_interval(0.95))
    found = bs.testing.compare_means(one, 4.8, margin=1.0)
    expected = stats.ttest_1samp(one, 4.8).confidence_interval(0.9)
    assert [found.low, found.high] == pytest.approx(np.array(expected) - 4.8)
    assert found.counts == (9, 0)


def test_shares_as_in_the_table_of_newcombe():
    shares = [np.arange(70) < 56, np.arange(80) < 48]
    found = bs.testing.compare_means(*shares, margin=0.4, confidence=0.975)
    assert [found.difference, found.low, found.high] == pytest.approx([0.2, 0.0524, 0.3339], abs=5e-5)
    always = bs.testing.compare_means(np.ones(30, bool), 1.0, margin=0.05)  # 30 of 30 do not show that it is above 95 %
    assert always.verdict == "undecided"
    assert bs.testing.compare_means(np.ones(60, bool), 1.0, margin=0.05).verdict == "equivalent"


@pytest.mark.parametrize("far", [1.0, -1.0])
def test_means_a_margin_apart_are_called_equivalent_as_often_as_the_confidence_says(far):
    """At the margin itself a share of 1 - confidence of the trials is called equivalent, and as many different."""
    rng = np.random.default_rng(2)
    trials = [
        bs.testing.compare_means(rng.normal(far, 0.3, N), rng.normal(0.0, 0.3, N), margin=1.0, confidence=0.9).verdict
        for _ in range(TRIALS)
    ]
    for verdict in ("equivalent", "different"):
        count = trials.count(verdict)
        assert abs(count - 0.1 * TRIALS) < 4.0 * np.sqrt(0.09 * TRIALS), verdict


def test_few_values_decide_nothing():
    few = bs.testing.compare_means([1.0, 2.0, 3.0], [1.2, 2.1, 2.9], margin=0.5)
    assert few.verdict == "undecided"
    assert bs.testing.compare_means([1.0, 1.1, 0.9], 3.0, margin=0.5).verdict == "different"
    assert bs.testing.compare_means([1.0, 1.1, 0.9], -3.0, margin=0.5).verdict == "different"


def test_a_relative_margin_is_of_the_ratio():
    rng = np.random.default_rng(3)
    one, other = np.exp(rng.normal(0.04, 0.02, 20)), np.exp(rng.normal(0.0, 0.02, 20))
    found = bs.testing.compare_means(one, other, margin=0.1, relative=True, name="rate")
    assert 1.0 + found.difference == pytest.approx(stats.gmean(one) / stats.gmean(other))
    back = bs.testing.compare_means(other, one, margin=0.1, relative=True)
    assert (1.0 + back.low) * (1.0 + found.high) == pytest.approx(1.0)
    assert found.bounds == pytest.approx((1.0 / 1.1 - 1.0, 0.1))
    assert found.equivalent
    assert back.equivalent
    assert str(found).startswith("rate: equivalent (margin 10 %, confidence 95 %; difference +3.7 %")
    narrow = bs.testing.compare_means(one, other, margin=0.01, relative=True)
    assert narrow.different


FEW = [1.0, 2.0]
MISTAKES = [
    ({"margin": 0.0}, "compare_means.margin: must be > 0"),
    ({"margin": -1.0}, "compare_means.margin: must be > 0"),
    ({"confidence": 95}, "compare_means.confidence: must be above 0.5"),
    ({"first": 1.0}, "compare_means.first: must be a sequence of numbers"),
    ({"first": [1.0]}, "compare_means.first: must have at least 2 values"),
    ({"second": [1.0]}, "compare_means.second: must have at least 2 values"),
    ({"first": [1.0, np.nan]}, "compare_means.first: all values must be finite"),
    ({"first": [1.0, 1.0], "second": 1.0}, "no value differs from the others"),
    ({"first": [0.0, 1.0], "relative": True}, "compare_means.relative: all values must be > 0"),
    ({"second": [1.0, 2.0, 3.0], "paired": True}, "compare_means.paired: both must have as many values (got 2 and 3)"),
    ({"second": 1.0, "paired": True}, "compare_means.paired: both must have as many values (got 2 and 1)"),
    ({"first": [True, False]}, "booleans are compared with booleans"),
    ({"second": [True, False]}, "booleans are compared with booleans"),
    ({"first": [True, False], "second": [True, True], "paired": True}, "shares (booleans) are neither paired nor relative"),
    ({"first": [True, False], "second": 0.5, "relative": True}, "shares (booleans) are neither paired nor relative"),
]


@pytest.mark.parametrize(("given", "message"), MISTAKES)
def test_mistakes_are_named(given, message):
    given = {"first": FEW, "second": FEW, "margin": 1.0} | given
    with pytest.raises(ValueError) as error:
        bs.testing.compare_means(given.pop("first"), given.pop("second"), **given)
    assert message in str(error.value)
