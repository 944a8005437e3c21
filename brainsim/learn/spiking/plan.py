"""The numbering of a network that learns: its blocks of cells, its connections, and one vector of all that is learned."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from brainsim.equations.steps.linear import one_step
from brainsim.learn.spiking.layers import DELAYS

# columns of `Net.numbers`, one row for each block
V_V, V_I, I_I, V_X, A_A, TAU_M, TAU_S, TAU_A, JUMP, V_TH, V_RESET, T_REF = range(12)
TIMES = ("tau_m", "tau_s", "tau_a", "beta")  # the numbers of a block that can be learned, in the order of the vector
AT_TAU_M, AT_TAU_S, AT_TAU_A, AT_JUMP = range(4)  # their places
AT_SLOW = AT_TAU_A  # in the gradient of derived kernels: what their potentials got from spikes, each times its adjoint
UNUSED = "unused "  # before the name of those of TIMES that cells of a model do not have


class Net(NamedTuple):
    """What the kernels know of a network. Block 0 are the inputs, the last block is the readout."""

    dt: float
    steps: int
    on_grid: int  # whether spikes are at the ends of steps
    floor: float  # the smallest rise of v in a step that the adjoint divides by
    start: np.ndarray  # first cell of each block
    stop: np.ndarray
    spiking: np.ndarray  # whether the cells of a block fire
    adaptive: np.ndarray
    waiting: np.ndarray  # whether there is a refractory time
    numbers: np.ndarray  # (blocks, 12)
    factor: np.ndarray  # of the response of v to a spike: 1, or see `derived.Derived`
    ahead: np.ndarray  # addresses of the derived kernels of blocks, 0 for the written ones
    back: np.ndarray
    bias_at: int  # where the currents into the readout begin in the vector
    times_at: np.ndarray  # where TIMES of a block begin in the vector
    pre: np.ndarray  # block of the sources of each connection
    post: np.ndarray
    at: np.ndarray  # where its weights begin in the vector
    each: np.ndarray  # whether each synapse has its own delay
    delay_at: np.ndarray


class VectorLayout:
    """Where everything of a network is in its vector; the readout is the last of the `layers`.

    `slices` leads from (what, block) to (slice, shape), with "weight", "recurrent", "bias", "delay", "recurrent_delay" and
    each of `TIMES`; for cells of a model with "tau_s" and the parameters of the model that learn.
    """

    def __init__(self, layers, n_in: int, dt: float, steps: int):
        self.layers, self.n_in, self.dt, self.steps, self.size = tuple(layers), n_in, dt, steps, 0
        self._derived: dict[tuple[int, bool], Any] = {}
        self.slices: dict[tuple[str, int], tuple[slice, tuple[int, ...]]] = {}
        self.sizes = [n_in, *(layer.n for layer in self.layers)]
        for b, layer in enumerate(self.layers, 1):
            self._add("weight", b, (self.sizes[b - 1], layer.n))
            if layer.recurrent:
                self._add("recurrent", b, (layer.n, layer.n))
        self._add("bias", len(self.layers), (self.sizes[-1],))
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

    def __getstate__(self) -> dict[str, Any]:
        """Return what is copied or pickled: derived kernels are written again."""
        return vars(self) | {"_derived": {}}

    def derived(self, block: int, currents: bool) -> Any:
        """Return the derived kernels of a block, None if its layer has written ones."""
        layer = self.layers[block - 1]
        if layer.model is None:
            return None
        key = block, currents and block == 1
        if key not in self._derived:
            from brainsim.learn.spiking.from_equations.derived import derive

            label = f"ModelLayer.model {type(layer.model).__name__}"
            self._derived[key] = derive(layer.smooth(key[1]), layer.tau_s, self.dt, key[1], label, layer.of_equations)
        return self._derived[key]

    def values(self, vector: np.ndarray, block: int, currents: bool) -> dict[str, float]:
        """Return all parameters of a layer of a model, with those that learn as they are now."""
        learned = {name: float(self.of(vector, name, block)) for name in self.layers[block - 1].of_model}
        return self.derived(block, currents).formulas.values(learned, float(self.of(vector, "tau_s", block)))

    def numbers(self, vector: np.ndarray, currents: bool) -> dict[int, Any]:
        """Return block -> `numbers.Numbers` of the derived kernels, with the present parameters."""
        found = {}
        for b, layer in enumerate(self.layers, 1):
            if layer.model is not None:
                derived = self.derived(b, currents)
                changes = bool(layer.of_equations)
                found[b] = derived.formulas.at(self.values(vector, b, currents), self.dt) if changes else derived.start
        return found

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

    @property
    def n_cells(self) -> int:
        """Number of cells, with readouts."""
        return sum(self.sizes[1:])

    def of(self, vector: np.ndarray, what: str, block: int) -> np.ndarray:
        """Return a view of a part of a vector."""
        where, shape = self.slices[what, block]
        return vector[where].reshape(shape)

    def times_at(self, block: int) -> int:
        """Return where `TIMES` of a block begin in the vector."""
        return self.slices["tau_s", block][0].start - TIMES.index("tau_s")

    def longest_delay(self, vector: np.ndarray) -> int:
        """Return the number of steps after which no spike is under way any more."""
        longest = max(float(vector[where].max()) for (what, _), (where, _) in self.slices.items() if what in DELAYS)
        return int(np.ceil(longest / self.dt)) + 2

    def connections(self) -> list[tuple[str, int, int]]:
        """Return ("weight" or "recurrent", source block, target block) of each connection, in order."""
        pairs = []
        for b, layer in enumerate(self.layers, 1):
            pairs += [("weight", b - 1, b)] + [("recurrent", b, b)] * bool(layer.recurrent)
        return pairs

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
        pairs = self.connections()
        numbers = np.zeros((len(self.sizes), 12))
        for b, layer in enumerate(self.layers, 1):
            times = vector[self.times_at(b) : self.times_at(b) + len(TIMES)].tolist()
            numbers[b] = block_numbers(layer, times, self.dt, (currents and b == 1) or b == len(self.layers))
            if b in of_models:
                numbers[b, TAU_M] = of_models[b].tau_m
        layers = (None, *self.layers)
        flags = {name: np.array([0, *(test(layer) for layer in self.layers)], np.int64) for name, test in FLAGS.items()}
        delays = ["delay" if what == "weight" else "recurrent_delay" for what, *_ in pairs]
        return Net(
            dt=self.dt,
            steps=self.steps,
            on_grid=int(on_grid),
            floor=floor,
            start=np.array([0, *edges[:-1]], np.int64),
            stop=np.array([0, *edges[1:]], np.int64),
            numbers=numbers,
            factor=np.array([1.0, *(of_models[b].factor if b in of_models else 1.0 for b in range(1, len(layers)))]),
            ahead=np.array([0, *(0 if d is None else d.address("ahead") for d in derived)], np.int64),
            back=np.array([0, *(0 if d is None else d.address("back") for d in derived)], np.int64),
            bias_at=self.slices["bias", len(self.layers)][0].start,
            times_at=np.array([self.times_at(b) if b else 0 for b in range(len(layers))], np.int64),
            pre=np.array([pre for _, pre, _ in pairs], np.int64),
            post=np.array([post for *_, post in pairs], np.int64),
            at=np.array([self.slices[what, post][0].start for what, _, post in pairs], np.int64),
            each=np.array([len(self.slices[d, p[2]][1]) == 2 for d, p in zip(delays, pairs, strict=True)], np.int64),
            delay_at=np.array([self.slices[d, p[2]][0].start for d, p in zip(delays, pairs, strict=True)], np.int64),
            **flags,
        )

    def _add(self, what, block, shape):
        size = int(np.prod(shape, dtype=np.int64))
        self.slices[what, block] = slice(self.size, self.size + size), tuple(shape)
        self.size += size


FLAGS: dict[str, Any] = {
    "spiking": lambda layer: layer.spiking,
    "adaptive": lambda layer: layer.model is None and (layer.beta > 0.0 or "beta" in layer.learns),
    "waiting": lambda layer: layer.t_ref > 0.0,
}


def block_numbers(layer, times, dt, currents):
    """Return a row of `Net.numbers`. The propagators are those of the engine, to the last bit."""
    tau_m, tau_s, tau_a, beta = times
    rate = 1.0 / tau_m
    matrix = np.zeros((4, 4))  # v, i, 1 and, only if there are input currents, the current
    matrix[0, :2] = -1.0 / tau_m, rate
    matrix[0, 3] = rate if currents else 0.0
    matrix[1, 1] = -1.0 / tau_s
    step = one_step(matrix, dt)
    decay = one_step(np.array([[-1.0 / tau_a]]), dt)[0, 0]
    row = [step[0, 0], step[0, 1], step[1, 1], step[0, 3], decay, tau_m, tau_s, tau_a, beta]
    return [*row, layer.v_th, layer.v_reset, layer.t_ref]
