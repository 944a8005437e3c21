"""What turns gradients into steps of the weights, batch by batch and epoch by epoch, and which weights are kept."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from brainsim.learn.batches import batches_of

MEAN_DECAY, SQUARE_DECAY, EPSILON = 0.9, 0.999, 1e-8  # of Adam, as published


class SGD:
    """Moves arrays in place against their gradients, by the learning rate times the gradient.

    Examples
    --------
    >>> x = np.array([1.0])
    >>> SGD([x]).step([2.0 * x], 0.25)
    >>> x
    array([0.5])
    """

    def __init__(self, values: Sequence[np.ndarray]) -> None:
        self.values = values

    def step(self, gradients: Sequence[np.ndarray], rate: float) -> None:
        """Take one step with the learning rate `rate`."""
        for value, gradient in zip(self.values, gradients, strict=True):
            value -= rate * gradient

    def state(self) -> list[np.ndarray]:
        """Return the arrays that the optimiser keeps."""
        return []

    def load(self, parts: Sequence[np.ndarray]) -> None:
        """Take over what `state` returned."""


class Adam(SGD):
    """Moves arrays in place against their gradients: Kingma & Ba (2015), arXiv:1412.6980.

    Examples
    --------
    >>> x = np.array([1.0])
    >>> optimiser = Adam([x])
    >>> for _ in range(200):
    ...     optimiser.step([2.0 * x], 0.05)                                 # down the parabola x**2
    >>> bool(abs(x[0]) < 0.01)
    True
    """

    def __init__(self, values: Sequence[np.ndarray]) -> None:
        super().__init__(values)
        self._mean = [np.zeros_like(value) for value in values]
        self._square = [np.zeros_like(value) for value in values]
        self._steps = 0

    def step(self, gradients: Sequence[np.ndarray], rate: float) -> None:
        """Take one step with the learning rate `rate`."""
        self._steps += 1
        size = rate * np.sqrt(1.0 - SQUARE_DECAY**self._steps) / (1.0 - MEAN_DECAY**self._steps)
        for value, gradient, mean, square in zip(self.values, gradients, self._mean, self._square, strict=True):
            mean += (1.0 - MEAN_DECAY) * (gradient - mean)
            square += (1.0 - SQUARE_DECAY) * (gradient * gradient - square)
            value -= size * mean / (np.sqrt(square) + EPSILON)

    def state(self) -> list[np.ndarray]:
        """Return the means of gradients and of their squares, and the number of steps."""
        return [*self._mean, *self._square, np.array(self._steps)]

    def load(self, parts: Sequence[np.ndarray]) -> None:
        """Take over what `state` returned."""
        *both, steps = (np.array(part) for part in parts)
        self._mean, self._square, self._steps = both[: len(self.values)], both[len(self.values) :], int(steps)


OPTIMISERS: dict[str, type[SGD]] = {"adam": Adam, "sgd": SGD}


class Best:
    """The arrays with the smallest validation loss so far, and the number of epochs that have passed since."""

    def __init__(self, values: Sequence[np.ndarray], loss: float = np.inf, waited: int = 0) -> None:
        self.values, self.loss, self.waited = [np.array(value) for value in values], loss, waited

    def note(self, values: Sequence[np.ndarray], loss: float) -> None:
        """Count an epoch, and keep its arrays if its loss is the smallest."""
        self.waited += 1
        if loss < self.loss:
            self.values, self.loss, self.waited = [np.array(value) for value in values], loss, 0


def descend(
    batches: Iterable[np.ndarray],
    learn: Callable[[np.ndarray], tuple[Any, Sequence[np.ndarray]]],
    move: Callable[[Sequence[np.ndarray]], None],
    clip: float | None = None,
) -> tuple[float, int]:
    """Go once through batches; return the mean loss of a sample, and the number of batches that were skipped.

    `learn` takes a batch, the indices of samples, and returns the sum of their losses and the gradients, with which `move`
    moves what learns. With `clip`, gradients that are longer are shortened, unless it is 0, and a batch whose gradient or
    loss is not finite is skipped.

    Examples
    --------
    >>> x = np.array([1.0])
    >>> descend([np.arange(4)], lambda batch: (4.0 * x[0] ** 2, [2.0 * x]), lambda parts: SGD([x]).step(parts, 0.25), 1.0)
    (1.0, 0)
    >>> x
    array([0.75])
    """
    losses, samples, skipped = [], 0, 0
    for batch in batches:
        loss, gradients = learn(batch)
        if clip is not None:
            size = float(np.sqrt(sum(np.sum(part * part) for part in gradients)))
            if not np.isfinite(size) or not np.isfinite(loss):
                skipped += 1
                continue
            if clip and size > clip:
                gradients = [clip / size * part for part in gradients]
        losses.append(loss)
        samples += len(batch)
        move(gradients)
    return float(sum(losses) / samples) if samples else np.nan, skipped


def train(
    network: Any,
    values: Sequence[np.ndarray],
    samples: int,
    learn: Callable[[np.ndarray], tuple[float, Sequence[np.ndarray]]],
    validate: Callable[[], float] | None,
    rng: np.random.Generator,
) -> int:
    """Train by Adam with a rate that falls as half a cosine, and keep the values with the smallest validation loss.

    `network` gets `history_`, and its method ``_move(optimiser, rate, gradients)`` changes `values` in place. `learn` takes
    batches of the indices below `samples`: see `descend`. Return the number of batches that were skipped.
    """
    optimiser = Adam(values)
    network.history_ = {"loss": [], "validation_loss": []}
    best, skipped = Best(values), 0
    for epoch in range(network.epochs):
        rate = network.learning_rate * 0.5 * (1.0 + np.cos(np.pi * epoch / network.epochs))
        batches = batches_of(rng.permutation(samples), network.batch)
        loss, left_out = descend(batches, learn, partial(network._move, optimiser, rate), getattr(network, "clip", None))
        network.history_["loss"].append(loss)
        skipped += left_out
        if validate is None:
            continue
        loss = validate()
        network.history_["validation_loss"].append(loss)
        best.note(values, loss)
        if best.waited >= network.patience:
            break
    if np.isfinite(best.loss):
        for value, kept in zip(values, best.values, strict=True):
            value[...] = kept
    return skipped
