"""Texts of equations while a model is translated."""

import pytest

from brainsim.nestml.texts import tidy


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2*3 + x", "6 + x"),
        ("1/0", "1 / 0"),
        ("x*1 + 0", "x"),
        ("0 + 1*x", "x"),
        ("x - 0", "x"),
        ("0 - x", "0 - x"),
        ("x/1", "x"),
        ("1/x", "1 / x"),
        ("x**1", "x"),
        ("x*0", "0"),
        ("0*x", "0"),
        ("0/x", "0"),
        ("t - (t - t_last)", "t_last"),
        ("t + (t - t_last)", "t + (t - t_last)"),
        ("not a < b", "a >= b"),
        ("not a == b", "a != b"),
        ("not (a and b)", "not (a and b)"),
        ("not paired", "not paired"),
        ("-(a < b)", "-(a < b)"),
        ("-x", "-x"),
    ],
)
def test_texts_are_tidied_and_stay_what_they_are(text, found):
    assert tidy(text) == found
