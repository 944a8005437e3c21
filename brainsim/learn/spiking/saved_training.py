"""The state of a training in a file: checked before anything is computed with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from brainsim.core.checks import in_range, integer, nearest
from brainsim.core.structure import check_array
from brainsim.learn.spiking.plan import Plan
from brainsim.learn.spiking.ranges import check_vector
from brainsim.learn.spiking.training import Training


def training_of(plan: Plan, settings: Any, kept: Mapping[str, np.ndarray]) -> Training:
    """Return the training of which `Training.state` returned `kept`.

    Raises
    ------
    ValueError, TypeError
        If an array is missing, unknown, of another type or shape, not finite, or out of the range of what it stands for.
    """
    label, expected = "its training/{}", Training(plan, settings, np.zeros(plan.size)).state()
    for name in (*expected, *kept):
        if name not in kept:
            raise ValueError(f"{label.format(name)}: is missing")
        if name not in expected:
            raise ValueError(f"{label.format(name)}: is unknown{nearest(name, expected)}")
    for name, values in kept.items():
        _check(label.format(name), name, values, expected[name], kept["history_loss"].size)
    for name in ("vector", "best"):
        check_vector(plan, kept[name], label.format(name))
    new = Training(plan, settings, kept["vector"].copy())
    new.load(kept)
    return new


def _check(label, name, values, expected, epochs):
    """Check one array; `expected` is what there is of this name before the first epoch."""
    if name == "silent":  # an empty list, or silent cells and cells of each layer
        check_array(values, None if values.size else values.dtype, (-(-values.size // 2), 2) if values.size else (0,), label)
    elif name.startswith("history_"):
        check_array(values, np.float64, (epochs,), label, finite=name == "history_skipped")
    elif name == "best_loss":
        check_array(values, np.float64, (), label)
        if np.isnan(values):
            raise ValueError(f"{label}: must be a number (got nan)")
    elif expected.shape == ():
        integer(values[()] if values.shape == () else values, label, at_least=0)
    else:
        check_array(values, np.float64, expected.shape, label, finite=True)
    if name in ("scale", "silent", "history_skipped") or name == "optimiser1":  # the mean of squares
        in_range(values, label, at_least=0.0)
