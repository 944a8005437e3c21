"""Samples and their labels: training and test data, and sequences of different lengths."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from brainsim.core.checks import integer, plain
from brainsim.learn.checked_samples import labels_of_steps


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


def pad(X: Any, inputs: int | None, label: str) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences as an array (samples, steps, inputs), with zeros after their ends, and their lengths.

    They are an array (samples, steps, inputs), or a list with an array (steps, inputs) for each sample. `inputs` is how many
    inputs a network has. Raise ValueError or TypeError if a shape does not fit, or a number is not finite.

    Examples
    --------
    >>> pad([np.ones((2, 1)), np.ones((1, 1))], None, "fit.X")[0][:, :, 0].tolist()
    [[1.0, 1.0], [1.0, 0.0]]
    """
    wanted = "an array (samples, steps, inputs), or a list with an array (steps, inputs) for each sample"
    if isinstance(X, list | tuple):
        parts = [np.asarray(plain(x, "", f"{label}[{k}]")) for k, x in enumerate(X)]
        if not parts or any(part.ndim != 2 for part in parts):
            shape = next((f"shape {part.shape} at {k}" for k, part in enumerate(parts) if part.ndim != 2), "none")
            raise ValueError(f"{label}: must be {wanted} (got {shape})")
        if len({part.shape[1] for part in parts}) > 1:
            widths = ", ".join(map(str, sorted({part.shape[1] for part in parts})))
            raise ValueError(f"{label}: all samples must have the same number of inputs (got {widths})")
        lengths = np.array([len(part) for part in parts], np.int64)
        values = np.zeros((len(parts), lengths.max(), parts[0].shape[1]))
        for k, part in enumerate(parts):
            values[k, : len(part)] = part
    else:
        values = np.ascontiguousarray(plain(X, "", label))
        if values.ndim != 3:
            hint = "; a single sample is X[None]" if values.ndim == 2 else ""
            raise ValueError(f"{label}: must be {wanted} (got shape {values.shape}){hint}")
        lengths = np.full(len(values), values.shape[1], np.int64)
    if not values.size or not lengths.all():
        shortest = (len(values), int(lengths.min(initial=values.shape[1])), values.shape[2])
        raise ValueError(f"{label}: must have at least one sample, one step and one input (got {shortest})")
    if inputs is not None and values.shape[2] != inputs:
        raise ValueError(f"{label}: must have {inputs} inputs, as in training (got {values.shape[2]})")
    return values, lengths


def pad_labels(y: Any, lengths: np.ndarray, steps: int, outputs: int | None, label: str) -> np.ndarray:
    """Return the labels of steps (samples, steps), -1 for none and after the ends, or raise ValueError."""
    if isinstance(y, list | tuple) and any(np.ndim(part) == 1 and len(part) != steps for part in y):
        rows = [np.asarray(part) for part in y]
        if len(rows) != lengths.size or any(row.shape != (n,) for row, n in zip(rows, lengths, strict=False)):
            raise ValueError(f"{label}: must have a label for each step of each sample")
        y = np.full((lengths.size, steps), -1, np.int64)
        for k, row in enumerate(rows):
            y[k, : row.size] = row
    y = np.asarray(y)
    if y.shape != (lengths.size, steps):
        raise ValueError(f"{label}: must have the shape ({lengths.size}, {steps}), a label for each step (got {y.shape})")
    if y.dtype.kind in "iu":
        y = np.where(np.arange(steps) < lengths[:, None], y.astype(np.int64), -1)
    return labels_of_steps(y, label, outputs)
