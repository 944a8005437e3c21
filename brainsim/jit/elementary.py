"""Further functions that LLVM vectorises, made of those in `vmath`, with the same bits on every processor.

Errors are bounds in units in the last place (ulp) of the true value. float32 in, float32 out, as in `vmath`.
"""

import math

import numpy as np

from brainsim.jit.decorators import helper, inlined
from brainsim.jit.vmath import _log_at_ends, _log_in_two, _turned, cast_like, exp, expm1, fma, polynomial

LOG10_E, LOG10_E_LOW = 0.4342944819032518, 1.098319650216765e-17
PI_2, PI_2_LOW, PI_4, PI_4_LOW = 1.5707963267948966, 6.123233995736766e-17, 0.7853981633974483, 3.061616997868383e-17
TAN_3PI_8 = 2.414213562373095
# arctan r = r + r z P(z)/Q(z) with z = r**2, |r| <= 0.66: Moshier's Cephes library, https://www.netlib.org/cephes
ARCTAN = (
    -0.8750608600031904122785,
    -16.15753718733365076637,
    -75.00855792314704667340,
    -122.8866684490136173410,
    -64.85021904942025371773,
)
ARCTAN_BELOW = (
    1.0,
    24.85846490142306297962,
    165.0270098316988542046,
    432.8810604912902668951,
    485.3903996359136964868,
    194.5506571482613964425,
)


@helper
def cosh(x):
    """Return the hyperbolic cosine within 2 ulp for |x| <= 708, and its value there beyond."""
    e = exp(abs(np.float64(x)))
    return cast_like(0.5 * (e + 1.0 / e), x)


@helper
def sinh(x):
    """Return the hyperbolic sine within 4 ulp for |x| <= 708, and its value there beyond."""
    y = np.float64(x)
    e = expm1(abs(y))
    size = 0.5 * (e + e / (e + 1.0))
    size = -size if y < 0.0 else size
    return cast_like(y if y == 0.0 else size, x)  # a zero keeps its sign


@helper
def tan(x):
    """Return the tangent within 3 ulp for |x| <= 1e13, and NaN beyond; see `vmath.sin`."""
    y = np.float64(x)
    return cast_like(_turned(y, 0) / _turned(y, 1), x)


@inlined
def log10(x):
    """Return the logarithm to the base 10 within 1 ulp, exact for powers of 10; -inf at 0, NaN below."""
    y = np.float64(x)
    high, low = _log_in_two(y)
    product = high * LOG10_E
    rest = fma(high, LOG10_E, -product) + (high * LOG10_E_LOW + low * LOG10_E)
    return cast_like(_log_at_ends(y, product + rest), x)


@helper
def arctan(x):
    """Return the inverse tangent within 2 ulp.

    Beyond tan(3 pi/8) it is ``pi/2 - arctan(1/x)``, from 0.66 on ``pi/4 + arctan((x - 1)/(x + 1))``.
    """
    y = np.float64(x)
    size = abs(y)
    far, middle = size > TAN_3PI_8, size > 0.66
    above = -1.0 if far else (size - 1.0 if middle else size)
    below = size if far else (size + 1.0 if middle else 1.0)
    r = above / below
    z = r * r
    part = fma(r * z, polynomial(z, ARCTAN) / polynomial(z, ARCTAN_BELOW), r)
    low = PI_2_LOW if far else (PI_4_LOW if middle else 0.0)
    value = (PI_2 if far else (PI_4 if middle else 0.0)) + (part + low)
    value = -value if y < 0.0 else value
    return cast_like(y if y == 0.0 else value, x)


@helper
def arcsin(x):
    """Return the inverse sine within 4 ulp, NaN for |x| > 1."""
    y = np.float64(x)
    return cast_like(arctan(y / math.sqrt((1.0 - y) * (1.0 + y))), x)


@helper
def arccos(x):
    """Return the inverse cosine within 4 ulp, NaN for |x| > 1."""
    y = np.float64(x)
    return cast_like(2.0 * arctan(math.sqrt((1.0 - y) / (1.0 + y))), x)


@helper
def ceil(x):
    """Return the smallest whole number not below x, as a float."""
    return cast_like(np.ceil(np.float64(x)), x)


# -- whole powers as products: they vectorise, the power function of the C library does not ------------------------------


@helper
def square(x):
    """Return x**2."""
    return x * x


@helper
def cube(x):
    """Return x**3."""
    return x * x * x


@helper
def fourth(x):
    """Return x**4."""
    y = x * x
    return y * y


@helper
def whole_power(x, n):
    """Return x**n for a whole number n by repeated squaring; each product is rounded."""
    left, factor, value = abs(n), x, cast_like(1.0, x)
    while left:
        if left & 1:
            value = value * factor
        factor = factor * factor
        left >>= 1
    return 1.0 / value if n < 0 else value
