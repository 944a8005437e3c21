"""Activation functions of artificial neurons, each with the slope used in training.

All take and return arrays of any shape. ``ACTIVATIONS`` lists them by the names that `MLP` knows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from brainsim.core.checks import integer, number
from brainsim.core.contexts import default_arithmetic, within

__all__ = [
    "network_levels",
    "qcfs",
    "qcfs_levels",
    "qcfs_slope",
    "relu",
    "relu_slope",
    "sigmoid",
    "sigmoid_slope",
    "softlif",
    "softlif_slope",
    "softplus",
    "softplus_slope",
    "tanh",
    "tanh_slope",
]

SIGMA, TAU, T_REF = 0.1, 20.0, 2.0  # of the soft LIF: width of the threshold, ms, ms


def relu(z: ArrayLike) -> np.ndarray:
    """Return ``max(z, 0)``: the limit of a spiking neuron without noise and leak over a long time.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> bs.ann.activations.relu(np.array([-1.0, 0.5]))
    array([0. , 0.5])
    """
    return np.maximum(z, 0.0)


def relu_slope(z: ArrayLike) -> np.ndarray:
    """Return the slope of `relu`: 1 above 0, else 0."""
    return (np.asarray(z) > 0).astype(np.float64)


@within(default_arithmetic)
def softplus(z: ArrayLike) -> np.ndarray:
    """Return ``log(1 + exp(z))`` without overflow: a neuron whose threshold is blurred by noise.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> bs.ann.activations.softplus(np.array([-1000.0, 0.0, 20.0])).round(3)
    array([ 0.   ,  0.693, 20.   ])
    """
    return np.logaddexp(0.0, z)


@within(default_arithmetic)
def softplus_slope(z: ArrayLike) -> np.ndarray:
    """Return the slope of `softplus`, ``1/(1 + exp(-z))``."""
    return expit(z)


@within(default_arithmetic)
def sigmoid(z: ArrayLike) -> np.ndarray:
    """Return ``1/(1 + exp(-z))``: a neuron with noise and a maximal rate.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> bs.ann.activations.sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    return expit(z)


@within(default_arithmetic)
def sigmoid_slope(z: ArrayLike) -> np.ndarray:
    """Return the slope of `sigmoid`."""
    value = expit(z)
    return value * (1.0 - value)


@within(default_arithmetic)
def tanh(z: ArrayLike) -> np.ndarray:
    """Return the hyperbolic tangent, which is negative below 0, unlike any firing rate.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> bs.ann.activations.tanh(np.array([-1000.0, 0.0, 1000.0]))
    array([-1.,  0.,  1.])
    """
    return np.tanh(z)


@within(default_arithmetic)
def tanh_slope(z: ArrayLike) -> np.ndarray:
    """Return the slope of `tanh`."""
    return 1.0 - np.tanh(z) ** 2


def qcfs_levels(z: ArrayLike, threshold: float = 1.0, levels: int = 8) -> np.ndarray:
    """Return the level of each unit under quantisation, clipping, floor and shift: a whole number from 0 to `levels`.

    ``N = clip(floor(z*levels/threshold + 1/2), 0, levels)`` is the number of spikes that an integrate-and-fire neuron sends
    in `levels` steps of the constant drive z, if it starts at half its threshold.

    Parameters
    ----------
    z : array
        Input of the units.
    threshold : float
        Largest activation, > 0.
    levels : int
        Number of steps, >= 1.

    Returns
    -------
    array of int64

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> bs.ann.activations.qcfs_levels(np.array([-1.0, 0.1, 0.13, 0.5, 3.0]), 1.0, 4)
    array([0, 0, 1, 2, 4])
    """
    z = np.asarray(z, dtype=np.float64)
    threshold = number(threshold, "qcfs_levels.threshold", above=0.0)
    levels = integer(levels, "qcfs_levels.levels", at_least=1)
    return np.clip(np.floor((z * levels + 0.5 * threshold) / threshold), 0, levels).astype(np.int64)


def qcfs(z: ArrayLike, threshold: float = 1.0, levels: int = 8) -> np.ndarray:
    """Return ``threshold*qcfs_levels(z)/levels``: a ReLU quantised to `levels` steps and clipped at `threshold`.

    Parameters
    ----------
    z, threshold, levels
        As for `qcfs_levels`.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> bs.ann.activations.qcfs(np.array([-1.0, 0.1, 0.13, 0.5, 3.0]), 1.0, 4)
    array([0.  , 0.  , 0.25, 0.5 , 1.  ])

    References
    ----------
    Bu et al. (2022), arXiv:2303.04347.
    """
    return threshold * qcfs_levels(z, threshold, levels) / levels


def network_levels(
    X: np.ndarray, weights: Sequence[Any], biases: Sequence[np.ndarray], thresholds: Sequence[float], levels: int
) -> list[np.ndarray]:
    """Return the level of every hidden unit of a network of qcfs: for each hidden layer int64 of shape (samples, units).

    Parameters
    ----------
    X : array, shape (samples, inputs)
    weights, biases : list of array
        Of all layers; those of the last are not used.
    thresholds : list of float
        Of each hidden layer.
    levels : int

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> weights, biases = [np.ones((1, 1)), np.ones((1, 2))], [np.zeros(1), np.zeros(2)]
    >>> bs.ann.activations.network_levels(np.array([[0.3]]), weights, biases, [1.0], 4)
    [array([[1]])]
    """
    h, by_layer = levels * X, []
    for W, b, threshold in zip(weights, biases, thresholds, strict=False):
        drive = h @ W + levels * b  # everything times `levels`, since division by `levels` would round
        by_layer.append(np.clip(np.floor((drive + 0.5 * threshold) / threshold), 0, levels).astype(np.int64))
        h = threshold * by_layer[-1]
    return by_layer


def qcfs_slope(z: ArrayLike, threshold: float = 1.0) -> np.ndarray:
    """Return the slope of `qcfs` for training, which ignores the floor: 1 between 0 and threshold, else 0."""
    z = np.asarray(z)
    return ((z > 0) & (z < threshold)).astype(np.float64)


def softlif(z: ArrayLike, sigma: float = SIGMA, tau: float = TAU, t_ref: float = T_REF) -> np.ndarray:
    """Return the rate of a leaky integrate-and-fire neuron with a soft threshold, in units of 1/tau.

    ``tau/(t_ref + tau*log(1 + 1/j))`` with ``j = sigma*softplus(z/sigma)``; z = 0 is the threshold. In the limit of sigma to
    0 it is the f-I curve of the neuron. For t_ref = 0 it approaches z + 1/2 far above threshold; otherwise it saturates at
    tau/t_ref.

    Parameters
    ----------
    z : array
        Drive above threshold, in units of the threshold.
    sigma : float
        Width over which the threshold is smooth, > 0.
    tau, t_ref : float
        Membrane time constant and refractory time [ms].

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> bs.ann.activations.softlif(np.array([-5.0, 0.5, 1.0, 4.0]), sigma=0.001).round(3)
    array([0.   , 0.834, 1.261, 3.095])

    References
    ----------
    Hunsberger & Eliasmith (2015), arXiv:1510.08829.
    """
    sigma = number(sigma, "softlif.sigma", above=0.0)
    tau, t_ref = number(tau, "softlif.tau", "ms", above=0.0), number(t_ref, "softlif.t_ref", "ms", at_least=0.0)
    j = sigma * softplus(np.asarray(z) / sigma)
    safe = np.maximum(j, 1e-300)
    return np.where(j > 1e-300, tau / (t_ref + tau * np.log1p(1.0 / safe)), 0.0)


def softlif_slope(z: ArrayLike, sigma: float = SIGMA, tau: float = TAU, t_ref: float = T_REF) -> np.ndarray:
    """Return the slope of `softlif`."""
    j = sigma * softplus(np.asarray(z) / sigma)
    safe = np.maximum(j, 1e-300)
    interval = t_ref + tau * np.log1p(1.0 / safe)
    slope = (tau / interval) ** 2 * (softplus_slope(np.asarray(z) / sigma) / safe) / (1.0 + safe)
    return np.where(j > 1e-300, slope, 0.0)


# name -> (value, slope); qcfs also takes a threshold, and the number of levels
ACTIVATIONS = {
    "relu": (relu, relu_slope),
    "qcfs": (qcfs, qcfs_slope),
    "softplus": (softplus, softplus_slope),
    "softlif": (softlif, softlif_slope),
    "sigmoid": (sigmoid, sigmoid_slope),
    "tanh": (tanh, tanh_slope),
}
