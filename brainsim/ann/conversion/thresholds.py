"""From activations to thresholds: the activation of each layer at which a cell fires in every step.

A spike of layer l stands for an activation of theta_l, its threshold, during one step. So it arrives with the weight
``W*theta``, and N spikes in T steps stand for ``N*theta/T``. This is the same as dividing all weights by the thresholds.

Weights have few bits, so that their sums are exact in any order. A double has 53 bits, and weights that are integer
multiples of one step, with at most 24 bits each, are summed without rounding errors: a layer gives the same result to the
last bit as a matrix product, spike by spike, or in the engine.
"""

import re
from dataclasses import dataclass

import numpy as np
from scipy import sparse

DRIVE_BITS, SPIKE_BITS = 36, 24  # of what a constant input, and a spike, add to the potential


def round_to_bits(values, bits, scale=None):
    """Return `values` rounded to multiples of ``2**-bits`` times the smallest power of 2 that is at least `scale`.

    `scale` is by default the size of the largest value, which then keeps that many bits.

    Examples
    --------
    >>> round_to_bits([0.3, -1.0], 4)
    array([ 0.3125, -1.    ])
    """
    values = np.asarray(values, dtype=np.float64)
    scale = np.abs(values).max(initial=0.0) if scale is None else scale
    if scale == 0.0:
        return values.copy() if values.ndim else float(values)
    step = step_of(scale, bits)
    result = np.round(values / step) * step
    return result if result.ndim else float(result)


def step_of(scale, bits):
    """Return the step between numbers up to `scale` that have a given number of bits.

    Examples
    --------
    >>> step_of(0.7, 4)
    0.0625
    """
    return float(2.0 ** (np.ceil(np.log2(scale)) - bits))


@dataclass(frozen=True, eq=False)
class CellLayer:
    """A layer of cells; `weight` (inputs, outputs) is what a spike of each input, or an input of 1, adds to the potential.

    `bias` (outputs,) is added in each step. `theta` is None for the last layer, which only integrates. `scale` is a power of
    2 that is not less than the largest weight, bias or threshold.
    """

    weight: sparse.csr_array
    bias: np.ndarray
    theta: float | None
    scale: float

    def in_bits(self, values: np.ndarray) -> np.ndarray:
        """Return amounts added in a step, rounded to few enough bits for exact sums."""
        return round_to_bits(values, DRIVE_BITS, self.scale)


def thresholds(trained, calib, norm):
    """Return the threshold of each hidden layer: for qcfs the learned ones, otherwise as `norm` says.

    `norm` is "max", "model", or a percentile of all activations of the layer for training data `calib`, such as "p99.9".
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
    thetas = []
    for layer, h in enumerate(trained.activations(calib)[:-1]):
        value = float(h.max() if norm == "max" else np.percentile(h, float(percent[1])))
        value = value or float(h.max())
        if value == 0.0:
            raise ValueError(f"convert.calib: no unit of hidden layer {layer} is active for any of these samples")
        thetas.append(value)
    return thetas


def _largest_possible(trained, low, high):
    """Return a bound on the activations of each layer for inputs from `low` to `high` and 0: Diehl et al. (2015)."""
    thetas, low, high = [], min(low, 0.0), max(high, 0.0)
    for layer, (W, b) in enumerate(list(zip(trained.weights, trained.biases, strict=True))[:-1]):
        positive = W.maximum(0.0) if sparse.issparse(W) else np.maximum(W, 0.0)
        summed = np.asarray(positive.sum(axis=0)) * high + np.asarray((W - positive).sum(axis=0)) * low
        low, high = 0.0, float((summed + b).max())
        if high <= 0.0:
            raise ValueError(
                f"convert.norm: 'model' finds no input for which a unit of hidden layer {layer} is active; "
                "give samples that show the range of the inputs, calib=X_train"
            )
        thetas.append(high)
    return thetas


def scale_layers(trained, thetas, input_scale=None):
    """Return the layers of cells with the thresholds `thetas`.

    `input_scale` is the input that a spike in every step represents; None if inputs are currents.
    """
    layers, before = [], 1.0 if input_scale is None else input_scale
    for k, (W, b) in enumerate(zip(trained.weights, trained.biases, strict=True)):
        theta = round_to_bits(thetas[k], SPIKE_BITS) if k < len(thetas) else None
        weight = sparse.csr_array(W, dtype=np.float64) * before
        weight.eliminate_zeros()
        weight.sort_indices()
        if k or input_scale is not None:
            weight.data = round_to_bits(weight.data, SPIKE_BITS)
        sizes = [np.abs(weight.data).max(initial=0.0), np.abs(b).max(initial=0.0), theta or 0.0]
        scale = 2.0 ** np.ceil(np.log2(max(sizes) or 1.0))
        theta = None if theta is None else round_to_bits(theta, DRIVE_BITS, scale)
        if theta == 0.0:
            raise ValueError(
                f"convert.source: the largest weight or bias of hidden layer {k} is more than "
                f"2**{DRIVE_BITS} times its threshold, {thetas[k]:g}; leave out units and inputs that are never active"
            )
        layers.append(CellLayer(weight, round_to_bits(b, DRIVE_BITS, scale), theta, scale))
        before = theta
    return layers
