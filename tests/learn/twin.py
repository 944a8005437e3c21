"""A slow twin of the forward pass of `bs.learn.SpikingNetwork`: loops over cells and synapses, each arrival alone.

Between two arrivals, crossings are looked for at many points and found by bisection.
"""

from itertools import pairwise
from math import exp

PARTS, BISECTIONS = 20, 60


def response(r, tau_m, tau_s):
    return tau_s / (tau_m - tau_s) * (exp(-r / tau_m) - exp(-r / tau_s))


class Twin:
    """One sample; `parts` holds what `SpikingNetwork.parts()` returns, `events` pairs of (time, input)."""

    def __init__(self, layers, parts, events, dt, steps, currents=None):
        self.layers, self.parts, self.dt, self.steps, self.currents = layers, parts, dt, steps, currents
        self.arrivals = [[[[] for _ in range(layer.n)] for _ in range(steps)] for layer in layers]
        self.spikes, self.trace, self.releases = [[] for _ in layers], [], 0
        for time, unit in events:
            self.send(-1, unit, time)
        state = [[{"v": 0.0, "i": 0.0, "a": 0.0, "free": -1.0} for _ in range(layer.n)] for layer in layers]
        for k in range(steps):
            for b, layer in enumerate(layers):
                for j, cell in enumerate(state[b]):
                    time = self.step(b, layer, j, cell, k)
                    if time is not None:
                        self.spikes[b].append((time, j))
                        self.send(b, j, time)
            self.trace.append([cell["v"] for cell in state[-1]])

    def value(self, what, b):
        return self.parts[what, b + 1]

    def send(self, b, j, time):
        pairs = [("weight", "delay", b + 1)] if b + 1 < len(self.layers) else []
        if ("recurrent", b + 1) in self.parts:
            pairs.append(("recurrent", "recurrent_delay", b))
        for what, late, to in pairs:
            delay = self.value(late, to)
            for m, w in enumerate(self.value(what, to)[j]):
                at = time + float(delay[j, m] if delay.ndim else delay)
                k = int(at // self.dt)
                if k < self.steps:
                    self.arrivals[to][k][m].append(((k + 1) * self.dt - at, w))

    def step(self, b, layer, j, cell, k):
        tau_m, tau_s, tau_a, beta = (float(self.value(name, b)) for name in ("tau_m", "tau_s", "tau_a", "beta"))
        h, t0, t1, arrived = self.dt, k * self.dt, (k + 1) * self.dt, self.arrivals[b][k][j]
        v0, i0, a0 = cell["v"], cell["i"], cell["a"]
        drive = 0.0
        if b == 0 and self.currents is not None:
            drive = sum(x * w for x, w in zip(self.currents[k], self.value("weight", 0)[:, j], strict=True))
        if b == len(self.layers) - 1:
            drive = self.value("bias", b)[j]
        cell["i"] = i0 * exp(-h / tau_s) + sum(w * exp(-r / tau_s) for r, w in arrived)
        cell["a"] = a0 * exp(-h / tau_a)
        span, begin, current = h, v0, i0
        if cell["free"] >= t1:
            cell["v"] = layer.v_reset
            return None
        if cell["free"] > t0:
            self.releases += 1
            span, begin = t1 - cell["free"], layer.v_reset
            current = i0 * exp(-(h - span) / tau_s) + sum(w * exp(-(r - span) / tau_s) for r, w in arrived if r > span)
        arrived = [(r, w) for r, w in arrived if r <= span]

        def potential(left):
            """Return v and a when so much of the step is left."""
            v = begin * exp(-(span - left) / tau_m) + response(span - left, tau_m, tau_s) * current
            v += sum(w * response(r - left, tau_m, tau_s) for r, w in arrived if r > left)
            return v + drive * (1.0 - exp(-(span - left) / tau_m)), a0 * exp(-(h - left) / tau_a)

        cell["v"], _ = potential(0.0)
        left = self.crossing(potential, sorted([span, 0.0, *(r for r, _ in arrived)])[::-1], layer.v_th)
        if not layer.spiking or left is None:
            return None
        if layer.t_ref > 0.0:
            cell["v"], cell["free"] = layer.v_reset, t1 - left + layer.t_ref
        else:
            height = layer.v_th + cell["a"] * exp(left / tau_a) - layer.v_reset
            cell["v"] -= height * exp(-left / tau_m)
        cell["a"] += beta * exp(-left / tau_a)
        return t1 - left

    def crossing(self, potential, edges, v_th):
        """Return how much of the step is left when v reaches the threshold, None if it does not."""
        for first, last in pairwise(edges):
            above = first
            for k in range(PARTS + 1):
                left = first + (last - first) * k / PARTS
                v, a = potential(left)
                if v - a >= v_th:
                    low, high = above, left
                    for _ in range(BISECTIONS):
                        middle = 0.5 * (low + high)
                        v, a = potential(middle)
                        low, high = (low, middle) if v - a >= v_th else (middle, high)
                    return high
                above = left
        return None
