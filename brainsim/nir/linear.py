"""Nodes without a state as sparse matrices, by which the values of their inputs are multiplied."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

import brainsim as bs
from brainsim.core.checks import integer, warn_user
from brainsim.nir.cell_models import KINDS
from brainsim.nir.values import told_where


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
        later = [(time + more, x @ mask) for time, x in sent for more, mask in each]
        return [(time, x) for time, x in later if abs(x).sum()] or later[:1]  # or each Delay would double the times


def unroll(name: str, node: Any, shape: tuple[int, ...]) -> Linear:
    """Return what a node does with values of a shape; cells and the ends of graphs take them as they are."""
    kind, n = type(node).__name__, math.prod(shape)
    if kind in ("Affine", "Linear"):
        weight = np.asarray(node.weight, np.float64)
        matrix = sparse.block_diag([w.T for w in weight.reshape(-1, *weight.shape[-2:])], format="csr")
        return _with_bias(name, node, matrix, (*weight.shape[:-2], weight.shape[-2]), 1)
    if kind in ("Conv1d", "Conv2d", "SumPool2d", "AvgPool2d"):
        with told_where(f"{name!r}, {kind}"):
            rule = _rule_of(kind, node, shape)
        said = getattr(node, "input_shape", None)
        if said is not None and not np.array_equal(np.ravel(said), shape[1:]):
            warn_user(
                f"nir.read: {name!r}, {kind}: input_shape is {said}, but what reaches it has {shape[1:]}, which is taken"
            )
        matrix = sparse.csr_array((rule.weight, (rule.pre, rule.post)), (n, math.prod(rule.target_shape)))
        return _with_bias(name, node, matrix, rule.target_shape, math.prod(rule.target_shape[1:]))
    if kind in ("Scale", "Delay"):
        values = np.ravel(np.asarray(getattr(node, kind.lower()), np.float64))
        values = np.broadcast_to(values, n) if values.size == 1 else values
        scale, delay = (values, None) if kind == "Scale" else (np.ones(values.size), values)
        return Linear(sparse.diags_array(scale, format="csr"), shape, delay=delay)
    if kind == "Flatten":
        with told_where(f"{name!r}, {kind}"):
            first, last = (_axis(node, field, len(shape)) for field in ("start_dim", "end_dim"))
        last += 1
        shape = (*shape[:first], math.prod(shape[first:last]), *shape[last:]) if first < last else shape
    elif kind not in KINDS:
        raise ValueError(f"nir.read: {name!r} is a node of an unknown kind, {kind}")
    return Linear(sparse.eye_array(n, format="csr"), shape)


def _with_bias(name, node, matrix, shape, places):
    """Return what a node with weights does; if it has a bias, this has one value for the given number of places."""
    bias = getattr(node, "bias", None)
    if bias is None:
        return Linear(matrix, shape)
    if np.size(bias) * places != matrix.shape[1]:
        label = f"nir.read: {name!r}, {type(node).__name__}, bias"
        raise ValueError(f"{label}: must have {matrix.shape[1] // places} values (got {np.size(bias)})")
    return Linear(matrix, shape, np.repeat(np.asarray(bias, np.float64), places))


def _axis(node, field, n):
    """Return a dimension of values of n dimensions, counted from the end if it is negative."""
    return integer(getattr(node, field), field, at_least=-n, at_most=n - 1) % n


def _rule_of(kind, node, shape):
    if kind.endswith("Pool2d"):
        return bs.Pooling(shape, node.kernel_size, node.stride, node.padding, "sum" if kind == "SumPool2d" else "mean")
    return bs.Convolution(node.weight, shape, node.stride, node.padding, node.dilation, int(node.groups))
