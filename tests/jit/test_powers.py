"""Powers, limits and normal random numbers in kernels."""

import math
import re

import numba
import numpy as np
import pytest
from scipy import special

from brainsim.jit import elementary, vmath
from brainsim.rng import hashing
from tests.helpers.equations.compiled_loops import LONG, SLACK, N, looped, signed, ulps, vectors

RANDOM = np.random.default_rng(4)


@numba.njit(error_model="numpy")
def power_loop(x, y, out):
    for i in range(x.size):
        out[i] = vmath.power(x[i], y[i])


def power(x, y):
    """Return x**y of two arrays, or of an array and a number."""
    out = np.empty_like(x)
    power_loop(x, np.full_like(x, y), out)
    return out


@numba.njit(error_model="numpy")
def clip_loop(x, low, high, out):
    for i in range(x.size):
        out[i] = vmath.clip(x[i], low, high)


@numba.njit(error_model="numpy")
def lesser_loop(a, b, out):
    for i in range(a.size):
        out[i] = vmath.lesser(a[i], b[i])


@numba.njit(error_model="numpy")
def greater_loop(a, b, out):
    for i in range(a.size):
        out[i] = vmath.greater(a[i], b[i])


gaussian = looped(vmath.gaussian)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (10.0 ** RANDOM.uniform(-300, 300, N), RANDOM.uniform(-3, 3, N)),
        (RANDOM.uniform(0.5, 2, N), RANDOM.uniform(-700, 700, N)),
        (1.0 + signed(RANDOM, -12, -1), signed(RANDOM, 0, 4)),
        (RANDOM.uniform(0, 10, N), RANDOM.uniform(-5, 5, N)),
        (RANDOM.integers(1, 2**52, N).view(np.float64), RANDOM.uniform(-1, 1, N)),
    ],
)
def test_power(x, y):
    with np.errstate(all="ignore"):
        true = x.astype(LONG) ** y.astype(LONG)
    inside = (true > 1e-307) & (true < 1.79e308)
    assert inside.mean() > 0.5
    assert ulps(power(x, y)[inside].astype(LONG), true[inside]).max() <= 1.5 + SLACK


def test_power_of_whole_numbers_is_exact():
    whole = np.arange(0.0, 1000.0)
    for n in (1, 2, 3, 4, 5):
        assert np.array_equal(power(whole, n), whole**n)
        assert np.array_equal(power(whole**n, 1 / n), whole) or n in (3, 5)  # 1/3 and 1/5 are not exact
    single = np.arange(0.0, 200.0, dtype=np.float32)
    assert np.array_equal(power(single, 3.0), single**3)


@numba.njit(error_model="numpy")
def whole_power(x, n):
    return elementary.whole_power(x, n)


@pytest.mark.parametrize("n", [-7, -1, 0, 1, 5, 6, 11])
def test_powers_by_multiplication(n):
    assert whole_power(2.0, n) == 2.0**n
    assert whole_power(-3.0, n) == pytest.approx((-3.0) ** n, rel=1e-15)


def test_special_points_of_power():
    """As those of the C library, but that below e**-708 it is 0 and that nothing negative has a power other than 0."""
    points = [0.0, 5e-324, 1e-300, 0.5, 1.0, 2.0, 1e300, np.inf]
    x, y = (grid.ravel() for grid in np.meshgrid(points, sorted({*points, *(-p for p in points)})))
    with np.errstate(all="ignore"):
        true = x**y
    np.testing.assert_allclose(power(x, y), np.where(true < 3.4e-308, 0.0, true), rtol=3e-16, atol=0)
    assert np.isnan(power(np.array([-1.0, -np.inf, np.nan, 2.0, 0.0, np.inf]), 2.0)).tolist() == [True] * 3 + [False] * 3
    assert np.isnan(power(np.array([0.0, 0.5, 1.5, np.inf]), np.nan)).all()
    assert power(np.array([-1.0, np.nan]), 0.0).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("limits", [(-1.0, 2.0), (2.0, -1.0), (0.0, np.inf)])
def test_clip(limits):
    for dtype in (np.float64, np.float32):
        x = np.array([-np.inf, -5.0, -1.0, 0.3, 2.0, 7.0, np.inf, np.nan], dtype=dtype)
        out = np.empty_like(x)
        clip_loop(x, *limits, out)
        assert np.array_equal(out, np.clip(x, *limits), equal_nan=True)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lesser_and_greater(dtype):
    """Those of NumPy, NaN included; of 0 and -0 either."""
    points = np.array([-np.inf, -2.0, -0.5, 0.0, 1e-300, 1.0, 3.0, np.inf, np.nan], dtype=dtype)
    a, b = (np.ravel(grid) for grid in np.meshgrid(points, points))
    for loop, true in ((lesser_loop, np.minimum), (greater_loop, np.maximum)):
        out = np.empty_like(a)
        loop(a, b, out)
        np.testing.assert_array_equal(out, true(a, b))
        assert re.search(r"<(2|4|8|16) x (double|float)>", vectors(loop))


@numba.njit
def hashes(key, out):
    for i in range(out.size):
        out[i] = hashing.hashed(key, i)


def test_gaussian_is_normal():
    """Moments within 5 of their standard errors, the distribution by Kolmogorov and Smirnov, neighbours unrelated."""
    bits = np.empty(2_000_000, dtype=np.uint64)
    hashes(np.uint64(7), bits)
    z = gaussian(bits, np.float64)
    n = z.size
    for order, moment in enumerate((1, 0, 1, 0, 3, 0, 15)):
        spread = math.sqrt(math.prod(range(2 * order - 1, 0, -2)) - moment**2)
        if order:
            assert abs(np.mean(z**order) - moment) < 5 * spread / math.sqrt(n), order
    steps = special.ndtr(np.sort(z)) - (np.arange(n) + 0.5) / n
    assert np.abs(steps).max() * math.sqrt(n) < 1.95  # 1 in 1,000
    for lag in (1, 2, 3):
        assert abs(np.mean(z[lag:] * z[:-lag])) < 5 / math.sqrt(n)
        assert abs(np.mean(z[lag:] ** 2 * z[:-lag] ** 2) - 1) < 5 * math.sqrt(8) / math.sqrt(n)


@pytest.mark.parametrize(("sigma", "tolerance"), [(3.0, 0.01), (4.0, 0.01), (5.0, 0.01), (6.0, 0.01), (7.0, 0.05)])
def test_gaussian_has_its_tails(sigma, tolerance):
    """Only a radius beyond sigma can lead there: of the radii, which the upper 40 bits set, those alone are sampled."""
    random = np.random.default_rng(8)
    levels = int(math.exp(-0.5 * sigma**2) * 2**40) + 1
    bits = random.integers(0, levels, 1_000_000).astype(np.uint64) << np.uint64(24)
    bits |= random.integers(0, 2**24, bits.size).astype(np.uint64)
    z = gaussian(bits, np.float64)
    for tail in (z > sigma, z < -sigma):
        mass = np.mean(tail) * levels / 2**40
        assert mass == pytest.approx(special.ndtr(-sigma), rel=tolerance + 5 / math.sqrt(tail.sum()))


def test_gaussian_at_its_ends():
    """All bits 0 and all bits 1, and each bit alone: finite, of both signs, none greater than 7.5."""
    bits = np.array([0, 2**64 - 1, 2**24 - 1, *(1 << k for k in range(64))], dtype=np.uint64)
    z = gaussian(bits, np.float64)
    assert np.isfinite(z).all()
    assert np.abs(z).max() == pytest.approx(math.sqrt(2 * 41 * math.log(2)), abs=1e-9)
    assert z[0] == -z[2] == z.min()


def test_power_clip_and_gaussian_vectorise():
    gaussian(np.ones(3, np.uint64), np.float64)
    power(np.ones(3), 2.0)
    clip_loop(np.ones(3), 0.0, 2.0, np.empty(3))
    for loop in (gaussian.loop, power_loop, clip_loop):
        assert re.search(r"<(2|4|8) x double>", vectors(loop))
