"""The kernels of a network on batches: chunks of samples in threads, and gradients added up in a fixed order."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from brainsim.jit.arguments import Held
from brainsim.learn.batches import Runner, chunks_of
from brainsim.learn.spiking.kernels.net import AT_SLOW, AT_TAU_M, net_of
from brainsim.learn.spiking.kernels.work import aligned, new_work
from brainsim.learn.spiking.layers import DELAYS
from brainsim.learn.spiking.options import OF_SPIKES, SURROGATES

if TYPE_CHECKING:
    from brainsim.learn.spiking.feedback import Feedback
    from brainsim.learn.spiking.layout import Layout
    from brainsim.learn.spiking.samples import Inputs, Targets


class Batch(NamedTuple):
    """What a batch of samples gave, in order."""

    loss: np.ndarray  # (samples,)
    score: np.ndarray  # (samples, outputs)
    counts: np.ndarray  # (samples, cells)
    traces: np.ndarray  # (samples or 0, steps, outputs)
    gradient: np.ndarray  # the sum over samples; empty without


class SpikingRunner(Runner):
    """Runs samples of one data set; use it in a ``with`` block.

    `sequence` says what the targets of each step are: "labels", "values", or nothing.
    """

    def __init__(self, settings: Any, layout: Layout, inputs: Inputs, targets: Targets, sequence: str = "") -> None:
        from brainsim.learn.spiking.kernels import chunk

        super().__init__(settings.threads)
        self.layout, self.inputs, self.floor, self.size = layout, inputs, settings.floor, len(inputs)
        self.task = task_of(settings, layout.steps, sequence)
        self.on_grid = settings.gradient != "exact"
        times = (
            np.rint(inputs.times / layout.dt) * layout.dt if self.on_grid else inputs.times
        )  # as a simulation rounds them
        data = chunk.Data(times, inputs.units, inputs.offsets, inputs.currents, *vars(targets).values())
        self._held_data, self._held_task = Held(data), Held(self.task)
        self.way_back = {"exact": chunk.EXACT, "surrogate": chunk.SURROGATE, "eprop": chunk.EPROP}[settings.gradient]
        self.waiting = any(block.t_ref > 0.0 for block in layout.blocks)
        # only derivatives with respect to time constants, and derived kernels, need the state of every step
        self.history = any({*block.learns} - {*DELAYS} or block.model is not None for block in layout.blocks)
        wanted = np.isin(np.arange(layout.sizes[-1]), targets.cells) if settings.loss == "spikes" else True
        self.must_fire = wanted & np.full(layout.sizes[-1], settings.loss in OF_SPIKES)  # outputs that have to fire
        self._works, self._gradients, self._held_gradients = list[Held](), list[Any](), list[Held]()
        self._records_of_models = list[Any]()  # of derived kernels; `work.cells` holds their addresses
        self._net: tuple[bytes, Held] | None = None

    def run(
        self,
        vector: np.ndarray,
        rows: np.ndarray,
        learn: bool,
        traces: bool = False,
        history: bool = False,
        feedback: Feedback | None = None,
    ) -> Batch:
        """Run the samples with the indices `rows`; with `learn` also backwards, by `feedback` if that is given."""
        from brainsim.learn.spiking.kernels.chunk import ONLY_FORWARD, Job, SampleRange, run_chunk

        currents, given = self.inputs.currents.shape[1] > 0, vector
        vector = aligned(self.layout.size)
        vector[:] = self.layout.in_kernels(given)
        back = vector if feedback is None else feedback.replace(vector)
        of_models = self.layout.numbers(vector, currents)
        net, keep = self._held_net(vector, currents, of_models), (self.history or history) and learn
        outputs, n = self.layout.sizes[-1], len(rows)
        traces_of = np.empty((n if traces else 0, self.layout.steps, outputs))
        found = np.empty(n), np.empty((n, outputs)), np.empty((n, self.layout.n_cells), np.int64), traces_of
        job = Job(rows, self.way_back if learn else ONLY_FORWARD, int(keep), back, *found)
        chunks = [SampleRange(*edges) for edges in chunks_of(n)]
        self._prepare(len(chunks), self.layout.longest_delay(vector), bool(keep), learn)
        self._fill(of_models)
        same = repeat(net), repeat(Held(vector)), repeat(self._held_data)
        columns = chunks, repeat(self._held_task), self._works, repeat(Held(job)), self._held_gradients
        list(self.in_turn(run_chunk, *same, *columns))
        total = self._sum(len(chunks)) if learn else np.zeros(0)
        if learn:
            self._add_parameters(total, vector, of_models, len(chunks))
            total = self.layout.of_kernels(given, total)
        return Batch(*found, total)

    def events(self, vector: np.ndarray, row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return (block, cell, time, trace) of all events of one sample: block 0 are the inputs."""
        batch = self.run(vector, np.array([row], np.int64), learn=False, traces=True)
        work = self._works[0].values
        stop = int(work.ends[0])
        return work.block[:stop].copy(), work.cell[:stop].copy(), work.time[:stop].copy(), batch.traces[0]

    def _held_net(self, vector, currents, of_models):
        """Return the net of a vector: the last one if only weights and biases have changed since, as in most batches."""
        others = vector[self.layout.delays[0].start :].tobytes()
        if self._net is None or self._net[0] != others:
            self._net = others, Held(net_of(self.layout, vector, self.on_grid, self.floor, currents, of_models))
        return self._net[1]

    def _prepare(self, parts, delay_steps, history, learn):
        """Make the arrays for each chunk, unless there are some that fit."""
        first = self._works[0].values if self._works else None
        if first is None or len(first.ring_v) < delay_steps or (history and len(first.v0) == 1):
            self._works, self._records_of_models = [], []
        while len(self._works) < parts:
            work = new_work(self.layout, delay_steps, self.inputs.longest, history, self.waiting, self.on_grid)
            self._works.append(Held(work))
            currents, settings = self.inputs.currents.shape[1] > 0, (self.floor, self.task.rate_cost, self.task.rate_target)
            if any(block.model is not None for block in self.layout.blocks):
                from brainsim.learn.spiking.from_equations.derived import records_of

                self._records_of_models.append(records_of(self.layout, work, currents, settings, history))
        size = self.layout.size if learn else 0
        if len(self._gradients) < parts or self._gradients[0].size < size:
            self._gradients = [aligned(size) for _ in range(max(parts, len(self._gradients)))]
            self._held_gradients = list(map(Held, self._gradients))

    def _fill(self, of_models):
        """Give derived kernels the present numbers, if these can change, and set the sums of their derivatives to 0."""
        for b, numbers in of_models.items():
            if self.layout.blocks[b - 1].of_equations:
                for records in self._records_of_models:
                    records[b]["scalars"][:], records[b]["initial"][:] = numbers.scalars, numbers.initial
                    records[b]["by_number"][:], records[b]["by_start"][:] = 0.0, 0.0

    def _add_parameters(self, total, vector, of_models, parts):
        currents = self.inputs.currents.shape[1] > 0
        for b, numbers in of_models.items():
            if self.layout.blocks[b - 1].of_equations:
                from brainsim.learn.spiking.from_equations.numbers import gradients

                derived, values = self.layout.derived(b, currents), self.layout.values(vector, b, currents)
                times = total[self.layout.times_at(b) :]
                by_slow, by_tau_m = times[AT_SLOW], times[AT_TAU_M]
                records = [records[b] for records in self._records_of_models[:parts]]
                for name, part in gradients(derived, values, self.layout.dt, numbers, records, by_slow, by_tau_m).items():
                    total[self.layout.at[name, b]] += part

    def _sum(self, parts):
        """Return the sum of the gradients of the chunks, added up in their order."""
        total = self._gradients[0].copy()
        for gradient in self._gradients[1:parts]:
            total += gradient
        return total


def task_of(settings: Any, steps: int, sequence: str = "") -> Any:
    """Return what is minimised as the kernels take it, from the parameters of a `SpikingNetwork`."""
    from brainsim.learn.spiking.kernels.chunk import Task
    from brainsim.learn.spiking.kernels.losses import NAMES

    weights = np.full(steps, 1.0 / steps)
    if settings.fading:
        weights = np.exp(-np.arange(1, steps + 1) / steps) / steps
    return Task(
        loss=NAMES[sequence or settings.loss],
        gain=settings.gain,
        weights=weights,
        tau_first=settings.tau_first,
        tau_late=settings.tau_late,
        late=settings.late,
        rate_cost=settings.rate_cost,
        rate_target=settings.rate_target,
        shape=SURROGATES.index(settings.surrogate),
        steepness=settings.steepness,
    )
