"""Connection rules: counts, shapes and texts."""

import numpy as np
import pytest
from scipy import sparse

import brainsim as bs
from brainsim.models.rules import Rule

A = bs.Population(200, bs.LIF(), name="a")
B = bs.Population(50, bs.LIF(), name="b")
MATRIX = sparse.coo_array((np.array([1.0, 0.0, 2.0]), ([0, 1, 2], [3, 3, 0])), shape=(3, 4))


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (bs.AllToAll(), "AllToAll()", 10_000),
        (bs.AllToAll(autapses=False), "AllToAll(autapses=False)", 9_990),
        (bs.FixedProbability(0.1), "FixedProbability(0.1)", 1_000),
        (bs.FixedProbability(0.1, autapses=False), "FixedProbability(0.1, autapses=False)", 999),
        (bs.FixedIndegree(7), "FixedIndegree(7)", 350),
        (bs.FixedIndegree(7.0, multapses=False), "FixedIndegree(7, multapses=False)", 350),
        (bs.FixedOutdegree(k=3), "FixedOutdegree(3)", 600),
        (bs.FixedTotal(12, autapses=False), "FixedTotal(12, autapses=False)", 12),
        (bs.FromArrays([0, 0], [1, 1]), "FromArrays(2 pairs)", 2),
        (bs.FromSparse(MATRIX), "FromSparse(3x4 matrix, 3 stored)", 3),
    ],
)
def test_texts_and_expected_numbers(rule, text, expected):
    assert isinstance(rule, Rule)
    assert repr(rule) == text
    assert rule.expected(200, 50, shared=10) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (bs.AllToAll(autapses=False), 30 * 40 - 10),
        (bs.AllToAll(), 30 * 40),
        (bs.FixedProbability(0.5, autapses=False), 0.5 * (30 * 40 - 10)),
        (bs.FixedTotal(12, autapses=False), 12),
        (bs.DistanceRule("0.5 + 0*d", autapses=False), 0.5 * (30 * 40 - 10)),
        (bs.DistanceRule("0.5 + 0*d", autapses=True), 0.5 * 30 * 40),
    ],
    ids=repr,
)
def test_the_number_expected_between_views_that_overlap(rule, expected):
    cells = bs.Population(200, bs.LIF(), name="cells", positions=np.arange(200.0))
    assert rule.expected_between(cells[:30], cells[20:60]) == pytest.approx(expected)


def test_one_to_one():
    assert bs.OneToOne().expected(5, 5) == 5
    bs.OneToOne().check(A[:50], B)


@pytest.mark.parametrize(
    ("rule", "shape", "pairs"),
    [
        (bs.AllToAll(), (3, 4), None),
        (bs.FixedTotal(4), None, None),
        (bs.FixedProbability(0.5), None, None),
        (bs.FromArrays([0], [0]), (1,), 1),
        (bs.FromSparse(MATRIX), (3,), 3),
    ],
)
def test_shapes_of_weights(rule, shape, pairs):
    assert rule.value_shape(3, 4) == shape
    assert rule.pairs == pairs


def test_compare_by_value_and_frozen():
    assert bs.FixedIndegree(3) == bs.FixedIndegree(3.0) != bs.FixedIndegree(3, multapses=False)
    assert bs.FixedIndegree(3) != bs.FixedOutdegree(3)
    assert len({bs.AllToAll(), bs.AllToAll(), bs.OneToOne()}) == 2
    with pytest.raises(AttributeError):
        bs.FixedIndegree(3).k = 4
    with pytest.raises(TypeError):
        bs.FixedIndegree(3, False)  # flags are keyword-only


def test_lists_are_copied_and_read_only():
    pre = np.array([0, 1])
    rule = bs.FromArrays(pre, [1, 0])
    pre[0] = 5
    assert rule.pre.tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        rule.post[0] = 1
    assert bs.FromArrays([], []).pairs == 0


@pytest.mark.parametrize("form", ["coo", "csr", "csc", "lil"])
def test_sparse_keeps_orientation(form):
    rule = bs.FromSparse(MATRIX.asformat(form))
    found = {(i, j): w for i, j, w in zip(rule.pre.tolist(), rule.post.tolist(), rule.weight.tolist(), strict=True) if w}
    assert found == {(0, 3): 1.0, (2, 0): 2.0}
    rule.check(A[:3], B[:4])


def test_stored_zeros_are_synapses():
    rule = bs.FromSparse(MATRIX.tocsr())
    assert rule.weight.tolist() == [1.0, 0.0, 2.0]


FITS = [
    (bs.FixedIndegree(300), A, B),
    (bs.FixedIndegree(200, multapses=False), A, B),
    (bs.FixedIndegree(200, multapses=False, autapses=False), A, B),  # nothing in common, so no autapse to avoid
    (bs.FixedTotal(2450, multapses=False, autapses=False), B, B),
    (bs.FixedIndegree(0, autapses=False), A[3], A[3]),
    (bs.FromArrays([199], [49]), A, B),
    (bs.AllToAll(), A, B),
    (bs.FixedProbability(1.0), A, B),
]


@pytest.mark.parametrize(("rule", "pre", "post"), FITS)
def test_rules_that_just_fit(rule, pre, post):
    rule.check(pre, post)
