"""Inputs: currents, noise, Poisson events, listed events and clamps, each with what it does before and after a step."""

import numpy as np

from brainsim.testing.reference.cells import value_at
from brainsim.testing.reference.equations import names_in, parse
from brainsim.testing.reference.numbers import gaussian, hashed, poisson_each, poisson_shared, sample, step_key, stream_key


class Source:
    """An input: its cells, and the steps in which it acts, from `start` on and before `stop`."""

    def __init__(self, network, stimulus):
        self.network, self.given, self.name, self.view = network, stimulus.input, stimulus.name, stimulus.target
        self.cells, self.dt = network.gids(stimulus.target), network.dt
        ends = [(self.given.start, 0), (self.given.stop, 2**62)]
        self.start, self.stop = (other if end is None else int(np.rint(end / self.dt)) for end, other in ends)
        self.index = np.arange(self.cells.size)

    def on(self, k):
        """Return whether the input acts in step k."""
        return self.start <= k < self.stop

    def value(self, name, k, at_least_0=False):
        """Return a field in step k: a number, or one for each cell."""
        value = getattr(self.given, name)
        known = {"i": self.index.astype(float)}
        for used in names_in(parse(value)) - {"t", "dt", "pi", "i"} if isinstance(value, str) else ():
            places = {"x": 0, "y": 1, "z": 2}
            of_cells = all(used in self.network.cells[p.name].known for p, _ in self.view.parts)
            known[used] = self.network.parameter(self.view, used) if of_cells else self.view.positions[:, places[used]]
        return value_at(value, k, self.dt, known, at_least_0)

    def key(self, word):
        """Return the key of the stream of random numbers."""
        return stream_key(self.network.seed, word, self.name)

    def begin(self):
        """Get ready for time 0."""

    def before(self, k, current):
        """Act before step k, on the injected current [pA] of all cells, or by events that arrive at its end."""

    def after(self, k, fired):
        """Act when step k is done, on what fires at its end."""


class Current(Source):
    """A current: constant, by pieces that begin at times, or changing."""

    def before(self, k, current):
        """Add the current."""
        if self.on(k) and self.given.times is None:
            current[self.cells] += self.value("amplitude", k)
        elif self.on(k):
            begun = np.flatnonzero(np.rint(np.atleast_1d(self.given.times) / self.dt) <= k)
            if begun.size:
                current[self.cells] += np.atleast_1d(self.given.amplitude)[begun[-1]]


class Noise(Source):
    """White noise, or an Ornstein-Uhlenbeck process `state` of variance 1, of which cells share a part."""

    def begin(self):
        """Draw the process at time 0."""
        each = gaussian(hashed(step_key(self.key("noise at 0"), 0), self.index))
        shared = gaussian(hashed(step_key(self.key("common noise at 0"), 0), 0))
        self.state = np.sqrt(1.0 - self.given.correlation) * each + np.sqrt(self.given.correlation) * shared

    def before(self, k, current):
        """Add the current of a step, and advance the process to its end."""
        if not self.on(k):
            return
        key, shared = step_key(self.key("noise"), k), self.given.correlation
        fresh = np.sqrt(1.0 - shared) * gaussian(hashed(key, self.index)) + np.sqrt(shared) * gaussian(hashed(key, -1))
        x = fresh / np.sqrt(self.dt) if self.given.tau is None else self.state
        current[self.cells] += self.value("mean", k) + self.value("sigma", k) * x
        if self.given.tau is not None:
            decay = np.exp(-self.dt / self.given.tau)
            self.state = decay * self.state + np.sqrt(-np.expm1(-2.0 * self.dt / self.given.tau)) * fresh


class Poisson(Source):
    """Poisson events: the number of each cell in a step is a function of one random number."""

    def begin(self):
        """Sample the weights, and see whether cells share a rate: views in many parts are sampled cell by cell."""
        weight = self.given.weight
        if hasattr(weight, "mass"):
            weight = sample(weight, stream_key(self.network.net.seed, "weights", self.name), self.index)
        breaks = sum(1 + np.count_nonzero(np.diff(ids) != 1) for _, ids in self.view.parts)
        self.weight = weight
        self.apart = breaks > 16 + self.cells.size // 32 or np.ndim(weight) > 0
        self.changes = self._changes()

    def _changes(self):
        rate = self.given.rate
        return "t" in names_in(parse(rate)) if isinstance(rate, str) else hasattr(rate, "per_cell") and len(rate.values) > 1

    def before(self, k, current):
        """Let the events of step k arrive at its end."""
        if not self.on(k):
            return
        mean = np.asarray(self.value("rate", k, at_least_0=True)) * self.dt * 1e-3
        if not np.any(mean > 0.0):
            return
        key, alone = step_key(self.key("poisson"), k), self.changes and self.cells.size == 1
        if mean.ndim == 0 and not (self.apart or alone) and 1e-6 <= mean <= 4096.0:
            events = poisson_shared(key, self.index, float(mean))
        else:
            events = poisson_each(key, self.index, np.broadcast_to(mean, self.cells.shape))
        self.network.deliver(k + 1, self.given.synapse, self.cells, events * np.broadcast_to(self.weight, self.cells.shape))


class Events(Source):
    """Listed events, each at the point of time that is nearest, and not before the first."""

    def begin(self):
        """Let them arrive."""
        steps = np.maximum(np.rint(self.given.times / self.dt).astype(np.int64), 1)
        weights = np.broadcast_to(self.given.weight, steps.shape)
        for step in np.unique(steps):
            now = steps == step
            self.network.deliver(int(step), self.given.synapse, self.cells[self.given.ids[now]], weights[now])


INPUTS = {"CurrentInput": Current, "NoiseInput": Noise, "PoissonInput": Poisson, "EventInput": Events}
