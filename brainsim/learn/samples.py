"""What a network trained by e-prop computes for a sample, and how samples are divided among threads."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from brainsim.jit.background import Workers


class Weights(NamedTuple):
    """The weights of a network, arrays that can be changed in place; row i holds the synapses from i."""

    input: np.ndarray  # (inputs, cells)
    recurrent: np.ndarray  # (cells, cells)
    output: np.ndarray  # (cells, outputs)
    feedback: np.ndarray  # (cells, outputs)


class Gradients(NamedTuple):
    """The loss, and its gradient by each group of weights."""

    loss: float
    input: np.ndarray
    recurrent: np.ndarray
    output: np.ndarray


class Goal(NamedTuple):
    """What is minimised."""

    classify: bool
    window: int | None  # steps at the end of a sample in which errors count
    average: bool  # over the window
    rate_cost: float
    rate_target: float  # spikes per step


def decay(dt: float, tau: float) -> float:
    """Return the factor by which an exponential decays in a step.

    Examples
    --------
    >>> round(decay(1.0, 20.0), 4)
    0.9512
    """
    from brainsim.jit.functions import FUNCTIONS

    exp: Any = FUNCTIONS["exp"]
    return float(exp(-dt / tau))


def run(x: np.ndarray, weights: Weights, cells: Any) -> Any:
    """Return the `kernels.Activity` of one sample (steps, inputs): spikes, pseudo-derivatives and readouts."""
    from brainsim.learn import kernels

    steps, (n, outputs) = len(x), weights.output.shape
    activity = kernels.Activity(np.empty((steps, n), np.uint8), np.empty((steps, n)), np.empty((steps, outputs)))
    kernels.forward(x, weights, cells, np.empty((4, n)), activity)
    return activity


def gradients(x: np.ndarray, target: Any, weights: Weights, cells: Any, goal: Goal) -> Gradients:
    """Return the loss and the gradients of one sample.

    Parameters
    ----------
    x : array, shape (steps, inputs)
    target : array, shape (steps, outputs), or int
        The label, for a classification.
    weights : Weights
    cells : kernels.Cells
    goal : Goal
    """
    from brainsim.learn import kernels

    activity = run(x, weights, cells)
    steps, (n, outputs), n_in = len(x), weights.output.shape, x.shape[1]
    first, error = steps - (goal.window or steps), np.empty((steps, outputs))
    loss = (kernels.cross_entropy if goal.classify else kernels.squared_error)(activity.readout, target, first, error)
    rates = activity.spikes.sum(axis=0) / steps
    push = goal.rate_cost * (rates - goal.rate_target) / steps
    scratch = np.empty((steps, n_in + n)), np.empty((n, steps)), np.empty(n_in + n)
    to_cells, to_outputs = np.empty((n, n_in + n)), np.empty((n, outputs))
    kernels.gradient(x, weights, cells, activity, error, push, scratch, (to_cells, to_outputs))
    np.fill_diagonal(to_cells[:, n_in:], 0.0)  # no synapse onto itself
    scale = 1.0 / (steps - first) if goal.average else 1.0
    return Gradients(scale * loss, scale * to_cells[:, :n_in].T, scale * to_cells[:, n_in:].T, scale * to_outputs)


def in_turn(function: Callable, threads: int, *rows: Any) -> Iterator[Any]:
    """Yield ``function(*row)`` in order, with `threads` of them computed at a time.

    Examples
    --------
    >>> list(in_turn(pow, 2, [2, 3, 4], [3, 2, 1]))
    [8, 9, 4]
    """
    with Workers(threads if threads > 1 else 0) as workers:
        jobs: list[Any] = []
        for row in zip(*rows, strict=True):
            if len(jobs) == threads:
                yield jobs.pop(0).result()
            jobs.append(workers.submit(function, *row))
        for job in jobs:
            yield job.result()
