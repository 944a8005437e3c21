"""A trained network in the engine: an ordinary `Network` that gives the same spikes.

Its cells are models in the language of equations, advanced by their own kernels. What the engine does not know, spikes that
arrive between the points of the grid, is the work of an operator. It uses the functions of the trainer, so the bits are the
same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.engine.operators.registry import register_operator
from brainsim.engine.operators.windows import window
from brainsim.engine.program import CONTINUE, Operator, Phase
from brainsim.engine.synapses.kinds.kind import SynapseKind
from brainsim.engine.synapses.kinds.registry import register_kind
from brainsim.jit.arguments import Held
from brainsim.jit.records import Context, by_address, call, record_at
from brainsim.learn.spiking.simulated.cells import CrossingLIF, HeldLIF, Integrator, WithinStep
from brainsim.learn.spiking.simulated.changed import as_simulated
from brainsim.models.clamp import VoltageClamp
from brainsim.models.inputs import CurrentInput, Input
from brainsim.models.neurons.sources import SpikeTrains
from brainsim.models.pair_lists import FromArrays
from brainsim.network.network import Network
from brainsim.network.population import Population

ASK = 1016  # what `ask` returns when Python has to prepare the next step
ROWS = ("v", "i", "a", "lag", "fired", "span", "start")
FIRED = ROWS.index("fired")
NONE = -1.0  # no spike, in a saved state
CLOSE = 0.5 + 1e-6  # steps from the middle of a step to the time of a spike in it


@dataclass(frozen=True, eq=False, repr=False)
class Learned(Input):
    """The synapses of a trained network, and its input spikes: what `SpikingNetwork.to_network` adds to the input.

    `vector` holds weights, delays and time constants; `currents` has the shape (steps, inputs) or (0, inputs).
    """

    vector: np.ndarray
    times: np.ndarray
    units: np.ndarray
    currents: np.ndarray
    plan: Any
    on_grid: bool

    def check(self, view: Any) -> None:
        """Accept any population."""

    def __repr__(self) -> str:
        return f"Learned({self.vector.size} numbers, {self.times.size} input spikes)"


def network_of(learned: Any, x: Any, seed: int) -> Network:
    """Return the Network of a trained `SpikingNetwork` with one sample as its input."""
    plan = learned._plan
    inputs = _sample(learned, x)
    vector, last = learned._vector.copy(), len(plan.layers)
    driven = inputs.currents.shape[1] > 0
    cells = [_population(plan, vector, b, layer, driven) for b, layer in enumerate(plan.layers, 1)]
    network = Network(seed=seed)
    on_grid, dt = np.ceil(inputs.times / plan.dt - 1e-9) * plan.dt, plan.dt
    source = Population(plan.n_in, SpikeTrains(times=on_grid, ids=inputs.units.astype(np.int64)), name="input")
    network.add(source)
    populations = [source, *cells]
    for what, pre, post in plan.connections():
        delay = plan.of(vector, "delay" if what == "weight" else "recurrent_delay", post)
        weight = plan.of(vector, what, post)
        i, j = np.indices(weight.shape).reshape(2, -1)
        steps = np.maximum(np.rint(np.broadcast_to(delay, weight.shape) / dt), 1.0)
        network.connect(
            populations[pre],
            populations[post],
            FromArrays(i, j),
            weight=weight.ravel(),
            delay=steps.ravel() * dt,
            synapse=WithinStep(tau=float(plan.of(vector, "tau_s", post))),
            name=f"{populations[pre].name} -> {populations[post].name}",
        )
    waiting = plan.layers[-1].t_ref > 0.0
    if not waiting:
        network.stimulate(cells[-1], CurrentInput(plan.of(vector, "bias", last).copy()), name="bias")
    if inputs.currents.shape[1] and not plan.layers[0].t_ref:
        drive, times = _driven(plan, vector, inputs.currents[0]), dt * np.arange(plan.steps)
        network.stimulate(cells[0], CurrentInput(drive, times=times), name="currents")
    arguments = vector, inputs.times, inputs.units, inputs.currents[0], plan, learned.gradient != "exact"
    network.stimulate(cells[0], Learned(*arguments), name="learned")
    return network


def _sample(learned, x):
    if isinstance(x, np.ndarray | list):
        x = np.asarray(x)[None]
    else:
        x = [x]
    return learned._inputs(x, "SpikingNetwork.to_network.x")


def _population(plan, vector, b, layer, driven):
    name = f"hidden{b - 1}" if b < len(plan.layers) else "readout"
    if layer.model is not None:
        model, values = plan.derived(b, driven).smooth.model, plan.values(vector, b, driven)
        return Population(layer.n, type(model)(**{key: values[key] for key in model.parameters}), name=name)
    values = {name: float(plan.of(vector, name, b)) for name in ("tau_m", "tau_a", "beta")}
    if not layer.spiking:
        return Population(layer.n, Integrator(tau_m=values["tau_m"]), name=name)
    kind = HeldLIF if layer.t_ref else CrossingLIF
    return Population(layer.n, kind(v_th=layer.v_th, v_reset=layer.v_reset, **values), name=name)


def _driven(plan, vector, currents):
    """Return the current into each cell of the first layer at each step, with the bits of the trainer."""
    weight, drive = plan.of(vector, "weight", 1), np.zeros((len(currents), plan.sizes[1]))
    for i in range(weight.shape[0]):  # in this order
        drive += np.where(currents[:, i, None] != 0.0, currents[:, i, None] * weight[i], 0.0)
    return drive


@register_kind
class Delivered(SynapseKind):
    """Synapses whose events the operator delivers, with the weights of the description; here they are kept and shown."""

    described = True

    @classmethod
    def takes(cls, projection):
        """Return whether the synapses act within a step."""
        return isinstance(projection.synapse, WithinStep)

    def context(self, partition):
        """Return a record with nothing of interest."""
        return Context(nothing=0)


@by_address
def deliver_nothing(kind_, segment_):
    """Deliver nothing."""
    return 0


Delivered.deliver = deliver_nothing


@register_operator
class BetweenSteps(Operator):
    """Delivers the spikes of a trained network, between the points of the grid, before each step."""

    inputs = (Learned,)

    def __init__(self, partition, stimulus):
        from brainsim.learn.spiking.kernels.work import Sample, new_work

        given, layout, state = stimulus.input, partition.layout, partition.shared.state
        self.given, self._progress = given, partition.progress
        names = ["input", *(f"hidden{k}" for k in range(len(given.plan.layers) - 1)), "readout"]
        self.plan, self.vector = plan, vector = as_simulated(given, layout, names)
        self.net = plan.net(vector, given.on_grid, 0.0, given.currents.shape[0] > 0)
        waiting = any(layer.t_ref > 0.0 for layer in plan.layers)
        self.work = new_work(plan, plan.longest_delay(vector), given.times.size, False, waiting)
        sample = Sample(given.times, given.units, given.currents)
        self._held = Held(self.net), Held(sample), Held(self.work)  # for `between`, which is called in each step
        self.values, self._rows = np.zeros((8, plan.n_cells)), []
        names = names[1:]
        for b, name in enumerate(names, 1):
            cells = slice(int(self.net.start[b]), int(self.net.stop[b]))
            for row, variable in enumerate(ROWS):
                if variable == "i":
                    variable = _current(layout, name)
                if variable in layout.members[name].rows:
                    at, n = layout.state_row(name, variable, "Learned")
                    self._rows.append((row, cells, state[at : at + n]))
            synapse = layout.members[name].synapses[0]
            self._rows.append((7, cells, _buffer(layout, name, synapse, state)))
        self._models = self._derived(layout, names, state)
        self._gids = np.concatenate([layout.members[name].first + np.arange(layout.members[name].n) for name in names])
        self._clamps = [_clamped(stimulus, layout, names, self.net) for stimulus in layout.inputs if _is_clamp(stimulus)]
        self._context = Context(ready=0)
        self.at = self._step = 0

    def _derived(self, layout, names, state):
        """Return (kernel, its record, state rows to read, rows to write) of each layer with derived kernels."""
        plan, found = self.plan, []
        driven = self.given.currents.shape[0] > 0
        of_models = plan.numbers(self.vector, driven)
        for b, name in enumerate(names, 1):
            derived = plan.derived(b, driven)
            if derived is None:
                continue
            from brainsim.learn.spiking.from_equations.derived import cell_record
            from brainsim.learn.spiking.from_equations.smooth import CURRENT

            def row(variable, name=name, current=CURRENT):
                at, n = layout.state_row(name, _current(layout, name) if variable == current else variable, "Learned")
                return state[at : at + n]

            record = cell_record(derived, self.work, plan, b, 0.0, 0.0, 0.0)
            record["scalars"] = of_models[b].scalars
            rows = [row(variable) for variable in derived.state], [row(variable) for variable in derived.starts]
            found.append((derived.address("begin"), record, *rows))
        return found

    @classmethod
    def build(cls, partition):
        """Return the operator, None if the network does not come from a `SpikingNetwork`."""
        found = cls.own_inputs(partition.layout)
        if not found:
            return None
        if partition.layout.partitions > 1:
            raise ValueError("simulate.threads: a network of SpikingNetwork.to_network runs on one thread; write threads=1")
        if abs(partition.layout.dt - found[0].input.plan.dt) > 1e-9:
            dt = found[0].input.plan.dt
            raise ValueError(
                f"simulate.dt: the network was trained with dt = {dt:g} ms (got {partition.layout.dt:g}); write dt={dt:g}"
            )
        if partition.layout.dtype != np.float64:
            raise ValueError("simulate.precision: a network of SpikingNetwork.to_network needs 'double'")
        return cls(partition, found[0])

    @classmethod
    def dependencies(cls, partition):
        """Return both: parameters of cells are in the numbers of the network, and clamps are inputs."""
        return {"parameters", "inputs"}

    @classmethod
    def max_slice(cls, layout):
        """Return 1 if there is a trained network: each step has to be prepared."""
        return 1 if cls.own_inputs(layout) else super().max_slice(layout)

    def calls(self):
        """Return the call that asks for Python before each step."""
        return [(Phase.BEGIN_SLICE, 0, ask, self._context)]

    def reset(self, step):
        """Go back to the start."""
        for array in (self.work.ring_v, self.work.ring_i, self.work.drive, self.work.ends):
            array[...] = 0
        self.work.release[:], self.work.last[:] = -1.0, -1
        low = self.net.start[-1]
        self.work.drive[low:] = self.plan.of(self.vector, "bias", len(self.plan.layers))
        self.at, self._step = 0, step
        self._context["ready"] = 0

    def continue_from(self, old):
        """Continue where `old` is."""
        for name in self.work._fields:
            if name != "cells":  # addresses of records, which are its own
                getattr(self.work, name)[...] = getattr(old.work, name)  # in place: these records know where it is
        self.at, self._step = old.at, old._step
        self._context["ready"] = int(old._context["ready"])

    def saved(self):
        """Return what is under way, and the last spikes."""
        values = _state_of(self.net, self.work, int(self._progress["step"]))
        return {f"learned {name}": (self._gids, value) for name, value in values.items()}

    def load(self, values):
        """Take over what `saved` returned."""
        if not self._step:
            return
        mine = {name.removeprefix("learned "): value[self._gids] for name, value in values.items()}
        self.at = _take_over(self.net, self.work, self._step, self.given.times, self.given.units, mine)

    def make_room(self, status):
        """Prepare the next step."""
        if status != ASK:
            return False
        from brainsim.learn.spiking.kernels.between import between

        k, given = int(self._progress["step"]), self.given
        if k >= given.plan.steps:
            end = given.plan.steps * given.plan.dt
            raise ValueError(f"simulate.duration: the sample of a network of SpikingNetwork.to_network ends at {end:g} ms")
        for row, cells, part in self._rows:
            self.values[row, cells] = part
        for start, stop, cells in self._clamps:
            if start <= k - 1 < stop:
                self.values[FIRED, cells] = 0.0  # the engine has dropped these spikes
        net, sample, work = self._held
        self.at = between(net, self.vector, k, self.at, sample, self.values, work)
        for row, cells, part in self._rows:
            part[...] = self.values[row, cells]
        self.work.moment[:] = k, k % self.work.ring_v.shape[0], 0
        for address, record, read, write in self._models:
            record["state"][:] = np.concatenate(read)
            call(address, record.address, record.address)
            for part, values in zip(write, record["starts"].reshape(len(write), -1), strict=True):
                part[...] = values
        self._context["ready"] = k + 1
        return True


def _is_clamp(stimulus):
    return isinstance(stimulus.input, VoltageClamp)


def _clamped(stimulus, layout, names, net):
    """Return (first step, step after the last, cells of the network) of a voltage clamp."""
    cells = [net.start[1 + names.index(p.name)] + ids for p, ids in stimulus.target.parts if p.name in names]
    return *window(stimulus, layout.dt), np.concatenate([np.zeros(0, np.int64), *cells])


def _current(layout, name):
    rows = layout.members[name].rows
    return next((v for v in rows if v.endswith(".i")), None) or next(v for v in rows if v.endswith("_i"))


def _buffer(layout, name, synapse, state):
    """Return the part of the state in which what arrives at v is collected."""
    member = layout.members[name]
    places, _ = layout.input_places(member.population[:], synapse)
    return state[int(places[0]) : int(places[0]) + member.n]


def _state_of(net, work, step):
    """Return what a saved state holds besides the variables of cells: name -> a value for each cell of the network.

    At step k the spikes of step k - 1 have not been sent yet: that is done when step k is prepared. What is kept is what
    arrives in the coming steps, when the refractory time ends, the current at the start of step k - 1, and the spikes in the
    last steps, from which the list of events follows.
    """
    found = {"release": work.release, "current": work.i0[0]}
    for slot in range(len(work.ring_v)):
        found |= {f"v {slot}": work.ring_v[slot], f"i {slot}": work.ring_i[slot]}
    return found | {f"spike {slot}": times for slot, times in enumerate(_spikes(net, work, step))}


def _take_over(net, work, step, times, units, values):
    """Fill `work` with `values`, which `_state_of` returned at a step, and return where the next input spikes are.

    `step`, above 0, is to be prepared next; `times` and `units` are the input spikes of the sample.
    """
    work.release[:], work.i0[0] = values["release"], values["current"]
    for slot in range(len(work.ring_v)):
        work.ring_v[slot], work.ring_i[slot] = values[f"v {slot}"], values[f"i {slot}"]
    blocks = np.repeat(np.arange(net.start.size), net.stop - net.start)
    first, x = _oldest(work, step), 0
    at = int(np.searchsorted(times, first * net.dt, side="right")) if first else 0
    work.first[:first] = 0
    for k in range(first, step - 1):
        work.first[k] = x
        end = int(np.searchsorted(times, (k + 1) * net.dt, side="right"))
        spikes = values[name := f"spike {k % len(work.ring_v)}"]
        cells = np.flatnonzero(spikes != NONE)
        if not (np.abs(spikes[cells] / net.dt - (k + 0.5)) < CLOSE).all():
            text = f"must be from {k * net.dt:g} to {(k + 1) * net.dt:g} ms, or {NONE:g} for none"
            raise ValueError(f"state.extra['learned {name}']: {text}")
        new = slice(x, x + end - at + cells.size)
        work.block[new] = np.r_[np.zeros(end - at, np.int64), blocks[cells]]
        work.cell[new] = np.r_[units[at:end], cells - net.start[blocks[cells]]]
        work.time[new] = np.r_[times[at:end], spikes[cells]]
        at, x = end, new.stop
    work.first[step - 1], work.ends[0] = x, x
    return at


def _oldest(work, step):
    """Return the first step whose spikes may still be under way when a step is prepared."""
    return max(0, step - 1 - len(work.ring_v))


def _spikes(net, work, step):
    """Return the times of the spikes of the last steps, (slots of the ring, cells)."""
    slots = len(work.ring_v)
    found = np.full((slots, net.stop[-1]), NONE)
    for k in range(_oldest(work, step), step - 1):
        events = np.arange(work.first[k], work.first[k + 1])
        events = events[work.block[events] > 0]
        found[k % slots] = NONE
        found[k % slots, net.start[work.block[events]] + work.cell[events]] = work.time[events]
    return found


@by_address
def ask(operator_, progress_):
    """Return to Python, once before each step."""
    operator, p = record_at(operator_), record_at(progress_)
    return CONTINUE if operator.ready == p.step + 1 else ASK
