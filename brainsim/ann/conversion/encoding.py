"""How a sample becomes input: as currents, as random spikes, or as one spike per input whose time encodes its size."""

import hashlib

import numpy as np

from brainsim.encode.steps import latency_steps, random_steps
from brainsim.rng.streams import stream_key

ENCODERS = ("current", "poisson", "latency")
CHUNK = 64  # samples whose spikes are in memory at the same time


def encoded(X, steps, encoder, scale, seed):
    """Return the spikes of the inputs, uint8 of shape (samples, steps, inputs).

    Parameters
    ----------
    X : array (samples, inputs)
        Not negative.
    steps : int
    encoder : {"current", "poisson", "latency"}
        ``"poisson"``: in each step with the probability ``x/scale``, by random numbers that depend only on the sample and
        the seed. ``"latency"``: once, at step ``steps - round(steps*x/scale)``; not at all if that is ``steps``.
        ``"current"``: never; shape (samples, steps, 0).
    scale : float
        The input that gives a spike in every step; larger ones are clipped.
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
    share = np.minimum(X / scale, 1.0)
    if encoder == "latency":
        first = latency_steps(share, steps)
        return (np.arange(steps)[None, :, None] == first[:, None, :]).astype(np.uint8)
    spikes = np.empty((len(X), steps, X.shape[1]), dtype=np.uint8)
    for of_sample, x, p in zip(spikes, X, share, strict=True):
        content = hashlib.blake2b(np.ascontiguousarray(x).tobytes(), digest_size=8).hexdigest()
        of_sample[...] = random_steps(p, steps, stream_key(seed, "encode", "sample", content))
    return spikes


def input_counts(X, steps, encoder, scale, seed):
    """Return how many spikes each input sends, and in how many steps each acts, both int64 (samples, inputs).

    The second number is larger if a spike is the onset of a current. The spikes themselves, which may take gigabytes, are
    made for some samples at a time.

    Examples
    --------
    >>> [counts.tolist() for counts in input_counts(np.array([[0.0, 0.5, 1.0]]), 4, "latency", 1.0, 0)]
    [[[0, 1, 1]], [[0, 2, 4]]]
    """
    sent = np.empty((len(X), 0 if encoder == "current" else X.shape[1]), dtype=np.int64)
    acting = np.empty_like(sent)
    remaining = np.arange(steps, 0, -1)  # steps for which a current flows if it starts at each step
    for start in range(0, len(X), CHUNK):
        some = slice(start, start + CHUNK)
        spikes = encoded(X[some], steps, encoder, scale, seed)
        sent[some] = spikes.sum(axis=1, dtype=np.int64)
        acting[some] = np.einsum("sti,t->si", spikes, remaining) if encoder == "latency" else sent[some]
    return sent, acting
