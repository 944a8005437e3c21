"""Samples and their labels, split into training and test data."""

from typing import NamedTuple

import numpy as np

from brainsim.core.checks import integer, plain


class Dataset(NamedTuple):
    """Training data and test data.

    Parameters
    ----------
    X_train, X_test : array of float64, shape (samples, features) or (samples, steps, features)
        The inputs.
    y_train, y_test : array of int64, shape (samples,)
        The class of each sample, from 0.

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

    def __repr__(self) -> str:
        """Return the shapes."""
        return f"Dataset({', '.join(f'{name}: {np.shape(value)}' for name, value in self._asdict().items())})"


def samples(X, inputs, label) -> np.ndarray:
    """Return samples as float64, shape (samples, inputs), or raise TypeError or ValueError with `label` in the message.

    Examples
    --------
    >>> samples([[1, 2]], 2, "score.X")
    array([[1., 2.]])
    """
    X = np.asarray(plain(X, "", label))
    if X.ndim != 2 or X.shape[1] != inputs or not len(X):
        hint = ""
        if X.ndim > 2 and len(X) and X[0].size == inputs:
            hint = "; flatten them: X.reshape(len(X), -1)"
        elif X.shape == (inputs,):
            hint = "; a single sample is X[None]"
        raise ValueError(f"{label}: must have the shape (samples, {inputs}) (got {X.shape}){hint}")
    return X


def labels(y, count, label, classes=None) -> np.ndarray:
    """Return labels as an array (count,), or raise ValueError if they are not `count` labels.

    Parameters
    ----------
    y : array
    count : int
        Number of samples.
    label : str
        What messages begin with.
    classes : array, optional
        The labels that a network knows; `y` must contain at least one of them.

    Examples
    --------
    >>> labels([0, 1, 1], 3, "score.y")
    array([0, 1, 1])
    """
    y = np.asarray(y)
    if y.shape != (count,):
        hint = "; for one-hot rows use y.argmax(axis=1)" if y.ndim == 2 and len(y) == count > 1 else ""
        raise ValueError(f"{label}: must be one label for each of the {count} samples (got shape {y.shape}){hint}")
    if classes is not None and not set(y.tolist()) & set(classes.tolist()):
        raise ValueError(
            f"{label}: must contain labels that the network knows, {', '.join(map(repr, classes.tolist()[:10]))} "
            f"(got {', '.join(map(repr, sorted(set(y.tolist()), key=str)[:5]))})"
        )
    return y


def split(X, y, test, seed, label):
    """Return a `Dataset` with `test` test samples, in which classes have the same shares as in the data; both shuffled.

    Parameters
    ----------
    X, y : array
        Samples and their classes.
    test : int
        Number of test samples, from 1 to one less than the number of samples.
    seed : int
        Of the choice of samples and their order.
    label : str
        What messages begin with.

    Returns
    -------
    Dataset

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
