"""Functions of numbers and arrays that give the same bits as in kernels, for values computed once before a run.

The last bits of NumPy's functions and those of the C library differ between processors and versions.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from brainsim.jit.decorators import load_source

MAX_EXPONENT = 709.782712893384  # logarithm of the largest float64
LOOP = """\
from brainsim.jit.decorators import kernel
from brainsim.jit.{module} import {name}


@kernel
def fill({names}, out):
    for k in range(out.size):
        out[k] = {name}({values})
"""


def _of_arrays(name, *values, module="vmath"):
    """Apply a function of kernels to numbers or arrays; the result has their common (broadcast) shape."""
    values = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in values))
    names = [f"x{k}" for k in range(len(values))]
    text = LOOP.format(module=module, name=name, names=", ".join(names), values=", ".join(f"{x}[k]" for x in names))
    out = np.empty(values[0].shape)
    load_source(text).fill(*(np.array(value).reshape(-1) for value in values), out.reshape(-1))
    return out[()]


def _infinite_above(name, x):
    """Like `_of_arrays`, but infinite if the result overflows: checks of the constants report it."""
    return np.where(np.asarray(x) > MAX_EXPONENT, np.inf, _of_arrays(name, x))


def _infinite_beyond(name, x):
    """Like `_infinite_above`, on both sides: of the hyperbolic functions, which grow like half an exponential."""
    far, values = np.abs(x) > MAX_EXPONENT + np.log(2.0), _of_arrays(name, x, module="elementary")
    return np.where(far, np.sign(values) * np.inf, values)


def _raised(x, y):
    """Return x**y; whole powers are products, as in kernels, since their base may be negative."""
    if np.ndim(y) or not float(y).is_integer() or abs(y) >= 2.0**53:
        return np.sqrt(x) if np.ndim(y) == 0 and y == 0.5 else _of_arrays("power", x, y)
    value, factor = np.ones(np.shape(x))[()], np.asarray(x, np.float64)[()]
    for bit in reversed(bin(abs(int(y)))[2:]):
        value = value * factor if bit == "1" else value
        factor = factor * factor
    return 1.0 / value if y < 0 else value


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: functools.partial(_of_arrays, name) for name in ("log", "log1p", "tanh", "sin", "cos", "sigmoid")},
    **{name: functools.partial(_infinite_above, name) for name in ("exp", "expm1")},
    **{
        name: functools.partial(_of_arrays, name, module="elementary")
        for name in ("arccos", "arcsin", "arctan", "log10", "tan")
    },
    **{name: functools.partial(_infinite_beyond, name) for name in ("cosh", "sinh")},
    "exprel": lambda x: 1.0 / _of_arrays("exprel_inverse", x),
    "**": _raised,
}
