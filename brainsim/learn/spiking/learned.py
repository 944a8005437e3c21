"""What learns: the values with which it begins, how far a batch moves it, and where it must stay."""

from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.core.checks import in_range
from brainsim.learn.spiking.layers import DELAYS
from brainsim.learn.spiking.plan import TIMES, VectorLayout
from brainsim.network.checks import MAX_DELAY

LONGEST_PART = 0.5  # of a sample that a learned delay may take
CLOSEST = 0.01  # part of its first distance to which a parameter may approach a limit that it must not reach
HALVINGS = 20  # of a step that would break a condition, before it is left out
SMALL = 0.1  # is taken as the size of what begins at 0 and has no unit of time
FIRING = 0.4  # share of the cells of a layer that fire in a sample
SAMPLES = 64  # are enough to find out
TRIALS = 10  # of the bisection: 6 % of the weights
MEAN, SPREAD = 7.5, 1.5  # of weights, for one spike: the mean of n falls as 1/n, the spread as 1/sqrt(n)
OUTPUT, RECURRENT = 2.5, 0.3


def initial_vector(plan, runner, rng):
    """Return weights, delays and time constants to begin with.

    Layers are set one after the other: the weights of the first by its inputs, those of the next by the spikes of the one
    before.
    """
    vector = np.zeros(plan.size)
    for (what, block), (where, shape) in plan.slices.items():
        if what not in ("weight", "recurrent", "bias"):
            vector[where] = np.broadcast_to(plan.initial(what, block), shape).ravel()
    rows = np.arange(min(SAMPLES, runner.size), dtype=np.int64)
    drive = input_drive(runner.inputs, rows)
    for b, layer in enumerate(plan.layers, 1):
        weight = plan.of(vector, "weight", b)
        shape = rng.standard_normal(weight.shape)
        if layer.recurrent:
            mean, spread = layer.recurrent_weight or (0.0, RECURRENT / np.sqrt(layer.n))
            plan.of(vector, "recurrent", b)[...] = mean + spread * rng.standard_normal((layer.n, layer.n))
        if layer.weight is not None:
            weight[...] = layer.weight[0] + layer.weight[1] * shape
        elif not layer.spiking:
            weight[...] = OUTPUT / np.sqrt(drive) * shape
        else:
            weight[...] = MEAN / drive + SPREAD / np.sqrt(drive) * shape
            scale_to_fire(plan, runner, vector, b, rows)
        if layer.recurrent and layer.model is not None and layer.recurrent_weight is None:
            plan.of(vector, "recurrent", b)[...] *= np.sqrt(np.mean(weight * weight))
        if layer.spiking and b < len(plan.layers):
            drive = max(counts_of(plan, runner, vector, b, rows).sum(axis=1).mean(), 1.0)
    return vector


def input_drive(inputs, rows):
    """Return the mean number of spikes in a sample, or its counterpart with currents."""
    if inputs.currents.shape[1]:
        return max(float(np.abs(inputs.currents[rows]).sum(axis=2).mean()) * 7.5, 1e-3)
    return max(float(np.diff(inputs.offsets)[rows].mean()), 1.0)


def counts_of(plan, runner, vector, b, rows):
    """Return the spikes of the cells of a layer, (samples, cells)."""
    begin = sum(plan.sizes[1:b])
    return runner.run(vector, rows, learn=False).counts[:, begin : begin + plan.sizes[b]]


def scale_to_fire(plan, runner, vector, b, rows):
    """Multiply the weights onto a layer by a factor with which the wanted share of its cells fires."""
    weight, model = plan.of(vector, "weight", b), plan.layers[b - 1].model is not None
    shape, low, high = weight.copy(), -4.0, 16.0 if model else 4.0  # powers of 2; the unit of a model may be a pA
    for _ in range(2 * TRIALS if model else TRIALS):
        middle = 0.5 * (low + high)
        weight[...] = 2.0**middle * shape
        if (counts_of(plan, runner, vector, b, rows) > 0).mean() < FIRING:
            low = middle
        else:
            high = middle


def scales(plan: VectorLayout, vector: np.ndarray) -> np.ndarray:
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


def check_vector(plan: VectorLayout, vector: np.ndarray, label: str) -> None:
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


def keep_in_range(plan: VectorLayout, vector: np.ndarray, before: np.ndarray | None) -> None:
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
    try:
        model.check_values({name: getattr(model, name) for name in model.parameters} | learned)
    except ValueError:
        return False
    return True
