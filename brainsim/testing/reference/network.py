"""The time loop: what happens in a step, in which order, and when a spike arrives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from brainsim.core.doors import all_through, through
from brainsim.testing.reference.cells import Cells
from brainsim.testing.reference.inputs import INPUTS
from brainsim.testing.reference.numbers import NotCovered, not_covered
from brainsim.testing.reference.wires import Wires


@dataclass
class Run:
    """What a run gives.

    - `spikes`: population -> (steps, cells), in the order of steps
    - `state`: population -> variable -> array, at the end
    - `wait`: population -> the steps for which each cell stays refractory
    - `narrow`: population -> set of (step, cell) at which another rounding could have decided whether the cell fires
    - `columns`: projection -> variable -> array, of synapses that change, sorted by source
    - `exact`: whether spikes have times [ms] in place of steps
    """

    spikes: dict
    state: dict
    wait: dict
    narrow: dict
    columns: dict
    exact: bool = False


class Network:
    """A network as the reference runs it: cells numbered through all populations, and synapses; delays are in ticks."""

    cells_are: ClassVar[Callable[..., Any]] = Cells
    projections_are = "reference of projections"

    def __init__(self, net, dt, seed, tolerance=1e-9):
        self.net, self.dt, self.seed = net, dt, seed
        self.tick = getattr(self, "tick", dt)
        self.first, total = {}, 0
        for population in net.populations.values():
            self.first[population.name] = total
            total += population.n
        self.n, self.due = total, {}
        injected = {p.name for stimulus in net.inputs if stimulus.input.is_current for p, _ in stimulus.target.parts}
        self.receptors = self._receptors()
        self.wires = [self._wired(projection) for projection in net.projections]
        self.cells, self.trains = {}, {}
        for name, population in net.populations.items():
            if hasattr(population.model, "ids"):  # SpikeTrains
                self.trains[name] = self._listed(population.model)
                continue
            pulsed = any("I" in _targets(synapse) for synapse in self.receptors[name])
            given = (population, self.receptors[name], name in injected or pulsed, net, dt, seed, tolerance)
            self.cells[name] = self.cells_are(*given, self._constants(population))
        self.inputs = [self._input(stimulus) for stimulus in net.inputs]
        self.spikes, self.narrow = {name: [] for name in self.first}, {name: set() for name in self.cells}

    def gids(self, view):
        """Return the numbers of the cells of a view."""
        return np.concatenate([self.first[population.name] + np.asarray(ids) for population, ids in view.parts])

    def parameter(self, view, name):
        """Return a parameter of the cells of a view: a number if all have the same."""
        parts = [(self.cells[p.name].known[name], p.n, ids) for p, ids in view.parts]
        if all(np.ndim(value) == 0 and value == parts[0][0] for value, _, _ in parts):
            return parts[0][0]
        return np.concatenate([np.broadcast_to(value, n)[ids] for value, n, ids in parts])

    def _receptors(self):
        """Return population -> its synapses, in the order of their first use in the network; equal ones are one."""
        uses = [use for projection in self.net.projections for use in projection.receptors]
        uses += [(s.target, s.input.synapse) for s in self.net.inputs if getattr(s.input, "synapse", None) is not None]
        order = {synapse: None for _, synapse in uses}
        found = {name: set() for name in self.net.populations}
        for view, synapse in uses:
            for population, _ in view.parts:
                found[population.name].add(synapse)
        return {name: [synapse for synapse in order if synapse in own] for name, own in found.items()}

    def _constants(self, population):
        """Return name -> array of what cells know of their synapses, such as sums of weights."""
        found = {}
        for k, synapse in enumerate(self.receptors[population.name]):
            for name, values in (pair for wires in self.wires for pair in wires.constants(population, synapse)):
                found[f"r{k}_{name}"] = found.get(f"r{k}_{name}", 0.0) + values
        return found

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

    def _wired(self, projection):
        """Return the synapses of a projection; those of a feature are defined with it."""
        for kind in all_through(self.projections_are):
            if kind.takes(projection):
                return kind(self, projection)
        what = projection.plasticity or (None if hasattr(projection.synapse, "arrival") else projection.synapse)
        not_covered(what is not None, type(what).__name__)
        return Wires(self, projection)

    def deliver(self, step, synapse, targets, weights):
        """Let events arrive at the time of a step."""
        self.due.setdefault(step, []).append((synapse, targets, weights))

    def arriving(self, step):
        """Return synapse -> sum of the weights that arrive at each cell at the time of a step."""
        sums = {}
        for synapse, targets, weights in self.due.pop(step, ()):
            np.add.at(sums.setdefault(synapse, np.zeros(self.n)), targets, weights)
        return sums

    def run(self, steps):
        """Run from time 0 and return the Run."""
        self.begin()
        self.go(0, steps)
        return self.found(steps)

    def begin(self):
        """Get ready for time 0, and send what is listed there."""
        for part in (*self.inputs, *self.wires):
            part.begin()
        self._emit(0, {})

    def go(self, first, last):
        """Take the steps from one on and before another."""
        for k in range(first, last):
            fired = self._step(k)
            self._emit(k + 1, fired)
            for name, cells in self.cells.items():
                self.narrow[name].update((k + 1, int(cell)) for cell in np.flatnonzero(cells.narrow))

    def found(self, steps):
        """Return the Run, when the last step is over."""
        state = {name: {c.labels[v]: x for v, x in c.x.items()} for name, c in self.cells.items()}
        pairs = {name: np.array(found, np.int64).reshape(-1, 2).T for name, found in self.spikes.items()}
        columns = {wires.name: wires.columns(steps) for wires in self.wires}
        return Run(pairs, state, {name: c.wait for name, c in self.cells.items()}, self.narrow, columns)

    def _step(self, k):
        """Take step k, from time k*dt to (k + 1)*dt; return population -> which of its cells fire at its end."""
        current = np.zeros(self.n)
        for cells in self.cells.values():
            cells.held = {name: np.zeros(cells.n) for name in cells.held}
        for part in (*self.inputs, *self.wires):
            part.before(k, current)
        sums, fired = self.arriving(k + 1), {}
        for name, cells in self.cells.items():
            mine = slice(self.first[name], self.first[name] + cells.n)
            events = [sums[synapse][mine] if synapse in sums else np.zeros(cells.n) for synapse in self.receptors[name]]
            fired[name] = cells.step(k, current[mine], events)
        for part in (*self.inputs, *self.wires):
            part.after(k, fired)
        return fired

    def _emit(self, step, fired):
        """Note and send the spikes at the time of a step, the listed ones among them."""
        for name, first in self.first.items():
            if name in self.trains:
                times, cells = self.trains[name]
                ids = cells[times == step]
            else:
                ids = np.flatnonzero(fired.get(name, ()))
                ids = np.repeat(ids, self.cells[name].spikes[ids])
            self.spikes[name] += [(step, int(cell)) for cell in ids]
            for wires in self.wires:
                wires.send(step, first + ids)


def _targets(synapse):
    """Return the variables to which the events of a synapse add."""
    from brainsim.testing.reference.equations import assignments_of

    return [name for name, _ in assignments_of(getattr(synapse, "arrival", ""))]


def run(net, steps, dt, seed, tolerance=1e-9, precise=False):
    """Run a network for some steps from time 0, and return the `Run`; raise NotCovered if that is not defined here."""
    if precise:
        return through("reference of exact times")(net, steps, dt, seed)
    with np.errstate(all="ignore"):
        return Network(net, dt, seed, tolerance).run(steps)
