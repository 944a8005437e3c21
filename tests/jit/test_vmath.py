"""Functions for kernels: accuracy, ends and special points, and that they vectorise."""

import math
import re
from fractions import Fraction

import numba
import numpy as np
import pytest

from brainsim.jit import elementary, vmath
from tests.helpers.equations.compiled_loops import LONG, SLACK, N, looped, signed, ulps, vectors

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
MORE = ("arccos", "arcsin", "arctan", "ceil", "cosh", "log10", "sinh", "tan")
HELPERS = {name: getattr(vmath, name) for name in NAMES} | {name: getattr(elementary, name) for name in MORE}
FUNCTIONS = {name: looped(helper) for name, helper in HELPERS.items()}


RANDOM = np.random.default_rng(4)
SMALL = np.concatenate([signed(RANDOM, -300, 0), signed(RANDOM, -20, 0), signed(RANDOM, -3, 0)])
UNITS = np.concatenate([RANDOM.uniform(-3, 3, N), RANDOM.uniform(-40, 40, N)])
WIDE = np.concatenate([RANDOM.uniform(-708, 708, N), SMALL, UNITS, np.arange(-1000, 1001) * math.log(2.0)])
POSITIVE = np.concatenate(
    [
        10.0 ** RANDOM.uniform(-307, 308, N),
        RANDOM.uniform(0.3, 3, N),
        1.0 + signed(RANDOM, -15, -1),
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
WITHIN_1 = np.concatenate([SMALL, RANDOM.uniform(-1, 1, N), 1.0 - 10.0 ** RANDOM.uniform(-15, 0, N)])
WITHIN_1 = WITHIN_1[np.abs(WITHIN_1) <= 1.0]
ANGLES = np.concatenate([SMALL, RANDOM.uniform(-10, 10, N), RANDOM.uniform(-1e5, 1e5, N)])


@pytest.mark.thorough_but("[exp", "[tanh", "[log")
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
        ("sinh", WIDE, np.sinh, 4.0),
        ("cosh", WIDE, np.cosh, 2.0),
        ("tan", ANGLES, np.tan, 3.0),
        ("log10", POSITIVE, np.log10, 1.0),
        ("arctan", np.concatenate([WIDE, 1.0 / SMALL]), np.arctan, 2.0),
        ("arcsin", WITHIN_1, np.arcsin, 4.0),
        ("arccos", WITHIN_1, np.arccos, 4.0),
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
    "sinh": [(0.0, 0.0), (5e-324, 5e-324), (-1e-320, -1e-320), (np.inf, math.sinh(708.0)), (-np.inf, -math.sinh(708.0))],
    "cosh": [(0.0, 1.0), (5e-324, 1.0), (np.inf, math.cosh(708.0)), (-np.inf, math.cosh(708.0))],
    "tan": [(0.0, 0.0), (5e-324, 5e-324), (np.inf, np.nan), (-1.1e13, np.nan)],
    "log10": [(0.0, -np.inf), (1.0, 0.0), (np.inf, np.inf), (-1.0, np.nan), (5e-324, math.log10(5e-324))],
    "arctan": [(0.0, 0.0), (-1e-320, -1e-320), (1e300, math.pi / 2), (np.inf, math.pi / 2), (-np.inf, -math.pi / 2)],
    "arcsin": [(0.0, 0.0), (1.0, math.pi / 2), (-1.0, -math.pi / 2), (1.1, np.nan), (-np.inf, np.nan)],
    "arccos": [(0.0, math.pi / 2), (1.0, 0.0), (-1.0, math.pi), (1.1, np.nan), (-np.inf, np.nan)],
    "ceil": [(0.0, 0.0), (1.5, 2.0), (-1.5, -1.0), (5e-324, 1.0), (1e300, 1e300), (np.inf, np.inf), (-np.inf, -np.inf)],
    "flushed": [(0.0, 0.0), (1e-249, 1e-249), (-1e-251, 0.0), (np.inf, np.inf)],
}


def test_powers_of_ten_have_whole_logarithms():
    assert FUNCTIONS["log10"](10.0 ** np.arange(23)).tolist() == list(range(23))


@pytest.mark.thorough_but("[exp]", "[tanh]")
@pytest.mark.parametrize("name", HELPERS)
def test_special_points(name):
    x, expected = (np.array(column) for column in zip(*SPECIAL[name], (np.nan, np.nan), strict=True))
    np.testing.assert_allclose(FUNCTIONS[name](x), expected, rtol=5e-16, atol=0)


def test_tanh_of_a_zero_has_its_sign():
    for dtype in (np.float64, np.float32):
        found = FUNCTIONS["tanh"](np.array([0.0, -0.0, 1.0, -1.0], dtype))
        assert np.signbit(found).tolist() == [False, True, False, True]


@pytest.mark.slow_but("[exp]", "[tanh]", "[log10]", "[sinh]")
@pytest.mark.thorough_but("[exp]", "[tanh]")
@pytest.mark.parametrize("name", HELPERS)
def test_they_do_not_depend_on_their_neighbours(name):
    """Full vectors and the rest of a loop give the same bits."""
    for dtype in (np.float64, np.float32):
        x = np.random.default_rng(3).uniform(0.01, 0.99 if name in ("arcsin", "arccos") else 50, 67).astype(dtype)
        function = FUNCTIONS[name]
        assert np.array_equal(function(x), np.concatenate([function(x[i : i + 1]) for i in range(x.size)]))


def test_sine_and_cosine_lie_on_the_circle():
    x = RANDOM.uniform(-1e13, 1e13, N)
    assert np.abs(FUNCTIONS["sin"](x) ** 2 + FUNCTIONS["cos"](x) ** 2 - 1.0).max() < 5e-16


def test_flushed():
    flushed = FUNCTIONS["flushed"]
    x = np.array([0.0, 1.0, -1.0, 1e-249, -1e-249, 1e-251, -1e-251, 5e-324, 1e-308, np.inf, -np.inf])
    assert flushed(x).tolist() == [0.0, 1.0, -1.0, 1e-249, -1e-249, 0.0, 0.0, 0.0, 0.0, np.inf, -np.inf]
    assert np.isnan(flushed(np.array([np.nan]))[0])  # a NaN that was made 0 could not be found any more
    single = np.array([1.0, -1e-29, 1e-31, -1e-31, 1e-45], dtype=np.float32)
    assert flushed(single).tolist() == [1.0, float(np.float32(-1e-29)), 0.0, 0.0, 0.0]


@pytest.mark.thorough_but("[exp-", "[tanh-")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", HELPERS)
def test_they_vectorise(name, dtype):
    function = looped(HELPERS[name])
    function(np.ones(3, dtype))
    assert re.search(r"<(2|4|8|16) x (double|float)>", vectors(function.loop))


@pytest.mark.slow_but("[exp]", "[tanh]", "[log10]", "[sinh]")
@pytest.mark.thorough_but("[exp]", "[tanh]")
@pytest.mark.parametrize("name", HELPERS)
def test_the_type_of_the_result(name):
    """float32 stays float32, so that an expression of it does not become float64; whole numbers become float64."""
    function = HELPERS[name]

    @numba.njit
    def kind(x):
        return function(x)

    for given, wanted in ((numba.float32, numba.float32), (numba.float64, numba.float64), (numba.int64, numba.float64)):
        kind.compile((given,))
        assert kind.overloads[(given,)].signature.return_type == wanted
