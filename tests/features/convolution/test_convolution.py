"""Convolutions and pools, against sums in loops."""

import numpy as np
import pytest
from scipy import sparse

import brainsim as bs
from tests.helpers.convolution import convolve


def apply(rule, x):
    """Return what the targets of a rule get if the sources send x."""
    assert len({*zip(rule.pre.tolist(), rule.post.tolist(), strict=True)}) == rule.pairs
    matrix = sparse.csr_array((rule.weight, (rule.pre, rule.post)), (x.size, np.prod(rule.target_shape)))
    return (x.ravel() @ matrix).reshape(rule.target_shape)


@pytest.mark.parametrize("padding", [0, 1, (2, 1), (0, 7), "same", "valid"])
@pytest.mark.parametrize(("stride", "dilation", "groups"), [(1, 1, 1), (1, 2, 2), (1, (2, 1), 4), ((2, 3), 1, 2)])
def test_convolutions(padding, stride, dilation, groups):
    rng = np.random.default_rng(3)
    weight, x = rng.normal(size=(4, 4 // groups, 3, 2)), rng.normal(size=(4, 7, 6))
    found = apply(bs.Convolution(weight, x.shape, stride, padding, dilation, groups), x)
    options = [np.broadcast_to(value, 2) for value in (stride, 0 if isinstance(padding, str) else padding, dilation)]
    if padding == "same":
        more = options[2] * (np.array(weight.shape[2:]) - 1)
        x = np.pad(x, [(0, 0), *((k // 2, k - k // 2) for k in more)])
    expected = convolve(x, weight, *options, groups)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_series_and_a_volume():
    rng = np.random.default_rng(4)
    for places in ((9,), (4, 5, 3)):
        weight, x = rng.normal(size=(2, 3, *[2] * len(places))), rng.normal(size=(3, *places))
        ones = np.ones(len(places), int)
        expected = convolve(x, weight, ones, ones, ones, 1)
        np.testing.assert_allclose(apply(bs.Convolution(weight, x.shape, padding=1), x), expected, atol=1e-12)


@pytest.mark.parametrize(("stride", "padding"), [(None, 0), ((2, 1), (0, 1))])
def test_pools(stride, padding):
    x = np.random.default_rng(5).normal(size=(2, 6, 4))
    for kind, share in (("mean", 0.25), ("sum", 1.0)):
        step = (2, 2) if stride is None else stride
        expected = convolve(x, np.full((2, 1, 2, 2), share), step, np.broadcast_to(padding, 2), (1, 1), 2)
        np.testing.assert_allclose(apply(bs.Pooling(x.shape, 2, stride, padding, kind), x), expected, atol=1e-12)


def test_spikes_of_a_moving_spot():
    """An edge of two places fires the cell between them, wherever it is."""
    rule = bs.Convolution([[[1.0, 0.0, 1.0]]], (1, 6), padding=1)
    spots = bs.Population(6, bs.SpikeTrains([1.0, 1.0, 3.0], [1, 3, 4]), name="spots")
    cells = bs.Population(6, bs.LIF(v_rest=0.0, v_reset=0.0, v_th=1.5), name="cells")
    net = bs.Network(seed=1)
    net.connect(spots, cells, rule, delay=1.0, synapse=bs.Delta())
    spikes = bs.simulate(net, 5.0).spikes["cells"]
    assert (spikes.times.tolist(), spikes.ids.tolist()) == ([2.0], [2])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda k: bs.Convolution(k, (1, 5)), "Convolution.kernel: must have the shape .* for cells"),
        (lambda k: bs.Convolution(k, (4, 5, 5), groups=3), r"\(outputs, 1, size, size\) for cells \(4, 5, 5\) in 3 groups"),
        (lambda k: bs.Convolution(k, (2, 2, 5)), r"Convolution.shape: is \(2, 2, 5\), too small for a kernel that spans"),
        (lambda k: bs.Convolution(k, (5,)), r"Convolution.shape: must be the channels and at least one size"),
        (lambda k: bs.Convolution(k, (2, 5, 5), stride=0), "Convolution.stride: must be >= 1"),
        (lambda k: bs.Convolution(k, (2, 5, 5), padding=(1, 1, 1)), "padding: must be a number or one for each of the 2"),
        (
            lambda k: bs.Convolution(k, (2, 5, 5), padding=10**9),
            "padding: makes targets of the shape .*, more than 2,147,483,647",
        ),
        (lambda k: bs.Convolution(k, (2, 5, 5), padding="smae"), "padding: there is no 'smae'; did you mean 'same'"),
        (lambda k: bs.Convolution(k * np.nan, (2, 5, 5)), "Convolution.kernel: must be finite"),
        (lambda k: bs.Pooling((2, 5, 5), 2, kind="max"), "Pooling.kind: there is no 'max'"),
        (
            lambda k: bs.Pooling((2, 5, 5), 2).check(cells(50), cells(9)),
            r"target_shape: \(2, 2, 2\) has 8 cells, but 'c' has 9",
        ),
        (lambda k: bs.Pooling((2, 5, 5), 2).check(cells(49), cells(8)), r"shape: \(2, 5, 5\) has 50 cells, but 'c' has 49"),
    ],
)
def test_mistakes(make, message):
    with pytest.raises(ValueError, match=message):
        make(np.ones((4, 2, 3, 3)))


def cells(n):
    return bs.Population(n, bs.LIF(), name="c")
