"""A graph of NIR step by step in NumPy: forward Euler, one layer after the other, and loops for convolutions."""

import numpy as np

from tests.helpers.convolution import convolve

CELLS = ("I", "IF", "LI", "LIF", "CubaLI", "CubaLIF", "Threshold")


def kind(node):
    return type(node).__name__


def apply(node, x):
    """Return what a node without a state makes of a value."""
    if kind(node) in ("Affine", "Linear"):
        y = node.weight @ x
    elif kind(node) == "Scale":
        y = node.scale * x
    elif kind(node).startswith("Conv"):
        dims = x.ndim - 1
        options = [np.broadcast_to(value, dims) for value in (node.stride, node.padding, node.dilation)]
        y = convolve(x, node.weight, *options, node.groups) + node.bias.reshape((-1,) + (1,) * dims)
    elif kind(node).endswith("Pool2d"):
        size = tuple(node.kernel_size)
        value = 1.0 if kind(node) == "SumPool2d" else 1.0 / np.prod(size)
        weight = np.full((x.shape[0], 1, *size), value)
        y = convolve(x, weight, node.stride, node.padding, (1, 1), x.shape[0])
    elif kind(node) == "Flatten":
        y = x.reshape(-1)
    else:
        assert kind(node) in ("Delay", "Input", "Output"), kind(node)
        y = x
    return y + node.bias if kind(node) == "Affine" else y


class Reference:
    """Runs a graph in steps of `dt` in its unit of time. What cells of one cycle send takes one step, all else none."""

    def __init__(self, nodes, edges, level, dt):
        self.nodes, self.level, self.dt = nodes, level, dt
        self.before = {name: [a for a, b in edges if b == name] for name in nodes}
        self.state = {}

    def run(self, inputs):
        """Return name -> values (steps, ...) of the ends of the graph."""
        self.given, steps = inputs, len(next(iter(inputs.values())))
        self.out = {name: {} for name, node in self.nodes.items() if kind(node) in (*CELLS, "Input", "Output")}
        for t in range(steps):
            for name in self.out:
                self.value(name, t)
        return {name: np.array([values[t] for t in range(steps)]) for name, values in self.out.items()}

    def value(self, name, t, target=None):
        """Return what a node gives in a step, to a cell."""
        node = self.nodes[name]
        if name in self.out:
            t -= int(self.level.get(name) == self.level.get(target, ...))
            if t < 0:
                return 0.0
            if t not in self.out[name]:
                x = self.given[name][t] if kind(node) == "Input" else self.sum(name, t, name)
                self.out[name][t] = self.move(name, node, x) if kind(node) in CELLS else x
            return self.out[name][t]
        if kind(node) == "Delay":
            each = [self.sum(name, t - round(d / self.dt), target) if t >= round(d / self.dt) else None for d in node.delay]
            return np.array([0.0 if x is None else np.broadcast_to(x, len(each))[k] for k, x in enumerate(each)])
        x = self.sum(name, t, target)
        return apply(node, x) if np.ndim(x) else apply(node, np.zeros(self.shape(node)))

    def shape(self, node):
        return node.weight.shape[1] if hasattr(node, "weight") else 1

    def sum(self, name, t, target):
        return sum(self.value(before, t, target) for before in self.before[name])

    def move(self, name, node, x):
        """Move a cell by a step, and return what it sends."""
        if kind(node) == "Threshold":
            return 1.0 * (x > node.threshold)
        rest = getattr(node, "v_leak", np.zeros_like(getattr(node, "r", 0.0)))
        i, v = self.state.get(name, (np.zeros_like(rest), rest))
        if kind(node).startswith("Cuba"):
            i = i + self.dt / node.tau_syn * (node.w_in * x - i)
            v = v + self.dt / node.tau_mem * (rest - v + node.r * i)
        elif kind(node) in ("I", "IF"):
            v = v + self.dt * node.r * x
        else:
            v = v + self.dt / node.tau * (rest - v + node.r * x)
        if not kind(node).endswith("F"):
            self.state[name] = i, v
            return v
        spike = v > node.v_threshold
        self.state[name] = i, np.where(spike, node.v_reset, v)
        return 1.0 * spike
