"""The numbering of a network that learns: its blocks of cells, its connections, and one vector of all that is learned."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from brainsim.equations.steps.linear import one_step
from brainsim.learn.spiking.layers import DELAYS

# columns of `Net.numbers`, one row for each block
V_V, V_X, A_A, TAU_M, TAU_A, JUMP, V_TH, V_RESET, T_REF = range(9)
TIMES = ("tau_m", "tau_s", "tau_a", "beta")  # the numbers of a block that can be learned, in the order of the vector
AT_TAU_M, AT_TAU_S, AT_TAU_A, AT_JUMP = range(4)  # their places
AT_SLOW = AT_TAU_A  # in the gradient of derived kernels: what their potentials got from spikes, each times its adjoint
LARGEST_WEIGHT = 3e38  # of float32
UNUSED = "unused "  # before the name of those of TIMES that cells of a model do not have


def round_weights(values: np.ndarray) -> np.ndarray:
    """Round weights in place to numbers of float32, which a simulation keeps; return them."""
    small = np.abs(values) < LARGEST_WEIGHT
    values[small] = values[small].astype(np.float32)
    return values


def round_delays(values: np.ndarray) -> np.ndarray:
    """Round delays in place to picoseconds, in which a precise simulation counts them; return them."""
    return np.round(values, 9, out=values)


def tau_name(receptor: int) -> str:
    """Return the name of the time constant of a receptor of a block."""
    return f"tau_s {receptor}" if receptor else "tau_s"


class Wire(NamedTuple):
    """A connection between two blocks of cells, and which parts of the vector hold its weights and delays.

    A dense one has a weight for each pair; of a sparse one, `rows` (sources + 1,) says where the synapses of each source
    begin, and `targets` who receives them, in increasing order for each source.
    """

    pre: int
    post: int
    weight: tuple[str, Any]
    delay: tuple[str, Any]
    receptor: int = 0  # among those of the target
    rows: np.ndarray | None = None
    targets: np.ndarray | None = None


class Net(NamedTuple):
    """What the kernels know of a network. Block 0 are the inputs, the last block is the readout.

    Each receptor of a block has a current for each of its cells, and all currents are numbered through.
    """

    dt: float
    steps: int
    on_grid: int  # whether spikes are at the ends of steps
    timed: int  # whether delays learn
    floor: float  # the smallest rise of v in a step that the adjoint divides by
    start: np.ndarray  # first cell of each block
    stop: np.ndarray
    spiking: np.ndarray  # whether the cells of a block fire
    adaptive: np.ndarray
    exact: np.ndarray  # whether written kernels find when within a step they fire
    waiting: np.ndarray  # whether there is a refractory time
    numbers: np.ndarray  # (blocks, 9)
    start_v: np.ndarray  # (cells,)
    above: np.ndarray  # 0 for blocks of which a cell begins above its threshold, else -1
    receptors: np.ndarray  # (blocks + 1,): the first receptor of each block
    slot: np.ndarray  # (receptors,): the first of its currents
    tau_s: np.ndarray
    tau_at: np.ndarray  # where tau_s is in the vector
    v_i: np.ndarray  # what v gets of a current in a step, and what is left of the current
    i_i: np.ndarray
    factor: np.ndarray  # of the response of v to a spike: 1, or see `derived.Derived`
    ahead: np.ndarray  # addresses of the derived kernels of blocks, 0 for the written ones
    back: np.ndarray
    bias_at: np.ndarray  # where the constant currents into a block begin in the vector, -1 for none
    times_at: np.ndarray  # where TIMES of a block begin in the vector
    pre: np.ndarray  # block of the sources of each connection
    post: np.ndarray
    receptor: np.ndarray
    rows_at: np.ndarray  # where the rows of a sparse connection begin in `rows`, -1 for a dense one
    targets_at: np.ndarray
    rows: np.ndarray
    targets: np.ndarray  # int32
    at: np.ndarray  # where its weights begin in the vector
    each: np.ndarray  # whether each synapse has its own delay
    delay_at: np.ndarray


class VectorLayout:
    """Where everything of a network is in the vector of the kernels; the last of its blocks of cells are the outputs.

    `slices` leads from (what, block) to (slice, shape), with each of `TIMES`, and the parameters of models that learn.
    `wires` are the connections, `taus` the keys of the time constants of the receptors of each block, `biases` those of
    constant currents.
    """

    layers: tuple[Any, ...]
    n_in: int
    dt: float
    steps: int
    size: int  # of the vector of the kernels
    sizes: list[int]
    slices: dict[tuple[str, Any], tuple[slice, tuple[int, ...]]]
    wires: list[Wire]
    taus: list[list[tuple[str, int]]]
    biases: dict[int, tuple[str, int]]
    start_v: np.ndarray
    timed: bool  # whether delays learn
    _derived: dict[tuple[int, bool], Any]

    def __getstate__(self) -> dict[str, Any]:
        """Return what is copied or pickled: derived kernels are written again."""
        return vars(self) | {"_derived": {}}

    def derived(self, block: int, currents: bool) -> Any:
        """Return the derived kernels of a block, None if its layer has written ones."""
        layer = self.layers[block - 1]
        if layer.model is None:
            return None
        key = block, (currents and block == 1) or block in self.biases
        if key not in self._derived:
            from brainsim.learn.spiking.from_equations.derived import derive

            label = f"ModelLayer.model {type(layer.model).__name__}"
            self._derived[key] = derive(
                layer.smooth(key[1]), self.taus_of(layer), self.dt, key[1], label, layer.of_equations
            )
        return self._derived[key]

    def taus_of(self, layer: Any) -> list[float]:
        """Return the time constants of the receptors of a block before training."""
        return [layer.tau_s]

    def values(self, vector: np.ndarray, block: int, currents: bool) -> dict[str, float]:
        """Return all parameters of a layer of a model, with those that learn as they are now."""
        learned = {name: float(self.of(vector, name, block)) for name in self.layers[block - 1].of_model}
        taus = [float(self.of(vector, *key)) for key in self.taus[block - 1]]
        return self.derived(block, currents).formulas.values(learned, taus)

    def numbers(self, vector: np.ndarray, currents: bool) -> dict[int, Any]:
        """Return block -> `numbers.Numbers` of the derived kernels, with the present parameters."""
        found = {}
        for b, layer in enumerate(self.layers, 1):
            if layer.model is not None:
                derived = self.derived(b, currents)
                changes = bool(layer.of_equations)
                found[b] = derived.formulas.at(self.values(vector, b, currents), self.dt) if changes else derived.start
        return found

    def in_kernels(self, vector: np.ndarray) -> np.ndarray:
        """Return the vector as kernels take it: the same one."""
        return vector

    def of_kernels(self, vector: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Return the gradient with respect to the vector, from what the kernels have found."""
        return gradient

    @property
    def n_cells(self) -> int:
        """Number of cells, with readouts."""
        return sum(self.sizes[1:])

    @property
    def n_slots(self) -> int:
        """Number of currents: one for each receptor of each cell."""
        return sum(n * len(taus) for n, taus in zip(self.sizes[1:], self.taus, strict=True))

    def slot_of(self, block: int) -> int:
        """Return the first current of a block."""
        return sum(n * len(taus) for n, taus in zip(self.sizes[1:block], self.taus, strict=False))

    def most_due(self, delay_steps: int, inputs: int) -> int:
        """Return how many synapses of a cell events may reach in a step, if a sample has a number of input spikes."""
        most = np.zeros(len(self.sizes), np.int64)
        for wire in self.wires:
            each = self.slices[wire.delay][1] != ()
            events = inputs if wire.pre == 0 else self.sizes[wire.pre] * (delay_steps if each else 2)
            most[wire.post] += events * self._most_alike(wire)
        return int(most.max())

    def _most_alike(self, wire):
        """Return the largest number of synapses of a connection from the same source onto the same target."""
        if wire.rows is None or wire.targets is None or not wire.targets.size:
            return 1
        pairs = np.repeat(np.arange(wire.rows.size - 1), np.diff(wire.rows)) * self.sizes[wire.post] + wire.targets
        return int(np.diff(np.flatnonzero(np.diff(pairs, prepend=-1, append=-1))).max())

    @property
    def most_receptors(self) -> int:
        """Largest number of receptors of a cell."""
        return max(map(len, self.taus))

    def of(self, vector: np.ndarray, what: str, block: int) -> np.ndarray:
        """Return a view of a part of a vector."""
        where, shape = self.slices[what, block]
        return vector[where].reshape(shape)

    def times_at(self, block: int) -> int:
        """Return where `TIMES` of a block begin in the vector."""
        return self.slices["tau_s", block][0].start - TIMES.index("tau_s")

    def output_weights(self) -> np.ndarray:
        """Return where the weights of other cells onto the outputs are in the vector of the kernels."""
        last = len(self.sizes) - 1
        found = [self.slices[wire.weight][0] for wire in self.wires if wire.post == last and 0 < wire.pre < last]
        return np.concatenate([np.zeros(0, np.int64), *(np.arange(where.start, where.stop) for where in found)])

    def learned_at(self, places: np.ndarray) -> np.ndarray:
        """Return where in the vector that is learned the `places` of the one of the kernels are, if they learn."""
        return places

    def longest_delay(self, vector: np.ndarray) -> int:
        """Return the number of steps after which no spike is under way any more."""
        delays = [where for (what, _), (where, _) in self.slices.items() if what in DELAYS]
        longest = max(float(vector[where].max(initial=0.0)) for where in delays)
        return int(np.ceil(longest / self.dt)) + 2

    def net(
        self,
        vector: np.ndarray,
        on_grid: bool = False,
        floor: float = 0.0,
        currents: bool = False,
        of_models: dict[int, Any] | None = None,
    ) -> Net:
        """Return what the kernels need, with the constants that belong to the present time constants.

        `of_models` is what `numbers` returned for this vector, if that is known.
        """
        edges, derived = np.cumsum([0, *self.sizes[1:]]), [self.derived(b, currents) for b in range(1, len(self.sizes))]
        of_models = self.numbers(vector, currents) if of_models is None else of_models
        numbers, responses, taus = np.zeros((len(self.sizes), 9)), list[tuple[float, float]](), list[float]()
        for b, layer in enumerate(self.layers, 1):
            times, driven = self.times_of(vector, b), (currents and b == 1) or b in self.biases
            own = [float(self.of(vector, *key)) for key in self.taus[b - 1]]
            numbers[b], more = block_numbers(layer, times, own, self.dt, driven)
            taus, responses = taus + own, responses + more
            if b in of_models:
                numbers[b, TAU_M] = of_models[b].tau_m
        layers, starts = (None, *self.layers), np.split(self.start_v, edges[1:-1])
        flags = {name: np.array([0, *(test(layer) for layer in self.layers)], np.int64) for name, test in FLAGS.items()}
        receptors = np.cumsum([0, 0, *map(len, self.taus)])
        widths = [n for n, keys in zip(self.sizes[1:], self.taus, strict=True) for _ in keys]
        return Net(
            dt=self.dt,
            steps=self.steps,
            on_grid=int(on_grid),
            timed=int(self.timed),
            floor=floor,
            start=np.array([0, *edges[:-1]], np.int64),
            stop=np.array([0, *edges[1:]], np.int64),
            numbers=numbers,
            start_v=self.start_v,
            above=np.array([-1, *(-int((v < n[V_TH]).all()) for v, n in zip(starts, numbers[1:], strict=True))], np.int64),
            receptors=receptors,
            slot=np.cumsum([0, *widths[:-1]]),
            tau_s=np.array(taus),
            tau_at=np.array([self.slices[key][0].start for keys in self.taus for key in keys]),
            v_i=np.array([v_i for v_i, _ in responses]),
            i_i=np.array([i_i for _, i_i in responses]),
            factor=np.array([1.0, *(of_models[b].factor if b in of_models else 1.0 for b in range(1, len(layers)))]),
            ahead=np.array([0, *(0 if d is None else d.address("ahead") for d in derived)], np.int64),
            back=np.array([0, *(0 if d is None else d.address("back") for d in derived)], np.int64),
            bias_at=np.array(
                [self.slices[self.biases[b]][0].start if b in self.biases else -1 for b in range(len(layers))], np.int64
            ),
            times_at=np.array([self.times_at(b) if b else 0 for b in range(len(layers))], np.int64),
            **self._wired(receptors),
            **{**flags, "exact": flags["exact"] * int(not on_grid)},
        )

    def times_of(self, vector: np.ndarray, block: int) -> list[float]:
        """Return the present `TIMES` of a block."""
        return vector[self.times_at(block) : self.times_at(block) + len(TIMES)].tolist()

    def _wired(self, receptors):
        """Return the fields of `Net` that describe connections."""
        listed = [wire for wire in self.wires if wire.rows is not None]
        rows_at, targets_at, at = np.full(len(self.wires), -1), np.full(len(self.wires), -1), [0, 0]
        for c, wire in enumerate(self.wires):
            if wire.rows is not None:
                rows_at[c], targets_at[c] = at
                at[0], at[1] = at[0] + wire.rows.size, at[1] + wire.targets.size
        return {
            "pre": np.array([wire.pre for wire in self.wires], np.int64),
            "post": np.array([wire.post for wire in self.wires], np.int64),
            "receptor": np.array([receptors[wire.post] + wire.receptor for wire in self.wires], np.int64),
            "rows_at": rows_at,
            "targets_at": targets_at,
            "rows": np.concatenate([np.zeros(0, np.int64), *(wire.rows for wire in listed)]),
            "targets": np.concatenate([np.zeros(0, np.int32), *(wire.targets for wire in listed)]),
            "at": np.array([self.slices[wire.weight][0].start for wire in self.wires], np.int64),
            "each": np.array([self.slices[wire.delay][1] != () for wire in self.wires], np.int64),
            "delay_at": np.array([self.slices[wire.delay][0].start for wire in self.wires], np.int64),
        }

    def _add(self, what, block, shape):
        size = int(np.prod(shape, dtype=np.int64))
        self.slices[what, block] = slice(self.size, self.size + size), tuple(shape)
        self.size += size


FLAGS: dict[str, Any] = {
    "exact": lambda layer: layer.spiking and layer.model is None,
    "spiking": lambda layer: layer.spiking,
    "adaptive": lambda layer: layer.model is None and (layer.beta > 0.0 or "beta" in layer.learns),
    "waiting": lambda layer: layer.t_ref > 0.0,
}


def block_numbers(layer, times, taus, dt, currents):
    """Return a row of `Net.numbers`, and (v_i, i_i) of each receptor, with time constants `taus`.

    The propagators are those of the engine, to the last bit.
    """
    tau_m, _, tau_a, beta = times
    matrix, steps = np.zeros((4, 4)), []  # v, i, 1 and, only if there are input currents, the current
    matrix[0, :2] = -1.0 / tau_m, 1.0 / tau_m
    matrix[0, 3] = 1.0 / tau_m if currents else 0.0
    for tau_s in taus:
        matrix[1, 1] = -1.0 / tau_s
        steps.append(one_step(matrix, dt))
    decay = one_step(np.array([[-1.0 / tau_a]]), dt)[0, 0]
    row = [steps[0][0, 0], steps[0][0, 3], decay, tau_m, tau_a, beta, layer.v_th, layer.v_reset, layer.t_ref]
    return row, [(step[0, 1], step[1, 1]) for step in steps]
