"""Sequences of different lengths, and the labels of their steps, as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.core.checks import plain
from brainsim.learn.checked_samples import labels_of_steps


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
