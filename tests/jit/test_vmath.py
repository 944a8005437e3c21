"""Functions for kernels: accuracy, ends and special points, and that they vectorise."""

import math
import re
from fractions import Fraction

import numba
import numpy as np
import pytest
from scipy import special

from brainsim.jit import vmath
from brainsim.rng import hashing


# helpers are inner functions of kernels and cannot be called from Python
def looped(function):
    """Return a function of an array that applies `function` to each element in a compiled loop."""

    @numba.njit(error_model="numpy")
    def loop(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    def call(x, dtype=None):
        out = np.empty(x.size, dtype or x.dtype)
        loop(x, out)
        return out

    call.loop = loop
    return call


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


NAMES = (
    "exp",
    "expm1",
    "log",
    "log1p",
    "tanh",
    "sin",
    "cos",
    "sigmoid",
    "exprel_inverse",
    "relaxation",
    "floor",
    "sign",
    "flushed",
)
FUNCTIONS = {name: looped(getattr(vmath, name)) for name in NAMES}
exp, relaxation, flushed = (FUNCTIONS[name] for name in ("exp", "relaxation", "flushed"))
gaussian = looped(vmath.gaussian)


def ulps(got, expected):
    """Return the difference in units of the last place of what is expected."""
    return np.abs(got - expected) / np.spacing(np.abs(expected).astype(np.float64))


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


# beyond 52 bits where the platform has them; else the reference itself is off by up to an ulp
LONG = np.longdouble
SLACK = 0.0 if np.finfo(LONG).nmant > 52 else 1.0
RANDOM = np.random.default_rng(4)
N = 100_000


def signed(low, high, n=N):
    """Return numbers of both signs, evenly spread in the logarithm from 10**low to 10**high."""
    return RANDOM.choice([-1.0, 1.0], n) * 10.0 ** RANDOM.uniform(low, high, n)


SMALL = np.concatenate([signed(-300, 0), signed(-20, 0), signed(-3, 0)])
UNITS = np.concatenate([RANDOM.uniform(-3, 3, N), RANDOM.uniform(-40, 40, N)])
WIDE = np.concatenate([RANDOM.uniform(-708, 708, N), SMALL, UNITS, np.arange(-1000, 1001) * math.log(2.0)])
POSITIVE = np.concatenate(
    [
        10.0 ** RANDOM.uniform(-307, 308, N),
        RANDOM.uniform(0.3, 3, N),
        1.0 + signed(-15, -1),
        2.0 ** np.arange(-1074, 1024),
        math.sqrt(2.0) * 2.0 ** np.arange(-9.0, 10.0),
        RANDOM.integers(1, 2**52, N).view(np.float64),
        [5e-324, 1.7e308],
    ]
)
ABOVE_MINUS_1 = np.concatenate(
    [
        10.0 ** RANDOM.uniform(-300, 308, N),
        SMALL[SMALL > -1.0],
        RANDOM.uniform(-1, 3, N),
        10.0 ** RANDOM.uniform(-15.5, 0, N) - 1.0,
    ]
)
ANGLES = np.concatenate([SMALL, RANDOM.uniform(-10, 10, N), RANDOM.uniform(-1e5, 1e5, N)])


@pytest.mark.parametrize(
    ("name", "x", "true", "bound"),
    [
        ("exp", WIDE, np.exp, 1.0),
        ("expm1", WIDE, np.expm1, 2.0),
        ("log", POSITIVE, np.log, 1.0),
        ("log1p", ABOVE_MINUS_1, np.log1p, 1.0),
        ("tanh", np.concatenate([WIDE, [1e300, -1e300]]), np.tanh, 3.0),
        ("sin", ANGLES, np.sin, 1.0),
        ("cos", ANGLES, np.cos, 1.0),
        ("sigmoid", WIDE, lambda x: 1 / (1 + np.exp(-x)), 3.0),
        ("exprel_inverse", WIDE, lambda x: x / np.expm1(x), 3.0),
        ("relaxation", WIDE, lambda x: -np.expm1(-x) / x, 3.0),
    ],
)
def test_they_keep_their_bounds(name, x, true, bound):
    """Units in the last place against long double, and of float32 the nearest number but for a few."""
    x = x[x != 0.0]
    off = ulps(FUNCTIONS[name](x).astype(LONG), true(x.astype(LONG)))
    worst = np.argmax(off)  # NaN counts as the greatest
    assert off[worst] <= bound + SLACK, x[worst]
    single = x[(np.abs(x) < 80) & (np.abs(x) > 1e-30) & ((name != "log1p") | (x > -0.999))].astype(np.float32)
    got = FUNCTIONS[name](single, np.float32)
    expected = true(single.astype(LONG)).astype(np.float32)
    assert np.mean(got != expected) < 1e-4
    np.testing.assert_allclose(got, expected, rtol=1.3e-7, atol=0)


def arctangent(inverse, one):
    """Return arctan(1/inverse) as a whole number of 1/one."""
    total, term, k = 0, one // inverse, 1
    while term:
        total, term, k = total + (term // k if k % 4 == 1 else -(term // k)), term // inverse**2, k + 2
    return total


def sine_by_integers(x, quarters):
    """Return sin(x + quarters pi/2) by whole numbers of 2**-300: the reduction of the argument leaves no doubt."""
    one = 1 << 300
    half_pi = 2 * (4 * arctangent(5, one) - arctangent(239, one))
    numerator, denominator = float(x).as_integer_ratio()
    turn, r = divmod(numerator * one // denominator, half_pi)
    turn += quarters
    total, term, k = 0, (one if turn % 2 else r), (0 if turn % 2 else 1)
    while term:
        total, term, k = total + term, -(((term * r >> 300) * r >> 300) // ((k + 1) * (k + 2))), k + 2
        term += term == -1  # a floor below 0 never gets there
    return (-total if turn % 4 >= 2 else total), one


@pytest.mark.parametrize(("name", "quarters"), [("sin", 0), ("cos", 1)])
def test_angles_where_sine_or_cosine_vanish(name, quarters):
    whole = np.concatenate([np.arange(1, 40), RANDOM.integers(-64_000, 64_000, 300), RANDOM.integers(-6e12, 6e12, 300)])
    x = np.concatenate([whole * (np.pi / 2), RANDOM.uniform(-1e13, 1e13, 300), [355.0, 45487.120031326616]])
    for value, got in zip(x, FUNCTIONS[name](x), strict=True):
        true, one = sine_by_integers(value, quarters)
        size = float(np.spacing(abs(true / one)))
        assert abs(Fraction(float(got)) - Fraction(true, one)) <= Fraction(size), value


SPECIAL = {
    "exp": [(np.inf, math.exp(708.0)), (-np.inf, math.exp(-708.0))],
    "expm1": [
        (0.0, 0.0),
        (-0.0, 0.0),
        (5e-324, 5e-324),
        (-1e-320, -1e-320),
        (-np.inf, -1.0),
        (-1e300, -1.0),
        (np.inf, math.exp(708.0)),
        (1e300, math.exp(708.0)),
    ],
    "log": [
        (0.0, -np.inf),
        (-0.0, -np.inf),
        (1.0, 0.0),
        (np.inf, np.inf),
        (-1.0, np.nan),
        (-5e-324, np.nan),
        (-np.inf, np.nan),
        (5e-324, math.log(5e-324)),
        (1.7976931348623157e308, math.log(1.7976931348623157e308)),
    ],
    "log1p": [
        (0.0, 0.0),
        (5e-324, 5e-324),
        (-1e-320, -1e-320),
        (-1.0, -np.inf),
        (-1.0000000000000002, np.nan),
        (-np.inf, np.nan),
        (np.inf, np.inf),
        (1e308, math.log(1e308)),
    ],
    "tanh": [(0.0, 0.0), (5e-324, 5e-324), (-1e-320, -1e-320), (np.inf, 1.0), (-np.inf, -1.0), (20.0, 1.0), (-20.0, -1.0)],
    "sin": [
        (0.0, 0.0),
        (5e-324, 5e-324),
        (-1e-310, -1e-310),
        (np.inf, np.nan),
        (-np.inf, np.nan),
        (1.1e13, np.nan),
        (1e300, np.nan),
    ],
    "cos": [(0.0, 1.0), (5e-324, 1.0), (np.inf, np.nan), (-np.inf, np.nan), (-1.1e13, np.nan), (1e300, np.nan)],
    "sigmoid": [
        (0.0, 0.5),
        (np.inf, 1.0),
        (1e300, 1.0),
        (-np.inf, math.exp(-708.0)),
        (-1e300, math.exp(-708.0)),
        (40.0, 1.0),
        (5e-324, 0.5),
    ],
    "exprel_inverse": [
        (0.0, 1.0),
        (-0.0, 1.0),
        (5e-324, 1.0),
        (-1e-320, 1.0),
        (-1e300, 1e300),
        (-np.inf, np.inf),
        (np.inf, 708.0 / math.exp(708.0)),
        (1e300, 708.0 / math.exp(708.0)),
    ],
    "relaxation": [(0.0, 1.0), (-0.0, 1.0), (5e-324, 1.0), (-1e-300, 1.0), (1e-16, 1.0), (1e300, 1e-300), (np.inf, 0.0)],
    "floor": [(0.0, 0.0), (1.5, 1.0), (-1.5, -2.0), (-5e-324, -1.0), (1e300, 1e300), (np.inf, np.inf), (-np.inf, -np.inf)],
    "sign": [(0.0, 0.0), (-0.0, 0.0), (5e-324, 1.0), (-5e-324, -1.0), (np.inf, 1.0), (-np.inf, -1.0)],
    "flushed": [(0.0, 0.0), (1e-249, 1e-249), (-1e-251, 0.0), (np.inf, np.inf)],
}


@pytest.mark.parametrize("name", NAMES)
def test_special_points(name):
    x, expected = (np.array(column) for column in zip(*SPECIAL[name], (np.nan, np.nan), strict=True))
    np.testing.assert_allclose(FUNCTIONS[name](x), expected, rtol=5e-16, atol=0)


def test_tanh_of_a_zero_has_its_sign():
    for dtype in (np.float64, np.float32):
        found = FUNCTIONS["tanh"](np.array([0.0, -0.0, 1.0, -1.0], dtype))
        assert np.signbit(found).tolist() == [False, True, False, True]


@pytest.mark.parametrize("name", NAMES)
def test_they_do_not_depend_on_their_neighbours(name):
    """Full vectors and the rest of a loop give the same bits."""
    for dtype in (np.float64, np.float32):
        x = np.random.default_rng(3).uniform(0.01, 50, 67).astype(dtype)
        function = FUNCTIONS[name]
        assert np.array_equal(function(x), np.concatenate([function(x[i : i + 1]) for i in range(x.size)]))


def test_sine_and_cosine_lie_on_the_circle():
    x = RANDOM.uniform(-1e13, 1e13, N)
    assert np.abs(FUNCTIONS["sin"](x) ** 2 + FUNCTIONS["cos"](x) ** 2 - 1.0).max() < 5e-16


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (10.0 ** RANDOM.uniform(-300, 300, N), RANDOM.uniform(-3, 3, N)),
        (RANDOM.uniform(0.5, 2, N), RANDOM.uniform(-700, 700, N)),
        (1.0 + signed(-12, -1), signed(0, 4)),
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


def test_flushed():
    x = np.array([0.0, 1.0, -1.0, 1e-249, -1e-249, 1e-251, -1e-251, 5e-324, 1e-308, np.inf, -np.inf])
    assert flushed(x).tolist() == [0.0, 1.0, -1.0, 1e-249, -1e-249, 0.0, 0.0, 0.0, 0.0, np.inf, -np.inf]
    assert np.isnan(flushed(np.array([np.nan]))[0])  # a NaN that was made 0 could not be found any more
    single = np.array([1.0, -1e-29, 1e-31, -1e-31, 1e-45], dtype=np.float32)
    assert flushed(single).tolist() == [1.0, float(np.float32(-1e-29)), 0.0, 0.0, 0.0]


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
    """Only a radius beyond sigma can lead there: of the radii, which the upper 40 bits set, those alone are drawn."""
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


def vectors(loop):
    """Return the LLVM text of a compiled loop, after a check that nothing is called in it."""
    text = next(iter(loop.inspect_llvm().values()))
    called = re.findall(r"call [^@]*@(?:_ZN8brainsim|(?:exp|expm1|log|log1p|tanh|sin|cos|pow|floor)f?\()", text)
    assert not called, called[0]
    return text


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", NAMES)
def test_they_vectorise(name, dtype):
    function = looped(getattr(vmath, name))
    function(np.ones(3, dtype))
    assert re.search(r"<(2|4|8|16) x (double|float)>", vectors(function.loop))


def test_power_clip_and_gaussian_vectorise():
    gaussian(np.ones(3, np.uint64), np.float64)
    power(np.ones(3), 2.0)
    clip_loop(np.ones(3), 0.0, 2.0, np.empty(3))
    for loop in (gaussian.loop, power_loop, clip_loop):
        assert re.search(r"<(2|4|8) x double>", vectors(loop))


@pytest.mark.parametrize("name", NAMES)
def test_the_type_of_the_result(name):
    """float32 stays float32, so that an expression of it does not become float64; whole numbers become float64."""
    function = getattr(vmath, name)

    @numba.njit
    def kind(x):
        return function(x)

    for given, wanted in ((numba.float32, numba.float32), (numba.float64, numba.float64), (numba.int64, numba.float64)):
        kind.compile((given,))
        assert kind.overloads[(given,)].signature.return_type == wanted
