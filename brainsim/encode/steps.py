"""Spikes on a time grid, as arrays of steps: what `bs.encode` and `bs.ann` share."""

import numpy as np


def random_steps(shares, steps, key):
    """Return spikes (steps, cells), bool: in each step with the probability ``shares`` (cells,), independently.

    The random numbers are those with the indices 0, 1, 2, ... of the stream `key`.

    Examples
    --------
    >>> from brainsim.rng.streams import stream_key
    >>> random_steps(np.array([0.0, 0.5, 1.0]), 1000, stream_key(1, "x")).sum(axis=0)
    array([   0,  502, 1000])
    """
    return uniforms((steps, shares.size), key) < shares


def latency_steps(shares, steps):
    """Return the step of the only spike of each share: ``steps - round(steps*share)``; `steps` means none.

    Examples
    --------
    >>> latency_steps(np.array([0.0, 0.5, 1.0]), 4)
    array([4, 2, 0])
    """
    return steps - np.rint(steps * shares).astype(np.int64)


def uniforms(shape, key):
    """Return random numbers in [0, 1), those with the indices 0, 1, 2, ... of a stream."""
    return _fill(shape, key, 1.0, 0.0, 1.0)


def exponentials(shape, key):
    """Return exponential random numbers of mean 1, those with the indices 0, 1, 2, ... of a stream."""
    return _fill(shape, key, 4.0, 1.0, 0.0)


def _fill(shape, key, kind, a, b):
    from brainsim.rng.variates import fill

    values = np.empty(shape)
    fill(values.ravel(), np.array([kind, a, b, -np.inf, np.inf]), key)
    return values
