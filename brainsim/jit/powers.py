"""Whole powers as products, for use in kernels: they vectorise, the power function of the C library does not."""

from brainsim.jit.decorators import helper
from brainsim.jit.vmath import cast_like


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
