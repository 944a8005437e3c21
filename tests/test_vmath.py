"""Functions for kernels: accuracy, ends and special points, and that they vectorise."""

import math

import numba
import numpy as np
import pytest

from brainsim.numbers import vmath


# helpers are inner functions of kernels and cannot be called from Python
@numba.njit(error_model="numpy")
def exp(x):
    out = np.empty_like(x)
    for i in range(x.size):
        out[i] = vmath.exp(x[i])
    return out


@numba.njit(error_model="numpy")
def relaxation(z):
    out = np.empty_like(z)
    for i in range(z.size):
        out[i] = vmath.relaxation(z[i])
    return out


@numba.njit(error_model="numpy")
def flushed(x):
    out = np.empty_like(x)
    for i in range(x.size):
        out[i] = vmath.flushed(x[i])
    return out


def ulps(got, expected):
    """Return the difference in units of the last place of what is expected."""
    return np.abs(got - expected) / np.spacing(np.abs(expected))


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
        (0.0, 1.0), (-0.0, 1.0), (1.0, math.e), (-1.0, 1 / math.e), (708.0, math.exp(708.0)), (-708.0, math.exp(-708.0)),
        (1e300, math.exp(708.0)), (-1e300, math.exp(-708.0)), (np.inf, math.exp(708.0)), (-np.inf, math.exp(-708.0)),
        (5e-324, 1.0), (-5e-324, 1.0), (1e-17, 1.0), (2.0**-53, 1.0), (709.7, math.exp(708.0)),
    ],
)  # fmt: skip
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


def test_relaxation():
    z = np.concatenate([np.geomspace(1e-12, 700, 20_000), -np.geomspace(1e-12, 20, 20_000)])
    expected = -np.expm1(-z) / z
    np.testing.assert_allclose(relaxation(z), expected, rtol=5e-11)
    np.testing.assert_allclose(relaxation(z[np.abs(z) > 1e-3]), expected[np.abs(z) > 1e-3], rtol=3e-13)


def test_relaxation_has_its_limit():
    z = np.array([0.0, -0.0, 5e-324, 1e-300, -1e-300, 1e-16])
    assert np.all(relaxation(z) == 1.0)
    edge = 1e-5 * np.array([0.999, 0.9999999, 1.0, 1.0000001, 1.001])
    np.testing.assert_allclose(relaxation(edge), -np.expm1(-edge) / edge, rtol=5e-11)


def test_flushed():
    x = np.array([0.0, 1.0, -1.0, 1e-249, -1e-249, 1e-251, -1e-251, 5e-324, 1e-308, np.inf, -np.inf])
    assert flushed(x).tolist() == [0.0, 1.0, -1.0, 1e-249, -1e-249, 0.0, 0.0, 0.0, 0.0, np.inf, -np.inf]
    assert np.isnan(flushed(np.array([np.nan]))[0])  # a NaN that was made 0 could not be found any more


@pytest.mark.parametrize("function", [exp, relaxation, flushed])
def test_they_vectorise(function):
    function(np.ones(3))
    text = next(iter(function.inspect_llvm().values()))
    assert any(f"<{width} x double>" in text for width in (2, 4, 8))
