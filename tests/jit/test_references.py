"""A compiled function hands on a tuple of arrays as one address."""

from typing import NamedTuple

import numpy as np
import pytest
from numba.core.errors import TypingError

from brainsim.jit.arguments import Held
from brainsim.jit.decorators import helper, kernel
from brainsim.jit.references import refer


class Mixed(NamedTuple):
    rows: np.ndarray
    factor: float
    table: np.ndarray


class Alike(NamedTuple):
    first: np.ndarray
    second: np.ndarray


@helper
def scaled_sum(mixed):
    mixed = refer(mixed)  # a copy of the tuple, not of its arrays
    mixed.rows[0] += 1.0
    return mixed.factor * mixed.table[1, 2] + mixed.rows.sum()


@kernel
def through_a_reference(mixed):
    mixed = refer(mixed)
    return scaled_sum(mixed) + mixed.rows[0]


@kernel
def through_two(alike):
    alike = refer(alike)
    for k in range(alike.first.size):
        alike.second[k] = 2.0 * alike.first[k]
    return alike.second.shape[0]


@kernel
def unknown_field(alike):
    return refer(alike).third


def test_fields_are_those_of_the_tuple():
    table = np.arange(12.0).reshape(3, 4)
    mixed = Mixed(np.array([1.0, 2.0]), 10.0, table.T.copy().T)
    assert through_a_reference(mixed) == 10.0 * table[1, 2] + 4.0 + 2.0
    assert mixed.rows.tolist() == [2.0, 2.0]


def test_a_tuple_of_fields_of_one_type():
    alike = Alike(np.arange(3.0), np.zeros(3))
    assert through_two(alike) == 3
    assert alike.second.tolist() == [0.0, 2.0, 4.0]


def test_a_field_that_the_tuple_does_not_have():
    with pytest.raises(TypingError, match="third"):
        unknown_field(Alike(np.zeros(1), np.zeros(1)))


def test_a_tuple_may_be_prepared_for_many_calls():
    """Its arrays are the same ones, and the machine code is that for the tuple."""
    alike = Alike(np.arange(3.0), np.zeros(3))
    assert through_two(alike) == 3
    codes, held = len(through_two._codes), Held(alike)
    for value in (1.0, 5.0):
        alike.first[:] = value
        assert through_two(held) == 3
        assert alike.second.tolist() == [2.0 * value] * 3
    assert len(through_two._codes) == codes
