"""Nodes without a state as sparse matrices, by which the values of their inputs are multiplied."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from brainsim.nir.cells import KINDS


@dataclass(frozen=True)
class Linear:
    """What a node does: ``y = x @ matrix + bias``, later by `delay`, which has a time for each value or is None."""

    matrix: Any
    shape: tuple[int, ...]
    bias: Any = 0.0
    delay: Any = None

    def apply(self, sent: list[tuple[float, Any]]) -> list[tuple[float, Any]]:
        """Return (time, y), without the bias, of all (time, x)."""
        if self.delay is None:
            return [(time, x @ self.matrix) for time, x in sent]
        each = [(more, sparse.diags_array(1.0 * (self.delay == more))) for more in np.unique(self.delay).tolist()]
        return [(time + more, x @ mask) for time, x in sent for more, mask in each]


def unroll(name: str, node: Any, shape: tuple[int, ...]) -> Linear:
    """Return what a node does with values of a shape; cells and the ends of graphs take them as they are."""
    kind, n = type(node).__name__, math.prod(shape)
    if kind in ("Affine", "Linear"):
        weight = np.asarray(node.weight, np.float64)
        matrix = sparse.block_diag([w.T for w in weight.reshape(-1, *weight.shape[-2:])], format="csr")
        return Linear(matrix, (*weight.shape[:-2], weight.shape[-2]), np.ravel(getattr(node, "bias", 0.0)))
    if kind in ("Conv1d", "Conv2d"):
        return _convolve(name, shape, node, np.asarray(node.weight, np.float64), int(node.groups))
    if kind in ("SumPool2d", "AvgPool2d"):
        weight = np.ones((shape[0], 1, *np.broadcast_to(node.kernel_size, 2)))
        return _convolve(name, shape, node, weight if kind == "SumPool2d" else weight / weight[0].size, shape[0])
    if kind in ("Scale", "Delay"):
        values = np.ravel(np.asarray(getattr(node, kind.lower()), np.float64))
        values = np.broadcast_to(values, n) if values.size == 1 else values
        scale, delay = (values, None) if kind == "Scale" else (np.ones(values.size), values)
        return Linear(sparse.diags_array(scale, format="csr"), shape, delay=delay)
    if kind == "Flatten":
        first, last = int(node.start_dim) % len(shape), int(node.end_dim) % len(shape) + 1
        shape = (*shape[:first], math.prod(shape[first:last]), *shape[last:]) if first < last else shape
    elif kind not in KINDS:
        raise ValueError(f"nir.read: {name!r} is a node of an unknown kind, {kind}")
    return Linear(sparse.eye_array(n, format="csr"), shape)


def _convolve(name, shape, node, weight, groups):
    """Return a convolution, or a pool as one, of values of a shape (channels, ...)."""
    kernel, channels = weight.shape[2:], weight.shape[1] * groups
    if len(shape) != weight.ndim - 1 or shape[0] != channels:
        wanted = (channels, *("any",) * len(kernel))
        raise ValueError(f"nir.read: {name!r}, {type(node).__name__}, takes the shape {wanted} (got {shape})")
    stride, dilation = (np.broadcast_to(getattr(node, key, 1), len(kernel)).astype(int) for key in ("stride", "dilation"))
    span, padding = dilation * (np.array(kernel) - 1), node.padding
    added = {"same": span, "valid": 0 * span}[padding] if isinstance(padding, str) else 2 * np.asarray(padding, int)
    size = (np.array(shape[1:]) + added - span - 1) // stride + 1
    if size.min() < 1:
        raise ValueError(
            f"nir.read: {name!r}, {type(node).__name__}, has a kernel larger than the shape {shape} it is given"
        )
    parts = []
    for offset in np.ndindex(kernel):  # all pairs that this element of the kernel connects: of channels, times of places
        pairs = sparse.block_diag([w[..., *offset].T for w in weight.reshape(groups, -1, *weight.shape[1:])])
        for n, m, step, first in zip(shape[1:], size, stride, dilation * offset - added // 2, strict=True):
            pairs = sparse.kron(pairs, sparse.eye_array(n, m * step, k=-first, format="csc")[:, ::step], format="csr")
        parts.append(pairs)
    shape = (weight.shape[0], *size.tolist())
    return Linear(sum(parts), shape, np.repeat(getattr(node, "bias", 0.0), math.prod(shape[1:])))
