"""Training of artificial networks: initial weights, and epochs until the validation loss no longer falls."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from brainsim.learn.batches import batches_of
from brainsim.learn.optimisers import Adam, Best, descend


def initial_weights(inputs, outputs, gain, rng):
    """Return weights of variance ``gain/inputs`` (He et al. 2015, arXiv:1502.01852, with a gain of 2 for a ReLU)."""
    return rng.normal(0.0, np.sqrt(gain / inputs), (inputs, outputs))


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
