"""Samples and their labels, cut into those to learn from and those to be tested on."""

from typing import NamedTuple

import numpy as np

from brainsim.core.checks import integer, plain


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

    def __repr__(self):
        """Return the shapes."""
        return f"Dataset({', '.join(f'{name}: {np.shape(value)}' for name, value in self._asdict().items())})"


def samples(X, inputs, where):
    """Return samples as float64, shape (samples, inputs), or raise TypeError or ValueError, which call them `where`.

    Examples
    --------
    >>> samples([[1, 2]], 2, "score.X")
    array([[1., 2.]])
    """
    X = np.asarray(plain(X, "", where))
    if X.ndim != 2 or X.shape[1] != inputs or not len(X):
        hint = ""
        if X.ndim > 2 and len(X) and X[0].size == inputs:
            hint = "; flatten them: X.reshape(len(X), -1)"
        elif X.shape == (inputs,):
            hint = "; for one sample give X[None]"
        raise ValueError(f"{where}: must have the shape (samples, {inputs}) (got {X.shape}){hint}")
    return X


def labels(y, count, where, classes=None):
    """Return labels as an array (count,), or raise ValueError if they are not labels of as many samples.

    Parameters
    ----------
    y : array
    count : int
        Number of samples.
    where : str
        What messages call them.
    classes : array, optional
        The labels that a network knows: at least one must be among them.

    Examples
    --------
    >>> labels([0, 1, 1], 3, "score.y")
    array([0, 1, 1])
    """
    y = np.asarray(y)
    if y.shape != (count,):
        hint = "; of one-hot rows take the places: y.argmax(axis=1)" if y.ndim == 2 and len(y) == count > 1 else ""
        raise ValueError(f"{where}: must be one label for each of the {count} samples (got shape {y.shape}){hint}")
    if classes is not None and not set(y.tolist()) & set(classes.tolist()):
        raise ValueError(
            f"{where}: must hold labels that the network knows, {', '.join(map(repr, classes.tolist()[:10]))} "
            f"(got {', '.join(map(repr, sorted(set(y.tolist()), key=str)[:5]))})"
        )
    return y


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
