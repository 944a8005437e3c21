"""Convolution, pooling and batch normalisation as sparse matrices, so that a CNN becomes a list of (W, b).

Every linear layer is ``y = x @ W + b`` on the flattened image, channel by channel and row by row. Consecutive linear layers
without a ReLU between them are multiplied into one: batch normalisation is merged into the convolution before it, average
pooling into the one after it, and neither needs a layer of spiking cells. Max pooling needs some: see `MaxPool2D`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from brainsim.core.checks import integer, plain

__all__ = ["AvgPool2D", "BatchNorm", "Conv2D", "Dense", "MaxPool2D", "ReLU"]

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
            last = weight.ndim == 4 and weight.shape[1] == shape[-1]
            hint = "; images have their channels first, X.transpose(0, 3, 1, 2)" if last else ""
            raise ValueError(
                f"Conv2D.weight: must have the shape (channels out, {shape[0]}, height, width) (got {weight.shape}){hint}"
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
class MaxPool2D:
    """The largest number in squares of an image, channel by channel, made of ReLUs: ``max(a, b) = b + ReLU(a - b)``.

    So it is exact in the artificial network. In spikes it takes a layer of cells each time that the numbers of a square are
    halved: two for 2 x 2, with one and a half times as many cells as the image has pixels. The image must not be negative: a
    ReLU stands before or after it.

    Parameters
    ----------
    size : int
        Height and width of a square.
    stride : int, optional
        Step between two squares; by default `size`.

    Examples
    --------
    >>> import numpy as np
    >>> import brainsim as bs
    >>> L = bs.ann.layers
    >>> network = L.lower([L.Conv2D(np.ones((4, 1, 3, 3))), L.ReLU(), L.MaxPool2D(2), L.Dense(np.ones((36, 10)))], (1, 8, 8))
    >>> [W.shape for W, b in network]
    [(64, 144), (144, 144), (144, 72), (72, 10)]
    """

    size: int
    stride: int | None = None

    def stages(self, shape: tuple[int, ...]) -> tuple[list[sparse.csr_array], tuple[int, ...]]:
        """Return matrices, between which there are ReLUs, and the shape of the output.

        In each stage, a of a pair of numbers (a, b) becomes a - b, and b stays; the next stage adds both.
        """
        side = integer(self.size, "MaxPool2D.size", at_least=1)
        sources, _, size = _positions(shape, (side, side), self.stride or side, 0, "MaxPool2D")
        channels, outputs = np.arange(shape[0])[:, None] * shape[1] * shape[2], shape[0] * size[0] * size[1]
        rows = np.concatenate([(channels + source).ravel() for source in sources.values()])
        # a block of columns for each number of a square
        numbers = sparse.csr_array((np.ones(rows.size), (rows, np.arange(rows.size))), (int(np.prod(shape)), rows.size))
        found, left = [], len(sources)
        while left > 1:
            pairs = left // 2
            step = np.eye(left)
            for first in range(0, 2 * pairs, 2):
                step[first + 1, first] = -1.0
            found.append(numbers @ _each_output(step, outputs))
            sums = np.zeros((left, left - pairs))
            sums[np.arange(left), np.minimum(np.arange(left) // 2, left - pairs - 1)] = 1.0
            numbers, left = _each_output(sums, outputs), left - pairs
        return [*found, numbers], (shape[0], *size)


def _each_output(block, outputs):
    """Return a matrix that does the same for each output; columns and rows are ordered by number, then by output."""
    return sparse.csr_array(sparse.kron(block, sparse.eye_array(outputs)))


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
    layers: Sequence[Conv2D | AvgPool2D | MaxPool2D | BatchNorm | Dense | ReLU], shape: Sequence[int]
) -> list[tuple[Any, np.ndarray]]:
    """Return a network of layers as a list of (W, b), with a ReLU after each but the last.

    Parameters
    ----------
    layers : list of Conv2D, AvgPool2D, MaxPool2D, BatchNorm, Dense and ReLU
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
        If a layer has another type.
    ValueError
        If shapes do not fit, if no layer stands between two ReLUs or after the last, or if no ReLU is next to max pooling.

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
    group: Group | None = None
    rectified = False
    for layer in relus_first(layers, lambda one: isinstance(one, ReLU)):
        if isinstance(layer, ReLU):
            if group is None:
                raise ValueError("lower.layers: a ReLU must follow a linear layer; leave out the first of two in a row")
            network.append(group[:2])
            group, rectified = None, True
            continue
        if not hasattr(layer, "lowered") and not isinstance(layer, MaxPool2D):
            reject_layer(type(layer).__name__ if not isinstance(layer, type) else layer.__name__, "lower.layers")
        pairs, group, shape = joined(group, layer, shape, rectified, "lower.layers")
        network += pairs
    if group is None:
        raise ValueError("lower.layers: must end with a linear layer, whose outputs are read without a ReLU")
    return [*network, group[:2]]


Group = tuple[Any, np.ndarray, bool]  # W and b of linear layers next to each other, and whether all of them only pool


def joined(group, layer, shape, rectified, label):
    """Return the (W, b) that ReLUs end within a layer, the `Group` that is left, and the shape of its output.

    `group` is that of the layers before it, None directly after a ReLU or at the beginning; `rectified` says whether there
    was a ReLU before the group.
    """
    pools = group is None or group[2]
    if not isinstance(layer, MaxPool2D):
        W, b, shape = layer.lowered(shape)
        return [], (*_product(group, W, b), pools and isinstance(layer, AvgPool2D)), shape
    if not (rectified and pools):
        raise ValueError(f"{label}: max pooling needs a ReLU directly before or after it, since rates are not negative")
    (*stages, last), shape = layer.stages(shape)
    pairs = []
    for stage in stages:
        pairs.append(_product(group, stage, np.zeros(stage.shape[1])))
        group = None
    return pairs, (*_product(group, last, np.zeros(last.shape[1])), True), shape


def _product(group, W, b):
    """Return (W, b) of a layer, together with those of the group before it."""
    return (W, b) if group is None else (group[0] @ W, group[1] @ W + b)


def relus_first(layers, is_relu):
    """Return layers with the ReLU before max pooling instead of after it: the largest one is the same."""
    layers = list(layers)
    for k in range(1, len(layers)):
        if is_relu(layers[k]) and isinstance(layers[k - 1], MaxPool2D):
            layers[k - 1 : k + 1] = layers[k], layers[k - 1]
    return layers


def reject_layer(name, label):
    """Raise TypeError for a layer by the name of its class, saying what to use instead."""
    low = name.lower()
    if "maxpool" in low:
        remedy = "take MaxPool2d in a torch.nn.Sequential, bs.ann.layers.MaxPool2D in lower, or average pooling"
    elif "softmax" in low:
        remedy = "softmax divides by a sum over units; leave it out at the end, which does not change the largest output"
    elif any(word in low for word in ("tanh", "elu", "gelu", "silu", "sigmoid", "softplus")):
        remedy = "only units of relu and qcfs are like firing rates; train with bs.ann.MLP(activation='qcfs') or with ReLU"
    elif any(word in low for word in ("lstm", "gru", "rnn", "attention")):
        remedy = "rates have no memory from step to step; only feed-forward layers can be converted"
    else:
        kinds = "Conv2D, AvgPool2D, MaxPool2D, BatchNorm, Dense and ReLU"
        remedy = f"write the network as bs.ann.layers.lower([...], shape), of {kinds}"
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
