"""The time loop: what happens in a step, in which order, and when a spike arrives."""

from dataclasses import dataclass

import numpy as np

from brainsim.core.doors import all_through
from brainsim.testing.reference.cells import Cells
from brainsim.testing.reference.inputs import INPUTS
from brainsim.testing.reference.numbers import NotCovered, not_covered
from brainsim.testing.reference.wiring import synapses_of


@dataclass
class Run:
    """What a run gives.

    - `spikes`: population -> (steps, cells), in the order of steps
    - `state`: population -> variable -> array, at the end
    - `wait`: population -> the steps for which each cell stays refractory
    - `narrow`: population -> set of (step, cell) at which another rounding could have decided whether the cell fires
    """

    spikes: dict
    state: dict
    wait: dict
    narrow: dict


class Network:
    """A network as the reference runs it: cells numbered through all populations, and tables of synapses."""

    def __init__(self, net, dt, seed, tolerance=1e-9):
        self.net, self.dt, self.seed = net, dt, seed
        self.first, total = {}, 0
        for population in net.populations.values():
            self.first[population.name] = total
            total += population.n
        self.n, self.due = total, {}
        injected = {p.name for stimulus in net.inputs if stimulus.input.is_current for p, _ in stimulus.target.parts}
        self.receptors = self._receptors()
        self.cells, self.trains = {}, {}
        for name, population in net.populations.items():
            if hasattr(population.model, "times"):
                self.trains[name] = self._listed(population.model)
                continue
            pulsed = any("I" in _targets(synapse) for synapse in self.receptors[name])
            given = (population, self.receptors[name], name in injected or pulsed, net, dt, seed, tolerance)
            self.cells[name] = Cells(*given)
        self.inputs = [self._input(stimulus) for stimulus in net.inputs]
        self.tables = [self._table(projection) for projection in net.projections]

    def gids(self, view):
        """Return the numbers of the cells of a view."""
        return np.concatenate([self.first[population.name] + np.asarray(ids) for population, ids in view.parts])

    def parameter(self, view, name):
        """Return a parameter of the cells of a view."""
        parts = [(self.cells[p.name].known[name], p.n, ids) for p, ids in view.parts]
        return np.concatenate([np.broadcast_to(value, n)[ids] for value, n, ids in parts])

    def _receptors(self):
        """Return population -> its synapses, in the order of their first use in the network; equal ones are one."""
        uses = [(projection.post, projection.synapse) for projection in self.net.projections]
        uses += [(s.target, s.input.synapse) for s in self.net.inputs if getattr(s.input, "synapse", None) is not None]
        order = {synapse: None for _, synapse in uses}
        found = {name: set() for name in self.net.populations}
        for view, synapse in uses:
            for population, _ in view.parts:
                found[population.name].add(synapse)
        return {name: [synapse for synapse in order if synapse in own] for name, own in found.items()}

    def _listed(self, model):
        steps = np.rint(model.times / self.dt).astype(np.int64)
        order = np.lexsort((model.ids, steps))
        return steps[order], np.asarray(model.ids)[order]

    def _input(self, stimulus):
        kind = type(stimulus.input).__name__
        known = INPUTS | {acts.__name__: acts for acts in all_through("reference of inputs")}
        if kind not in known:
            raise NotCovered(kind)
        return known[kind](self, stimulus)

    def _table(self, projection):
        """Return the synapses of a projection: cell -> its row, and columns of targets, weights and delays in steps."""
        what = projection.plasticity or (None if hasattr(projection.synapse, "arrival") else projection.synapse)
        not_covered(what is not None, type(what).__name__)
        pre, post, weights, delays = synapses_of(projection, self.dt)
        first = np.searchsorted(pre, np.arange(projection.pre.n + 1))
        row_of = np.full(self.n, -1)
        row_of[self.gids(projection.pre)] = np.arange(projection.pre.n)
        return projection.synapse, row_of, first, self.gids(projection.post)[post], weights, delays

    def deliver(self, step, synapse, targets, weights):
        """Let events arrive at the time of a step."""
        self.due.setdefault(step, []).append((synapse, targets, weights))

    def send(self, step, sources):
        """Send the spikes of a step: each arrives after its synapse's delay."""
        for synapse, row_of, first, targets, weights, delays in self.tables:
            rows = row_of[sources]
            rows = rows[rows >= 0]
            at = np.concatenate([np.empty(0, np.int64), *(np.arange(first[row], first[row + 1]) for row in rows)])
            for delay in np.unique(delays[at]):
                mine = at[delays[at] == delay]
                self.deliver(step + delay, synapse, targets[mine], weights[mine])

    def arriving(self, step):
        """Return synapse -> sum of the weights that arrive at each cell at the time of a step."""
        sums = {}
        for synapse, targets, weights in self.due.pop(step, ()):
            np.add.at(sums.setdefault(synapse, np.zeros(self.n)), targets, weights)
        return sums

    def run(self, steps):
        """Run from time 0 and return the Run."""
        spikes, narrow = {name: [] for name in self.first}, {name: set() for name in self.cells}
        for source in self.inputs:
            source.begin()
        self._emit(0, {}, spikes)
        for k in range(steps):
            fired = self._step(k)
            self._emit(k + 1, fired, spikes)
            for name, cells in self.cells.items():
                narrow[name].update((k + 1, int(cell)) for cell in np.flatnonzero(cells.narrow))
        state = {name: {c.labels[v]: x for v, x in c.x.items()} for name, c in self.cells.items()}
        pairs = {name: np.array(found, np.int64).reshape(-1, 2).T for name, found in spikes.items()}
        return Run(pairs, state, {name: c.wait for name, c in self.cells.items()}, narrow)

    def _step(self, k):
        """Take step k, from time k*dt to (k + 1)*dt; return population -> which of its cells fire at its end."""
        current = np.zeros(self.n)
        for source in self.inputs:
            source.before(k, current)
        sums, fired = self.arriving(k + 1), {}
        for name, cells in self.cells.items():
            mine = slice(self.first[name], self.first[name] + cells.n)
            events = [sums[synapse][mine] if synapse in sums else np.zeros(cells.n) for synapse in self.receptors[name]]
            fired[name] = cells.step(k, current[mine], events)
        for source in self.inputs:
            source.after(k, fired)
        return fired

    def _emit(self, step, fired, spikes):
        """Note and send the spikes at the time of a step, the listed ones among them."""
        for name, first in self.first.items():
            if name in self.trains:
                times, cells = self.trains[name]
                ids = cells[times == step]
            else:
                ids = np.flatnonzero(fired.get(name, ()))
            spikes[name] += [(step, int(cell)) for cell in ids]
            self.send(step, first + ids)


def _targets(synapse):
    """Return the variables to which the events of a synapse add."""
    from brainsim.testing.reference.equations import assignments_of

    return [name for name, _ in assignments_of(getattr(synapse, "arrival", ""))]


def run(net, steps, dt, seed, tolerance=1e-9):
    """Run a network for some steps from time 0, and return the `Run`; raise NotCovered if that is not defined here."""
    with np.errstate(all="ignore"):
        return Network(net, dt, seed, tolerance).run(steps)
