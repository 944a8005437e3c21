"""The ranges of what learns: how far a batch moves it, and where it must stay."""

from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.core.checks import in_range
from brainsim.learn.spiking.layers import DELAYS
from brainsim.learn.spiking.plan import TIMES, Plan
from brainsim.network.checks import MAX_DELAY

LONGEST_PART = 0.5  # of a sample that a learned delay may take
CLOSEST = 0.01  # part of its first distance to which a parameter may approach a limit that it must not reach
HALVINGS = 20  # of a step that would break a condition, before it is left out
SMALL = 0.1  # stands for the size of what begins at 0 and has no unit of time


def scales(plan: Plan, vector: np.ndarray) -> np.ndarray:
    """Return the size of a step of each element of the vector, relative to that of a weight; 0 for what does not learn.

    Time constants, delays and parameters of models move in proportion to their initial values.
    """
    scale = np.zeros(plan.size)
    for (what, block), (where, _) in plan.slices.items():
        if what in ("weight", "recurrent", "bias"):
            scale[where] = 1.0
            if plan.layers[block - 1].model is not None:  # in the unit of a model: in proportion to the initial weights
                weight = plan.of(vector, "weight", block)
                scale[where] = np.sqrt(np.mean(weight * weight)) or 1.0
        elif what in plan.layers[block - 1].of_model:
            spec = plan.layers[block - 1].model.parameters[what]
            instead = plan.dt if spec.unit == "ms" else abs(spec.default) or SMALL
            scale[where] = np.abs(vector[where]) if vector[where].any() else instead
        elif what in plan.layers[block - 1].learns:
            scale[where] = np.maximum(np.abs(vector[where]), plan.dt if what != "beta" else SMALL)
    return scale


def check_vector(plan: Plan, vector: np.ndarray, label: str) -> None:
    """Raise ValueError if a delay, a time constant or a parameter in a vector is out of its range."""
    longest = plan.dt * max(MAX_DELAY, LONGEST_PART * plan.steps) * (1.0 + 1e-9)
    for (what, block), (where, _) in plan.slices.items():
        layer, name = plan.layers[block - 1], f"{label}: {what} of layer {block - 1}"
        if what in DELAYS:
            in_range(vector[where], name, "ms", at_least=plan.dt * (1.0 - 1e-9), at_most=longest)
        elif what in layer.of_model:
            layer.model.parameters[what].checked(float(vector[where][0]), name)
        elif what == "beta":
            in_range(vector[where], name, at_least=0.0)
        elif what in TIMES:
            in_range(vector[where], name, "ms", above=0.0)


def keep_in_range(plan: Plan, vector: np.ndarray, before: np.ndarray | None) -> None:
    """Put back what a step has moved out of its range; `before` is the vector before it, if models have conditions.

    Time constants and delays stay at least as long as a time step, delays within a sample, and parameters of models within
    their limits. A step of the parameters of a model that breaks one of its conditions is halved until it does not.
    """
    longest = max(LONGEST_PART * plan.dt * plan.steps, plan.dt)
    for (what, block), (where, _) in plan.slices.items():
        layer = plan.layers[block - 1]
        if what not in layer.learns:
            continue
        if what in DELAYS:
            np.clip(vector[where], plan.dt, longest, out=vector[where])
        elif what in layer.of_model or what in TIMES:
            np.maximum(vector[where], _lowest(plan, what, layer), out=vector[where])
    for block, layer in enumerate(plan.layers, 1):
        if before is not None and layer.of_model:
            _keep_conditions(plan, block, vector, before)


def _lowest(plan, what, layer):
    """Return the smallest value of a time constant or a parameter."""
    if what not in layer.of_model:
        return 0.0 if what == "beta" else plan.dt
    spec = layer.model.parameters[what]
    if spec.above is None:
        return -np.inf if spec.at_least is None else spec.at_least
    if spec.above == 0.0 and spec.unit == "ms":
        return plan.dt
    return spec.above + CLOSEST * (getattr(layer.model, what) - spec.above)


def _keep_conditions(plan, block, vector, before):
    layer = plan.layers[block - 1]
    places = [plan.slices[name, block][0].start for name in layer.of_model]
    old, new = before[places], vector[places]
    for k in range(HALVINGS):
        vector[places] = old + 0.5**k * (new - old) if k else new
        if _holds(layer.model, dict(zip(layer.of_model, vector[places].tolist(), strict=True))):
            return
    vector[places] = old


def _holds(model: Any, learned: dict[str, float]) -> bool:
    """Return whether the conditions of a model hold."""
    try:
        model.check_values({name: getattr(model, name) for name in model.parameters} | learned)
    except ValueError:
        return False
    return True
