"""A convolution sum by sum, as the definition says it."""

import itertools

import numpy as np


def convolve(x, weight, stride, padding, dilation, groups):
    """Return the cross-correlation of x (channels, ...) with weight (outputs, channels/groups, ...), sum by sum."""
    dims = x.ndim - 1
    x = np.pad(x, [(0, 0)] + [(p, p) for p in padding])
    size = [(x.shape[1 + k] - dilation[k] * (weight.shape[2 + k] - 1) - 1) // stride[k] + 1 for k in range(dims)]
    y = np.zeros((weight.shape[0], *size))
    per_group = weight.shape[0] // groups
    for out in range(weight.shape[0]):
        for place in itertools.product(*map(range, size)):
            for c in range(weight.shape[1]):
                for offset in itertools.product(*map(range, weight.shape[2:])):
                    at = [place[k] * stride[k] + offset[k] * dilation[k] for k in range(dims)]
                    channel = (out // per_group) * weight.shape[1] + c
                    y[(out, *place)] += weight[(out, c, *offset)] * x[(channel, *at)]
    return y
