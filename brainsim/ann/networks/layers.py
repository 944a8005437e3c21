"""Convolution, average pooling and batch normalisation as sparse matrices, so that a CNN becomes a list of (W, b).

Every linear layer is ``y = x @ W + b`` on the flattened image, channel by channel and row by row. Consecutive linear layers
without a ReLU between them are multiplied into one: batch normalisation is merged into the convolution before it, pooling
into the one after it, and neither needs a layer of spiking cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from brainsim.core.checks import integer, plain

__all__ = ["AvgPool2D", "BatchNorm", "Conv2D", "Dense", "ReLU"]

# activations of hidden units that firing rates cannot represent, and why
UNSUPPORTED = {
    "tanh": "its units are negative for half of their inputs, and firing rates are not",
    "identity": "its units are negative for half of their inputs, and firing rates are not",
    "logistic": "its units are at 1/2 without input",
    "sigmoid": "its units are at 1/2 without input",
    "softplus": "its units are active below threshold, and integrate-and-fire neurons without noise are not",
    "softlif": "its units leak and are refractory; integrate-and-fire neurons are not",
}


@dataclass(frozen=True, eq=False)
class Conv2D:
    """A convolution in the sense of neural networks: a cross-correlation of images with kernels.

    Parameters
    ----------
    weight : array, shape (channels out, channels in, height, width)
        The kernels.
    bias : array, shape (channels out,), optional
        0 by default.
    stride : int
        Step between two positions of the kernel.
    padding : int
        Rows and columns of zeros around the image.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> W, b, shape = bs.ann.layers.Conv2D(np.ones((4, 1, 3, 3)), padding=1).lowered((1, 8, 8))
    >>> W.shape, b.shape, shape
    ((64, 256), (256,), (4, 8, 8))
    """

    weight: ArrayLike
    bias: ArrayLike | None = None
    stride: int = 1
    padding: int = 0

    def lowered(self, shape: tuple[int, ...]) -> tuple[sparse.csr_array, np.ndarray, tuple[int, ...]]:
        """Return (W, b, shape of the output) for images of the shape (channels, height, width)."""
        weight = np.asarray(plain(self.weight, "", "Conv2D.weight"))
        if weight.ndim != 4 or weight.shape[1] != shape[0]:
            raise ValueError(
                f"Conv2D.weight: must have the shape (channels out, {shape[0]}, height, width) (got {weight.shape})"
            )
        out, _, height, width = weight.shape
        sources, targets, size = _positions(shape, (height, width), self.stride, self.padding, "Conv2D")
        channel_in, channel_out = np.arange(shape[0]) * shape[1] * shape[2], np.arange(out) * size[0] * size[1]
        rows, columns, values = [], [], []
        for (i, j), source in sources.items():
            target = targets[i, j]
            pairs = (out, shape[0], target.size)
            rows.append(np.broadcast_to(channel_in[None, :, None] + source, pairs))
            columns.append(np.broadcast_to(channel_out[:, None, None] + target, pairs))
            values.append(np.broadcast_to(weight[:, :, i, j, None], pairs))
        W = _matrix(values, rows, columns, (int(np.prod(shape)), out * size[0] * size[1]))
        bias = np.zeros(out) if self.bias is None else np.asarray(plain(self.bias, "", "Conv2D.bias"))
        if bias.shape != (out,):
            raise ValueError(f"Conv2D.bias: must be one number for each of the {out} channels (got shape {bias.shape})")
        return W, np.repeat(bias, size[0] * size[1]), (out, *size)


@dataclass(frozen=True, eq=False)
class AvgPool2D:
    """The mean over squares of an image, channel by channel.

    Parameters
    ----------
    size : int
        Height and width of a square.
    stride : int, optional
        Step between two squares; by default `size`.

    Examples
    --------
    >>> import brainsim as bs
    >>> W, b, shape = bs.ann.layers.AvgPool2D(2).lowered((4, 8, 8))
    >>> W.shape, shape
    ((256, 64), (4, 4, 4))
    """

    size: int
    stride: int | None = None

    def lowered(self, shape: tuple[int, ...]) -> tuple[sparse.csr_array, np.ndarray, tuple[int, ...]]:
        """Return (W, b, shape of the output) for images of the shape (channels, height, width)."""
        side = integer(self.size, "AvgPool2D.size", at_least=1)
        stride = side if self.stride is None else self.stride
        sources, targets, size = _positions(shape, (side, side), stride, 0, "AvgPool2D")
        channels = np.arange(shape[0])[:, None]
        rows = [channels * shape[1] * shape[2] + source for source in sources.values()]
        columns = [channels * size[0] * size[1] + target for target in targets.values()]
        values = [np.full(row.shape, 1.0 / side**2) for row in rows]
        W = _matrix(values, rows, columns, (int(np.prod(shape)), shape[0] * size[0] * size[1]))
        return W, np.zeros(W.shape[1]), (shape[0], *size)


@dataclass(frozen=True, eq=False)
class BatchNorm:
    """Normalisation by the statistics of training: ``gamma*(x - mean)/sqrt(variance + epsilon) + beta`` for each channel.

    Parameters
    ----------
    gamma, beta, mean, variance : array, shape (channels,)
        Their values after training. A flat layer has a channel for each unit.
    epsilon : float
        Added to the variance.

    Examples
    --------
    >>> import brainsim as bs
    >>> W, b, shape = bs.ann.layers.BatchNorm([2.0], [0.5], [1.0], [4.0], epsilon=0.0).lowered((1, 1, 1))
    >>> W.toarray(), b
    (array([[1.]]), array([-0.5]))
    """

    gamma: ArrayLike
    beta: ArrayLike
    mean: ArrayLike
    variance: ArrayLike
    epsilon: float = 1e-5

    def lowered(self, shape: tuple[int, ...]) -> tuple[sparse.csr_array, np.ndarray, tuple[int, ...]]:
        """Return (W, b, shape) for images of the shape (channels, height, width), or flat ones of (units,)."""
        statistics = {
            name: np.asarray(plain(getattr(self, name), "", f"BatchNorm.{name}"))
            for name in ("gamma", "beta", "mean", "variance")
        }
        for name, value in statistics.items():
            if value.shape != (shape[0],):
                raise ValueError(
                    f"BatchNorm.{name}: must be one number for each of the {shape[0]} channels (got shape {value.shape})"
                )
        factor = statistics["gamma"] / np.sqrt(statistics["variance"] + self.epsilon)
        each = int(np.prod(shape[1:]))
        W = sparse.dia_array((np.repeat(factor, each)[None], [0]), shape=(shape[0] * each, shape[0] * each)).tocsr()
        return W, np.repeat(statistics["beta"] - factor * statistics["mean"], each), shape


@dataclass(frozen=True, eq=False)
class Dense:
    """A fully connected layer on the flattened image.

    Parameters
    ----------
    weight : array, shape (inputs, outputs)
    bias : array, shape (outputs,), optional
        0 by default.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> W, b, shape = bs.ann.layers.Dense(np.ones((64, 10))).lowered((1, 8, 8))
    >>> shape
    (10,)
    """

    weight: ArrayLike
    bias: ArrayLike | None = None

    def lowered(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
        """Return (W, b, shape of the output) for images of any shape."""
        W = np.asarray(plain(self.weight, "", "Dense.weight"))
        if W.ndim != 2 or len(W) != np.prod(shape):
            raise ValueError(f"Dense.weight: must have the shape ({int(np.prod(shape))}, outputs) (got {W.shape})")
        bias = np.zeros(W.shape[1]) if self.bias is None else np.asarray(plain(self.bias, "", "Dense.bias"))
        if bias.shape != (W.shape[1],):
            raise ValueError(f"Dense.bias: must be one number for each of the {W.shape[1]} outputs (got shape {bias.shape})")
        return W, bias, (W.shape[1],)


@dataclass(frozen=True)
class ReLU:
    """The end of a layer: its units are rectified, and become cells in the spiking network."""


def lower(
    layers: Sequence[Conv2D | AvgPool2D | BatchNorm | Dense | ReLU], shape: Sequence[int]
) -> list[tuple[Any, np.ndarray]]:
    """Return a network of layers as a list of (W, b), with a ReLU after each but the last.

    Parameters
    ----------
    layers : list of Conv2D, AvgPool2D, BatchNorm, Dense and ReLU
        In their order; the last must not be a ReLU.
    shape : tuple of int
        Of an image, (channels, height, width).

    Returns
    -------
    list of (W, b)
        W of shape (inputs, outputs), sparse for sparse layers, and b of shape (outputs,).

    Raises
    ------
    TypeError
        If a layer has another type, such as max pooling.
    ValueError
        If shapes do not fit, or there is no layer between two ReLUs or after the last.

    Examples
    --------
    >>> network = lower([Conv2D(np.ones((4, 1, 3, 3))), ReLU(), AvgPool2D(2), Dense(np.ones((36, 10)))], (1, 8, 8))
    >>> [W.shape for W, b in network]
    [(64, 144), (144, 10)]
    """
    if not isinstance(layers, list | tuple):
        raise TypeError(f"lower.layers: must be a list of layers (got {type(layers).__name__})")
    if not isinstance(shape, list | tuple):
        raise TypeError(f"lower.shape: must be (channels, height, width) (got {shape!r})")
    shape = tuple(integer(size, "lower.shape", at_least=1) for size in shape)
    network: list[tuple[Any, np.ndarray]] = []
    W: Any = None
    b: Any = None
    for layer in layers:
        if isinstance(layer, ReLU):
            if W is None:
                raise ValueError("lower.layers: a ReLU must follow a linear layer; leave out the first of two in a row")
            network.append((W, b))
            W = b = None
            continue
        if not hasattr(layer, "lowered"):
            reject_layer(type(layer).__name__ if not isinstance(layer, type) else layer.__name__, "lower.layers")
        next_W, next_b, shape = layer.lowered(shape)
        W, b = (next_W, next_b) if W is None else (W @ next_W, b @ next_W + next_b)
    if W is None:
        raise ValueError("lower.layers: must end with a linear layer, whose outputs are read without a ReLU")
    return [*network, (W, b)]


def reject_layer(name, label):
    """Raise TypeError for a layer by the name of its class, saying what to use instead."""
    low = name.lower()
    if "maxpool" in low:
        remedy = "no cell computes the largest of several rates; train with AvgPool2D or with a stride of 2"
    elif "softmax" in low:
        remedy = "softmax divides by a sum over units; leave it out at the end, which does not change the largest output"
    elif any(word in low for word in ("tanh", "elu", "gelu", "silu", "sigmoid", "softplus")):
        remedy = "only units of relu and qcfs are like firing rates; train with bs.ann.MLP(activation='qcfs') or with ReLU"
    elif any(word in low for word in ("lstm", "gru", "rnn", "attention")):
        remedy = "rates have no memory from step to step; only feed-forward layers can be converted"
    else:
        remedy = "write the network as bs.ann.layers.lower([...], shape), of Conv2D, AvgPool2D, BatchNorm, Dense and ReLU"
    raise TypeError(f"{label}: {name} cannot be converted: {remedy}")


def reject_activation(name):
    """Raise ValueError, with the reason, if the activation of hidden units is neither relu nor qcfs."""
    if name in UNSUPPORTED:
        raise ValueError(
            f"convert.source: {name} cannot be converted: {UNSUPPORTED[name]}; train with activation='relu' or "
            "with bs.ann.MLP(activation='qcfs')"
        )
    if name not in ("relu", "qcfs"):
        raise ValueError(f"convert.source: the activation must be relu or qcfs (got {name!r})")


def _positions(shape, kernel, stride, padding, label):
    """Return, for each element of the kernel, which pixels go into which outputs, and height and width of the output."""
    if len(shape) != 3:
        raise ValueError(f"{label}: needs images of the shape (channels, height, width) (got {shape})")
    stride = integer(stride, f"{label}.stride", at_least=1)
    padding = integer(padding, f"{label}.padding", at_least=0)
    size = tuple((shape[1 + k] + 2 * padding - kernel[k]) // stride + 1 for k in (0, 1))
    if min(size) < 1:
        raise ValueError(
            f"{label}: a kernel of {kernel[0]} x {kernel[1]} does not fit into images of {shape[1]} x {shape[2]}"
        )
    y, x = (axis.ravel() for axis in np.mgrid[: size[0], : size[1]])
    sources, targets = {}, {}
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            row, column = y * stride + i - padding, x * stride + j - padding
            inside = (row >= 0) & (row < shape[1]) & (column >= 0) & (column < shape[2])
            sources[i, j] = (row * shape[2] + column)[inside]
            targets[i, j] = (y * size[1] + x)[inside]
    return sources, targets, size


def _matrix(values, rows, columns, shape):
    values, rows, columns = (np.concatenate([part.ravel() for part in parts]) for parts in (values, rows, columns))
    return sparse.csr_array((values, (rows, columns)), shape=shape)
