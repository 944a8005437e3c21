"""The loops of rate units that learn, sample by sample."""

from brainsim.jit.decorators import helper, kernel
from brainsim.learn.vectors import add_scaled


@kernel
def oja(X, w, rate):
    """Let a unit learn by Oja's rule, row by row of X."""
    for s in range(X.shape[0]):
        y = inner(X[s], w)
        # dw = rate*y*(x - y*w): the second term keeps the length of w at 1
        for i in range(w.size):
            w[i] += rate * y * (X[s, i] - y * w[i])


@kernel
def bcm(X, w, rate, share, threshold):
    """Let a unit learn by the BCM rule, row by row of X; return its threshold, which moves by `share` of the way."""
    for s in range(X.shape[0]):
        y = inner(X[s], w)
        # dw = rate*y*(y - threshold)*x, with a threshold that follows the mean of y**2
        add_scaled(w, rate * y * (y - threshold), X[s])
        threshold += share * (y * y - threshold)
    return threshold


@kernel
def bcm_mean(X, w, rate, y, change):
    """Let a unit take the mean step of the BCM rule over all rows; return the mean square of its responses before it."""
    total = 0.0
    for s in range(X.shape[0]):
        y[s] = inner(X[s], w)
        total += y[s] * y[s]
    # as `bcm`, with the mean over all rows in place of one row, for the threshold and for dw
    threshold = total / X.shape[0]
    change[:] = 0.0
    for s in range(X.shape[0]):
        add_scaled(change, y[s] * (y[s] - threshold), X[s])
    add_scaled(w, rate / X.shape[0], change)
    return threshold


@helper
def inner(a, b):
    """Return the inner product of two vectors, added up in order."""
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total
