"""The kernels of a recurrent network on batches: chunks of samples in threads, and gradients added up in a fixed order."""

from __future__ import annotations

from itertools import cycle, repeat
from typing import Any

import numpy as np

from brainsim.learn.batches import CHUNKS, Runner, chunks_of

LOSSES = {"last": 0, "mean": 1, "sequence": 2}
NAMES = ("W", "U", "b", "c", "V", "d")
HOLD = 1.0  # initial bias of the gate that holds: gradients reach further back at the start


def initial_parameters(inputs: int, units: int, outputs: int, gated: bool, rng: Any) -> dict[str, np.ndarray]:
    """Return initial weights: input weights of variance 1/inputs, orthogonal recurrent ones, small output weights."""
    gates = 3 if gated else 1
    U = [np.linalg.qr(rng.standard_normal((units, units)))[0] for _ in range(gates)]
    parts = {
        "W": rng.normal(0.0, inputs**-0.5, (inputs, gates * units)),
        "U": np.ascontiguousarray(np.hstack(U)),
        "b": np.zeros(gates * units),
        "c": np.zeros(units),
        "V": rng.normal(0.0, units**-0.5, (units, outputs)),
        "d": np.zeros(outputs),
    }
    if gated:
        parts["b"][units : 2 * units] = HOLD
    return parts


def shapes(inputs: int, units: int, outputs: int, gated: bool) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the weights by name."""
    gates = 3 if gated else 1
    of_cells = {"W": (inputs, gates * units), "U": (units, gates * units), "b": (gates * units,), "c": (units,)}
    return of_cells | {"V": (units, outputs), "d": (outputs,)}


class RecurrentRunner(Runner):
    """Runs samples of one data set for an `RNN`; use it in a ``with`` block. The arrays are `recurrent_kernels.Samples`."""

    def __init__(self, settings: Any, X: np.ndarray, lengths: np.ndarray, label: np.ndarray, labels: np.ndarray):
        from brainsim.ann.networks.recurrent_kernels import Samples

        super().__init__(settings.threads)
        self.data, self.units, self.gated = Samples(X, lengths, label, labels), settings.hidden, settings.cell == "gru"
        self.loss = LOSSES[settings.loss]
        self._scratch, self._gradients = list[Any](), list[Any]()

    def run(
        self, weights: dict[str, np.ndarray], chosen: np.ndarray, learn: bool, traces: bool = False
    ) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray, np.ndarray]:
        """Return losses, sums of gradients (empty without `learn`), scores and outputs of samples."""
        from brainsim.ann.networks.recurrent_kernels import Net, Out, Parameters, SampleRange, run_chunk

        p, n, steps = Parameters(**weights), len(chosen), self.data.X.shape[1]
        net = Net(int(self.gated), self.loss, p, np.ascontiguousarray(p.U.T), np.ascontiguousarray(p.V.T))
        out = Out(np.empty(n), np.empty((n, p.d.size)), np.empty((n if traces else 0, steps, p.d.size)))
        edges = chunks_of(n, CHUNKS if learn else None)
        parts = min(len(edges), self.window)
        chunks = [SampleRange(chosen, begin, end, int(learn)) for begin, end in edges]
        self._prepare(p, parts, max(end - begin for begin, end in edges), steps)
        same = repeat(net), repeat(self.data)
        list(self.in_turn(run_chunk, *same, chunks, cycle(self._scratch), repeat(out), cycle(self._gradients)))
        return out.losses, self._sum(parts) if learn else {}, out.scores, out.traces

    def _prepare(self, p, parts, rows, steps):
        """Make the arrays for each chunk, unless there are some that fit."""
        from brainsim.ann.networks.recurrent_kernels import Parameters, Scratch

        if self._scratch and self._scratch[0].h.shape[1] < rows:
            self._scratch = []
        width, units, outputs = p.b.size, self.units, p.d.size
        while len(self._scratch) < parts:
            shapes = {"h": (steps + 1, rows, units), "gates": (steps, rows, width), "inner": (steps, rows, units)}
            shapes |= {"out": (steps, rows, outputs), "d_out": (steps, rows, outputs), "score": (rows, outputs)}
            shapes |= dict.fromkeys(("drive", "back"), (rows, width)) | dict.fromkeys(("d_h", "d_before"), (rows, units))
            self._scratch.append(Scratch(**{name: np.zeros(shapes[name]) for name in Scratch._fields}))
        while len(self._gradients) < parts:
            self._gradients.append(Parameters(*(np.zeros_like(part) for part in p)))

    def _sum(self, parts):
        """Return the sums of the gradients of the chunks, added up in their order."""
        total = {name: getattr(self._gradients[0], name).copy() for name in NAMES}
        for gradient in self._gradients[1:parts]:
            for name, part in total.items():
                part += getattr(gradient, name)
        return total
