"""Functions of kernels in compiled loops, and the accuracy of what they give."""

import re

import numba
import numpy as np


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


def ulps(got, expected):
    """Return the difference in units of the last place of what is expected."""
    return np.abs(got - expected) / np.spacing(np.abs(expected).astype(np.float64))


# beyond 52 bits if the platform has them; else the reference itself is off by up to an ulp
LONG = np.longdouble
SLACK = 0.0 if np.finfo(LONG).nmant > 52 else 1.0
N = 100_000


def signed(random, low, high, n=N):
    """Return numbers of both signs, evenly spread in the logarithm from 10**low to 10**high."""
    return random.choice([-1.0, 1.0], n) * 10.0 ** random.uniform(low, high, n)


def vectors(loop):
    """Return the LLVM text of a compiled loop, after a check that nothing is called in it."""
    text = next(iter(loop.inspect_llvm().values()))
    called = re.findall(r"call [^@]*@(?:_ZN8brainsim|(?:exp|expm1|log|log1p|tanh|sin|cos|pow|floor)f?\()", text)
    assert not called, called[0]
    return text
