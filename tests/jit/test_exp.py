"""The exponential function of kernels."""

import math

import numpy as np
import pytest

from brainsim.jit import vmath
from tests.helpers.equations.compiled_loops import looped, ulps

exp = looped(vmath.exp)
RANGES = {
    "all": np.linspace(-700.0, 700.0, 1_000_001),
    "kernels": -np.geomspace(1e-12, 50.0, 200_000),
    "near 0": np.concatenate([np.linspace(-1e-3, 1e-3, 100_001), np.geomspace(1e-300, 1e-3, 10_000)]),
    "between powers of two": (np.arange(-1000, 1001) + 0.5) * math.log(2.0),
    "powers of two": np.arange(-1000, 1001) * math.log(2.0),
    "random": np.random.default_rng(1).uniform(-20, 20, 500_000),
}


@pytest.mark.parametrize("name", RANGES)
def test_exp_is_that_of_numpy(name):
    """Within 1 ulp of the true value, of which NumPy's own is within 1."""
    x = RANGES[name]
    assert ulps(exp(x), np.exp(x)).max() <= 1.5
    assert np.mean(exp(x) == np.exp(x)) > 0.7


def test_exp_against_many_digits():
    """The true value by 40 digits of decimal arithmetic."""
    from decimal import Decimal, getcontext

    getcontext().prec = 40
    x = np.random.default_rng(2).uniform(-30, 30, 2000)
    for value, got in zip(x, exp(x), strict=True):
        true = Decimal(float(value)).exp()
        assert abs(Decimal(float(got)) - true) <= Decimal(float(np.spacing(got))), value


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (0.0, 1.0),
        (-0.0, 1.0),
        (1.0, math.e),
        (-1.0, 1 / math.e),
        (708.0, math.exp(708.0)),
        (-708.0, math.exp(-708.0)),
        (1e300, math.exp(708.0)),
        (-1e300, math.exp(-708.0)),
        (np.inf, math.exp(708.0)),
        (-np.inf, math.exp(-708.0)),
        (5e-324, 1.0),
        (-5e-324, 1.0),
        (1e-17, 1.0),
        (2.0**-53, 1.0),
        (709.7, math.exp(708.0)),
    ],
)
def test_special_points_of_exp(x, expected):
    assert exp(np.array([x]))[0] == pytest.approx(expected, rel=3e-16)


def test_exp_grows():
    x = np.linspace(-5, 5, 200_001)
    assert np.all(np.diff(exp(x)) > 0)
    wide = np.linspace(-800, 800, 100_001)
    assert np.all(np.diff(exp(wide)) >= 0)
    assert np.all(exp(wide) > 0)


def test_exp_does_not_depend_on_its_neighbours():
    """Full vectors and the rest of a loop give the same bits."""
    x = np.random.default_rng(3).uniform(-50, 50, 67)
    assert np.array_equal(exp(x), np.concatenate([exp(x[i : i + 1]) for i in range(x.size)]))
