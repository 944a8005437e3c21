"""From activations to thresholds: how large a unit of each layer may grow before its cell fires in every step.

A spike of layer l stands for its threshold theta_l, in the units of the activations, for one step; so it arrives with the
weight ``W*theta``, and N spikes in T steps say ``N*theta/T``. This is the same as dividing all weights by the thresholds.
"""

import re
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from brainsim.ann.conversion.quantize import rounded

DRIVE_BITS, SPIKE_BITS = 36, 24  # of what a constant input adds in a step, and of what a spike adds: see `grid`


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of cells.

    Parameters
    ----------
    weight : csr_array, shape (inputs, outputs)
        What a spike of each input, or an input of 1, adds to the potential.
    bias : array, shape (outputs,)
        What is added in each step.
    theta : float or None
        Threshold; None for the last layer, which integrates.
    scale : float
        Power of 2 that its largest weight, bias or threshold does not exceed.
    """

    weight: sparse.csr_array
    bias: np.ndarray
    theta: float | None
    scale: float

    def in_bits(self, values):
        """Return what is added in a step with few enough bits for sums to be exact."""
        return rounded(values, DRIVE_BITS, self.scale)


def thresholds(trained, calib, norm):
    """Return the threshold of each hidden layer.

    Parameters
    ----------
    trained : Trained
        With qcfs, the thresholds are its own.
    calib : array (samples, inputs) or None
        Training data.
    norm : {"max", "model"} or str
        ``"p99.9"`` and the like: a percentile of all activations of the layer.
    """
    if trained.activation == "qcfs":
        return list(trained.thresholds)
    percent = re.fullmatch(r"p(\d+(?:\.\d+)?)", norm) if isinstance(norm, str) else None
    if norm not in ("max", "model") and (percent is None or not 0.0 < float(percent[1]) <= 100.0):
        raise ValueError(f"convert.norm: must be 'max', 'model' or a percentile such as 'p99.9' (got {norm!r})")
    if norm == "model":
        return _largest_possible(trained, *((0.0, 1.0) if calib is None else (float(calib.min()), float(calib.max()))))
    if calib is None:
        raise ValueError(
            "convert.calib: must be samples of the training data, to find the largest activations; without "
            "them give norm='model'"
        )
    found = []
    for layer, h in enumerate(trained.activations(calib)[:-1]):
        value = float(h.max() if norm == "max" else np.percentile(h, float(percent[1])))
        value = value or float(h.max())
        if value == 0.0:
            raise ValueError(f"convert.calib: no unit of hidden layer {layer} is active for any of these samples")
        found.append(value)
    return found


def _largest_possible(trained, low, high):
    """Return the largest activation that inputs from `low`, or 0, to `high`, or 0, could cause: Diehl et al. (2015)."""
    found, low, high = [], min(low, 0.0), max(high, 0.0)
    for layer, (W, b) in enumerate(list(zip(trained.weights, trained.biases, strict=True))[:-1]):
        positive = W.maximum(0.0) if sparse.issparse(W) else np.maximum(W, 0.0)
        summed = np.asarray(positive.sum(axis=0)) * high + np.asarray((W - positive).sum(axis=0)) * low
        low, high = 0.0, float((summed + b).max())
        if high <= 0.0:
            raise ValueError(
                f"convert.norm: 'model' finds no input for which a unit of hidden layer {layer} is active; "
                "give inputs of the size they have, calib=X_train"
            )
        found.append(high)
    return found


def scaled(trained, thetas, input_scale=None):
    """Return the layers of cells.

    Parameters
    ----------
    trained : Trained
    thetas : list of float
        Threshold of each hidden layer.
    input_scale : float, optional
        What a spike of an input stands for; None where inputs are currents.
    """
    layers, before = [], 1.0 if input_scale is None else input_scale
    for place, (W, b) in enumerate(zip(trained.weights, trained.biases, strict=True)):
        theta = rounded(thetas[place], SPIKE_BITS) if place < len(thetas) else None
        weight = sparse.csr_array(W, dtype=np.float64) * before
        weight.eliminate_zeros()
        weight.sort_indices()
        if place or input_scale is not None:
            weight.data = rounded(weight.data, SPIKE_BITS)
        sizes = [np.abs(weight.data).max(initial=0.0), np.abs(b).max(initial=0.0), theta or 0.0]
        scale = 2.0 ** np.ceil(np.log2(max(sizes) or 1.0))
        theta = None if theta is None else rounded(theta, DRIVE_BITS, scale)
        if theta == 0.0:
            raise ValueError(
                f"convert.source: the largest weight or bias of hidden layer {place} is more than "
                f"2**{DRIVE_BITS} times its threshold, {thetas[place]:g}; leave out units and inputs that are "
                "never active"
            )
        layers.append(Layer(weight, rounded(b, DRIVE_BITS, scale), theta, scale))
        before = theta
    return layers
