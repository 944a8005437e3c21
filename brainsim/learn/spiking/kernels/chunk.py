"""The compiled loop over the samples of a chunk."""

from typing import NamedTuple

import numpy as np

from brainsim.jit.decorators import kernel
from brainsim.jit.references import refer
from brainsim.learn.spiking.kernels.backward import backward
from brainsim.learn.spiking.kernels.forward import forward
from brainsim.learn.spiking.kernels.losses import loss_of
from brainsim.learn.spiking.kernels.surrogate import surrogate_backward, turn_weights
from brainsim.learn.spiking.kernels.work import Sample
from brainsim.learn.vectors import copy

ONLY_FORWARD, EXACT, SURROGATE, EPROP = range(4)


class Data(NamedTuple):
    """Samples as arrays; an array that is not used has a length of 0 for each sample."""

    times: np.ndarray  # input spikes of all samples [ms]
    units: np.ndarray  # int32
    offsets: np.ndarray  # (samples + 1,)
    currents: np.ndarray  # (samples, steps or 0, inputs)
    label: np.ndarray  # (samples,), -1 for none
    labels: np.ndarray  # (samples, steps or 0)
    values: np.ndarray  # (samples, steps or 0, outputs)
    wanted_times: np.ndarray  # spikes that the outputs should send [ms]
    wanted_cells: np.ndarray  # int32
    wanted_offsets: np.ndarray  # (samples + 1,)


class Task(NamedTuple):
    """What is minimised, and how."""

    loss: int
    gain: float
    weights: np.ndarray  # (steps,) of the mean
    tau_first: float
    tau_late: float
    late: float
    rate_cost: float
    rate_target: float
    shape: int
    steepness: float


class Job(NamedTuple):
    """How a batch runs, and what comes out of it, in the order of its samples."""

    rows: np.ndarray
    mode: int  # ONLY_FORWARD, EXACT, SURROGATE or EPROP
    keep: int  # whether the values of every step are kept
    back: np.ndarray  # the vector with the weights by which surrogate gradients go back
    loss: np.ndarray  # (samples,)
    score: np.ndarray  # (samples, outputs)
    counts: np.ndarray  # int64 (samples, cells)
    traces: np.ndarray  # (samples or 0, steps, outputs)


class SampleRange(NamedTuple):
    """What one call runs: the samples ``job.rows[begin:end]``."""

    begin: int
    end: int


@kernel
def run_chunk(net, vector, data, chunk, task, work, job, gradient):
    """Run the samples of a chunk; `gradient` becomes the sum of their gradients."""
    net, data, task, work, job = refer(net), refer(data), refer(task), refer(work), refer(job)
    mode, keep = job.mode, job.keep
    if mode != ONLY_FORWARD:
        gradient[:] = 0.0
    if mode in (SURROGATE, EPROP):
        turn_weights(net, job.back, work)
    for q in range(chunk.begin, chunk.end):
        n = job.rows[q]
        first, stop, currents = data.offsets[n], data.offsets[n + 1], data.currents[n]
        # Stage 1: the forward pass, which leaves events, trace and scores in `work`
        forward(net, vector, Sample(data.times[first:stop], data.units[first:stop], currents), keep, work)
        # Stage 2: the loss and its derivatives by trace and spike times, and what is kept of the sample
        begin, end = data.wanted_offsets[n], data.wanted_offsets[n + 1]
        wanted = data.wanted_times[begin:end], data.wanted_cells[begin:end]
        job.loss[q] = loss_of(net, task, data.label[n], data.labels[n], data.values[n], wanted, work)
        copy(work.score, job.score[q])
        copy(work.counts, job.counts[q])
        if job.traces.shape[0] > 0:
            for k in range(net.steps):
                copy(work.trace[k], job.traces[q, k])
        # Stage 3: the way back, which adds to the gradient; the samples of a chunk are added up in their order
        if mode == EXACT:
            backward(net, vector, currents, keep, task.rate_cost, task.rate_target, work, gradient)
        elif mode != ONLY_FORWARD:
            surrogate_backward(net, vector, currents, mode == EPROP, keep, task, work, gradient)
