"""Layers as sparse matrices against direct loops over images."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

import brainsim as bs
from brainsim.ann.networks.layers import AvgPool2D, BatchNorm, Conv2D, Dense, MaxPool2D, ReLU, lower
from brainsim.ann.networks.readers import read

RNG = np.random.default_rng(5)


def convolved(image, weight, bias, stride, padding):
    """Return a convolution by plain loops over outputs."""
    padded = np.pad(image, [(0, 0), (padding, padding), (padding, padding)])
    out, _, height, width = weight.shape
    rows, columns = (padded.shape[1] - height) // stride + 1, (padded.shape[2] - width) // stride + 1
    result = np.empty((out, rows, columns))
    for c in range(out):
        for y in range(rows):
            for x in range(columns):
                window = padded[:, y * stride : y * stride + height, x * stride : x * stride + width]
                result[c, y, x] = np.sum(window * weight[c]) + bias[c]
    return result


def pooled(image, size, stride):
    """Return means over squares by plain loops."""
    rows, columns = ((n - size) // stride + 1 for n in image.shape[1:])
    return np.array(
        [
            [
                [plane[y * stride : y * stride + size, x * stride : x * stride + size].mean() for x in range(columns)]
                for y in range(rows)
            ]
            for plane in image
        ]
    )


@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "padding"),
    [
        ((1, 8, 8), (4, 1, 3, 3), 1, 1),
        ((3, 7, 9), (2, 3, 2, 3), 2, 0),
        ((2, 6, 5), (3, 2, 5, 5), 1, 2),
        ((2, 4, 4), (1, 2, 1, 1), 3, 1),
    ],
)
def test_convolution(shape, kernel, stride, padding):
    image, weight, bias = RNG.normal(size=shape), RNG.normal(size=kernel), RNG.normal(size=kernel[0])
    W, b, out = Conv2D(weight, bias, stride, padding).lowered(shape)
    direct = convolved(image, weight, bias, stride, padding)
    assert out == direct.shape
    assert image.ravel() @ W + b == pytest.approx(direct.ravel(), abs=1e-12)


@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 2), (1, 1)])
def test_pooling(size, stride):
    image = RNG.normal(size=(3, 8, 7))
    W, b, out = AvgPool2D(size, stride).lowered(image.shape)
    direct = pooled(image, size, stride or size)
    assert out == direct.shape
    assert image.ravel() @ W + b == pytest.approx(direct.ravel(), abs=1e-12)


def test_normalisation():
    image = RNG.normal(size=(3, 4, 5))
    gamma, beta, mean, variance = RNG.normal(size=3), RNG.normal(size=3), RNG.normal(size=3), RNG.random(3)
    W, b, out = BatchNorm(gamma, beta, mean, variance).lowered(image.shape)
    g, e, m, v = (a[:, None, None] for a in (gamma, beta, mean, variance))
    direct = g * (image - m) / np.sqrt(v + 1e-5) + e
    assert out == image.shape
    assert image.ravel() @ W + b == pytest.approx(direct.ravel(), abs=1e-12)


def test_a_whole_network():
    """Conv, norm, ReLU, pool, conv, ReLU, dense: three matrices that compute the same."""
    kernels, more = RNG.normal(size=(4, 1, 3, 3)), RNG.normal(size=(6, 4, 3, 3))
    norm = BatchNorm(RNG.normal(size=4), RNG.normal(size=4), RNG.normal(size=4), RNG.random(4))
    dense, bias = RNG.normal(size=(24, 10)), RNG.normal(size=10)
    layers = [Conv2D(kernels, np.ones(4), padding=1), norm, ReLU(), AvgPool2D(2), Conv2D(more), ReLU(), Dense(dense, bias)]
    network = lower(layers, (1, 8, 8))
    assert [W.shape for W, _ in network] == [(64, 256), (256, 24), (24, 10)]

    image = RNG.normal(size=(1, 8, 8))
    W, b, _ = norm.lowered((4, 8, 8))
    h = convolved(image, kernels, np.ones(4), 1, 1).ravel() @ W + b
    h = pooled(np.maximum(h, 0).reshape(4, 8, 8), 2, 2)
    h = np.maximum(convolved(h, more, np.zeros(6), 1, 0), 0)
    expected = h.ravel() @ dense + bias

    x = image.ravel()
    for place, (W, b) in enumerate(network):
        x = x @ W + b
        x = np.maximum(x, 0) if place < 2 else x
    assert x == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("size", "stride", "first"), [(2, None, "relu"), (3, 2, "relu"), (3, 1, "pool")])
def test_max_pooling_is_exact_in_relus(size, stride, first):
    """Squares that meet, that overlap, and the ReLU behind them, where it stands in many networks."""
    kernels, images, step = RNG.normal(size=(3, 2, 3, 3)), RNG.normal(size=(5, 2, 8, 8)), stride or size
    middle = [ReLU(), MaxPool2D(size, stride)] if first == "relu" else [MaxPool2D(size, stride), ReLU()]
    side = (8 - size) // step + 1
    trained = read(lower([Conv2D(kernels, padding=1), *middle, Dense(np.eye(3 * side**2))], (2, 8, 8)))
    for image, found in zip(images, trained.activations(images.reshape(5, -1))[-1], strict=True):
        windows = sliding_window_view(convolved(image, kernels, np.zeros(3), 1, 1), (size, size), (1, 2))
        expected = np.maximum(windows[:, ::step, ::step].max(axis=(3, 4)), 0.0)
        assert found.reshape(3, side, side) == pytest.approx(expected, abs=1e-12)


def test_a_network_with_max_pooling_answers_alike_in_spikes():
    data, kernels = bs.ann.datasets.digits(), np.random.default_rng(1).normal(0.0, 0.5, (12, 1, 3, 3))
    front = [Conv2D(kernels, padding=1), ReLU(), MaxPool2D(2)]
    features = read(lower([*front, Dense(np.eye(192))], (1, 8, 8))).activations(data.X_train)[-1]
    wanted = np.eye(10)[data.y_train]
    readout = np.linalg.solve(features.T @ features + np.eye(192), features.T @ wanted)
    network = lower([*front, Dense(readout)], (1, 8, 8))
    assert [W.shape[1] for W, _ in network] == [768, 768, 384, 10]
    report = bs.ann.bodies(network, data.X_test, data.y_test, calib=data.X_train, T=(32, 64))
    assert report.row("artificial").accuracy > 0.95
    assert report.row("spiking", T=64).agreement > 0.99


class MaxPool2d:
    pass


class Softmax:
    pass


def test_mistakes_in_layers():
    with pytest.raises(TypeError, match="MaxPool2d cannot be converted: .*bs.ann.layers.MaxPool2D"):
        lower([Conv2D(np.ones((1, 1, 3, 3))), ReLU(), MaxPool2d()], (1, 8, 8))
    for before in ([], [Conv2D(np.ones((1, 1, 3, 3)))], [ReLU(), Conv2D(np.ones((1, 1, 3, 3)))]):
        with pytest.raises(ValueError, match="max pooling needs a ReLU directly before or after it"):
            lower([AvgPool2D(1), *before, MaxPool2D(2), Dense(np.ones((9, 2)))], (1, 8, 8))
    with pytest.raises(TypeError, match="Softmax cannot be converted: .*leave it out"):
        lower([Dense(np.ones((64, 2))), Softmax()], (1, 8, 8))
    with pytest.raises(ValueError, match=r"Conv2D.weight: must have the shape \(channels out, 3, height, width\)"):
        lower([Conv2D(np.ones((1, 1, 3, 3)))], (3, 8, 8))
    with pytest.raises(ValueError, match="must end with a linear layer"):
        lower([Dense(np.ones((64, 2))), ReLU()], (1, 8, 8))
    with pytest.raises(ValueError, match="does not fit into images of 2 x 2"):
        lower([Conv2D(np.ones((1, 1, 3, 3)))], (1, 2, 2))
    with pytest.raises(ValueError, match=r"Dense.weight: must have the shape \(64, outputs\)"):
        lower([Dense(np.ones((32, 2)))], (1, 8, 8))


def test_what_is_not_a_list_of_layers():
    with pytest.raises(TypeError, match=r"lower.layers: must be a list of layers \(got ReLU\)"):
        lower(ReLU(), (1, 8, 8))
    with pytest.raises(TypeError, match=r"lower.shape: must be \(channels, height, width\) \(got 64\)"):
        lower([ReLU()], 64)
