"""Samples and their labels: training data and test data."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from brainsim.core.checks import integer
from brainsim.results.spikes import Spikes


class Dataset(NamedTuple):
    """Training data and test data.

    Parameters
    ----------
    X_train, X_test : array of float64, shape (samples, features) or (samples, steps, features); or list of Spikes
        The inputs.
    y_train, y_test : array of int64, shape (samples,)
        The class of each sample, from 0.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> data = bs.ann.datasets.Dataset(np.zeros((3, 2)), np.arange(3), np.ones((1, 2)), np.zeros(1))
    >>> X_train, y_train, X_test, y_test = data
    >>> X_train.shape
    (3, 2)
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def __repr__(self) -> str:
        shapes = {name: getattr(value, "shape", (len(value),)) for name, value in self._asdict().items()}
        return f"Dataset({', '.join(f'{name}: {shape}' for name, shape in shapes.items())})"


def split(X, y, test, seed, label):
    """Return a `Dataset` with `test` test samples, in which classes have the same shares as in the data; both shuffled.

    Examples
    --------
    >>> data = split(np.arange(10.0)[:, None], np.arange(10) % 2, 4, 0, "split")
    >>> data.y_test.sum(), len(data.y_train)
    (np.int64(2), 6)
    """
    if integer(test, f"{label}.test", at_least=1) >= len(y):
        raise ValueError(f"{label}.test: must be less than the number of samples, {len(y)} (got {test})")
    rng = np.random.default_rng(integer(seed, f"{label}.seed", at_least=0))
    order = rng.permutation(len(y))
    # sorted by class, at random within a class; test samples are taken from this list at equal distances
    by_class = order[np.argsort(y[order], kind="stable")]
    chosen = by_class[np.floor((np.arange(test) + 0.5) * len(y) / test).astype(np.int64)]
    is_test = np.zeros(len(y), dtype=bool)
    is_test[chosen] = True
    train, held_out = order[~is_test[order]], order[is_test[order]]
    return Dataset(X[train], y[train], X[held_out], y[held_out])


def of_spikes(parts, inputs: int, duration: float | None = None) -> Dataset:
    """Return a `Dataset` of lists of Spikes, all of one duration: of the last spike, in whole ms, if none is given.

    `parts` are the training data and the test data: times [ms] and inputs of each sample, and the labels.

    Examples
    --------
    >>> part = [(np.array([1.5, 3.2]), np.array([0, 1]))], np.array([7])
    >>> of_spikes([part, part], 2).X_test
    [Spikes: 2 spikes of 2 cells in 4 ms, 250 Hz]
    """
    if duration is None:
        duration = np.ceil(max((times.max(initial=0.0) for found, _ in parts for times, _ in found), default=1.0))
    columns = []
    for found, labels in parts:
        columns += [[Spikes(times, ids, n=inputs, duration=duration) for times, ids in found], labels]
    return Dataset(*columns)
