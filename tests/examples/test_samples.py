"""What sequences become: arrays with ends, and the states of a liquid from its spikes."""

import numpy as np
import pytest

import brainsim as bs
from brainsim.examples._recurrent.sequences import pad, pad_labels
from brainsim.examples._reservoirs.networks import Liquid

LENGTHS = np.array([3, 1, 2])


def test_labels_after_the_end_of_a_sample_say_nothing():
    """An array has a label for each step of the longest sample."""
    given = np.array([[0, 1, 1], [1, 0, 5], [-1, 0, -7]])
    before, expected = given.copy(), [[0, 1, 1], [1, -1, -1], [-1, 0, -1]]
    assert pad_labels(given, LENGTHS, 3, None, "y").tolist() == expected
    assert pad_labels(given, LENGTHS, 3, 2, "y").tolist() == expected
    assert np.array_equal(given, before)
    rows = [row[:n] for row, n in zip(given, LENGTHS, strict=True)]
    assert pad_labels(rows, LENGTHS, 3, 2, "y").tolist() == expected
    given[0, 2] = 5
    with pytest.raises(ValueError, match="y: must be labels below 2, as in training .got 5"):
        pad_labels(given, LENGTHS, 3, 2, "y")
    with pytest.raises(ValueError, match="y: labels of steps must be whole numbers from 0, and -1 for none .got -7 of"):
        pad_labels(np.array([[-7, 0]]), np.array([1]), 2, None, "y")
    with pytest.raises(ValueError, match="y: labels of steps must be whole numbers"):
        pad_labels(np.array([["a", "b"]]), np.array([1]), 2, None, "y")


def test_sequences_end_with_zeros():
    values, lengths = pad([np.ones((n, 2)) for n in LENGTHS], None, "X")
    assert lengths.tolist() == LENGTHS.tolist()
    assert values[:, :, 0].tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]


@pytest.mark.parametrize("start", [0.0, 250.0, 7.3])
def test_states_of_a_liquid_by_hand(start):
    """A spike decays until the end of each frame; one at the end of a frame belongs to it, and later ones are not read."""
    liquid = Liquid(size=2, frame=10.0, tau=20.0)
    times, ids = np.array([3.0, 10.0, 10.5, 3 * 0.1 + 19.7, 31.0]), np.array([0, 1, 2, 0, 3])
    found = liquid.read(bs.Spikes(start + times, ids, 4, 35.0, start), 3)
    assert found.shape == (2, 3, 2)
    expected = [
        [np.exp(-7 / 20), 1.0, 0.0, 0.0],
        [np.exp(-17 / 20) + 1.0, np.exp(-0.5), np.exp(-9.5 / 20), 0.0],
        [np.exp(-27 / 20) + np.exp(-0.5), np.exp(-1.0), np.exp(-19.5 / 20), 0.0],
    ]
    np.testing.assert_allclose(found.swapaxes(0, 1).reshape(3, 4), expected, atol=1e-9)
