"""Samples and their labels, cut into those to learn from and those to be tested on."""

from typing import NamedTuple

import numpy as np

from brainsim.numbers.checks import integer


class Dataset(NamedTuple):
    """Samples to learn from and samples to be tested on.

    Parameters
    ----------
    X_train, X_test : array of float64, shape (samples, features) or (samples, steps, features)
        What is given.
    y_train, y_test : array of int64, shape (samples,)
        The class of each, from 0.

    Examples
    --------
    >>> X_train, y_train, X_test, y_test = Dataset(np.zeros((3, 2)), np.arange(3), np.ones((1, 2)), np.zeros(1))
    >>> X_train.shape
    (3, 2)
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def split(X, y, test, seed, where):
    """Return a `Dataset` with `test` samples as test data, shared among the classes as the data are; both shuffled.

    Parameters
    ----------
    X, y : array
        Samples and their classes.
    test : int
        Number of test samples, at least 1 and fewer than there are.
    seed : int
        Which samples, and their order.
    where : str
        What messages call it.

    Returns
    -------
    Dataset

    Examples
    --------
    >>> data = split(np.arange(10.0)[:, None], np.arange(10) % 2, 4, 0, "split")
    >>> data.y_test.sum(), len(data.y_train)
    (np.int64(2), 6)
    """
    if integer(test, f"{where}.test", at_least=1) >= len(y):
        raise ValueError(f"{where}.test: must be less than the number of samples, {len(y)} (got {test})")
    rng = np.random.default_rng(integer(seed, f"{where}.seed", at_least=0))
    order = rng.permutation(len(y))
    # by class, and within a class at random; every so-many-th of that list is a test sample
    by_class = order[np.argsort(y[order], kind="stable")]
    chosen = by_class[np.floor((np.arange(test) + 0.5) * len(y) / test).astype(np.int64)]
    is_test = np.zeros(len(y), dtype=bool)
    is_test[chosen] = True
    train, held = order[~is_test[order]], order[is_test[order]]
    return Dataset(X[train], y[train], X[held], y[held])
