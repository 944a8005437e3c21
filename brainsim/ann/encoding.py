"""How a sample becomes input: as currents, as random spikes, or as one spike each whose time says how large it is."""

import zlib

import numpy as np

from brainsim.numbers.checks import in_range

ENCODERS = ("current", "poisson", "latency")


def encoded(X, steps, encoder, scale, seed):
    """Return the spikes of the inputs, uint8 of shape (samples, steps, inputs).

    Parameters
    ----------
    X : array (samples, inputs)
        From 0 up.
    steps : int
    encoder : {"current", "poisson", "latency"}
        ``"poisson"``: in each step with the probability ``x/scale``, by random numbers that depend on the sample and the
        seed only. ``"latency"``: once, at step ``steps - round(steps*x/scale)``; not at all where that is the last.
        ``"current"``: never; shape (samples, steps, 0).
    scale : float
        The input that is worth a spike in every step; larger ones are clipped.
    seed : int

    Examples
    --------
    >>> encoded(np.array([[0.0, 0.5, 1.0]]), 4, "latency", 1.0, 0)[0].T
    array([[0, 0, 0, 0],
           [0, 0, 1, 0],
           [1, 0, 0, 0]], dtype=uint8)
    """
    if encoder == "current":
        return np.zeros((len(X), steps, 0), dtype=np.uint8)
    in_range(X, "SpikingClassifier.X", at_least=0.0)
    share = np.minimum(X / scale, 1.0)
    if encoder == "latency":
        first = steps - np.rint(steps * share).astype(np.int64)
        return (np.arange(steps)[None, :, None] == first[:, None, :]).astype(np.uint8)
    spikes = np.empty((len(X), steps, X.shape[1]), dtype=np.uint8)
    for one, x, p in zip(spikes, X, share, strict=True):
        rng = np.random.default_rng([seed, zlib.crc32(np.ascontiguousarray(x).tobytes())])
        one[...] = rng.random(one.shape) < p
    return spikes
