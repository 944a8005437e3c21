"""Couplings in plain NumPy: what a source gives in each step, and what a target gets. See `docs/semantics.md`."""

import numpy as np

from brainsim.testing.reference.equations import Scope, evaluate, names_in, parse
from brainsim.testing.reference.wires import Wires


class Texts:
    """The texts of one side of a coupling as a receptor: nothing arrives there, and `total` is held over a step."""

    def __init__(self, coupling):
        texts = coupling.texts()
        gate = bool(coupling.side)
        self.equations, self.current = (texts["gate"], "") if gate else (texts["equations"], texts["current"])
        self.arrival, self.spike = "", texts["spike"] if gate else ""
        self.held, self.constants = ((), ()) if gate else (("total",), ("weights",))

    @staticmethod
    def takes(synapse):
        """Return whether it is one."""
        return hasattr(synapse, "gate_side")


class Coupling(Wires):
    """The pairs of a projection without spikes: (`sources`, `targets`) with weights and delays; symmetric ones both ways."""

    @staticmethod
    def takes(projection):
        """Return whether a projection acts without spikes."""
        return hasattr(projection.synapse, "gate_side")

    def __init__(self, network, projection):
        super().__init__(network, projection)
        self.coupling, self.texts = projection.synapse, projection.synapse.texts()
        self.source, self.past = parse(self.texts["source"]), []
        self.pair = parse(self.texts["pair"]) if self.texts["pair"] else None
        self.at_once = np.ndim(projection.delay) == 0 and projection.delay == 0.0
        self.side = np.ones(self.sources.size)
        if self.coupling.symmetric:
            kept = self._once()
            ends = self.sources[kept], self.targets[kept]
            self.sources, self.targets = np.concatenate(ends), np.concatenate(ends[::-1])
            self.weights, self.delays = (np.tile(column[kept], 2) for column in (self.weights, self.delays))
            self.side = np.repeat([1.0, -1.0], ends[0].size)

    def _once(self):
        """Return which pairs to keep, so that two cells have one junction, and none has one with itself.

        A rule that tries each pair tries two cells of both views in both orders: that with the lower source counts.
        """
        a, b, projection = self.sources, self.targets, self.projection
        if type(projection.rule).__name__ in ("AllToAll", "FixedProbability"):
            pre, post = (self.network.gids(view) for view in (projection.pre, projection.post))
            return (a < b) | ((a > b) & ~(np.isin(a, post) & np.isin(b, pre)))
        if projection.rule.pairs is None:
            return a != b
        listed = {*zip(a.tolist(), b.tolist(), strict=True)}
        turned = np.array([pair[::-1] in listed for pair in zip(a.tolist(), b.tolist(), strict=True)], bool)
        return (a < b) | ((a > b) & ~turned)

    def constants(self, population, synapse):
        """Return the sum of the weights of each target."""
        if synapse != self.coupling or synapse.side:
            return ()
        mine = self.targets - self.network.first[population.name]
        here = (mine >= 0) & (mine < population.n)
        return [("weights", np.bincount(mine[here], self.weights[here], population.n))]

    def _gate(self, cells):
        """Return the prefix of the variables of the gate in a population, None without one."""
        gate = self.coupling.gate_side()
        return f"r{cells.receptors.index(gate)}_" if self.texts["gate"] else None

    def _variables(self, cells, name):
        """Return the values that a name of `source` has in a population: of its gate, or its own."""
        gate = self._gate(cells)
        return cells.x[gate + name] if gate and gate + name in cells.x else cells.x[name]

    def _given(self):
        """Return what each cell of the network gives now."""
        parameters = {name: getattr(self.coupling, name) for name in self.coupling.parameters}
        found = np.zeros(self.network.n)
        for name in {p.name for view in (self.projection.pre, self.projection.post) for p, _ in view.parts}:
            cells, first = self.network.cells.get(name), self.network.first[name]
            if cells is not None and name in self._givers():
                values = {n: self._variables(cells, n) for n in names_in(self.source) - parameters.keys() - {"pi"}}
                found[first : first + cells.n] = evaluate(self.source, Scope(parameters | {"pi": np.pi} | values))
        return found

    def _givers(self):
        views = [self.projection.pre, *([self.projection.post] if self.coupling.symmetric else [])]
        return {p.name for view in views for p, _ in view.parts}

    def begin(self):
        """Note what the cells give at time 0, and which variables a spike changes."""
        self.past = [(self._given(), np.zeros(self.network.n, bool))]

    def after(self, k, fired):
        """Note what the cells give at the end of step k, and whether a reset has just changed it."""
        jumped = np.zeros(self.network.n, bool)
        for name in self._givers():
            cells, first = self.network.cells[name], self.network.first[name]
            gate = self._gate(cells)
            changed = {other for other, _ in cells.reset}
            read = {gate + n if gate and gate + n in cells.x else n for n in names_in(self.source)}
            if changed & read:
                jumped[first : first + cells.n] = fired[name]
        self.past.append((self._given(), jumped))

    def continue_in(self, place):
        """Go on in another network, whose new cells have given nothing so far."""
        super().continue_in(place)
        self.past = [tuple(np.pad(part, (0, self.network.n - part.size)) for part in given) for given in self.past]

    def in_step(self, k, sources, at_once):
        """Return what some sources give during step k: at its middle with order 2, at its start with order 1."""
        now, jumped = self.past[max(k, 0)]
        if self.coupling.order == 1 or k < 0 or (at_once and k == 0):
            return now[sources]
        if at_once:  # the middle lies ahead; what a spike has just changed is not extrapolated
            return np.where(jumped, now, 1.5 * now - 0.5 * self.past[k - 1][0])[sources]
        end, jumped = self.past[k + 1]
        return np.where(jumped, now, 0.5 * (now + end))[sources]

    def before(self, k, current):
        """Add up what the targets get in step k."""
        x = np.zeros(self.sources.size)
        for delay in np.unique(self.delays):
            mine = self.delays == delay
            x[mine] = self.in_step(k - int(delay), self.sources[mine], self.at_once)
        sums = np.zeros(self.network.n)
        np.add.at(sums, self.targets, self.of_pairs(k, x))
        for name, cells in self.network.cells.items():
            if self.coupling in cells.receptors:
                first = self.network.first[name]
                cells.held[f"r{cells.receptors.index(self.coupling)}_total"] += sums[first : first + cells.n]

    def of_pairs(self, k, x):
        """Return what each pair adds in step k, from what its source gives."""
        if self.pair is None:
            return self.weights * x
        values = {name: getattr(self.coupling, name) for name in self.coupling.parameters}
        values |= {"w": self.weights, "x": x, "side": self.side, "pi": np.pi}
        for variable in names_in(self.pair) - values.keys():
            of_all = np.zeros(self.network.n)
            for name, cells in self.network.cells.items():
                of_all[self.network.first[name] :][: cells.n] = cells.x.get(variable, 0.0)
            values[variable] = of_all[self.targets]
        return evaluate(self.pair, Scope(values))

    def send(self, step, sources):
        """Send nothing: it acts without spikes."""
