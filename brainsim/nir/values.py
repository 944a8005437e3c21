"""Checks of the values of a node, which come before anything is computed from them."""

import contextlib
import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from brainsim.core.checks import MAX_INDEX, in_range, integer, plain

# what says how values are arranged
ARRANGED = ("input_shape", "stride", "padding", "dilation", "groups", "kernel_size", "start_dim", "end_dim")
NOT_CHECKED = ("input_type", "output_type", "metadata", *ARRANGED)


def check_values(name: str, node: Any) -> None:
    """Raise an error unless all values of a node are finite real numbers, and its shape is that of 1 to 2**31 - 1 cells."""
    label = f"nir.read: {name!r}, {type(node).__name__},"
    if hasattr(node, "nodes"):  # a graph without nodes
        raise ValueError(f"{label} has no nodes")
    for field in dataclasses.fields(node):
        value = getattr(node, field.name, None)
        if field.name in NOT_CHECKED or value is None:
            continue
        if np.size(value) == 0:
            raise ValueError(f"{label} {field.name}: has no values (got the shape {np.shape(value)})")
        checked = plain(value, "", f"{label} {field.name}")
        if field.name == "delay":
            in_range(checked, f"{label} {field.name}", at_least=0.0)
    if type(node).__name__ in ("Input", "Output"):
        check_size(np.ravel(node.output_type["output"]), f"{label} shape")


@contextlib.contextmanager
def told_where(label: str) -> Iterator[None]:
    """Let errors in what a node becomes name the node."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"nir.read: {label}: {error}") from None


def check_size(shape: Any, label: str) -> None:
    """Raise an error unless a shape has whole numbers, and as many cells as a population may have."""
    sizes = [integer(size, label, at_least=1) for size in np.asarray(shape, object).tolist()]
    if math.prod(sizes) > MAX_INDEX:
        raise ValueError(f"{label}: has {math.prod(sizes):,} cells; a population has at most {MAX_INDEX:,}")
