"""A network of the reference at exact times: what is sent, by which inputs, and what a run gives."""

import numpy as np

from brainsim.testing.reference.exact_times import PICOSECOND
from brainsim.testing.reference.exact_times_curved import cells_of
from brainsim.testing.reference.inputs import Current, Source
from brainsim.testing.reference.network import Network, Run
from brainsim.testing.reference.numbers import NotCovered, hashed, not_covered, sample, step_key, stream_key, uniform


class PoissonTimes(Source):
    """Poisson events: cell i goes from one to the next by exponential intervals, of which number n is a function of n."""

    def begin(self):
        """Find all times, and let the events arrive."""
        weight, rate = self.given.weight, self.given.rate
        not_covered(isinstance(rate, str) or hasattr(rate, "per_cell"), "Poisson rates over time at exact times")
        if hasattr(weight, "mass"):
            weight = sample(weight, stream_key(self.network.net.seed, "weights", self.name), self.index)
        weights, rates = (np.broadcast_to(value, self.cells.shape) for value in (weight, rate))
        key = stream_key(self.network.seed, "poisson times", self.name)
        stop = min(self.stop, self.network.steps) * self.dt
        for i in np.flatnonzero(rates > 0.0):
            time, number = self.start * self.dt, 0
            while True:
                u = uniform(hashed(step_key((key + int(i)) % 2**64, 0), number))[0]
                time, number = time - np.log1p(-u) / (1e-3 * rates[i]), number + 1
                if time >= stop:
                    break
                self.network.deliver(time, self.given.synapse, self.cells[i : i + 1], weights[i : i + 1])


class ExactNetwork(Network):
    """A network whose spikes have any times, and whose delays are counted in picoseconds."""

    cells_are, projections_are = staticmethod(cells_of), "reference of projections at exact times"

    def __init__(self, net, dt, seed, steps):
        self.steps, self.next, ticks = steps, 0, max(1, round(dt / PICOSECOND))
        self.tick = dt / ticks
        super().__init__(net, dt, seed)
        for cells in self.cells.values():
            cells.prepare()

    def _listed(self, model):
        order = np.lexsort((model.ids, model.times))
        return np.asarray(model.times, float)[order], np.asarray(model.ids)[order]

    def _input(self, stimulus):
        kinds = {"CurrentInput": Current, "PoissonInput": PoissonTimes}
        kind = type(stimulus.input).__name__
        if kind not in kinds:
            raise NotCovered(f"{kind} at exact times")
        return kinds[kind](self, stimulus)

    def deliver(self, time, synapse, targets, weights):
        """Let events arrive at a time, in the step in which it lies; none is over."""
        step = int(np.ceil(time / self.dt - 1e-9)) - 1
        self.due.setdefault(max(step, self.next), []).append((time, synapse, targets, weights))

    def send_at(self, time, source):
        """Send a spike: it arrives after the delay of each synapse."""
        for wires in self.wires:
            at = wires.reached(np.array([source]))
            for delay in np.unique(wires.delays[at]):
                wires.arrive(time + delay * self.tick, at[wires.delays[at] == delay])

    def run(self, steps):
        """Run from time 0 and return the Run, whose spikes have times in place of steps."""
        for part in (*self.inputs, *self.wires):
            part.begin()
        spikes = {name: [] for name in self.first}
        for name, (times, cells) in self.trains.items():
            for time, cell in zip(times.tolist(), cells.tolist(), strict=True):
                if time <= steps * self.dt + 1e-12:
                    spikes[name].append((time, cell))
                    self.send_at(time, self.first[name] + cell)
        for k in range(steps):
            for name, found in self._step(k).items():
                spikes[name] += found
                for time, cell in found:
                    self.send_at(time, self.first[name] + cell)
        pairs = {name: (np.array([t for t, _ in s]), np.array([c for _, c in s], int)) for name, s in spikes.items()}
        state = {name: {c.labels[v]: c.y[:, k] for k, v in enumerate(c.variables)} for name, c in self.cells.items()}
        return Run(pairs, state, {}, {}, {wires.name: wires.columns(steps) for wires in self.wires}, exact=True)

    def _step(self, k):
        """Take all cells from k*dt to (k + 1)*dt; return population -> its spikes as (time, cell)."""
        current, self.next = np.zeros(self.n), k + 1
        for part in (*self.inputs, *self.wires):
            part.before(k, current)
        events = {name: {} for name in self.cells}
        for time, synapse, targets, weights in self.due.pop(k, ()):
            for target, weight in zip(targets.tolist(), np.broadcast_to(weights, targets.shape).tolist(), strict=True):
                name = next(n for n, first in self.first.items() if first <= target < first + self.net.populations[n].n)
                event = min(time, (k + 1) * self.dt), self.receptors[name].index(synapse), weight
                events[name].setdefault(target - self.first[name], []).append(event)
        return {
            name: cells.advance(k * self.dt, (k + 1) * self.dt, current[self.first[name] :][: cells.n], events[name])
            for name, cells in self.cells.items()
        }


def run(net, steps, dt, seed):
    """Run a network for some steps from time 0 at exact times, and return the `Run`."""
    with np.errstate(all="ignore"):
        return ExactNetwork(net, dt, seed, steps).run(steps)
