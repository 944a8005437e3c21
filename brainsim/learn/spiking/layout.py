"""The numbering of a network that learns: its blocks of cells, its connections, and one vector of all that is learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from brainsim.learn.spiking.blocks import Block, tau_name
from brainsim.learn.spiking.kernels.net import TIMES

LARGEST_WEIGHT = 3e38  # of float32
UNUSED = "unused "  # prefix of entries of TIMES that a model lacks
LONGEST_PART = 0.5  # of a sample that a learned delay may take
CLOSEST = 0.01  # part of its first distance to which a parameter may approach a limit that it must not reach
HALVINGS = 20  # of a step that would break a condition, before it is left out
FORMER = {"plan": "layout", "_unchanged": "_best_as_found", "_parts": "_parts_when_drawn", "_source": "_input_name"}
SMALL = 0.1  # is taken as the size of what begins at 0 and has no unit of time


def round_weights(values: np.ndarray) -> np.ndarray:
    """Round weights in place to numbers of float32, which a simulation keeps; return them."""
    small = np.abs(values) < LARGEST_WEIGHT
    values[small] = values[small].astype(np.float32)
    return values


def round_delays(values: np.ndarray) -> np.ndarray:
    """Round delays in place to picoseconds, in which a precise simulation counts them; return them."""
    return np.round(values, 9, out=values)


class Wire(NamedTuple):
    """A connection between two blocks of cells.

    A dense one has a weight for each pair; of a sparse one, `rows` (sources + 1,) says where the synapses of each source
    begin, and `targets` who receives them, in increasing order for each source.
    """

    pre: int
    post: int
    weight: np.ndarray
    delay: Any  # a number, or an array with one for each synapse
    name: str  # of its delays in messages
    receptor: int = 0  # among those of the target
    rows: np.ndarray | None = None
    targets: np.ndarray | None = None
    projection: Any = None  # of the user's network
    which: Any = None  # the place of each synapse in the table of the projection

    @property
    def each(self) -> bool:
        """Whether each synapse has its own delay."""
        return np.ndim(self.delay) > 0


class LearnedPart(NamedTuple):
    """Something that learns, or that a network shows without learning it."""

    at: slice  # in the vector
    shape: tuple[int, ...]  # () if it is one number
    key: tuple[str, Any]  # by which the user knows it
    kind: str  # one of those below, or the name of a number of cells
    block: int  # of the cells, or of the targets of synapses
    places: Any  # in the vector of the kernels: a slice, or indices
    step: Any = None  # size of a step, or a slice of values whose root mean square it is; None for what does not learn
    low: Any = -np.inf
    high: Any = np.inf
    shown: bool = True

    def of(self, vector: np.ndarray) -> np.ndarray:
        """Return a view of its values in the vector."""
        return vector[self.at].reshape(self.shape)

    def keep_in_range(self, vector: np.ndarray) -> None:
        """Put back what is out of its bounds, and round weights and delays to what a simulation keeps."""
        values = vector[self.at]
        np.clip(values, self.low, self.high, out=values)
        if self.kind in ROUNDED:
            np.clip(ROUNDED[self.kind](values), self.low, self.high, out=values)


WEIGHT, RECURRENT, DELAY, CURRENT = "a weight", "a recurrent weight", "a delay", "a current"
ROUNDED = {WEIGHT: round_weights, RECURRENT: round_weights, DELAY: round_delays}


class Layout:
    """Where everything of a network is, and what training does to it; the last of its `blocks` of cells are the outputs.

    The vector of the kernels has all `weights` and `delays` of connections, `biases` (constant currents into blocks), and
    at ``at[name, block]`` each of `TIMES`, the other receptors' time constants and the parameters of models that learn.
    What a network learns is a vector of `parts`, in the units of the user; the rest of the former is in `fixed`. Weights and
    currents are in pA in both, until `in_kernels` multiplies them for written kernels.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        n_in: int,
        wires: Sequence[Wire],
        currents: Mapping[int, np.ndarray],
        dt: float,
        steps: int,
        start_v: np.ndarray | None = None,
    ) -> None:
        self.blocks, self.n_in, self.wires, self.dt, self.steps = tuple(blocks), n_in, tuple(wires), dt, steps
        self.sizes = [n_in, *(block.n for block in blocks)]
        self.start_v = np.zeros(self.n_cells) if start_v is None else start_v
        self.size, self.parts, self._values, self._derived = (
            0,
            list[LearnedPart](),
            list[tuple[slice, Any]](),
            dict[Any, Any](),
        )
        self.weights = [self._number(wire.weight) for wire in wires]
        self.biases = {b: self._number(currents[b]) for b in sorted(currents)}
        self.delays = [self._number(wire.delay) for wire in wires]
        self.at = dict[tuple[str, int], int]()
        for b, block in enumerate(blocks, 1):
            for name in TIMES:
                used = block.model is None or name == "tau_s"
                self.at[name if used else UNUSED + name, b] = self._number(getattr(block, name)).start
            others = {tau_name(k): tau for k, tau in enumerate(block.taus) if k} | ({"c_m": block.c_m} if block.c_m else {})
            self.at |= {(name, b): self._number(value).start for name, value in others.items()}
        for b, block in enumerate(blocks, 1):
            self.at |= {(name, b): self._number(getattr(block.model, name)).start for name in block.of_model}

    def _number(self, value):
        at = slice(self.size, self.size + np.size(value))
        self.size = at.stop
        self._values.append((at, value))
        return at

    @cached_property
    def fixed(self) -> np.ndarray:
        """All values of the vector of the kernels before training."""
        values = np.empty(self.size)
        for at, value in self._values:
            values[at].reshape(np.shape(value))[...] = value
        return values

    def add(self, shape: tuple[int, ...], *what: Any, **how: Any) -> None:
        """Add a `LearnedPart` to the vector, behind the others."""
        begin = self.parts[-1].at.stop if self.parts else 0
        self.parts.append(LearnedPart(slice(begin, begin + int(np.prod(shape, dtype=np.int64))), shape, *what, **how))

    def __getstate__(self) -> dict[str, Any]:
        """Return what is copied or pickled: derived kernels are written again."""
        return vars(self) | {"_derived": {}}

    @property
    def start(self) -> np.ndarray:
        """The vector with which training begins."""
        return np.concatenate([self.fixed[part.places][: part.at.stop - part.at.start] for part in self.parts])

    @cached_property
    def same(self) -> bool:
        """Whether the vector is that of the kernels, as large networks of layers need no copies."""
        return all(isinstance(part.places, slice) and part.places == part.at for part in self.parts)

    @property
    def timed(self) -> bool:
        """Whether delays learn."""
        return any(part.kind == DELAY and part.step is not None for part in self.parts)

    @property
    def bound(self) -> bool:
        """Whether parameters that learn are bound to each other by conditions of their model."""
        return any(block.of_model and block.model.conditions for block in self.blocks)

    def shown(self, vector: np.ndarray) -> dict[tuple[str, Any], np.ndarray]:
        """Return views of the parts of a vector, as the user knows them."""
        return {part.key: part.of(vector) for part in self.parts if part.shown}

    def in_kernels(self, vector: np.ndarray) -> np.ndarray:
        """Return the vector of the kernels: for written ones in mV, of which a current of 1 pA makes a certain number."""
        if self.same:
            return vector
        full = self._in_full(vector)
        for b, block in enumerate(self.blocks, 1):
            if block.c_m:
                for where in self._driving(b):
                    full[where] *= self._gain(full, b)
                if b in self.biases:
                    full[self.biases[b]] += block.rest
        return full

    def of_kernels(self, vector: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient with respect to the vector, from that with respect to the one of the kernels, in its place."""
        if self.same:
            return gradient
        full, found = self._in_full(vector), np.empty(vector.size)
        for b, block in enumerate(self.blocks, 1):
            if block.c_m:
                gain, by_gain = self._gain(full, b), 0.0
                for where in self._driving(b):
                    by_gain += float(gradient[where] @ full[where])
                    gradient[where] *= gain
                c_m = full[self.at["c_m", b]]
                gradient[self.at["tau_m", b]] += by_gain / c_m
                gradient[self.at["c_m", b]] = -by_gain * gain / c_m
        for part in self.parts:
            found[part.at] = gradient[part.places] if part.shape else gradient[part.places].sum()
        return found

    def _in_full(self, vector):
        full = self.fixed.copy()
        for part in self.parts:
            full[part.places] = vector[part.at]
        return full

    def _gain(self, full, b):
        """Return what 1 pA does to the potential of cells with written kernels [mV]."""
        return float(full[self.at["tau_m", b]]) / float(full[self.at["c_m", b]])

    def _driving(self, b):
        """Return where the weights onto a block, and the currents into it, are."""
        weights = [where for wire, where in zip(self.wires, self.weights, strict=True) if wire.post == b]
        return [*weights, *([self.biases[b]] if b in self.biases else [])]

    def scales(self, vector: np.ndarray) -> np.ndarray:
        """Return the size of a step of each element of a vector before training; 0 for what does not learn."""
        scale = np.zeros(vector.size)
        for part in self.parts:
            if part.step is not None:
                scale[part.at] = (rms(vector[part.step]) or 1.0) if isinstance(part.step, slice) else part.step
        return scale

    def keep_in_range(self, vector: np.ndarray, before: np.ndarray | None) -> None:
        """Put back what a step has moved out of its range; `before` is the vector before it, if models have conditions."""
        for part in self.parts:
            if part.step is not None:
                part.keep_in_range(vector)
        for b, block in enumerate(self.blocks, 1):
            if before is not None and block.of_model:
                places = {part.kind: part.at.start for part in self.parts if part.block == b and part.kind in block.of_model}
                keep_conditions(block.model, places, vector, before)

    def wake(self, vector: np.ndarray, block: int, quiet: np.ndarray, amount: float) -> None:
        """Raise the weights that learn onto the cells of a block that were quiet, by a part of their root mean square."""
        raised = np.zeros(self.size, bool)
        for wire, where in zip(self.wires, self.weights, strict=True):
            if wire.post == block:
                onto = np.arange(wire.weight.size) % quiet.size if wire.targets is None else wire.targets
                raised[where] = quiet[onto]
        for part in self.parts:
            if part.kind == WEIGHT and part.shape and raised[part.places].any():
                weights = vector[part.at]
                weights[raised[part.places]] += amount * rms(weights)
                part.keep_in_range(vector)

    def output_weights(self) -> np.ndarray:
        """Return where the weights of other cells onto the outputs are in the vector of the kernels."""
        last, places = len(self.blocks), np.arange(self.size)
        found = [places[at] for wire, at in zip(self.wires, self.weights, strict=True) if 0 < wire.pre < last == wire.post]
        return np.concatenate([places[:0], *found])

    def learned_at(self, places: np.ndarray) -> np.ndarray:
        """Return where in the vector that is learned the `places` of the one of the kernels are, if they learn."""
        chosen, found = np.isin(np.arange(self.size), places), [np.zeros(0, np.int64)]
        for part in self.parts:
            among = chosen[part.places]
            found.append(np.arange(part.at.start, part.at.stop)[among if part.shape else [among.all()]])
        return np.concatenate(found)

    def derived(self, b: int, currents: bool) -> Any:
        """Return the derived kernels of a block, None if it has written ones."""
        block, driven = self.blocks[b - 1], self.driven(b, currents)
        if block.model is None:
            return None
        if (b, driven) not in self._derived:
            from brainsim.learn.spiking.from_equations.derived import derive

            smooth = block.smooth(driven)
            self._derived[b, driven] = derive(smooth, block.taus, self.dt, driven, block.label, block.of_equations)
        return self._derived[b, driven]

    def driven(self, b: int, currents: bool) -> bool:
        """Return whether currents from outside flow into a block, those of samples or constant ones."""
        return (currents and b == 1) or b in self.biases

    def values(self, vector: np.ndarray, b: int, currents: bool) -> dict[str, float]:
        """Return all parameters of a block of a model, with those that learn as they are now."""
        learned = {name: float(vector[self.at[name, b]]) for name in self.blocks[b - 1].of_model}
        return self.derived(b, currents).formulas.values(learned, vector[self.taus_at(b)].tolist())

    def numbers(self, vector: np.ndarray, currents: bool) -> dict[int, Any]:
        """Return block -> `numbers.Numbers` of the derived kernels, with the present parameters."""
        found = {}
        for b, block in enumerate(self.blocks, 1):
            if block.model is not None:
                derived, changes = self.derived(b, currents), bool(block.of_equations)
                found[b] = derived.formulas.at(self.values(vector, b, currents), self.dt) if changes else derived.start
        return found

    @property
    def n_cells(self) -> int:
        """Number of cells, with readouts."""
        return sum(self.sizes[1:])

    @property
    def n_slots(self) -> int:
        """Number of currents: one for each receptor of each cell."""
        return self.slot_of(len(self.sizes))

    def slot_of(self, b: int) -> int:
        """Return the first current of a block."""
        return sum(block.n * len(block.taus) for block in self.blocks[: b - 1])

    @property
    def most_receptors(self) -> int:
        """Largest number of receptors of a cell."""
        return max(len(block.taus) for block in self.blocks)

    def times_at(self, b: int) -> int:
        """Return where `TIMES` of a block begin in the vector of the kernels."""
        return self.at["tau_s", b] - TIMES.index("tau_s")

    def taus_at(self, b: int) -> list[int]:
        """Return where the time constants of the receptors of a block are in the vector of the kernels."""
        return [self.at[tau_name(k), b] for k in range(len(self.blocks[b - 1].taus))]

    def longest_delay(self, vector: np.ndarray) -> int:
        """Return the number of steps after which no spike is under way any more."""
        longest = max(float(vector[where].max(initial=0.0)) for where in self.delays)
        return int(np.ceil(longest / self.dt)) + 2

    def most_due(self, delay_steps: int, inputs: int) -> int:
        """Return how many synapses of a cell events may reach in a step, if a sample has a number of input spikes."""
        most = np.zeros(len(self.sizes), np.int64)
        for wire in self.wires:
            events = inputs if wire.pre == 0 else self.sizes[wire.pre] * (delay_steps if wire.each else 2)
            most[wire.post] += events * self._most_alike(wire)
        return int(most.max())

    def _most_alike(self, wire):
        """Return the largest number of synapses of a connection from the same source onto the same target."""
        if wire.rows is None or not wire.targets.size:
            return 1
        pairs = np.repeat(np.arange(wire.rows.size - 1), np.diff(wire.rows)) * self.sizes[wire.post] + wire.targets
        return int(np.diff(np.flatnonzero(np.diff(pairs, prepend=-1, append=-1))).max())


def take_pickled(self: Any, state: Mapping[str, Any]) -> None:
    """Set attributes from a pickle, which may be one of version 0.1."""
    vars(self).update({FORMER.get(name, name): value for name, value in state.items()})


def rms(values: np.ndarray) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(values * values)))


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
        learned = dict(zip(places, vector[where].tolist(), strict=True))
        try:
            model.check_values({name: getattr(model, name) for name in model.parameters} | learned)
        except ValueError:
            continue
        return
    vector[where] = old
