"""Feedback weights of e-prop: by which the errors of the outputs reach the cells that learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.learn.spiking.layout import take_pickled

DECAY = 0.01  # of weights onto the outputs and of adaptive feedback in an update: as in Bellec et al. (2020)


class Feedback:
    """Random weights in place of those onto the outputs, on the way back; see `SpikingNetwork`.

    They are as large as the initial weights onto the outputs. Adaptive ones change as these do, while both decay, and so
    become alike: Akrout et al. (2019), arXiv:1904.05391.
    """

    def __init__(self, layout: Any, kind: str, seed: int, vector: np.ndarray) -> None:
        self.layout, self.adapts, self.places = layout, kind == "adaptive", layout.output_weights()
        self.learned = layout.learned_at(self.places)
        weights = layout.in_kernels(vector)[self.places]
        size = np.sqrt(np.mean(weights * weights)) or 1.0
        self.weights = size * np.random.default_rng((seed, 0, 1)).standard_normal(weights.size)

    __setstate__ = take_pickled

    def replace(self, vector: np.ndarray) -> np.ndarray:
        """Return a vector of the kernels with these weights onto the outputs."""
        vector = vector.copy()
        vector[self.places] = self.weights
        return vector

    def follow(self, vector: np.ndarray, before: np.ndarray) -> None:
        """Change adaptive weights as an update has changed the vector, and let both decay."""
        if self.adapts:
            self.weights += (self.layout.in_kernels(vector) - self.layout.in_kernels(before))[self.places]
            self.weights *= 1.0 - DECAY
            vector[self.learned] *= 1.0 - DECAY
