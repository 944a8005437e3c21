"""A choice between two: what spiking pools that compete decide, and its picture beside drift-diffusion."""

import numpy as np

from brainsim.models.rules import FromArrays

BIN, WIDTH = 5.0, 50.0  # ms: of the bins of rates, and of the time before each over which they are taken


def blocks(copies, n_pre, n_post):
    """Return the rule that connects all to all within each of many copies of a network, whose cells lie one after the other.

    Examples
    --------
    >>> rule = blocks(2, 1, 2)
    >>> rule.pre.tolist(), rule.post.tolist()
    ([0, 0, 1, 1], [0, 1, 2, 3])
    """
    pre = np.arange(copies * n_pre).reshape(copies, n_pre, 1)
    post = np.arange(copies * n_post).reshape(copies, 1, n_post)
    shape = (copies, n_pre, n_post)
    return FromArrays(np.broadcast_to(pre, shape).ravel(), np.broadcast_to(post, shape).ravel())


def counts_of(spikes, copies):
    """Return the spikes of each copy of a pool in bins of `BIN` ms, shape (copies, bins)."""
    bins = max(round(spikes.duration / BIN), 1)
    bin = np.clip(np.ceil((spikes.times - spikes.start) / BIN - 1e-6).astype(np.int64) - 1, 0, bins - 1)
    copy = spikes.ids // (spikes.n // copies)
    return np.bincount(copy * bins + bin, minlength=copies * bins).reshape(copies, bins)


def rates_of(spikes, copies):
    """Return the rate of each copy of a pool over the last `WIDTH` ms, at the end of each bin [Hz], shape (copies, bins)."""
    steps = round(WIDTH / BIN)
    sums = np.cumsum(np.pad(counts_of(spikes, copies), ((0, 0), (steps, 0))), axis=1)
    return (sums[:, steps:] - sums[:, :-steps]) * 1000.0 / (WIDTH * (spikes.n // copies))


def first_passage(first, second, threshold, evidence, onset):
    """Return the `Choices` of whichever reaches a threshold first: rates of two pools, or a sum and its negative.

    Parameters
    ----------
    first, second : array, shape (levels*trials, bins)
        What speaks for each option, at the end of bins of `BIN` ms; trials of one level lie together.
    threshold : float
        In their unit.
    evidence : array, shape (levels,)
        Of each level.
    onset : float
        When the evidence begins [ms].

    Examples
    --------
    >>> up = np.array([[0.0, 1.0, 2.0, 3.0]])
    >>> found = first_passage(up, -up, 2.0, np.array([0.1]), onset=5.0)
    >>> found.chosen, found.times
    (array([[1]]), array([[10.]]))
    """
    skipped = round(onset / BIN)
    first, second = first[:, skipped:], second[:, skipped:]
    reached = np.maximum(first, second) >= threshold
    made, rows = reached.any(axis=1), np.arange(len(first))
    at = reached.argmax(axis=1) if reached.shape[1] else np.zeros(len(first), dtype=np.int64)
    chosen, times = np.zeros(len(first), dtype=np.int64), np.full(len(first), np.nan)
    chosen[made] = np.where(first[rows[made], at[made]] > second[rows[made], at[made]], 1, -1)
    times[made] = (at[made] + 1) * BIN
    shape = (len(evidence), -1)
    return Choices(np.asarray(evidence), chosen.reshape(shape), times.reshape(shape))
