"""Homeostasis in plain NumPy: what multiplies weights at regular times. See `docs/semantics.md`."""

import numpy as np


class Homeostat:
    """The homeostasis of one projection; `counts`: the spikes of each target since it acted last."""

    def __init__(self, projection, synapses, pre, dt):
        self.given, self.synapses = projection.homeostasis, synapses
        self.every = max(1, int(np.rint(self.given.every / dt)))
        self.duration = self.every * dt
        self.counts = np.zeros(projection.post.n)
        self.scales = hasattr(self.given, "goal")
        by_source = not self.scales and self.given.by == "source"
        self.ends, self.n = (pre, projection.pre.n) if by_source else (synapses.cells, projection.post.n)
        self.rates = np.full(self.n, float(self.given.goal)) if self.scales else None

    def is_time(self, step):
        """Return whether it acts at a step: at each multiple of its interval, but not at 0."""
        return step > 0 and step % self.every == 0

    def act(self):
        """Multiply the weights of each target, or source, by one factor; all weights stay within their bounds."""
        factors, w = self._to_scale() if self.scales else self._to_normalise(), self.synapses.x["w"]
        w[:] = self.synapses.bounded(np.arange(w.size), w * factors[self.ends])

    def _to_normalise(self):
        """Return what brings sums to their totals; those that are 0 or have the other sign stay."""
        sums = np.bincount(self.ends, self.synapses.x["w"], self.n)
        right = sums * self.given.total > 0.0
        return np.where(right, self.given.total / np.where(right, sums, 1.0), 1.0)

    def _to_scale(self):
        """Return exp(beta*(goal - r)*T), in which r is the rate averaged over tau."""
        seconds, kept = self.duration * 1e-3, np.exp(-self.duration / self.given.tau)
        self.rates = self.rates * kept + (1.0 - kept) * self.counts / seconds
        self.counts[:] = 0.0
        return np.exp(self.given.beta * (self.given.goal - self.rates) * seconds)
