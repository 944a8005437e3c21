"""Noise currents: white noise and Ornstein-Uhlenbeck processes, each a function of seed, name, cell and step."""

import numpy as np

from brainsim.engine.loop.program import Operator, Phase
from brainsim.engine.operators.signals import Observed, signal_of
from brainsim.engine.operators.windows import cells_here, window
from brainsim.features.noise.input import NoiseInput
from brainsim.jit.decorators import helper
from brainsim.jit.functions import FUNCTIONS
from brainsim.jit.records import Context, array_of, by_address, new_scratch, record_at
from brainsim.jit.vmath import gaussian
from brainsim.models.values import Normal
from brainsim.rng.hashing import hashed, step_key
from brainsim.rng.streams import stream_key
from brainsim.rng.variates import fill

COMMON = -1  # the index of the number that all cells share


class Noise(Operator):
    """The noise currents into the cells of a partition."""

    depends_on = "inputs"
    inputs = (NoiseInput,)

    def __init__(self, partition, inputs):
        self._processes = {stimulus.name: _Process(partition, stimulus) for stimulus in inputs}
        processes = self._processes.values()
        calls = [call for process in processes for call in process.calls()]
        super().__init__(calls, [signal for process in processes for signal in process.signals])

    def reset(self, step):
        """Start all processes in their stationary state."""
        for process in self._processes.values():
            process.start()

    def continue_from(self, old):
        """Take over the state of processes that existed before, in units of their sigma."""
        for name, process in self._processes.items():
            if process.stored and old._processes[name].stored:
                process.state[:] = old._processes[name].state

    def continuing(self):
        """Return the state of each process."""
        return [(process.context, ("state",)) for process in self._processes.values()]

    def saved(self):
        """Return the state of each process that has one."""
        return {f"noise {name}": (p.gids, p.state) for name, p in self._processes.items() if p.stored}

    def load(self, values):
        """Take over the states."""
        for name, process in self._processes.items():
            if process.stored:
                process.state[:] = values[f"noise {name}"][process.gids]

    @classmethod
    def expected_bytes(cls, layout):
        """Return the bytes of states, of mean and sigma, and of what belongs to each cell."""
        return sum(56.0 * stimulus.target.n for stimulus in cls.own_inputs(layout))

    @classmethod
    def observed(cls, partition, stimulus):
        """Return the current."""
        return partition.operator(cls)._processes[stimulus.name].observed(partition.layout, stimulus)


class _Process:
    """The noise of one input in a partition.

    `state` is the value of an Ornstein-Uhlenbeck process of each cell, of variance 1, at the point that was reached; it is
    `stored` except for white noise, which has no state. `gids` are the indices of the cells in the network, int32; `signals`
    are mean and sigma.
    """

    def __init__(self, partition, stimulus):
        layout, source = partition.layout, stimulus.input
        self._n, self._seed, self._name = stimulus.target.n, partition.seed, stimulus.name
        self.mine, self.gids = cells_here(partition, stimulus)
        self.stored = source.tau is not None
        on, off = window(stimulus, layout.dt)
        self.signals = tuple(
            signal_of(layout, stimulus, name, self.mine, each=True, window=(on, off)) for name in ("mean", "sigma")
        )
        tau = np.broadcast_to(source.tau if self.stored else 1.0, self._n)[self.mine]
        self.state = np.zeros(self.mine.size)
        self.context = Context(
            on=on,
            off=off,
            stored=int(self.stored),
            key=np.uint64(stream_key(self._seed, "noise", self._name)),
            own=float(np.sqrt(1.0 - source.correlation)),
            common=float(np.sqrt(source.correlation)),
            scale=1.0 if self.stored else float(1.0 / np.sqrt(layout.dt)),
            ids=self.mine.astype(np.int64),
            cells=self.gids,
            state=self.state,
            scratch=new_scratch(self.mine.size),
            decay=FUNCTIONS["exp"](-layout.dt / tau),
            spread=np.sqrt(-FUNCTIONS["expm1"](-2.0 * layout.dt / tau)),
            mean=self.signals[0].values,
            sigma=self.signals[1].values,
            current=partition.shared.current,
        )
        self.start()

    def start(self):
        if self.stored:
            each, shared, code = np.empty(self._n), np.empty(1), Normal(0.0, 1.0).code
            fill(each, code, stream_key(self._seed, "noise at 0", self._name))
            fill(shared, code, stream_key(self._seed, "common noise at 0", self._name))
            self.state[:] = self.context["own"] * each[self.mine] + self.context["common"] * shared[0]

    def calls(self):
        add = add_process if self.stored else add_white
        return [signal.call(Phase.BEFORE_UPDATE) for signal in self.signals] + [(Phase.BEFORE_UPDATE, 0, add, self.context)]

    def observed(self, layout, stimulus):
        """Return what a Trace samples: the current of the step that starts at the sample."""
        options = {"window": window(stimulus, layout.dt), "ahead": True, "each": True}
        names = ("mean", "sigma")
        mean, sigma = (signal_of(layout, stimulus, name, self.mine, **options) for name in names)
        kept = ("own", "common", "scale", "stored", "ids", "state")
        context = Context(
            values=np.zeros(self.mine.size),
            mean=mean.values,
            sigma=sigma.values,
            key=np.uint64(self.context["key"]),
            **{name: self.context[name] for name in kept},
        )
        calls = [mean.call(Phase.SAMPLE), sigma.call(Phase.SAMPLE), (Phase.SAMPLE, 0, show_noise, context)]
        return Observed(self.mine, calls, context["values"], np.arange(self.mine.size))


@by_address
def add_white(noise_, progress_):
    """Add white noise to the currents of a step."""
    noise, p = record_at(noise_), record_at(progress_)
    if noise.on <= p.step < noise.off:
        fresh = array_of(noise.scratch)
        numbers(noise, p.step, array_of(noise.ids), fresh)
        _add(noise, fresh, noise.scale)
    return 0


@by_address
def add_process(noise_, progress_):
    """Add Ornstein-Uhlenbeck processes to the currents of a step, and advance them to its end."""
    noise, p = record_at(noise_), record_at(progress_)
    if noise.on <= p.step < noise.off:
        fresh, state = array_of(noise.scratch), array_of(noise.state)
        decay, spread = array_of(noise.decay), array_of(noise.spread)
        _add(noise, state, 1.0)
        numbers(noise, p.step, array_of(noise.ids), fresh)
        for e in range(state.size):
            state[e] = decay[e] * state[e] + spread[e] * fresh[e]
    return 0


@by_address
def show_noise(noise_, progress_):
    """Write the noise current of the step that starts now; mean and sigma are 0 in steps in which the input does not act."""
    noise, p = record_at(noise_), record_at(progress_)
    values, mean, sigma, state = array_of(noise.values), array_of(noise.mean), array_of(noise.sigma), array_of(noise.state)
    if not noise.stored:
        numbers(noise, p.step, array_of(noise.ids), values)
    for k in range(values.size):
        values[k] = mean[k] + sigma[k] * (state[k] if noise.stored else noise.scale * values[k])
    return 0


@helper
def numbers(noise, step, ids, out):
    """Write the normal numbers of a step, of variance 1; apart from the sums, so that the loop vectorises."""
    key, own, common = step_key(noise.key, step), noise.own, 0.0
    if noise.common > 0.0:
        common = noise.common * gaussian(hashed(key, COMMON))
    for e in range(ids.size):
        out[e] = own * gaussian(hashed(key, ids[e])) + common


@helper
def _add(noise, x, scale):
    mean, sigma, cells, current = array_of(noise.mean), array_of(noise.sigma), array_of(noise.cells), array_of(noise.current)
    for e in range(cells.size):
        current[cells[e]] += mean[e] + sigma[e] * (scale * x[e])
