"""Nodes without a state as sparse matrices, by which the values of their inputs are multiplied."""

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Linear:
    """What a node does: ``y = x @ matrix + bias``, later by `delay`, which has a time for each value or is None."""

    matrix: Any
    shape: tuple[int, ...]
    bias: Any = 0.0
    delay: np.ndarray | None = None


def unroll(name: str, node: Any, shape: tuple[int, ...]) -> Linear:
    """Return what a node does with values of a shape."""
    kind, n = type(node).__name__, math.prod(shape)
    same = sparse.eye_array(n, format="csr")
    if kind in ("Affine", "Linear"):
        weight = np.asarray(node.weight, np.float64)
        matrix = sparse.block_diag([w.T for w in weight.reshape(-1, *weight.shape[-2:])], format="csr")
        found = Linear(matrix, (*weight.shape[:-2], weight.shape[-2]), np.ravel(getattr(node, "bias", 0.0)))
    elif kind == "Scale":
        found = Linear(same * _each(node.scale, n), shape)
    elif kind in ("Conv1d", "Conv2d"):
        found = _convolve(name, shape, np.asarray(node.weight, np.float64), node)
    elif kind in ("SumPool2d", "AvgPool2d"):
        size = tuple(np.broadcast_to(node.kernel_size, 2).tolist())
        value = 1.0 if kind == "SumPool2d" else 1.0 / math.prod(size)
        found = _convolve(name, shape, np.full((shape[0], 1, *size), value), node, shape[0])
    elif kind == "Flatten":
        first, last = int(node.start_dim) % len(shape), int(node.end_dim) % len(shape) + 1
        found = Linear(same, (*shape[:first], math.prod(shape[first:last]), *shape[last:]) if first < last else shape)
    elif kind in ("Delay", "Input", "Output"):  # the last two are those of graphs in the graph
        found = Linear(same, shape, delay=_each(node.delay, n) if kind == "Delay" else None)
    else:
        raise ValueError(f"nir.read: {name!r} is a node of an unknown kind, {kind}")
    if found.matrix.shape[0] != n:
        raise ValueError(f"nir.read: {name!r}, {kind}, takes {found.matrix.shape[0]} values, but gets {n}, shape {shape}")
    return found


def _each(values, n):
    values = np.ravel(np.asarray(values, np.float64))
    return np.broadcast_to(values, n) if values.size == 1 else values


def _convolve(name, shape, weight, node, groups=None):
    """Return a convolution, or a pool as one, of values of a shape (channels, ...)."""
    kernel, groups = weight.shape[2:], int(node.groups if groups is None else groups)
    if len(shape) != weight.ndim - 1 or shape[0] != weight.shape[1] * groups:
        wanted = (weight.shape[1] * groups, *("any",) * len(kernel))
        raise ValueError(f"nir.read: {name!r}, {type(node).__name__}, takes the shape {wanted} (got {shape})")
    stride, dilation = (np.broadcast_to(getattr(node, key, 1), len(kernel)).astype(int) for key in ("stride", "dilation"))
    span = dilation * (np.array(kernel) - 1)
    if isinstance(node.padding, str):
        edges = np.stack([span // 2, span - span // 2], axis=1) * (node.padding == "same")
    else:
        edges = np.stack(2 * [np.broadcast_to(node.padding, len(kernel)).astype(int)], axis=1)
    places = np.pad(np.arange(math.prod(shape)).reshape(shape), [(0, 0), *edges.tolist()], constant_values=-1)
    size = (np.array(places.shape[1:]) - span - 1) // stride + 1
    n = math.prod(size)
    targets = np.arange(weight.shape[0] * n).reshape(groups, -1, 1, n)
    values = weight.reshape(groups, targets.shape[1], weight.shape[1], -1)
    found = []
    for k, offset in enumerate(itertools.product(*map(range, kernel))):  # all pairs that this element of the kernel connects
        windows = (slice(b, b + s * m, s) for b, s, m in zip(dilation * offset, stride, size, strict=True))
        sources = places[(slice(None), *windows)].reshape(groups, 1, weight.shape[1], n)
        found.append(np.broadcast_arrays(sources, targets, values[..., k, None]))
    rows, columns, data = (np.concatenate([part[a].ravel() for part in found]) for a in range(3))
    inside = (rows >= 0) & (data != 0.0)
    ends = rows[inside], columns[inside]
    matrix = sparse.csr_array((data[inside], ends), shape=(math.prod(shape), weight.shape[0] * n))
    return Linear(matrix, (weight.shape[0], *(int(m) for m in size)), np.repeat(getattr(node, "bias", 0.0), n))
