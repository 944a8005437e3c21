"""Couplings that learn, in plain NumPy: how the weight of each pair changes in a step. See `docs/semantics.md`."""

import numpy as np

from brainsim.testing.reference.couplings import Coupling
from brainsim.testing.reference.equations import Scope, equations_of, evaluate, parse


class LearningCoupling(Coupling):
    """Pairs with a rule for their weights; `traces`: variable of the rule -> its value at each target."""

    @staticmethod
    def takes(projection):
        """Return whether a projection acts without spikes and learns."""
        return Coupling.takes(projection) and projection.plasticity is not None

    def __init__(self, network, projection):
        super().__init__(network, projection)
        rule = projection.plasticity
        self.rule, self.posts, self.weights = rule, network.gids(projection.post), np.array(self.weights)
        self.derivatives, lines = equations_of(rule.equations)
        self.known = Scope({"pi": np.pi} | {name: getattr(rule, name) for name in rule.parameters})
        self.lines, starts = lines, {name: spec.default for name, spec in rule.initials.items()} | rule.initial
        self.bounds = [evaluate(parse(text), self.known) if text.strip() else None for text in rule.bounds]
        self.traces = {}
        for name, value in starts.items():
            value = evaluate(parse(value), self.known) if isinstance(value, str) else value
            self.traces[name] = np.full(self.posts.size, float(value))

    def changes_weights(self):
        """Return whether weights change."""
        return True

    def _givers(self):
        return {p.name for view in (self.projection.pre, self.projection.post) for p, _ in view.parts}

    def _slope(self, name, w, pre, post, traces):
        values = self.known | traces | {"w": w, "pre": pre, "post": post}
        return evaluate(self.derivatives[name], Scope(values, self.lines))

    def _moved(self, w, dt, slope):
        """Return weights after some time, within their bounds."""
        low, high = self.bounds
        w = w + dt * slope
        w = w if low is None else np.maximum(w, low)
        return w if high is None else np.minimum(w, high)

    def of_pairs(self, k, x):
        """Return what the pairs add in step k, and let their weights and the variables of the targets change over it."""
        given, w, dt, traces = self.in_step(k, self.posts, True), self.weights, self.dt, self.traces
        at = {name: values[self.post] for name, values in traces.items()}
        middle = self._moved(w, 0.5 * dt, self._slope("w", w, x, given[self.post], at))
        halfway = {n: v + 0.5 * dt * self._slope(n, None, None, given, traces) for n, v in traces.items()}
        if self.coupling.order == 1:
            middle, halfway = w, traces
        at = {name: values[self.post] for name, values in halfway.items()}
        self.weights = self._moved(w, dt, self._slope("w", middle, x, given[self.post], at))
        self.traces = {n: v + dt * self._slope(n, None, None, given, halfway) for n, v in traces.items()}
        return middle * x

    def set(self, step, values):
        """Give the weights, or a variable of the targets, other values."""
        self.traces |= {name: np.array(given, float) for name, given in values.items() if name != "w"}
        self.weights = np.array(values.get("w", self.weights), float)

    def columns(self, step):
        """Return the weights, and for each pair the variables of its target."""
        return {"weight": self.weights} | {name: values[self.post] for name, values in self.traces.items()}
