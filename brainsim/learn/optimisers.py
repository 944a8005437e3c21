"""What turns gradients into steps of the weights."""

from collections.abc import Sequence

import numpy as np

MEAN_DECAY, SQUARE_DECAY, EPSILON = 0.9, 0.999, 1e-8  # of Adam, as published


class SGD:
    """Moves arrays in place against their gradients, by the learning rate times the gradient.

    Parameters
    ----------
    values : list of array
        The arrays.

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

    def __init__(self, values: Sequence[np.ndarray]) -> None:
        self.values = values
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


OPTIMISERS: dict[str, type[SGD] | type[Adam]] = {"adam": Adam, "sgd": SGD}
