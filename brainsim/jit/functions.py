"""Functions of numbers and arrays that give the same bits as in kernels, for values computed once before a run.

The last bits of NumPy's functions and those of the C library differ between processors and versions.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from brainsim.jit import elementary, vmath
from brainsim.jit.decorators import kernel

MAX_EXPONENT = 709.782712893384  # logarithm of the largest float64


@kernel
def _exp(x, out):
    for k in range(out.size):
        out[k] = vmath.exp(x[k])


@kernel
def _expm1(x, out):
    for k in range(out.size):
        out[k] = vmath.expm1(x[k])


@kernel
def _log(x, out):
    for k in range(out.size):
        out[k] = vmath.log(x[k])


@kernel
def _log1p(x, out):
    for k in range(out.size):
        out[k] = vmath.log1p(x[k])


@kernel
def _tanh(x, out):
    for k in range(out.size):
        out[k] = vmath.tanh(x[k])


@kernel
def _sin(x, out):
    for k in range(out.size):
        out[k] = vmath.sin(x[k])


@kernel
def _cos(x, out):
    for k in range(out.size):
        out[k] = vmath.cos(x[k])


@kernel
def _sigmoid(x, out):
    for k in range(out.size):
        out[k] = vmath.sigmoid(x[k])


@kernel
def _exprel_inverse(x, out):
    for k in range(out.size):
        out[k] = vmath.exprel_inverse(x[k])


@kernel
def _arccos(x, out):
    for k in range(out.size):
        out[k] = elementary.arccos(x[k])


@kernel
def _arcsin(x, out):
    for k in range(out.size):
        out[k] = elementary.arcsin(x[k])


@kernel
def _arctan(x, out):
    for k in range(out.size):
        out[k] = elementary.arctan(x[k])


@kernel
def _cosh(x, out):
    for k in range(out.size):
        out[k] = elementary.cosh(x[k])


@kernel
def _log10(x, out):
    for k in range(out.size):
        out[k] = elementary.log10(x[k])


@kernel
def _sinh(x, out):
    for k in range(out.size):
        out[k] = elementary.sinh(x[k])


@kernel
def _tan(x, out):
    for k in range(out.size):
        out[k] = elementary.tan(x[k])


@kernel
def _power(x, y, out):
    for k in range(out.size):
        out[k] = vmath.power(x[k], y[k])


def _of_arrays(compiled, *values):
    """Apply a kernel to numbers or arrays; the result has their common (broadcast) shape."""
    values = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in values))
    out = np.empty(values[0].shape)
    compiled(*(np.array(value).reshape(-1) for value in values), out.reshape(-1))
    return out[()]


def _infinite_above(compiled, x):
    """Like `_of_arrays`, but infinite if the result overflows: checks of the constants report it."""
    return np.where(np.asarray(x) > MAX_EXPONENT, np.inf, _of_arrays(compiled, x))


def _infinite_beyond(compiled, x):
    """Like `_infinite_above`, on both sides: of the hyperbolic functions, which grow like half an exponential."""
    far = np.abs(x) > MAX_EXPONENT + np.log(2.0)
    return np.where(far, np.sign(_of_arrays(compiled, x)) * np.inf, _of_arrays(compiled, x))


def _raised(x, y):
    """Return x**y; whole powers are products, as in kernels, since their base may be negative."""
    if np.ndim(y) or not float(y).is_integer() or abs(y) >= 2.0**53:
        return np.sqrt(x) if np.ndim(y) == 0 and y == 0.5 else _of_arrays(_power, x, y)
    value, factor = np.ones(np.shape(x))[()], np.asarray(x, np.float64)[()]
    for bit in reversed(bin(abs(int(y)))[2:]):
        value = value * factor if bit == "1" else value
        factor = factor * factor
    return 1.0 / value if y < 0 else value


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": functools.partial(_infinite_above, _exp),
    "expm1": functools.partial(_infinite_above, _expm1),
    "log": functools.partial(_of_arrays, _log),
    "log1p": functools.partial(_of_arrays, _log1p),
    "tanh": functools.partial(_of_arrays, _tanh),
    "sin": functools.partial(_of_arrays, _sin),
    "cos": functools.partial(_of_arrays, _cos),
    "sigmoid": functools.partial(_of_arrays, _sigmoid),
    "arccos": functools.partial(_of_arrays, _arccos),
    "arcsin": functools.partial(_of_arrays, _arcsin),
    "arctan": functools.partial(_of_arrays, _arctan),
    "cosh": functools.partial(_infinite_beyond, _cosh),
    "log10": functools.partial(_of_arrays, _log10),
    "sinh": functools.partial(_infinite_beyond, _sinh),
    "tan": functools.partial(_of_arrays, _tan),
    "exprel": lambda x: 1.0 / _of_arrays(_exprel_inverse, x),
    "**": _raised,
}
