"""What learns: the values with which it begins, how far a batch moves it, and where it must stay."""

from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.core.checks import in_range
from brainsim.learn.spiking.layers import DELAYS
from brainsim.learn.spiking.plan import TIMES, UNUSED, VectorLayout, Wire, round_delays, round_weights
from brainsim.network.checks import MAX_DELAY

WEIGHTS = ("weight", "recurrent")
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
        for what in WEIGHTS[: 1 + bool(layer.recurrent)]:
            round_weights(plan.of(vector, what, b))
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


def check_vector(plan: LayersLayout, vector: np.ndarray, label: str) -> None:
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


def size_of(model: Any, name: str, values: np.ndarray, dt: float) -> Any:
    """Return the size of a step of a parameter of a model that learns: its values, or what stands for it if it is 0."""
    spec = model.parameters[name]
    return np.abs(values) if values.any() else (dt if spec.unit == "ms" else abs(spec.default) or SMALL)


def lowest_of(model: Any, name: str, dt: float) -> float:
    """Return the lowest value that a parameter of a model may reach."""
    spec = model.parameters[name]
    if spec.above is None:
        return -np.inf if spec.at_least is None else spec.at_least
    if spec.above == 0.0 and spec.unit == "ms":
        return dt
    return spec.above + CLOSEST * (getattr(model, name) - spec.above)


def keep_conditions(model: Any, places: dict[str, int], vector: np.ndarray, before: np.ndarray) -> None:
    """Halve a step of the parameters of a model, which are at `places`, until it breaks no condition of the model."""
    where = list(places.values())
    old, new = before[where], vector[where]
    for k in range(HALVINGS):
        vector[where] = old + 0.5**k * (new - old) if k else new
        if _holds(model, dict(zip(places, vector[where].tolist(), strict=True))):
            return
    vector[where] = old


def _holds(model: Any, learned: dict[str, float]) -> bool:
    try:
        model.check_values({name: getattr(model, name) for name in model.parameters} | learned)
    except ValueError:
        return False
    return True


class LayersLayout(VectorLayout):
    """The vector of a `SpikingNetwork`, and what training does to its parts; the readout is the last of the `layers`.

    `slices` leads from (what, block) to (slice, shape), with "weight", "recurrent", "bias", "delay", "recurrent_delay" and
    each of `TIMES`; for cells of a model with "tau_s" and the parameters of the model that learn.
    """

    def __init__(self, layers, n_in: int, dt: float, steps: int):
        self.layers, self.n_in, self.dt, self.steps, self.size = tuple(layers), n_in, dt, steps, 0
        self._derived, self.slices = {}, {}
        self.sizes = [n_in, *(layer.n for layer in self.layers)]
        for b, layer in enumerate(self.layers, 1):
            self._add("weight", b, (self.sizes[b - 1], layer.n))
            if layer.recurrent:
                self._add("recurrent", b, (layer.n, layer.n))
        self._add("bias", len(self.layers), (self.sizes[-1],))
        self.biases = {len(self.layers): ("bias", len(self.layers))}
        for b, layer in enumerate(self.layers, 1):
            self._add("delay", b, np.shape(layer.delay))
            if layer.recurrent:
                self._add("recurrent_delay", b, np.shape(layer.recurrent_delay))
        for b, layer in enumerate(self.layers, 1):
            for name in TIMES:
                self._add(name if layer.model is None or name == "tau_s" else UNUSED + name, b, ())
        for b, layer in enumerate(self.layers, 1):
            for name in layer.of_model:
                self._add(name, b, ())
        self.taus = [[("tau_s", b)] for b in range(1, len(self.sizes))]
        self.wires = [
            Wire(pre, post, (what, post), ("delay" if what == "weight" else "recurrent_delay", post))
            for what, pre, post in self.connections()
        ]
        self.start_v, self.timed = np.zeros(self.n_cells), any({*layer.learns} & {*DELAYS} for layer in self.layers)

    def initial(self, what: str, block: int) -> Any:
        """Return what a part of the vector is before training, other than weights and biases."""
        layer = self.layers[block - 1]
        return getattr(layer.model if what in layer.of_model else layer, what.removeprefix(UNUSED))

    @property
    def shown(self) -> list[tuple[str, int]]:
        """The keys of `slices` that mean something: of layers of models, only what learns has a gradient."""
        return [(what, b) for what, b in self.slices if self._is_shown(what, self.layers[b - 1])]

    @staticmethod
    def _is_shown(what, layer):
        return layer.model is None or what in layer.learns or not (what == "tau_s" or what.startswith(UNUSED))

    def connections(self) -> list[tuple[str, int, int]]:
        """Return ("weight" or "recurrent", source block, target block) of each connection, in order."""
        pairs = []
        for b, layer in enumerate(self.layers, 1):
            pairs += [("weight", b - 1, b)] + [("recurrent", b, b)] * bool(layer.recurrent)
        return pairs

    def scales(self, vector: np.ndarray) -> np.ndarray:
        """Return the size of a step of each element of the vector, relative to that of a weight; 0 for what does not learn.

        Time constants, delays and parameters of models move in proportion to their initial values.
        """
        scale = np.zeros(self.size)
        for (what, block), (where, _) in self.slices.items():
            layer = self.layers[block - 1]
            if what in ("weight", "recurrent", "bias"):
                scale[where] = 1.0
                if layer.model is not None:  # in the unit of a model: in proportion to the initial weights
                    weight = self.of(vector, "weight", block)
                    scale[where] = np.sqrt(np.mean(weight * weight)) or 1.0
            elif what in layer.of_model:
                scale[where] = size_of(layer.model, what, vector[where], self.dt)
            elif what in layer.learns:
                scale[where] = np.maximum(np.abs(vector[where]), self.dt if what != "beta" else SMALL)
        return scale

    @property
    def bound(self) -> bool:
        """Whether parameters that learn are bound to each other by conditions of their model."""
        return any(layer.of_model and layer.model.conditions for layer in self.layers)

    def keep_in_range(self, vector: np.ndarray, before: np.ndarray | None) -> None:
        """Put back what a step has moved out of its range; `before` is the vector before it, if models have conditions.

        Time constants and delays stay at least as long as a time step, delays within a sample, and parameters of models
        within their limits. Weights and delays are rounded to what a simulation keeps of them.
        """
        longest = max(LONGEST_PART * self.dt * self.steps, self.dt)
        for (what, block), (where, _) in self.slices.items():
            layer = self.layers[block - 1]
            if what in WEIGHTS:
                round_weights(vector[where])
            if what not in layer.learns:
                continue
            if what in DELAYS:
                round_delays(np.clip(vector[where], self.dt, longest, out=vector[where]))
            elif what in layer.of_model:
                np.maximum(vector[where], lowest_of(layer.model, what, self.dt), out=vector[where])
            elif what in TIMES:
                np.maximum(vector[where], 0.0 if what == "beta" else self.dt, out=vector[where])
        for block, layer in enumerate(self.layers, 1):
            if before is not None and layer.of_model:
                places = {name: self.slices[name, block][0].start for name in layer.of_model}
                keep_conditions(layer.model, places, vector, before)

    def named(self, block: int) -> tuple[str, str]:
        """Return what messages call a layer, and how its initial weights are given."""
        if block == len(self.layers):
            return "the readout", ": Readout(kind='spiking', weight=(mean, deviation))"
        return f"hidden layer {block - 1}", f": Layer({self.sizes[block]}, weight=(mean, deviation))"

    def wake(self, vector: np.ndarray, block: int, quiet: np.ndarray, part: float) -> None:
        """Raise the weights onto the cells of a layer that were quiet, by a part of their root mean square."""
        weight = self.of(vector, "weight", block)
        weight[:, quiet] = round_weights(weight[:, quiet] + part * np.sqrt(np.mean(weight * weight)))
