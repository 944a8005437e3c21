"""Structures of plain data: what fits is accepted, and what does not is named with its place."""

from typing import Any, NotRequired, TypedDict

import numpy as np
import pytest

from brainsim.core.structure import check_array, check_structure


class Record(TypedDict):
    a: int
    b: NotRequired[float | None]


GOOD = [
    (3, int),
    (3, float),
    ([1, "x"], tuple[int, str]),
    ({"a": 1}, Record),
    ({"a": 1, "b": None}, Record),
    ({"x": [1, 2]}, dict[str, list[int]]),
    ({1: object()}, Any),
    (None, int | str | None),
    ("x", int | str),
    ({"f": np.zeros(2)}, {"f": np.ndarray}),
]
BAD = [
    (True, int, r"it: must be a whole number \(got True\)"),
    (float("nan"), float, r"it: must be a finite number \(got nan\)"),
    (float("inf"), float, "finite"),
    (3, str, r"must be a text \(got 3\)"),
    (1, bool, "must be true or false"),
    ([1], tuple[int, str], r"it: must have 2 elements \(got 1\)"),
    ({"a": [1, "2"]}, dict[str, list[int]], r"it\['a'\]\[1\]: must be a whole number \(got '2'\)"),
    ({1: 2}, dict[str, int], "it: must be a dict with names as keys"),
    ({}, Record, "it: lacks 'a'"),
    ({"a": 1, "c": 2}, Record, "it: has an unknown entry 'c'"),
    ({"a": 1, "b": "x"}, Record, r"it.b: must be a finite number \(got 'x'\)"),
    ([1], Record, "it: must be a dict"),
    ({"a": 1}, list[int], "it: must be a list"),
    ([], np.ndarray, "it: must be an array"),
]


@pytest.mark.parametrize(("value", "kind"), GOOD)
def test_what_fits(value, kind):
    check_structure(value, kind, "it")


@pytest.mark.parametrize(("value", "kind", "message"), BAD)
def test_what_does_not_fit(value, kind, message):
    with pytest.raises(ValueError, match=message):
        check_structure(value, kind, "it")


def test_arrays():
    check_array(np.arange(3), None, (3,), "it")
    check_array(np.zeros((2, 3)), np.float64, (2, 3), "it", finite=True)
    for values, dtype, shape, message in (
        (np.zeros(3), None, (3,), r"it: must be an array of 3 whole numbers \(got float64, shape \(3,\)\)"),
        (np.zeros((3, 1)), np.float64, (3,), r"it: must be an array of 3 float64 \(got float64, shape \(3, 1\)\)"),
        (np.zeros(3), np.float64, (), r"it: must be an array of float64 of shape \(\)"),
        (np.array([1.0, np.nan]), np.float64, (2,), r"it: must be finite \(got nan\)"),
    ):
        with pytest.raises(ValueError, match=message):
            check_array(values, dtype, shape, "it", finite=True)
