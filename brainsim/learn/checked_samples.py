"""Samples and labels from the user, checked in one way for all networks that learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.core.checks import plain, reject_masked


def array_of(X: Any, axes: tuple[int | str, ...], label: str) -> np.ndarray:
    """Return numbers as an array of float64, or raise TypeError or ValueError with `label` in the message.

    `axes` has the length of each axis, or its name if it may have any length above 0.

    Examples
    --------
    >>> array_of([[1, 2]], ("samples", 2), "score.X")
    array([[1., 2.]])
    """
    X = np.asarray(plain(X, "", label))
    if X.size and X.ndim == len(axes) and all(isinstance(n, str) or n == m for n, m in zip(axes, X.shape, strict=True)):
        return X
    name, hint = label.rpartition(".")[2], ""
    if len(axes) == 2 < X.ndim and len(X) and (isinstance(axes[1], str) or X[0].size == axes[1]):
        hint = f"; flatten them: {name}.reshape(len({name}), -1)"
    elif X.ndim == len(axes) - 1 and X.shape[-1:] == axes[-1:]:
        hint = f"; a single sample is {name}[None]"
    raise ValueError(f"{label}: must have the shape ({', '.join(map(str, axes))}) (got {X.shape}){hint}")


def class_labels(y: Any, samples: int, label: str, known: np.ndarray | None = None) -> np.ndarray:
    """Return class labels as an array (samples,), or raise ValueError, also if none is `known` by a network.

    Examples
    --------
    >>> class_labels([0, 1, 1], 3, "score.y")
    array([0, 1, 1])
    """
    y = _of_one_kind(y, label)
    if y.shape != (samples,):
        hint = "; for one-hot rows use y.argmax(axis=1)" if y.ndim == 2 and len(y) == samples > 1 else ""
        raise ValueError(f"{label}: must be one label for each of the {samples} samples (got shape {y.shape}){hint}")
    if y.dtype.kind == "f" and not np.array_equal(y, np.rint(y)):
        raise ValueError(f"{label}: must be class labels, whole numbers or strings (got {y[y != np.rint(y)][0]})")
    if known is not None and not set(y.tolist()) & set(known.tolist()):
        raise ValueError(f"{label}: must contain labels that the network knows, {_some(known)} (got {_some(np.unique(y))})")
    return y


def _of_one_kind(y, label):
    """Return labels as an array; NumPy would turn numbers among strings into strings, and cannot sort other objects."""
    reject_masked(y, label, "leave these samples out")
    try:
        labels = np.asarray(y)
    except ValueError:
        raise ValueError(f"{label}: must be one label for each sample (got rows of different lengths)") from None
    strings = isinstance(y, np.ndarray) and labels.dtype.kind in "US"
    if labels.ndim != 1 or not labels.size or labels.dtype.kind in "fiub" or strings:
        return labels
    items = [item.item() if isinstance(item, np.generic) else item for item in y]
    kinds = str if isinstance(items[0], str) else int | float
    for k, item in enumerate(items):
        if not isinstance(item, kinds):
            first = f", {items[0]!r} for sample 0" if k else ""
            text = f"must be class labels, all whole numbers or all strings (got {item!r} for sample {k}{first})"
            raise ValueError(f"{label}: {text}")
    return np.array(items)


def classes_in(y: np.ndarray, label: str) -> np.ndarray:
    """Return the different labels in increasing order, or raise ValueError if there is only one."""
    classes = np.unique(y)
    if classes.size < 2:
        raise ValueError(f"{label}: must have at least two classes (got one)")
    return classes


def places_of(y: np.ndarray, classes: np.ndarray, label: str) -> np.ndarray:
    """Return where each label is in `classes`, which are in increasing order; raise ValueError if one is not there."""
    places = np.searchsorted(classes, y).clip(max=classes.size - 1)
    if not np.array_equal(classes[places], y):
        bad = y[classes[places] != y][0]
        raise ValueError(f"{label}: must be labels that the network knows, {_some(classes)} (got {bad.item()!r})")
    return places.astype(np.int64)


def labels_of_steps(y: np.ndarray, label: str, outputs: int | None = None) -> np.ndarray:
    """Return labels of steps as int64, -1 for none; raise ValueError if one is not below `outputs`, if that is given."""
    if y.dtype.kind not in "iu" or y.min() < -1:
        text = "labels of steps must be whole numbers from 0, and -1 for none"
        raise ValueError(f"{label}: {text} (got {y.min() if y.dtype.kind in 'iu' else y.flat[0]} of {y.dtype})")
    if outputs is not None and y.max() >= outputs:
        raise ValueError(f"{label}: must be labels below {outputs}, as in training (got {y.max()})")
    return y.astype(np.int64)


def explained_variance(predicted: np.ndarray, wanted: np.ndarray, label: str) -> float:
    """Return the share of the variance of sequences that is explained; raise ValueError if there is none to explain.

    What is NaN is not wanted, and does not count.
    """
    wanted = np.ma.masked_invalid(wanted)
    spread = float(np.sum((wanted - wanted.mean(axis=(0, 1))) ** 2))
    if spread == 0.0:
        raise ValueError(f"{label}: must not be constant, since the share of explained variance is returned")
    return 1.0 - float(np.sum((predicted - wanted) ** 2)) / spread


def check_saved_classes(classes: np.ndarray, label: str) -> None:
    """Raise ValueError unless an array, which may come from a file, holds labels in increasing order, each once."""
    kind = classes.dtype.kind
    if classes.ndim != 1 or kind not in "biufUS" or (kind == "f" and not np.isfinite(classes).all()):
        raise ValueError(f"{label}: must be a list of labels (got {classes.dtype}, shape {classes.shape})")
    if not (classes[1:] > classes[:-1]).all():
        raise ValueError(f"{label}: must be in increasing order, each once")


def _some(labels):
    """Return the first ten labels as text."""
    return ", ".join(map(repr, labels.tolist()[:10]))
