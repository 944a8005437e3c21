"""Connections by the indices of the cells: the pairs of a condition, the numbers of a probability, and mistakes."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.models import index_rule
from brainsim.testing import check_rule


def pairs(rule, n_pre, n_post, seed=1):
    pre, post = rule.draw(n_pre, n_post, seed)
    return np.stack([pre, post], 1)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("abs(i - j) <= 2 and i != j", lambda i, j: (abs(i - j) <= 2) & (i != j)),
        ("j == i + 1", lambda i, j: j == i + 1),
        ("not (i < n_pre/2) or j >= n_post - 1", lambda i, j: (i >= 3.5) | (j >= 10)),
        ("where(i > j, 1, 0)", lambda i, j: i > j),
        ("1", lambda i, j: i >= 0),
        ("0*i", lambda i, j: i < 0),
    ],
)
@pytest.mark.parametrize("block", [1, 25, 1 << 20])
def test_a_condition_connects_exactly_its_pairs(monkeypatch, text, condition, block):
    monkeypatch.setattr(index_rule, "BLOCK", block)
    i, j = np.meshgrid(np.arange(7), np.arange(11), indexing="ij")
    expected = np.argwhere(condition(i, j))
    rule = bs.IndexRule(text)
    assert np.array_equal(pairs(rule, 7, 11), expected)
    assert rule.expected(7, 11) == len(expected)


def test_a_probability_is_that_of_each_pair_and_blocks_do_not_matter(monkeypatch):
    rule, counts = bs.IndexRule("0.8*exp(-abs(i - j)/5)"), np.zeros((20, 30))
    for seed in range(2000):
        pre, post = rule.draw(20, 30, seed)
        counts[pre, post] += 1
    p = 0.8 * np.exp(-np.abs(np.arange(20)[:, None] - np.arange(30)) / 5)
    z = (counts - 2000 * p) / np.sqrt(2000 * p * (1 - p))
    assert np.abs(z).max() < 5.0  # of 600 pairs; the largest is about 3.2
    assert abs((z**2).mean() - 1.0) < 0.2
    assert rule.expected(20, 30) == pytest.approx(p.sum())
    whole = pairs(rule, 20, 30)
    monkeypatch.setattr(index_rule, "BLOCK", 64)
    assert np.array_equal(pairs(rule, 20, 30), whole)


def test_a_large_number_is_estimated_from_some_pairs():
    rule = bs.IndexRule("where(i < n_pre/2, 0.2, 0.1)")
    assert rule.expected(10_000, 20_000) == pytest.approx(0.15 * 2e8, rel=0.02)
    assert bs.IndexRule("j == i + 1").expected(10_000, 10_000) == pytest.approx(10_000, rel=0.02)


def test_a_network_counts_within_the_views():
    cells, net = bs.Population(20, bs.LIF(), name="cells"), bs.Network(seed=1)
    wires = net.connect(
        cells[10:], cells[:5], bs.IndexRule("j == i"), weight="1 + i", delay=1.0, synapse=bs.Delta(), name="wires"
    )
    table = net.synapses(wires)
    assert table.pre_cells.tolist() == [10, 11, 12, 13, 14]
    assert table.post_cells.tolist() == [0, 1, 2, 3, 4]
    assert table.weight.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    check_rule(bs.IndexRule("0.3*(1 - i/n_pre)"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (0.1, r"must be an expression of i and j .* write bs.FixedProbability\(p\)"),
        ("d < 3", "'d' is a distance; write bs.DistanceRule"),
        ("rand() < 0.1", r"cannot use rand\(\): it is a function of the two cells"),
        ("k == 3", "unknown name 'k'"),
        ("i +", "this is not an expression"),
    ],
)
def test_mistakes(text, message):
    with pytest.raises((TypeError, ValueError), match=message):
        bs.IndexRule(text)


def test_a_probability_is_between_0_and_1():
    cells, net = bs.Population(20, bs.LIF(), name="cells"), bs.Network(seed=1)
    with pytest.raises(ValueError, match=r"IndexRule.p: must be between 0 and 1, but 'i/10' is 1.1 for i = 11, j = 0"):
        net.connect(cells, cells, bs.IndexRule("i/10"), weight=1.0, delay=1.0, synapse=bs.Delta())
    with pytest.raises(ValueError, match="is nan for i = 0"):
        bs.IndexRule("(i - j)/(i - j)").draw(3, 3, 1)
