"""A network that learns as the kernels take it: `Net`, made from a `Layout` and the vector of its numbers."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from brainsim.equations.steps.linear import one_step

# columns of `Net.numbers`, one row for each block
V_V, V_X, A_A, TAU_M, TAU_A, JUMP, V_TH, V_RESET, T_REF = range(9)
TIMES = ("tau_m", "tau_s", "tau_a", "beta")  # the numbers of a block that can be learned, in the order of the vector
AT_TAU_M, AT_TAU_S, AT_TAU_A, AT_JUMP = range(4)  # their places
RECEPTORS = 8  # at most, of a cell whose kernels are derived
AT_SLOW = AT_TAU_A  # in the gradient of derived kernels: what their potentials got from spikes, each times its adjoint


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
    place: np.ndarray  # index among connections with one delay from the same block
    delay_at: np.ndarray


def net_of(
    layout: Any,
    vector: np.ndarray,
    on_grid: bool = False,
    floor: float = 0.0,
    currents: bool = False,
    of_models: dict[int, Any] | None = None,
) -> Net:
    """Return what the kernels need for their `vector`, with the constants that belong to the present time constants.

    `of_models` is what `Layout.numbers` returned for this vector, if that is known.
    """
    of_models = layout.numbers(vector, currents) if of_models is None else of_models
    blocks, edges = layout.blocks, np.cumsum([0, *layout.sizes[1:]])
    numbers, responses, taus = np.zeros((len(layout.sizes), 9)), list[tuple[float, float]](), list[float]()
    for b, block in enumerate(blocks, 1):
        times, own = vector[layout.times_at(b) :][: len(TIMES)].tolist(), vector[layout.taus_at(b)].tolist()
        numbers[b], more = block_numbers(block, times, own, layout.dt, layout.driven(b, currents))
        taus, responses = taus + own, responses + more
        if b in of_models:
            numbers[b, TAU_M] = of_models[b].tau_m
    starts, derived = (
        np.split(layout.start_v, edges[1:-1]),
        [layout.derived(b, currents) for b in range(1, len(layout.sizes))],
    )
    flags = {name: np.array([0, *(test(block) for block in blocks)], np.int64) for name, test in FLAGS.items()}
    receptors = np.cumsum([0, 0, *(len(block.taus) for block in blocks)])
    return Net(
        dt=layout.dt,
        steps=layout.steps,
        on_grid=int(on_grid),
        timed=int(layout.timed),
        floor=floor,
        start=np.array([0, *edges[:-1]], np.int64),
        stop=np.array([0, *edges[1:]], np.int64),
        numbers=numbers,
        start_v=layout.start_v,
        above=np.array([-1, *(-int((v < n[V_TH]).all()) for v, n in zip(starts, numbers[1:], strict=True))], np.int64),
        receptors=receptors,
        slot=np.cumsum([0, *(block.n for block in blocks for _ in block.taus)][:-1]),
        tau_s=np.array(taus),
        tau_at=np.array([at for b in range(1, len(layout.sizes)) for at in layout.taus_at(b)]),
        v_i=np.array([v_i for v_i, _ in responses]),
        i_i=np.array([i_i for _, i_i in responses]),
        factor=np.array([1.0, *(of_models[b].factor if b in of_models else 1.0 for b in range(1, len(layout.sizes)))]),
        ahead=np.array([0, *(0 if d is None else d.address("ahead") for d in derived)], np.int64),
        back=np.array([0, *(0 if d is None else d.address("back") for d in derived)], np.int64),
        bias_at=np.array([layout.biases[b].start if b in layout.biases else -1 for b in range(len(layout.sizes))], np.int64),
        times_at=np.array([0, *map(layout.times_at, range(1, len(layout.sizes)))], np.int64),
        **_wired(layout, receptors),
        **{**flags, "exact": flags["exact"] * int(not on_grid)},
    )


def _wired(layout, receptors):
    """Return the fields of `Net` that describe connections."""
    rows = [np.zeros(0, np.int64) if wire.rows is None else wire.rows for wire in layout.wires]
    targets = [np.zeros(0, np.int32) if wire.targets is None else wire.targets for wire in layout.wires]
    dense = np.array([wire.rows is None for wire in layout.wires], bool)
    alike = [-1 if wire.each else wire.pre for wire in layout.wires]
    return {
        "pre": np.array([wire.pre for wire in layout.wires], np.int64),
        "post": np.array([wire.post for wire in layout.wires], np.int64),
        "receptor": np.array([receptors[wire.post] + wire.receptor for wire in layout.wires], np.int64),
        "rows_at": np.where(dense, -1, np.cumsum([0, *map(len, rows)])[:-1]),
        "targets_at": np.where(dense, -1, np.cumsum([0, *map(len, targets)])[:-1]),
        "rows": np.concatenate([np.zeros(0, np.int64), *rows]),
        "targets": np.concatenate([np.zeros(0, np.int32), *targets]),
        "at": np.array([where.start for where in layout.weights], np.int64),
        "each": np.array([wire.each for wire in layout.wires], np.int64),
        "place": np.array([alike[:c].count(pre) for c, pre in enumerate(alike)], np.int64),
        "delay_at": np.array([where.start for where in layout.delays], np.int64),
    }


FLAGS: dict[str, Any] = {
    "exact": lambda block: block.spiking and block.model is None,
    "spiking": lambda block: block.spiking,
    "adaptive": lambda block: block.model is None and (block.beta > 0.0 or "beta" in block.learns),
    "waiting": lambda block: block.t_ref > 0.0,
}


def block_numbers(block, times, taus, dt, currents):
    """Return a row of `Net.numbers`, and (v_i, i_i) of each receptor, with time constants `taus`."""
    tau_m, _, tau_a, beta = times
    v_v, v_x, decay, responses = propagators(tau_m, tau_a, tuple(taus), dt, bool(currents))
    return [v_v, v_x, decay, tau_m, tau_a, beta, block.v_th, block.v_reset, block.t_ref], responses


@functools.lru_cache(maxsize=256)
def propagators(tau_m, tau_a, taus, dt, currents):
    """Return what is left of v in a step, what it gets of a current from outside, what is left of a, and the responses.

    They are those of the engine, to the last bit. To find them takes 0.3 ms, as long as a few samples, and most time
    constants do not learn.
    """
    matrix, steps = np.zeros((4, 4)), []  # v, i, 1 and, only if there are input currents, the current
    matrix[0, :2] = -1.0 / tau_m, 1.0 / tau_m
    matrix[0, 3] = 1.0 / tau_m if currents else 0.0
    for tau_s in taus:
        matrix[1, 1] = -1.0 / tau_s
        steps.append(one_step(matrix, dt))
    decay = one_step(np.array([[-1.0 / tau_a]]), dt)[0, 0]
    return steps[0][0, 0], steps[0][0, 3], decay, [(step[0, 1], step[1, 1]) for step in steps]
