"""Functions that LLVM vectorises, for use in kernels. Numba no longer has a vector ``exp``, and a call to the C library's
costs 3.9 ns; this one costs 0.9 ns (`log`, `tanh` and `sin` 1.1 to 1.4, `gaussian` 1.6, `power` 4.4).

They consist of selects, polynomials and operations on the bits of the numbers, without branches, tables or calls of the C
library. Products and sums are rounded as they are written, so every processor gives the same bits. Errors are bounds in
units in the last place (ulp) of the true value. NaN stays NaN, to be found and reported after the run.

float32 in, float32 out, computed in float64: correctly rounded except for about one number in 1e8, in four fifths of the
time of float64. ``abs`` and ``math.sqrt`` vectorise unchanged, and so do ``min`` and ``max``, but these can lose a NaN.
"""

import math

import numpy as np

from brainsim.jit.decorators import helper, inlined, intrinsic
from brainsim.jit.late import types

LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 6.93145751953125e-1, 1.42860682030941723212e-6
# adding 1.5 * 2**52 rounds to a whole number and leaves it in the low bits, which vectorises everywhere
ROUND = 6755399441055744.0
_ROUND_BITS = np.int64(0x4338000000000000)
_HALF_ROOT_BITS = np.int64(0x3FE6A09E667F3BCD)  # of sqrt(1/2)
_52 = np.int64(52)
# shifts and masks that turn random bits into the mantissa of a number in [1, 2) or [2, 4), with a 1 below the 40 or the
# 24 bits used
_12, _40 = np.uint64(12), np.uint64(40)
_UPPER, _FROM_1, _FROM_2 = np.uint64(0x000FFFFFFFFFF000), np.uint64(0x3FF0000000000800), np.uint64(0x4000000008000000)
MIN_NORMAL, TWO_54 = 2.2250738585072014e-308, 18014398509481984.0

# Polynomials, highest power first. That of exp is its Taylor series, the others interpolate at Chebyshev nodes.
EXP = (
    1.6059043836821613e-10,
    2.08767569878681e-09,
    2.505210838544172e-08,
    2.755731922398589e-07,
    2.7557319223985893e-06,
    2.48015873015873e-05,
    0.0001984126984126984,
    0.001388888888888889,
    0.008333333333333333,
    0.041666666666666664,
    0.16666666666666666,
    0.5,
)
# log((1 + s)/(1 - s)) = 2 s + s z LOG(z) = 2 s + s z (2/3 + z LOG_REST(z)) with z = s**2, |s| <= 3 - sqrt(8)
LOG = (
    0.14616585424888623,
    0.15331710618210773,
    0.18182889455674947,
    0.22222211130259878,
    0.2857142862600327,
    0.39999999999899444,
    0.666666666666667,
)
LOG_REST = (
    0.11723178623876518,
    0.11706236339491206,
    0.1333480469384731,
    0.1538459496251843,
    0.18181818335392802,
    0.22222222221655885,
    0.28571428571429364,
    0.4,
)
# sin r = r + r z SIN(z), cos r = 1 - z/2 + z**2 COS(z) with z = r**2, |r| <= pi/4
SIN = (
    1.5917055344523736e-10,
    -2.505111688150882e-08,
    2.755731603048087e-06,
    -0.00019841269836619096,
    0.008333333333330856,
    -0.16666666666666666,
)
COS = (
    -1.1381960569142544e-11,
    2.0876136907403635e-09,
    -2.7557317226642997e-07,
    2.4801587298678435e-05,
    -0.001388888888888734,
    0.041666666666666664,
)
# sin(pi/2 t) = t ARC(t**2), |t| <= 1
ARC = (
    5.872975744780796e-12,
    -6.68441683185527e-10,
    5.692136428098611e-08,
    -3.598843020467257e-06,
    0.0001604411847130916,
    -0.004681754135304255,
    0.07969262624616565,
    -0.6459640975062462,
    1.5707963267948966,
)
# pi/2 in three parts; subtracting the first times a whole number below 2**45 from x by fma is exact
PI_2, PI_2_LOW, PI_2_LOWEST = 1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33
TWO_OVER_PI = 0.6366197723675814
TWO_THIRDS, TWO_THIRDS_LOW = 0.6666666666666666, 3.700743415417188e-17


@intrinsic
def fma(context, a, b, c):
    """Return a*b + c, rounded once. It is called explicitly, since a compiler's choice would differ between processors."""

    def generate(target, builder, signature, arguments):
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


@intrinsic
def polynomial(context, x, coefficients):
    """Return the polynomial with these coefficients, highest power first, by Horner's rule with fma."""

    def generate(target, builder, signature, arguments):
        at, numbers = arguments
        value = builder.extract_value(numbers, 0)
        for k in range(1, len(coefficients)):
            value = builder.fma(value, at, builder.extract_value(numbers, k))
        return value

    return types.float64(types.float64, coefficients), generate


@intrinsic
def cast_like(context, value, x):
    """Return `value` as float32 if `x` is float32, else as float64."""
    kind = types.float32 if x == types.float32 else types.float64

    def generate(target, builder, signature, arguments):
        return target.cast(builder, arguments[0], value, kind)

    return kind(value, x), generate


@intrinsic
def flush_limit(context, x):
    """Return the size below which `flushed` returns 0 for numbers of the type of `x`: 1e-30 (float32), 1e-250 (float64)."""
    kind, number = (types.float32, 1e-30) if x == types.float32 else (types.float64, 1e-250)

    def generate(target, builder, signature, arguments):
        return target.get_constant(kind, number)

    return kind(x), generate


@helper
def exp(x):
    """Return e**x within 1 ulp for -708 <= x <= 708; x outside is replaced by the nearer end.

    ``x = n ln 2 + r`` with ``|r| <= ln 2 / 2``; e**r by its Taylor series to r**13, 2**n by writing the exponent's bits.
    """
    r, t = _reduced(min(max(np.float64(x), -708.0), 708.0))
    return cast_like(fma(fma(polynomial(r, EXP), r, 1.0), r, 1.0) * _power_of_two(t), x)


@helper
def _reduced(x):
    """Return r and ROUND + n of ``x = n ln 2 + r``."""
    t = fma(x, LOG2_E, ROUND)
    n = t - ROUND
    return fma(-n, LN2_LOW, fma(-n, LN2_HIGH, x)), t


@helper
def _power_of_two(t):
    """Return 2**n of ``t = ROUND + n``, -1023 < n < 1024."""
    bits = (np.float64(t).view(np.int64) + np.int64(1023)) << _52
    return np.int64(bits).view(np.float64)


@helper
def expm1(x):
    """Return e**x - 1 within 2 ulp for x <= 708, and e**708 above.

    Like `exp`: ``2**n (e**r - 1) + (2**n - 1)``.
    """
    r, t = _reduced(min(max(np.float64(x), -708.0), 708.0))
    scale = _power_of_two(t)
    return cast_like(fma(scale, fma(polynomial(r, EXP), r * r, r), scale - 1.0), x)


@helper
def tanh(x):
    """Return the hyperbolic tangent within 3 ulp: ``-e/(e + 2)`` with ``e = expm1(-2 |x|)`` and the sign of x."""
    y = np.float64(x)
    e = expm1(-2.0 * abs(y))
    size = -e / (e + 2.0)
    size = -size if y < 0.0 else size
    return cast_like(y if y == 0.0 else size, x)  # a zero keeps its sign


@helper
def sigmoid(x):
    """Return the logistic function ``1/(1 + exp(-x))`` within 3 ulp for x >= -708, and its value at -708 below."""
    return cast_like(1.0 / (1.0 + exp(-np.float64(x))), x)


@helper
def exprel_inverse(x):
    """Return ``x/(exp(x) - 1)`` within 3 ulp for x <= 708, with its limit 1 at x = 0, and its value at 708 above.

    The rates of Hodgkin and Huxley (1952), doi:10.1113/jphysiol.1952.sp004764, have this form.
    """
    y = min(np.float64(x), 708.0)
    return cast_like(1.0 if y == 0.0 else y / expm1(y), x)


@helper
def relaxation(z):
    """Return ``(1 - exp(-z))/z``, the mean of exp(-z s) over s in [0, 1], within 3 ulp for z >= -708; 1 at z = 0."""
    y = np.float64(z)
    return cast_like(1.0 if y == 0.0 else expm1(-y) / -y, z)


@helper
def log(x):
    """Return the natural logarithm within 1 ulp; -inf at 0, NaN below.

    ``x = 2**k (1 + f)`` with 1 + f from sqrt(1/2) to sqrt(2); log(1 + f) by a series in ``s = f/(2 + f)``.
    """
    y = np.float64(x)
    k, m = _split(y)
    return cast_like(_log_at_ends(y, _log_of_parts(k, m - 1.0, 0.0)), x)


@helper
def log1p(x):
    """Return log(1 + x) within 1 ulp, even if 1 + x is rounded; -inf at -1, NaN below."""
    y = np.float64(x)
    u = 1.0 + y
    k, m = _split(u)
    f = m - 1.0
    # what the sum 1 + x lost, in units of 2**k, times the series of 1/(1 + f) up to f**2
    lost = (y - (u - 1.0)) * _power_of_two(ROUND - min(k, 1000.0)) * fma(f, f - 1.0, 1.0)
    return cast_like(_log_at_ends(u, _log_of_parts(k, f, lost)), x)


@helper
def _split(x):
    """Return k and m of a positive ``x = 2**k m`` with m from sqrt(1/2) to sqrt(2)."""
    small = x < MIN_NORMAL
    bits = np.float64(x * TWO_54 if small else x).view(np.int64)
    exponent = (bits - _HALF_ROOT_BITS) >> _52
    k = np.int64(exponent + _ROUND_BITS).view(np.float64) - ROUND
    return (k - 54.0 if small else k), np.int64(bits - (exponent << _52)).view(np.float64)


@helper
def _log_of_parts(k, f, lost):
    """Return ``k ln 2 + log(1 + f) + lost``."""
    s = f / (2.0 + f)
    z = s * s
    half = 0.5 * f * f
    rest = s * fma(polynomial(z, LOG), z, half)
    return k * LN2_HIGH + (f - (half - (rest + fma(k, LN2_LOW, lost))))


@helper
def _log_at_ends(x, value):
    """Return `value`, the logarithm of a positive finite x, or the limit or NaN for any other x."""
    end = -math.inf if x == 0.0 else (math.nan if x < 0.0 else x)
    return value if (x > 0.0) & (x < math.inf) else end


@inlined
def power(x, y):
    """Return x**y for x >= 0 within 1.5 ulp, in the type of x; 0 below e**-708, NaN for x < 0, and 1 for y = 0.

    ``exp(y log x)``, with the logarithm and the product each as a sum of two numbers.
    """
    base, exponent = np.float64(x), min(max(np.float64(y), -1e300), 1e300)
    high, low = _log_in_two(base)
    product = exponent * high
    error = fma(exponent, high, -product) + exponent * low
    r, t = _reduced(min(max(product, -709.0), 710.0))
    r += error if abs(product) < 1e3 else 0.0
    value = fma(fma(polynomial(r, EXP), r, 1.0), r, 1.0) * _power_of_two(t - 1.0) * 2.0
    value = 0.0 if product < -708.0 else value
    end = 0.0 if (base == 0.0) == (exponent > 0.0) else math.inf
    value = end if (base == 0.0) | (base == math.inf) else value
    value = value if (base >= 0.0) & (exponent == exponent) else math.nan
    return cast_like(1.0 if exponent == 0.0 else value, x)


@inlined
def _log_in_two(x):
    """Return the logarithm of a positive number as a sum of two numbers, with an error of at most 2**-65."""
    k, m = _split(x)
    f = m - 1.0
    whole = 2.0 + f
    inverse = 1.0 / whole
    s = f * inverse
    s_low = (fma(-s, whole, f) - s * (f - (whole - 2.0))) * inverse
    z = s * s
    z_low = fma(s, s, -z) + 2.0 * s * s_low
    first = TWO_THIRDS * z
    rest = fma(TWO_THIRDS, z, -first) + TWO_THIRDS * z_low + TWO_THIRDS_LOW * z + z * z * polynomial(z, LOG_REST)
    third = s * first
    low = fma(s, first, -third) + s * rest + s_low * (2.0 + first)
    part = 2.0 * s + third
    low += third - (part - 2.0 * s)
    high = k * LN2_HIGH + part
    low = (part - (high - k * LN2_HIGH)) + fma(k, LN2_LOW, low)
    total = high + low
    return total, low - (total - high)


@helper
def sin(x):
    """Return the sine within 1 ulp for |x| <= 1e13, and NaN beyond, where neighbouring float64 are 0.002 apart.

    ``x = n pi/2 + r`` with pi/2 in three parts; sine and cosine of r by polynomials, one of which n selects.
    """
    return cast_like(_turned(np.float64(x), 0), x)


@helper
def cos(x):
    """Return the cosine within 1 ulp for |x| <= 1e13, and NaN beyond; see `sin`."""
    return cast_like(_turned(np.float64(x), 1), x)


@helper
def _turned(x, quarters):
    """Return ``sin(x + quarters pi/2)``."""
    t = fma(x, TWO_OVER_PI, ROUND)
    n = t - ROUND
    first = fma(-n, PI_2, x)
    second = n * PI_2_LOW
    r = first - second
    taken = first - r  # the part of `second` that r holds; with the next line this is Knuth's exact sum of two numbers
    low = (first - (r + taken)) + (taken - second) - fma(n, PI_2_LOWEST, fma(n, PI_2_LOW, -second))
    z = r * r
    half = 0.5 * z
    near = 1.0 - half
    sine = r + fma(r * z, polynomial(z, SIN), low * near)
    cosine = near + (fma(z * z, polynomial(z, COS), -r * low) + ((1.0 - near) - half))
    turn = np.float64(t).view(np.int64) + np.int64(quarters)
    value = cosine if turn & np.int64(1) else sine
    value = -value if turn & np.int64(2) else value
    return value if abs(x) <= 1e13 else math.nan


@helper
def floor(x):
    """Return the largest whole number not above x, as a float."""
    return cast_like(np.floor(np.float64(x)), x)


@helper
def sign(x):
    """Return -1, 0 or 1, and NaN for NaN."""
    y = np.float64(x)
    size = 1.0 if y > 0.0 else (-1.0 if y < 0.0 else 0.0)
    return cast_like(size if y == y else y, x)


@helper
def lesser(a, b):
    """Return the smaller of two numbers, and NaN if either is NaN.

    Python's ``min`` loses a NaN in `b`. If `b` is a literal number this is one instruction, otherwise three.
    """
    value = b if b < a else a
    return value if b == b else b


@helper
def greater(a, b):
    """Return the greater of two numbers, and NaN if either is NaN; see `lesser`."""
    value = b if b > a else a
    return value if b == b else b


@helper
def clip(x, low, high):
    """Return x limited to [low, high]; if low > high the result is `high`, as in NumPy."""
    return lesser(greater(x, low), high)


@helper
def flushed(x):
    """Return `x`, or 0 if it is too small to matter: arithmetic on denormal numbers is fifty times slower.

    Adding a tiny number and subtracting it again is 7 % faster in COBA, but decaying variables then stay at about 1e-284.
    """
    return cast_like(0.0 if abs(x) < flush_limit(x) else x, x)  # NaN stays, to be found and reported after the run


@helper
def gaussian(bits):
    """Return a standard normal number made from 64 random bits (uint64); its tails are correct up to 7 and end at 7.5.

    Box and Muller (1958), doi:10.1214/aoms/1177706645: ``sqrt(-2 log u) sin(pi t/2)`` with u of 40 bits in (0, 1) and t
    of 24 bits in (-1, 1), each in the middle of its interval. It takes 1.6 ns; the inverse of the distribution by
    Wichura (1988), doi:10.2307/2347330, takes 2.8 ns.
    """
    u = np.uint64((bits >> _12) & _UPPER | _FROM_1).view(np.float64) - 1.0
    t = np.uint64((bits << _40) >> _12 | _FROM_2).view(np.float64) - 3.0
    k, m = _split(u)
    return math.sqrt(-2.0 * _log_of_parts(k, m - 1.0, 0.0)) * (t * polynomial(t * t, ARC))
