"""Training of weights: initial values, mini-batches and Adam."""

import numpy as np

MEAN_DECAY, SQUARE_DECAY, EPSILON = 0.9, 0.999, 1e-8  # of Adam, as published


class Adam:
    """Moves arrays in place against their gradients: Kingma & Ba (2015), arXiv:1412.6980.

    Parameters
    ----------
    values : list of array
        The arrays.

    Examples
    --------
    >>> x = np.array([1.0])
    >>> optimiser = Adam([x])
    >>> for _ in range(200):
    ...     optimiser.step([2.0 * x], 0.05)                                 # down the parabola x**2
    >>> bool(abs(x[0]) < 0.01)
    True
    """

    def __init__(self, values):
        self.values = values
        self._mean = [np.zeros_like(value) for value in values]
        self._square = [np.zeros_like(value) for value in values]
        self._steps = 0

    def step(self, gradients, rate):
        """Take one step with the learning rate `rate`."""
        self._steps += 1
        size = rate * np.sqrt(1.0 - SQUARE_DECAY**self._steps) / (1.0 - MEAN_DECAY**self._steps)
        for value, gradient, mean, square in zip(self.values, gradients, self._mean, self._square, strict=True):
            mean += (1.0 - MEAN_DECAY) * (gradient - mean)
            square += (1.0 - SQUARE_DECAY) * (gradient * gradient - square)
            value -= size * mean / (np.sqrt(square) + EPSILON)


def initial_weights(inputs, outputs, gain, rng):
    """Return weights of variance ``gain/inputs`` (He et al. 2015, arXiv:1502.01852, with a gain of 2 for a ReLU)."""
    return rng.normal(0.0, np.sqrt(gain / inputs), (inputs, outputs))


def batches(samples, size, rng):
    """Return lists of sample indices: each sample once, in random order."""
    order = rng.permutation(samples)
    return [order[start : start + size] for start in range(0, samples, size)]
